// serve(): a WebSocket server, with the names of Python's websockets library.
//
//     aio::Coro<> echo(aio::ws::Connection& connection) {
//         while (auto message = co_await connection.next()) co_await connection.send(*message);
//     }
//     ...
//     auto server = co_await aio::ws::serve(echo, "127.0.0.1", 8765);
//     co_await server.serve_forever();
//
// A connection is closed with 1000 when its handler returns, and with 1011 when it throws; ConnectionClosed, which says that the
// other side has gone, is no error. The server is one of aio::http, with its limits on requests.
//
// A route of an http::Application becomes a WebSocket with http_handler(): app.router().add_get("/ws", http_handler(echo)).
// Thread rule: the loop's thread. Source: websockets 16 asyncio/server.py, asyncio/router.py, server.py.
#pragma once

#include <aio/base/function.hpp>
#include <aio/core/coro.hpp>
#include <aio/http/client/client_request.hpp>
#include <aio/http/server/request.hpp>
#include <aio/http/server/response.hpp>
#include <aio/http/server/runner.hpp>
#include <aio/ws/connection.hpp>
#include <aio/ws/extension.hpp>
#include <aio/ws/options.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::ws {

class Router;

// Serves one connection.
using Handler = aio::detail::Function<Coro<>(Connection&)>;
// May answer a request itself: a health check, say. nullopt: the handshake goes on. Runs before it is checked.
using ProcessRequest = aio::detail::Function<Coro<std::optional<http::Response>>(http::Request&)>;
// May change the headers of the response that accepts a handshake.
using ProcessResponse = aio::detail::Function<Coro<>(http::Request&, http::Headers&)>;
// Chooses among the subprotocols that the client offers; nullopt: none. NegotiationError rejects the handshake with 400.
using SelectSubprotocol =
    aio::detail::Function<std::optional<std::string>(http::Request&, const std::vector<std::string>& offered)>;
// Whether a user has this password.
using CheckCredentials = aio::detail::Function<Coro<bool>(const std::string& username, const std::string& password)>;

namespace detail {
struct ServeSettings;
class ServerState;
}  // namespace detail

// A server that listens: websockets.asyncio.server.Server. A handle: copies name the same server. When the last one is dropped,
// its connections are dropped too.
class Server {
public:
    explicit Server(std::shared_ptr<detail::ServerState> state) noexcept : state_(std::move(state)) {}

    // The port it listens at; 0 for an AF_UNIX socket.
    int port() const;
    // Its URL: "ws://127.0.0.1:8765".
    std::string url() const;
    // Whether it listens.
    bool is_serving() const noexcept;
    // The open connections.
    std::vector<Connection> connections() const;

    // Stops listening, rejects handshakes in progress with 503, and closes the open connections with `code` and `reason`;
    // close_connections false: leaves them to their handlers. No effect the second time. Errors: ValueError for a code that
    // may not be sent.
    void close(bool close_connections = true, std::uint16_t code = 1001, std::string_view reason = "");
    // Waits until it is closed, and all handlers have returned; those that have not after shutdown_timeout are cancelled.
    // Cancel: the closing goes on.
    Coro<> wait_closed();
    // Serves until it is closed. Cancel: closes the server, and waits for that.
    Coro<> serve_forever();

private:
    std::shared_ptr<detail::ServerState> state_;
};

// A server that does not listen yet, and its awaitable. Result: the Server.
// *Errors*: as aio::start_server(); ValueError for options that make no sense.
class [[nodiscard("a server listens when it is awaited")]] Serve {
public:
    using native_awaitable = void;

    // For the library: serve() makes it. unix_path empty: host and port.
    Serve(Handler handler, std::string host, int port, std::string unix_path, const Options& options);

    // Supports a subprotocol, the preferred one first. Of several that a client offers the first supported one is chosen.
    // Errors: ValueError for no token.
    Serve&& subprotocol(std::string_view name);
    // Chooses the subprotocol in place of that.
    Serve&& select_subprotocol(SelectSubprotocol choose);
    // Supports an extension. Of a client's offers, in its order, those that a factory takes are accepted, and then
    // permessage-deflate. A header that cannot be read rejects the handshake with 400. Errors: as Connect::extension().
    Serve&& extension(std::shared_ptr<const ServerExtensionFactory> factory);
    // A site whose pages may connect, as "https://example.org"; with any, others get 403. "": clients without an Origin.
    Serve&& origin(std::string_view allowed);
    Serve&& process_request(ProcessRequest process);
    Serve&& process_response(ProcessResponse process);
    // Basic authentication; without it 401. Connection::username() is who was accepted.
    Serve&& basic_auth(std::string_view realm, CheckCredentials check);
    Serve&& basic_auth(std::string_view realm, std::string username, std::string password);
    // The listening socket: TLS (it must live until this is awaited), backlog...
    Serve&& site(const http::SiteOptions& options);
    // Chooses the handler by the path, in place of the one that was given: for route(), of router.hpp.
    Serve&& router(Router router);
    // How long handlers may run after close(). Default: 60 seconds.
    Serve&& shutdown_timeout(Duration limit);

    // The same as awaiting it, as a coroutine.
    Coro<Server> start() &&;
    http::detail::SendingAwaiter<Server> operator co_await() && {
        return http::detail::SendingAwaiter<Server>(std::move(*this).start());
    }

    // A handler for routes of an http::Application, with these options; host, port and site do not matter. Such connections
    // are closed with 1001 when its AppRunner is cleaned up.
    aio::detail::Function<Coro<http::Response>(http::Request&)> http_handler() &&;

private:
    std::shared_ptr<detail::ServeSettings> settings_;
    std::string host_, unix_path_;
    int port_;
    http::SiteOptions site_;
    Duration shutdown_timeout_ = std::chrono::seconds(60);
};

// Listens at `host` (empty: all interfaces) and `port` (0: a free one): websockets.serve.
Serve serve(Handler handler, std::string host, int port, const Options& options = {});
// The same at an AF_UNIX path: websockets.unix_serve.
Serve unix_serve(Handler handler, std::string path, const Options& options = {});
// A handler for a route of an http::Application: serve(handler, "", 0, options).http_handler().
aio::detail::Function<Coro<http::Response>(http::Request&)> http_handler(Handler handler,
                                                                         const Options& options = {});

}  // namespace aio::ws
