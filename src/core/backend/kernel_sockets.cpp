#include "core/backend/kernel_sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>

namespace aio::detail {

namespace {

int negative_errno(int result) noexcept { return result < 0 ? -errno : result; }

}  // namespace

int KernelSockets::send_now(int fd, const void* data, std::size_t size) noexcept {
    size = std::min<std::size_t>(size, INT_MAX);
    for (;;) {
        const ssize_t sent = ::send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) return static_cast<int>(sent);
        if (errno != EINTR) return -errno;
    }
}

int KernelSockets::open_socket(int family, int type) noexcept {
    return negative_errno(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int KernelSockets::bind(int fd, const sockaddr* address, socklen_t length) noexcept {
    return negative_errno(::bind(fd, address, length));
}

int KernelSockets::listen(int fd, int backlog) noexcept { return negative_errno(::listen(fd, backlog)); }

int KernelSockets::shutdown(int fd, int how) noexcept { return negative_errno(::shutdown(fd, how)); }

int KernelSockets::set_option(int fd, int level, int option, const void* value, socklen_t length) noexcept {
    return negative_errno(::setsockopt(fd, level, option, value, length));
}

int KernelSockets::local_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept {
    length = sizeof address;
    return negative_errno(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length));
}

int KernelSockets::peer_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept {
    length = sizeof address;
    return negative_errno(::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length));
}

}  // namespace aio::detail
