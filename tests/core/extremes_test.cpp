// Times and numbers of the core at their ends. The rule and its check: tools/extremes.py.
#include <aio/core/as_completed.hpp>
#include <aio/core/log.hpp>
#include <aio/core/run.hpp>
#include <aio/core/timeout.hpp>
#include <aio/core/wait.hpp>

#include "support/async_test.hpp"
#include "support/test_run.hpp"

#include <climits>
#include <csignal>
#include <limits>

namespace aio::test {

namespace {

using testing::HasSubstr;

constexpr TimePoint kBegin = TimePoint::min(), kNever = TimePoint::max();
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

// Delays that are over, and delays that do not end.
constexpr Duration kOver[] = {Duration::min(), Duration::min() + Duration(1), Duration(-1), Duration(0)};
constexpr Duration kForEver[] = {Duration::max() - Duration(1), Duration::max()};

// Moments that have passed, whatever the clock shows.
constexpr TimePoint kPast[] = {kBegin, kBegin + Duration(1), kBegin + Duration::max(), TimePoint() - Duration(1)};
constexpr TimePoint kFuture[] = {kNever - Duration(1), kNever};

Coro<int> soon() { co_return co_await sleep(1ms, 5); }
Coro<int> at_once() { co_return 5; }
Coro<> never() {
    Future<> nothing;
    co_await nothing;
}
std::vector<Task<int>> one_task() { return std::vector<Task<int>>(1, create_task(soon())); }

}  // namespace

// Extremes: sleep(delay), Sleep::Sleep(delay), SleepFor::SleepFor(delay)
ASYNC_TEST(Extremes, of_sleep, kOnce) {
    for (const Duration delay : kOver) {
        const Stopwatch watch;
        co_await sleep(delay);
        EXPECT_EQ(co_await sleep(delay, 7), 7);
        if (virtual_time()) watch.expect(0s);
        EXPECT_EQ(pending_timers(), 0u);
    }
    const Stopwatch watch;
    co_await sleep(Duration(1));
    EXPECT_EQ(co_await sleep(Duration(1), 7), 7);
    EXPECT_GE(watch.elapsed(), 2ns);
    for (const Duration delay : kForEver) {
        co_await expect_throws<TimeoutError>(wait_for(sleep(delay), 1ms));
        co_await expect_throws<TimeoutError>(wait_for(sleep(delay, 7), 1ms));
    }
}

// Extremes: sleep_until(when), SleepUntil::SleepUntil(when)
ASYNC_TEST(Extremes, of_sleep_until, kOnce) {
    for (const TimePoint when : kPast) {
        const Stopwatch watch;
        co_await sleep_until(when);
        if (virtual_time()) watch.expect(0s);
    }
    co_await sleep_until(get_running_loop().time());
    const Stopwatch watch;
    co_await sleep_until(get_running_loop().time() + Duration(1));
    EXPECT_GE(watch.elapsed(), 1ns);
    for (const TimePoint when : kFuture) co_await expect_throws<TimeoutError>(wait_for(sleep_until(when), 1ms));
    EXPECT_EQ(pending_timers(), 0u);
}

// Extremes: EventLoop::call_later(delay), EventLoop::call_at(when)
ASYNC_TEST(Extremes, of_timers, kOnce) {
    EventLoop& loop = get_running_loop();
    int& calls = keep<int>(0);
    const auto count = [&calls] { ++calls; };
    int expected = 0;
    for (const Duration delay : kOver) {
        loop.call_later(delay, count);
        ++expected;
    }
    for (const TimePoint when : kPast) {
        EXPECT_EQ(loop.call_at(when, count).when(), when);
        ++expected;
    }
    loop.call_later(Duration(1), count);
    std::vector<TimerHandle> others;
    for (const Duration delay : kForEver) others.push_back(loop.call_later(delay, count));
    for (const TimePoint when : kFuture) others.push_back(loop.call_at(when, count));
    // A loop that has nothing else to do looks at the first deadline.
    co_await sleep(1ms);
    EXPECT_EQ(calls, expected + 1);
    EXPECT_EQ(pending_timers(), others.size());
    for (const TimerHandle& handle : others) handle.cancel();
}

// The loop waits for nothing but a timer that was due before there was a clock.
LOOP_TEST(Extremes, of_a_timer_that_is_all_there_is, kOnce) {
    for (const TimePoint when : kPast) {
        loop.call_at(when, [&loop] { loop.stop(); });
        loop.run_forever();
    }
}

// Extremes: with_timeout(delay), with_timeout_at(when), Timeout::Timeout(when), Timeout::reschedule(when)
ASYNC_TEST(Extremes, of_deadlines_of_a_block, kOnce) {
    for (const Duration delay : kOver) {
        co_await expect_throws<TimeoutError>(with_timeout(delay, soon));
        EXPECT_EQ(co_await with_timeout(delay, at_once), 5) << "a block that does not wait is not cancelled";
    }
    for (const TimePoint when : kPast) {
        co_await expect_throws<TimeoutError>(with_timeout_at(when, soon));
        auto move = [when](Timeout& timeout) -> Coro<int> {
            timeout.reschedule(when);
            co_return co_await soon();
        };
        co_await expect_throws<TimeoutError>(with_timeout(1h, move));
    }
    co_await expect_throws<TimeoutError>(with_timeout(Duration(1), never));
    for (const Duration delay : kForEver) EXPECT_EQ(co_await with_timeout(delay, soon), 5);
    EXPECT_EQ(co_await with_timeout(std::nullopt, soon), 5);
    for (const TimePoint when : kFuture) {
        EXPECT_EQ(co_await with_timeout_at(when, soon), 5);
        auto move = [when](Timeout& timeout) -> Coro<int> {
            timeout.reschedule(when);
            EXPECT_EQ(timeout.when(), when);
            co_return co_await soon();
        };
        EXPECT_EQ(co_await with_timeout(1h, move), 5);
    }
    EXPECT_EQ(co_await with_timeout_at(std::nullopt, soon), 5);
}

// Extremes: wait_for(timeout)
ASYNC_TEST(Extremes, of_wait_for, kOnce) {
    for (const Duration timeout : kOver) {
        co_await expect_throws<TimeoutError>(wait_for(at_once(), timeout));  // it is not even begun, as in asyncio
        Task<int> task = create_task(at_once());
        co_await run_passes(2);
        EXPECT_EQ(co_await wait_for(task, timeout), 5);
    }
    co_await expect_throws<TimeoutError>(wait_for(never(), Duration(1)));
    for (const Duration timeout : kForEver) EXPECT_EQ(co_await wait_for(soon(), timeout), 5);
    EXPECT_EQ(co_await wait_for(soon(), std::nullopt), 5);
}

// Extremes: WaitOptions::timeout, as_completed(timeout), AsCompleted::AsCompleted(timeout)
ASYNC_TEST(Extremes, of_timeouts_of_several, kOnce) {
    for (const Duration timeout : {Duration::min(), Duration(-1), Duration(0), Duration(1)}) {
        std::vector<Task<int>> tasks = one_task();
        const auto waited = co_await wait(tasks, {.timeout = timeout});
        EXPECT_EQ(waited.pending.size(), 1u);
        auto completed = as_completed(tasks, timeout);
        co_await expect_throws<TimeoutError>(completed.next());
        EXPECT_EQ(co_await tasks.front(), 5);
    }
    for (const Duration timeout : kForEver) {
        const auto waited = co_await wait(one_task(), {.timeout = timeout});
        EXPECT_EQ(waited.done.size(), 1u);
        auto completed = as_completed(one_task(), timeout);
        EXPECT_EQ(co_await completed.next_result(), 5);
    }
}

// Extremes: LoopOptions::busy_poll, RunOptions::busy_poll, LoopOptions::shuffle_seed
TEST(Extremes, of_loops_and_runs) {
    for (const Duration busy : {Duration::min(), Duration(-1), Duration(0), Duration(1), Duration::max()}) {
        EXPECT_EQ(run(soon(), {.backend = harness::backend_name(), .busy_poll = busy}), 5);
        EventLoop loop({.backend = harness::backend_name(), .busy_poll = busy});
        EXPECT_EQ(loop.run_until_complete(soon()), 5);
    }
    for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, kMost}) {
        EventLoop loop({.backend = harness::backend_name(), .shuffle_seed = seed});
        EXPECT_EQ(loop.run_until_complete(soon()), 5);
    }
}

