// The socket calls that are plain system calls on every backend of a real kernel.
#pragma once

#include "core/backend/backend.hpp"

namespace aio::detail {

class KernelSockets : public Backend {
public:
    TimePoint now() const noexcept final { return std::chrono::steady_clock::now(); }

    int send_now(int fd, const void* data, std::size_t size) noexcept final;
    int receive_message(int fd, msghdr& message, int flags) noexcept final;
    int send_message(int fd, const msghdr& message) noexcept final;
    int send_file(int fd, int file, std::uint64_t offset, std::size_t count) noexcept final;
    int open_socket(int family, int type, SimNetworkMaker& make_network) noexcept override;
    int bind(int fd, const sockaddr* address, socklen_t length) noexcept final;
    int listen(int fd, int backlog) noexcept final;
    int shutdown(int fd, int how) noexcept final;
    int connect_now(int fd, const sockaddr* address, socklen_t length) noexcept final;
    int accept_now(int fd, sockaddr_storage& peer, socklen_t& length) noexcept override;
    int get_option(int fd, int level, int option, void* value, socklen_t& length) noexcept final;
    int set_option(int fd, int level, int option, const void* value, socklen_t length) noexcept final;
    int local_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept final;
    int peer_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept final;
};

}  // namespace aio::detail
