// The one door to the outside world: what an event loop asks of the operating system.
//
// The interface is completion-shaped: an Operation is started, and completes once (or, if multishot, many
// times) with a result as io_uring gives it: a count, a descriptor, or a negative errno. io_uring does that by
// itself; epoll imitates it; sim does it in memory under a virtual clock; tests wrap any of them to make the
// k-th operation fail. No file above this folder knows which one runs.
//
// Lifetime: from start() until its last completion an Operation, and the memory it names, belongs to the
// backend. cancel() asks for an early end; the completion with -ECANCELED (or what happened before) still
// comes, from poll(), never from inside cancel(). So whoever owns an Operation keeps it, and its buffers, until
// then, whatever became of the coroutine that wanted it.
//
// Thread rule: the loop's thread only.
#pragma once

#include <aio/core/handle.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace aio::detail {

enum class OpKind : std::uint8_t {
    accept,    // multishot: each completion is a new descriptor; a failure ends it
    receive,   // multishot: each completion is a piece of data; 0 at end of stream, which ends it, like a failure
    send,      // one-shot: bytes sent, possibly fewer than asked
    connect,   // one-shot: 0
    poll_in,   // one-shot: the descriptor is readable (or at its end, or broken)
    poll_out,  // one-shot: the descriptor is writable (or broken)
    // Files, at an offset, and nothing is done to their own position: start_file(). All one-shot.
    file_read,   // bytes read, 0 at the end
    file_write,  // bytes written, possibly fewer than asked
    file_sync    // 0: all of the file has reached its device
};

// One request to the kernel. Derive, and override completed().
class Operation {
public:
    OpKind kind;
    bool in_flight = false;  // kept by the backend
    // send, started by before_poll(): nobody waits for its end, which need not end the poll. If it succeeds at once, it may
    // complete as late as something else ends the poll.
    bool unhurried = false;
    int fd = -1;
    struct Bytes {  // send
        const void* data;
        std::size_t size;
    };
    struct Peer {  // connect
        const sockaddr* address;
        socklen_t length;
    };
    struct Piece {  // file_read, file_write
        void* data;
        std::size_t size;
        std::int64_t offset;
    };
    union {
        Bytes out;  // and file_write
        Peer peer;
        Piece piece;
    };
    // The backend's own. epoll and sim: the link and the state in their queue; io_uring: cancel state.
    Operation* backend_next = nullptr;
    std::int32_t backend_word = 0;

    Operation(OpKind k, int descriptor) noexcept : kind(k), fd(descriptor), out{nullptr, 0} {}
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    // `result`: what the kernel answered, a negative errno on failure. `data`: a receive's bytes, valid during
    // the call only. `more`: the operation stays in flight and will complete again.
    // May start other operations, or this one again if !more. Must not throw.
    virtual void completed(int result, const char* data, bool more) noexcept = 0;

protected:
    ~Operation() = default;
};

// Something to do right before the next poll, in the order of defer(): a connection writes there, once, what the pass
// has put into its buffer. It may be destroyed while it is queued.
class Deferred {
public:
    Deferred() noexcept = default;
    Deferred(const Deferred&) = delete;
    Deferred& operator=(const Deferred&) = delete;

    virtual void before_poll() noexcept = 0;
    bool deferred() const noexcept { return next_ != this; }

protected:
    ~Deferred() { unlink(); }

    void unlink() noexcept {
        previous_->next_ = next_;
        next_->previous_ = previous_;
        previous_ = next_ = this;
    }

private:
    friend class DeferredQueue;
    Deferred* previous_ = this;
    Deferred* next_ = this;
};

class DeferredQueue final : private Deferred {
public:
    bool empty() const noexcept { return !deferred(); }
    void push(Deferred& item) noexcept {
        if (item.deferred()) return;
        item.previous_ = previous_;
        item.next_ = this;
        previous_->next_ = &item;
        previous_ = &item;
    }
    // Runs them all once. Those added meanwhile, an item that adds itself again among them, stay for the next run:
    // so no item holds up the poll.
    void run() noexcept {
        if (empty()) return;
        DeferredQueue batch;
        batch.previous_ = previous_;
        batch.next_ = next_;
        previous_->next_ = next_->previous_ = &batch;
        previous_ = next_ = this;
        while (!batch.empty()) {
            Deferred* item = batch.next_;
            item->unlink();
            item->before_poll();
        }
    }

private:
    void before_poll() noexcept override {}
};

class SimSockets;
using SimNetworkMaker = std::unique_ptr<SimSockets>();
SimNetworkMaker make_sim_network;  // sim/network.cpp

class Backend {
public:
    virtual ~Backend() = default;

    virtual std::string_view name() const noexcept = 0;

    // The loop's clock.
    virtual TimePoint now() const noexcept = 0;

    // Delivers the completions that are there, waiting for the first one until `deadline` at most
    // (TimePoint::min(): do not wait; TimePoint::max(): for ever). Returns early after wake(), and may without a reason.
    // Leaves alone what is deferred: the caller runs that first, and does not wait while has_deferred().
    // Errors: OSError when the kernel refuses to poll at all.
    virtual void poll(TimePoint deadline) = 0;

