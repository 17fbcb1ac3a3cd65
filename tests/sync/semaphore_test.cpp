// Semaphore and BoundedSemaphore: order, hand-over, cancellation in every place.
#include <aio/sync/semaphore.hpp>

#include <aio/core/gather.hpp>
#include <aio/core/timeout.hpp>

#include "support/async_test.hpp"

#include <string>
#include <vector>

namespace aio::test {

static_assert(!std::is_copy_constructible_v<Semaphore> && !std::is_move_constructible_v<Semaphore>);

namespace {

Coro<> note(Semaphore& semaphore, std::vector<int>& order, int name) {
    co_await semaphore.acquire();
    order.push_back(name);
}

}  // namespace

ASYNC_TEST(Semaphore, of_zero_is_locked, kAnyOrder) {  // CPython: test_locks.test_sem_initial_value_zero
    auto& semaphore = keep<Semaphore>(0);
    EXPECT_TRUE(semaphore.locked());
    EXPECT_EQ(semaphore.describe(), "<Semaphore locked>");
    EXPECT_THROW(Semaphore(-1), ValueError);
    co_return;
}

ASYNC_TEST(Semaphore, lets_as_many_in_as_it_has_units) {  // CPython: test_locks.test_sem_acquire
    auto& semaphore = keep<Semaphore>(3);
    auto& order = keep<std::vector<int>>();
    EXPECT_TRUE(co_await semaphore.acquire());
    EXPECT_TRUE(co_await semaphore.acquire());
    EXPECT_FALSE(semaphore.locked());
    EXPECT_EQ(semaphore.describe(), "<Semaphore unlocked, value: 1>");
    std::vector<Task<>> tasks;
    for (int name = 1; name <= 4; ++name) tasks.push_back(create_task(note(semaphore, order, name)));
    co_await settle();
    EXPECT_EQ(order, (std::vector<int>{1}));
    EXPECT_EQ(semaphore.describe(), "<Semaphore locked, waiters: 3>");
    semaphore.release();
    semaphore.release();
    EXPECT_EQ(semaphore.statistics().value, 0) << "handed over at once";
    co_await settle();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
    semaphore.release();
    for (Task<>& task : tasks) co_await task;
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
    for (int i = 0; i < 3; ++i) semaphore.release();
    EXPECT_EQ(semaphore.statistics().value, 3);
}

ASYNC_TEST(Semaphore, cancelled_waiter_leaves_the_line, kAnyOrder) {  // CPython: test_locks.test_sem_acquire_cancel
    auto& semaphore = keep<Semaphore>(1);
    co_await semaphore.acquire();
    Task<bool> waiter = create_task(semaphore.acquire());
    co_await settle();
    waiter.cancel();
    EXPECT_EQ(semaphore.statistics().waiters, 0u);
    co_await expect_throws<CancelledError>(waiter);
    semaphore.release();
    EXPECT_EQ(semaphore.statistics().value, 1);
}

ASYNC_TEST(Semaphore, released_after_waiters_were_cancelled_wakes_the_next_one) {
    // CPython: test_locks.test_sem_acquire_cancel_before_awoken
    auto& semaphore = keep<Semaphore>(0);
    std::vector<Task<bool>> tasks;
    for (int i = 0; i < 4; ++i) tasks.push_back(create_task(semaphore.acquire()));
    co_await settle();
    tasks[0].cancel();
    tasks[1].cancel();
    semaphore.release();
    co_await settle();
    EXPECT_TRUE(tasks[2].done());
    EXPECT_FALSE(tasks[3].done());
    tasks[3].cancel();
    co_await gather(tasks, return_exceptions);
}

ASYNC_TEST(Semaphore, cancelled_first_waiter_does_not_hang_the_second, kAnyOrder) {
    // CPython: test_locks.test_sem_acquire_hang
    auto& semaphore = keep<Semaphore>(0);
    Task<bool> t1 = create_task(semaphore.acquire());
    co_await settle();
    Task<bool> t2 = create_task(semaphore.acquire());
    co_await settle();
    t1.cancel();
    semaphore.release();
    co_await settle();
    EXPECT_TRUE(semaphore.locked());
    EXPECT_TRUE(t2.done());
    co_await expect_throws<CancelledError>(t1);
}

ASYNC_TEST(Semaphore, handed_to_a_task_that_is_cancelled_before_it_runs_is_not_lost) {  // semantics 35
    // CPython: test_locks.test_sem_acquire_no_hang
    auto& semaphore = keep<Semaphore>(1);
    auto& t2 = keep<Task<>>();
    Task<> t1 = create_task([&]() -> Coro<> {
        {
            auto permit = co_await semaphore.scoped();
            co_await sleep(0s);
        }
        if (t2) t2.cancel();
    });
    t2 = create_task([&]() -> Coro<> {
        auto permit = co_await semaphore.scoped();
        ADD_FAILURE() << "it was cancelled";
    });
    co_await t1;
    co_await expect_throws<CancelledError>(t2);
    EXPECT_TRUE(co_await wait_for(semaphore.acquire(), 1s));
}

ASYNC_TEST(Semaphore, serves_its_users_round_robin) {  // CPython: test_locks.test_sem_acquire_fifo_order
    auto& semaphore = keep<Semaphore>(1);
    auto& order = keep<std::vector<std::string>>();
    auto twice = [&](std::string tag) -> Coro<> {
        for (const char* turn : {"_1", "_2"}) {
            co_await semaphore.acquire();
            order.push_back(tag + turn);
            co_await sleep(1ms);
            semaphore.release();
        }
    };
    Task<> t1 = create_task(twice, std::string("c1"));
    Task<> t2 = create_task(twice, std::string("c2"));
    Task<> t3 = create_task(twice, std::string("c3"));
    co_await gather(t1, t2, t3);
    EXPECT_EQ(order, (std::vector<std::string>{"c1_1", "c2_1", "c3_1", "c1_2", "c2_2", "c3_2"}));
}

ASYNC_TEST(Semaphore, newcomer_does_not_overtake_a_waiter_that_was_handed_a_unit) {  // semantics 35
    // CPython: test_locks.test_sem_acquire_fifo_order_2
    auto& semaphore = keep<Semaphore>(1);
    auto& order = keep<std::vector<int>>();
    Task<> t1 = create_task(note(semaphore, order, 1));
    Task<> t2 = create_task([&]() -> Coro<> {
        co_await semaphore.acquire();
        order.push_back(2);
        semaphore.release();
        co_await semaphore.acquire();
        order.push_back(4);
    });
    Task<> t3 = create_task(note(semaphore, order, 3));
    co_await sleep(0s);
    semaphore.release();
    semaphore.release();
    co_await gather(t1, t2, t3);
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
}

ASYNC_TEST(Semaphore, released_twice_serves_two_behind_a_cancelled_one) {
    // CPython: test_locks.test_sem_acquire_fifo_order_3
    auto& semaphore = keep<Semaphore>(0);
    auto& order = keep<std::vector<int>>();
    Task<> t1 = create_task(note(semaphore, order, 1));
    Task<> t2 = create_task(note(semaphore, order, 2));
    Task<> t3 = create_task(note(semaphore, order, 3));
    co_await sleep(0s);
    t1.cancel();
    co_await sleep(0s);
    semaphore.release();
    semaphore.release();
    co_await gather(t2, t3);
    EXPECT_EQ(order, (std::vector<int>{2, 3}));
    co_await expect_throws<CancelledError>(t1);
}

ASYNC_TEST(Semaphore, unit_that_a_newcomer_waited_behind_is_not_forgotten, kAnyOrder) {  // semantics 35
    auto& semaphore = keep<Semaphore>(0);
    Task<bool> first = create_task(semaphore.acquire());
    co_await settle();
    semaphore.release();
    semaphore.release();
    EXPECT_TRUE(semaphore.locked()) << "a unit is free, but a woken waiter comes first";
    EXPECT_EQ(semaphore.statistics().value, 1);
    EXPECT_TRUE(co_await wait_for(semaphore.acquire(), 1s));
    co_await first;
}

ASYNC_TEST(Semaphore, permit_returns_its_unit, kAnyOrder) {
    auto& semaphore = keep<Semaphore>(2);
    {
        auto permit = co_await semaphore.scoped();
        EXPECT_EQ(semaphore.statistics().value, 1);
    }
    EXPECT_EQ(semaphore.statistics().value, 2);
    auto permit = co_await semaphore.scoped();
    permit.release();
    EXPECT_EQ(semaphore.statistics().value, 2);
}

ASYNC_TEST(BoundedSemaphore, released_too_often_is_an_error, kAnyOrder) {  // semantics 36
    auto& semaphore = keep<BoundedSemaphore>(1);
    co_await semaphore.acquire();
    semaphore.release();
    EXPECT_THROW(semaphore.release(), ValueError);
    EXPECT_EQ(semaphore.describe(), "<BoundedSemaphore unlocked, value: 1>");
    {
        auto permit = co_await semaphore.scoped();
        semaphore.release();
    }
    EXPECT_EQ(semaphore.statistics().value, 1) << "a destructor neither throws nor exceeds the bound";
}

}  // namespace aio::test
