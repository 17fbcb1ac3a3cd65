// serve(): its options, listening, and the end of a server. The handshake is in handshake.cpp.
#include <aio/ws/server.hpp>

#include <aio/base/error.hpp>
#include <aio/core/task.hpp>
#include <aio/http/server/router.hpp>
#include <aio/ws/router.hpp>

#include "http/wire/syntax.hpp"
#include "http/ws_connection.hpp"
#include "ws/extensions.hpp"
#include "ws/server_state.hpp"

#include <string>
#include <utility>

namespace aio::ws {

namespace detail {

namespace {

http::RunnerOptions runner_options(const Options& options, Duration shutdown_timeout) {
    http::RunnerOptions all;
    all.shutdown_timeout = shutdown_timeout;
    all.head_timeout = options.open_timeout;
    return all;
}

std::string ws_url(const std::string& http_url) {  // "http://...", "https://...", "http+unix://..."
    return "ws" + http_url.substr(4);
}

}  // namespace

ServerState::ServerState(std::shared_ptr<ServeSettings> its_settings, Duration shutdown_timeout)
    : settings(std::move(its_settings)), runner(app, runner_options(settings->options, shutdown_timeout)) {
    settings->owns_requests = true;
    app.router().add_route("*", "/{path:.*}", [settings = settings](http::Request& request) {
        return serve_request(settings, request);
    });
}

Coro<> ServerState::start(std::string host, int its_port, std::string unix_path, http::SiteOptions options) {
    co_await runner.setup();
    if (unix_path.empty()) {
        tcp.emplace(runner, std::move(host), its_port, options);
        co_await tcp->start();
        port = tcp->port();
        url = ws_url(tcp->name());
    } else {
        unix_site.emplace(runner, std::move(unix_path), options);
        co_await unix_site->start();
        url = ws_url(unix_site->name());
    }
    serving = true;
}

void ServerState::close(bool close_connections, std::uint16_t code, std::string_view reason) {
    http::detail::check_close(code, reason);
    if (!serving) return;
    // First what needs memory: without it nothing is closed, and the next call does it.
    const Task<> ending = create_task(finish(shared_from_this(), close_connections));
    // Its end sets the event, also when it is cancelled before its first step.
    ending.add_done_callback([self = shared_from_this()](const Task<>&) { self->closed.set(); });
    serving = false;
    settings->closing = true;
    if (!close_connections) return;
    for (ConnectionState* connection : settings->open) connection->channel->start_close(code, reason);
}

Coro<> ServerState::finish(std::shared_ptr<ServerState> self, bool close_connections) {
    if (!close_connections) {
        if (self->tcp) co_await self->tcp->stop();
        if (self->unix_site) co_await self->unix_site->stop();
        if (!self->settings->open.empty()) co_await self->settings->all_left.wait();
    }
    co_await self->runner.cleanup();
}

}  // namespace detail

// --- Serve -----------------------------------------------------------------------------------------------------------

Serve::Serve(Handler handler, std::string host, int port, std::string unix_path, const Options& options)
    : settings_(std::make_shared<detail::ServeSettings>()),
      host_(std::move(host)),
      unix_path_(std::move(unix_path)),
      port_(port) {
    if (!handler) throw ValueError("serve: there is no handler");
    static_cast<void>(detail::rules_of(options));
    static_cast<void>(detail::terms_of(options.deflate));
    settings_->handler = std::move(handler);
    settings_->options = options;
}

Serve&& Serve::subprotocol(std::string_view name) {
    if (!http::wire::is_token(name)) {
        throw ValueError("'" + http::wire::printable(name) + "' is not a valid subprotocol name");
    }
    settings_->protocols.emplace_back(name);
    return std::move(*this);
}

Serve&& Serve::select_subprotocol(SelectSubprotocol choose) {
    settings_->select_subprotocol = std::move(choose);
    return std::move(*this);
}

Serve&& Serve::extension(std::shared_ptr<const ServerExtensionFactory> factory) {
    if (!factory) throw ValueError("extension: the factory is null");
    detail::check_extension_name(factory->name());
    settings_->extensions.push_back(std::move(factory));
    return std::move(*this);
}

Serve&& Serve::origin(std::string_view allowed) {
    settings_->origins.emplace_back(allowed);
    return std::move(*this);
}

Serve&& Serve::process_request(ProcessRequest process) {
    settings_->process_request = std::move(process);
    return std::move(*this);
}

Serve&& Serve::process_response(ProcessResponse process) {
    settings_->process_response = std::move(process);
    return std::move(*this);
}

Serve&& Serve::basic_auth(std::string_view realm, CheckCredentials check) {
    if (realm.empty() || realm.find_first_of("\"\\\r\n") != std::string_view::npos) {
        throw ValueError("basic_auth: the realm must not be empty, nor have quotes or line breaks");
    }
    if (!check) throw ValueError("basic_auth: there is no function that checks credentials");
    settings_->realm = realm;
    settings_->check_credentials = std::move(check);
    return std::move(*this);
}

namespace {

// In a time that does not depend on where they differ.
bool equal_secrets(std::string_view a, std::string_view b) noexcept {
    unsigned char difference = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const char other = i < b.size() ? b[i] : '\0';
        difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(a[i] ^ other));
    }
    return difference == 0;
}

