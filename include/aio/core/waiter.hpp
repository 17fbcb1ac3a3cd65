// What suspends a task, and what wakes it: Waiter, the base of all awaiters; FutureWaiter, for futures and tasks; Yield, for
// one pass of the loop. Internal, except to those who write awaitables of their own.
#pragma once

#include <aio/core/task_base.hpp>

#include <coroutine>
#include <cstdint>
#include <exception>
#include <string_view>
#include <vector>

namespace aio::detail {

// What a suspended task waits on. It lives in an awaiter, hence in a coroutine frame, and can stand in a
// future's callbacks, a primitive's list of waiters, or the timer queue.
class Waiter : public Callback {
public:
    TaskBase* task() const noexcept final { return task_; }  // the task that waits

    // Task.cancel() came while the task waits here. True: the wait is over and the task will be woken with
    // CancelledError, now or when what it waits on has ended. False: it is over already.
    virtual bool cancel_wait(std::string_view message) noexcept = 0;
    // The future or task that is waited on, for call graphs; null for primitives, which name themselves.
    virtual FutureBase* awaited() const noexcept { return nullptr; }
    // The tasks and futures that must end before this wait does. Errors: std::bad_alloc.
    virtual void list_awaited(std::vector<FutureBase*>& into) const;

    void run() override;

protected:
    ~Waiter() = default;

    void suspend(std::coroutine_handle<> frame) noexcept {
        TaskBase* task = current.task;  // not task_, which would be read back from memory after each store
        task_ = task;
        task->set_leaf(frame);
        task->set_waiter(*this);
    }
    // The same for what belongs to `loop`; null: to none. Errors: RuntimeError when the current task is another loop's.
    void suspend(std::coroutine_handle<> frame, const LoopCore* loop) {
        if (loop && current.task->loop() != loop) [[unlikely]]
            throw_other_loop();
        suspend(frame);
    }
    // Ends the wait: the task is stepped in the next pass.
    void wake() noexcept { task_->loop()->ready.push(task_); }
    // Ends the wait with CancelledError.
    void wake_cancelled(std::string_view message) noexcept;
    // On resumption: whether this await must throw.
    bool cancelled() const noexcept { return task_ && (task_->flags & kCancelDelivered); }
    // Throws CancelledError if the await was cancelled. Forgets the cancellation: it is thrown once.
    void check_cancelled() {
        if (cancelled()) [[unlikely]]
            throw_cancelled(*task_);
    }

public:
    // Inline, as rethrow() is.
    [[noreturn, gnu::always_inline]] static void throw_cancelled(TaskBase& task) {
        std::rethrow_exception(take_cancellation(task));
    }
    // The exception that the cancelled wait of `task` ends with: CancelledError, or another that stands in for it.
    static std::exception_ptr take_cancellation(TaskBase& task) noexcept;
    [[noreturn]] void throw_other_loop() const;

protected:
    struct NotYet {};
    Waiter() noexcept : task_(nullptr) {}
    explicit Waiter(NotYet) noexcept {}  // for one that reads task_ only after suspend()

    // No default initialiser for the pair: every byte of an awaiter is one of a million sleeping tasks.
    union {
        TaskBase* task_;          // who waits, from suspend() on
        Duration::rep delay_ns_;  // SleepWaiter, until then
    };
};

// Waits for a future or task, and keeps it alive. When that is done, the task itself goes to the ready queue in
// this waiter's place (CallbackList::schedule).
class FutureWaiter : public Waiter {
public:
    FutureWaiter(const FutureWaiter& other) = delete;

    bool await_ready() const noexcept { return future_->done(); }
    void await_suspend(std::coroutine_handle<> frame) {
        TaskBase* const task = current.task;
        if (future_ == task || future_->loop() != task->loop()) [[unlikely]]
            refuse();
        future_->add_waiter(*this);
        suspend(frame);
    }

    // What the task waits on is asked to end; it wakes the task when it has (semantics 10, 13).
    bool cancel_wait(std::string_view message) noexcept override;
    FutureBase* awaited() const noexcept final { return future_; }
    // The wait is over, before what is waited for has ended: the await throws `error`, or CancelledError if that is
    // null.
    void give_up(std::exception_ptr error) noexcept;
    // Which wave of requests was here last (cancellation.cpp). No waiter is counted.
    std::uint32_t stamp() const noexcept { return references; }
    void set_stamp(std::uint32_t stamp) noexcept { references = stamp; }

protected:
    // Adopts one reference. Derived classes, which know its type, give it back.
    explicit FutureWaiter(FutureBase* future) noexcept : Waiter(NotYet{}), future_(future) { flags = kWakesTask; }
    ~FutureWaiter() = default;
    // For destructors, before the future is released: the frame may be destroyed while it waits.
    void deregister() noexcept {
        if (!future_->done()) [[unlikely]]
            future_->remove_callback(*this);
    }
    // Throws what the await throws: cancellation of the awaiting task first, then what the future holds.
    void check_resumed() {
        // Not task_, which is not there if the future was done already.
        TaskBase* const task = current.task;
        if (task && (task->flags & kCancelDelivered)) [[unlikely]]
            throw_cancelled_wait(*task);
        if (future_->state != State::finished) [[unlikely]]
            throw_failed();
    }
    [[noreturn]] void throw_failed();
    [[noreturn]] void throw_cancelled_wait(TaskBase& task);
    [[noreturn]] void refuse();  // it is the task itself, or another loop's

    FutureBase* future_;
};

inline FutureWaiter* TaskBase::future_waiter() const noexcept {
    Waiter* const waits = waiter();
    return waits && (waits->flags & kWakesTask) ? static_cast<FutureWaiter*>(waits) : nullptr;
}
inline FutureBase* TaskBase::awaited() const noexcept {
    FutureWaiter* const waits = future_waiter();
    return waits ? waits->awaited() : nullptr;
}

inline void wake_task_of(Callback& waiter, ReadyQueue& ready) noexcept {
    ready.push(static_cast<Waiter&>(waiter).task());
}

inline TaskBase* TaskBase::finish_handing_over(bool last) noexcept {
    state = State::finished;
    if (callbacks_.empty()) return nullptr;
    if (!last || !callbacks_.wakes_one_task() || !loop_->ready.empty() || loop_->closed) {
        schedule_callbacks();
        return nullptr;
    }
    return static_cast<Waiter&>(callbacks_.take_one()).task();
}

// `co_await yield`: one pass of the loop, no future, no timer.
struct Yield {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> frame) const noexcept {
        TaskBase* task = current.task;
        task->set_leaf(frame);
        task->loop()->ready.push(task);
    }
    void await_resume() const {
        TaskBase* task = current.task;
        if (task->flags & kCancelDelivered) [[unlikely]]
            Waiter::throw_cancelled(*task);
    }
};

}  // namespace aio::detail
