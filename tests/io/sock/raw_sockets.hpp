// Sockets of the program's own, and what goes through them.
#pragma once

#include <aio/io/sock.hpp>

#include <sys/socket.h>

#include <numeric>
#include <string>
#include <utility>

#include "support/async_test.hpp"

namespace aio::test {

inline std::pair<Socket, Socket> raw_pair(int type = SOCK_STREAM) {
    int fds[2] = {-1, -1};
    if (::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) ADD_FAILURE() << "socketpair";
    return {Socket(fds[0]), Socket(fds[1])};
}

// Until the peer ends.
inline Coro<std::string> read_all(int fd) {
    std::string all;
    while (true) {
        const std::string piece = co_await sock_recv(fd, 100'000);
        if (piece.empty()) co_return all;
        all += piece;
    }
}

// 0, 1, 2... 255, 0, 1...
inline std::string numbers(std::size_t size) {
    std::string all(size, '\0');
    std::iota(all.begin(), all.end(), 0);
    return all;
}

}  // namespace aio::test
