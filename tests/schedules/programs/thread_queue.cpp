// ThreadQueue between a loop and two threads: no item is lost or doubled, and nothing waits for ever.
#include <aio/sync/thread_queue.hpp>

#include <aio/core/event_loop.hpp>
#include <aio/core/task.hpp>

#include "schedules/program.hpp"

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

namespace aio::schedules {

namespace {

using namespace std::chrono_literals;

using Queue = ThreadQueue<int>;

Coro<int> sum_of(Queue& queue, int count) {
    int sum = 0;
    for (int i = 0; i < count; ++i) sum += co_await queue.get();
    co_return sum;
}

Coro<> put_numbers(Queue& queue, int count) {
    for (int i = 1; i <= count; ++i) co_await queue.put(i);
}

// Until the queue is shut down. Result: the number of items.
Coro<int> count_until_shutdown(Queue& queue) {
    int count = 0;
    try {
        for (;; ++count) co_await queue.get();
    } catch (const QueueShutDown&) {}
    co_return count;
}

Coro<> put_and_join(Queue& queue) {
    co_await queue.put(1);
    co_await queue.put(2);
    co_await queue.join();
}

Coro<> get_into(Queue& queue, int& item) { item = co_await queue.get(); }

// The item goes to the getter, or stays: it is not lost with the getter's cancellation.
Coro<> getter_that_is_cancelled(Queue& queue, EventLoop& loop, Task<>& getter, std::thread& putter) {
    int item = 0;
    getter = create_task(get_into(queue, item));
    std::thread canceller([&] { loop.call_soon_threadsafe([&] { getter.cancel(); }); });
    putter = std::thread([&] { queue.put_nowait(7); });
    try {
        co_await getter;
    } catch (const CancelledError&) {
        EXPECT(item == 0);
    }
    if (item == 0) item = co_await queue.get();
    canceller.join();
    EXPECT(item == 7);
    EXPECT(queue.empty());
}

// The loop ends before the threads do, which may still be waking it.
template <class T>
T run_in_loop(Coro<T> coro) {
    EventLoop loop;
    return loop.run_until_complete(std::move(coro));
}

bool put_unless_shut_down(Queue& queue, int item) {
    try {
        queue.blocking_put(item);
        return true;
    } catch (const QueueShutDown&) {
        return false;
    }
}

}  // namespace

PROGRAM(two_threads_put_into_a_full_queue_and_a_loop_gets) {
    Queue queue(1);
    std::thread first([&] { queue.blocking_put(1); });
    std::thread second([&] { queue.blocking_put(2); });
    EXPECT(run_in_loop(sum_of(queue, 2)) == 3);
    first.join();
    second.join();
}

PROGRAM(a_loop_puts_and_two_threads_get) {
    Queue queue(1);
    std::atomic<int> sum{0};
    const auto get = [&] { sum += queue.blocking_get(); };
    std::thread first(get), second(get);
    run_in_loop(put_numbers(queue, 2));
    first.join();
    second.join();
    EXPECT(sum == 3);
}

PROGRAM(a_shutdown_ends_a_put_or_lets_its_item_arrive) {
    Queue queue(1);
    int accepted = 0;
    std::thread putter([&] { accepted += put_unless_shut_down(queue, 1); });
    std::thread closer([&] { queue.shutdown(); });
    const int arrived = run_in_loop(count_until_shutdown(queue));
    putter.join();
    closer.join();
    EXPECT(arrived == accepted);
}

PROGRAM(an_immediate_shutdown_leaves_nothing_in_the_queue) {
    Queue queue(1);
    int accepted = 0;
    std::thread putter([&] { accepted += put_unless_shut_down(queue, 1); });
    std::thread closer([&] { queue.shutdown(true); });
    const int arrived = run_in_loop(count_until_shutdown(queue));
    putter.join();
    closer.join();
    EXPECT(arrived <= accepted);
    EXPECT(queue.empty());
}

PROGRAM(a_cancelled_getter_loses_no_item_of_another_thread) {
    Queue queue(1);
    std::thread putter;
    {
        EventLoop loop;
        Task<> getter;  // the cancellation may run last of all
        loop.run_until_complete(getter_that_is_cancelled(queue, loop, getter, putter));
    }
    putter.join();
}

PROGRAM(join_ends_when_two_threads_have_done_all_items) {
    Queue queue(2);
    std::atomic<int> done{0};
    const auto work = [&] {
        queue.blocking_get();
        ++done;
        queue.task_done();
    };
    std::thread first(work), second(work);
    run_in_loop(put_and_join(queue));
    EXPECT(done == 2);
    first.join();
    second.join();
}

// A put is overtaken by the next one, and each getter is notified once (thread_queue_base.hpp).
LARGE_PROGRAM(two_threads_put_and_two_get, 1) {
    Queue queue(2);
    std::atomic<int> sum{0};
    const auto get = [&] { sum += queue.blocking_get(); };
    std::thread first(get), second(get);
    std::thread other([&] { queue.put_nowait(1); });
    queue.put_nowait(2);
    other.join();
    first.join();
    second.join();
    EXPECT(sum == 3);
}

// The same for room: a get is overtaken.
LARGE_PROGRAM(two_threads_get_and_two_put, 1) {
    Queue queue(2);
    queue.put_nowait(1);
    queue.put_nowait(2);
    std::thread first([&] { queue.blocking_put(3); });
    std::thread second([&] { queue.blocking_put(4); });
    int got = 0;
    std::thread other([&] { got = queue.get_nowait(); });
    const int sum = queue.get_nowait();
    other.join();
    first.join();
    second.join();
    EXPECT(sum + got == 3);
    EXPECT(queue.full());
}

PROGRAM(a_get_with_a_timeout_takes_the_item_or_leaves_it) {
    Queue queue(1);
    std::optional<int> got;
    std::thread getter([&] {
        try {
            got = queue.blocking_get(1s);
        } catch (const QueueEmpty&) {}
    });
    std::thread putter([&] { queue.blocking_put(1); });
    putter.join();
    getter.join();
    EXPECT(got.has_value() == queue.empty());
}

}  // namespace aio::schedules
