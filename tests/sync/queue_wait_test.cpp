// Queue: getters and putters that wait, race and are cancelled.
#include <aio/sync/queue.hpp>

#include <aio/core/gather.hpp>
#include <aio/core/timeout.hpp>

#include "support/async_test.hpp"

#include <string>
#include <vector>

namespace aio::test {

ASYNC_TEST(Queue, getter_waits_for_an_item, kAnyOrder) {  // CPython: test_queues.test_blocking_get
    auto& queue = keep<Queue<int>>();
    queue.put_nowait(1);
    EXPECT_EQ(co_await queue.get(), 1);
    Task<int> getter = create_task(queue.get());
    co_await settle();
    EXPECT_FALSE(getter.done());
    queue.put_nowait(2);
    EXPECT_EQ(co_await getter, 2);
}

ASYNC_TEST(Queue, get_makes_room_for_a_waiting_putter, kAnyOrder) {  // CPython: test_queues.test_get_with_putters
    auto& queue = keep<Queue<int>>(1);
    co_await queue.put(1);
    Task<> putter = create_task(queue.put(2));
    co_await settle();
    EXPECT_EQ(co_await queue.get(), 1);
    co_await putter;
    EXPECT_EQ(queue.get_nowait(), 2);
}

ASYNC_TEST(Queue, getter_is_woken_in_the_pass_after_the_put) {  // CPython: test_queues.test_blocking_get_wait
    auto& queue = keep<Queue<int>>();
    auto& started = keep<bool>(false);
    Task<int> getter = create_task([&]() -> Coro<int> {
        started = true;
        co_return co_await queue.get();
    });
    get_running_loop().call_later(2ms, [&queue] { queue.put_nowait(1); });
    EXPECT_EQ(co_await getter, 1);
    EXPECT_TRUE(started);
    Task<int> second = create_task(queue.get());
    co_await settle();
    queue.put_nowait(2);
    co_await sleep(0s);
    EXPECT_TRUE(second.done());
    EXPECT_EQ(co_await second, 2);
}

ASYNC_TEST(Queue, get_nowait_takes_what_is_there, kAnyOrder) {  // CPython: test_queues.test_nonblocking_get
    auto& queue = keep<Queue<int>>();
    queue.put_nowait(1);
    EXPECT_EQ(queue.get_nowait(), 1);
    co_return;
}

ASYNC_TEST(Queue, get_nowait_of_an_empty_queue_throws, kAnyOrder) {
    // CPython: test_queues.test_nonblocking_get_exception
    auto& queue = keep<Queue<int>>();
    EXPECT_THROW(queue.get_nowait(), QueueEmpty);
    co_return;
}

ASYNC_TEST(Queue, cancelled_getter_leaves_the_item_to_the_next, kAnyOrder) {
    // CPython: test_queues.test_get_cancelled_race
    auto& queue = keep<Queue<std::string>>();
    Task<std::string> t1 = create_task(queue.get());
    co_await settle();
    Task<std::string> t2 = create_task(queue.get());
    co_await settle();
    t1.cancel();
    co_await settle();
    EXPECT_TRUE(t1.done());
    co_await queue.put("a");
    EXPECT_EQ(co_await t2, "a");
}

ASYNC_TEST(Queue, get_serves_putters_in_order, kAnyOrder) {  // CPython: test_queues.test_get_with_waiting_putters
    auto& queue = keep<Queue<std::string>>(1);
    Task<> a = create_task(queue.put("a"));
    co_await settle();
    Task<> b = create_task(queue.put("b"));
    EXPECT_EQ(co_await queue.get(), "a");
    EXPECT_EQ(co_await queue.get(), "b");
    co_await gather(a, b);
}

ASYNC_TEST(Queue, getters_that_time_out_are_forgotten, kAnyOrder) {
    // CPython: test_queues.test_cancelled_getters_not_being_held_in_self_getters
    auto& queue = keep<Queue<int>>(5);
    for (int i = 0; i < 3; ++i) co_await expect_throws<TimeoutError>(wait_for(queue.get(), 1ms));
    EXPECT_EQ(queue.statistics().getters, 0u);
}

ASYNC_TEST(Queue, putter_waits_for_room, kAnyOrder) {  // CPython: test_queues.test_blocking_put
    auto& queue = keep<Queue<int>>(1);
    co_await queue.put(1);
    Task<> putter = create_task(queue.put(2));
    co_await settle();
    EXPECT_FALSE(putter.done());
    EXPECT_EQ(queue.get_nowait(), 1);
    co_await putter;
    EXPECT_EQ(queue.get_nowait(), 2);
}

ASYNC_TEST(Queue, putter_is_woken_when_a_timer_makes_room,
           kAnyOrder) {  // CPython: test_queues.test_blocking_put_wait
    auto& queue = keep<Queue<int>>(1);
    queue.put_nowait(1);
    Task<> putter = create_task(queue.put(2));
    get_running_loop().call_later(2ms, [&queue] { queue.get_nowait(); });
    co_await putter;
    EXPECT_EQ(queue.get_nowait(), 2);
}

ASYNC_TEST(Queue, put_nowait_into_a_full_queue_throws, kAnyOrder) {
    // CPython: test_queues.test_nonblocking_put_exception
    auto& queue = keep<Queue<int>>(1);
    queue.put_nowait(1);
    EXPECT_THROW(queue.put_nowait(2), QueueFull);
    EXPECT_EQ(queue.qsize(), 1u);
    co_return;
}

ASYNC_TEST(Queue, getter_cancelled_after_its_wake_loses_no_item, kAnyOrder) {  // semantics 40
    // CPython: test_queues.test_get_cancel_drop_one_pending_reader
    auto& queue = keep<Queue<int>>();
    Task<int> reader = create_task(queue.get());
    co_await settle();
    queue.put_nowait(1);
    queue.put_nowait(2);
    reader.cancel();
    co_await expect_throws<CancelledError>(reader);
    EXPECT_EQ(co_await queue.get(), 1);
    EXPECT_EQ(co_await queue.get(), 2);
}

ASYNC_TEST(Queue, getter_cancelled_after_its_wake_wakes_the_next, kAnyOrder) {  // semantics 40
    // CPython: test_queues.test_get_cancel_drop_many_pending_readers
    auto& queue = keep<Queue<int>>();
    std::vector<Task<int>> readers;
    for (int i = 0; i < 3; ++i) {
        readers.push_back(create_task(queue.get()));
        co_await settle();
    }
    queue.put_nowait(1);
    queue.put_nowait(2);
    readers[0].cancel();
    readers[1].cancel();
    co_await settle();
    EXPECT_TRUE(readers[2].done());
    EXPECT_EQ(co_await readers[2] + co_await queue.get(), 3);
    co_await gather(readers, return_exceptions);
}

ASYNC_TEST(Queue, cancelled_putter_drops_its_item_only, kAnyOrder) {  // CPython: test_queues.test_put_cancel_drop
    auto& queue = keep<Queue<int>>(1);
    queue.put_nowait(1);
    Task<> writer = create_task(queue.put(2));
    co_await settle();
    EXPECT_EQ(queue.get_nowait(), 1);
    writer.cancel();
    co_await expect_throws<CancelledError>(writer);
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.statistics().unfinished, 1u);
    co_await queue.put(3);
    EXPECT_EQ(queue.get_nowait(), 3);
}

