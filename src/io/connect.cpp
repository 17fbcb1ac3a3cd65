#include "io/connect.hpp"

#include <aio/base/error.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <system_error>

namespace aio::detail {

namespace {

class ConnectAwaiter;

// Lives until the backend has let go of it, which may be after the task that wanted it was cancelled.
struct ConnectOperation final : Operation {
    ConnectOperation(LoopState& state, int fd, const RawAddress& to) noexcept
        : Operation(OpKind::connect, fd), loop(state), address(to) {
        peer = {address.get(), address.length};
    }
    void completed(int result, const char* data, bool more) noexcept override;

    LoopState& loop;
    RawAddress address;
    ConnectAwaiter* awaiter = nullptr;  // null: given up; the descriptor is then closed here
};

// Takes the socket; gives 0 or a negative errno. While it waits the operation owns the descriptor.
class ConnectAwaiter final : public Waiter {
public:
    ConnectAwaiter(LoopState& loop, SocketGuard& socket, const RawAddress& to)
        : socket_(socket), operation_(new ConnectOperation(loop, socket.get(), to)) {}
    ConnectAwaiter(const ConnectAwaiter&) = delete;
    ~ConnectAwaiter() {
        if (operation_ && !give_up()) delete operation_;
    }

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> frame) noexcept {
        suspend(frame);
        operation_->awaiter = this;
        operation_->loop.backend->start(*operation_);
    }
    int await_resume() {
        check_cancelled();
        return result_;
    }
    bool cancel_wait(std::string_view message) noexcept override {
        if (!give_up()) return false;
        wake_cancelled(message);
        return true;
    }
    const char* name() const noexcept override { return "a connect"; }

    void completed(int result) noexcept {
        result_ = result;
        wake();
    }

private:
    // Leaves the operation and the descriptor to the backend. False when it has completed.
    bool give_up() noexcept {
        if (!operation_ || !operation_->in_flight) return false;
        operation_->awaiter = nullptr;
        socket_.take();
        operation_->loop.backend->cancel(*operation_);
        operation_ = nullptr;
        return true;
    }

    SocketGuard& socket_;
    ConnectOperation* operation_;
    int result_ = 0;
};

struct Connecting {
    using native_awaitable = void;
    LoopState& loop;
    SocketGuard& socket;
    const RawAddress& to;
    ConnectAwaiter operator co_await() const { return ConnectAwaiter(loop, socket, to); }
};

void ConnectOperation::completed(int result, const char*, bool) noexcept {
    if (awaiter) return awaiter->completed(result);
    loop.backend->close_fd(fd);
    delete this;
}

void disable_nagle(Backend& backend, int fd, const RawAddress& address) noexcept {
    const int on = 1;
    if (address.family() != AF_UNIX) backend.set_option(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::string text_of(int error) { return std::generic_category().message(error); }

// What failed, address by address.
class Failures {
public:
    void add(const RawAddress& address, int error) {
        if (code_ != 0 && error != code_) same_ = false;
        if (code_ == 0) code_ = error;
        if (!addresses_.empty()) {
            addresses_ += ", ";
            details_ += ", ";
        }
        addresses_ += address.str();
        details_ += address.str() + ": " + text_of(error);
        ++count_;
    }
    // One address, or the same error from all: that error. Else all of them in one message.
    [[noreturn]] void raise(const std::string& wanted) const {
        const std::string what = "connect to " + wanted;
        if (count_ == 1 && addresses_ == wanted) throw_os_error(code_, what);
        if (same_) throw_os_error(code_, what + " (" + addresses_ + ")");
        throw OSError(code_, what + ": Multiple exceptions: " + details_ + "; the first");
    }

private:
    int code_ = 0;
    bool same_ = true;
    unsigned count_ = 0;
    std::string addresses_, details_;
};

// A descriptor or a negative errno. Errors: OSError when `local` cannot be bound.
Coro<int> connect_one(LoopState& loop, const RawAddress& address, const RawAddress* local) {
    Backend& backend = *loop.backend;
    SocketGuard socket(loop, backend.open_socket(address.family(), SOCK_STREAM));
    if (socket.get() < 0) co_return socket.get();
    if (local && local->family() == address.family()) {
        const int on = 1;
        backend.set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (const int error = backend.bind(socket.get(), local->get(), local->length)) {
            throw_os_error(-error, "bind the local address " + local->str());
        }
    }
    disable_nagle(backend, socket.get(), address);
    const Connecting connecting{loop, socket, address};
    const int result = co_await connecting;
    co_return result < 0 ? result : socket.take();
}

}  // namespace

Coro<int> connect_socket(std::vector<RawAddress> addresses, const RawAddress* local, std::string wanted) {
    LoopState& loop = LoopState::of(require_loop());
    Failures failures;
    for (const RawAddress& address : addresses) {
        const int fd = co_await connect_one(loop, address, local);
        if (fd >= 0) co_return fd;
        failures.add(address, -fd);
    }
    failures.raise(wanted);
}

}  // namespace aio::detail
