// sleep(), sleep_until(): the current task waits; the loop keeps running.
#pragma once

#include <aio/core/await_check.hpp>
#include <aio/core/handle.hpp>
#include <aio/core/waiter.hpp>

#include <chrono>
#include <utility>

namespace aio {

namespace detail {

// Stands in the timer queue while it waits: no allocation but the queue's own array.
class SleepWaiter : public Waiter {
public:
    bool await_ready() const noexcept { return false; }
    void await_resume() const { Yield().await_resume(); }

    // The timer is due: the task is stepped in the next pass, as after call_later(future.set_result).
    void run() override;
    void discard() noexcept override { flags &= static_cast<std::uint8_t>(~kArmed); }
    bool cancel_wait(std::string_view message) noexcept override;
    const char* name() const noexcept override { return "sleep"; }

protected:
    struct Until {};
    explicit SleepWaiter(Duration delay) noexcept { delay_ns_ = delay.count(); }
    SleepWaiter(Until, TimePoint when) noexcept { delay_ns_ = when.time_since_epoch().count(); }
    ~SleepWaiter() {
        if (flags & kArmed) [[unlikely]]
            disarm();
    }

    // await_suspend() of one that was made with a delay, and with a moment.
    void suspend_for(std::coroutine_handle<> frame) {
        if (delay_ns_ <= 0) return Yield().await_suspend(frame);
        arm(frame);
    }
    void suspend_until(std::coroutine_handle<> frame);

private:
    static constexpr std::uint8_t kArmed = 8;
    void arm(std::coroutine_handle<> frame);
    void arm_at(std::coroutine_handle<> frame, TimePoint when);
    void disarm() noexcept;
};

class SleepAwaiter final : public SleepWaiter {
public:
    explicit SleepAwaiter(Duration delay) noexcept : SleepWaiter(delay) {}
    void await_suspend(std::coroutine_handle<> frame) { suspend_for(frame); }
};

class SleepUntilAwaiter final : public SleepWaiter {
public:
    explicit SleepUntilAwaiter(TimePoint when) noexcept : SleepWaiter(Until{}, when) {}
    void await_suspend(std::coroutine_handle<> frame) { suspend_until(frame); }
    const char* name() const noexcept override { return "sleep_until"; }
};

template <class T>
class SleepResultAwaiter final : public SleepWaiter {
public:
    SleepResultAwaiter(Duration delay, T result) : SleepWaiter(delay), result_(std::move(result)) {}
    void await_suspend(std::coroutine_handle<> frame) { suspend_for(frame); }
    T await_resume() {
        SleepWaiter::await_resume();
        return std::move(result_);
    }

private:
    T result_;
};

}  // namespace detail

// The awaitable of sleep(): suspends the current task for the delay. Zero or less: for exactly one pass of the loop,
// without a timer. Result: void.
// Resumes: in the pass after the timer fired; equal deadlines in the order of the calls. Cancel: the timer is removed
// at once. Errors: std::bad_alloc.
class AIO_AWAIT_ONCE [[nodiscard("sleep() does nothing until it is awaited")]] Sleep {
public:
    using native_awaitable = void;
    // See sleep().
    explicit Sleep(Duration delay) noexcept : delay_(delay) {}
    detail::SleepAwaiter operator co_await() const noexcept {
        check_.awaited();
        return detail::SleepAwaiter(delay_);
    }

private:
    Duration delay_;
    [[no_unique_address]] detail::AwaitCheck check_{"sleep()"};
};

// Suspends the current task for `delay`; see Sleep. asyncio.sleep.
inline Sleep sleep(Duration delay) noexcept { return Sleep(delay); }

// The awaitable of sleep_until(): as Sleep, until a moment on the loop's clock, EventLoop::time(). One that has passed:
// for exactly one pass of the loop. TimePoint::max(): until the task is cancelled.
class AIO_AWAIT_ONCE [[nodiscard("sleep_until() does nothing until it is awaited")]] SleepUntil {
public:
    using native_awaitable = void;
    // See sleep_until().
    explicit SleepUntil(TimePoint when) noexcept : when_(when) {}
    detail::SleepUntilAwaiter operator co_await() const noexcept {
        check_.awaited();
        return detail::SleepUntilAwaiter(when_);
    }

private:
    TimePoint when_;
    [[no_unique_address]] detail::AwaitCheck check_{"sleep_until()"};
};

// Suspends the current task until `when` on the loop's clock; see SleepUntil.
inline SleepUntil sleep_until(When when) noexcept { return SleepUntil(when); }

// The awaitable of sleep(delay, result): as Sleep, with `result` as its result.
template <class T>
class AIO_AWAIT_ONCE [[nodiscard("sleep() does nothing until it is awaited")]] SleepFor {
public:
    using native_awaitable = void;
    // See sleep().
    SleepFor(Duration delay, T result) : delay_(delay), result_(std::move(result)) {}
    detail::SleepResultAwaiter<T> operator co_await() && {
        check_.awaited();
        return {delay_, std::move(result_)};
    }

private:
    Duration delay_;
    T result_;
    [[no_unique_address]] detail::AwaitCheck check_{"sleep()"};
};

// Suspends the current task for `delay` and returns `result`: asyncio.sleep(delay, result).
template <class T>
SleepFor<T> sleep(Duration delay, T result) {
    return SleepFor<T>(delay, std::move(result));
}

}  // namespace aio