ASYNC_TEST(Queue, put_of_a_task_ends_when_the_item_is_in, kAnyOrder) {  // CPython: test_queues.test_put_cancelled
    auto& queue = keep<Queue<int>>();
    Task<bool> putter = create_task([&queue]() -> Coro<bool> {
        co_await queue.put(1);
        co_return true;
    });
    EXPECT_EQ(co_await queue.get(), 1);
    EXPECT_TRUE(co_await putter);
}

ASYNC_TEST(Queue, cancelled_putter_leaves_the_room_to_the_others, kAnyOrder) {
    // CPython: test_queues.test_put_cancelled_race
    auto& queue = keep<Queue<std::string>>(1);
    Task<> a = create_task(queue.put("a"));
    co_await settle();
    Task<> b = create_task(queue.put("b"));
    co_await settle();
    Task<> c = create_task(queue.put("X"));
    co_await settle();
    EXPECT_TRUE(a.done());
    EXPECT_FALSE(b.done());
    c.cancel();
    co_await settle();
    EXPECT_TRUE(c.cancelled());
    EXPECT_EQ(queue.get_nowait(), "a");
    co_await b;
    EXPECT_EQ(queue.get_nowait(), "b");
}

ASYNC_TEST(Queue, putter_cancelled_after_its_wake_wakes_the_next, kAnyOrder) {  // semantics 40
    auto& queue = keep<Queue<int>>(1);
    queue.put_nowait(1);
    Task<> first = create_task(queue.put(2));
    co_await settle();
    Task<> second = create_task(queue.put(3));
    co_await settle();
    queue.get_nowait();
    first.cancel();
    co_await expect_throws<CancelledError>(first);
    co_await second;
    EXPECT_EQ(queue.get_nowait(), 3);
}

