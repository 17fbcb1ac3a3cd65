// retry(): how often, how long in between, after which errors.
#include <aio/sync/retry.hpp>

#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>

#include "support/async_test.hpp"

#include <algorithm>
#include <climits>
#include <cmath>
#include <limits>
#include <vector>

namespace aio::test {

namespace {

using testing::HasSubstr;
using Times = std::vector<long>;

// Fails so many times and then gives the number of its call. Notes when it was called.
struct Flaky {
    int failures;
    int calls = 0;
    TimePoint start = get_running_loop().time();
    Times times{};

    Coro<int> operator()() {
        times.push_back(
            std::chrono::duration_cast<std::chrono::milliseconds>(get_running_loop().time() - start).count());
        const int call = ++calls;
        co_await sleep(0s);
        if (call <= failures) throw OSError(5, "call number " + std::to_string(call));
        co_return call;
    }
};

Flaky& flaky(int failures) { return keep<Flaky>(Flaky{failures}); }

// For those whose waits do not matter.
constexpr Duration kSoon = 1ms;

RetryOptions without_jitter(RetryOptions options = {}) {
    options.wait_jitter = 0s;
    return options;
}

std::vector<std::size_t>& noted() {
    static std::vector<std::size_t> attempts;
    return attempts;
}

}  // namespace

ASYNC_TEST(Retry, gives_the_result_of_the_call_that_succeeds, kAnyOrder) {
    Flaky& call = flaky(2);
    EXPECT_EQ(co_await retry(call, {.wait_max = kSoon}), 3);
    EXPECT_EQ(call.calls, 3);
    Flaky& fine = flaky(0);
    EXPECT_EQ(co_await retry(fine), 1);
    const auto nothing = []() -> Coro<> { co_return; };
    co_await retry(nothing);
    int& value = keep<int>(5);
    const auto reference = [&value]() -> Coro<int&> { co_return value; };
    EXPECT_EQ(&co_await retry(reference), &value);
    EXPECT_EQ(co_await retry([] { return sleep(1ms, 6); }), 6) << "any awaitable will do";
}

ASYNC_TEST(Retry, throws_the_last_error_as_it_is, kAnyOrder) {
    Flaky& call = flaky(100);
    EXPECT_THAT(co_await expect_throws<OSError>(retry(call, {.stop_after_attempt = 4, .wait_max = kSoon})),
                HasSubstr("call number 4"));
    EXPECT_EQ(call.calls, 4);
}

ASYNC_TEST(Retry, waits_longer_each_time_but_not_longer_than_the_most) {
    Flaky& call = flaky(5);
    EXPECT_EQ(co_await retry(call, without_jitter({.stop_after_attempt = 9, .wait_initial = 10ms, .wait_max = 50ms})),
              6);
    if (virtual_time()) {
        EXPECT_EQ(call.times, (Times{0, 10, 30, 70, 120, 170}));
    }
    Flaky& even = flaky(3);
    co_await retry(even, without_jitter({.stop_after_attempt = 9, .wait_initial = 5ms, .wait_exp_base = 1}));
    if (virtual_time()) {
        EXPECT_EQ(even.times, (Times{0, 5, 10, 15}));
    }
}

ASYNC_TEST(Retry, adds_a_random_time_within_the_jitter, kAnyOrder) {
    Duration shortest = Duration::max(), longest = Duration(0);
    for (std::size_t i = 0; i < scaled(50); ++i) {
        Flaky& call = flaky(1);
        const Stopwatch watch;
        co_await retry(call, {.wait_initial = 1ms, .wait_jitter = 2ms});
        shortest = std::min(shortest, watch.elapsed());
        longest = std::max(longest, watch.elapsed());
        EXPECT_GE(watch.elapsed(), 1ms);
        if (virtual_time()) {
            EXPECT_LE(watch.elapsed(), 3ms);
        }
    }
    if (!rerunning()) {
        EXPECT_GT(longest, shortest + 100us);
    }
    Flaky& capped = flaky(1);
    const Stopwatch watch;
    co_await retry(capped, {.wait_initial = 1ms, .wait_max = 2ms, .wait_jitter = 1h});
    if (virtual_time()) {
        EXPECT_LE(watch.elapsed(), 2ms);
    }
}

ASYNC_TEST(Retry, retries_the_errors_that_it_is_to_retry, kAnyOrder) {
    RetryOptions options = without_jitter({.wait_initial = 1ms, .retry_if = retry_if_exception_type<TimeoutError>});
    Flaky& other = flaky(1);
    co_await expect_throws<OSError>(retry(other, options));
    EXPECT_EQ(other.calls, 1);
    options.retry_if = retry_if_exception_type<TimeoutError, OSError>;
    Flaky& either = flaky(1);
    EXPECT_EQ(co_await retry(either, options), 2);
    options.retry_if = retry_if_not_exception_type<OSError>;
    Flaky& excluded = flaky(1);
    co_await expect_throws<OSError>(retry(excluded, options));
    options.retry_if = [](const std::exception_ptr& error) {
        return expect_is<OSError>(error).find("number 1") != std::string::npos;
    };
    Flaky& first = flaky(2);
    EXPECT_THAT(co_await expect_throws<OSError>(retry(first, options)), HasSubstr("number 2"));
    int& numbers = keep<int>();
    const auto throw_number = [&numbers]() -> Coro<> {
        if (++numbers < 3) throw 42;
        co_return;
    };
    co_await retry(throw_number, without_jitter({.wait_initial = 1ms}));
    EXPECT_EQ(numbers, 3);
}

ASYNC_TEST(Retry, never_retries_a_cancellation, kAnyOrder) {
    int& calls = keep<int>();
    const auto always = [](const std::exception_ptr&) { return true; };
    const auto call = [&calls]() -> Coro<> {
        ++calls;
        co_await sleep(10s);
    };
    Task<> task = create_task(retry(call, {.retry_if = always}));
    co_await settle();
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    const auto cancelled = [&calls]() -> Coro<> {
        ++calls;
        Future<> future;
        future.cancel();
        co_await future;
    };
    co_await expect_throws<CancelledError>(retry(cancelled, {.retry_if = always}));
    EXPECT_EQ(calls, 2);
}

ASYNC_TEST(Retry, cancelled_between_two_attempts_makes_no_more, kAnyOrder) {
    Flaky& call = flaky(100);
    auto forever = [&call]() -> Coro<int> { co_return co_await retry(call, {.wait_initial = 10s}); };
    co_await expect_throws<TimeoutError>(wait_for(forever(), 5ms));
    EXPECT_EQ(call.calls, 1);
    EXPECT_EQ(pending_timers(), 0u);
}

ASYNC_TEST(Retry, begins_no_attempt_past_its_time) {
    Flaky& call = flaky(100);
    const RetryOptions options =
        without_jitter({.stop_after_attempt = std::nullopt, .stop_before_delay = 70ms, .wait_initial = 10ms});
    const Stopwatch watch;
    const std::string error = co_await expect_throws<OSError>(retry(call, options));
    if (!virtual_time()) co_return;
    EXPECT_THAT(error, HasSubstr("call number 3"));
    EXPECT_EQ(call.times, (Times{0, 10, 30}));
    watch.expect(30ms);  // it does not wait in vain
}

ASYNC_TEST(Retry, tells_before_it_sleeps, kAnyOrder) {
    noted().clear();
    noted().reserve(8);
    Flaky& call = flaky(2);
    RetryOptions options = without_jitter({.wait_initial = 1ms});
    options.before_sleep = [](const RetryCallState& state) {
        noted().push_back(state.attempt_number);
        EXPECT_THAT(expect_is<OSError>(state.error), HasSubstr(std::to_string(state.attempt_number)));
        EXPECT_EQ(state.upcoming_sleep, Duration(1ms) * static_cast<long>(state.attempt_number));
    };
    EXPECT_EQ(co_await retry(call, options), 3);
    EXPECT_EQ(noted(), (std::vector<std::size_t>{1, 2}));
}

// Extremes: RetryOptions::stop_after_attempt, RetryOptions::stop_before_delay, RetryOptions::wait_initial,
//     RetryOptions::wait_max, RetryOptions::wait_exp_base, RetryOptions::wait_jitter
ASYNC_TEST(Extremes, of_retries, kOnce) {
    Flaky& never = flaky(INT_MAX);
    EXPECT_THAT(expect_error<ValueError>([&] { static_cast<void>(retry(never, {.stop_after_attempt = 0})); }),
                HasSubstr("at least 1"));
    for (const double base : {-HUGE_VAL, -1.0, std::nan("")}) {
        EXPECT_THAT(expect_error<ValueError>([&] { static_cast<void>(retry(never, {.wait_exp_base = base})); }),
                    HasSubstr("must be a number"));
    }
    co_await expect_throws<OSError>(retry(never, {.stop_after_attempt = 1}));
    EXPECT_EQ(never.calls, 1);
    const std::optional<std::size_t> any_number[] = {std::nullopt, SIZE_MAX};
    for (const auto& attempts : any_number) {
        Flaky& call = flaky(50);
        EXPECT_EQ(co_await retry(call, {.stop_after_attempt = attempts, .wait_max = 0s}), 51);
    }
    for (const Duration delay : {Duration::min(), Duration(-1), Duration(0), Duration(1)}) {
        Flaky& call = flaky(100);
        co_await expect_throws<OSError>(retry(call, {.stop_before_delay = delay, .wait_initial = 1ms}));
        EXPECT_EQ(call.calls, 1);
    }
    for (const Duration none : {Duration::min(), Duration(-1), Duration(0)}) {
        Flaky& call = flaky(2);
        const Stopwatch watch;
        EXPECT_EQ(co_await retry(call, {.wait_initial = none, .wait_jitter = none}), 3);
        EXPECT_EQ(co_await retry(flaky(2), {.wait_initial = 1h, .wait_max = none}), 3);
        EXPECT_EQ(co_await retry(flaky(2), {.wait_initial = 0s, .wait_exp_base = HUGE_VAL, .wait_jitter = none}), 3);
        if (virtual_time()) watch.expect(0s);
    }
    for (const double base : {0.0, 1.0, std::numeric_limits<double>::max(), HUGE_VAL}) {
        EXPECT_EQ(co_await retry(flaky(3), {.stop_after_attempt = 4,
                                            .wait_initial = 1ms,
                                            .wait_max = 2ms,
                                            .wait_exp_base = base,
                                            .wait_jitter = 0s}),
                  4);
    }
    for (const Duration most : {Duration(Duration::max() - Duration(1)), Duration::max()}) {
        Flaky& call = flaky(1);
        EXPECT_EQ(co_await retry(call, {.stop_before_delay = most, .wait_initial = 1ms, .wait_jitter = 0s}), 2);
        Flaky& waiting = flaky(1);
        const RetryOptions options{
            .stop_before_delay = Duration::max(), .wait_initial = most, .wait_max = most, .wait_jitter = most};
        co_await expect_throws<TimeoutError>(wait_for(retry(waiting, options), 1ms));
        EXPECT_EQ(waiting.calls, 1);
    }
}

}  // namespace aio::test
