// shield(): the inner task goes on when its waiter is cancelled.
#include <aio/core/gather.hpp>
#include <aio/core/shield.hpp>
#include <aio/core/timeout.hpp>

#include "support/children.hpp"

#include <memory>
#include <stdexcept>

namespace aio::test {

ASYNC_TEST(Shield, passes_the_result_on, kAnyOrder) {  // CPython: test_tasks.test_shield_result  semantics 20
    Future<int> inner;
    Future<int> outer = shield(inner);
    inner.set_result(42);
    EXPECT_EQ(co_await outer, 42);
}

ASYNC_TEST(Shield, passes_an_exception_on, kAnyOrder) {  // CPython: test_tasks.test_shield_exception
    Future<int> inner;
    Future<int> outer = shield(inner);
    inner.set_exception(std::runtime_error("expected"));
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(outer), "expected");
    inner = Future<int>();
    EXPECT_EQ(take_reports().size(), 0u);
    inner.cancel();
}

ASYNC_TEST(Shield, is_cancelled_with_the_inner_one, kAnyOrder) {  // CPython: test_tasks.test_shield_cancel_inner
    Future<int> inner;
    Future<int> outer = shield(inner);
    co_await sleep(0s);
    inner.cancel();
    co_await expect_throws<CancelledError>(outer);
    EXPECT_TRUE(outer.cancelled());
}

ASYNC_TEST(Shield, cancelled_leaves_the_inner_one_alone, kAnyOrder) {  // CPython: test_tasks.test_shield_cancel_outer
    Future<int> inner;
    Future<int> outer = shield(inner);
    outer.cancel();
    co_await expect_throws<CancelledError>(outer);
    EXPECT_TRUE(outer.cancelled());
    EXPECT_FALSE(inner.done());
    EXPECT_TRUE(outer.base()->callbacks().empty());
    inner.set_result(1);
    co_await sleep(0s);
    EXPECT_EQ(inner.result(), 1);
}

ASYNC_TEST(Shield, of_what_is_done_gives_the_result, kAnyOrder) {  // CPython: test_tasks.test_shield_shortcut
    Future<int> inner;
    inner.set_result(42);
    EXPECT_EQ(co_await shield(inner), 42);
}

ASYNC_TEST(Shield, lets_the_task_go_on_past_the_cancellation_of_its_waiter, kAnyOrder) {
    // CPython: test_tasks.test_shield_effect
    Task<int> inner = create_task([]() -> Coro<int> {
        co_await sleep(5ms);
        co_return 9;
    });
    Task<int> outer = create_task([inner]() -> Coro<int> { co_return co_await shield(inner); });
    co_await run_passes(3);
    outer.cancel();
    co_await expect_throws<CancelledError>(outer);
    EXPECT_FALSE(inner.done());
    EXPECT_EQ(co_await inner, 9);
    EXPECT_EQ(inner.cancelling(), 0u);
}

ASYNC_TEST(Shield, starts_a_coroutine_that_goes_on_alone, kAnyOrder) {
    bool& ended = keep<bool>();
    auto work = [&ended]() -> Coro<> {
        co_await sleep(5ms);
        ended = true;
    };
    Task<> outer = create_task([work]() -> Coro<> { co_await shield(work()); });
    co_await run_passes(3);
    outer.cancel();
    co_await expect_throws<CancelledError>(outer);
    EXPECT_FALSE(ended);
    co_await sleep(10ms);
    EXPECT_TRUE(ended);
}

ASYNC_TEST(Shield, reports_an_error_that_comes_after_it_was_cancelled_once, kAnyOrder) {  // semantics 20
    {
        Future<int> inner;
        Future<int> outer = shield(inner);
        outer.cancel();
        inner.set_exception(std::runtime_error("late"));
        co_await run_passes(2);
    }
    const std::vector<Report> reports = take_reports();
    CO_ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].message, "std::runtime_error exception in shielded future");
    EXPECT_EQ(reports[0].what, "std::runtime_error: late");
}

