// server_hostname, as the user gives it and as TLS wants it.
#include "io/tls/peer_name.hpp"

#include <aio/base/error.hpp>

#include <arpa/inet.h>
#include <idn2.h>

#include <memory>
#include <new>

namespace aio::detail {

namespace {

struct Free {
    void operator()(char* text) const noexcept { ::idn2_free(text); }
};

bool is_ascii(std::string_view text) noexcept {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) >= 0x80) return false;
    }
    return true;
}

std::string to_ascii(const std::string& name) {
    char* result = nullptr;
    const int code = ::idn2_to_ascii_8z(name.c_str(), &result, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    const std::unique_ptr<char, Free> owner(result);
    if (code == IDN2_MALLOC) throw std::bad_alloc();
    if (code != IDN2_OK) {
        throw ValueError("server_hostname '" + name +
                         "' is not a valid internationalised host name: " + ::idn2_strerror(code));
    }
    return result;
}

// `name` without its zone if it is an IPv6 address that has one.
std::string without_zone(std::string name) {
    const std::size_t percent = name.find('%');
    if (percent == std::string::npos) return name;
    in6_addr bytes;
    std::string address = name.substr(0, percent);
    return ::inet_pton(AF_INET6, address.c_str(), &bytes) == 1 ? address : name;
}

}  // namespace

std::string tls_peer_name(std::string_view given) {
    if (given.find('\0') != std::string_view::npos) throw ValueError("server_hostname contains a null character");
    std::string name = without_zone(std::string(given));
    if (!is_ascii(name)) name = to_ascii(name);
    // OpenSSL would take ".example.org" for any name below example.org.
    if (name.starts_with('.')) throw ValueError("server_hostname '" + name + "' cannot start with a dot");
    if (name.ends_with('.')) name.pop_back();
    if (name.ends_with('.')) throw ValueError("server_hostname '" + name + ".' has an empty label");
    return name;
}

}  // namespace aio::detail
