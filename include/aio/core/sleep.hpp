// sleep(): the current task waits; the loop goes on.
#pragma once

#include <aio/core/await_check.hpp>
#include <aio/core/handle.hpp>
#include <aio/core/task_base.hpp>

#include <chrono>
#include <utility>

namespace aio {

namespace detail {

// Stands in the timer queue while it waits: no allocation but the queue's own array.
class SleepAwaiter : public Waiter {
public:
    explicit SleepAwaiter(Duration delay) noexcept { delay_ns_ = delay.count(); }
    ~SleepAwaiter() {
        if (flags & kArmed) [[unlikely]]
            disarm();
    }

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> frame) {
        if (delay_ns_ <= 0) return Yield().await_suspend(frame);
        arm(frame);
    }
    void await_resume() const { Yield().await_resume(); }

    // The timer is due: the task is stepped in the next pass, as after call_later(future.set_result).
    void run() override;
    void discard() noexcept override { flags &= static_cast<std::uint8_t>(~kArmed); }
    bool cancel_wait(std::string_view message) noexcept override;
    const char* name() const noexcept override { return "sleep"; }

private:
    static constexpr std::uint8_t kArmed = 8;
    void arm(std::coroutine_handle<> frame);
    void disarm() noexcept;
};

template <class T>
class SleepResultAwaiter final : public SleepAwaiter {
public:
    SleepResultAwaiter(Duration delay, T result) : SleepAwaiter(delay), result_(std::move(result)) {}
    T await_resume() {
        SleepAwaiter::await_resume();
        return std::move(result_);
    }

private:
    T result_;
};

}  // namespace detail

// What sleep() returns: awaited, it suspends the current task for the delay. Zero or less: for exactly one pass
// of the loop, without a timer.
// Resumes: in the pass after the timer fired; equal deadlines in the order of the calls. Cancel: the timer is
// removed at once. Errors: std::bad_alloc.
class AIO_AWAIT_ONCE [[nodiscard("sleep() does nothing until it is awaited")]] Sleep {
public:
    using native_awaitable = void;
    explicit Sleep(Duration delay) noexcept : delay_(delay) {}
    detail::SleepAwaiter operator co_await() const noexcept {
        check_.awaited();
        return detail::SleepAwaiter(delay_);
    }

private:
    Duration delay_;
    [[no_unique_address]] detail::AwaitCheck check_{"sleep()"};
};

inline Sleep sleep(Duration delay) noexcept { return Sleep(delay); }

// The same, and gives `result`: asyncio.sleep(delay, result).
template <class T>
class AIO_AWAIT_ONCE [[nodiscard("sleep() does nothing until it is awaited")]] SleepFor {
public:
    using native_awaitable = void;
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

template <class T>
SleepFor<T> sleep(Duration delay, T result) {
    return SleepFor<T>(delay, std::move(result));
}

}  // namespace aio
