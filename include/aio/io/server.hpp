// Servers: start_server() listens and calls a handler with the two ends of each connection.
//
//     aio::Coro<> handle(aio::StreamReader reader, aio::StreamWriter writer) { ... }
//
//     auto server = co_await aio::start_server(handle, "127.0.0.1", 8080);
//     co_await server.serve_forever();
//
// A handler that is a coroutine runs as a task of its own: an exception of it is reported to the loop's exception
// handler as "Unhandled exception in client_connected_cb", and the connection is closed. The connection also closes
// when its last handle is dropped, hence at the latest when the handler has ended.
//
// When accept() fails, with any error, the server reports it to the loop's exception handler (at most once a second),
// pauses for 100 ms, and accepts again: "socket.accept() out of system resource" without descriptors or memory, "Accept
// failed on a socket" otherwise. Errors of one connection, such as ECONNABORTED, are not reported.
//
// Thread rule: the loop's thread. Source: asyncio.Server and start_server, CPython 3.13 (semantics 47).
#pragma once

#include <aio/base/function.hpp>
#include <aio/core/task.hpp>
#include <aio/io/stream.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio {

namespace detail {
class ServerState;
}

// The options of start_server(). Trivially destructible, so that `{.backlog = ...}` is safe inside a co_await
// expression on g++ 12.
struct ServerOptions {
    int backlog = 100;                          // connections that the kernel queues until they are accepted
    bool reuse_address = true;                  // SO_REUSEADDR: listen again right after an earlier server
    bool reuse_port = false;                    // SO_REUSEPORT: several processes listen on one port
    bool keep_alive = false;                    // SO_KEEPALIVE on each connection
    bool start_serving = true;                  // false: not before start_serving() or serve_forever()
    std::size_t limit = detail::kDefaultLimit;  // of each reader's buffer, in bytes
    // For sending the buffered data, and for handlers to end, when serve_forever() is cancelled.
    Duration shutdown_timeout = std::chrono::seconds(10);

    // TLS, with <aio/io/ssl.hpp>: a context with a certificate. The handler is called after the handshake. A failed
    // handshake is logged in debug mode only.
    aio::ssl::Use ssl = {};
    std::optional<Duration> ssl_handshake_timeout = {};  // default: 60 seconds
    std::optional<Duration> ssl_shutdown_timeout = {};   // default: 30 seconds without progress
};

// A listening server: asyncio.Server. A handle: copies name the same server. When the last one is dropped the server
// stops listening, as by close(); connections stay open.
class Server {
public:
    explicit Server(detail::ServerState* state) noexcept;  // adopts one reference
    Server(const Server& other) noexcept;
    Server(Server&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    Server& operator=(Server other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~Server();

    // The port of the first address; 0 for AF_UNIX and once closed.
    int port() const;
    // The addresses on which it listens; empty once closed.
    std::vector<Address> sockets() const;

    // Accepts connections from now on, if it does not yet. Errors: OSError when it cannot listen; RuntimeError when
    // closed.
    void start_serving() const;
    // Whether it accepts connections.
    bool is_serving() const noexcept;
    // Serves until it is cancelled, or close() is called; throws CancelledError once the server and all its connections
    // are closed. Cancel: it closes the server and the connections; data written to clients are sent first, and handlers
    // read the end of the stream. It waits for the handlers, which may refer to variables of the caller: those that have
    // not ended after shutdown_timeout are cancelled. After close() it waits until the connections are
    // closed. Errors: RuntimeError when another serve_forever() waits, or when closed.
    Coro<> serve_forever() const;

    // Stops listening. Connections stay open.
    void close() const noexcept;
    // Waits until the server and all its connections are closed.
    Coro<> wait_closed() const;
    // Calls close(), or abort(), on each connection.
    void close_clients() const;
    void abort_clients() const;

    // For the library: the state behind the handle.
    detail::ServerState& state() const noexcept { return *state_; }

private:
    detail::ServerState* state_;
};

namespace detail {

// Calls the handler; the task that it became, if it is a coroutine.
using ClientHandler = Function<FutureRef<FutureBase>(StreamReader, StreamWriter)>;

template <class F>
concept HandlesClients = std::invocable<std::decay_t<F>&, StreamReader, StreamWriter>;

template <class F>
ClientHandler client_handler(F&&) {
    static_assert(HandlesClients<F>, "a server's handler is called with (aio::StreamReader, aio::StreamWriter)");
    return {};
}
template <HandlesClients F>
ClientHandler client_handler(F&& handler) {
    using Returned = std::invoke_result_t<std::decay_t<F>&, StreamReader, StreamWriter>;
    static_assert(is_coro<Returned> || std::is_void_v<Returned>,
                  "a connection's handler returns aio::Coro<> or nothing");
    return ClientHandler(
        [handler = std::decay_t<F>(std::forward<F>(handler))](StreamReader reader, StreamWriter writer) mutable {
            if constexpr (is_coro<Returned>) {
                auto task = create_task(handler(std::move(reader), std::move(writer)));
                return FutureRef<FutureBase>::share(task.base());
            } else {
                handler(std::move(reader), std::move(writer));
                return FutureRef<FutureBase>();
            }
        });
}

// Plain functions, which keep the objects that the options name.
Coro<Server> start_tcp_server(ClientHandler handler, std::string host, int port, const ServerOptions& options);
Coro<Server> start_tcp_server(ClientHandler handler, std::vector<std::string> hosts, int port,
                              const ServerOptions& options);
Coro<Server> start_path_server(ClientHandler handler, std::string path, const ServerOptions& options);
Coro<Server> start_socket_server(ClientHandler handler, int fd, const ServerOptions& options);

}  // namespace detail

// Listens on every address of `host` (empty: on all interfaces, IPv4 and IPv6), at `port` (0: a free one). Calls
// `handler(reader, writer)` for each connection. asyncio.start_server. Result: the Server.
// A handler with captures must be a named variable: as a temporary inside a co_await expression g++ 12 would
// destroy it twice (docs/compilers.md).
// Errors: OSError (address in use, not of this machine, no permission); GaiError; ValueError for an
// invalid port or a limit of 0.
template <class F>
Coro<Server> start_server(F&& handler, std::string host, int port, ServerOptions options = {}) {
    return detail::start_tcp_server(detail::client_handler(std::forward<F>(handler)), std::move(host), port, options);
}
// On every address of all of `hosts`.
template <class F>
Coro<Server> start_server(F&& handler, std::vector<std::string> hosts, int port, ServerOptions options = {}) {
    return detail::start_tcp_server(detail::client_handler(std::forward<F>(handler)), std::move(hosts), port,
                                    options);
}

// The same on a socket that is bound, and perhaps listens already, from systemd or an earlier process. The server owns
// it from then on, and only closes it: other processes that have it keep accepting.
// Errors: ValueError for a descriptor that is no stream socket; RuntimeError when a stream owns it; OSError. It then
// stays the caller's.
template <class F>
Coro<Server> start_server(F&& handler, int fd, ServerOptions options = {}) {
    return detail::start_socket_server(detail::client_handler(std::forward<F>(handler)), fd, options);
}

// The same on an AF_UNIX path ('\0' first: the abstract namespace): asyncio.start_unix_server. An existing socket there
// is replaced, and the path is removed when the server closes, if it is still its own.
template <class F>
Coro<Server> start_unix_server(F&& handler, std::string path, ServerOptions options = {}) {
    return detail::start_path_server(detail::client_handler(std::forward<F>(handler)), std::move(path), options);
}

}  // namespace aio