// Extremes: EventLoop::set_slow_callback_duration(duration)
ASYNC_TEST(Extremes, of_what_is_slow, kOnce) {
    EventLoop& loop = get_running_loop();
    loop.set_debug(true);
    for (const Duration slow : {Duration::max(), Duration(1h)}) {
        loop.set_slow_callback_duration(slow);
        co_await run_passes(3);
        EXPECT_THAT(take_logs(), testing::IsEmpty());
    }
    for (const Duration slow : {Duration::min(), Duration(-1), Duration(0)}) {  // then all is slow
        loop.set_slow_callback_duration(slow);
        co_await run_passes(3);
        EXPECT_THAT(take_logs(), testing::Contains(HasSubstr("Executing ")));
    }
    loop.set_debug(false);
    co_await run_passes(2);
    static_cast<void>(take_logs());
}

// Extremes: Task::get_stack(limit), Task::print_stack(limit), AnyTask::get_stack(limit), AnyTask::print_stack(limit)
ASYNC_TEST(Extremes, of_stacks, kOnce) {
    auto outer = []() -> Coro<> { co_await never(); };
    Task<> task = create_task(outer);
    co_await run_passes(1);
    EXPECT_EQ(task.get_stack(0).size(), 0u);
    EXPECT_EQ(task.get_stack(1).size(), 1u);
    EXPECT_EQ(task.get_stack(SIZE_MAX).size(), task.get_stack().size());
    EXPECT_EQ(AnyTask(task).get_stack(0).size(), 0u);
    task.print_stack(0);
    AnyTask(task).print_stack(SIZE_MAX);
    EXPECT_THAT(take_logs(), testing::ElementsAre(HasSubstr("No stack"), HasSubstr("Stack for")));
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_EQ(task.get_stack(0).size(), 0u);
    EXPECT_LE(task.get_stack(1).size(), 1u);
}

