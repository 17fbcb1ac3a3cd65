// Random bytes from getrandom(), for WebSocket keys and masks, multipart boundaries and digest nonces.
#include "http/wire/random.hpp"

#include <aio/base/error.hpp>

#include "http/wire/syntax.hpp"

#include <sys/random.h>

#include <cerrno>

namespace aio::http::wire {

void fill_with_random(std::span<char> bytes) {
    while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        if (errno != EINTR) throw_os_error(errno, "get random bytes");
    }
}

std::string random_hex(std::size_t size) {
    std::string bytes(size, '\0');
    fill_with_random(bytes);
    std::string text;
    for (const char byte : bytes) append_hex(text, byte);
    return text;
}

}  // namespace aio::http::wire
