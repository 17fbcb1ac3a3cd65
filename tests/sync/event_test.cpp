// Event: set, clear, and who is released.
#include <aio/sync/event.hpp>

#include "support/async_test.hpp"

#include <vector>

namespace aio::test {

static_assert(!std::is_copy_constructible_v<Event> && !std::is_move_constructible_v<Event>);

namespace {

Coro<> note_when_set(Event& event, std::vector<int>& order, int name) {
    EXPECT_TRUE(co_await event.wait());
    order.push_back(name);
}

}  // namespace

ASYNC_TEST(Event, set_releases_all_waiters_in_the_order_of_their_calls) {  // semantics 38
    // CPython: test_locks.test_event_wait
    auto& event = keep<Event>();
    auto& order = keep<std::vector<int>>();
    std::vector<Task<>> tasks;
    for (int name = 1; name <= 3; ++name) tasks.push_back(create_task(note_when_set(event, order, name)));
    co_await settle();
    EXPECT_TRUE(order.empty());
    EXPECT_EQ(event.describe(), "<Event unset, waiters: 3>");
    event.set();
    for (Task<>& task : tasks) co_await task;
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(event.describe(), "<Event set>");
}

ASYNC_TEST(Event, that_is_set_does_not_suspend) {  // CPython: test_locks.test_event_wait_on_set
    auto& event = keep<Event>();
    auto& other_ran = keep<bool>(false);
    event.set();
    get_running_loop().call_soon([&other_ran] { other_ran = true; });
    EXPECT_TRUE(co_await event.wait());
    EXPECT_FALSE(other_ran);
    co_await settle();
}

ASYNC_TEST(Event, cancelled_waiter_leaves, kAnyOrder) {  // CPython: test_locks.test_event_wait_cancel
    auto& event = keep<Event>();
    Task<bool> waiter = create_task(event.wait());
    co_await settle();
    waiter.cancel();
    EXPECT_EQ(event.statistics().waiters, 0u);
    co_await expect_throws<CancelledError>(waiter);
}

ASYNC_TEST(Event, can_be_cleared_and_set_again, kAnyOrder) {  // CPython: test_locks.test_event_clear
    auto& event = keep<Event>();
    EXPECT_FALSE(event.is_set());
    event.set();
    EXPECT_TRUE(event.is_set());
    event.clear();
    EXPECT_FALSE(event.is_set());
    Task<bool> waiter = create_task(event.wait());
    co_await settle();
    EXPECT_FALSE(waiter.done());
    event.set();
    EXPECT_TRUE(co_await waiter);
}

ASYNC_TEST(Event, cleared_at_once_still_releases_those_that_waited, kAnyOrder) {  // semantics 38
    // CPython: test_locks.test_event_clear_with_waiters
    auto& event = keep<Event>();
    Task<bool> waiter = create_task(event.wait());
    co_await settle();
    event.set();
    event.clear();
    event.set();
    event.clear();
    EXPECT_EQ(event.statistics().waiters, 0u);
    EXPECT_TRUE(co_await waiter);
    EXPECT_FALSE(event.is_set());
}

ASYNC_TEST(Event, woken_waiter_that_is_cancelled_before_it_runs_is_cancelled, kAnyOrder) {
    auto& event = keep<Event>();
    Task<bool> waiter = create_task(event.wait());
    co_await settle();
    event.set();
    waiter.cancel();
    co_await expect_throws<CancelledError>(waiter);
}

ASYNC_TEST(Event, may_be_destroyed_right_after_set, kAnyOrder) {
    auto& event = keep<std::unique_ptr<Event>>(std::make_unique<Event>());
    Task<bool> waiter = create_task(event->wait());
    co_await settle();
    event->set();
    event.reset();
    EXPECT_TRUE(co_await waiter);
}

LOOP_TEST(Event, awaited_by_tasks_of_another_loop_is_an_error, kOnce) {
    Event event;
    Task<bool> here = loop.create_task(event.wait());
    loop.run_until_complete(sleep(1ms));
    {
        EventLoop other({.backend = loop.backend_name()});
        EXPECT_THROW(other.run_until_complete(event.wait()), RuntimeError);
    }
    event.set();
    EXPECT_TRUE(loop.run_until_complete(here));
}

}  // namespace aio::test
