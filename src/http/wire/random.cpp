// Random bytes from getrandom(), for WebSocket keys and masks, multipart boundaries, digest nonces and pauses.
#include "http/wire/random.hpp"

#include <aio/base/error.hpp>

#include "http/wire/syntax.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace aio::http::wire {

void fill_with_random(std::span<char> bytes) {
    while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        if (errno != EINTR) throw_os_error(errno, "get random bytes");
    }
}

double random_fraction() {
    std::array<char, 4> bytes;
    fill_with_random(bytes);
    std::uint32_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof number);
    return static_cast<double>(number) / 4294967296.0;
}

std::string random_hex(std::size_t size) {
    std::string bytes(size, '\0');
    fill_with_random(bytes);
    std::string text;
    for (const char byte : bytes) append_hex(text, byte);
    return text;
}

}  // namespace aio::http::wire