    // Whether the clock is virtual.
    virtual bool simulated() const noexcept { return false; }
    // Whether poll(TimePoint::max()) waits for nothing but posts of other threads, and signals. Virtual clocks only.
    virtual bool waits_for_posts_only() const noexcept { return false; }

    // Whether poll() could find or do anything. False lets a busy loop skip it.
    virtual bool has_work() const noexcept = 0;

    // `item` gets before_poll() in the next run_deferred(), which the loop calls before each poll().
    void defer(Deferred& item) noexcept { deferred_.push(item); }
    // May make callbacks ready and defer further items: the loop decides after it how long to poll. A backend around
    // another one runs the other's too: what was started before a run may be waited for after it.
    virtual void run_deferred() noexcept {
        ++deferred_runs_;
        deferred_.run();
    }
    bool has_deferred() const noexcept { return !deferred_.empty(); }

    // Starts `operation`. A send may complete inside this call (epoll sends at once what the socket takes); all
    // else completes in a later poll(). Failures, also of starting, arrive at completed(). A descriptor may have
    // one accept, receive or poll_in and one send, connect or poll_out in flight.
    virtual void start(Operation& operation) noexcept = 0;

    // Asks for the end of an operation in flight. Its last completion comes from a later poll(): -ECANCELED, or
    // what happened before, which for a receive may be data with `more` false.
    virtual void cancel(Operation& operation) noexcept = 0;

    // Starts an operation on a file that may take long: the disk's time. False: this backend has no way to do it
    // without blocking, and a thread must. It completes in a later poll(). -EAGAIN and -EOPNOTSUPP say the same as
    // false, of this file.
    virtual bool start_file(Operation& operation) noexcept {
        static_cast<void>(operation);
        return false;
    }

    // `change` is +1 when a thread begins work whose result this loop waits for, -1 when the result is in. A
    // virtual clock does not jump meanwhile.
    virtual void external_work(int change) noexcept { static_cast<void>(change); }

    // Must be called before a descriptor with no operation in flight is closed by other means than close_fd.
    virtual void forget(int fd) noexcept = 0;

    // Sends what the socket takes now, without waiting: a count or a negative errno (-EAGAIN).
    virtual int send_now(int fd, const void* data, std::size_t size) noexcept = 0;
    // The same for messages, with their addresses: recvmsg(2) and sendmsg(2). With MSG_TRUNC in `flags` the count is
    // the datagram's size, also when the buffer was too small for it.
    virtual int receive_message(int fd, msghdr& message, int flags) noexcept = 0;
    virtual int send_message(int fd, const msghdr& message) noexcept = 0;
    // Sends at most `count` bytes of the file `file` from `offset` on: a count, 0 at its end, or a negative errno.
    // Waits for the disk, never for the peer. -EINVAL: not with this socket or file.
    virtual int send_file(int fd, int file, std::uint64_t offset, std::size_t count) noexcept = 0;

    // Sockets. Results are descriptors or 0, or a negative errno. All are non-blocking and close-on-exec.
    int open_socket(int family, int type) noexcept { return open_socket(family, type, make_sim_network); }
    // Only sim calls `make_network`. Callers name it, so that a program that opens no socket is not linked with it.
    virtual int open_socket(int family, int type, SimNetworkMaker& make_network) noexcept = 0;
    virtual int bind(int fd, const sockaddr* address, socklen_t length) noexcept = 0;
    virtual int listen(int fd, int backlog) noexcept = 0;
    virtual int shutdown(int fd, int how) noexcept = 0;
    // -EINPROGRESS: once the socket is writable, its option SO_ERROR tells the outcome.
    virtual int connect_now(int fd, const sockaddr* address, socklen_t length) noexcept = 0;
    virtual int accept_now(int fd, sockaddr_storage& peer, socklen_t& length) noexcept = 0;
    virtual int get_option(int fd, int level, int option, void* value, socklen_t& length) noexcept = 0;
    virtual int set_option(int fd, int level, int option, const void* value, socklen_t length) noexcept = 0;
    virtual int local_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept = 0;
    virtual int peer_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept = 0;
    virtual void close_fd(int fd) noexcept = 0;

    // Operations that were started so far.
    std::uint64_t operations() const noexcept { return operations_; }
    // Operations started and not completed: 0 when a loop closes, asserted by tests.
    virtual std::size_t in_flight() const noexcept = 0;

protected:
    // Of run_deferred(), modulo 2^32. Before the next one, tasks and callbacks may have run.
    unsigned deferred_runs() const noexcept { return deferred_runs_; }
    void count_operation() noexcept { ++operations_; }

private:
    std::uint64_t operations_ = 0;
    DeferredQueue deferred_;
    unsigned deferred_runs_ = 0;
};

// `wake_fd` is an eventfd: poll() returns when it was written to since the poll before. Kernel backends do not
// read it (they watch for the edge); sim does.
std::unique_ptr<Backend> make_epoll_backend(int wake_fd);
// Errors: OSError with the reason, when the kernel does not offer what is needed (EPERM, ENOSYS, ENOMEM...).
std::unique_ptr<Backend> make_uring_backend(int wake_fd);
std::unique_ptr<Backend> make_sim_backend(int wake_fd);

}  // namespace aio::detail
