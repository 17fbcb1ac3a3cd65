// How a ClientSession and its requests behave: timeouts, credentials, TLS, limits.
// Source: aiohttp 3.11 client.py, connector.py.
#pragma once

#include <aio/core/time.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/into_string.hpp>
#include <aio/http/url.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::detail {
class TlsContext;
}
namespace aio::ssl {
class SSLContext;
}

namespace aio::http {

// How long a request may take. Nothing, or zero: without a limit. What it throws when one has passed is a ClientError and
// an aio::TimeoutError. Trivially destructible, so that
// `.timeout({.sock_read = 5s})` is safe inside a co_await expression on g++ 12.
struct ClientTimeout {
    // From the call until the body has been read. Passed: ServerTimeoutError.
    std::optional<Duration> total = std::chrono::minutes(5);
    // Until there is a connection, be it from the pool, waiting for a place there included: ConnectionTimeoutError.
    std::optional<Duration> connect = {};
    // For a new connection: look-up, TCP, proxy and TLS. ConnectionTimeoutError.
    std::optional<Duration> sock_connect = std::chrono::seconds(30);
    // From one piece of the answer to the next: SocketTimeoutError.
    std::optional<Duration> sock_read = {};
};

// A name and a password, as RFC 7617 sends them: readable for everybody, unless the connection is encrypted.
class BasicAuth {
public:
    // Errors: ValueError for a login with ":", which could not be told from the password.
    explicit BasicAuth(IntoString login, IntoString password = "");
    // Of "Basic dXNlcjpwYXNz". Errors: ValueError when it is none.
    static BasicAuth decode(std::string_view header);

    const std::string& login() const noexcept { return login_; }
    const std::string& password() const noexcept { return password_; }
    // "Basic dXNlcjpwYXNz"
    std::string encode() const;

    friend bool operator==(const BasicAuth&, const BasicAuth&) = default;

private:
    std::string login_, password_;
};

// How https verifies the server: true (the default) against the system's authorities; false: not at all; a context
// of <aio/io/ssl.hpp>; or by the SHA-256 fingerprint of its certificate, which then is the only thing that counts.
class ClientSSL {
public:
    template <std::same_as<bool> B>
    ClientSSL(B verify = true) noexcept : verify_(verify) {}
    ClientSSL(const ssl::SSLContext& context);
    // 32 bytes, or 64 hexadecimal digits, with colons between them or not. Errors: ValueError for anything else.
    static ClientSSL fingerprint(std::string_view sha256);

    bool verifies() const noexcept { return verify_; }
    const std::shared_ptr<aio::detail::TlsContext>& context() const noexcept { return context_; }
    // 32 bytes, or empty.
    const std::string& pinned() const noexcept { return pinned_; }
    friend bool operator==(const ClientSSL&, const ClientSSL&) = default;

private:
    std::shared_ptr<aio::detail::TlsContext> context_;
    std::string pinned_;
    bool verify_ = true;
};

// What a request is about, for errors and logs.
struct RequestInfo {
    URL url;  // without the fragment
    std::string method;
    Headers headers;  // as they were sent
    URL real_url;     // as it was asked for

    RequestInfo() = default;
    RequestInfo(URL u, std::string m, Headers h, URL real)
        : url(std::move(u)), method(std::move(m)), headers(std::move(h)), real_url(std::move(real)) {}
};

// Of the answers that a client accepts: what exceeds them is a ClientResponseError.
struct ResponseLimits {
    std::size_t line = 8190;       // the status line, in bytes
    std::size_t field = 8190;      // one header
    std::size_t fields = 128;      // how many headers there may be
    std::size_t head = 64 * 1024;  // all of them
};

}  // namespace aio::http
