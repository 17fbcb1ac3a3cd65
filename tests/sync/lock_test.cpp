// Lock: order, cancellation in every place, guards.
#include <aio/sync/lock.hpp>

#include <aio/core/timeout.hpp>

#include "support/async_test.hpp"

#include <vector>

namespace aio::test {

static_assert(!std::is_copy_constructible_v<Lock> && !std::is_move_constructible_v<Lock>);
static_assert(!Awaitable<Lock&>, "what is awaited is lock.acquire()");  // CPython: test_locks.test_lock
#ifdef NDEBUG  // otherwise each has a mark for never having been awaited
static_assert(detail::SmallAwaitable<decltype(std::declval<Lock&>().acquire())>);
#endif
static_assert(!std::is_copy_constructible_v<Permit<Lock>> && std::is_nothrow_move_constructible_v<Permit<Lock>>);

namespace {

Coro<> take_in_turn(Lock& lock, std::vector<int>& order, int name) {
    co_await lock.acquire();
    order.push_back(name);
    lock.release();
}

}  // namespace

ASYNC_TEST(Lock, free_is_taken_without_suspending, kAnyOrder) {
    auto& lock = keep<Lock>();
    bool other_ran = false;
    get_running_loop().call_soon([&ran = keep<bool>(false)] { ran = true; });
    EXPECT_TRUE(co_await lock.acquire());
    EXPECT_TRUE(lock.locked());
    EXPECT_FALSE(other_ran);
    lock.release();
    EXPECT_FALSE(lock.locked());
}

ASYNC_TEST(Lock, serves_waiters_in_the_order_of_their_calls) {  // semantics 34
    // CPython: test_locks.test_acquire
    auto& lock = keep<Lock>();
    auto& order = keep<std::vector<int>>();
    co_await lock.acquire();
    std::vector<Task<>> tasks;
    for (int name = 1; name <= 3; ++name) tasks.push_back(create_task(take_in_turn(lock, order, name)));
    co_await settle();
    EXPECT_TRUE(order.empty());
    EXPECT_EQ(lock.statistics().waiters, 3u);
    EXPECT_EQ(lock.describe(), "<Lock locked, waiters: 3>");
    lock.release();
    for (Task<>& task : tasks) co_await task;
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(lock.describe(), "<Lock unlocked>");
}

ASYNC_TEST(Lock, released_is_not_taken_by_a_newcomer_before_the_woken_waiter_runs) {  // semantics 34
    auto& lock = keep<Lock>();
    auto& order = keep<std::vector<int>>();
    co_await lock.acquire();
    Task<> waiter = create_task(take_in_turn(lock, order, 1));
    co_await settle();
    lock.release();
    EXPECT_FALSE(lock.locked()) << "free, and promised";
    co_await lock.acquire();
    order.push_back(2);
    lock.release();
    co_await waiter;
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

ASYNC_TEST(Lock, cancelled_waiter_leaves_the_line, kAnyOrder) {  // CPython: test_locks.test_acquire_cancel
    auto& lock = keep<Lock>();
    co_await lock.acquire();
    Task<bool> waiter = create_task(lock.acquire());
    co_await settle();
    waiter.cancel("enough");
    EXPECT_EQ(lock.statistics().waiters, 0u);
    EXPECT_EQ(co_await expect_throws<CancelledError>(waiter), "enough");
    EXPECT_TRUE(lock.locked());
    lock.release();
}

ASYNC_TEST(Lock, released_while_the_first_waiter_is_being_cancelled_wakes_the_second, kAnyOrder) {  // semantics 34
    // CPython: test_locks.test_cancel_race
    auto& lock = keep<Lock>();
    auto& order = keep<std::vector<int>>();
    co_await lock.acquire();
    Task<> b = create_task(take_in_turn(lock, order, 2));
    co_await settle();
    Task<> c = create_task(take_in_turn(lock, order, 3));
    co_await settle();
    b.cancel();
    lock.release();
    co_await expect_throws<CancelledError>(b);
    co_await c;
    EXPECT_EQ(order, (std::vector<int>{3}));
    EXPECT_FALSE(lock.locked());
}

ASYNC_TEST(Lock, cancelled_and_released_at_once_goes_to_one_task_only, kAnyOrder) {
    // CPython: test_locks.test_cancel_release_race
    auto& lock = keep<Lock>();
    co_await lock.acquire();
    Task<bool> t1 = create_task(lock.acquire());
    co_await settle();
    Task<bool> t2 = create_task(lock.acquire());
    co_await settle();
    Task<bool> t3 = create_task(lock.acquire());
    co_await settle();
    t1.cancel();
    lock.release();
    co_await settle();
    EXPECT_TRUE(t1.cancelled());
    EXPECT_TRUE(t2.done());
    EXPECT_FALSE(t3.done());
    t3.cancel();
    co_await expect_throws<CancelledError>(t3);
}

ASYNC_TEST(Lock, woken_waiter_that_is_cancelled_before_it_runs_passes_the_wake_on, kAnyOrder) {  // semantics 34
    // CPython: test_locks.test_finished_waiter_cancelled
    auto& lock = keep<Lock>();
    co_await lock.acquire();
    Task<bool> b = create_task(lock.acquire());
    co_await settle();
    Task<bool> c = create_task(lock.acquire());
    co_await settle();
    lock.release();
    b.cancel();
    co_await settle();
    EXPECT_TRUE(b.cancelled());
    EXPECT_TRUE(c.done());
    EXPECT_TRUE(lock.locked());
    lock.release();
}

ASYNC_TEST(Lock, woken_waiter_whose_cancellation_is_taken_back_gets_it, kAnyOrder) {  // semantics 14
    auto& lock = keep<Lock>();
    co_await lock.acquire();
    Task<bool> waiter = create_task(lock.acquire());
    co_await settle();
    lock.release();
    waiter.cancel();
    waiter.uncancel();
    EXPECT_TRUE(co_await waiter);
    EXPECT_TRUE(lock.locked());
}

ASYNC_TEST(Lock, release_of_a_free_lock_is_an_error, kAnyOrder) {
    // CPython: test_locks.test_release_not_acquired
    auto& lock = keep<Lock>();
    EXPECT_THROW(lock.release(), RuntimeError);
    co_return;
}

ASYNC_TEST(Lock, release_without_waiters_frees_it, kAnyOrder) {  // CPython: test_locks.test_release_no_waiters
    auto& lock = keep<Lock>();
    co_await lock.acquire();
    EXPECT_TRUE(lock.locked());
    lock.release();
    EXPECT_FALSE(lock.locked());
}

ASYNC_TEST(Lock, guard_releases_at_the_end_of_its_scope_or_early, kAnyOrder) {
    auto& lock = keep<Lock>();
    {
        auto guard = co_await lock.scoped();
        EXPECT_TRUE(lock.locked());
        Permit<Lock> moved = std::move(guard);
        EXPECT_FALSE(guard.owns());
        EXPECT_TRUE(moved.owns());
    }
    EXPECT_FALSE(lock.locked());
    auto guard = co_await lock.scoped();
    guard.release();
    EXPECT_FALSE(lock.locked());
    guard.release();
    EXPECT_FALSE(guard.owns());
}

ASYNC_TEST(Lock, guard_releases_when_an_exception_passes, kAnyOrder) {
    auto& lock = keep<Lock>();
    try {
        auto guard = co_await lock.scoped();
        throw ValueError("no");
    } catch (const ValueError&) {}
    EXPECT_FALSE(lock.locked());
}

ASYNC_TEST(Lock, can_be_waited_for_with_a_deadline, kAnyOrder) {
    auto& lock = keep<Lock>();
    co_await lock.acquire();
    co_await expect_throws<TimeoutError>(wait_for(lock.acquire(), 5ms));
    EXPECT_EQ(lock.statistics().waiters, 0u);
    lock.release();
    EXPECT_TRUE(co_await wait_for(lock.acquire(), 5ms));
}

// The guards of tasks that a closing loop destroys wake others, which are destroyed next.
LOOP_TEST(Lock, held_and_awaited_when_the_loop_closes_is_let_go, kOnce) {
    {
        auto lock = std::make_shared<Lock>();
        auto hold = [lock]() -> Coro<> {
            auto guard = co_await lock->scoped();
            co_await sleep(1h);
        };
        for (int i = 0; i < 3; ++i) loop.create_task(hold);
    }
    loop.call_later(1ms, [&loop] { loop.stop(); });
    loop.run_forever();
    loop.close();
    EXPECT_EQ(take_reports().size(), 3u);
}

LOOP_TEST(Lock, destroyed_before_the_tasks_that_wait_for_it_lets_them_end, kOnce) {
    auto lock = std::make_unique<Lock>();
    loop.run_until_complete(lock->acquire());
    Task<bool> cancelled = loop.create_task(lock->acquire());
    Task<bool> woken = loop.create_task(lock->acquire());
    loop.run_until_complete(sleep(1ms));
    cancelled.cancel();
    lock->release();
    lock.reset();
    loop.run_until_complete(sleep(1ms));
    EXPECT_TRUE(cancelled.cancelled());
    expect_is<RuntimeError>(woken.exception());
}

}  // namespace aio::test
