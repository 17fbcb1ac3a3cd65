// Address::str(), and RawAddress: from a sockaddr to an Address and back, for IPv4, IPv6 with its zone, and AF_UNIX.
// Host names are not resolved here but in io/names/resolve.cpp. PeerAddress is in peer_address.cpp.
#include <aio/io/address.hpp>

#include <aio/base/error.hpp>

#include "io/address/raw_address.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstring>

namespace aio {

std::string Address::str() const {
    if (!host.empty()) {
        const bool v6 = host.find(':') != std::string::npos;
        return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
    }
    if (path.empty()) return "unix:";
    return path[0] == '\0' ? "unix:@" + path.substr(1) : "unix:" + path;
}

namespace detail {

namespace {

std::string scope_of(const sockaddr_in6& address) {
    if (address.sin6_scope_id == 0) return "";
    char name[IF_NAMESIZE];
    if (::if_indextoname(address.sin6_scope_id, name)) return std::string("%") + name;
    return "%" + std::to_string(address.sin6_scope_id);
}

// The number of an interface, given by name or number; 0 when there is none.
unsigned scope_id(const std::string& scope) noexcept {
    if (const unsigned index = ::if_nametoindex(scope.c_str())) return index;
    unsigned number = 0;
    const char* const end = scope.data() + scope.size();
    const auto [stop, error] = std::from_chars(scope.data(), end, number);
    return error == std::errc() && stop == end ? number : 0;
}

}  // namespace

Address RawAddress::decoded() const {
    char text[INET6_ADDRSTRLEN] = "";
    if (family() == AF_INET) {
        const auto& address = reinterpret_cast<const sockaddr_in&>(storage);
        ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
        return {text, ntohs(address.sin_port), {}};
    }
    if (family() == AF_INET6) {
        const auto& address = reinterpret_cast<const sockaddr_in6&>(storage);
        ::inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
        return {text + scope_of(address), ntohs(address.sin6_port), {}};
    }
    constexpr std::size_t kPath = offsetof(sockaddr_un, sun_path);
    if (family() != AF_UNIX || length <= kPath) return {};
    const auto& address = reinterpret_cast<const sockaddr_un&>(storage);
    const std::size_t size = length - kPath;
    if (address.sun_path[0] == '\0') return {{}, 0, std::string(address.sun_path, size)};
    return {{}, 0, std::string(address.sun_path, ::strnlen(address.sun_path, size))};
}

std::optional<RawAddress> RawAddress::numeric(const std::string& host, int port) {
    if (host.find('\0') != std::string::npos) return std::nullopt;  // inet_pton would stop there
    RawAddress result;
    auto& v4 = reinterpret_cast<sockaddr_in&>(result.storage);
    if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(static_cast<std::uint16_t>(port));
        result.length = sizeof v4;
        return result;
    }
    const std::size_t percent = host.find('%');
    auto& v6 = reinterpret_cast<sockaddr_in6&>(result.storage);
    if (::inet_pton(AF_INET6, host.substr(0, percent).c_str(), &v6.sin6_addr) != 1) return std::nullopt;
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<std::uint16_t>(port));
    if (percent != std::string::npos) {
        v6.sin6_scope_id = scope_id(host.substr(percent + 1));
        if (v6.sin6_scope_id == 0) return std::nullopt;
    }
    result.length = sizeof v6;
    return result;
}

RawAddress RawAddress::unix_path(std::string_view path) {
    RawAddress result;
    auto& address = reinterpret_cast<sockaddr_un&>(result.storage);
    if (path.empty()) throw ValueError("AF_UNIX path: the path is empty");
    const bool abstract = path[0] == '\0';
    if (path.size() + (abstract ? 0 : 1) > sizeof address.sun_path) {
        throw ValueError("AF_UNIX path: too long (" + std::to_string(path.size()) + " bytes; at most " +
                         std::to_string(sizeof address.sun_path - 1) + "): " + std::string(path));
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    result.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
    return result;
}

void check_port(const char* function, int port) {
    if (port < 0 || port > 65535) {
        throw ValueError(std::string(function) + ": port must be 0-65535, not " + std::to_string(port));
    }
}

}  // namespace detail

}  // namespace aio
