// The messages of SOCKS4a and SOCKS5, one after the other, and the words for a proxy's refusals.
#include "io/proxy/socks.hpp"

#include <aio/base/assert.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cerrno>
#include <optional>
#include <utility>

namespace aio::detail {

namespace {

constexpr char kVersion5 = 5, kVersion4 = 4, kConnect = 1;
constexpr char kNoLogin = 0, kWithLogin = 2;
constexpr int kNoMethod = 0xff;
constexpr std::size_t kLongest = 255;

unsigned byte(char c) noexcept { return static_cast<unsigned char>(c); }

void append_port(std::string& text, std::uint16_t port) {
    text += static_cast<char>(port >> 8);
    text += static_cast<char>(port & 0xff);
}

template <class Address>
std::optional<std::string> address_bytes(int family, const std::string& host) {
    Address address{};
    if (::inet_pton(family, host.c_str(), &address) != 1) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(&address), sizeof address);
}

std::optional<std::string> ipv4(const std::string& host) { return address_bytes<in_addr>(AF_INET, host); }
std::optional<std::string> ipv6(const std::string& host) { return address_bytes<in6_addr>(AF_INET6, host); }

void check_length(std::string_view what, const std::string& text, bool may_be_empty) {
    if (text.size() <= kLongest && (may_be_empty || !text.empty())) return;
    throw ValueError("a SOCKS proxy cannot be told " + std::string(what) + " of " + std::to_string(text.size()) +
                     " bytes: it takes " + (may_be_empty ? "at most" : "1 to") + " 255");
}

[[noreturn]] void throw_not_socks(std::string_view expected, unsigned got) {
    throw SocksError(EPROTO, -1,
                     "it does not speak " + std::string(expected) + " (its answer has the byte " +
                         std::to_string(got) + "): check the scheme and the port of the proxy");
}

struct Refusal {
    int reply;
    int code;
    const char* words;
};

constexpr Refusal kRefusals5[] = {
    {1, EIO, "general failure of the proxy"},
    {2, EACCES, "its rules do not allow the connection"},
    {3, ENETUNREACH, "the network is unreachable"},
    {4, EHOSTUNREACH, "the host is unreachable"},
    {5, ECONNREFUSED, "the host refused the connection"},
    {6, ETIMEDOUT, "the time to live has expired"},
    {7, EOPNOTSUPP, "it does not support connections (CONNECT)"},
    {8, EAFNOSUPPORT, "it does not support this type of address"},
};
constexpr Refusal kRefusals4[] = {
    {0x5b, ECONNREFUSED, "the request was rejected or failed"},
    {0x5c, EACCES, "it cannot reach the client's identd"},
    {0x5d, EACCES, "the client's identd reports another user"},
};

template <std::size_t N>
[[noreturn]] void throw_refusal(const Refusal (&known)[N], unsigned reply, const char* version) {
    const std::string suffix = std::string(" (") + version + " reply " + std::to_string(reply) + ")";
    for (const Refusal& each : known) {
        if (static_cast<unsigned>(each.reply) == reply) throw SocksError(each.code, each.reply, each.words + suffix);
    }
    throw SocksError(EPROTO, static_cast<int>(reply), "it refused for an unknown reason" + suffix);
}

}  // namespace

SocksHandshake::SocksHandshake(SocksTarget target) : target_(std::move(target)) {
    check_length("a host name", target_.host, false);
    if (target_.version == SocksVersion::socks4a) {
        say_connect4();
        return;
    }
    output_ += kVersion5;
    if (target_.authenticates) {
        check_length("a login", target_.login, false);
        check_length("a password", target_.password, false);
        output_.append({2, kNoLogin, kWithLogin});
    } else {
        output_.append({1, kNoLogin});
    }
    expect(Step::method, 2);
}

// Source: SOCKS4A.protocol: the address 0.0.0.1 says that a name follows the user id.
void SocksHandshake::say_connect4() {
    if (ipv6(target_.host)) {
        throw ValueError("a SOCKS4a proxy cannot be told the IPv6 address " + target_.host + ": use socks5");
    }
    if (target_.login.find('\0') != std::string::npos || target_.host.find('\0') != std::string::npos) {
        throw ValueError("a SOCKS4a proxy cannot be told a login or a host with a NUL");
    }
    check_length("a login", target_.login, true);
    const std::optional<std::string> address = ipv4(target_.host);
    output_.append({kVersion4, kConnect});
    append_port(output_, target_.port);
    output_.append(address ? *address : std::string("\0\0\0\1", 4));
    output_.append(target_.login).append(1, '\0');
    if (!address) output_.append(target_.host).append(1, '\0');
    expect(Step::reply4, 8);
}

