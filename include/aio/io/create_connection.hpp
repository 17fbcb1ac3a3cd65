// create_connection(), create_server() and similar functions: connections whose ends are a Transport and a protocol.
//
//     auto [transport, protocol] = co_await aio::create_connection([] { return std::make_unique<Client>(); },
//                                                                  "127.0.0.1", 8080);
//     aio::Server server = co_await aio::create_server([] { return std::make_unique<Echo>(); }, "127.0.0.1", 8080);
//
// The functions are those of streams with the factory of a protocol as their first argument, and take the same options:
// TLS, happy eyeballs, local addresses, several processes on one port (aio/io/stream.hpp, server.hpp, sock.hpp,
// pipe.hpp). At most twice the option `limit`, in bytes, is read before the protocol is called.
//
// A factory is any callable that returns a std::unique_ptr or std::shared_ptr to a Protocol or a BufferedProtocol. One
// with captures must be a named variable: as a temporary inside a co_await expression g++ 12 would destroy it twice
// (docs/compilers.md).
//
// The connection stays open when its handles are dropped (transport.hpp).
// Thread rule: the loop's thread. Source: CPython 3.13 base_events.py, unix_events.py.
#pragma once

#include <aio/io/pipe.hpp>
#include <aio/io/protocol.hpp>
#include <aio/io/server.hpp>
#include <aio/io/sock.hpp>
#include <aio/io/stream.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace aio {

namespace detail {

using ProtocolMaker = Function<std::shared_ptr<BaseProtocol>()>;

template <class F>
using ProtocolOf = typename std::invoke_result_t<std::decay_t<F>&>::element_type;

template <class F, class Base>
concept MakesA = std::invocable<std::decay_t<F>&> && std::derived_from<ProtocolOf<F>, Base> &&
                 std::convertible_to<std::invoke_result_t<std::decay_t<F>&>, std::shared_ptr<BaseProtocol>>;

template <class F>
concept MakesProtocols = MakesA<F, Protocol> || MakesA<F, BufferedProtocol>;

using ConnectedProtocol = std::pair<Transport, std::shared_ptr<BaseProtocol>>;

// Attaches a protocol to the stream that `opening` returns.
Coro<ConnectedProtocol> connect_protocol(ProtocolMaker maker, Coro<StreamPair> opening);
Coro<ConnectedProtocol> connect_pipe_protocol(ProtocolMaker maker, int fd, bool reading);
// A server's handler that makes protocols.
ClientHandler protocol_handler(ProtocolMaker maker);

template <class P>
Coro<std::pair<Transport, std::shared_ptr<P>>> typed(Coro<ConnectedProtocol> connecting) {
    ConnectedProtocol connected = co_await std::move(connecting);
    co_return std::pair<Transport, std::shared_ptr<P>>(std::move(connected.first),
                                                       std::static_pointer_cast<P>(std::move(connected.second)));
}

template <class F>
using ConnectedBy = Coro<std::pair<Transport, std::shared_ptr<ProtocolOf<F>>>>;

}  // namespace detail

// Connects, calls the factory, then connection_made(). loop.create_connection. Result: a pair of the Transport and a
// std::shared_ptr to the protocol.
// Cancel: the attempts are ended, their sockets closed; connection_made() is not called after that.
// Errors: as open_connection(); an exception of the factory or of connection_made(): the connection is then aborted,
// and connection_lost() called if there is a protocol. ValueError for a factory that returns null.
template <detail::MakesProtocols F>
detail::ConnectedBy<F> create_connection(F&& factory, std::string host, int port, ConnectionOptions options = {}) {
    return detail::typed<detail::ProtocolOf<F>>(detail::connect_protocol(
        detail::ProtocolMaker(std::forward<F>(factory)), open_connection(std::move(host), port, options)));
}

// The same to an AF_UNIX path ('\0' first: the abstract namespace). loop.create_unix_connection.
template <detail::MakesProtocols F>
detail::ConnectedBy<F> create_unix_connection(F&& factory, std::string path, ConnectionOptions options = {}) {
    return detail::typed<detail::ProtocolOf<F>>(detail::connect_protocol(
        detail::ProtocolMaker(std::forward<F>(factory)), open_unix_connection(std::move(path), options)));
}

// The same over a socket that is connected already, by a connect or an accept of the program's own (asyncio's
// create_connection(sock=) and connect_accepted_socket). As connect_accepted_socket(fd).
template <detail::MakesProtocols F>
detail::ConnectedBy<F> connect_accepted_socket(F&& factory, int fd, ConnectionOptions options = {}) {
    return detail::typed<detail::ProtocolOf<F>>(detail::connect_protocol(
        detail::ProtocolMaker(std::forward<F>(factory)), connect_accepted_socket(fd, options)));
}

// Listens, and calls the factory and connection_made() for each connection, in the context of this call; with TLS after
// the handshake. loop.create_server. An exception of the factory is reported as "Error on transport creation for
// incoming connection", and the connection aborted. Errors: as start_server().
template <detail::MakesProtocols F>
Coro<Server> create_server(F&& factory, std::string host, int port, ServerOptions options = {}) {
    return detail::start_tcp_server(detail::protocol_handler(std::forward<F>(factory)), std::move(host), port,
                                    options);
}
template <detail::MakesProtocols F>
Coro<Server> create_server(F&& factory, std::vector<std::string> hosts, int port, ServerOptions options = {}) {
    return detail::start_tcp_server(detail::protocol_handler(std::forward<F>(factory)), std::move(hosts), port,
                                    options);
}
// The same on a socket that is bound, which the server then owns.
template <detail::MakesProtocols F>
Coro<Server> create_server(F&& factory, int fd, ServerOptions options = {}) {
    return detail::start_socket_server(detail::protocol_handler(std::forward<F>(factory)), fd, options);
}
// The same on an AF_UNIX path, as start_unix_server(). loop.create_unix_server.
template <detail::MakesProtocols F>
Coro<Server> create_unix_server(F&& factory, std::string path, ServerOptions options = {}) {
    return detail::start_path_server(detail::protocol_handler(std::forward<F>(factory)), std::move(path), options);
}

// Pipes, FIFOs, terminals and other descriptors; the transport then owns `fd`. To write, any BaseProtocol will do.
// loop.connect_read_pipe, connect_write_pipe. Result: as create_connection().
// Errors: as the functions without a factory; those of the factory and of connection_made().
template <detail::MakesProtocols F>
detail::ConnectedBy<F> connect_read_pipe(F&& factory, int fd) {
    return detail::typed<detail::ProtocolOf<F>>(
        detail::connect_pipe_protocol(detail::ProtocolMaker(std::forward<F>(factory)), fd, true));
}
template <class F>
    requires detail::MakesA<F, BaseProtocol>
detail::ConnectedBy<F> connect_write_pipe(F&& factory, int fd) {
    return detail::typed<detail::ProtocolOf<F>>(
        detail::connect_pipe_protocol(detail::ProtocolMaker(std::forward<F>(factory)), fd, false));
}

}  // namespace aio
