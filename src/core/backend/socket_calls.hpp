// System calls on sockets, as backends answer them: never waiting, EINTR dealt with, a negative errno on failure. The
// kernel's backends make them for every descriptor, sim for those that it does not simulate.
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace aio::detail::socket_calls {

// What a call that gives -1 stands for.
inline int negative_errno(int result) noexcept { return result < 0 ? -errno : result; }

int receive_message(int fd, msghdr& message, int flags) noexcept;
int send_message(int fd, const msghdr& message) noexcept;
int send_file(int fd, int file, std::uint64_t offset, std::size_t count) noexcept;
int connect_now(int fd, const sockaddr* address, socklen_t length) noexcept;
int accept_now(int fd, sockaddr_storage& peer, socklen_t& length) noexcept;
int get_option(int fd, int level, int option, void* value, socklen_t& length) noexcept;
int set_option(int fd, int level, int option, const void* value, socklen_t length) noexcept;
int local_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept;
int peer_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept;

}  // namespace aio::detail::socket_calls
