// What goes over the sockets between a ProcessPoolExecutor and its workers. Blocking: each end has a thread for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aio::detail {

enum class MessageKind : std::uint32_t {
    call = 0x61696f01,  // a ProcessThunk, then what it loads
    result,             // what it saved; empty after the start: the initializer is through
    error               // remote_error.hpp
};

// False when the other end is gone. `head` and `body` follow each other.
bool send_message(int fd, MessageKind kind, std::string_view head, std::string_view body) noexcept;

enum class Received { message, end, nonsense };
// Errors: std::bad_alloc. A message that is longer than `limit` is nonsense.
Received receive_message(int fd, std::size_t limit, MessageKind& kind, std::string& body);

}  // namespace aio::detail
