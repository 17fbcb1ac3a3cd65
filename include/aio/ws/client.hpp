// connect(): a WebSocket client, with the names of Python's websockets library.
//
//     auto ws = co_await aio::ws::connect("wss://example.org/feed").subprotocol("v2.feed");
//     co_await ws.send("hello");
//     std::string answer = (co_await ws.recv()).text();
//     co_await ws.close();
//
// A client that stays connected: its loop gets a new connection whenever the last one ended (async for ws in connect(...)).
//
//     auto connections = aio::ws::connect("wss://example.org/feed").reconnecting();
//     while (auto ws = co_await connections.next()) {
//         while (auto message = co_await ws->next()) handle(*message);   // throws ConnectionClosedError: catch it, go on
//     }
//
// Thread rule: the loop's thread. Source: websockets 16 asyncio/client.py, client.py (backoff).
#pragma once

#include <aio/base/function.hpp>
#include <aio/core/coro.hpp>
#include <aio/http/client/client_options.hpp>
#include <aio/http/client/client_request.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/url.hpp>
#include <aio/ws/connection.hpp>
#include <aio/ws/extension.hpp>
#include <aio/ws/options.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::ws {

namespace detail {
struct ConnectSettings;
}

// Whether a client that reconnects tries again after an attempt that failed: null if it does, else what its next() throws.
using ProcessException = aio::detail::Function<std::exception_ptr(const std::exception_ptr& failure)>;

// The rule by default: connections that failed, timeouts and the statuses 500, 502, 503 and 504 are tried again; `failure` is
// returned for all else. websockets' process_exception.
std::exception_ptr process_exception(const std::exception_ptr& failure);

// The options of Connect::reconnecting(): how long it waits before the next attempt.
struct ReconnectOptions {
    // After a connection that the other side ended, and after the first failed attempt: a random time up to this one, so
    // that the clients of a server that restarts do not come back at once.
    Duration initial_delay = std::chrono::seconds(5);
    // After further failures: min_delay, then `factor` times the delay before, max_delay at most; each of them times a
    // random number between 0.75 and 1.25.
    Duration min_delay = std::chrono::milliseconds(3100);
    Duration max_delay = std::chrono::seconds(90);
    double factor = 1.618;
};

// A client that stays connected: the result of Connect::reconnecting().
class Reconnecting {
public:
    Reconnecting(std::shared_ptr<detail::ConnectSettings> settings, ReconnectOptions options);

    // Closes the last connection with 1000, if it is open, and makes the next one, waiting between attempts. nullopt once
    // stop() was called. Cancel: the attempt is given up; the next call begins another one. Errors: those of connect()
    // that process_exception() does not try again; what such a function of the program's returns or throws.
    Coro<std::optional<Connection>> next();
    // next() returns nullopt from now on, when it is called the next time.
    void stop() noexcept { stopped_ = true; }
    // The number of attempts that failed since the last connection.
    unsigned failures() const noexcept { return failures_; }

private:
    Duration next_delay();

    std::shared_ptr<detail::ConnectSettings> settings_;
    ReconnectOptions options_;
    std::optional<Connection> last_;
    Duration delay_;
    unsigned failures_ = 0;
    bool stopped_ = false;
};

// A connection that is not made yet, and its awaitable. Result: the Connection.
//
// *Resumes* after the opening handshake. *Cancel*: the connection is closed. *Errors*: InvalidURI; InvalidStatus and other
// InvalidHandshake; aio::TimeoutError after open_timeout; those of a request of aio::http::ClientSession.
class [[nodiscard("a connection is made when it is awaited")]] Connect {
public:
    using native_awaitable = void;

    // For the library: connect() makes it.
    Connect(std::string_view uri, const Options& options, std::string_view unix_path);

    // Offers a subprotocol, the preferred one first. Errors: ValueError for no token.
    Connect&& subprotocol(std::string_view name);
    // Offers an extension, behind those of earlier calls and before permessage-deflate. Errors: ValueError for a name that is no
    // token, or permessage-deflate, which is an option.
    Connect&& extension(std::shared_ptr<const ClientExtensionFactory> factory);
    // The value of the header Origin.
    Connect&& origin(std::string_view origin);
    // A header, in place of those that are sent by default; a second call with the same name adds another field.
    Connect&& header(std::string_view name, std::string_view value);
    Connect&& headers(const http::Headers& headers);
    // The value of User-Agent; nullopt: none is sent.
    Connect&& user_agent(std::optional<std::string_view> text);
    // Credentials for Basic authentication; those in the URL need not be given.
    Connect&& auth(http::BasicAuth credentials);
    // The verification of the server. Errors of the connection: ssl::SSLError and below, as http's.
    Connect&& ssl(http::ClientSSL how);
    // The name that is sent to the server, and for which its certificate must be valid.
    Connect&& server_hostname(std::string_view name);
    // The proxy; nullopt: none. Default: that of the environment (http_proxy, https_proxy, all_proxy, no_proxy).
    Connect&& proxy(std::optional<http::URL> url);
    Connect&& proxy_auth(http::BasicAuth credentials);
    // The most redirects that are followed; beyond: SecurityError. Default: 10.
    Connect&& max_redirects(unsigned count);

    // Of reconnecting(): decides in place of ws::process_exception(), which it may call. An empty function: that one.
    Connect&& process_exception(ProcessException process);

    // The same as awaiting it, as a coroutine.
    Coro<Connection> connect() &&;
    http::detail::SendingAwaiter<Connection> operator co_await() && {
        return http::detail::SendingAwaiter<Connection>(std::move(*this).connect());
    }
    // A connection after another, for as long as the program wants. Errors: ValueError for negative delays, and a factor
    // below 1.
    Reconnecting reconnecting(ReconnectOptions options = {}) &&;

private:
    std::shared_ptr<detail::ConnectSettings> settings_;
};

// Connects to a "ws://" or "wss://" URL: websockets.connect. Errors: InvalidURI; ValueError for options that make no sense.
Connect connect(std::string_view uri, const Options& options = {});
// The same through an AF_UNIX socket: the URL gives path and Host. websockets.unix_connect.
Connect unix_connect(std::string_view path, std::string_view uri = "ws://localhost/", const Options& options = {});

}  // namespace aio::ws
