// The io_uring backend: one system call a poll submits what the pass has asked for and collects what is done.
//
//   - Completions run only inside that call (DEFER_TASKRUN, SINGLE_ISSUER): no interruptions in between. The
//     kernel raises a bit in shared memory when there is something to collect (TASKRUN_FLAG), so that a poll that
//     need not wait and finds neither the bit nor submissions makes no system call at all.
//   - accept and receive are multishot: asked for once per connection. The kernel ends them when it likes (no
//     buffer left, completion queue full); they are asked for again here, unseen by the operation's owner. Receives
//     that found no buffer stand in a queue, and each poll asks again for as many as are likely to find one: all of
//     them at once would fail as before, again and again, and thousands of uploads would take the square of that.
//   - A send that nobody waits for (Operation::unhurried) leaves no completion when the socket takes all of it at once, and
//     so does not end the wait of the call that submits it: a request and the wait for its answer are one call. The kernel
//     does not wait for room either (MSG_DONTWAIT): so, after the call, either a completion tells what went wrong, or all
//     is sent. What the socket does not take is asked for again as an ordinary send.
//   - The ring is created disabled and enabled by the first submission, since the kernel binds it to the thread
//     that enables it: a loop may be created on one thread and run on another.
//
// user_data is the Operation's address; small numbers are our own (kWake, kTimer, kIgnore). A cancellation names the
// address too, and cannot hit a later operation that lives there: the queue is submitted in order.
//
// Source: io_uring(7), io_uring_setup(2), Linux 6.12 io_uring/net.c and io_uring/kbuf.c.
#pragma once

#include "core/backend/deadline_timer.hpp"
#include "core/backend/kernel_sockets.hpp"
#include "core/backend/uring/buffer_ring.hpp"

#include <liburing.h>

namespace aio::detail {

class UringBackend final : public KernelSockets {
public:
    explicit UringBackend(int wake_fd);
    ~UringBackend() override;

    std::string_view name() const noexcept override { return "io_uring"; }
    void poll(TimePoint deadline) override;
    bool has_work() const noexcept override {
        return in_flight_ > 0 || has_deferred() || io_uring_sq_ready(&ring_) > 0;
    }
    void start(Operation& operation) noexcept override;
    bool start_file(Operation& operation) noexcept override;
    void cancel(Operation& operation) noexcept override;
    void forget(int) noexcept override {}
    void close_fd(int fd) noexcept override;
    std::size_t in_flight() const noexcept override { return in_flight_; }

    // Submissions so far, for tests; modulo 2^32.
    unsigned submissions() const noexcept { return ring_.sq.sqe_tail; }

private:
    void set_up();
    bool enable() noexcept;
    int enter(bool wait) noexcept;
    io_uring_sqe* next_sqe() noexcept;
    void watch_edges(int fd, std::uint64_t tag) noexcept;
    bool submit(Operation& operation) noexcept;
    bool kernel_has_news() const noexcept;

    void collect() noexcept;
    void complete(const io_uring_cqe& cqe) noexcept;
    void received(Operation& operation, const io_uring_cqe& cqe) noexcept;
    void accepted(Operation& operation, const io_uring_cqe& cqe) noexcept;
    void finish(Operation& operation, int result, const char* data = nullptr) noexcept;

    bool can_be_quiet(const Operation& send) const noexcept;
    bool may_wait() const noexcept;
    void quiet_send_failed(Operation& send, int result) noexcept;
    void finish_quiet_sends() noexcept;

    void fail_later(Operation& operation, int error) noexcept;
    void deliver_failures() noexcept;

    void starve(Operation& receive) noexcept;
    bool ask_again() noexcept;

    DeadlineTimer timer_;
    io_uring ring_ = {};
    BufferRing buffers_;
    int wake_fd_;
    bool disabled_ = false;  // created with R_DISABLED and not enabled yet
    std::size_t in_flight_ = 0;
    Operation* failed_ = nullptr;  // could not even be queued: the ring is broken

    // Sends that leave a completion only when they fail, in the order of submission.
    struct QuietSend {
        Operation* send;    // null: it failed
        unsigned position;  // the submission queue's tail after it
        unsigned run;       // deferred_runs() when it was started
    };
    static constexpr unsigned kMostQuiet = 256;  // what goes beyond is an ordinary send
    unsigned quiet_count_ = 0;
    bool knows_quiet_ = false;  // the kernel can leave completions out
    QuietSend quiet_[kMostQuiet];

    // Receives that found no buffer, first come first served.
    Operation* first_starved_ = nullptr;
    Operation* last_starved_ = nullptr;
    unsigned batch_ = 0;       // how many of them the next poll asks for again
    bool found_none_ = false;  // some starved since the last batch
};

}  // namespace aio::detail
