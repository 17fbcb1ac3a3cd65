// The life of one add_reader or add_writer: armed, ready, called, armed again, and deleted once neither the backend nor
// the ready queue holds it. Streams and servers are not watched here: they start operations of their own (backend/).
#include "core/fd_watch.hpp"

#include <aio/base/error.hpp>

#include "core/observe.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace aio::detail {

FdWatch::FdWatch(LoopState& state, int fd, bool writable, Call* call) noexcept
    : Operation(writable ? OpKind::poll_out : OpKind::poll_in, fd), state_(state), call_(call) {}

FdWatch::~FdWatch() { call_->release(); }

void FdWatch::arm() noexcept { state_.backend->start(*this); }

void FdWatch::retire(std::unique_ptr<FdWatch> watch) noexcept {
    FdWatch* self = watch.release();
    self->retired_ = true;
    if (self->in_flight) {
        self->state_.backend->cancel(*self);
    } else if (!self->scheduled_ && !self->running_) {
        delete self;
    }
}

void FdWatch::completed(int, const char*, bool) noexcept {
    if (retired_) {
        delete this;
        return;
    }
    scheduled_ = true;
    state_.ready.push(this);
}

void FdWatch::run() {
    scheduled_ = false;
    if (retired_) {
        delete this;
        return;
    }
    running_ = true;
    const Finish finish{*this};
    call_->call_again();
}

void FdWatch::discard() noexcept {
    scheduled_ = false;
    if (retired_) delete this;
}

namespace {

auto& watches(LoopState& state, bool writable) noexcept { return writable ? state.writers : state.readers; }

}  // namespace

void watch_fd(LoopState& state, int fd, bool writable, Call* call) {
    const char* what = writable ? "add_writer" : "add_reader";
    try {
        if (state.closed) throw RuntimeError(std::string(what) + ": the event loop is closed");
        if (::fcntl(fd, F_GETFD) < 0)
            throw_os_error(errno, std::string(what) + " of descriptor " + std::to_string(fd));
        if (state.transport_fds.contains(fd)) {
            throw RuntimeError(std::string(what) + ": descriptor " + std::to_string(fd) +
                               " is used by a stream, a server or a datagram endpoint of this loop");
        }
        unwatch_fd(state, fd, writable);
        std::unique_ptr<FdWatch>& slot = watches(state, writable)[fd];
        slot = std::make_unique<FdWatch>(state, fd, writable, call);
        slot->arm();
    } catch (...) {
        if (auto found = watches(state, writable).find(fd);
            found != watches(state, writable).end() && !found->second) {
            watches(state, writable).erase(found);
        }
        call->release();
        throw;
    }
}

bool unwatch_fd(LoopState& state, int fd, bool writable) noexcept {
    auto& table = watches(state, writable);
    auto found = table.find(fd);
    if (found == table.end()) return false;
    FdWatch::retire(std::move(found->second));
    table.erase(found);
    return true;
}

}  // namespace aio::detail