Coro<bool> is_same(bool same) { co_return same; }

}  // namespace

Serve&& Serve::basic_auth(std::string_view realm, std::string username, std::string password) {
    return std::move(*this).basic_auth(realm, [username = std::move(username), password = std::move(password)](
                                                  const std::string& user, const std::string& given) {
        const bool same_user = equal_secrets(user, username), same_password = equal_secrets(given, password);
        return is_same(same_user && same_password);
    });
}

Serve&& Serve::router(Router router) {
    settings_->router = router.state();
    return std::move(*this);
}

Serve&& Serve::site(const http::SiteOptions& options) {
    site_ = options;
    return std::move(*this);
}

Serve&& Serve::shutdown_timeout(Duration limit) {
    shutdown_timeout_ = limit;
    return std::move(*this);
}

namespace {

Coro<Server> start_serving(std::shared_ptr<detail::ServerState> state, std::string host, int port,
                           std::string unix_path, http::SiteOptions options) {
    co_await state->start(std::move(host), port, std::move(unix_path), options);
    co_return Server(std::move(state));
}

}  // namespace

Coro<Server> Serve::start() && {
    auto state = std::make_shared<detail::ServerState>(std::move(settings_), shutdown_timeout_);
    return start_serving(std::move(state), std::move(host_), port_, std::move(unix_path_), site_);
}

aio::detail::Function<Coro<http::Response>(http::Request&)> Serve::http_handler() && {
    settings_->is_route = true;
    return [settings = std::move(settings_)](http::Request& request) {
        return detail::serve_request(settings, request);
    };
}

Serve serve(Handler handler, std::string host, int port, const Options& options) {
    return Serve(std::move(handler), std::move(host), port, {}, options);
}

Serve unix_serve(Handler handler, std::string path, const Options& options) {
    if (path.empty()) throw ValueError("unix_serve: the path is empty");
    return Serve(std::move(handler), {}, 0, std::move(path), options);
}

aio::detail::Function<Coro<http::Response>(http::Request&)> http_handler(Handler handler, const Options& options) {
    return serve(std::move(handler), {}, 0, options).http_handler();
}

// --- Server ----------------------------------------------------------------------------------------------------------

int Server::port() const { return state_->port; }
std::string Server::url() const { return state_->url; }
bool Server::is_serving() const noexcept { return state_->serving; }

std::vector<Connection> Server::connections() const {
    std::vector<Connection> all;
    all.reserve(state_->settings->open.size());
    for (detail::ConnectionState* connection : state_->settings->open) {
        if (connection->channel->writable()) all.emplace_back(connection->shared_from_this());
    }
    return all;
}

void Server::close(bool close_connections, std::uint16_t code, std::string_view reason) {
    state_->close(close_connections, code, reason);
}

Coro<> Server::wait_closed() {
    const std::shared_ptr<detail::ServerState> state = state_;
    co_await state->closed.wait();
}

Coro<> Server::serve_forever() {
    const std::shared_ptr<detail::ServerState> state = state_;
    std::exception_ptr cancelled;
    try {
        co_await state->closed.wait();
    } catch (const CancelledError&) {
        cancelled = std::current_exception();
    }
    if (!cancelled) co_return;
    state->close(true, 1001, "");
    co_await state->closed.wait();
    std::rethrow_exception(cancelled);
}

}  // namespace aio::ws
