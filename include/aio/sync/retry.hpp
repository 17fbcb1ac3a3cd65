// retry(): repeats a call that failed, after waits of growing length.
//
//     auto fetch_page = [&]() -> aio::Coro<Page> { ... };
//     Page page = co_await aio::retry(fetch_page, {.stop_after_attempt = 5,
//                                                  .wait_initial = 100ms,
//                                                  .retry_if = aio::retry_if_exception_type<aio::OSError>});
//
// The wait before the n-th repetition is wait_initial * wait_exp_base to the power of n - 1, plus a random time up to
// wait_jitter, but at most wait_max. The random part keeps clients that failed together from retrying together.
//
// A cancellation is never retried, and neither are KeyboardInterrupt, SystemExit and GeneratorExit. After the last
// attempt its own error is thrown, as with tenacity's reraise=True; there is no RetryError, since
// handlers select errors by type.
//
// Source: tenacity 9, AsyncRetrying with stop_after_attempt, stop_before_delay, wait_exponential_jitter and
// retry_if_exception_type. The defaults differ: there nothing ends the attempts, and nothing is waited for.
#pragma once

#include <aio/core/awaitable.hpp>
#include <aio/core/sleep.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>

namespace aio {

// The argument of RetryOptions::before_sleep.
struct RetryCallState {
    std::size_t attempt_number;  // of the one that failed, from 1
    std::exception_ptr error;    // the exception of that attempt
    Duration upcoming_sleep;     // the wait before the next one
};

// The options of retry(). Trivially destructible, so that `{.wait_max = 1s}` is safe inside a
// co_await expression on g++ 12.
struct RetryOptions {
    std::optional<std::size_t> stop_after_attempt = 3;  // calls in all, at least 1; nullopt: any number
    std::optional<Duration> stop_before_delay = {};     // no call begins this long after the first one, or later
    Duration wait_initial = std::chrono::seconds(1);    // below zero: as zero
    Duration wait_max = std::chrono::minutes(1);        // the longest wait, jitter included
    double wait_exp_base = 2;                           // the factor from one wait to the next; at least 0
    Duration wait_jitter = std::chrono::seconds(1);     // the most that is added at random; below zero: as zero
    bool (*retry_if)(const std::exception_ptr& error) = nullptr;  // whether to call again; null: after every error
    void (*before_sleep)(const RetryCallState& state) = nullptr;  // called before each wait
};

// For RetryOptions::retry_if: whether the error is one of the types Es, or none of them.
template <class... Es>
bool retry_if_exception_type(const std::exception_ptr& error);
template <class... Es>
bool retry_if_not_exception_type(const std::exception_ptr& error) {
    return !retry_if_exception_type<Es...>(error);
}

namespace detail {

// How many attempts there were, and whether there is another.
class Retrying {
public:
    // Errors: ValueError for no attempt at all, or a base that is negative or not a number.
    explicit Retrying(const RetryOptions& options);

    void begin();  // right before the first attempt
    // After an attempt that ended with `error`: whether there is another one, in wait(). Errors: what the options'
    // functions throw.
    bool again(const std::exception_ptr& error);
    Duration wait() const noexcept { return wait_; }

private:
    Duration next_wait() const;

    RetryOptions options_;
    TimePoint start_{};
    std::size_t attempts_ = 0;
    Duration wait_{0};
};

template <class T, class F>
Coro<T> run_with_retry(Retrying retrying, F function) {
    retrying.begin();
    while (true) {
        try {
            co_return co_await function();
        } catch (...) {
            if (!retrying.again(std::current_exception())) throw;
        }
        co_await sleep(retrying.wait());
    }
}

template <class E>
bool is_error(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const E&) {
        return true;
    } catch (...) {
        return false;
    }
}

}  // namespace detail

template <class... Es>
bool retry_if_exception_type(const std::exception_ptr& error) {
    return (detail::is_error<Es>(error) || ...);
}

// Awaits `function()` until it succeeds, or fails with an error that is not retried; each call returns a new coroutine,
// or another awaitable. Result: that of the call that succeeds. A function given by name must outlive the await.
// Cancel: ends the attempt, or the wait between two. stop_before_delay does not interrupt an attempt: with_timeout()
// around all of it, or wait_for() inside the function, does that.
// Errors: that of the last attempt; those of retry_if and before_sleep; ValueError, at the call, when
// stop_after_attempt is 0 or wait_exp_base is negative or NaN.
template <class F>
    requires Awaitable<std::invoke_result_t<std::remove_reference_t<F>&>>
auto retry(F&& function, RetryOptions options = {}) {
    AIO_CHECK_LAMBDA(F);
    using T = await_result_t<std::invoke_result_t<std::remove_reference_t<F>&>>;
    return detail::run_with_retry<T, F>(detail::Retrying(options), std::forward<F>(function));
}

}  // namespace aio
