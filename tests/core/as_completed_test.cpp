// as_completed(): results as they come.
#include <aio/core/as_completed.hpp>

#include "support/children.hpp"

#include <stdexcept>

namespace aio::test {

ASYNC_TEST(AsCompleted, gives_results_in_the_order_of_completion, kAnyOrder) {  // semantics 23
    // CPython: test_tasks.test_as_completed
    std::vector<Coro<int>> coros;
    coros.push_back(after(3ms, 3));
    coros.push_back(after(1ms, 1));
    coros.push_back(after(2ms, 2));
    auto completed = as_completed(std::move(coros));
    std::vector<int> seen;
    while (auto task = co_await completed.next()) seen.push_back(co_await *task);
    EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
    EXPECT_FALSE(co_await completed.next());
}

ASYNC_TEST(AsCompleted, gives_the_very_tasks_that_were_passed, kAnyOrder) {  // semantics 23
    std::vector<Task<int>> tasks{create_task(after(2ms, 2)), create_task(after(1ms, 1))};
    auto completed = as_completed(tasks);
    auto first = co_await completed.next();
    CO_ASSERT_TRUE(first.has_value());
    EXPECT_TRUE(*first == tasks[1]);
    auto second = co_await completed.next();
    CO_ASSERT_TRUE(second.has_value());
    EXPECT_TRUE(*second == tasks[0]);
}

ASYNC_TEST(AsCompleted, with_a_timeout_throws_in_the_iteration, kAnyOrder) {
    // CPython: test_tasks.test_as_completed_with_timeout
    std::vector<Task<int>> tasks{create_task(after(1ms, 1)), create_task(after(10s, 2))};
    const Stopwatch watch;
    auto completed = as_completed(tasks, 100ms);
    EXPECT_EQ(co_await completed.next_result(), 1);
    co_await expect_throws<TimeoutError>(completed.next());
    watch.expect(100ms);
    co_await expect_throws<TimeoutError>(completed.next());
    EXPECT_FALSE(tasks[1].done()) << "nothing is cancelled";
    tasks[1].cancel();
    co_await expect_throws<CancelledError>(tasks[1]);
}

ASYNC_TEST(AsCompleted, that_ends_in_time_leaves_no_timer, kAnyOrder) {
    std::vector<Coro<int>> coros;
    coros.push_back(after(1ms, 1));
    auto completed = as_completed(std::move(coros), 10s);
    EXPECT_EQ(co_await completed.next_result(), 1);
    EXPECT_FALSE(co_await completed.next());
    EXPECT_EQ(pending_timers(), 0u);
}

ASYNC_TEST(AsCompleted, can_be_asked_before_anything_is_done, kAnyOrder) {
    // CPython: test_tasks.test_as_completed_reverse_wait
    std::vector<Coro<int>> coros;
    coros.push_back(after(2ms, 2));
    coros.push_back(after(1ms, 1));
    auto& completed = keep<AsCompleted<Task<int>>>(as_completed(std::move(coros)));
    auto ask = [&completed]() -> Coro<int> { co_return co_await completed.next_result(); };
    Task<int> first = create_task(ask);
    co_await sleep(0s);
    Task<int> second = create_task(ask);
    co_await sleep(0s);
    const int late = co_await second;
    const int early = co_await first;
    EXPECT_EQ(late, 2);
    EXPECT_EQ(early, 1);
}

ASYNC_TEST(AsCompleted, can_be_asked_by_several_at_once, kAnyOrder) {
    // CPython: test_tasks.test_as_completed_concurrent
    std::vector<Coro<int>> coros;
    coros.push_back(after(1ms, 1));
    coros.push_back(after(1ms, 2));
    auto& completed = keep<AsCompleted<Task<int>>>(as_completed(std::move(coros)));
    auto ask = [&completed]() -> Coro<int> { co_return co_await completed.next_result(); };
    auto [a, b] = co_await gather(ask, ask);
    EXPECT_EQ(a + b, 3);
}

ASYNC_TEST(AsCompleted, cancelled_while_asking_loses_nothing, kAnyOrder) {
    std::vector<Coro<int>> coros;
    coros.push_back(after(2ms, 1));
    auto& completed = keep<AsCompleted<Task<int>>>(as_completed(std::move(coros)));
    Task<int> asking = create_task([&completed]() -> Coro<int> { co_return co_await completed.next_result(); });
    co_await sleep(1ms);
    asking.cancel();
    co_await expect_throws<CancelledError>(asking);
    EXPECT_EQ(co_await completed.next_result(), 1);
}

ASYNC_TEST(AsCompleted, passes_errors_through, kAnyOrder) {
    auto bad = []() -> Coro<int> {
        co_await sleep(0s);
        throw std::runtime_error("bad");
    };
    std::vector<Task<int>> tasks{create_task(bad)};
    auto completed = as_completed(tasks);
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(completed.next_result()), "bad");
}

}  // namespace aio::test
