// interval(): when it ticks, what it does about ticks that were missed.
#include <aio/sync/interval.hpp>

#include <aio/core/gather.hpp>
#include <aio/core/timeout.hpp>

#include "support/async_test.hpp"

#include <limits>
#include <vector>

namespace aio::test {

namespace {

using testing::HasSubstr;
using Times = std::vector<long>;

long milliseconds_since(TimePoint start, TimePoint when) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(when - start).count();
}

// When the ticks of 20 ms come if the work after the second one takes 50 ms: as in the picture of interval.hpp.
Coro<Times> ticks_around_long_work(MissedTickBehavior behavior) {
    const TimePoint start = get_running_loop().time();
    Interval ticker = interval(20ms);
    ticker.set_missed_tick_behavior(behavior);
    EXPECT_EQ(ticker.missed_tick_behavior(), behavior);
    Times times;
    for (int tick = 0; tick < 6; ++tick) {
        co_await ticker.tick();
        times.push_back(milliseconds_since(start, get_running_loop().time()));
        if (tick == 1) block_for(50ms);
    }
    co_return times;
}

}  // namespace

ASYNC_TEST(Interval, ticks_at_once_and_then_every_period, kAnyOrder) {
    const TimePoint start = get_running_loop().time();
    Interval ticker = interval(10ms);
    EXPECT_EQ(ticker.period(), Duration(10ms));
    EXPECT_EQ(ticker.missed_tick_behavior(), MissedTickBehavior::burst);
    Times due;
    for (int tick = 0; tick < 4; ++tick) {
        due.push_back(milliseconds_since(start, co_await ticker.tick()));
        EXPECT_GE(get_running_loop().time(), start + tick * 10ms);
        co_await sleep(3ms);
    }
    if (virtual_time()) {
        EXPECT_EQ(due, (Times{0, 10, 20, 30})) << "the work in between does not add up";
    }
}

ASYNC_TEST(Interval, may_begin_at_a_moment, kAnyOrder) {
    const TimePoint start = get_running_loop().time() + 5ms;
    Interval ticker = interval_at(start, 10ms);
    EXPECT_EQ(ticker.when(), start);
    EXPECT_EQ(co_await ticker.tick(), start);
    EXPECT_EQ(co_await ticker.tick(), start + 10ms);
    EXPECT_GE(get_running_loop().time(), start + 10ms);
}

ASYNC_TEST(Interval, bursts_skips_or_delays_after_ticks_that_were_missed) {
    const Times burst = co_await ticks_around_long_work(MissedTickBehavior::burst);
    const Times delay = co_await ticks_around_long_work(MissedTickBehavior::delay);
    const Times skip = co_await ticks_around_long_work(MissedTickBehavior::skip);
    if (!virtual_time()) co_return;
    EXPECT_EQ(burst, (Times{0, 20, 70, 70, 80, 100}));
    EXPECT_EQ(delay, (Times{0, 20, 70, 90, 110, 130}));
    EXPECT_EQ(skip, (Times{0, 20, 70, 80, 100, 120}));
}

ASYNC_TEST(Interval, does_not_count_a_little_lateness_as_missed) {
    if (!virtual_time()) co_return;
    for (const MissedTickBehavior behavior : {MissedTickBehavior::delay, MissedTickBehavior::skip}) {
        const TimePoint start = get_running_loop().time();
        Interval ticker = interval(20ms);
        ticker.set_missed_tick_behavior(behavior);
        co_await ticker.tick();
        block_for(25ms);
        EXPECT_EQ(co_await ticker.tick(), start + 20ms);
        EXPECT_EQ(co_await ticker.tick(), start + 40ms);
    }
    // Nor is a period shorter than that caught up with, if it is not to be.
    Interval fast = interval(1ms);
    fast.set_missed_tick_behavior(MissedTickBehavior::skip);
    const TimePoint start = co_await fast.tick();
    block_for(4500us);
    EXPECT_EQ(co_await fast.tick(), start + 1ms);
    EXPECT_EQ(co_await fast.tick(), start + 5ms);
}

ASYNC_TEST(Interval, cancelled_tick_is_not_consumed, kAnyOrder) {
    Interval ticker = interval_at(get_running_loop().time() + 20ms, 1h);
    const TimePoint due = ticker.when();
    co_await expect_throws<TimeoutError>(wait_for(ticker.tick(), 1ms));
    EXPECT_EQ(ticker.when(), due);
    EXPECT_EQ(pending_timers(), 0u);
    EXPECT_EQ(co_await ticker.tick(), due);
    EXPECT_EQ(ticker.when(), due + 1h);
}

ASYNC_TEST(Interval, gives_tasks_that_wait_together_the_same_tick, kAnyOrder) {
    Interval& ticker = keep<Interval>(get_running_loop().time() + 5ms, 10ms);
    const TimePoint due = ticker.when();
    auto [a, b] = co_await gather(ticker.tick(), ticker.tick());
    EXPECT_TRUE(a == due && b == due);
    EXPECT_EQ(ticker.when(), due + 10ms);
}

ASYNC_TEST(Interval, lets_others_run_while_it_catches_up, kAnyOrder) {
    int& passes = keep<int>();
    Interval ticker = interval(10ms);
    co_await ticker.tick();
    block_for(100ms);
    auto other = create_task([&passes]() -> Coro<> {
        for (int i = 0; i < 5; ++i) {
            co_await sleep(0s);
            ++passes;
        }
    });
    for (int i = 0; i < 8; ++i) co_await ticker.tick();
    EXPECT_EQ(passes, 5);
    co_await other;
}

ASYNC_TEST(Interval, reset_begins_anew, kAnyOrder) {
    Interval ticker = interval(1h);
    co_await ticker.tick();
    co_await sleep(5ms);
    const TimePoint before = get_running_loop().time();
    ticker.reset();
    EXPECT_GE(ticker.when(), before + 1h);
    EXPECT_LT(ticker.when(), before + 2h);
}

// Extremes: interval(period), interval_at(start), interval_at(period), Interval::Interval(start),
//     Interval::Interval(period)
ASYNC_TEST(Extremes, of_intervals, kOnce) {
    for (const Duration period : {Duration::min(), Duration(-1), Duration(0)}) {
        EXPECT_THAT(expect_error<ValueError>([&] { interval(period); }), HasSubstr("must be positive"));
        EXPECT_THROW(interval_at(TimePoint(), period), ValueError);
    }
    EXPECT_THROW(interval(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())), ValueError);
    for (const MissedTickBehavior behavior :
         {MissedTickBehavior::burst, MissedTickBehavior::delay, MissedTickBehavior::skip}) {
        for (const Duration period : {Duration(1), Duration(1ms), Duration::max()}) {
            for (const TimePoint start : {TimePoint::min(), TimePoint(), get_running_loop().time()}) {
                Interval ticker = interval_at(start, period);
                ticker.set_missed_tick_behavior(behavior);
                EXPECT_EQ(co_await ticker.tick(), start);
                EXPECT_GT(ticker.when(), start);
            }
            Interval never = interval_at(TimePoint::max(), period);
            never.set_missed_tick_behavior(behavior);
            co_await expect_throws<TimeoutError>(wait_for(never.tick(), 1ms));
            never.reset();
        }
    }
}

}  // namespace aio::test
