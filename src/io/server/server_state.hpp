// What Server is a handle to: listening sockets, open connections, who waits for their end.
//
// It lives until the last handle is dropped, the last listener and connection are closed, and the last handler has
// returned: each of them counts as a reference.
#pragma once

#include <aio/io/server.hpp>

#include "io/server/listener.hpp"
#include "io/stream/socket_stream.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace aio::detail {

class ServerState final : public LoopResource, private ListenerOwner, private StreamOwner {
public:
    // `filter`: what secures each connection before the handler is called; null: nothing.
    ServerState(LoopState& loop, ClientHandler handler, ServerOptions options, std::shared_ptr<FilterFactory> filter);

    void add_handle() noexcept {
        ++references_;
        ++handles_;
    }
    void drop_handle() noexcept;

    // Binds. Errors: OSError.
    void add_listener(const RawAddress& address);
    // Takes a bound socket over. Errors: ValueError, RuntimeError, OSError.
    void add_listener(int fd);

    void start_serving();
    bool is_serving() const noexcept { return serving_ && !closed_; }
    bool closed() const noexcept { return closed_; }
    void close() noexcept;
    void close_clients();
    void abort_clients();
    // The tasks of handlers that have not ended; of connections that are closed, too. Looks through all tasks.
    std::vector<AnyTask> handlers() const;
    Duration shutdown_timeout() const noexcept { return options_.shutdown_timeout; }
    std::vector<Address> sockets() const;

    // Done when close() is called; one at a time. Errors: RuntimeError.
    Future<> serving_future();
    // Done when everything is closed.
    bool all_closed() const noexcept { return closed_ && listeners_.empty() && streams_.empty(); }
    Future<> closed_future();  // one per caller: a cancelled waiter cancels its own

    void loop_closing() noexcept override;

private:
    void accepted(int fd) noexcept override;
    void accept_failed(Listener& listener, std::exception_ptr error, bool out_of_resources) noexcept override;
    void listener_closed(Listener& listener) noexcept override;
    void stream_closed(SocketStream& stream) noexcept override;
    void stream_secured(SocketStream& stream) noexcept override;
    void handler_done(SocketStream& stream, FutureBase* task) noexcept override;

    template <class... Args>
    void emplace_listener(const Args&... args);
    void release() noexcept;
    void serve(int fd);
    void handle(SocketStream& stream);
    void report_client_error(std::exception_ptr error) noexcept;
    void something_closed() noexcept;
    std::vector<StreamRef> client_references() const;

    LoopState& loop_;
    ClientHandler handler_;
    ServerOptions options_;
    std::shared_ptr<FilterFactory> filter_;
    ContextSlot context_ = read_context();  // handlers run in a copy of it
    std::uint32_t references_ = 1;
    std::uint32_t handles_ = 1;  // the references that are Server objects
    bool serving_ = false;
    bool closed_ = false;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::vector<SocketStream*> streams_;
    std::optional<Future<>> serving_forever_;
    std::vector<Future<>> close_waits_;
};

}  // namespace aio::detail
