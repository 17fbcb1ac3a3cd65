// Deadlines: with_timeout() for a block, wait_for() for one awaitable.
//
//     co_await aio::with_timeout(2s, [&](aio::Timeout& deadline) -> aio::Coro<> {
//         ...
//         deadline.reschedule(deadline.when() + 1s);
//     });                                                // TimeoutError when the deadline passed
//
// A deadline cancels the task that runs the block, and turns that cancellation, and no other, into a TimeoutError when
// the block has ended: a cancellation from outside passes through. Of nested deadlines, the innermost that expired
// throws. Source: asyncio.timeout and wait_for, CPython 3.12 timeouts.py, tasks.py.
#pragma once

#include <aio/core/event_loop.hpp>

#include <optional>

namespace aio {

// The deadline of a block: see with_timeout(). Used inside a task only. asyncio.Timeout.
class Timeout {
public:
    // nullopt: no deadline yet.
    explicit Timeout(std::optional<When> when) noexcept : when_(when.value_or(TimePoint::max())) {}
    Timeout(const Timeout&) = delete;
    Timeout& operator=(const Timeout&) = delete;
    ~Timeout();

    // The deadline on the loop's clock; TimePoint::max() for none.
    TimePoint when() const noexcept { return when_; }
    // Moves the deadline. One that has passed expires in the next pass. nullopt: no deadline.
    // Errors: RuntimeError outside the block, or when it expired.
    void reschedule(std::optional<When> when);
    // Whether the block was cancelled because the deadline passed.
    bool expired() const noexcept { return state_ == State::expiring || state_ == State::expired; }

    // The calls of with_timeout() around the block. Errors: RuntimeError when entered before, or outside a task.
    void enter();
    // `error`: the exception of the block, or null. Throws TimeoutError in its place if this deadline cancelled the
    // block, else `error`.
    void exit(std::exception_ptr error);

private:
    enum class State { created, entered, expiring, expired, exited };
    void on_timeout() noexcept;
    void cancel_timer() noexcept;

    State state_ = State::created;
    TimePoint when_;
    AnyTask task_;
    unsigned cancelling_ = 0;  // the task's count on entry
    Handle timer_;
};

namespace detail {

template <class T, class F>
Coro<T> run_with_timeout(std::optional<TimePoint> when, F body) {
    Timeout timeout(when);
    timeout.enter();
    ValueSlot<T> result;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await call_body(body, timeout);
        } else if constexpr (std::is_reference_v<T>) {
            result.value = &co_await call_body(body, timeout);
        } else {
            result.value.emplace(co_await call_body(body, timeout));
        }
    } catch (...) {
        timeout.exit(std::current_exception());  // throws
    }
    timeout.exit(nullptr);
    co_return result.take();
}

std::optional<TimePoint> deadline_after(std::optional<Duration> delay);
// Whether F is a block: a callable with or without a Timeout&. If not, the compiler prints this message and no other.
template <class F>
constexpr bool is_block() {
    constexpr bool callable =
        std::invocable<std::remove_reference_t<F>&> || std::invocable<std::remove_reference_t<F>&, Timeout&>;
    static_assert(callable,
                  "with_timeout() takes a function that returns a Coro; for one awaitable: "
                  "aio::wait_for(awaitable, timeout)");
    return callable;
}
template <class F>
concept Block = is_block<F>();
// The running loop's task must wait until `future`, which it cancelled, has ended.
Coro<> cancel_and_wait(FutureRef<FutureBase> future);

template <class T, class F>
Coro<T> wait_for_now(F future) {
    if (!future.done()) {
        co_await cancel_and_wait(FutureRef<FutureBase>::share(future.base()));
        if (future.cancelled()) throw TimeoutError();
    }
    future.base()->check_value();
    co_return take_value<T>(*future.state(), 1);
}

template <class T, class A>
Coro<T> wait_for_later(A awaitable, Duration timeout) {
    Timeout block(deadline_after(timeout));
    block.enter();
    ValueSlot<T> result;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(awaitable);
        } else if constexpr (std::is_reference_v<T>) {
            result.value = &co_await std::move(awaitable);
        } else {
            result.value.emplace(co_await std::move(awaitable));
        }
    } catch (...) {
        block.exit(std::current_exception());  // throws
    }
    block.exit(nullptr);
    co_return result.take();
}

}  // namespace detail

// Runs `body(timeout)`, or `body()`, a function that returns a Coro, with a deadline `delay` from now; nullopt: without
// one. asyncio.timeout. Result: the body's. Errors: TimeoutError; those of the body. A body given by
// name must outlive the await.
template <class F>
auto with_timeout(std::optional<Duration> delay, F&& body) {
    AIO_CHECK_LAMBDA(F);
    if constexpr (detail::Block<F>) {
        return detail::run_with_timeout<detail::body_result<F, Timeout>, F>(detail::deadline_after(delay),
                                                                            std::forward<F>(body));
    }
}
// The same with a deadline on the loop's clock: asyncio.timeout_at.
template <class F>
auto with_timeout_at(std::optional<When> when, F&& body) {
    AIO_CHECK_LAMBDA(F);
    if constexpr (detail::Block<F>) {
        return detail::run_with_timeout<detail::body_result<F, Timeout>, F>(when, std::forward<F>(body));
    }
}

// Awaits `awaitable` for `timeout` at most; nullopt: without a limit. asyncio.wait_for. Result: its result.
// Cancel: past the deadline it is cancelled, and waited for; cancelling the caller cancels it as well.
// Errors: TimeoutError; its exception, also one that it throws while it is being cancelled.
template <class A>
    requires detail::TaskSource<A>
auto wait_for(A&& awaitable, std::optional<Duration> timeout) {
    AIO_CHECK_LAMBDA(A);
    using Plain = std::remove_cvref_t<A>;
    using T = detail::coro_value<A>;
    if (timeout && *timeout <= Duration(0)) {
        auto future = ensure_future(std::forward<A>(awaitable));
        return detail::wait_for_now<T>(std::move(future));
    }
    const Duration limit = timeout.value_or(Duration::max());
    if constexpr (detail::FutureLike<Plain>) {
        return detail::wait_for_later<T>(Plain(std::forward<A>(awaitable)), limit);
    } else {
        return detail::wait_for_later<T>(detail::as_coro(std::forward<A>(awaitable)), limit);
    }
}

}  // namespace aio
