// Socket addresses as the kernel has them.
#pragma once

#include <aio/io/address.hpp>

#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

namespace aio::detail {

struct RawAddress {
    sockaddr_storage storage = {};
    socklen_t length = 0;

    const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
    int family() const noexcept { return storage.ss_family; }
    Address decoded() const;
    std::string str() const { return decoded().str(); }

    // A numeric IPv4 or IPv6 address ("fe80::1%eth0" too), or nothing when `host` is a name, or its
    // zone no interface.
    static std::optional<RawAddress> numeric(const std::string& host, int port);
    // Errors: ValueError when the path is empty or too long.
    static RawAddress unix_path(std::string_view path);
};

// Errors: ValueError unless 0 <= port <= 65535.
void check_port(const char* function, int port);

}  // namespace aio::detail
