// SOCKS proxies: what is said to one until the connection behind it is there.
//
// SocksHandshake is the negotiation without a socket; socks_connect() holds it on a stream. A room of its own: it is above
// the streams on which it speaks, and below everything that connects: HTTP, WebSockets, databases.
//
// Source: RFC 1928 (SOCKS5), RFC 1929 (user and password); SOCKS4.protocol and SOCKS4A.protocol by Ying-Da Lee.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/coro.hpp>
#include <aio/io/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace aio::detail {

enum class SocksVersion : std::uint8_t { socks4a, socks5 };

// Where to, and as whom. A host that is no address is resolved by the proxy.
struct SocksTarget {
    SocksVersion version = SocksVersion::socks5;
    std::string host;  // "example.org", "192.0.2.1", "2001:db8::1"
    std::uint16_t port = 0;
    bool authenticates = false;  // there is a login
    std::string login, password;

    SocksTarget() = default;
};

// The proxy refused, or does not speak SOCKS.
class SocksError : public Error {
public:
    SocksError(int code, int reply, const std::string& message) : Error(message), code_(code), reply_(reply) {}
    int code() const noexcept { return code_; }    // the errno that fits best
    int reply() const noexcept { return reply_; }  // the byte in the proxy's reply; -1: it has none

private:
    int code_, reply_;
};

// `output()` is sent, then exactly `wanted()` bytes are received and given to receive(); until wanted() is 0.
class SocksHandshake {
public:
    // Errors: ValueError for what the protocol cannot say: a name, a login or a password of more than 255 bytes, an empty
    // login or password with SOCKS5, a NUL or an IPv6 address with SOCKS4a.
    explicit SocksHandshake(SocksTarget target);

    // What is to be sent now; empty: nothing.
    std::string output() noexcept { return std::exchange(output_, {}); }
    // How many bytes come next; 0: the connection is there, and what follows belongs to it.
    std::size_t wanted() const noexcept { return wanted_; }
    // Precondition: `bytes` are wanted() many. Errors: SocksError.
    void receive(std::string_view bytes);

private:
    enum class Step : std::uint8_t { method, login, reply, name_length, address, reply4, done };

    void say_connect();
    void say_connect4();
    void on_method(std::string_view bytes);
    void on_login(std::string_view bytes);
    void on_reply(std::string_view bytes);
    void on_reply4(std::string_view bytes);
    void expect(Step step, std::size_t bytes) noexcept {
        step_ = step;
        wanted_ = bytes;
    }

    SocksTarget target_;
    std::string output_;
    std::size_t wanted_ = 0;
    Step step_ = Step::done;
};

// Makes of a connection to a proxy one to the target behind it. No more is received than what the proxy says.
// Cancel: the connection is of no use any more. Errors: SocksError, also when the proxy closes the connection; ValueError
// as SocksHandshake, before anything is sent; the stream's.
Coro<> socks_connect(StreamReader reader, StreamWriter writer, SocksTarget target);

}  // namespace aio::detail
