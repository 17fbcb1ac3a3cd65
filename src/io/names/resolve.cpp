// What is known of a host without asking a resolver, and the messages of look-ups that failed.
#include "io/names/resolve.hpp"

#include <aio/base/error.hpp>

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <functional>

namespace aio::detail {

namespace {

constexpr std::size_t kLongestName = 253;  // RFC 1035 section 2.3.4, less the length bytes at both ends
constexpr std::size_t kLongestLabel = 63;

// As it can stand in a message: a NUL byte would end it.
std::string quoted(const std::string& host) {
    constexpr std::size_t kShown = 300;
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text = "'";
    for (const char c : host.substr(0, kShown)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            text += c;
        } else {
            text += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
        }
    }
    return text + (host.size() > kShown ? "...'" : "'");
}

// Why no resolver can know an address of `host`; null if one may.
const char* why_not_a_name(const std::string& host) noexcept {
    if (host.find('\0') != std::string::npos) return "it contains a null byte";
    if (host.find(':') != std::string::npos) {
        return host.find('%') != std::string::npos ? "it is not an IPv6 address, or its zone is not an interface"
                                                   : "it is not an IPv6 address, and names contain no ':'";
    }
    const std::size_t end = host.size() - (host.back() == '.' ? 1 : 0);  // "example.org." is absolute
    if (end > kLongestName) return "it is longer than 253 bytes";
    for (std::size_t at = 0; at <= end;) {
        const std::size_t dot = std::min(host.find('.', at), end);
        if (dot == at) return "a label is empty";
        if (dot - at > kLongestLabel) return "a label is longer than 63 bytes";
        at = dot + 1;
    }
    return nullptr;
}

struct SocketKind {
    int type, proto;
};
constexpr SocketKind kKinds[] = {{SOCK_STREAM, IPPROTO_TCP}, {SOCK_DGRAM, IPPROTO_UDP}, {SOCK_RAW, 0}};

bool allows(const LookupOptions& options, const SocketKind& kind) noexcept {
    if (options.type != 0 && options.type != kind.type) return false;
    return options.proto == 0 || kind.proto == 0 || options.proto == kind.proto;
}

void check_options(const std::string& host, const LookupOptions& options) {
    if (options.family != AF_UNSPEC && options.family != AF_INET && options.family != AF_INET6) {
        throw_gai_error(EAI_FAMILY, host, options.family);
    }
    const auto allowed = [&](const SocketKind& kind) { return allows(options, kind); };
    if (std::none_of(std::begin(kKinds), std::end(kKinds), allowed)) {
        throw_gai_error(EAI_SOCKTYPE, host, options.family);
    }
}

// In glibc's order, which is RFC 6724's for this machine's own addresses.
std::vector<Address> own_addresses(int port, const LookupOptions& options) {
    const bool passive = (options.flags & AI_PASSIVE) != 0;
    Address v4{passive ? "0.0.0.0" : "127.0.0.1", port, {}};
    Address v6{passive ? "::" : "::1", port, {}};
    if (options.family == AF_INET) return {std::move(v4)};
    if (options.family == AF_INET6) return {std::move(v6)};
    if (passive) return {std::move(v4), std::move(v6)};
    return {std::move(v6), std::move(v4)};
}

bool same(const RawAddress& a, const RawAddress& b) noexcept {
    return a.length == b.length && std::memcmp(&a.storage, &b.storage, a.length) == 0;
}

}  // namespace

std::string look_up_of(const std::string& host, int family) {
    const char* which = family == AF_INET    ? "IPv4 address"
                        : family == AF_INET6 ? "IPv6 address"
                        : family == 0        ? "IPv4 or IPv6 address"
                                             : "address (of an unknown family)";
    return std::string("look up the ") + which + " of " + quoted(host);
}

std::string look_up_of(const Address& address) { return "look up the name of " + address.str(); }

