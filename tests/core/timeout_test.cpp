// with_timeout(): a deadline for a block.
#include <aio/core/timeout.hpp>

#include "support/async_test.hpp"

#include <stdexcept>

namespace aio::test {

ASYNC_TEST(Timeout, throws_when_the_deadline_passes, kAnyOrder) {  // CPython: test_timeouts.test_timeout_basic
    const TimePoint deadline = get_running_loop().time() + 10ms;
    bool expired_inside = false;
    const Stopwatch watch;
    auto block = [&](Timeout& timeout) -> Coro<> {
        EXPECT_GE(timeout.when(), deadline);
        EXPECT_FALSE(timeout.expired());
        std::exception_ptr cancelled;
        try {
            co_await sleep(10s);
        } catch (
            const CancelledError&) {  // CPython: test_timeouts.test_waiter_cancelled, test_timeouts.test_timeout_expiring
            cancelled = std::current_exception();
        }
        expired_inside = timeout.expired();
        if (cancelled) std::rethrow_exception(cancelled);
    };
    co_await expect_throws<TimeoutError>(with_timeout(10ms, block));
    watch.expect(10ms);
    EXPECT_TRUE(expired_inside);
    EXPECT_EQ(current_task().cancelling(), 0u);
    EXPECT_EQ(pending_timers(), 0u);
}

ASYNC_TEST(Timeout, error_nests_the_cancellation_that_it_replaces, kAnyOrder) {
    // CPython: test_timeouts.test_timeout_exception_cause
    std::exception_ptr cause;
    try {
        co_await with_timeout(1ms, []() -> Coro<> { co_await sleep(10s); });
    } catch (const TimeoutError& error) {
        cause = error.nested_ptr();
    }
    expect_is<CancelledError>(cause);
}

ASYNC_TEST(Timeout, may_be_given_as_a_moment, kAnyOrder) {  // CPython: test_timeouts.test_timeout_at_basic
    const TimePoint deadline = get_running_loop().time() + 10ms;
    const Stopwatch watch;
    auto block = [&](Timeout& timeout) -> Coro<> {
        EXPECT_EQ(timeout.when(), deadline);
        co_await sleep(10s);
    };
    co_await expect_throws<TimeoutError>(with_timeout_at(deadline, block));
    watch.expect(10ms);
}

ASYNC_TEST(Timeout, gives_the_result_of_a_block_that_ends_in_time, kAnyOrder) {
    // CPython: test_timeouts.test_timeout_not_called
    const Stopwatch watch;
    auto block = []() -> Coro<int> {
        co_await sleep(1ms);
        co_return 7;
    };
    EXPECT_EQ(co_await with_timeout(10s, block), 7);
    watch.expect(1ms);
    EXPECT_EQ(pending_timers(), 0u);
}

ASYNC_TEST(Timeout, may_be_absent, kAnyOrder) {  // CPython: test_timeouts.test_timeout_disabled
    auto block = [](Timeout& timeout) -> Coro<> {
        EXPECT_EQ(timeout.when(), TimePoint::max());
        co_await sleep(1ms);
        EXPECT_FALSE(timeout.expired());
    };
    co_await with_timeout(std::nullopt, block);
}

ASYNC_TEST(Timeout, of_zero_expires_at_the_first_wait, kAnyOrder) {  // CPython: test_timeouts.test_timeout_zero
    const Stopwatch watch;
    auto block = []() -> Coro<> { co_await sleep(10s); };
    co_await expect_throws<TimeoutError>(with_timeout(0s, block));
    watch.expect(0s);
}

ASYNC_TEST(Timeout, of_zero_expires_at_a_sleep_of_zero, kAnyOrder) {
    // CPython: test_timeouts.test_timeout_zero_sleep_zero
    auto block = []() -> Coro<> { co_await run_passes(2); };
    co_await expect_throws<TimeoutError>(with_timeout(0s, block));
}

ASYNC_TEST(Timeout, in_the_past_expires_at_a_sleep_of_zero, kAnyOrder) {
    // CPython: test_timeouts.test_timeout_in_the_past_sleep_zero
    auto block = []() -> Coro<> { co_await run_passes(2); };
    co_await expect_throws<TimeoutError>(with_timeout(-11s, block));
}

ASYNC_TEST(Timeout, in_the_past_leaves_a_block_that_does_not_wait, kAnyOrder) {
    auto block = []() -> Coro<int> { co_return 1; };
    EXPECT_EQ(co_await with_timeout(-1s, block), 1);
    co_await run_passes(2);
    EXPECT_EQ(current_task().cancelling(), 0u);
}

ASYNC_TEST(Timeout, passes_an_error_of_the_block, kAnyOrder) {
    // CPython: test_timeouts.test_foreign_exception_passed
    auto block = []() -> Coro<> {
        throw std::runtime_error("mine");
        co_return;
    };
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(with_timeout(10ms, block)), "mine");
    EXPECT_EQ(pending_timers(), 0u);
}

