// AsyncLimiter: a limit on the rate of operations, as an amount per period of time.
//
//     aio::AsyncLimiter limiter(100, 30s);        // a hundred within half a minute
//     auto permit = co_await limiter.scoped();    // `async with limiter:`
//     co_await limiter.acquire(5);                // an operation that counts as five
//
// A leaky bucket: its capacity is `max_rate`, each acquisition pours its amount in, and a full bucket leaks evenly
// until it is empty after `time_period`. So max_rate may be acquired in a burst, and after that one every time_period /
// max_rate. There is no release: the bucket leaks with the time of the loop's clock.
//
// Thread rule: a loop's thread only. Source: aiolimiter 1.2, leakybucket.py; there a small amount overtakes a larger
// one that waits, here waiters are served first come, first served.
#pragma once

#include <aio/core/await_check.hpp>
#include <aio/core/handle.hpp>
#include <aio/sync/permit.hpp>
#include <aio/sync/wait_list.hpp>

#include <cstddef>
#include <string>

namespace aio {

class AsyncLimiter;
class EventLoop;

// The result of AsyncLimiter::statistics().
struct AsyncLimiterStatistics {
    double level;         // the amount in the bucket now, from 0 to max_rate
    std::size_t waiters;  // including those that were let in and have not run yet
};

namespace detail {

// How full a bucket is, as the time at which it will be empty: nothing need be updated while it leaks.
class LeakyBucket {
public:
    // Errors: ValueError for a rate that is no positive number, or a period that is not positive.
    LeakyBucket(double max_rate, Duration time_period);

    double max_rate() const noexcept { return max_rate_; }
    Duration time_period() const noexcept { return time_period_; }
    double level(TimePoint now) const noexcept;
    // How long `amount`, which is no more than max_rate, must wait for room; zero when there is some.
    Duration wait(TimePoint now, double amount) const noexcept;
    // Pours it in. Result: how much longer it takes now until all has leaked.
    Duration pour(TimePoint now, double amount) noexcept;
    void take_back(Duration poured) noexcept { empty_at_ -= poured; }

private:
    TimePoint begin(TimePoint now) const noexcept;
    long double cost(TimePoint now, double amount) const noexcept;

    double max_rate_;
    Duration time_period_;
    TimePoint empty_at_ = TimePoint::min();
    long double fraction_ = 0;  // of a nanosecond, beside empty_at_
};

class LimiterWaiter : public ListWaiter {
public:
    LimiterWaiter(AsyncLimiter& limiter, double amount) noexcept : limiter_(limiter), amount_(amount) {}

    bool await_ready() const noexcept;
    void await_suspend(std::coroutine_handle<> frame);
    void await_resume() {
        if (task_) [[unlikely]]
            resumed();
    }
    bool cancel_wait(std::string_view message) noexcept override;
    static constexpr const char* kCall = "AsyncLimiter.acquire()";
    const char* name() const noexcept override { return kCall; }

    double amount() const noexcept { return amount_; }
    void poured(Duration amount) noexcept { poured_ = amount; }
    // There is no memory for the timer: the await throws std::bad_alloc.
    void give_up() noexcept;

protected:
    ~LimiterWaiter() = default;

    AsyncLimiter& limiter_;

private:
    void resumed();

    double amount_;
    Duration poured_{0};  // once it was let in
    bool given_up_ = false;
};

class LimiterAwaiter final : public LimiterWaiter {
public:
    using LimiterWaiter::LimiterWaiter;
};

class ScopedLimiterAwaiter final : public LimiterWaiter {
public:
    static constexpr const char* kCall = "AsyncLimiter.scoped()";
    using LimiterWaiter::LimiterWaiter;
    Permit<AsyncLimiter> await_resume() {
        LimiterWaiter::await_resume();
        return Permit<AsyncLimiter>(limiter_);
    }
};

// The awaitable of acquire() and scoped().
template <class Awaiter>
class AIO_AWAIT_ONCE [[nodiscard("it does nothing until it is awaited")]] LimiterOperand {
public:
    using native_awaitable = void;
    LimiterOperand(AsyncLimiter& limiter, double amount) noexcept : limiter_(&limiter), amount_(amount) {}
    Awaiter operator co_await() const noexcept {
        check_.awaited();
        return Awaiter(*limiter_, amount_);
    }

private:
    AsyncLimiter* limiter_;
    double amount_;
    [[no_unique_address]] AwaitCheck check_{Awaiter::kCall};
};

}  // namespace detail

// A leaky bucket that tasks wait for: aiolimiter.AsyncLimiter.
class AsyncLimiter {
public:
    // Errors: ValueError for a rate that is not a positive finite number, or a period that is not positive.
    explicit AsyncLimiter(double max_rate, Duration time_period = std::chrono::minutes(1));
    AsyncLimiter(const AsyncLimiter&) = delete;
    AsyncLimiter& operator=(const AsyncLimiter&) = delete;
    ~AsyncLimiter() { timer_.cancel(); }

    // Waits until the bucket has room for `amount`, and pours it in. Result: void.
    // Resumes: in the order of the calls, in the pass after there was room. If there is room and no task waits, it does
    // not suspend. Cancel: nothing is poured in; the later waiters move up.
    // Errors: ValueError, at the call, for an amount that is negative, not a number, or more than max_rate;
    // std::bad_alloc when there is no memory for the timer.
    detail::LimiterOperand<detail::LimiterAwaiter> acquire(double amount = 1) {
        check(amount);
        return detail::LimiterOperand<detail::LimiterAwaiter>(*this, amount);
    }
    // The same. Result: a Permit, whose end has no effect.
    detail::LimiterOperand<detail::ScopedLimiterAwaiter> scoped(double amount = 1) {
        check(amount);
        return detail::LimiterOperand<detail::ScopedLimiterAwaiter>(*this, amount);
    }

    // Whether acquire(amount) would not have to wait. Errors: as acquire(); RuntimeError when no loop runs.
    bool has_capacity(double amount = 1) const;

    // The amount and the period given to the constructor.
    double max_rate() const noexcept { return bucket_.max_rate(); }
    Duration time_period() const noexcept { return bucket_.time_period(); }
    // The numbers of the present state. Errors: RuntimeError when no loop runs.
    AsyncLimiterStatistics statistics() const;
    // "<AsyncLimiter max_rate: 100, time_period: 30 s, waiters: 2>"
    std::string describe() const;

private:
    friend class detail::LimiterWaiter;
    friend class Permit<AsyncLimiter>;

    void check(double amount) const {
        if (!(amount >= 0 && amount <= bucket_.max_rate())) [[unlikely]]
            refuse(amount);
    }
    [[noreturn]] void refuse(double amount) const;
    void release() const noexcept {}  // Permit's
    void give_back() const noexcept {}

    bool has_room(TimePoint now, double amount) const noexcept;
    // Lets waiters in, first come first served, while there is room; arms the timer for the next one.
    void let_in() noexcept;
    bool arm(EventLoop& loop, TimePoint when) noexcept;  // false without memory

    detail::LeakyBucket bucket_;
    detail::WaitList waiters_;
    detail::WaitList woken_;  // they were let in; newcomers may not overtake them
    TimerHandle timer_;       // for the first waiter
};

}  // namespace aio
