// Address: the address of a socket or of its peer.
#pragma once

#include <string>
#include <utility>

namespace aio {

// The address of a socket: a numeric host and a port, or a path. Python has a tuple, or a string, here.
struct Address {
    std::string host;  // numeric: "127.0.0.1", "::1", "fe80::1%eth0"; empty for AF_UNIX
    int port = 0;      // 0 for AF_UNIX
    std::string path;  // AF_UNIX; begins with '\0' in the abstract namespace; empty for an unnamed socket

    Address() = default;
    // A constructor, so that `Address("127.0.0.1", 80)` is safe inside a co_await expression on g++ 12.
    Address(std::string h, int p, std::string unix_path = {})
        : host(std::move(h)), port(p), path(std::move(unix_path)) {}

    bool operator==(const Address&) const = default;
    // "127.0.0.1:80", "[::1]:80", "unix:/run/app.sock", "unix:@abstract".
    std::string str() const;
};

}  // namespace aio
