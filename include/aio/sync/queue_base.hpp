// The half of the queues that does not depend on the items: waiters, counts, shutdown. Internal to queue.hpp.
#pragma once

#include <aio/sync/lock.hpp>

#include <cstddef>
#include <string>

namespace aio {

// The result of a queue's statistics().
struct QueueStatistics {
    std::size_t size;        // qsize()
    std::size_t maxsize;     // 0: unbounded
    std::size_t unfinished;  // items put and not yet reported by task_done()
    std::size_t getters;     // tasks that wait for an item
    std::size_t putters;     // tasks that wait for room
    bool shut_down;          // shutdown() was called
};

namespace detail {

class QueueBase;

// A getter or putter. Unlike a lock's, its wake is a hint only: before the task runs, a get_nowait() may take the
// item, and it must wait again, at the end of the line (semantics 40). So a wake puts this waiter itself into the
// ready queue, and run() looks again before it steps the task.
class QueueWaiter : public ListWaiter {
public:
    explicit QueueWaiter(QueueBase& queue) noexcept : queue_(queue) {}

    bool cancel_wait(std::string_view message) noexcept final;
    // Makes it ready, and moves it to `woken`.
    void wake_to_look(WaitList& woken) noexcept;

protected:
    ~QueueWaiter() = default;
    // In run(): whether the task must be stepped whatever the queue says. Leaves the list of the woken.
    bool must_step() noexcept;
    void step();
    void wait_again(WaitList& list) noexcept;

    QueueBase& queue_;
};

class QueueGetter : public QueueWaiter {
public:
    using QueueWaiter::QueueWaiter;
    void await_suspend(std::coroutine_handle<> frame);
    void run() final;
    const char* name() const noexcept final { return "Queue.get()"; }

protected:
    ~QueueGetter() = default;
    void resumed();
};

class QueuePutter : public QueueWaiter {
public:
    using QueueWaiter::QueueWaiter;
    void await_suspend(std::coroutine_handle<> frame);
    void run() final;
    const char* name() const noexcept final { return "Queue.put()"; }

protected:
    ~QueuePutter() = default;
    void resumed();
};

class QueueJoiner final : public ListWaiter {
public:
    explicit QueueJoiner(QueueBase& queue) noexcept : queue_(queue) {}
    bool await_ready() const noexcept;
    void await_suspend(std::coroutine_handle<> frame);
    void await_resume() { check_cancelled(); }
    static constexpr const char* kCall = "Queue.join()";
    const char* name() const noexcept override { return kCall; }

private:
    QueueBase& queue_;
};

class QueueBase {
public:
    QueueBase(const QueueBase&) = delete;
    QueueBase& operator=(const QueueBase&) = delete;

    // The number of items in the queue now.
    std::size_t qsize() const noexcept { return size_; }
    // Whether there is no item, and get() has to wait.
    bool empty() const noexcept { return size_ == 0; }
    // Whether put() has to wait; always false without maxsize.
    bool full() const noexcept { return size_ >= limit_; }
    // The greatest number of items; 0: unbounded.
    std::size_t maxsize() const noexcept { return limit_ == kUnbounded ? 0 : limit_; }

    // Counts one item, which get() returned, as done. The last one wakes the tasks in join(). Errors: ValueError when
    // called more often than items were put.
    void task_done() {
        if (unfinished_ == 0) [[unlikely]]
            throw_nothing_to_do();
        if (--unfinished_ == 0 && !joiners_.empty()) joiners_.wake_all();
    }

    // Waits until task_done() was called for every item that was put in. Cancel: nothing is lost.
    Operand<QueueJoiner, QueueBase> join() noexcept { return Operand<QueueJoiner, QueueBase>(*this); }

    // The numbers of the present state.
    QueueStatistics statistics() const noexcept;

protected:
    friend class QueueWaiter;
    friend class QueueGetter;
    friend class QueuePutter;
    friend class QueueJoiner;
    static constexpr std::size_t kUnbounded = static_cast<std::size_t>(-1);

    explicit QueueBase(std::ptrdiff_t maxsize) noexcept
        : limit_(maxsize > 0 ? static_cast<std::size_t>(maxsize) : kUnbounded) {}
    ~QueueBase() = default;

    // The second half of shutdown(): all waiters look again.
    void close(std::size_t dropped) noexcept;
    void wake_getter() noexcept;
    void wake_putter() noexcept;
    std::string describe(const char* name) const;
    [[noreturn]] static void throw_nothing_to_do();
    [[noreturn]] static void throw_shut_down();
    [[noreturn]] static void throw_full();
    [[noreturn]] static void throw_empty();

    std::size_t size_ = 0;
    std::size_t room_ = 0;  // puts succeed at once while size_ is below: the least of limit and capacity, or 0
    std::size_t limit_;
    std::size_t unfinished_ = 0;
    bool shut_down_ = false;
    WaitList getters_;
    WaitList putters_;
    WaitList joiners_;
    WaitList woken_;  // getters and putters in the ready queue
};

inline void QueueGetter::await_suspend(std::coroutine_handle<> frame) { enter(queue_.getters_, frame); }
inline void QueuePutter::await_suspend(std::coroutine_handle<> frame) { enter(queue_.putters_, frame); }
inline bool QueueJoiner::await_ready() const noexcept { return queue_.unfinished_ == 0; }
inline void QueueJoiner::await_suspend(std::coroutine_handle<> frame) { enter(queue_.joiners_, frame); }

}  // namespace detail

}  // namespace aio
