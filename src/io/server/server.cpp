// Servers as users have them: start, addresses, serve_forever, the end. server_state.cpp has their connections.
#include <aio/io/server.hpp>

#include <aio/base/error.hpp>
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>
#include <aio/core/wait.hpp>

#include "io/names/resolve.hpp"
#include "io/server/server_state.hpp"

#include <algorithm>
#include <cerrno>

namespace aio {

Server::Server(detail::ServerState* state) noexcept : state_(state) {}
Server::Server(const Server& other) noexcept : state_(other.state_) {
    if (state_) state_->add_handle();
}
Server::~Server() {
    if (state_) state_->drop_handle();
}

std::vector<Address> Server::sockets() const { return state_->sockets(); }

int Server::port() const {
    const std::vector<Address> addresses = sockets();
    return addresses.empty() ? 0 : addresses.front().port;
}

void Server::start_serving() const { state_->start_serving(); }
bool Server::is_serving() const noexcept { return state_->is_serving(); }
void Server::close() const noexcept { state_->close(); }
void Server::close_clients() const { state_->close_clients(); }
void Server::abort_clients() const { state_->abort_clients(); }

namespace {

// These take the server by value: it lives as long as someone waits for it.
Coro<> wait_until_closed(Server server) {
    if (server.state().all_closed()) co_return;
    const Future<> closed = server.state().closed_future();
    co_await closed;
}

Coro<> wait_for_handlers(Server server) {
    const std::vector<AnyTask> handlers = server.state().handlers();
    if (!handlers.empty()) co_await wait(handlers);
}

// Clients that do not take in time what was written to them are dropped; handlers that do not end in time are cancelled.
// All have ended when this returns: they may refer to variables of whoever serves.
Coro<> end_clients(Server server) {
    server.close();
    server.close_clients();
    const auto everything = [&]() -> Coro<> {
        co_await wait_until_closed(server);
        co_await wait_for_handlers(server);
    };
    try {
        co_await wait_for(everything(), server.state().shutdown_timeout());
        co_return;
    } catch (const TimeoutError&) {
        server.abort_clients();
    }
    for (const AnyTask& handler : server.state().handlers()) handler.cancel();
    co_await wait_for_handlers(server);
}

Coro<> serve_until_closed(Server server) {
    if (server.state().closed()) throw RuntimeError("Server.serve_forever: the server is closed");
    const Future<> serving = server.state().serving_future();
    server.start_serving();
    std::exception_ptr cancelled;
    try {
        co_await serving;
    } catch (const CancelledError&) {
        cancelled = std::current_exception();
    }
    // Not only close() was called: whoever waits here is to end, and clients that stay would keep it.
    if (current_task().cancelling() > 0) co_await end_clients(server);
    co_await server.wait_closed();
    std::rethrow_exception(cancelled);
}

// A host with several addresses may have some whose family this machine has switched off (CPython bpo-30945).
bool is_absent_family(int error) noexcept { return error == EADDRNOTAVAIL || error == EAFNOSUPPORT; }

void listen_on(detail::ServerState& state, const std::vector<detail::RawAddress>& addresses) {
    std::exception_ptr absent;
    std::size_t listening = 0;
    for (const detail::RawAddress& address : addresses) {
        try {
            state.add_listener(address);
            ++listening;
        } catch (const OSError& error) {
            if (!is_absent_family(error.code())) throw;
            absent = std::current_exception();
        }
    }
    if (listening == 0) std::rethrow_exception(absent);
}

using FilterMaker = std::shared_ptr<detail::FilterFactory>;

FilterMaker filter_of(const ServerOptions& options) {
    if (!options.ssl) return nullptr;
    detail::TlsRequest request;
    request.context = options.ssl.context();
    request.server_side = true;
    request.handshake_timeout = options.ssl_handshake_timeout;
    request.shutdown_timeout = options.ssl_shutdown_timeout;
    return options.ssl.make(request);
}

// An option that makes no sense as it stands, or null.
const char* misused(const ServerOptions& options) {
    if (options.ssl) return nullptr;
    if (options.ssl_handshake_timeout) return "ssl_handshake_timeout is only meaningful with ssl";
    if (options.ssl_shutdown_timeout) return "ssl_shutdown_timeout is only meaningful with ssl";
    return nullptr;
}

// `listen`: what makes the listeners.
template <class F>
Server make_server(detail::ClientHandler handler, ServerOptions options, FilterMaker filter, const F& listen) {
    if (const char* misuse = misused(options)) throw ValueError(std::string("start_server: ") + misuse);
    if (options.limit == 0) throw ValueError("start_server: the limit must be positive");
    detail::LoopState& loop = detail::LoopState::of(detail::require_loop());
    Server server(new detail::ServerState(loop, std::move(handler), options, std::move(filter)));
    listen(server.state());
    if (options.start_serving) server.start_serving();
    return server;
}

}  // namespace

Coro<> Server::wait_closed() const { return wait_until_closed(*this); }
Coro<> Server::serve_forever() const { return serve_until_closed(*this); }

namespace {

// Each address once, whichever names it has.
Coro<std::vector<detail::RawAddress>> resolve_all(std::vector<std::string> hosts, int port) {
    std::vector<detail::RawAddress> addresses;
    for (const std::string& host : hosts) {
        const std::vector<detail::RawAddress> found = co_await detail::resolve(host, port, true);
        for (const detail::RawAddress& address : found) {
            const auto same = [&](const detail::RawAddress& other) { return other.str() == address.str(); };
            if (std::none_of(addresses.begin(), addresses.end(), same)) addresses.push_back(address);
        }
    }
    co_return addresses;
}

Coro<Server> listen_tcp(detail::ClientHandler handler, std::vector<std::string> hosts, int port,
                        ServerOptions options, FilterMaker filter) {
    detail::check_port("start_server", port);
    if (hosts.empty()) throw ValueError("start_server: there must be at least one host");
    if (filter) co_await filter->prepare();
    const std::vector<detail::RawAddress> addresses = co_await resolve_all(std::move(hosts), port);
    const auto listen = [&](detail::ServerState& state) { listen_on(state, addresses); };
    co_return make_server(std::move(handler), options, std::move(filter), listen);
}

Coro<Server> listen_unix(detail::ClientHandler handler, std::string path, ServerOptions options, FilterMaker filter) {
    if (filter) co_await filter->prepare();
    const detail::RawAddress address = detail::RawAddress::unix_path(path);
    const auto listen = [&](detail::ServerState& state) { state.add_listener(address); };
    co_return make_server(std::move(handler), options, std::move(filter), listen);
}

Coro<Server> listen_socket(detail::ClientHandler handler, int fd, ServerOptions options, FilterMaker filter) {
    if (filter) co_await filter->prepare();
    const auto listen = [&](detail::ServerState& state) { state.add_listener(fd); };
    co_return make_server(std::move(handler), options, std::move(filter), listen);
}

}  // namespace

namespace detail {

Coro<Server> start_tcp_server(ClientHandler handler, std::vector<std::string> hosts, int port,
                              const ServerOptions& options) {
    return listen_tcp(std::move(handler), std::move(hosts), port, options, filter_of(options));
}

Coro<Server> start_tcp_server(ClientHandler handler, std::string host, int port, const ServerOptions& options) {
    return start_tcp_server(std::move(handler), std::vector<std::string>(1, host), port, options);
}

Coro<Server> start_path_server(ClientHandler handler, std::string path, const ServerOptions& options) {
    return listen_unix(std::move(handler), std::move(path), options, filter_of(options));
}

Coro<Server> start_socket_server(ClientHandler handler, int fd, const ServerOptions& options) {
    return listen_socket(std::move(handler), fd, options, filter_of(options));
}

}  // namespace detail

}  // namespace aio
