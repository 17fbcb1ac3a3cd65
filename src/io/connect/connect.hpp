// Connecting sockets.
#pragma once

#include <aio/core/coro.hpp>

#include "core/loop_state.hpp"
#include "io/address/raw_address.hpp"

#include <string>
#include <utility>
#include <vector>

namespace aio::detail {

// What to connect to, and how.
struct ConnectPlan {
    std::vector<RawAddress> addresses;  // in the order in which they are tried; at least one
    std::vector<RawAddress> locals;     // the first of the same family that can be bound is; none: any address
    std::string wanted;                 // the destination, for messages
    Duration delay{0};                  // positive: the next attempt begins this long after the one before
    bool all_errors = false;            // ExceptionGroup with what each attempt failed with

    ConnectPlan() = default;
};

// A socket connected to the first address that answers. Attempts that were started and are not needed any more are
// given up, their sockets closed. Cancel: all of them are.
// Errors: OSError and below, naming what was tried; ExceptionGroup with `all_errors`.
Coro<int> connect_socket(ConnectPlan plan);

// The families take turns, beginning with `first` addresses of the first one's family (at least 1); the order within
// a family stays. Source: RFC 8305 section 4; CPython 3.13 base_events._interleave_addrinfos.
std::vector<RawAddress> interleaved(const std::vector<RawAddress>& addresses, int first);

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
