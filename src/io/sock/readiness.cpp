// The check that a descriptor is the program's own, and the wait until it is ready: an add_reader() or add_writer()
// that ends with the wait (core/fd_watch.cpp). Streams and endpoints do not wait here; they start backend operations.
#include "io/sock/readiness.hpp"

#include <aio/base/error.hpp>
#include <aio/core/future.hpp>

#include "core/fd_watch.hpp"

#include <fcntl.h>

#include <cerrno>

namespace aio::detail {

void check_raw_socket(LoopState& loop, int fd, const char* function) {
    const std::string what = std::string(function) + " of descriptor " + std::to_string(fd);
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0) throw_os_error(errno, what);
    if (!(flags & O_NONBLOCK)) throw ValueError(what + ": the socket must be non-blocking (O_NONBLOCK)");
    if (loop.transport_fds.contains(fd)) {
        throw RuntimeError(what + ": it is used by a stream, a server or a datagram endpoint of this loop");
    }
}

namespace {

// The watch of one wait, which ends with it.
class Watch {
public:
    Watch(LoopState& loop, int fd, bool writable) : loop_(loop), fd_(fd), writable_(writable) {
        Watch* self = this;
        watch_fd(loop, fd, writable, make_call([self] { self->ready(); }));
        watching_ = true;
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() { stop(); }

    const Future<>& became_ready() const noexcept { return ready_; }

private:
    void ready() {
        stop();
        if (!ready_.done()) ready_.set_result();
    }
    void stop() noexcept {
        // After this watch has ended, another task may have begun one of its own.
        if (std::exchange(watching_, false)) unwatch_fd(loop_, fd_, writable_);
    }

    LoopState& loop_;
    int fd_;
    bool writable_;
    bool watching_ = false;
    Future<> ready_;
};

}  // namespace

Coro<> wait_until_ready(LoopState& loop, int fd, bool writable, const char* function) {
    if ((writable ? loop.writers : loop.readers).contains(fd)) {
        throw RuntimeError(std::string(function) + ": descriptor " + std::to_string(fd) +
                           " is watched already, by another call or by " + (writable ? "add_writer" : "add_reader"));
    }
    const Watch watch(loop, fd, writable);
    co_await watch.became_ready();
}

}  // namespace aio::detail
