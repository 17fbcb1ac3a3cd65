// sleep() and sleep_until(): delays, moments, results, passes.
#include <aio/core/gather.hpp>
#include <aio/core/sleep.hpp>
#include <aio/core/task.hpp>

#include "support/async_test.hpp"

#include <algorithm>
#include <memory>

namespace aio::test {

ASYNC_TEST(Sleep, waits_for_its_delay_and_gives_its_result, kAnyOrder) {  // CPython: test_tasks.test_sleep
    const Stopwatch watch;
    EXPECT_EQ(co_await sleep(5ms, std::string("yeah")), "yeah");
    watch.expect(5ms);
    const auto moved = co_await sleep(1ms, std::make_unique<int>(1));
    EXPECT_EQ(*moved, 1);
}

ASYNC_TEST(Sleep, of_zero_takes_one_pass) {  // CPython: test_tasks.test_sleep_zero  semantics 8
    Log& log = keep<Log>();
    EventLoop& loop = get_running_loop();
    loop.call_soon([&] {
        log.push_back("pass 1");
        loop.call_soon([&] { log.push_back("pass 2"); });
    });
    EXPECT_EQ(pending_timers(), 0u);
    EXPECT_EQ(co_await sleep(0s, 42), 42);
    log.push_back("slept");
    co_await sleep(-1s);
    EXPECT_EQ(log, (Log{"pass 1", "slept", "pass 2"}));
}

ASYNC_TEST(Sleep, wakes_equal_deadlines_in_order) {  // semantics 2
    Log& log = keep<Log>();
    auto sleeper = [&log](std::string name, Duration delay) -> Coro<> {
        co_await sleep(delay);
        log.push_back(name);
    };
    Task<> a = create_task(sleeper, "a", Duration(2ms)), b = create_task(sleeper, "b", Duration(1ms)),
           c = create_task(sleeper, "c", Duration(2ms));
    co_await gather(a, b, c);
    EXPECT_EQ(log, (Log{"b", "a", "c"}));
}

ASYNC_TEST(SleepUntil, wakes_at_its_moment_on_the_loops_clock, kAnyOrder) {
    const TimePoint start = get_running_loop().time();
    const Stopwatch watch;
    co_await sleep(2ms);
    co_await sleep_until(start + 0.005s);
    watch.expect(5ms);
}

ASYNC_TEST(SleepUntil, takes_one_pass_when_the_moment_has_passed) {
    Log& log = keep<Log>();
    EventLoop& loop = get_running_loop();
    for (const TimePoint when : {loop.time(), loop.time() - 1s}) {
        loop.call_soon([&] {
            log.push_back("pass 1");
            loop.call_soon([&] { log.push_back("pass 2"); });
        });
        co_await sleep_until(when);
        EXPECT_EQ(log, (Log{"pass 1"}));
        EXPECT_EQ(pending_timers(), 0u);
        co_await sleep(0s);
        log.clear();
    }
}

ASYNC_TEST(SleepUntil, of_the_same_moment_wake_in_order_with_sleeps) {
    Log& log = keep<Log>();
    const TimePoint when = get_running_loop().time() + 50ms;
    auto sleeper = [&log](std::string name, TimePoint until) -> Coro<> {
        co_await sleep_until(until);
        log.push_back(name);
    };
    Task<> a = create_task(sleeper, "a", when), b = create_task(sleeper, "b", when - 1ms),
           c = create_task(sleeper, "c", when);
    co_await gather(a, b, c);
    EXPECT_EQ(log, (Log{"b", "a", "c"}));
}

ASYNC_TEST(SleepUntil, cancelled_leaves_no_timer, kAnyOrder) {
    Task<> task = create_task(sleep_until(get_running_loop().time() + 1h));
    co_await settle();
    EXPECT_EQ(pending_timers(), 1u);
    task.cancel();
    EXPECT_EQ(pending_timers(), 0u);
    co_await expect_throws<CancelledError>(task);
}

ASYNC_TEST(Sleep, many_at_once_wake_in_the_order_of_their_deadlines, kAnyOrder) {
    struct Wakes {
        TimePoint last_start;
        std::vector<Duration> delays;
    };
    Wakes& wakes = keep<Wakes>();
    auto sleeper = [&wakes](Duration delay) -> Coro<> {
        const TimePoint start = get_running_loop().time();
        wakes.last_start = start;
        co_await sleep(delay);
        wakes.delays.push_back(delay);
        EXPECT_GE(get_running_loop().time() - start, delay);
    };
    const TimePoint first_start = get_running_loop().time();
    std::vector<Task<>> tasks;
    for (std::size_t i = 0; i < scaled(500); ++i) {
        tasks.push_back(create_task(sleeper, Duration(10ms) * (i * 7919 % 5 + 1)));
    }
    co_await gather(tasks);
    EXPECT_EQ(wakes.delays.size(), tasks.size());
    // A delay may come behind a longer one only where its sleeper started that much later.
    const Duration starting = wakes.last_start - first_start;
    Duration longest{0};
    for (const Duration delay : wakes.delays) {
        longest = std::max(longest, delay);
        EXPECT_LE(longest - delay, starting);
    }
}

}  // namespace aio::test