namespace {

[[noreturn]] void throw_code(int code, std::string what, std::string_view detail) {
    what += ": ";
    what += ::gai_strerror(code);
    if (!detail.empty()) what.append(" (").append(detail).append(")");
    throw GaiError(code, what);
}

}  // namespace

void throw_gai_error(int code, const std::string& host, int family, std::string_view detail) {
    throw_code(code, look_up_of(host, family), detail);
}
void throw_gai_error(int code, const Address& address, std::string_view detail) {
    throw_code(code, look_up_of(address), detail);
}

RawAddress numeric_address(const Address& address) {
    check_port("getnameinfo", address.port);
    if (std::optional<RawAddress> raw = RawAddress::numeric(address.host, address.port)) return *raw;
    throw_gai_error(EAI_FAMILY, address, "it is not a numeric address");
}

std::vector<AddressInfo> address_infos(const std::vector<Address>& addresses, const LookupOptions& options,
                                       const std::string& canonname) {
    std::vector<AddressInfo> infos;
    for (const Address& address : addresses) {
        const int family = address.host.find(':') == std::string::npos ? AF_INET : AF_INET6;
        for (const SocketKind& kind : kKinds) {
            if (!allows(options, kind)) continue;
            const int proto = kind.proto != 0 ? kind.proto : options.proto;
            infos.emplace_back(family, kind.type, proto, std::string(), address);
        }
    }
    if ((options.flags & AI_CANONNAME) && !infos.empty()) infos.front().canonname = canonname;
    return infos;
}

void map_to_ipv6(std::vector<Address>& addresses, int flags) {
    const auto is_v6 = [](const Address& address) { return address.host.find(':') != std::string::npos; };
    if (!(flags & AI_ALL) && std::any_of(addresses.begin(), addresses.end(), is_v6)) {
        std::erase_if(addresses, std::not_fn(is_v6));
    }
    for (Address& address : addresses) {
        if (!is_v6(address)) address.host.insert(0, "::ffff:");
    }
}

std::optional<std::vector<AddressInfo>> answer_locally(const std::string& host, int port,
                                                       const LookupOptions& options) {
    check_options(host, options);
    if (host.empty()) return address_infos(own_addresses(port, options), options, {});
    if (const std::optional<RawAddress> numeric = RawAddress::numeric(host, port)) {
        if (options.family == AF_INET6 && numeric->family() == AF_INET && (options.flags & AI_V4MAPPED)) {
            std::vector<Address> mapped(1, numeric->decoded());
            map_to_ipv6(mapped, options.flags);
            return address_infos(mapped, options, host);
        }
        if (options.family != AF_UNSPEC && options.family != numeric->family()) {
            throw_gai_error(EAI_ADDRFAMILY, host, options.family);
        }
        return address_infos({numeric->decoded()}, options, host);
    }
    if (const char* reason = why_not_a_name(host)) throw_gai_error(EAI_NONAME, host, options.family, reason);
    if (options.flags & AI_NUMERICHOST) throw_gai_error(EAI_NONAME, host, options.family, "it is not numeric");
    return std::nullopt;
}

Coro<std::vector<RawAddress>> resolve(std::string host, int port, bool passive, int family) {
    const LookupOptions options{family, SOCK_STREAM, 0, passive ? AI_PASSIVE : 0};
    const std::vector<AddressInfo> infos = co_await getaddrinfo(host, port, options);
    std::vector<RawAddress> addresses;
    addresses.reserve(infos.size());
    for (const AddressInfo& info : infos) {
        const std::optional<RawAddress> raw = RawAddress::numeric(info.address.host, info.address.port);
        if (!raw) throw_gai_error(EAI_FAIL, host, family, "the resolver returned an address that is not numeric");
        // A name may stand in /etc/hosts twice.
        const auto known = [&](const RawAddress& other) { return same(*raw, other); };
        if (std::none_of(addresses.begin(), addresses.end(), known)) addresses.push_back(*raw);
    }
    co_return addresses;
}

}  // namespace aio::detail
