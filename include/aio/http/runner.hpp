// Runs an application inside a program that has a loop of its own: AppRunner, and sites, where it listens
// (aiohttp.web.AppRunner, TCPSite, UnixSite, SockSite).
//
//     aio::http::AppRunner runner(app);
//     co_await runner.setup();
//     aio::http::TCPSite site(runner, "127.0.0.1", 8080);
//     co_await site.start();
//     ...
//     co_await runner.cleanup();
//
// cleanup() ends it gracefully, in this order: the sites listen no more; connections without a request are closed;
// on_shutdown; requests that are being answered have shutdown_timeout to end, and then are cancelled; on_cleanup.
//
// Thread rule: the loop's thread. Source: aiohttp 3.11 web_runner.py.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/access_log.hpp>
#include <aio/http/application.hpp>
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

// Trivially destructible, so that `{.shutdown_timeout = ...}` is safe inside a co_await expression on g++ 12. Times
// are kept to the second, rounded up: one timer looks after all connections.
struct RunnerOptions {
    // How long a connection may stay open without a request. (75 s is what nginx and older aiohttp have; aiohttp 3.12
    // has an hour, so that a proxy in front closes first.)
    Duration keepalive_timeout = std::chrono::seconds(75);
    // From a request's first byte to the end of its head (slowloris), and for a new connection's first request.
    Duration head_timeout = std::chrono::seconds(60);
    // A body that a handler waits for must bring this many bytes in each such time, or the request is answered 408.
    Duration body_timeout = std::chrono::seconds(30);
    std::size_t min_body_rate = 128;  // bytes per second
    // A client must take something in this time, or the connection is dropped.
    Duration send_timeout = std::chrono::seconds(60);
    // How long what a client still sends is read and dropped, before the connection is closed.
    Duration lingering_time = std::chrono::seconds(10);
    // What clients may send, in bytes: the request's target, one header, all headers; and how many headers.
    std::size_t max_line_size = 8190;
    std::size_t max_field_size = 8190;
    std::size_t max_head_size = 64 * 1024;
    std::size_t max_headers = 128;
    // Cancels a handler when its client has gone; noticed within a second. Off, it runs to its end: shield() what must.
    bool handler_cancellation = false;
    Duration shutdown_timeout = std::chrono::seconds(60);
    AccessLogSink access_log = nullptr;  // null: no log
    std::string_view access_log_format = kAccessLogFormat;
};

class AppRunner {
public:
    // `app` outlives it.
    explicit AppRunner(Application& app, RunnerOptions options = {});
    // Without cleanup(), where an exception passed by: connections are dropped, and their handlers cancelled.
    ~AppRunner();
    AppRunner(const AppRunner&) = delete;
    AppRunner& operator=(const AppRunner&) = delete;

    // app.startup(). Errors: what the application's functions throw.
    Coro<> setup();
    // Cancel: what is left of the order above is done without waiting for handlers. Errors: as setup().
    Coro<> cleanup();

    Application& app() const noexcept { return app_; }
    // Connections that are open.
    std::size_t connections() const noexcept;
    // Where the sites listen: "http://127.0.0.1:8080".
    std::vector<std::string> addresses() const;

    // For servers of one's own, and tests: serves one connection. Errors: RuntimeError before setup().
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

// What the sites have in common. Trivially destructible.
struct SiteOptions {
    int backlog = 128;
    bool reuse_address = true;
    bool reuse_port = false;
    aio::ssl::Use ssl = {};  // a context with a certificate: https
    std::optional<Duration> ssl_handshake_timeout = {};
    std::optional<Duration> ssl_shutdown_timeout = {};
};

class Site {
public:
    // "http://127.0.0.1:8080", with the port that was got. Errors: RuntimeError before start().
    const std::string& name() const;
    int port() const { return server().port(); }
    // Listens no more; connections go on. AppRunner::cleanup() does it.
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

class TCPSite : public Site {
public:
    // host empty: all interfaces. port 0: one that is free. The options' context is used in start().
    explicit TCPSite(AppRunner& runner, std::string host = {}, int port = 8080, SiteOptions options = {});
    // Errors: as start_server(); RuntimeError before setup(), or the second time.
    Coro<> start();

private:
    std::string host_;
    int port_;
};

class UnixSite : public Site {
public:
    UnixSite(AppRunner& runner, std::string path, SiteOptions options = {});
    Coro<> start();

private:
    std::string path_;
};

// On a socket that is bound already, as systemd gives it.
class SockSite : public Site {
public:
    SockSite(AppRunner& runner, int fd, SiteOptions options = {});
    // Errors: as start_server() with a socket, which is the site's from then on.
    Coro<> start();

private:
    int fd_;
};

}  // namespace aio::http
