// Lock: one task at a time.
//
//     aio::Lock lock;
//     auto guard = co_await lock.scoped();        // `async with lock:`
//
// It is for tasks of one loop, not for threads: between two awaits no other task runs, so that a Lock is needed only
// around code that awaits. Not reentrant; the holder is not recorded, and any task may release it.
//
// Thread rule: a loop's thread only. Source: asyncio.Lock, CPython 3.12 locks.py.
#pragma once

#include <aio/core/await_check.hpp>
#include <aio/sync/permit.hpp>
#include <aio/sync/wait_list.hpp>

#include <string>

namespace aio {

class Lock;

// The result of Lock::statistics().
struct LockStatistics {
    bool locked;          // a task holds it
    std::size_t waiters;  // including one that was woken and has not run yet
};

namespace detail {

class LockWaiter : public ListWaiter {
public:
    explicit LockWaiter(Lock& lock) noexcept : lock_(lock) {}

    bool await_ready() const noexcept;
    void await_suspend(std::coroutine_handle<> frame);
    bool await_resume();
    static constexpr const char* kCall = "Lock.acquire()";
    const char* name() const noexcept override { return kCall; }

protected:
    ~LockWaiter() = default;

    Lock& lock_;

private:
    void resumed();
};

class LockAwaiter final : public LockWaiter {
public:
    using LockWaiter::LockWaiter;
};

class ScopedLockAwaiter final : public LockWaiter {
public:
    static constexpr const char* kCall = "Lock.scoped()";
    using LockWaiter::LockWaiter;
    Permit<Lock> await_resume() {
        LockWaiter::await_resume();
        return Permit<Lock>(lock_);
    }
};

// The awaitable of a primitive's acquire(), scoped(), wait()...: awaited, it becomes an Awaiter.
template <class Awaiter, class Primitive>
class AIO_AWAIT_ONCE [[nodiscard("it does nothing until it is awaited")]] Operand {
public:
    using native_awaitable = void;
    explicit Operand(Primitive& primitive) noexcept : primitive_(&primitive) {}
    Awaiter operator co_await() const noexcept {
        check_.awaited();
        return Awaiter(*primitive_);
    }

private:
    Primitive* primitive_;
    [[no_unique_address]] AwaitCheck check_{Awaiter::kCall};
};

}  // namespace detail

// A mutual exclusion lock of tasks: asyncio.Lock.
class Lock {
public:
    Lock() noexcept = default;
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    // Waits until the lock is free and takes it. Result: true.
    // Resumes: in the order of the calls, the first one in the pass after release(). If it is free and no task waits,
    // it is taken without suspending. Cancel: the lock is not taken; the next waiter is woken instead.
    detail::Operand<detail::LockAwaiter, Lock> acquire() noexcept {
        return detail::Operand<detail::LockAwaiter, Lock>(*this);
    }
    // The same. Result: a Permit<Lock>, which releases the lock at the end of its scope.
    detail::Operand<detail::ScopedLockAwaiter, Lock> scoped() noexcept {
        return detail::Operand<detail::ScopedLockAwaiter, Lock>(*this);
    }

    // Frees the lock and wakes the first waiter; the lock is free until that one runs, but no other task can take it.
    // Errors: RuntimeError when it is not locked.
    void release() {
        if (!locked_) [[unlikely]]
            throw_not_acquired();
        give_back();
    }

    bool locked() const noexcept { return locked_; }  // a task holds it
    // The numbers of the present state.
    LockStatistics statistics() const noexcept { return {locked_, waiters_.size()}; }
    // "<Lock locked, waiters: 2>"
    std::string describe() const;

private:
    friend class detail::LockWaiter;
    friend class Permit<Lock>;

    // No effect on a lock that is free: a destructor's release.
    void give_back() noexcept {
        if (!locked_) return;
        locked_ = false;
        if (!waiters_.empty()) [[unlikely]]
            waiters_.wake_in_place();
    }
    [[noreturn]] static void throw_not_acquired();

    // When it is free and tasks wait, the first one is awake: it will lock, or pass the wake on.
    bool locked_ = false;
    detail::WaitList waiters_;
};

// ---------------------------------------------------------------------------------------------------------

namespace detail {

inline bool LockWaiter::await_ready() const noexcept { return !lock_.locked_ && lock_.waiters_.empty(); }
inline void LockWaiter::await_suspend(std::coroutine_handle<> frame) { enter(lock_.waiters_, frame); }
inline bool LockWaiter::await_resume() {
    if (task_) [[unlikely]]
        resumed();
    return lock_.locked_ = true;
}

}  // namespace detail

}  // namespace aio
