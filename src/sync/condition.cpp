// Condition::wait(): releases the lock, waits for a notification, and reacquires the lock whatever cancellations
// arrive. notify() and wait_for() are in the header.
#include <aio/sync/condition.hpp>

namespace aio {

namespace detail {

namespace {

// How a wait for a notification ended, known even when it ended with CancelledError.
struct Outcome {
    bool notified = false;
    bool condition_gone = false;
};

class NotificationAwaiter final : public ListWaiter {
public:
    NotificationAwaiter(WaitList& waiters, Outcome& outcome) noexcept : waiters_(waiters), outcome_(outcome) {}

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> frame) { enter(waiters_, frame); }
    void await_resume() {
        outcome_ = {woken(), (flags & kOrphaned) != 0};
        if (woken_and_cancelled()) throw_cancelled(*task_);
    }
    const char* name() const noexcept override { return "Condition.wait()"; }

private:
    WaitList& waiters_;
    Outcome& outcome_;
};

struct Notification {
    using native_awaitable = void;
    WaitList* waiters;
    Outcome* outcome;
    NotificationAwaiter operator co_await() const noexcept { return {*waiters, *outcome}; }
};

}  // namespace

}  // namespace detail

// The user program that makes this hard (semantics 37):
//
//     co_await condition.wait();       // in task A: notified, and now waiting for the lock, which C holds
//     a.cancel();                      // A must still come out with the lock held, since its guard will release
//                                      // it; and B, who waits too, must get the notification that A cannot use
Coro<bool> Condition::wait() {
    require_locked("wait");
    lock_.release();
    std::exception_ptr error;
    detail::Outcome outcome;
    try {
        co_await detail::Notification{&waiters_, &outcome};
    } catch (...) {
        if (outcome.condition_gone) throw;
        error = std::current_exception();
    }
    bool acquired = false;
    while (!acquired) {
        try {
            acquired = co_await lock_.acquire();
        } catch (const Error&) {
            throw;  // the lock is gone, or another loop's
        } catch (...) {
            error = std::current_exception();  // of several cancellations the last one, as in CPython
        }
    }
    if (error) {
        if (outcome.notified) wake(1);
        std::rethrow_exception(error);
    }
    co_return true;
}

void Condition::require_locked(const char* operation) const {
    if (!locked()) throw RuntimeError(std::string("Condition.") + operation + ": the lock is not acquired");
}

std::string Condition::describe() const {
    std::string text = locked() ? "<Condition locked" : "<Condition unlocked";
    if (!waiters_.empty()) text += ", waiters: " + std::to_string(waiters_.size());
    return text + ">";
}

}  // namespace aio
