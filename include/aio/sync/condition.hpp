// Condition: wait, while holding a lock, until another task notifies that something changed.
//
//     aio::Condition changed;
//     auto guard = co_await changed.scoped();                             // consumer
//     co_await changed.wait_for([&] { return !items.empty(); });
//
//     auto guard = co_await changed.scoped();                             // producer
//     items.push_back(item);
//     changed.notify();
//
// Thread rule: a loop's thread only. Source: asyncio.Condition, CPython 3.13 locks.py.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/sync/lock.hpp>

#include <limits>

namespace aio {

// The result of Condition::statistics().
struct ConditionStatistics {
    bool locked;          // the lock
    std::size_t waiters;  // for a notification
};

// A condition variable of tasks: asyncio.Condition. It has a lock of its own, or uses another's.
class Condition {
public:
    // Uses a lock of its own.
    Condition() noexcept : lock_(own_) {}
    // Uses `lock`, which several conditions may share, and which must outlive this.
    explicit Condition(Lock& lock) noexcept : lock_(lock) {}
    Condition(const Condition&) = delete;
    Condition& operator=(const Condition&) = delete;

    // The lock's operations: see Lock.
    auto acquire() noexcept { return lock_.acquire(); }
    auto scoped() noexcept { return lock_.scoped(); }
    void release() { lock_.release(); }
    bool locked() const noexcept { return lock_.locked(); }

    // Releases the lock, waits for a notification, and acquires the lock again. Result: true.
    // Cancel: CancelledError is thrown only once the lock is held again; of several cancellations meanwhile, the last
    // one is thrown. A notification that has arrived is passed to another waiter.
    // Errors: RuntimeError when the lock is not held.
    Coro<bool> wait();

    // Waits until `predicate()`, called with the lock held, is true. Result: that of `predicate`, which is kept in the
    // coroutine. Cancel and errors: as wait(); an exception of `predicate`.
    template <class Predicate>
    auto wait_for(Predicate predicate) -> Coro<std::decay_t<std::invoke_result_t<Predicate&>>> {
        while (true) {
            auto result = predicate();
            if (result) co_return result;
            co_await wait();
        }
    }

    // Wakes the first `n` waiters; each then waits for the lock. Errors: RuntimeError when the lock is not held.
    void notify(std::size_t n = 1) {
        require_locked("notify");
        wake(n);
    }
    // The same for all waiters.
    void notify_all() { notify(std::numeric_limits<std::size_t>::max()); }

    // The numbers of the present state.
    ConditionStatistics statistics() const noexcept { return {locked(), waiters_.size()}; }
    // "<Condition locked, waiters: 2>"
    std::string describe() const;

private:
    friend class Barrier;

    void require_locked(const char* operation) const;
    void wake(std::size_t n) noexcept {
        while (n > 0 && waiters_.wake_first()) --n;
    }

    Lock own_;
    Lock& lock_;
    detail::WaitList waiters_;
};

}  // namespace aio
