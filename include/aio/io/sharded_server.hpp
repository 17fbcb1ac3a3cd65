// A server on every loop of a LoopGroup, all on one port: the kernel distributes the connections.
//
//     aio::LoopGroup group;
//     auto server = co_await aio::start_sharded_server(group, handle, "0.0.0.0", 8080);
//     co_await server.serve_forever();
//
// Each loop listens by itself (SO_REUSEPORT) and keeps the connections that it accepted: loops share nothing and pass
// nothing on, so that the server's capacity grows with the loops. The kernel chooses by a hash of both addresses and
// ports. With many connections each loop has about its share; with a few, one loop may have them all: 8 connections on
// 2 loops are shared 4 to 4 in one case of four only.
//
// Thread rule: a ShardedServer belongs to no loop; all of it may be used from any loop.
// Source: SO_REUSEPORT in socket(7); create_server(reuse_port=True), CPython 3.13.
#pragma once

#include <aio/io/server.hpp>
#include <aio/sync/loop_group.hpp>

#include <memory>
#include <string>
#include <utility>

namespace aio {

namespace detail {
class Shards;
}

// The servers of all loops. A handle: copies name the same servers. When the last one is dropped they stop listening,
// as by close(); connections stay open.
class ShardedServer {
public:
    explicit ShardedServer(std::shared_ptr<detail::Shards> shards) noexcept : shards_(std::move(shards)) {}

    // The port of the first address.
    int port() const noexcept;
    // The number of loops that listen: the size of the group; 0 once closed.
    std::size_t serving() const noexcept;

    // Stops listening, on all loops. Connections stay open.
    void close() const noexcept;
    // Waits until the servers and all their connections are closed. Cancel: nothing happens to them.
    Coro<> wait_closed() const;
    // Waits until it is cancelled, or close() is called; throws CancelledError once the servers and their connections
    // are closed. Cancel: it closes both, as Server::serve_forever().
    Coro<> serve_forever() const;

    // Calls close(), or abort(), on each connection.
    void close_clients() const;
    void abort_clients() const;

private:
    std::shared_ptr<detail::Shards> shards_;
};

namespace detail {

// Makes the handler of one loop: each has a copy of its own.
using ShardHandlers = Function<ClientHandler()>;
Coro<ShardedServer> start_shards(LoopGroup& group, ShardHandlers handlers, std::string host, int port,
                                 ServerOptions options);

}  // namespace detail

// start_server() on each loop of `group`, with a copy of `handler` for each, on one port (0: the first loop takes a
// free one, the others the same). Await it on any loop. The group must outlive the servers; stopping it closes them.
// Errors: as start_server(), and then no loop listens; RuntimeError when the group was stopped.
template <detail::HandlesClients F>
Coro<ShardedServer> start_sharded_server(LoopGroup& group, F&& handler, std::string host, int port,
                                         ServerOptions options = {}) {
    auto make = [handler = std::decay_t<F>(std::forward<F>(handler))]() { return detail::client_handler(handler); };
    return detail::start_shards(group, detail::ShardHandlers(std::move(make)), std::move(host), port, options);
}

}  // namespace aio
