// ServerState: connections from accept to the end of their handlers, and the futures of serve_forever() and
// wait_closed(). listener.cpp binds and accepts; the coroutines of start_server() and of Server are in server.cpp.
#include "io/server/server_state.hpp"

#include <aio/base/assert.hpp>
#include <aio/base/error.hpp>

#include "core/observe.hpp"

#include <utility>

namespace aio::detail {

ServerState::ServerState(LoopState& loop, ClientHandler handler, ServerOptions options,
                         std::shared_ptr<FilterFactory> filter)
    : loop_(loop), handler_(std::move(handler)), options_(options), filter_(std::move(filter)) {
    link_before(loop.resources);
}

std::vector<AnyTask> ServerState::handlers() const {
    std::vector<AnyTask> tasks = all_tasks(*loop_.owner);
    std::erase_if(tasks, [this](const AnyTask& task) { return !SocketStream::is_served_by(*task.state(), *this); });
    return tasks;
}

void ServerState::drop_handle() noexcept {
    if (--handles_ == 0 && !closed_) {
        report_unclosed(loop_, [this] {
            return "server" + (listeners_.empty() ? "" : ", listening at " + listeners_.front()->address().str());
        });
        close();
    }
    release();
}

void ServerState::release() noexcept {
    AIO_ASSERT(references_ > 0);
    if (--references_ == 0) delete this;
}

// --- listening ---------------------------------------------------------------------------------------------

template <class... Args>
void ServerState::emplace_listener(const Args&... args) {
    listeners_.push_back(nullptr);
    try {
        ListenerOwner& self = *this;
        listeners_.back() = std::make_unique<Listener>(loop_, self, args...);
    } catch (...) {
        listeners_.pop_back();
        throw;
    }
    ++references_;
}

void ServerState::add_listener(const RawAddress& address) {
    emplace_listener(address, options_.reuse_address, options_.reuse_port, options_.keep_alive);
}

void ServerState::add_listener(int fd) { emplace_listener(fd); }

void ServerState::start_serving() {
    if (closed_) throw RuntimeError("Server.start_serving: the server is closed");
    if (serving_) return;
    serving_ = true;
    for (const auto& listener : listeners_) listener->listen(options_.backlog);
}

std::vector<Address> ServerState::sockets() const {
    std::vector<Address> addresses;
    if (closed_) return addresses;
    for (const auto& listener : listeners_) addresses.push_back(listener->address());
    return addresses;
}

void ServerState::accept_failed(Listener&, std::exception_ptr error, bool out_of_resources) noexcept {
    try {
        ExceptionContext context;
        context.message = out_of_resources ? "socket.accept() out of system resource" : "Accept failed on a socket";
        context.exception = std::move(error);
        loop_.owner->call_exception_handler(context);
    } catch (const std::bad_alloc&) {
        // No memory even for the report: what it would say.
    }
}

void ServerState::close() noexcept {
    if (closed_) return;
    closed_ = true;
    ++references_;  // listeners that close at once take references with them
    for (std::size_t i = listeners_.size(); i-- > 0;) listeners_[i]->stop();
    if (serving_forever_ && !serving_forever_->done()) serving_forever_->cancel();
    something_closed();
    release();
}

void ServerState::listener_closed(Listener& listener) noexcept {
    std::erase_if(listeners_, [&](const auto& each) { return each.get() == &listener; });
    something_closed();
    release();
}

// --- connections -------------------------------------------------------------------------------------------

void ServerState::accepted(int fd) noexcept {
    try {
        serve(fd);
    } catch (...) {
        report_client_error(std::current_exception());
    }
}

void ServerState::serve(int fd) {
    StreamRef reference;
    SocketStream* stream = nullptr;
    try {
        streams_.push_back(nullptr);
        reference = SocketStream::open(loop_, fd, options_.limit, this);
    } catch (...) {
        if (!streams_.empty() && !streams_.back()) streams_.pop_back();
        loop_.backend->close_fd(fd);
        throw;
    }
    stream = static_cast<SocketStream*>(reference.get());
    stream->place = streams_.size() - 1;
    streams_.back() = stream;
    ++references_;
    if (filter_) return filter_->serve(*stream);
    handle(*stream);
}

void ServerState::handle(SocketStream& stream) {
    const StreamRef reference(&stream);
    ContextScope context(context_);
    FutureRef<FutureBase> task = handler_(StreamReader(reference), StreamWriter(reference));
    if (!task) return;
    ++references_;
    stream.served_by(*task);
}

void ServerState::stream_secured(SocketStream& stream) noexcept {
    try {
        handle(stream);
    } catch (...) {
        report_client_error(std::current_exception());
    }
}

void ServerState::stream_closed(SocketStream& stream) noexcept {
    streams_[stream.place] = streams_.back();
    streams_[stream.place]->place = stream.place;
    streams_.pop_back();
    something_closed();
    release();
}

void ServerState::handler_done(SocketStream& stream, FutureBase* task) noexcept {
    if (task && task->state == State::failed) {
        task->mark_retrieved();
        report_client_error(task->exception());
    }
    if (task && task->state != State::finished) stream.close();
    release();
}

void ServerState::report_client_error(std::exception_ptr error) noexcept {
    try {
        ExceptionContext context;
        context.message = "Unhandled exception in client_connected_cb";
        context.exception = std::move(error);
        loop_.owner->call_exception_handler(context);
    } catch (const std::bad_alloc&) {
        // No memory even for the report: what it would say.
    }
}

std::vector<StreamRef> ServerState::client_references() const {
    std::vector<StreamRef> references;
    references.reserve(streams_.size());
    for (SocketStream* stream : streams_) references.emplace_back(stream);
    return references;
}

void ServerState::close_clients() {
    for (const StreamRef& stream : client_references()) stream->close();
}

void ServerState::abort_clients() {
    for (const StreamRef& stream : client_references()) stream->abort();
}

// --- waiting -----------------------------------------------------------------------------------------------

void ServerState::something_closed() noexcept {
    if (!all_closed()) return;
    for (const Future<>& wait : std::exchange(close_waits_, {})) {
        if (!wait.done()) wait.set_result();
    }
}

Future<> ServerState::serving_future() {
    if (serving_forever_ && !serving_forever_->done()) {
        throw RuntimeError("Server.serve_forever: it is already being awaited");
    }
    serving_forever_.emplace();
    return *serving_forever_;
}

Future<> ServerState::closed_future() {
    std::erase_if(close_waits_, [](const Future<>& wait) { return wait.done(); });
    return close_waits_.emplace_back();
}

void ServerState::loop_closing() noexcept { close(); }

}  // namespace aio::detail
