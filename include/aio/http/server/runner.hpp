// Runs an application inside a program that has a loop of its own: AppRunner, and sites, which listen for it
// (aiohttp.web.AppRunner, TCPSite, UnixSite, SockSite).
//
//     aio::http::AppRunner runner(app);
//     co_await runner.setup();
//     aio::http::TCPSite site(runner, "127.0.0.1", 8080);
//     co_await site.start();
//     ...
//     co_await runner.cleanup();
//
// cleanup() ends it gracefully, in this order: the sites stop listening; connections without a request are closed;
// on_shutdown; WebSockets are closed with 1001; handlers have shutdown_timeout to end, and are then cancelled; on_cleanup.
//
// Thread rule: the loop's thread. Source: aiohttp 3.11 web_runner.py.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/server/access_log.hpp>
#include <aio/http/server/application.hpp>
#include <aio/io/server.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aio::http {

namespace detail {
class WebServer;
}

// The options of an AppRunner. Trivially destructible, so that `{.shutdown_timeout = ...}` is safe inside a co_await
// expression on g++ 12. Times are rounded up to seconds: one timer serves all connections.
struct RunnerOptions {
    // The time for which a connection may stay open without a request. (nginx and older aiohttp have 75 s; aiohttp 3.12
    // has an hour, so that a proxy in front closes first.)
    Duration keepalive_timeout = std::chrono::seconds(75);
    // From a request's first byte to the end of its headers (slowloris), and for the first request of a new connection.
    Duration head_timeout = std::chrono::seconds(60);
    // While a handler waits for a body, it must arrive with min_body_rate on average over each such time, or the
    // request is answered 408.
    Duration body_timeout = std::chrono::seconds(30);
    std::size_t min_body_rate = 128;  // bytes per second
    // A client must receive some data in this time, or the connection is dropped.
    Duration send_timeout = std::chrono::seconds(60);
    // Before the connection is closed, data that the client still sends are read and dropped for this time.
    Duration lingering_time = std::chrono::seconds(10);
    // The limits of a request: its target, one header and all headers in bytes; and the number of headers.
    std::size_t max_line_size = 8190;
    std::size_t max_field_size = 8190;
    std::size_t max_head_size = 64 * 1024;
    std::size_t max_headers = 128;
    // true: cancels a handler, within a second, when its client closes the connection; shield() parts that must
    // complete. false: the handler runs to its end.
    bool handler_cancellation = false;
    Duration shutdown_timeout = std::chrono::seconds(60);   // for handlers, in cleanup()
    AccessLogSink access_log = nullptr;                     // null: no log
    std::string_view access_log_format = kAccessLogFormat;  // see access_log.hpp
};

// Serves an application on the loop that runs: aiohttp.web.AppRunner.
class AppRunner {
public:
    // `app` must outlive it.
    explicit AppRunner(Application& app, RunnerOptions options = {});
    // Without a cleanup(), after an exception: connections are dropped, and their handlers cancelled.
    ~AppRunner();
    AppRunner(const AppRunner&) = delete;
    AppRunner& operator=(const AppRunner&) = delete;

    // Calls app.startup(). Errors: those of the application's functions; RuntimeError the second time.
    Coro<> setup();
    // Ends it in the order above. Cancel: the rest of that order is done without waiting for
    // handlers. Errors: as setup().
    Coro<> cleanup();

    // The application given to the constructor.
    Application& app() const noexcept { return app_; }
    // The number of open connections.
    std::size_t connections() const noexcept;
    // The URLs of the sites: "http://127.0.0.1:8080".
    std::vector<std::string> addresses() const;

    // Serves one connection, for servers of the program and for tests. Errors: RuntimeError before setup().
    Coro<> serve(StreamReader reader, StreamWriter writer);

private:
    friend class Site;
    Application& app_;
    std::shared_ptr<detail::WebServer> server_;
    Duration shutdown_timeout_;
    bool set_up_ = false;
    struct Listening {
        std::string url;
        Server server;
    };
    std::vector<Listening> sites_;
};

// The options of a site, as in ServerOptions. Trivially destructible.
struct SiteOptions {
    int backlog = 128;                                   // connections that the kernel queues until they are accepted
    bool reuse_address = true;                           // SO_REUSEADDR
    bool reuse_port = false;                             // SO_REUSEPORT
    aio::ssl::Use ssl = {};                              // a context with a certificate: https
    std::optional<Duration> ssl_handshake_timeout = {};  // default: 60 seconds
    std::optional<Duration> ssl_shutdown_timeout = {};   // default: 30 seconds without progress
};

// The base of sites: aiohttp.web.BaseSite.
class Site {
public:
    // The URL: "http://127.0.0.1:8080", with the actual port. Errors of these: RuntimeError before start().
    const std::string& name() const;
    int port() const { return server().port(); }
    // Stops listening; connections stay open. AppRunner::cleanup() calls it.
    Coro<> stop();

protected:
    Site(AppRunner& runner, SiteOptions options) noexcept : runner_(&runner), options_(options) {}
    ServerOptions server_options() const noexcept;
    void check_can_start() const;
    void started(Server server, std::string url);
    const Server& server() const;
    const std::shared_ptr<detail::WebServer>& web_server() const noexcept { return runner_->server_; }
    const SiteOptions& options() const noexcept { return options_; }

private:
    AppRunner* runner_;
    SiteOptions options_;
    std::optional<Server> server_;
    std::string name_;
};

// A site at a host and a port: aiohttp.web.TCPSite.
class TCPSite : public Site {
public:
    // host empty: all interfaces. port 0: a free one. The TLS context of `options` must live until start() returns.
    explicit TCPSite(AppRunner& runner, std::string host = {}, int port = 8080, SiteOptions options = {});
    // Listens from now on. Errors: as start_server(); RuntimeError before setup(), or the second time.
    Coro<> start();

private:
    std::string host_;
    int port_;
};

// A site at an AF_UNIX path: aiohttp.web.UnixSite.
class UnixSite : public Site {
public:
    // `path` as in start_unix_server().
    UnixSite(AppRunner& runner, std::string path, SiteOptions options = {});
    // Listens from now on. Errors: as start_unix_server(); RuntimeError as TCPSite::start().
    Coro<> start();

private:
    std::string path_;
};

// A site on a socket that is bound already, as from systemd: aiohttp.web.SockSite.
class SockSite : public Site {
public:
    // `fd` stays the caller's until start() returns.
    SockSite(AppRunner& runner, int fd, SiteOptions options = {});
    // Listens from now on, and owns the socket. Errors: as start_server() with a socket; RuntimeError as
    // TCPSite::start().
    Coro<> start();

private:
    int fd_;
};

}  // namespace aio::http
