// Normalizes the host of a URL: characters, IPv6 addresses, international names by libidn2. The Host field of requests
// is checked in request_rules.cpp.
#include "http/wire/host_name.hpp"

#include <aio/base/error.hpp>

#include "http/wire/syntax.hpp"

#include <arpa/inet.h>
#include <idn2.h>

#include <algorithm>
#include <memory>
#include <new>

namespace aio::http::wire {

namespace {

struct Free {
    void operator()(char* text) const noexcept { ::idn2_free(text); }
};
using IdnText = std::unique_ptr<char, Free>;

constexpr CharSet kForbidden = CharSet().with("\"#%/:<>?@[\\]^`{|}\x7f");

void check_characters(std::string_view host) {
    for (const char c : host) {
        if (static_cast<unsigned char>(c) <= 0x20 || kForbidden.has(c)) {
            throw ValueError("'" + printable({&c, 1}) + "' in the host");
        }
    }
}

// The zone is the name of a network interface of this machine: it goes nowhere, and its case counts.
std::string normalised_ipv6(std::string_view host) {
    const std::size_t percent = std::min(host.find('%'), host.size());
    const std::string address(host.substr(0, percent));
    std::string_view zone = host.substr(percent);
    in6_addr bytes;
    if (::inet_pton(AF_INET6, address.c_str(), &bytes) != 1) {
        throw ValueError("'" + printable(host) + "' is not an IPv6 address");
    }
    char text[INET6_ADDRSTRLEN];
    ::inet_ntop(AF_INET6, &bytes, text, sizeof text);
    if (zone.empty()) return text;
    zone.remove_prefix(zone.starts_with("%25") ? 3 : 1);
    if (zone.empty() || !kUnreserved.has_all(zone)) throw ValueError("'" + printable(host) + "' has no valid zone");
    return std::string(text).append("%").append(zone);
}

std::string to_ascii(std::string_view host) {
    char* result = nullptr;
    const std::string text(host);
    const int code = ::idn2_to_ascii_8z(text.c_str(), &result, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    const IdnText owner(result);
    if (code == IDN2_MALLOC) throw std::bad_alloc();
    if (code != IDN2_OK) {
        throw ValueError("the host '" + printable(host) +
                         "' is not a valid internationalised name: " + ::idn2_strerror(code));
    }
    return result;
}

bool is_ascii(std::string_view text) noexcept {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) >= 0x80) return false;
    }
    return true;
}

}  // namespace

std::string normalised_host(std::string_view host) {
    if (host.starts_with('[')) {
        if (!host.ends_with(']')) throw ValueError("the bracket in the host is not closed");
        return normalised_ipv6(host.substr(1, host.size() - 2));
    }
    if (host.find(':') != std::string_view::npos) return normalised_ipv6(host);
    check_characters(host);
    if (is_ascii(host)) return lowered(host);
    const std::string ascii = lowered(to_ascii(host));
    check_characters(ascii);  // some characters stand for others: U+FF0F is a slash (CVE-2019-9636)
    return ascii;
}

std::string readable_host(const std::string& host) {
    if (host.find("xn--") == std::string::npos) return host;
    char* result = nullptr;
    const int code = ::idn2_to_unicode_8z8z(host.c_str(), &result, 0);
    const IdnText owner(result);
    return code == IDN2_OK ? result : host;
}

bool is_ip_address(std::string_view host) noexcept {
    char text[INET6_ADDRSTRLEN];
    host = host.substr(0, host.find('%'));
    if (host.size() >= sizeof text) return false;
    text[host.copy(text, host.size())] = 0;
    in6_addr bytes;
    return ::inet_pton(AF_INET, text, &bytes) == 1 || ::inet_pton(AF_INET6, text, &bytes) == 1;
}

}  // namespace aio::http::wire
