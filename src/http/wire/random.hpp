// Random numbers that nobody can guess.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace aio::http::wire {

// At most 256 bytes. Errors: OSError.
void fill_with_random(std::span<char> bytes);

// `size` random bytes, at most 256, as lower-case hexadecimal digits. Errors: OSError.
std::string random_hex(std::size_t size);

}  // namespace aio::http::wire
