// Random numbers that nobody can guess.
#pragma once

#include <cstddef>
#include <string>

namespace aio::http::wire {

// `size` random bytes, at most 256, as lower-case hexadecimal digits. Errors: OSError.
std::string random_hex(std::size_t size);

}  // namespace aio::http::wire
