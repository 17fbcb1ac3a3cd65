// Connecting sockets.
#pragma once

#include <aio/core/coro.hpp>

#include "core/loop_state.hpp"
#include "io/raw_address.hpp"

#include <vector>

namespace aio::detail {

// Connects to the first of `addresses` that answers and returns the descriptor; `local`, if not null, is bound
// before. `wanted` names the destination in messages. Cancel: the socket is closed. Errors: OSError and below.
Coro<int> connect_socket(std::vector<RawAddress> addresses, const RawAddress* local, std::string wanted);

// Closes the descriptor unless it was taken.
class SocketGuard {
public:
    SocketGuard(LoopState& loop, int fd) noexcept : loop_(loop), fd_(fd) {}
    SocketGuard(const SocketGuard&) = delete;
    SocketGuard& operator=(const SocketGuard&) = delete;
    ~SocketGuard() {
        if (fd_ >= 0 && loop_.backend) loop_.backend->close_fd(fd_);
    }
    int get() const noexcept { return fd_; }
    int take() noexcept { return std::exchange(fd_, -1); }

private:
    LoopState& loop_;
    int fd_;
};

}  // namespace aio::detail
