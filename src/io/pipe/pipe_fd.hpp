// A descriptor that is not known to be a socket: what it is, and how to read and write it without blocking.
#pragma once

#include <cstddef>

namespace aio::detail {

class PipeFd {
public:
    enum class Kind : unsigned char { pipe, socket, device, leading_pty };

    // Makes reads and writes of `fd` non-blocking, without touching what other processes share where possible.
    // `caller` and the directions are for messages and checks. Errors: ValueError, OSError; nothing changed then.
    PipeFd(int fd, const char* caller, bool reading, bool writing);

    int fd() const noexcept { return fd_; }
    Kind kind() const noexcept { return kind_; }

    // A count, 0 at the end of the stream, or a negative errno: -EAGAIN when there is nothing, or no room.
    int read(void* data, std::size_t size) const noexcept;
    int write(const void* data, std::size_t size) const noexcept;

    // Whether the reading side is gone, so that no write can succeed any more.
    bool reader_is_gone() const noexcept;
    // Takes back what the constructor did to an open file that others may share. Before the descriptor is closed.
    void restore_flags() const noexcept;

private:
    void make_non_blocking();
    bool reopen(int flags) const noexcept;

    int fd_;
    Kind kind_;
    int shared_flags_ = -1;  // of the open file, if the flag had to be set on it
};

}  // namespace aio::detail
