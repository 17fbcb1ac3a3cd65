// Which proxy the environment names. Source: CPython 3.13 urllib.request (getproxies_environment,
// proxy_bypass_environment); curl's no_proxy for the networks.
#include "http/client/route.hpp"
#include "http/given_url.hpp"
#include "http/wire/syntax.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstdlib>
#include <cstring>

namespace aio::http::detail {

namespace {

// The lower-case name counts more. HTTP_PROXY may be a client's "Proxy:" header, in a CGI program (httpoxy.org).
const char* environment(const std::string& lower, bool lower_only) {
    if (const char* value = std::getenv(lower.c_str()); value && *value) return value;
    if (lower_only) return nullptr;
    std::string upper;
    for (const char c : lower) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    const char* value = std::getenv(upper.c_str());
    return value && *value ? value : nullptr;
}

struct IpAddress {
    std::array<unsigned char, 16> bytes{};
    unsigned bits = 0;  // 32, 128; 0: none
};

IpAddress parse_ip(std::string_view text) {
    IpAddress ip;
    const std::string copy(text);
    if (::inet_pton(AF_INET, copy.c_str(), ip.bytes.data()) == 1) {
        ip.bits = 32;
    } else if (::inet_pton(AF_INET6, copy.c_str(), ip.bytes.data()) == 1) {
        ip.bits = 128;
    }
    return ip;
}

bool in_network(const IpAddress& ip, std::string_view network) {
    const std::string_view address = wire::take_until(network, '/');
    const IpAddress base = parse_ip(address);
    const std::optional<unsigned> bits = wire::parse_number<unsigned>(network);
    if (base.bits == 0 || base.bits != ip.bits || !bits || *bits > base.bits) return false;
    const unsigned bytes = *bits / 8;
    if (std::memcmp(ip.bytes.data(), base.bytes.data(), bytes) != 0) return false;
    if (*bits % 8 == 0) return true;
    const auto mask = static_cast<unsigned char>(0xff00U >> (*bits % 8));
    return ((ip.bytes[bytes] ^ base.bytes[bytes]) & mask) == 0;
}

bool matches(std::string_view entry, std::string_view host, int port) {
    const IpAddress ip = parse_ip(host);
    if (entry.find('/') != std::string_view::npos) return in_network(ip, entry);
    if (ip.bits == 128) {
        if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
        const IpAddress other = parse_ip(entry);
        return other.bits == 128 && other.bytes == ip.bytes;
    }
    if (const std::size_t colon = entry.rfind(':'); colon != std::string_view::npos) {
        if (wire::parse_number<int>(entry.substr(colon + 1)) != port) return false;
        entry = entry.substr(0, colon);
    }
    while (entry.starts_with('.')) entry.remove_prefix(1);
    if (entry.empty() || entry.size() > host.size()) return false;
    if (!wire::equal_ignoring_case(host.substr(host.size() - entry.size()), entry)) return false;
    return host.size() == entry.size() || (ip.bits == 0 && host[host.size() - entry.size() - 1] == '.');
}

}  // namespace

bool bypasses_proxy(std::string_view no_proxy, std::string_view host, int port) {
    while (host.ends_with('.')) host.remove_suffix(1);
    while (!no_proxy.empty()) {
        const std::string_view entry = wire::trimmed(wire::take_until(no_proxy, ','));
        if (entry == "*" || matches(entry, host, port)) return true;
    }
    return false;
}

std::optional<URL> proxy_from_environment(const URL& url) {
    const bool secure = url.scheme() == "https" || url.scheme() == "wss";
    const char* proxy =
        environment(secure ? "https_proxy" : "http_proxy", !secure && std::getenv("REQUEST_METHOD") != nullptr);
    bool socks = false;
    if (!proxy) {
        proxy = environment("socks_proxy", false);
        socks = proxy != nullptr;
    }
    if (!proxy) proxy = environment("all_proxy", false);
    if (!proxy) return std::nullopt;
    const char* except = environment("no_proxy", false);
    if (except && bypasses_proxy(except, url.raw_host(), url.port())) return std::nullopt;
    if (socks && std::string_view(proxy).find("://") == std::string_view::npos) {
        return typed_url("socks5h://" + std::string(proxy));
    }
    return typed_url(proxy);
}

}  // namespace aio::http::detail
