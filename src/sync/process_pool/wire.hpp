// What goes over the sockets between a ProcessPoolExecutor and its workers. Blocking: each end has a thread for it.
//
// The end of a socket says little about the end of the process there: whatever that process forked holds the socket too.
// So the parent waits for either: `process` is a pidfd of the process at the other end, or -1 for the socket alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace aio::detail {

enum class MessageKind : std::uint32_t {
    call = 0x61696f01,  // a ProcessThunk, then what it loads
    result,             // what it saved; empty after the start: the initializer is through
    error               // remote_error.hpp
};

// A pidfd of a process, or a negative errno; -ENOSYS before Linux 5.3.
int open_pidfd(pid_t pid) noexcept;

// Waits until `fd` is ready for `events` (poll(2)), or at its end. False when the process has ended and `fd` is not ready.
bool wait_until_ready(int fd, short events, int process) noexcept;

// False when the other end is gone. `head` and `body` follow each other.
bool send_message(int fd, int process, MessageKind kind, std::string_view head, std::string_view body) noexcept;

enum class Received { message, end, nonsense };
// Errors: std::bad_alloc. A message that is longer than `limit` is nonsense.
Received receive_message(int fd, int process, std::size_t limit, MessageKind& kind, std::string& body);

}  // namespace aio::detail
