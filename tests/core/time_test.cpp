// Durations at their ends: what is too long means "for ever" wherever a delay or a timeout may stand.
#include <aio/core/time.hpp>

#include <aio/core/as_completed.hpp>
#include <aio/core/timeout.hpp>
#include <aio/core/wait.hpp>

#include "support/async_test.hpp"

#include <cstdint>
#include <limits>

namespace aio::test {

namespace {

using Seconds = std::chrono::duration<double>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

static_assert(Duration(std::chrono::hours::max()) == Duration::max());
static_assert(Duration(std::chrono::hours::min()) == Duration::min());
static_assert(Duration(std::chrono::nanoseconds::max()) == Duration::max());
static_assert(Duration(std::chrono::duration<std::uint64_t, std::milli>(UINT64_MAX)) == Duration::max());
static_assert(Duration(std::chrono::duration<long, std::pico>::max()) < 120 * 24h);
static_assert(Duration(std::chrono::duration<int, std::ratio<1, 3>>(6)) == 2s);
static_assert(Duration(Seconds(1e10)) == Duration::max());
static_assert(Duration(Seconds(-0.5)) == -500ms);
static_assert(Duration(90min) == 5400s && Duration(7).count() == 7);

// Moments in other ticks.
// Extremes: When::When(when)
static_assert(TimePoint(When(TimePoint::max())) == TimePoint::max());
static_assert(TimePoint(When(TimePoint::min())) == TimePoint::min());
static_assert(TimePoint(When(TimePoint(0ns) + Seconds(1.5))) == TimePoint(1500ms));
static_assert(TimePoint(When(TimePoint(0ns) + Seconds(kInfinity))) > TimePoint(24h * 365 * 100));
static_assert(TimePoint(When(TimePoint(0ns) - Seconds(kInfinity))) < TimePoint(0ns));
static_assert(TimePoint(When(TimePoint(0ns) + Seconds(0))) == TimePoint(0ns));
static_assert(TimePoint(When(std::chrono::time_point<std::chrono::steady_clock, std::chrono::hours>(7h))) ==
              TimePoint(7h));

// All that a program may write for "very long".
std::vector<Duration> long_times() {
    return {Duration::max(),           std::chrono::nanoseconds::max(),
            std::chrono::hours::max(), std::chrono::hours(24 * 365 * 292),
            Seconds(kInfinity),        Seconds(1e10),
            Duration::max() / 2,       24h * 365 * 100};
}

Coro<int> soon() { co_return co_await sleep(1ms, 5); }

}  // namespace

TEST(Duration, saturates_instead_of_overflowing) {
    EXPECT_EQ(Duration(Seconds(kInfinity)), Duration::max());
    EXPECT_EQ(Duration(Seconds(-kInfinity)), Duration::min());
    EXPECT_EQ(Duration(Seconds(1.5)), 1500ms);
    const auto not_a_number = [] { static_cast<void>(Duration(Seconds(std::numeric_limits<double>::quiet_NaN()))); };
    EXPECT_THAT(expect_error<ValueError>(not_a_number), testing::HasSubstr("NaN"));
    EXPECT_EQ(detail::after(TimePoint::max(), 1s), TimePoint::max() - 1ns);
    EXPECT_EQ(detail::after(TimePoint::min(), Duration(-1s)), TimePoint::min());
}

ASYNC_TEST(LongTimes, sleep_does_not_stop_the_loop) {
    for (const Duration time : long_times()) {
        Task<> sleeper = create_task([](Duration d) -> Coro<> { co_await sleep(d); }, time);
        for (int i = 0; i < 3; ++i) co_await sleep(1ms);
        EXPECT_FALSE(sleeper.done());
        sleeper.cancel();
        co_await expect_throws<CancelledError>(std::move(sleeper));
    }
}

ASYNC_TEST(LongTimes, calls_are_not_made_at_once) {
    EventLoop& loop = get_running_loop();
    int& calls = keep<int>(0);
    const auto count = [&calls] { ++calls; };
    std::vector<TimerHandle> handles;
    for (const Duration time : long_times()) handles.push_back(loop.call_later(time, count));
    handles.push_back(loop.call_at(TimePoint::max(), count));
    handles.push_back(loop.call_at(TimePoint::max() - 1ns, count));
    for (int i = 0; i < 3; ++i) co_await sleep(1ms);
    EXPECT_EQ(calls, 0);
    for (const TimerHandle& handle : handles) handle.cancel();
}

ASYNC_TEST(LongTimes, timeouts_do_not_expire) {
    for (const Duration time : long_times()) {
        EXPECT_EQ(co_await wait_for(soon(), time), 5);
        EXPECT_EQ(co_await wait_for(create_task(soon()), time), 5);
        EXPECT_EQ(co_await with_timeout(time, soon), 5);
        auto moved = [time](Timeout& timeout) -> Coro<int> {
            timeout.reschedule(detail::after(get_running_loop().time(), time));
            timeout.reschedule(TimePoint::max() - 5ns);
            return soon();
        };
        EXPECT_EQ(co_await with_timeout(1h, moved), 5);
        EXPECT_EQ(co_await with_timeout_at(TimePoint::max() - 1ns, soon), 5);
        std::vector<Task<int>> tasks(1, create_task(soon()));
        const auto waited = co_await wait(tasks, {.timeout = time});
        EXPECT_EQ(waited.done.size(), 1u);
        std::vector<Task<int>> more(1, create_task(soon()));
        auto completed = as_completed(more, time);
        auto first = co_await completed.next();
        CO_ASSERT_TRUE(first.has_value());
    }
}

ASYNC_TEST(LongTimes, any_duration_may_be_given_and_negative_ones_are_over) {
    EXPECT_EQ(co_await wait_for(soon(), std::chrono::hours::max()), 5);
    EXPECT_EQ(co_await wait_for(soon(), Seconds(1e300)), 5);
    co_await sleep(Seconds(-kInfinity));
    co_await sleep(std::chrono::hours::min());
    co_await expect_throws<TimeoutError>(wait_for(soon(), Seconds(-1e300)));
    co_await expect_throws<TimeoutError>(with_timeout(std::chrono::hours::min(), soon));
}

// The virtual clock is at its end then.
TEST(LongTimes, pass_on_the_simulator) {
    EventLoop loop({.backend = "sim"});
    int calls = 0;
    const auto body = [&]() -> Coro<> {
        for (int i = 0; i < 3; ++i) co_await sleep(Duration::max());
        get_running_loop().call_later(Duration::max(), [&calls] { ++calls; });
        co_await sleep(0s);
    };
    loop.run_until_complete(body());
    EXPECT_EQ(loop.time(), TimePoint::max() - 1ns);
}

}  // namespace aio::test