void SocksHandshake::say_connect() {
    output_.append({kVersion5, kConnect, 0});
    if (const std::optional<std::string> v4 = ipv4(target_.host)) {
        output_.append(1, 1).append(*v4);
    } else if (const std::optional<std::string> v6 = ipv6(target_.host)) {
        output_.append(1, 4).append(*v6);
    } else {
        output_.append(1, 3).append(1, static_cast<char>(target_.host.size())).append(target_.host);
    }
    append_port(output_, target_.port);
    expect(Step::reply, 4);
}

void SocksHandshake::receive(std::string_view bytes) {
    AIO_ASSERT(bytes.size() == wanted_ && wanted_ > 0);
    switch (step_) {
        case Step::method: return on_method(bytes);
        case Step::login: return on_login(bytes);
        case Step::reply: return on_reply(bytes);
        case Step::name_length: return expect(Step::address, byte(bytes[0]) + 2U);
        case Step::address: return expect(Step::done, 0);  // the proxy's own end: nobody needs it
        case Step::reply4: return on_reply4(bytes);
        case Step::done: return;
    }
}

void SocksHandshake::on_method(std::string_view bytes) {
    if (bytes[0] != kVersion5) throw_not_socks("SOCKS5", byte(bytes[0]));
    const unsigned method = byte(bytes[1]);
    if (method == static_cast<unsigned>(kNoLogin)) return say_connect();
    if (method == static_cast<unsigned>(kWithLogin) && target_.authenticates) {
        output_ += 1;  // the version of RFC 1929
        output_.append(1, static_cast<char>(target_.login.size())).append(target_.login);
        output_.append(1, static_cast<char>(target_.password.size())).append(target_.password);
        return expect(Step::login, 2);
    }
    if (method != kNoMethod) throw_not_socks("SOCKS5", method);
    throw SocksError(EACCES, kNoMethod,
                     target_.authenticates ? "it takes neither a login with a password nor none"
                                           : "it wants a login: put one into the proxy's URL, or use proxy_auth()");
}

// The version in this answer is 1, and 5 with some proxies.
void SocksHandshake::on_login(std::string_view bytes) {
    if (bytes[1] != 0) throw SocksError(EACCES, static_cast<int>(byte(bytes[1])), "it refused the login");
    say_connect();
}

void SocksHandshake::on_reply(std::string_view bytes) {
    if (bytes[0] != kVersion5) throw_not_socks("SOCKS5", byte(bytes[0]));
    if (bytes[1] != 0) throw_refusal(kRefusals5, byte(bytes[1]), "SOCKS5");
    switch (bytes[3]) {
        case 1: return expect(Step::address, 4 + 2);
        case 3: return expect(Step::name_length, 1);
        case 4: return expect(Step::address, 16 + 2);
        default: throw_not_socks("SOCKS5", byte(bytes[3]));
    }
}

void SocksHandshake::on_reply4(std::string_view bytes) {
    constexpr unsigned kGranted = 0x5a;
    if (bytes[0] != 0) throw_not_socks("SOCKS4a", byte(bytes[0]));
    if (byte(bytes[1]) != kGranted) throw_refusal(kRefusals4, byte(bytes[1]), "SOCKS4");
    expect(Step::done, 0);
}

Coro<> socks_connect(StreamReader reader, StreamWriter writer, SocksTarget target) {
    SocksHandshake handshake(std::move(target));
    bool ended = false;
    while (handshake.wanted() > 0) {
        if (const std::string output = handshake.output(); !output.empty()) writer.write(output);
        try {
            const std::string_view bytes =
                co_await reader.readexactly_view(static_cast<std::ptrdiff_t>(handshake.wanted()));
            handshake.receive(bytes);
        } catch (const IncompleteReadError&) {
            ended = true;
        }
        if (ended) throw SocksError(ECONNRESET, -1, "it closed the connection within the SOCKS negotiation");
    }
}

}  // namespace aio::detail