ASYNC_TEST(Timeout, passes_an_error_that_answers_its_cancellation, kAnyOrder) {
    // CPython: test_timeouts.test_foreign_exception_on_timeout
    auto block = []() -> Coro<> {
        bool cancelled = false;
        try {
            co_await sleep(10s);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        if (cancelled) throw std::runtime_error("in clean-up");
    };
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(with_timeout(5ms, block)), "in clean-up");
    EXPECT_EQ(current_task().cancelling(), 0u);
}

ASYNC_TEST(Timeout, passes_a_cancellation_that_is_not_its_own, kAnyOrder) {  // semantics 28
    // CPython: test_timeouts.test_foreign_cancel_doesnt_timeout_if_not_expired
    auto block = []() -> Coro<> {
        throw CancelledError("foreign");
        co_return;
    };
    EXPECT_EQ(co_await expect_throws<CancelledError>(with_timeout(1s, block)), "foreign");
    Task<> task = create_task([]() -> Coro<> {
        auto sleeping = []() -> Coro<> { co_await sleep(10s); };
        co_await with_timeout(1s, sleeping);
    });
    co_await run_passes(3);
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_TRUE(task.cancelled());
}

ASYNC_TEST(Timeout, ends_its_task_as_failed_not_cancelled, kAnyOrder) {
    // CPython: test_timeouts.test_outer_task_is_not_cancelled
    Task<> task = create_task([]() -> Coro<> {
        auto block = []() -> Coro<> { co_await sleep(10s); };
        co_await with_timeout(1ms, block);
    });
    co_await expect_throws<TimeoutError>(task);
    EXPECT_FALSE(task.cancelled());
    EXPECT_TRUE(task.done());
}

ASYNC_TEST(Timeout, nested_with_one_moment_expires_outside, kAnyOrder) {  // semantics 28
    // CPython: test_timeouts.test_nested_timeouts
    const TimePoint deadline = get_running_loop().time() + 5ms;
    bool inner_cancelled = false, inner_expired = false;
    auto outer = [&]() -> Coro<> {
        auto inner = [&](Timeout& timeout) -> Coro<> {
            std::exception_ptr error;
            try {
                co_await sleep(10s);
            } catch (const CancelledError&) {
                error = std::current_exception();
            }
            inner_expired = timeout.expired();
            if (error) std::rethrow_exception(error);
        };
        std::exception_ptr error;
        try {
            co_await with_timeout_at(deadline, inner);
        } catch (const CancelledError&) {
            inner_cancelled = true;
            error = std::current_exception();
        }
        if (error) std::rethrow_exception(error);
    };
    co_await expect_throws<TimeoutError>(with_timeout_at(deadline, outer));
    EXPECT_TRUE(inner_cancelled) << "only one of them turns it into a TimeoutError";
    EXPECT_TRUE(inner_expired);
    EXPECT_EQ(current_task().cancelling(), 0u);
}

ASYNC_TEST(Timeout, nested_expires_inside_while_the_loop_was_busy, kAnyOrder) {
    // CPython: test_timeouts.test_nested_timeouts_concurrent
    auto outer = []() -> Coro<> {
        auto inner = []() -> Coro<> {
            block_for(50ms);
            co_await sleep(1s);
        };
        co_await with_timeout(10ms, inner);
    };
    const Stopwatch watch;
    co_await expect_throws<TimeoutError>(with_timeout(2ms, outer));
    EXPECT_GE(watch.elapsed(), 50ms);
    EXPECT_EQ(current_task().cancelling(), 0u);
}

ASYNC_TEST(Timeout, outer_one_expires_after_the_inner_one_was_handled, kAnyOrder) {
    // CPython: test_timeouts.test_nested_timeouts_loop_busy
    bool inner_expired = false;
    auto outer = [&]() -> Coro<> {
        auto inner = []() -> Coro<> { co_await sleep(10s); };
        co_await expect_throws<TimeoutError>(with_timeout(1ms, inner));
        inner_expired = true;
        block_for(200ms);
        co_await sleep(10s);
    };
    co_await expect_throws<TimeoutError>(with_timeout(100ms, outer));
    EXPECT_TRUE(inner_expired);
}

