// AppRunner, with the order of a graceful shutdown, and the sites: listening sockets and their URLs. The connections
// are in web_server.cpp; run_app.cpp adds signals and worker threads.
#include <aio/base/error.hpp>
#include <aio/core/sleep.hpp>
#include <aio/http/server/runner.hpp>

#include "http/server/web_server.hpp"

#include <exception>
#include <utility>

namespace aio::http {

AppRunner::AppRunner(Application& app, RunnerOptions options)
    : app_(app),
      server_(std::make_shared<detail::WebServer>(app, options)),
      shutdown_timeout_(options.shutdown_timeout) {}

AppRunner::~AppRunner() { server_->abandon(); }

Coro<> AppRunner::setup() {
    if (set_up_) throw RuntimeError("AppRunner.setup: it was called already");
    co_await app_.startup();
    set_up_ = true;
}

std::size_t AppRunner::connections() const noexcept { return server_->connections(); }

std::vector<std::string> AppRunner::addresses() const {
    std::vector<std::string> all;
    for (const Listening& site : sites_) all.push_back(site.url);
    return all;
}

Coro<> AppRunner::serve(StreamReader reader, StreamWriter writer) {
    if (!set_up_) throw RuntimeError("AppRunner.serve: call setup() first");
    return detail::WebServer::serve(server_, std::move(reader), std::move(writer));
}

Coro<> AppRunner::cleanup() {
    for (const Listening& site : sites_) site.server.close();
    if (!std::exchange(set_up_, false)) co_return;
    std::exception_ptr failed;
    try {
        // What was accepted in this pass, and read, begins to be answered.
        co_await sleep(Duration(0));
        co_await sleep(Duration(0));
        server_->close_idle();
        co_await app_.shutdown();
        server_->close_websockets();
        bool ended = co_await server_->wait_ended(shutdown_timeout_);
        if (!ended) server_->cancel_all();
        const Duration grace = std::chrono::seconds(10);
        if (!ended) ended = co_await server_->wait_ended(grace);
    } catch (...) {
        failed = std::current_exception();
    }
    if (failed) server_->cancel_all();
    try {
        co_await app_.cleanup();
    } catch (...) {
        if (!failed) failed = std::current_exception();
    }
    sites_.clear();
    if (failed) std::rethrow_exception(failed);
}

// --- sites -------------------------------------------------------------------------------------------------------

ServerOptions Site::server_options() const noexcept {
    ServerOptions options;
    options.backlog = options_.backlog;
    options.reuse_address = options_.reuse_address;
    options.reuse_port = options_.reuse_port;
    options.ssl = options_.ssl;
    options.ssl_handshake_timeout = options_.ssl_handshake_timeout;
    options.ssl_shutdown_timeout = options_.ssl_shutdown_timeout;
    return options;
}

const Server& Site::server() const {
    if (!server_) throw RuntimeError("the site was not started");
    return *server_;
}

const std::string& Site::name() const {
    static_cast<void>(server());
    return name_;
}

void Site::check_can_start() const {
    if (!runner_->set_up_) throw RuntimeError("Site.start: call AppRunner.setup() first");
    if (server_) throw RuntimeError("Site.start: it listens already at " + name_);
}

void Site::started(Server server, std::string url) {
    runner_->sites_.push_back({url, server});
    server_ = std::move(server);
    name_ = std::move(url);
}

Coro<> Site::stop() {
    server().close();
    co_return;
}

namespace {

std::string url_of(const SiteOptions& options, const std::string& host, int port) {
    const std::string shown = host.empty()                          ? "0.0.0.0"
                              : host.find(':') != std::string::npos ? "[" + host + "]"
                                                                    : host;
    const bool secure = static_cast<bool>(options.ssl);
    const std::string scheme = secure ? "https://" : "http://";
    if (port == (secure ? 443 : 80)) return scheme + shown;
    return scheme + shown + ":" + std::to_string(port);
}

// Connections may come when the runner has gone: a handshake was under way.
auto handler_of(std::shared_ptr<detail::WebServer> web_server) {
    return [web_server = std::move(web_server)](StreamReader reader, StreamWriter writer) {
        return detail::WebServer::serve(web_server, std::move(reader), std::move(writer));
    };
}

}  // namespace

TCPSite::TCPSite(AppRunner& runner, std::string host, int port, SiteOptions options)
    : Site(runner, options), host_(std::move(host)), port_(port) {}

Coro<> TCPSite::start() {
    check_can_start();
    const auto handler = handler_of(web_server());
    Server server = co_await start_server(handler, host_, port_, server_options());
    started(server, url_of(options(), host_, server.port()));
}

UnixSite::UnixSite(AppRunner& runner, std::string path, SiteOptions options)
    : Site(runner, options), path_(std::move(path)) {}

Coro<> UnixSite::start() {
    check_can_start();
    const auto handler = handler_of(web_server());
    Server server = co_await start_unix_server(handler, path_, server_options());
    started(server, "http+unix://" + path_);
}

SockSite::SockSite(AppRunner& runner, int fd, SiteOptions options) : Site(runner, options), fd_(fd) {}

Coro<> SockSite::start() {
    check_can_start();
    const auto handler = handler_of(web_server());
    Server server = co_await start_server(handler, fd_, server_options());
    const std::vector<Address> addresses = server.sockets();
    const Address& at = addresses.front();
    started(server, at.path.empty() ? url_of(options(), at.host, at.port) : "http+unix://" + at.path);
}

}  // namespace aio::http
