// The socket calls that epoll and io_uring make alike.
#include "core/backend/kernel_sockets.hpp"

#include "core/backend/socket_calls.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>

namespace aio::detail {

int KernelSockets::send_now(int fd, const void* data, std::size_t size) noexcept {
    size = std::min<std::size_t>(size, INT_MAX);
    for (;;) {
        const ssize_t sent = ::send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) return static_cast<int>(sent);
        if (errno != EINTR) return -errno;
    }
}

int KernelSockets::open_socket(int family, int type, SimNetworkMaker&) noexcept {
    return socket_calls::negative_errno(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int KernelSockets::bind(int fd, const sockaddr* address, socklen_t length) noexcept {
    return socket_calls::negative_errno(::bind(fd, address, length));
}

int KernelSockets::listen(int fd, int backlog) noexcept {
    return socket_calls::negative_errno(::listen(fd, backlog));
}

int KernelSockets::shutdown(int fd, int how) noexcept { return socket_calls::negative_errno(::shutdown(fd, how)); }

int KernelSockets::receive_message(int fd, msghdr& message, int flags) noexcept {
    return socket_calls::receive_message(fd, message, flags);
}

int KernelSockets::send_message(int fd, const msghdr& message) noexcept {
    return socket_calls::send_message(fd, message);
}

int KernelSockets::send_file(int fd, int file, std::uint64_t offset, std::size_t count) noexcept {
    return socket_calls::send_file(fd, file, offset, count);
}

int KernelSockets::connect_now(int fd, const sockaddr* address, socklen_t length) noexcept {
    return socket_calls::connect_now(fd, address, length);
}

int KernelSockets::accept_now(int fd, sockaddr_storage& peer, socklen_t& length) noexcept {
    return socket_calls::accept_now(fd, peer, length);
}

int KernelSockets::get_option(int fd, int level, int option, void* value, socklen_t& length) noexcept {
    return socket_calls::get_option(fd, level, option, value, length);
}

int KernelSockets::set_option(int fd, int level, int option, const void* value, socklen_t length) noexcept {
    return socket_calls::set_option(fd, level, option, value, length);
}

int KernelSockets::local_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept {
    return socket_calls::local_address(fd, address, length);
}

int KernelSockets::peer_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept {
    return socket_calls::peer_address(fd, address, length);
}

}  // namespace aio::detail
