// Barrier: rounds, and the states that end them early.
#include <aio/sync/barrier.hpp>

#include <aio/core/gather.hpp>

#include "support/async_test.hpp"

#include <algorithm>
#include <vector>

namespace aio::test {

namespace {

// Waits and notes its position, or -1 for BrokenBarrierError.
Coro<> pass(Barrier& barrier, std::vector<int>& positions) {
    try {
        const std::size_t position = co_await barrier.wait();
        positions.push_back(static_cast<int>(position));
    } catch (const BrokenBarrierError&) {
        positions.push_back(-1);
    }
}

std::vector<Task<>> start(int count, Barrier& barrier, std::vector<int>& positions) {
    std::vector<Task<>> tasks;
    for (int i = 0; i < count; ++i) tasks.push_back(create_task(pass(barrier, positions)));
    return tasks;
}

// Draining lasts some passes; it may not come at all when a party is cancelled.
Coro<> until_draining(Barrier& barrier) {
    for (int pass = 0; pass < 50 && !barrier.describe().starts_with("<Barrier draining"); ++pass) co_await sleep(0s);
}

std::vector<int> sorted(std::vector<int> values) {
    std::sort(values.begin(), values.end());
    return values;
}

}  // namespace

ASYNC_TEST(Barrier, of_one_lets_its_task_pass_again_and_again, kAnyOrder) {
    // CPython: test_locks.test_barrier_filling_one_task_twice
    auto& barrier = keep<Barrier>(1);
    EXPECT_EQ(co_await barrier.wait(), 0u);
    EXPECT_EQ(co_await barrier.wait(), 0u);
    EXPECT_EQ(barrier.n_waiting(), 0u);
    EXPECT_FALSE(barrier.broken());
    EXPECT_THROW(Barrier(0), ValueError);
    EXPECT_THROW(Barrier(-2), ValueError);
}

ASYNC_TEST(Barrier, gives_each_party_another_index_in_each_round, kAnyOrder) {  // semantics 39
    // CPython: test_locks.test_barrier_filling_tasks_wait_twice
    auto& barrier = keep<Barrier>(3);
    auto& positions = keep<std::vector<int>>();
    auto twice = [&]() -> Coro<> {
        co_await pass(barrier, positions);
        co_await pass(barrier, positions);
    };
    std::vector<Task<>> tasks;
    for (int i = 0; i < 3; ++i) tasks.push_back(create_task(twice));
    co_await gather(tasks);
    EXPECT_EQ(sorted(positions), (std::vector<int>{0, 0, 1, 1, 2, 2}));
    EXPECT_EQ(barrier.describe(), "<Barrier filling, waiters: 0/3>");
}

ASYNC_TEST(Barrier, blocks_newcomers_until_the_round_has_left) {  // semantics 39
    // CPython: test_locks.test_barrier_blocking_tasks_while_draining
    auto& barrier = keep<Barrier>(2);
    auto& positions = keep<std::vector<int>>();
    std::vector<Task<>> first = start(2, barrier, positions);
    co_await until_draining(barrier);
    std::vector<Task<>> second = start(1, barrier, positions);
    co_await settle();
    EXPECT_EQ(sorted(positions), (std::vector<int>{0, 1}));
    EXPECT_EQ(barrier.n_waiting(), 1u) << "it came in once the barrier had drained";
    second.push_back(create_task(pass(barrier, positions)));
    co_await gather(first);
    co_await gather(second);
    EXPECT_EQ(sorted(positions), (std::vector<int>{0, 0, 1, 1}));
}

ASYNC_TEST(Barrier, goes_on_without_a_party_that_was_cancelled, kAnyOrder) {
    // CPython: test_locks.test_barrier_filling_tasks_cancel_one
    auto& barrier = keep<Barrier>(3);
    auto& positions = keep<std::vector<int>>();
    std::vector<Task<>> tasks = start(2, barrier, positions);
    co_await settle();
    EXPECT_EQ(barrier.n_waiting(), 2u);
    tasks[0].cancel();
    co_await expect_throws<CancelledError>(tasks[0]);
    EXPECT_EQ(barrier.n_waiting(), 1u);
    EXPECT_FALSE(barrier.broken());
    std::vector<Task<>> others = start(2, barrier, positions);
    co_await tasks[1];
    co_await gather(others);
    EXPECT_EQ(positions.size(), 3u);
    EXPECT_EQ(std::count(positions.begin(), positions.end(), -1), 0);
}

ASYNC_TEST(Barrier, reset_breaks_the_round_that_waits_and_no_other, kAnyOrder) {  // semantics 39
    // CPython: test_locks.test_barrier_reset_while_tasks_waiting
    auto& barrier = keep<Barrier>(3);
    auto& positions = keep<std::vector<int>>();
    std::vector<Task<>> tasks = start(2, barrier, positions);
    co_await settle();
    co_await barrier.reset();
    co_await gather(tasks);
    EXPECT_EQ(positions, (std::vector<int>{-1, -1}));
    EXPECT_EQ(barrier.n_waiting(), 0u);
    EXPECT_FALSE(barrier.broken());
    positions.clear();
    std::vector<Task<>> again = start(3, barrier, positions);
    co_await gather(again);
    EXPECT_EQ(sorted(positions), (std::vector<int>{0, 1, 2}));
}

// The last party to arrive leaves with its index; those that have not left yet are told.
ASYNC_TEST(Barrier, reset_while_draining_tells_those_that_have_not_left) {
    // CPython: test_locks.test_barrier_reset_while_tasks_draining
    auto& barrier = keep<Barrier>(3);
    auto& positions = keep<std::vector<int>>();
    std::vector<Task<>> tasks = start(3, barrier, positions);
    Task<> reset = create_task([&]() -> Coro<> {
        co_await until_draining(barrier);
        co_await barrier.reset();
    });
    co_await gather(tasks);
    co_await reset;
    EXPECT_EQ(positions.size(), 3u);
    EXPECT_NE(std::count(positions.begin(), positions.end(), 2), 0) << "the last one to arrive had left";
    EXPECT_EQ(barrier.describe(), "<Barrier filling, waiters: 0/3>");
    positions.clear();
    std::vector<Task<>> again = start(3, barrier, positions);
    co_await gather(again);
    EXPECT_EQ(sorted(positions), (std::vector<int>{0, 1, 2}));
}

ASYNC_TEST(Barrier, abort_breaks_it_for_those_that_wait_and_those_that_come, kAnyOrder) {  // semantics 39
    // CPython: test_locks.test_barrier_abort
    auto& barrier = keep<Barrier>(3);
    auto& positions = keep<std::vector<int>>();
    std::vector<Task<>> tasks = start(2, barrier, positions);
    co_await settle();
    co_await barrier.abort();
    co_await gather(tasks);
    EXPECT_EQ(positions, (std::vector<int>{-1, -1}));
    EXPECT_TRUE(barrier.broken());
    EXPECT_EQ(barrier.n_waiting(), 0u);
    EXPECT_EQ(barrier.describe(), "<Barrier broken>");
    co_await expect_throws<BrokenBarrierError>(barrier.wait());
}

ASYNC_TEST(Barrier, broken_by_a_failing_party_is_mended_by_reset, kAnyOrder) {
    // CPython: test_locks.test_barrier_abort_when_exception_then_resetting
    auto& barrier = keep<Barrier>(3);
    auto& positions = keep<std::vector<int>>();
    std::vector<Task<>> tasks = start(2, barrier, positions);
    co_await settle();
    std::exception_ptr error;
    try {
        throw ValueError("a party fails");
    } catch (const ValueError&) {
        error = std::current_exception();
    }
    co_await barrier.abort();
    co_await gather(tasks);
    EXPECT_EQ(positions, (std::vector<int>{-1, -1}));
    co_await barrier.reset();
    EXPECT_FALSE(barrier.broken());
    positions.clear();
    std::vector<Task<>> again = start(3, barrier, positions);
    co_await gather(again);
    EXPECT_EQ(sorted(positions), (std::vector<int>{0, 1, 2}));
}

}  // namespace aio::test