// Extremes: EventLoop::add_signal_handler(signal), EventLoop::remove_signal_handler(signal)
LOOP_TEST(Extremes, of_signals, kOnce) {
    for (const int signal : {INT_MIN, -1, 0, 32, 65, INT_MAX}) {
        EXPECT_THAT(expect_error<ValueError>([&] { loop.add_signal_handler(signal, [] {}); }),
                    HasSubstr("invalid signal number"));
        EXPECT_THAT(expect_error<ValueError>([&] { loop.remove_signal_handler(signal); }),
                    HasSubstr("invalid signal number"));
    }
    for (const int signal : {SIGKILL, SIGSTOP}) {
        EXPECT_THAT(expect_error<ValueError>([&] { loop.add_signal_handler(signal, [] {}); }), HasSubstr("caught"));
        EXPECT_FALSE(loop.remove_signal_handler(signal));
    }
    for (const int signal : {SIGHUP, SIGRTMAX}) {
        loop.add_signal_handler(signal, [] {});
        EXPECT_TRUE(loop.remove_signal_handler(signal));
    }
}

// Extremes: EventLoop::add_reader(fd), EventLoop::add_writer(fd), EventLoop::remove_reader(fd),
//     EventLoop::remove_writer(fd)
LOOP_TEST(Extremes, of_descriptors_that_are_watched, kOnce) {
    for (const int fd : {INT_MIN, -1, 1'000'000, INT_MAX}) {
        EXPECT_THAT(expect_error<OSError>([&] { loop.add_reader(fd, [] {}); }), HasSubstr("Bad file descriptor"));
        EXPECT_THAT(expect_error<OSError>([&] { loop.add_writer(fd, [] {}); }), HasSubstr("Bad file descriptor"));
        EXPECT_FALSE(loop.remove_reader(fd));
        EXPECT_FALSE(loop.remove_writer(fd));
    }
}

}  // namespace aio::test
