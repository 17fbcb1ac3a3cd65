// Socket calls as backends answer them; sendfile(2) without SIGPIPE.
#include "core/backend/socket_calls.hpp"

#include "base/no_sigpipe.hpp"

#include <sys/sendfile.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace aio::detail::socket_calls {

namespace {

template <class Call>
int uninterrupted(Call call) noexcept {
    for (;;) {
        const auto result = call();
        if (result >= 0) return static_cast<int>(result);
        if (errno != EINTR) return -errno;
    }
}

sockaddr* raw(sockaddr_storage& address) noexcept { return reinterpret_cast<sockaddr*>(&address); }

}  // namespace

int receive_message(int fd, msghdr& message, int flags) noexcept {
    return uninterrupted([&] { return ::recvmsg(fd, &message, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC); });
}

int send_message(int fd, const msghdr& message) noexcept {
    return uninterrupted([&] { return ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT); });
}

int send_file(int fd, int file, std::uint64_t offset, std::size_t count) noexcept {
    count = std::min<std::size_t>(count, INT_MAX);
    auto from = static_cast<off_t>(offset);
    const NoSigpipe guard;
    return uninterrupted([&] { return ::sendfile(fd, file, &from, count); });
}

// Interrupted, the connection is still established asynchronously (connect(2), POSIX).
int connect_now(int fd, const sockaddr* address, socklen_t length) noexcept {
    const int result = negative_errno(::connect(fd, address, length));
    return result == -EINTR ? -EINPROGRESS : result;
}

int accept_now(int fd, sockaddr_storage& peer, socklen_t& length) noexcept {
    length = sizeof peer;
    return uninterrupted([&] { return ::accept4(fd, raw(peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC); });
}

int get_option(int fd, int level, int option, void* value, socklen_t& length) noexcept {
    return negative_errno(::getsockopt(fd, level, option, value, &length));
}

int set_option(int fd, int level, int option, const void* value, socklen_t length) noexcept {
    return negative_errno(::setsockopt(fd, level, option, value, length));
}

int local_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept {
    length = sizeof address;
    return negative_errno(::getsockname(fd, raw(address), &length));
}

int peer_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept {
    length = sizeof address;
    return negative_errno(::getpeername(fd, raw(address), &length));
}

}  // namespace aio::detail::socket_calls
