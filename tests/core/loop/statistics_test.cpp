// EventLoop::statistics(): each number, against what the test did.
#include <aio/aio.hpp>

#include "support/async_test.hpp"

#include <chrono>
#include <optional>
#include <stdexcept>
#include <vector>

namespace aio::test {
namespace {

using testing::HasSubstr;

Coro<> fails() {
    throw std::runtime_error("on purpose");
    co_return;
}

Coro<> ends() { co_return; }

Coro<> steps_for(Duration time) {
    const auto begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < time) {}
    co_await aio::sleep(1h);
}

ASYNC_TEST(LoopStatistics, counts_tasks_by_how_they_ended, kOnce) {
    EventLoop& loop = get_running_loop();
    const LoopStatistics before = loop.statistics();
    EXPECT_GE(before.tasks_alive, 1u);  // this one
    Event event;
    const auto waits = [&event]() -> Coro<> { co_await event.wait(); };
    Task<> waiting = create_task(waits()), cancelled = create_task(waits()), failed = create_task(fails());
    Task<> never_began = create_task(waits());
    LoopStatistics now = loop.statistics();
    EXPECT_EQ(now.tasks_created, before.tasks_created + 4);
    EXPECT_EQ(now.tasks_alive, before.tasks_alive + 4);
    EXPECT_EQ(now.ready, before.ready + 4);
    never_began.cancel();
    co_await aio::sleep(0s);
    now = loop.statistics();
    EXPECT_EQ(now.tasks_alive, before.tasks_alive + 2);
    EXPECT_EQ(now.tasks_failed, before.tasks_failed + 1);
    EXPECT_EQ(now.tasks_cancelled, before.tasks_cancelled + 1);
    cancelled.cancel();
    const std::vector<AnyTask> one = {cancelled};
    co_await wait(one);
    event.set();
    co_await waiting;
    now = loop.statistics();
    EXPECT_EQ(now.tasks_alive, before.tasks_alive);
    EXPECT_EQ(now.tasks_done, before.tasks_done + 4);
    EXPECT_EQ(now.tasks_failed, before.tasks_failed + 1);
    EXPECT_EQ(now.tasks_cancelled, before.tasks_cancelled + 2);
    co_await expect_throws<std::runtime_error>(std::move(failed));
}

ASYNC_TEST(LoopStatistics, knows_the_children_of_a_gather_that_are_no_tasks_yet, kOnce) {
    EventLoop& loop = get_running_loop();
    const LoopStatistics before = loop.statistics();
    std::vector<Coro<>> children;
    for (int i = 0; i < 100; ++i) children.push_back(ends());
    auto all = gather(std::move(children));
    LoopStatistics now = loop.statistics();
    EXPECT_EQ(now.tasks_created, before.tasks_created + 100);
    EXPECT_EQ(now.tasks_alive, before.tasks_alive + 100);
    co_await std::move(all);
    now = loop.statistics();
    EXPECT_EQ(now.tasks_alive, before.tasks_alive);
    EXPECT_EQ(now.tasks_done, before.tasks_done + 100);
}

ASYNC_TEST(LoopStatistics, counts_timers_passes_and_operations, kOnce) {
    EventLoop& loop = get_running_loop();
    const LoopStatistics before = loop.statistics();
    TimerHandle timer = loop.call_later(1h, [] {});
    EXPECT_EQ(loop.statistics().timers, before.timers + 1);
    timer.cancel();
    EXPECT_EQ(loop.statistics().timers, before.timers);
    for (int i = 0; i < 10; ++i) co_await aio::sleep(1ms);
    const auto ignore = [](StreamReader, StreamWriter) -> Coro<> { co_return; };
    const Server server = co_await start_server(ignore, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    const LoopStatistics now = loop.statistics();
    EXPECT_GE(now.passes, before.passes + 10);
    EXPECT_GE(now.polls, before.polls + 10);
    EXPECT_GT(now.poll_time, before.poll_time);
    EXPECT_GE(now.io_operations, before.io_operations + 2);  // an accept and a connect
    writer.close();
}

ASYNC_TEST(LoopStatistics, of_a_busy_loop_show_it, kOnce) {
    if (simulated()) CO_SKIP();  // its clock stands still while it works
    EventLoop& loop = get_running_loop();
    const LoopStatistics before = loop.statistics();
    Task<> task = create_task(steps_for(20ms));
    co_await aio::sleep(1ms);
    const LoopStatistics now = loop.statistics();
    EXPECT_GE(now.busy_time, before.busy_time + Duration(20ms));
    EXPECT_GE(now.longest_busy, Duration(20ms));
    EXPECT_FALSE(now.longest_step.has_value());  // nobody asked for it
    task.cancel();
}

ASYNC_TEST(LoopStatistics, name_the_longest_step_while_steps_are_measured, kOnce) {
    EventLoop& loop = get_running_loop();
    loop.set_measure_steps(true);
    co_await aio::sleep(1ms);
    Task<> task = create_task(steps_for(20ms), {.name = "slow"});
    co_await aio::sleep(1ms);
    const std::optional<LongestStep> longest = loop.statistics().longest_step;
    loop.set_measure_steps(false);
    EXPECT_TRUE(longest.has_value());
    if (longest) {
        EXPECT_GE(longest->duration, Duration(20ms));
        EXPECT_EQ(longest->task, "slow");
        EXPECT_THAT(longest->place, HasSubstr("statistics_test.cpp:"));
    }
    task.cancel();
}

// A sleep of the loop does not make its passes slow: what is ready after it needs no poll of its own for each pass.
ASYNC_TEST(LoopStatistics, show_one_poll_for_the_passes_between_two_sleeps, kOnce) {
    if (!simulated()) CO_SKIP();  // a machine that is busy makes passes slow indeed
    EventLoop& loop = get_running_loop();
    co_await aio::sleep(1ms);
    const LoopStatistics before = loop.statistics();
    constexpr unsigned kRounds = 20;
    for (unsigned i = 0; i < kRounds; ++i) {
        co_await aio::sleep(1ms);
        for (int pass = 0; pass < 3; ++pass) co_await aio::sleep(0s);
    }
    const LoopStatistics now = loop.statistics();
    EXPECT_GE(now.passes, before.passes + 4 * kRounds);
    EXPECT_LE(now.polls, before.polls + kRounds + 1);
}

TEST(LoopStatistics, begin_anew_with_each_loop) {
    {
        EventLoop loop;
        loop.run_until_complete(aio::sleep(1ms));
        EXPECT_EQ(loop.statistics().tasks_created, 1u);
        EXPECT_GE(loop.statistics().passes, 1u);
    }
    const EventLoop loop;
    const LoopStatistics now = loop.statistics();
    EXPECT_EQ(now.passes, 0u);
    EXPECT_EQ(now.polls, 0u);
    EXPECT_EQ(now.tasks_created, 0u);
    EXPECT_EQ(now.poll_time, Duration(0));
    EXPECT_EQ(now.busy_time, Duration(0));
}

}  // namespace
}  // namespace aio::test
