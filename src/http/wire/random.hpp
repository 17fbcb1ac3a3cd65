// Random numbers that nobody can guess.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace aio::http::wire {

// At most 256 bytes. Errors: OSError.
void fill_with_random(std::span<char> bytes);

// From 0 up to but not including 1: for waits that are to differ. Errors: OSError.
double random_fraction();

// `size` random bytes, at most 256, as lower-case hexadecimal digits. Errors: OSError.
std::string random_hex(std::size_t size);

}  // namespace aio::http::wire
