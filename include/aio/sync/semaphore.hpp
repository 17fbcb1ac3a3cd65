// Semaphore: a limit on the number of tasks in a section of code.
//
//     aio::Semaphore connections(10);
//     auto permit = co_await connections.scoped();    // `async with connections:`
//
// A BoundedSemaphore cannot be released more often than it was acquired.
//
// Thread rule: a loop's thread only. Source: asyncio.Semaphore, CPython 3.12 locks.py.
#pragma once

#include <aio/sync/lock.hpp>

#include <cstddef>

namespace aio {

class Semaphore;

// The result of Semaphore::statistics().
struct SemaphoreStatistics {
    std::ptrdiff_t value;  // free units, without those that were handed to a waiter
    std::size_t waiters;   // including those that were handed a unit and have not run yet
};

namespace detail {

class SemaphoreWaiter : public ListWaiter {
public:
    explicit SemaphoreWaiter(Semaphore& semaphore) noexcept : semaphore_(semaphore) {}

    bool await_ready() const noexcept;
    void await_suspend(std::coroutine_handle<> frame);
    bool await_resume();
    static constexpr const char* kCall = "Semaphore.acquire()";
    const char* name() const noexcept override { return kCall; }

protected:
    ~SemaphoreWaiter() = default;

    Semaphore& semaphore_;

private:
    void resumed();
};

class SemaphoreAwaiter final : public SemaphoreWaiter {
public:
    using SemaphoreWaiter::SemaphoreWaiter;
};

class ScopedSemaphoreAwaiter final : public SemaphoreWaiter {
public:
    static constexpr const char* kCall = "Semaphore.scoped()";
    using SemaphoreWaiter::SemaphoreWaiter;
    Permit<Semaphore> await_resume() {
        SemaphoreWaiter::await_resume();
        return Permit<Semaphore>(semaphore_);
    }
};

}  // namespace detail

// A counter of units that tasks acquire and release: asyncio.Semaphore.
class Semaphore {
public:
    // Errors: ValueError for a negative value.
    explicit Semaphore(std::ptrdiff_t value = 1) : Semaphore(value, PTRDIFF_MAX) {}
    Semaphore(const Semaphore&) = delete;
    Semaphore& operator=(const Semaphore&) = delete;

    // Waits for a unit and takes it. Result: true. If one is free and no task waits, it does not suspend.
    // Resumes: in the order of the calls. release() hands its unit to the first waiter, which runs in the next pass.
    // Cancel: a unit that was handed over already goes to the next waiter.
    detail::Operand<detail::SemaphoreAwaiter, Semaphore> acquire() noexcept {
        return detail::Operand<detail::SemaphoreAwaiter, Semaphore>(*this);
    }
    // The same. Result: a Permit<Semaphore>, which releases the unit at the end of its scope.
    detail::Operand<detail::ScopedSemaphoreAwaiter, Semaphore> scoped() noexcept {
        return detail::Operand<detail::ScopedSemaphoreAwaiter, Semaphore>(*this);
    }

    // Returns a unit, or adds one. Errors: ValueError from a BoundedSemaphore at its initial value.
    void release() {
        if (value_ >= bound_) [[unlikely]]
            throw_released_too_often();
        give_back();
    }

    // Whether acquire() would have to wait.
    bool locked() const noexcept { return value_ == 0 || !waiters_.empty() || !woken_.empty(); }
    // The numbers of the present state.
    SemaphoreStatistics statistics() const noexcept { return {value_, waiters_.size() + woken_.size()}; }
    // "<Semaphore unlocked, value: 3>", "<BoundedSemaphore locked, waiters: 2>"
    std::string describe() const;

protected:
    Semaphore(std::ptrdiff_t value, std::ptrdiff_t bound);

private:
    friend class detail::SemaphoreWaiter;
    friend class Permit<Semaphore>;

    // A destructor's release: past the bound it has no effect.
    void give_back() noexcept {
        if (value_ >= bound_) return;
        ++value_;
        if (!waiters_.empty()) [[unlikely]]
            hand_over();
    }
    // Hands free units to waiters, first come first served.
    void hand_over() noexcept;
    [[noreturn]] void throw_released_too_often() const;

    std::ptrdiff_t value_;
    std::ptrdiff_t bound_;
    detail::WaitList waiters_;
    detail::WaitList woken_;  // they own a unit; newcomers may not overtake them (semantics 35)
};

// A Semaphore whose value never exceeds the initial one: asyncio.BoundedSemaphore.
class BoundedSemaphore : public Semaphore {
public:
    // Errors: ValueError for a negative value.
    explicit BoundedSemaphore(std::ptrdiff_t value = 1) : Semaphore(value, value) {}
};

// ---------------------------------------------------------------------------------------------------------

namespace detail {

inline bool SemaphoreWaiter::await_ready() const noexcept { return !semaphore_.locked(); }
inline void SemaphoreWaiter::await_suspend(std::coroutine_handle<> frame) { enter(semaphore_.waiters_, frame); }
inline bool SemaphoreWaiter::await_resume() {
    if (task_) [[unlikely]] {
        resumed();
    } else {
        --semaphore_.value_;
    }
    return true;
}

}  // namespace detail

}  // namespace aio