ASYNC_TEST(Shield, reports_a_late_error_of_a_task_too, kAnyOrder) {
    Task<> outer = create_task([]() -> Coro<> {
        co_await shield([]() -> Coro<> {
            co_await sleep(2ms);
            throw std::runtime_error("late");
        });
    });
    co_await run_passes(3);
    outer.cancel();
    co_await expect_throws<CancelledError>(outer);
    co_await sleep(5ms);
    co_await settle();
    EXPECT_EQ(take_report_messages(), Log{"std::runtime_error exception in shielded future"});
}

ASYNC_TEST(Shield, around_a_gather_protects_the_children, kAnyOrder) {  // CPython: test_tasks.test_shield_gather
    Future<int> a, b;
    auto parent = gather(a, b);
    auto outer = shield(parent);
    co_await sleep(0s);
    outer.cancel();
    co_await sleep(0s);
    EXPECT_TRUE(outer.cancelled());
    EXPECT_FALSE(parent.done());
    a.set_result(1);
    b.set_result(2);
    auto [x, y] = co_await parent;
    EXPECT_EQ(x + y, 3);
}

ASYNC_TEST(Shield, inside_a_gather_protects_one_child, kAnyOrder) {  // CPython: test_tasks.test_gather_shield
    Future<int> a, b;
    auto inner_a = shield(a), inner_b = shield(b);
    auto parent = gather(inner_a, inner_b);
    co_await sleep(0s);
    parent.cancel();
    co_await expect_throws<CancelledError>(parent);
    EXPECT_TRUE(inner_a.cancelled());
    EXPECT_TRUE(inner_b.cancelled());
    EXPECT_FALSE(a.done());
    EXPECT_FALSE(b.done());
    a.set_result(1);
    b.set_result(2);
    co_await sleep(0s);
}

ASYNC_TEST(Shield, of_a_future_that_nobody_completes_can_be_dropped, kAnyOrder) {
    auto witness = std::make_shared<int>();
    {
        Future<> inner;
        inner.add_done_callback([witness] {});
        auto outer = shield(inner);
        EXPECT_FALSE(outer.done());
    }
    EXPECT_EQ(witness.use_count(), 1);
    co_return;
}

ASYNC_TEST(Shield, moves_a_result_that_cannot_be_copied, kAnyOrder) {
    auto make = []() -> Coro<std::unique_ptr<int>> {
        co_await sleep(0s);
        co_return std::make_unique<int>(3);
    };
    const auto pointer = co_await shield(make());
    EXPECT_EQ(*pointer, 3);
}

ASYNC_TEST(Shield, of_what_is_done_does_not_suspend) {  // semantics 20
    Task<int> inner = create_task(after(0s, 7));
    co_await inner;
    auto shielded = shield(inner);
    EXPECT_TRUE(shielded.done());
    EXPECT_EQ(co_await shielded, 7);
    Future<> cancelled;
    cancelled.cancel();
    EXPECT_TRUE(shield(cancelled).cancelled());
}

ASYNC_TEST(Shield, timed_out_again_and_again_leaves_one_callback_and_reports_once) {  // semantics 20
    Future<> gate;
    Task<> job = create_task([gate]() -> Coro<> {
        co_await gate;
        throw std::runtime_error("late");
    });
    co_await sleep(0s);
    for (int i = 0; i < 10; ++i) co_await expect_throws<TimeoutError>(wait_for(shield(job), 1ms));
    int callbacks = 0;
    job.base()->callbacks().for_each([&](auto&) { ++callbacks; });
    EXPECT_EQ(callbacks, 1);
    gate.set_result();
    co_await expect_throws<std::runtime_error>(job);
    co_await settle();
    EXPECT_EQ(take_reports().size(), 1u);
}

}  // namespace aio::test
