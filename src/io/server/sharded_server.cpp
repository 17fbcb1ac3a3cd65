// ShardedServer: starts one Server per loop, all on one port, and posts close(), close_clients()... to their loops.
// Each of them is an ordinary server (server.cpp); the kernel, not this file, distributes the connections.
#include <aio/io/sharded_server.hpp>

#include <aio/core/log.hpp>
#include <aio/core/wait.hpp>

#include <atomic>
#include <optional>
#include <vector>

namespace aio {

namespace detail {

// One server per loop. Each is used on its own loop only, by the task that serves and by calls posted there.
class Shards {
public:
    explicit Shards(LoopGroup& group) : group_(group), slots_(group.size()) {}

    struct Slot {
        Server* server = nullptr;  // the loop's: in the frame of its task, while it serves
        AnyTask task;              // that task
        ConcurrentFuture<> ended;
    };

    Slot& slot(std::size_t index) noexcept { return slots_[index]; }
    std::size_t size() const noexcept { return slots_.size(); }
    LoopGroup& group() const noexcept { return group_; }

    std::atomic<std::size_t> serving{0};
    int port = 0;

private:
    LoopGroup& group_;
    std::vector<Slot> slots_;
};

namespace {

// Calls `act(slot)` on each loop that still serves.
template <class Act>
void on_each(const std::shared_ptr<Shards>& shards, Act act) {
    for (std::size_t index = 0; index < shards->size(); ++index) {
        if (shards->slot(index).ended.done()) continue;
        try {
            shards->group().loop(index).call_soon_threadsafe([shards, index, act] {
                Shards::Slot& slot = shards->slot(index);
                if (slot.server) act(slot);
            });
        } catch (const RuntimeError&) {
            // The group was stopped: its loops close their servers themselves.
        }
    }
}

// What keeps the servers open: they are closed when its last copy goes. Shards itself lives on in their tasks.
class OpenShards {
public:
    explicit OpenShards(std::shared_ptr<Shards> shards) noexcept : shards_(std::move(shards)) {}
    OpenShards(const OpenShards&) = delete;
    ~OpenShards() { ShardedServer(shards_).close(); }

private:
    std::shared_ptr<Shards> shards_;
};

// Serves until the server is closed or the loop ends.
Coro<> serve(std::shared_ptr<Shards> shards, std::size_t index, Server server) {
    struct Serving {
        Shards& shards;
        Shards::Slot& slot;
        Serving(Shards& all, std::size_t i, Server& server) : shards(all), slot(all.slot(i)) {
            slot.server = &server;
            slot.task = current_task();
            ++shards.serving;
        }
        ~Serving() {
            slot.server = nullptr;
            slot.task = AnyTask();
            --shards.serving;
            slot.ended.state()->outcome_of([] {});
        }
    } const serving(*shards, index, server);
    co_await server.serve_forever();
}

// On the shard's loop. Result: the port.
Coro<int> start_shard(std::shared_ptr<Shards> shards, std::size_t index, ShardHandlers handlers, std::string host,
                      int port, ServerOptions options) {
    Server server = co_await start_tcp_server(handlers(), std::move(host), port, options);
    const int bound = server.port();
    create_task(serve(shards, index, std::move(server)), {.eager_start = true});
    co_return bound;
}

}  // namespace

Coro<ShardedServer> start_shards(LoopGroup& group, ShardHandlers handlers, std::string host, int port,
                                 ServerOptions options) {
    options.reuse_port = true;
    auto shards = std::make_shared<Shards>(group);
    auto open = std::make_shared<OpenShards>(shards);  // an error closes those that listen already
    for (std::size_t index = 0; index < group.size(); ++index) {
        auto started = group.submit_to(index, start_shard, shards, index, handlers, host, port, options);
        port = co_await started;
        shards->port = port;
    }
    co_return ShardedServer(std::shared_ptr<Shards>(open, shards.get()));
}

}  // namespace detail

namespace {

// wait() leaves alone what it waits for when it is cancelled: others may wait as well.
Coro<> wait_until_closed(std::shared_ptr<detail::Shards> shards) {
    std::vector<Future<>> ends;
    for (std::size_t index = 0; index < shards->size(); ++index)
        ends.push_back(wrap_future(shards->slot(index).ended));
    co_await wait(ends);
}

Coro<> serve_until_closed(ShardedServer server, std::shared_ptr<detail::Shards> shards) {
    std::exception_ptr cancelled;
    try {
        co_await wait_until_closed(shards);
    } catch (const CancelledError&) {
        cancelled = std::current_exception();
        detail::on_each(shards,
                        [](detail::Shards::Slot& slot) { slot.task.cancel(); });  // their serve_forever() knows how
    }
    server.close();
    co_await wait_until_closed(std::move(shards));
    if (!cancelled) throw CancelledError();
    std::rethrow_exception(cancelled);
}

}  // namespace

int ShardedServer::port() const noexcept { return shards_->port; }
std::size_t ShardedServer::serving() const noexcept { return shards_->serving.load(); }

void ShardedServer::close() const noexcept {
    try {
        detail::on_each(shards_, [](detail::Shards::Slot& slot) { slot.server->close(); });
    } catch (const std::bad_alloc&) {
        detail::log(LogLevel::error, "no memory to close the servers of a LoopGroup");
    }
}
void ShardedServer::close_clients() const {
    detail::on_each(shards_, [](detail::Shards::Slot& slot) { slot.server->close_clients(); });
}
void ShardedServer::abort_clients() const {
    detail::on_each(shards_, [](detail::Shards::Slot& slot) { slot.server->abort_clients(); });
}
Coro<> ShardedServer::wait_closed() const { return wait_until_closed(shards_); }
Coro<> ShardedServer::serve_forever() const { return serve_until_closed(*this, shards_); }

}  // namespace aio
