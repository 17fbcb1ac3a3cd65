// wait_for(): one awaitable, with a limit.
#include <aio/core/timeout.hpp>

#include "support/children.hpp"

#include <stdexcept>

namespace aio::test {

namespace {

// Sleeps; when cancelled, cleans up for `cleaning`, notes that and is cancelled.
Coro<> clean_up_slowly(Duration cleaning, bool& cleaned_up) {
    std::exception_ptr cancelled;
    try {
        co_await sleep(10s);
    } catch (const CancelledError&) {
        cancelled = std::current_exception();
    }
    co_await sleep(cleaning);
    cleaned_up = true;
    if (cancelled) std::rethrow_exception(cancelled);
}

}  // namespace

ASYNC_TEST(WaitFor, gives_the_result_in_time, kAnyOrder) {
    // CPython: test_waitfor.test_wait_for_race_condition
    EXPECT_EQ(co_await wait_for(after(1ms, 5), 10s), 5);
    EXPECT_EQ(pending_timers(), 0u);
    Future<std::string> future;
    get_running_loop().call_later(1ms, [future] { future.set_result("ok"); });
    const std::string result = co_await wait_for(future, 10s);
    EXPECT_EQ(result, "ok");
}

ASYNC_TEST(WaitFor, without_a_limit_waits, kAnyOrder) {  // CPython: test_waitfor.test_wait_for_blocking  semantics 21
    EXPECT_EQ(co_await wait_for(after(5ms, 5), std::nullopt), 5);
}

ASYNC_TEST(WaitFor, cancels_and_throws_at_the_limit, kAnyOrder) {  // semantics 21
    // CPython: test_waitfor.test_wait_for, test_waitfor.test_asyncio_wait_for_timeout
    Task<int> task = create_task(after(10s, 1));
    const Stopwatch watch;
    co_await expect_throws<TimeoutError>(wait_for(task, 5ms));
    watch.expect(5ms);
    EXPECT_TRUE(task.cancelled());
    EXPECT_EQ(current_task().cancelling(), 0u);
}

ASYNC_TEST(WaitFor, of_zero_takes_what_is_done, kAnyOrder) {  // semantics 21
    // CPython: test_waitfor.test_wait_for_timeout_less_then_0_or_0_future_done
    Future<int> future;
    future.set_result(3);
    EXPECT_EQ(co_await wait_for(future, 0s), 3);
    EXPECT_EQ(co_await wait_for(future, -1s), 3);
}

ASYNC_TEST(WaitFor, of_zero_does_not_start_a_coroutine, kAnyOrder) {
    // CPython: test_waitfor.test_wait_for_timeout_less_then_0_or_0_coroutine_do_not_started
    bool& started = keep<bool>();
    auto body = [&started]() -> Coro<> {
        started = true;
        co_return;
    };
    for (Duration limit : {Duration(0), Duration(-1)}) co_await expect_throws<TimeoutError>(wait_for(body(), limit));
    EXPECT_FALSE(started);
}

ASYNC_TEST(WaitFor, waits_until_the_cancelled_task_has_ended, kAnyOrder) {  // semantics 21
    // CPython: test_waitfor.test_wait_for_waits_for_task_cancellation
    bool& cleaned_up = keep<bool>();
    const Stopwatch watch;
    co_await expect_throws<TimeoutError>(wait_for(clean_up_slowly(5ms, cleaned_up), 2ms));
    EXPECT_TRUE(cleaned_up);
    watch.expect(7ms);
}

ASYNC_TEST(WaitFor, of_zero_waits_until_the_cancelled_task_has_ended, kAnyOrder) {
    // CPython: test_waitfor.test_wait_for_waits_for_task_cancellation_w_timeout_0
    bool& cleaned_up = keep<bool>();
    Task<> task = create_task(clean_up_slowly(5ms, cleaned_up));
    co_await sleep(1ms);
    co_await expect_throws<TimeoutError>(wait_for(task, 0s));
    EXPECT_TRUE(task.done());
    EXPECT_TRUE(cleaned_up);
}

ASYNC_TEST(WaitFor, passes_an_error_that_answers_the_cancellation, kAnyOrder) {  // semantics 21
    // CPython: test_waitfor.test_wait_for_reraises_exception_during_cancellation
    auto body = []() -> Coro<> {
        bool cancelled = false;
        try {
            co_await sleep(10s);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        if (cancelled) throw std::runtime_error("instead");
    };
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(wait_for(body(), 1ms)), "instead");
}

ASYNC_TEST(WaitFor, gives_the_result_of_what_ignores_the_cancellation, kAnyOrder) {
    // CPython: test_waitfor.test_wait_for_cancellation_race_condition
    auto body = []() -> Coro<int> {
        bool cancelled = false;
        try {
            co_await sleep(10s);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        co_return cancelled ? 1 : 0;
    };
    EXPECT_EQ(co_await wait_for(body(), 1ms), 1);
    EXPECT_EQ(current_task().cancelling(), 0u);
}

ASYNC_TEST(WaitFor, cancelled_cancels_what_it_waits_for, kAnyOrder) {
    // CPython: test_waitfor.test_asyncio_wait_for_cancelled, test_waitfor.test_cancel_wait_for
    Future<int> future;
    Task<int> task = create_task([future]() -> Coro<int> { co_return co_await wait_for(future, 60s); });
    co_await run_passes(3);
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_TRUE(future.cancelled());
    EXPECT_TRUE(task.cancelled());
    EXPECT_EQ(pending_timers(), 0u);
}

ASYNC_TEST(WaitFor, cancelled_without_a_limit_cancels_what_it_waits_for, kAnyOrder) {
    // CPython: test_waitfor.test_cancel_blocking_wait_for
    Future<int> future;
    Task<int> task = create_task([future]() -> Coro<int> { co_return co_await wait_for(future, std::nullopt); });
    co_await run_passes(3);
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_TRUE(future.cancelled());
}

ASYNC_TEST(WaitFor, can_be_cancelled_while_its_task_resists, kAnyOrder) {
    // CPython: test_waitfor.test_wait_for_self_cancellation
    Task<int> inner = create_task([]() -> Coro<int> {
        int cancels = 0;
        while (cancels < 2) {
            try {
                co_await sleep(3s);
            } catch (const CancelledError&) {
                ++cancels;
            }
        }
        co_await sleep(3ms);
        co_return 42;
    });
    Task<int> waiting = create_task([inner]() -> Coro<int> { co_return co_await wait_for(inner, 1ms); });
    co_await sleep(2ms);
    EXPECT_EQ(inner.cancelling(), 1u) << "the limit passed";
    waiting.cancel();
    EXPECT_EQ(inner.cancelling(), 2u) << "it is handed on";
    EXPECT_EQ(co_await inner, 42);
    EXPECT_EQ(co_await waiting, 42) << "as with 3.12: what ignored both requests has a result";
}

ASYNC_TEST(WaitFor, that_is_done_and_cancelled_at_once_is_cancelled, kAnyOrder) {  // semantics 21: 3.12, not 3.11
    Future<int> future;
    Task<int> task = create_task([future]() -> Coro<int> { co_return co_await wait_for(future, 60s); });
    co_await run_passes(3);
    future.set_result(1);
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_TRUE(task.cancelled());
}

}  // namespace aio::test