ASYNC_TEST(Timeout, may_be_moved, kAnyOrder) {  // CPython: test_timeouts.test_reschedule
    const Stopwatch watch;
    auto block = [](Timeout& timeout) -> Coro<> {
        const TimePoint first = timeout.when();
        timeout.reschedule(first + 10ms);
        EXPECT_EQ(timeout.when(), first + 10ms);
        co_await sleep(10s);
    };
    co_await expect_throws<TimeoutError>(with_timeout(5ms, block));
    watch.expect(15ms);
    auto relieved = [](Timeout& timeout) -> Coro<> {
        timeout.reschedule(std::nullopt);
        co_await sleep(10ms);
    };
    co_await with_timeout(5ms, relieved);
    watch.expect(25ms);
}

ASYNC_TEST(Timeout, cannot_be_moved_once_it_expired, kAnyOrder) {  // CPython: test_timeouts.test_timeout_expired
    auto block = [](Timeout& timeout) -> Coro<> {
        std::exception_ptr error;
        try {
            co_await sleep(10s);
        } catch (const CancelledError&) {
            error = std::current_exception();
        }
        EXPECT_TRUE(timeout.expired());
        EXPECT_THROW(timeout.reschedule(std::nullopt), RuntimeError);
        if (error) std::rethrow_exception(error);
    };
    co_await expect_throws<TimeoutError>(with_timeout(1ms, block));
}

ASYNC_TEST(Timeout, works_while_another_one_is_unwinding, kAnyOrder) {
    // CPython: test_timeouts.test_nested_timeout_in_finally
    auto block = []() -> Coro<> {
        std::exception_ptr error;
        try {
            co_await sleep(10s);
        } catch (const CancelledError&) {
            error = std::current_exception();
        }
        auto cleaning = []() -> Coro<> { co_await sleep(10s); };
        co_await expect_throws<TimeoutError>(with_timeout(3ms, cleaning));
        if (error) std::rethrow_exception(error);
    };
    const Stopwatch watch;
    co_await expect_throws<TimeoutError>(with_timeout(1ms, block));
    watch.expect(4ms);
}

ASYNC_TEST(Timeout, works_in_a_task_that_was_cancelled_before, kAnyOrder) {  // semantics 28
    // CPython: test_timeouts.test_timeout_after_cancellation
    Task<> task = create_task([]() -> Coro<> {
        current_task().cancel();
        co_await expect_throws<CancelledError>(sleep(1s));
        auto block = []() -> Coro<> { co_await sleep(1s); };
        co_await expect_throws<TimeoutError>(with_timeout(0s, block));
        EXPECT_EQ(current_task().cancelling(), 1u);
    });
    co_await task;
}

ASYNC_TEST(Timeout, is_no_cover_for_a_second_cancellation, kAnyOrder) {
    // CPython: test_timeouts.test_cancel_in_timeout_after_cancellation
    Task<> task = create_task([]() -> Coro<> {
        current_task().cancel();
        co_await expect_throws<CancelledError>(sleep(1s));
        auto block = []() -> Coro<> {
            current_task().cancel();
            co_await sleep(2s);
        };
        co_await expect_throws<CancelledError>(with_timeout(1s, block));
    });
    co_await task;
    EXPECT_EQ(task.cancelling(), 2u);
}

LOOP_TEST(Timeout, needs_a_task) {  // CPython: test_timeouts.test_timeout_without_task  semantics 28
    bool& refused = keep<bool>();
    loop.call_soon([&] {
        Timeout timeout(std::nullopt);
        EXPECT_THROW(timeout.enter(), RuntimeError);
        refused = true;
        loop.stop();
    });
    loop.run_forever();
    EXPECT_TRUE(refused);
}

ASYNC_TEST(Timeout, is_entered_once, kAnyOrder) {  // semantics 28
    Timeout timeout(std::nullopt);
    EXPECT_THROW(timeout.reschedule(std::nullopt), RuntimeError) << "not before it is entered";
    timeout.enter();
    EXPECT_THROW(timeout.enter(), RuntimeError);
    timeout.exit(nullptr);
    EXPECT_THROW(timeout.enter(), RuntimeError);
    EXPECT_THROW(timeout.reschedule(std::nullopt), RuntimeError);
    co_return;
}

ASYNC_TEST(Timeout, that_was_swallowed_leaves_no_request_behind, kAnyOrder) {
    auto block = []() -> Coro<int> {
        bool cancelled = false;
        try {
            co_await sleep(10s);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        co_return cancelled ? 5 : 0;
    };
    EXPECT_EQ(co_await with_timeout(1ms, block), 5);
    EXPECT_EQ(current_task().cancelling(), 0u);
    co_await sleep(1ms);
}

}  // namespace aio::test
