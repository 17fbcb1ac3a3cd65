// Condition: notification, and the lock that is held again whatever happens.
#include <aio/sync/condition.hpp>

#include <aio/core/timeout.hpp>

#include "support/async_test.hpp"

#include <vector>

namespace aio::test {

namespace {

Coro<> note_when_notified(Condition& condition, std::vector<int>& order, int name) {
    auto guard = co_await condition.scoped();
    EXPECT_TRUE(co_await condition.wait());
    order.push_back(name);
}

Coro<> notify(Condition& condition, std::size_t n) {
    auto guard = co_await condition.scoped();
    condition.notify(n);
}

std::vector<Task<>> waiting_tasks(Condition& condition, std::vector<int>& order, int count) {
    std::vector<Task<>> tasks;
    for (int name = 1; name <= count; ++name) {
        tasks.push_back(create_task(note_when_notified(condition, order, name)));
    }
    return tasks;
}

}  // namespace

ASYNC_TEST(Condition, wait_gives_up_the_lock_and_takes_it_again) {  // CPython: test_locks.test_cond_wait
    auto& condition = keep<Condition>();
    auto& order = keep<std::vector<int>>();
    std::vector<Task<>> tasks = waiting_tasks(condition, order, 3);
    co_await settle();
    EXPECT_TRUE(order.empty());
    EXPECT_FALSE(condition.locked());
    EXPECT_EQ(condition.describe(), "<Condition unlocked, waiters: 3>");
    co_await notify(condition, 2);
    co_await settle();
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
    co_await notify(condition, 1);
    for (Task<>& task : tasks) co_await task;
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
    EXPECT_FALSE(condition.locked());
}

ASYNC_TEST(Condition, cancelled_wait_holds_the_lock_again, kAnyOrder) {  // semantics 37
    // CPython: test_locks.test_cond_wait_cancel
    auto& condition = keep<Condition>();
    co_await condition.acquire();
    Task<bool> waiter = create_task(condition.wait());
    co_await settle();
    EXPECT_FALSE(condition.locked());
    waiter.cancel("enough");
    EXPECT_EQ(co_await expect_throws<CancelledError>(waiter), "enough");
    EXPECT_EQ(condition.statistics().waiters, 0u);
    EXPECT_TRUE(condition.locked());
}

ASYNC_TEST(Condition, cancelled_wait_waits_for_a_lock_that_others_hold, kAnyOrder) {  // semantics 37
    // CPython: test_locks.test_cond_wait_cancel_contested
    auto& condition = keep<Condition>();
    co_await condition.acquire();
    Task<bool> waiter = create_task(condition.wait());
    co_await settle();
    auto guard = co_await condition.scoped();
    waiter.cancel("first");
    co_await settle();
    EXPECT_FALSE(waiter.done()) << "the lock is not its own";
    waiter.cancel("second");
    co_await settle();
    EXPECT_FALSE(waiter.done()) << "swallowed until the lock is held";
    guard.release();
    EXPECT_EQ(co_await expect_throws<CancelledError>(waiter), "second") << "the most recent one";
    EXPECT_TRUE(condition.locked());
}

ASYNC_TEST(Condition, cancelled_after_the_notification_still_holds_the_lock, kAnyOrder) {  // semantics 37
    // CPython: test_locks.test_cond_wait_cancel_after_notify
    auto& condition = keep<Condition>();
    auto& waited = keep<bool>(false);
    Task<> task = create_task([&]() -> Coro<> {
        co_await condition.acquire();
        waited = true;
        co_await condition.wait();
        condition.release();
    });
    co_await settle();
    EXPECT_TRUE(waited);
    auto guard = co_await condition.scoped();
    condition.notify();
    co_await settle();
    task.cancel();
    guard.release();
    co_await settle();
    EXPECT_TRUE(task.cancelled());
    EXPECT_TRUE(condition.locked());
}

ASYNC_TEST(Condition, notification_of_a_cancelled_waiter_goes_to_another, kAnyOrder) {  // semantics 37
    auto& condition = keep<Condition>();
    auto& order = keep<std::vector<int>>();
    Task<> a = create_task(note_when_notified(condition, order, 1));
    co_await settle();
    Task<> b = create_task(note_when_notified(condition, order, 2));
    co_await settle();
    auto guard = co_await condition.scoped();
    condition.notify();
    co_await settle();
    a.cancel();
    guard.release();
    co_await expect_throws<CancelledError>(a);
    co_await b;
    EXPECT_EQ(order, (std::vector<int>{2}));
}

ASYNC_TEST(Condition, wait_without_the_lock_is_an_error, kAnyOrder) {
    // CPython: test_locks.test_cond_wait_unacquired
    auto& condition = keep<Condition>();
    co_await expect_throws<RuntimeError>(condition.wait());
}

ASYNC_TEST(Condition, wait_for_gives_what_the_predicate_returned,
           kAnyOrder) {  // CPython: test_locks.test_cond_wait_for
    auto& condition = keep<Condition>();
    auto& value = keep<int>(0);
    Task<int> waiter = create_task([&]() -> Coro<int> {
        auto guard = co_await condition.scoped();
        auto predicate = [&value] { return value > 1 ? value : 0; };
        co_return co_await condition.wait_for(predicate);
    });
    for (int i = 0; i < 2; ++i) {
        co_await settle();
        EXPECT_FALSE(waiter.done());
        ++value;
        co_await notify(condition, 1);
    }
    EXPECT_EQ(co_await waiter, 2);
}

ASYNC_TEST(Condition, notify_wakes_as_many_as_it_says) {  // CPython: test_locks.test_cond_notify
    auto& condition = keep<Condition>();
    auto& order = keep<std::vector<int>>();
    std::vector<Task<>> tasks = waiting_tasks(condition, order, 4);
    co_await settle();
    co_await notify(condition, 1);
    co_await settle();
    EXPECT_EQ(order, (std::vector<int>{1}));
    co_await notify(condition, 1);
    co_await notify(condition, 2048);
    for (Task<>& task : tasks) co_await task;
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
}

ASYNC_TEST(Condition, notify_all_wakes_everybody) {  // CPython: test_locks.test_cond_notify_all
    auto& condition = keep<Condition>();
    auto& order = keep<std::vector<int>>();
    std::vector<Task<>> tasks = waiting_tasks(condition, order, 3);
    co_await settle();
    {
        auto guard = co_await condition.scoped();
        condition.notify_all();
    }
    for (Task<>& task : tasks) co_await task;
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

ASYNC_TEST(Condition, notify_without_the_lock_is_an_error, kAnyOrder) {
    // CPython: test_locks.test_cond_notify_unacquired
    auto& condition = keep<Condition>();
    EXPECT_THROW(condition.notify(), RuntimeError);
    EXPECT_THROW(condition.notify_all(), RuntimeError);
    co_return;
}

ASYNC_TEST(Condition, wait_with_a_deadline_holds_the_lock_at_the_end, kAnyOrder) {
    // CPython: test_locks.test_cond_timeout_in_block
    auto& condition = keep<Condition>();
    auto guard = co_await condition.scoped();
    co_await expect_throws<TimeoutError>(wait_for(condition.wait(), 5ms));
    EXPECT_TRUE(condition.locked());
}

ASYNC_TEST(Condition, can_share_a_lock, kAnyOrder) {
    auto& lock = keep<Lock>();
    auto& full = keep<Condition>(lock);
    auto& empty = keep<Condition>(lock);
    auto guard = co_await full.scoped();
    EXPECT_TRUE(lock.locked());
    EXPECT_TRUE(empty.locked());
    empty.notify();
}

}  // namespace aio::test
