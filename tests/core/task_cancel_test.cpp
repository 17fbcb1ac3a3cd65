// Cancellation of tasks: a request, delivered once, counted.
#include <aio/core/gather.hpp>
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>
#include <aio/core/wait.hpp>

#include "support/async_test.hpp"

#include <cstdint>
#include <stdexcept>

namespace aio::test {

namespace {

Coro<> sleep_long() { co_await sleep(10s); }

// Sleeps; on cancellation goes on for `passes` and returns `result`.
Coro<int> ignore_cancel(int result, int passes = 0) {
    bool cancelled = false;
    try {
        co_await sleep(10s);
    } catch (const CancelledError&) {
        cancelled = true;
    }
    co_await run_passes(passes);
    co_return cancelled ? result : -1;
}

}  // namespace

ASYNC_TEST(Cancel, throws_at_the_await, kAnyOrder) {  // CPython: test_tasks.test_cancel
    Task<> task = create_task(sleep_long());
    co_await sleep(0s);
    EXPECT_TRUE(task.cancel());
    EXPECT_FALSE(task.cancelled()) << "it is a request";
    co_await expect_throws<CancelledError>(task);
    EXPECT_TRUE(task.done());
    EXPECT_TRUE(task.cancelled());
    EXPECT_FALSE(task.cancel()) << "it is done";
}

ASYNC_TEST(Cancel, before_the_first_step_keeps_the_body_from_running, kAnyOrder) {  // semantics 10
    // CPython: test_tasks.test_cancel_with_message_before_starting_task
    bool& ran = keep<bool>();
    Task<> task = create_task([&]() -> Coro<> {
        ran = true;
        co_return;
    });
    EXPECT_TRUE(task.cancel("too early"));
    EXPECT_EQ(co_await expect_throws<CancelledError>(task), "too early");
    EXPECT_FALSE(ran);
    EXPECT_TRUE(task.cancelled());
}

ASYNC_TEST(Cancel, reaches_a_task_that_only_yielded, kAnyOrder) {  // CPython: test_tasks.test_cancel_yield
    bool& went_on = keep<bool>();
    Task<> task = create_task([&]() -> Coro<> {
        co_await run_passes(1000);
        went_on = true;
    });
    co_await sleep(0s);
    EXPECT_TRUE(task.cancel());
    co_await expect_throws<CancelledError>(task);
    EXPECT_FALSE(went_on);
    EXPECT_FALSE(task.cancel());
}

ASYNC_TEST(Cancel, message_reaches_the_waiter, kAnyOrder) {
    Task<> task = create_task(sleep_long());
    co_await sleep(0s);
    task.cancel("enough");
    EXPECT_EQ(co_await expect_throws<CancelledError>(task), "enough");
}

ASYNC_TEST(Cancel, message_of_the_request_that_came_first_stays, kAnyOrder) {
    Future<> future;
    Task<> waiting = create_task([future]() -> Coro<> { co_await future; });
    Task<> sleeping = create_task(sleep_long());
    co_await run_passes(2);
    future.cancel("the future's own");
    waiting.cancel("too late");
    sleeping.cancel("first");
    sleeping.cancel("second");
    EXPECT_EQ(co_await expect_throws<CancelledError>(waiting), "the future's own");
    EXPECT_EQ(co_await expect_throws<CancelledError>(sleeping), "first");
}

ASYNC_TEST(Cancel, several_times_throws_once, kAnyOrder) {  // semantics 11
    int& thrown = keep<int>();
    Task<> task = create_task([&]() -> Coro<> {
        for (int i = 0; i < 3; ++i) {
            try {
                co_await sleep(1ms);
            } catch (const CancelledError&) {
                ++thrown;
            }
        }
    });
    co_await sleep(0s);
    task.cancel();
    task.cancel();
    task.cancel();
    co_await task;
    EXPECT_EQ(thrown, 1);
    EXPECT_EQ(task.cancelling(), 3u);
}

ASYNC_TEST(Cancel, may_be_caught_and_answered, kAnyOrder) {  // CPython: test_tasks.test_cancel_task_catching
    Task<int> task = create_task(ignore_cancel(42));
    co_await sleep(0s);
    task.cancel();
    EXPECT_EQ(co_await task, 42);
    EXPECT_FALSE(task.cancelled());  // semantics 11
}

ASYNC_TEST(Cancel, may_be_ignored, kAnyOrder) {  // CPython: test_tasks.test_cancel_task_ignoring
    Task<int> task = create_task(ignore_cancel(42, 5));
    co_await sleep(0s);
    task.cancel();
    co_await run_passes(2);
    EXPECT_EQ(co_await task, 42);
    EXPECT_FALSE(task.cancelled());
}

ASYNC_TEST(Cancel, is_edge_triggered, kAnyOrder) {  // semantics 15
    int& later_awaits = keep<int>();
    Task<> task = create_task([&]() -> Coro<> {
        bool cancelled = false;
        try {
            co_await sleep(10s);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        for (int i = 0; cancelled && i < 3; ++i, ++later_awaits) co_await sleep(1ms);
    });
    co_await sleep(0s);
    task.cancel();
    co_await task;
    EXPECT_EQ(later_awaits, 3);
}

ASYNC_TEST(Cancel, of_itself_takes_effect_at_the_next_await, kAnyOrder) {
    // CPython: test_tasks.test_cancel_current_task
    int& reached = keep<int>();
    Task<> task = create_task([&]() -> Coro<> {
        current_task().cancel();
        reached = 1;
        co_await sleep(10s);
        reached = 2;
    });
    co_await expect_throws<CancelledError>(task);
    EXPECT_EQ(reached, 1);
    EXPECT_TRUE(task.cancelled());
}

ASYNC_TEST(Cancel, of_itself_keeps_its_message, kAnyOrder) {
    Task<> task = create_task([]() -> Coro<> {
        current_task().cancel("my own");
        co_await sleep(0s);
    });
    EXPECT_EQ(co_await expect_throws<CancelledError>(task), "my own");
    Task<> sleeping = create_task([]() -> Coro<> {
        current_task().cancel("and this");
        co_await sleep(10s);
    });
    EXPECT_EQ(co_await expect_throws<CancelledError>(sleeping), "and this");
}

ASYNC_TEST(Cancel, in_the_last_step_wins_over_the_result, kAnyOrder) {  // semantics 12
    // CPython: test_tasks.test_cancel_at_end
    Task<int> task = create_task([]() -> Coro<int> {
        co_await sleep(0s);
        current_task().cancel("at the end");
        co_return 12;
    });
    EXPECT_EQ(co_await expect_throws<CancelledError>(task), "at the end");
    EXPECT_TRUE(task.cancelled());
    EXPECT_FALSE(task.cancel());
}

ASYNC_TEST(Cancel, in_the_last_step_loses_against_an_error, kAnyOrder) {
    Task<int> task = create_task([]() -> Coro<int> {
        current_task().cancel();
        throw std::runtime_error("error");
        co_return 0;
    });
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(task), "error");
    EXPECT_FALSE(task.cancelled());
}

ASYNC_TEST(Cancel, of_the_future_that_is_awaited_throws_in_the_task, kAnyOrder) {
    // CPython: test_tasks.test_cancel_inner_future
    Future<int> future;
    Task<int> task = create_task([future]() -> Coro<int> {
        bool cancelled = false;
        try {
            co_await future;
        } catch (const CancelledError&) {
            cancelled = true;
        }
        co_return cancelled ? 42 : 0;
    });
    co_await sleep(0s);
    future.cancel();
    EXPECT_EQ(co_await task, 42);
    EXPECT_EQ(task.cancelling(), 0u) << "nobody asked the task itself";
}

ASYNC_TEST(Cancel, of_a_task_cancels_the_future_it_awaits, kAnyOrder) {  // semantics 10
    // CPython: test_tasks.test_task_cancel_waiter_future
    Future<int> future;
    Task<int> task = create_task([future]() -> Coro<int> { co_return co_await future; });
    co_await sleep(0s);
    task.cancel();
    EXPECT_TRUE(future.cancelled());
    EXPECT_FALSE(task.done());
    co_await expect_throws<CancelledError>(task);
}

ASYNC_TEST(Cancel, of_task_and_future_in_one_pass_throws_once, kAnyOrder) {
    // CPython: test_tasks.test_cancel_both_task_and_inner_future
    Future<int> future;
    int& thrown = keep<int>();
    Task<> task = create_task([&thrown, future]() -> Coro<> {
        try {
            co_await future;
        } catch (const CancelledError&) {
            ++thrown;
        }
        co_await sleep(0s);  // the second request is due here: the future was done already when it came
    });
    co_await sleep(0s);
    future.cancel();
    task.cancel();
    static_cast<void>(co_await gather(task, return_exceptions));
    EXPECT_EQ(thrown, 1);
}

ASYNC_TEST(Cancel, passes_through_an_awaited_task, kAnyOrder) {  // semantics 13
    // CPython: test_tasks.test_cancel_awaited_task
    Task<int> inner = create_task(ignore_cancel(7, 3));
    Task<int> outer = create_task([inner]() -> Coro<int> { co_return co_await inner; });
    co_await run_passes(2);
    EXPECT_TRUE(outer.cancel());
    EXPECT_FALSE(outer.done());
    EXPECT_EQ(co_await outer, 7) << "the inner task swallowed it, so the outer never saw it";
    EXPECT_FALSE(outer.cancelled());
    EXPECT_EQ(outer.cancelling(), 1u);
    EXPECT_EQ(inner.cancelling(), 1u);
}

ASYNC_TEST(Cancel, of_the_outer_waits_for_the_inner_to_end, kAnyOrder) {  // semantics 13
    bool& cleaned_up = keep<bool>();
    Task<> inner = create_task([&]() -> Coro<> {
        std::exception_ptr cancelled;
        try {
            co_await sleep(10s);
        } catch (const CancelledError&) {
            cancelled = std::current_exception();
        }
        co_await sleep(5ms);
        cleaned_up = true;
        std::rethrow_exception(cancelled);
    });
    Task<> outer = create_task([inner]() -> Coro<> { co_await inner; });
    co_await run_passes(2);
    outer.cancel();
    const Stopwatch watch;
    co_await expect_throws<CancelledError>(outer);
    watch.expect(5ms);
    EXPECT_TRUE(cleaned_up);
    EXPECT_TRUE(inner.cancelled());
}

ASYNC_TEST(Cancel, of_a_future_passes_through_chained_tasks, kAnyOrder) {
    // CPython: test_tasks.test_yield_future_passes_cancel
    Future<> future;
    Task<> inner = create_task([future]() -> Coro<> { co_await future; });
    Task<> outer = create_task([inner]() -> Coro<> { co_await inner; });
    co_await run_passes(2);
    future.cancel();
    co_await expect_throws<CancelledError>(outer);
    EXPECT_TRUE(inner.cancelled());
    EXPECT_TRUE(outer.cancelled());
}

ASYNC_TEST(Cancel, of_a_wait_leaves_what_it_waits_for, kAnyOrder) {
    // CPython: test_tasks.test_yield_wait_does_not_shield_cancel
    Task<> inner = create_task(sleep(5ms));
    Task<> outer = create_task([inner]() -> Coro<> {
        std::vector<Task<>> all{inner};
        static_cast<void>(co_await wait(all));
    });
    co_await run_passes(2);
    outer.cancel();
    co_await expect_throws<CancelledError>(outer);
    EXPECT_FALSE(inner.done());
    co_await inner;
    EXPECT_FALSE(inner.cancelled());
}

ASYNC_TEST(Cancel, of_a_sleep_removes_the_timer_at_once, kAnyOrder) {
    // CPython: test_tasks.test_task_cancel_sleeping_task, test_tasks.test_sleep_cancel
    const Stopwatch watch;
    Task<> task = create_task(sleep_long());
    co_await sleep(0s);
    EXPECT_EQ(pending_timers(), 1u);
    task.cancel();
    EXPECT_EQ(pending_timers(), 0u);
    co_await expect_throws<CancelledError>(task);
    watch.expect(0s);
}

ASYNC_TEST(Cancel, of_a_sleep_that_is_over_already_still_counts, kAnyOrder) {
    // The timer has fired and the task is ready, but has not run yet.
    bool& went_on = keep<bool>();
    Task<>& task = keep<Task<>>();
    task = create_task([&]() -> Coro<> {
        co_await sleep(5ms);
        went_on = true;
    });
    co_await sleep(0s);
    TimerHandle timer = get_running_loop().call_at(get_running_loop().time() + 5ms, [&] { task.cancel(); });
    co_await expect_throws<CancelledError>(task);
    EXPECT_FALSE(went_on);
    timer.cancel();
}

LOOP_TEST(Cancel, may_be_answered_by_leaving_the_loop) {  // CPython: test_tasks.test_baseexception_during_cancel
    auto body = []() -> Coro<> {
        bool cancelled = false;
        try {
            co_await sleep(10s);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        if (cancelled) throw SystemExit(3);
    };
    Task<> task = loop.create_task(body);
    loop.call_soon([task] { EXPECT_TRUE(task.cancel()); });
    try {
        loop.run_forever();
        ADD_FAILURE() << "SystemExit does not leave the loop";
    } catch (const SystemExit& exit) {
        EXPECT_EQ(exit.code(), 3);
    }
    EXPECT_TRUE(task.done());
    EXPECT_FALSE(task.cancelled());
    EXPECT_EQ(expect_is<SystemExit>(task.exception()), "exit 3");
}

namespace {

struct CancelsItsTask {
    ~CancelsItsTask() { current_task().cancel(); }
};

// The result is there already when the destructor asks.
Coro<std::intptr_t> return_and_cancel_itself() {
    CancelsItsTask at_the_end;
    co_await sleep(1ms);
    co_return -1;
}

}  // namespace

ASYNC_TEST(Cancel, by_a_destructor_after_the_return_still_counts, kAnyOrder) {  // semantics 12
    Task<std::intptr_t> task = create_task(return_and_cancel_itself());
    co_await expect_throws<CancelledError>(task);
    EXPECT_TRUE(task.cancelled());
}

}  // namespace aio::test