ASYNC_TEST(Queue, put_wakes_a_waiting_getter, kAnyOrder) {  // CPython: test_queues.test_put_with_waiting_getters
    auto& queue = keep<Queue<std::string>>();
    Task<std::string> getter = create_task(queue.get());
    co_await settle();
    co_await queue.put("a");
    EXPECT_EQ(co_await getter, "a");
}

ASYNC_TEST(Queue, putters_go_on_after_get_nowait_emptied_it, kAnyOrder) {
    // CPython: test_queues.test_why_are_putters_waiting
    auto& queue = keep<Queue<int>>(2);
    Task<> getter = create_task([&queue]() -> Coro<> {
        co_await sleep(0s);
        for (std::size_t n = queue.qsize(); n > 0; --n) queue.get_nowait();
    });
    std::vector<Task<>> putters;
    for (int i = 0; i < 4; ++i) putters.push_back(create_task(queue.put(i)));
    co_await getter;
    co_await settle();
    while (!queue.empty()) {
        queue.get_nowait();
        co_await settle();
    }
    co_await gather(putters);
}

ASYNC_TEST(Queue, putters_that_time_out_are_forgotten, kAnyOrder) {
    // CPython: test_queues.test_cancelled_puts_not_being_held_in_self_putters
    auto& queue = keep<Queue<int>>(1);
    co_await queue.put(1);
    co_await expect_throws<TimeoutError>(wait_for(queue.put(1), 1ms));
    EXPECT_EQ(queue.statistics().putters, 0u);
}

ASYNC_TEST(Queue, getter_whose_item_was_snatched_goes_to_the_end_of_the_line) {  // semantics 40
    auto& queue = keep<Queue<int>>();
    auto& order = keep<std::vector<int>>();
    auto get = [&](int name) -> Coro<> {
        const int item = co_await queue.get();
        order.push_back(name * 10 + item);
    };
    Task<> first = create_task(get, 1);
    Task<> second = create_task(get, 2);
    co_await settle();
    queue.put_nowait(1);
    EXPECT_EQ(queue.get_nowait(), 1) << "before the getter that was woken for it";
    co_await settle();
    EXPECT_FALSE(first.done());
    queue.put_nowait(2);
    co_await second;
    queue.put_nowait(3);
    co_await first;
    EXPECT_EQ(order, (std::vector<int>{22, 13}));
}

ASYNC_TEST(Queue, put_nowait_may_take_the_room_a_putter_was_woken_for) {  // semantics 40
    auto& queue = keep<Queue<int>>(1);
    queue.put_nowait(1);
    Task<> putter = create_task(queue.put(2));
    co_await settle();
    EXPECT_EQ(queue.get_nowait(), 1);
    queue.put_nowait(3);
    co_await settle();
    EXPECT_FALSE(putter.done());
    EXPECT_EQ(queue.get_nowait(), 3);
    co_await putter;
    EXPECT_EQ(queue.get_nowait(), 2);
}

ASYNC_TEST(Queue, woken_getter_whose_cancellation_is_taken_back_gets_the_item, kAnyOrder) {  // semantics 14
    auto& queue = keep<Queue<int>>();
    Task<int> getter = create_task(queue.get());
    co_await settle();
    queue.put_nowait(1);
    getter.cancel();
    getter.uncancel();
    EXPECT_EQ(co_await getter, 1);
}

LOOP_TEST(Queue, with_waiting_tasks_when_the_loop_closes_lets_them_go, kOnce) {
    auto queue = std::make_shared<Queue<std::string>>(1);
    auto produce = [queue]() -> Coro<> {
        while (true) co_await queue->put("an item that is long enough for the heap");
    };
    auto consume = [queue]() -> Coro<> {
        while (true) {
            co_await sleep(1ms);
            const std::string item = co_await queue->get();
        }
    };
    for (int i = 0; i < 2; ++i) loop.create_task(produce);
    loop.create_task(consume);
    loop.run_until_complete(sleep(5ms));
    loop.close();
    EXPECT_EQ(take_reports().size(), 3u);
}

ASYNC_TEST(Queue, destroyed_while_tasks_wait_for_it_tells_them_when_they_run, kOnce) {
    auto queue = std::make_unique<Queue<int>>(1);
    Task<int> woken = create_task(queue->get());
    Task<int> cancelled = create_task(queue->get());
    co_await settle();
    queue->put_nowait(1);
    queue.reset();
    cancelled.cancel();
    co_await expect_throws<RuntimeError>(woken);
    co_await expect_throws<CancelledError>(cancelled);
}

}  // namespace aio::test
