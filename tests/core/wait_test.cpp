// wait(): which of several are done.
#include <aio/core/wait.hpp>

#include "support/children.hpp"

#include <stdexcept>

namespace aio::test {

ASYNC_TEST(Wait, returns_when_all_are_done, kAnyOrder) {  // CPython: test_tasks.test_wait  semantics 22
    std::vector<Task<int>> tasks{create_task(after(2ms, 1)), create_task(after(5ms, 2))};
    const Stopwatch watch;
    auto [done, pending] = co_await wait(tasks);
    watch.expect(5ms);
    EXPECT_TRUE(done == tasks);
    EXPECT_TRUE(pending.empty());
    auto again = co_await wait(tasks);
    EXPECT_EQ(again.done.size(), 2u);
    watch.expect(5ms);
}

ASYNC_TEST(Wait, of_nothing_is_an_error, kAnyOrder) {  // CPython: test_tasks.test_wait_errors  semantics 22
    co_await expect_throws<ValueError>(wait(std::vector<Task<int>>()));
}

ASYNC_TEST(Wait, returns_at_the_first_that_is_done, kAnyOrder) {  // CPython: test_tasks.test_wait_first_completed
    Task<int> slow = create_task(after(10s, 1)), fast = create_task(after(2ms, 2));
    auto [done, pending] = co_await wait(list(slow, fast), {.return_when = FIRST_COMPLETED});
    CO_ASSERT_EQ(done.size(), 1u);
    EXPECT_TRUE(done[0] == fast);
    CO_ASSERT_EQ(pending.size(), 1u);
    EXPECT_TRUE(pending[0] == slow);
    slow.cancel();
    static_cast<void>(co_await wait(pending));
}

ASYNC_TEST(Wait, gives_all_that_are_done_by_then, kAnyOrder) {  // CPython: test_tasks.test_wait_really_done
    Future<> gate;
    auto pass_gate = [gate]() -> Coro<> { co_await gate; };
    std::vector<Task<>> tasks{create_task(pass_gate), create_task(pass_gate)};
    co_await sleep(0s);
    gate.set_result();
    auto [done, pending] = co_await wait(tasks, {.return_when = FIRST_COMPLETED});
    EXPECT_EQ(done.size(), 2u);
    EXPECT_EQ(pending.size(), 0u);
}

ASYNC_TEST(Wait, returns_at_the_first_exception, kAnyOrder) {  // CPython: test_tasks.test_wait_first_exception
    Task<int> slow = create_task(after(10s, 1)), bad = create_task(fail_after(2ms, "bad"));
    const Stopwatch watch;
    auto [done, pending] = co_await wait(list(slow, bad), {.return_when = FIRST_EXCEPTION});
    watch.expect(2ms);
    CO_ASSERT_EQ(done.size(), 1u);
    EXPECT_TRUE(done[0] == bad);
    EXPECT_EQ(expect_is<std::runtime_error>(bad.exception()), "bad");
    slow.cancel();
    static_cast<void>(co_await wait(pending));
}

ASYNC_TEST(Wait, for_the_first_exception_goes_on_past_successes, kAnyOrder) {
    // CPython: test_tasks.test_wait_first_exception_in_wait
    Task<int> slow = create_task(after(10s, 1)), good = create_task(after(1ms, 2)),
              bad = create_task(fail_after(3ms, "bad"));
    const Stopwatch watch;
    auto [done, pending] = co_await wait(list(slow, good, bad), {.return_when = FIRST_EXCEPTION});
    watch.expect(3ms);
    EXPECT_EQ(done.size(), 2u);
    EXPECT_EQ(pending.size(), 1u);
    EXPECT_THROW(bad.result(), std::runtime_error);
    slow.cancel();
    static_cast<void>(co_await wait(pending));
}

ASYNC_TEST(Wait, for_all_goes_on_past_exceptions, kAnyOrder) {  // CPython: test_tasks.test_wait_with_exception
    Task<int> good = create_task(after(3ms, 1)), bad = create_task(fail_after(1ms, "bad"));
    const Stopwatch watch;
    auto [done, pending] = co_await wait(list(good, bad));
    watch.expect(3ms);
    EXPECT_EQ(done.size(), 2u);
    int failed = 0;
    for (const Task<int>& task : done) failed += task.exception() != nullptr;
    EXPECT_EQ(failed, 1);
}

ASYNC_TEST(Wait, with_a_timeout_throws_nothing_and_cancels_nothing, kAnyOrder) {  // semantics 22
    // CPython: test_tasks.test_wait_with_timeout
    Task<int> fast = create_task(after(2ms, 1)), slow = create_task(after(10ms, 2));
    const Stopwatch watch;
    auto [done, pending] = co_await wait(list(fast, slow), {.timeout = 5ms});
    watch.expect(5ms);
    EXPECT_EQ(done.size(), 1u);
    CO_ASSERT_EQ(pending.size(), 1u);
    EXPECT_FALSE(slow.done());
    EXPECT_EQ(co_await slow, 2);
}

ASYNC_TEST(Wait, leaves_no_timer_when_all_are_done_in_time, kAnyOrder) {
    // CPython: test_tasks.test_wait_concurrent_complete
    Task<int> a = create_task(after(2ms, 1)), b = create_task(after(3ms, 2));
    const Stopwatch watch;
    auto [done, pending] = co_await wait(list(a, b), {.timeout = 10s});
    watch.expect(3ms);
    EXPECT_EQ(done.size(), 2u);
    EXPECT_EQ(pending_timers(), 0u);
}

ASYNC_TEST(Wait, with_a_zero_timeout_looks_once, kAnyOrder) {
    Task<int> done_task = create_task(after(0s, 1)), slow = create_task(after(5ms, 2));
    co_await done_task;
    auto [done, pending] = co_await wait(list(done_task, slow), {.timeout = 0s});
    EXPECT_EQ(done.size(), 1u);
    EXPECT_EQ(pending.size(), 1u);
    co_await slow;
}

ASYNC_TEST(Wait, cancelled_leaves_the_tasks_and_its_callbacks_go, kAnyOrder) {
    Future<> future;
    Task<> waiter = create_task([future]() -> Coro<> { static_cast<void>(co_await wait(list(future))); });
    co_await run_passes(2);
    EXPECT_FALSE(future.base()->callbacks().empty());
    waiter.cancel();
    co_await expect_throws<CancelledError>(waiter);
    EXPECT_FALSE(future.done());
    EXPECT_TRUE(future.base()->callbacks().empty());
    future.cancel();
}

ASYNC_TEST(Wait, suspends_even_if_all_are_done) {  // semantics 22
    bool& others_ran = keep<bool>(false);
    Future<> done;
    done.set_result();
    for (const ReturnWhen when : {ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION}) {
        others_ran = false;
        get_running_loop().call_soon([&others_ran] { others_ran = true; });
        auto result = co_await wait(list(done), {.return_when = when});
        EXPECT_EQ(result.done.size(), 1u);
        EXPECT_TRUE(others_ran);
    }
}

ASYNC_TEST(Wait, of_what_is_done_can_be_cancelled) {
    Future<> done;
    done.set_result();
    Task<> task = create_task([done]() -> Coro<> { static_cast<void>(co_await wait(list(done))); });
    co_await sleep(0s);
    task.cancel();
    co_await expect_throws<CancelledError>(task);
}

LOOP_TEST(Wait, counts_what_a_closed_loop_has_completed) {
    Future<int> old(loop);
    old.set_result(1);
    loop.close();
    EventLoop other({.backend = "sim"});
    other.run_until_complete([old]() -> Coro<> {
        auto result = co_await wait(list(old));
        EXPECT_EQ(result.done.size(), 1u);
    }());
}

}  // namespace aio::test
