// The settings of a ClientSession and its requests: timeouts, credentials, TLS, limits.
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

// The timeouts of a request: aiohttp.ClientTimeout. nullopt, or zero: no limit. The error at a timeout is a ClientError
// and an aio::TimeoutError. Trivially destructible, so that `.timeout({.sock_read = 5s})` is safe inside a co_await
// expression on g++ 12.
struct ClientTimeout {
    // From the call until the body has been read. At the timeout: ServerTimeoutError.
    std::optional<Duration> total = std::chrono::minutes(5);
    // Until there is a connection, also from the pool, including the wait for a free slot: ConnectionTimeoutError.
    std::optional<Duration> connect = {};
    // For a new connection: look-up, TCP, proxy and TLS. ConnectionTimeoutError.
    std::optional<Duration> sock_connect = std::chrono::seconds(30);
    // From one piece of the response to the next: SocketTimeoutError.
    std::optional<Duration> sock_read = {};
};

// A name and a password for Basic authentication (RFC 7617): aiohttp.BasicAuth. Without TLS
// anyone on the way can read them.
class BasicAuth {
public:
    // Errors: ValueError for a login with ":", which separates it from the password.
    explicit BasicAuth(IntoString login, IntoString password = "");
    // The credentials in the value of a header, "Basic dXNlcjpwYXNz". Errors: ValueError for any other text.
    static BasicAuth decode(std::string_view header);

    const std::string& login() const noexcept { return login_; }        // as given
    const std::string& password() const noexcept { return password_; }  // as given
    // The value of the header: "Basic dXNlcjpwYXNz".
    std::string encode() const;

    friend bool operator==(const BasicAuth&, const BasicAuth&) = default;

private:
    std::string login_, password_;
};

// The verification of a server with https, aiohttp's `ssl=`: true (the default): against the system's authorities;
// false: none; a context of <aio/io/ssl.hpp>; or only the SHA-256 fingerprint of its certificate.
class ClientSSL {
public:
    // A bool, or a context, which is kept.
    template <std::same_as<bool> B>
    ClientSSL(B verify = true) noexcept : verify_(verify) {}
    ClientSSL(const ssl::SSLContext& context);
    // 32 bytes, or 64 hexadecimal digits, with colons between them or not. Errors: ValueError for anything else.
    static ClientSSL fingerprint(std::string_view sha256);

    // Whether the certificate is verified.
    bool verifies() const noexcept { return verify_; }
    // For the library: the context, or null.
    const std::shared_ptr<aio::detail::TlsContext>& context() const noexcept { return context_; }
    // The fingerprint: 32 bytes, or empty.
    const std::string& pinned() const noexcept { return pinned_; }
    friend bool operator==(const ClientSSL&, const ClientSSL&) = default;

private:
    std::shared_ptr<aio::detail::TlsContext> context_;
    std::string pinned_;
    bool verify_ = true;
};

// A description of a request, for errors and logs: aiohttp.RequestInfo.
struct RequestInfo {
    URL url;             // without the fragment
    std::string method;  // "GET"
    Headers headers;     // as they were sent
    URL real_url;        // as it was requested

    RequestInfo() = default;
    RequestInfo(URL u, std::string m, Headers h, URL real)
        : url(std::move(u)), method(std::move(m)), headers(std::move(h)), real_url(std::move(real)) {}
};

// The limits of responses; a response beyond one is a ClientResponseError.
struct ResponseLimits {
    std::size_t line = 8190;       // the status line, in bytes
    std::size_t field = 8190;      // one header, in bytes
    std::size_t fields = 128;      // the number of headers
    std::size_t head = 64 * 1024;  // all headers together, in bytes
};

}  // namespace aio::http
