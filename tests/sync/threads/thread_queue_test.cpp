// ThreadQueue: between tasks of one loop, between loops, between threads.
#include <aio/sync/thread_queue.hpp>

#include <aio/core/gather.hpp>
#include <aio/core/run.hpp>
#include <aio/core/timeout.hpp>
#include <aio/sync/threads.hpp>

#include "support/async_test.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {

namespace {

std::uint64_t chosen_seed() {
    const char* given = std::getenv("AIO_TEST_SEED");
    return given ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

Coro<> put_after(ThreadQueue<int>* queue, Duration delay, int value) {
    co_await sleep(delay);
    co_await queue->put(value);
}
Coro<int> get_one(ThreadQueue<int>* queue) { co_return co_await queue->get(); }
Coro<> put_one(ThreadQueue<int>* queue, int value) { co_await queue->put(value); }

}  // namespace

ASYNC_TEST(ThreadQueue, gives_items_in_order) {  // CPython: test_queues.test_order
    ThreadQueue<int> queue(3);
    for (int i = 1; i <= 3; ++i) co_await queue.put(i);
    EXPECT_EQ(queue.qsize(), 3u);
    EXPECT_TRUE(queue.full());
    for (int i = 1; i <= 3; ++i) EXPECT_EQ(co_await queue.get(), i);
    EXPECT_TRUE(queue.empty());
}

ASYNC_TEST(ThreadQueue, keeps_any_capacity_over_many_laps) {
    for (const int maxsize : {1, 2, 3, 5, 8}) {
        ThreadQueue<int> queue(maxsize);
        int next = 0;
        for (int lap = 0; lap < 20; ++lap) {
            for (int i = 0; i < maxsize; ++i) queue.put_nowait(next + i);
            EXPECT_THROW(queue.put_nowait(0), QueueFull);
            EXPECT_EQ(queue.qsize(), static_cast<std::size_t>(maxsize));
            for (int i = 0; i < maxsize; ++i) EXPECT_EQ(queue.get_nowait(), next + i);
            EXPECT_THROW(queue.get_nowait(), QueueEmpty);
            next += maxsize;
        }
    }
    EXPECT_THROW(ThreadQueue<int>(0), ValueError);
    co_return;
}

ASYNC_TEST(ThreadQueue, getter_waits_for_an_item) {
    auto& queue = keep<ThreadQueue<int>>(1);
    Task<> producer = create_task(put_after, &queue, 10ms, 7);
    EXPECT_EQ(co_await queue.get(), 7);
    co_await producer;
}

ASYNC_TEST(ThreadQueue, putter_waits_for_room) {
    auto& queue = keep<ThreadQueue<int>>(1);
    queue.put_nowait(1);
    Task<> putter = create_task(put_one, &queue, 2);
    co_await run_passes(3);
    EXPECT_FALSE(putter.done());
    EXPECT_EQ(co_await queue.get(), 1);
    co_await putter;
    EXPECT_EQ(queue.get_nowait(), 2);
}

ASYNC_TEST(ThreadQueue, moves_what_cannot_be_copied) {
    ThreadQueue<std::unique_ptr<std::string>> queue(2);
    co_await queue.put(std::make_unique<std::string>("moved"));
    const auto item = co_await queue.get();
    EXPECT_EQ(*item, "moved");
}

ASYNC_TEST(ThreadQueue, destroys_what_is_left) {
    auto item = std::make_shared<int>(1);
    {
        ThreadQueue<std::shared_ptr<int>> queue(4);
        queue.put_nowait(item);
        queue.put_nowait(item);
        EXPECT_EQ(item.use_count(), 3);
    }
    EXPECT_EQ(item.use_count(), 1);
    co_return;
}

ASYNC_TEST(ThreadQueue, cancelled_getter_does_not_lose_the_item) {
    auto& queue = keep<ThreadQueue<int>>(4);
    Task<int> first = create_task(get_one, &queue);
    Task<int> second = create_task(get_one, &queue);
    co_await run_passes(2);
    queue.put_nowait(5);
    co_await run_passes(1);  // the wake-up is posted, and comes: the first is to look
    first.cancel();
    EXPECT_EQ(co_await second, 5);
    co_await expect_throws<CancelledError>(first);
}

ASYNC_TEST(ThreadQueue, cancelled_putter_does_not_put) {
    auto& queue = keep<ThreadQueue<int>>(1);
    queue.put_nowait(1);
    Task<> first = create_task(put_one, &queue, 2);
    Task<> second = create_task(put_one, &queue, 3);
    co_await run_passes(2);
    EXPECT_EQ(queue.get_nowait(), 1);
    first.cancel();
    co_await second;
    co_await expect_throws<CancelledError>(first);
    EXPECT_EQ(queue.get_nowait(), 3);
    EXPECT_TRUE(queue.empty());
}

ASYNC_TEST(ThreadQueue, getter_that_times_out_leaves_the_item) {
    auto& queue = keep<ThreadQueue<int>>(1);
    co_await expect_throws<TimeoutError>(aio::wait_for(get_one(&queue), 5ms));
    queue.put_nowait(1);
    EXPECT_EQ(co_await queue.get(), 1);
}

ASYNC_TEST(ThreadQueue, wakes_as_many_getters_as_there_are_items) {
    auto& queue = keep<ThreadQueue<int>>(8);
    std::vector<Task<int>> getters;
    for (int i = 0; i < 5; ++i) getters.push_back(create_task(get_one, &queue));
    co_await run_passes(2);
    for (int i = 0; i < 5; ++i) queue.put_nowait(i);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(co_await getters[static_cast<std::size_t>(i)], i);
}

ASYNC_TEST(ThreadQueue, shut_down_gives_what_is_left_and_then_fails) {  // CPython: test_queues.test_shutdown_nonempty
    auto& queue = keep<ThreadQueue<int>>(2);
    queue.put_nowait(1);
    queue.shutdown();
    co_await expect_throws<QueueShutDown>(put_one(&queue, 2));
    EXPECT_THROW(queue.put_nowait(2), QueueShutDown);
    EXPECT_EQ(co_await queue.get(), 1);
    co_await expect_throws<QueueShutDown>(get_one(&queue));
    EXPECT_THROW(queue.get_nowait(), QueueShutDown);
}

ASYNC_TEST(ThreadQueue, shutdown_tells_those_who_wait) {  // CPython: test_queues.test_shutdown_immediate
    auto& empty = keep<ThreadQueue<int>>(1);
    auto& full = keep<ThreadQueue<int>>(1);
    full.put_nowait(1);
    Task<int> getter = create_task(get_one, &empty);
    Task<> putter = create_task(put_one, &full, 2);
    co_await run_passes(2);
    empty.shutdown();
    full.shutdown(true);
    co_await expect_throws<QueueShutDown>(getter);
    co_await expect_throws<QueueShutDown>(putter);
    EXPECT_TRUE(full.empty()) << "emptied at once";
    co_await full.join();
}

ASYNC_TEST(ThreadQueue, join_waits_until_all_is_done) {  // CPython: test_queues.test_task_done
    auto& queue = keep<ThreadQueue<int>>(4);
    co_await queue.join();
    queue.put_nowait(1);
    queue.put_nowait(2);
    Task<> joiner = create_task(queue.join());
    co_await run_passes(2);
    queue.get_nowait();
    queue.task_done();
    co_await run_passes(2);
    EXPECT_FALSE(joiner.done());
    queue.get_nowait();
    queue.task_done();
    co_await joiner;
    EXPECT_THROW(queue.task_done(), ValueError);  // CPython: test_queues.test_task_done_underflow
}

LOOP_TEST(ThreadQueue, tasks_that_wait_when_their_loop_closes_are_let_go, kOnce) {
    ThreadQueue<int> queue(1);
    {
        EventLoop other({.backend = loop.backend_name()});
        Task<int> getter = other.create_task(get_one(&queue));
        other.run_until_complete(sleep(0s));
        other.run_until_complete(sleep(0s));
        other.close();
    }
    EXPECT_EQ(take_logs().size(), 1u) << "a task was destroyed while it was pending";
    queue.put_nowait(1);
    EXPECT_EQ(queue.get_nowait(), 1);
}

ASYNC_TEST(ThreadQueue, thread_without_a_loop_puts_and_the_loop_gets, kOnce) {
    ThreadQueue<int> queue(2);
    auto produce = [&queue] {
        for (int i = 0; i < 1000; ++i) queue.blocking_put(i);
        queue.shutdown();
    };
    Future<> producer = get_running_loop().run_in_executor(nullptr, produce);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(co_await queue.get(), i);
    co_await expect_throws<QueueShutDown>(get_one(&queue));
    co_await producer;
    co_await get_running_loop().shutdown_default_executor();
}

ASYNC_TEST(ThreadQueue, loop_puts_and_a_thread_without_a_loop_gets, kOnce) {
    ThreadQueue<int> queue(2);
    auto consume = [&queue] {
        long sum = 0;
        try {
            for (;;) sum += queue.blocking_get();
        } catch (const QueueShutDown&) {}
        return sum;
    };
    Future<long> consumer = get_running_loop().run_in_executor(nullptr, consume);
    for (int i = 1; i <= 1000; ++i) co_await queue.put(i);
    queue.shutdown();
    EXPECT_EQ(co_await consumer, 500'500);
    co_await get_running_loop().shutdown_default_executor();
}

ASYNC_TEST(ThreadQueue, blocking_call_is_refused_on_a_loop_s_thread, kOnce) {
    ThreadQueue<int> queue(1);
    EXPECT_THROW(queue.blocking_get(), RuntimeError);
    queue.blocking_put(1);  // there is room: it need not block
    EXPECT_EQ(queue.blocking_get(), 1);
    co_return;
}

TEST(ThreadQueue, blocking_calls_give_up_after_their_time) {
    ThreadQueue<int> queue(1);
    EXPECT_THROW(queue.blocking_get(1ms), QueueEmpty);
    queue.blocking_put(1);
    EXPECT_THROW(queue.blocking_put(2, 1ms), QueueFull);
    EXPECT_EQ(queue.blocking_get(1ms), 1);
}

// --- several loops, by chance: nothing is lost, nothing comes twice, nobody sleeps for ever ----------------------

namespace {

struct Exchange {
    explicit Exchange(std::ptrdiff_t maxsize) : queue(maxsize) {}
    ThreadQueue<int> queue;
    std::atomic<int> next{0};
    std::atomic<int> producing{0};
    std::atomic<long> received{0}, sum{0};
    int items = 0;
    bool cancels = false;
};

// Puts numbers until all are given out. One that a cancellation kept from being put is put again.
Coro<> produce(Exchange* exchange) {
    for (int i; (i = exchange->next++) < exchange->items;) {
        for (bool put = false; !put;) {
            try {
                co_await exchange->queue.put(i);
                put = true;
            } catch (const CancelledError&) {}
        }
    }
    if (--exchange->producing == 0) exchange->queue.shutdown();
}

Coro<> consume(Exchange* exchange) {
    for (;;) {
        try {
            const int item = co_await exchange->queue.get();
            ++exchange->received;
            exchange->sum += item;
            exchange->queue.task_done();
        } catch (const CancelledError&) {
        } catch (const QueueShutDown&) {
            co_return;
        }
    }
}

Coro<> torment(std::vector<Task<>>* tasks, std::uint64_t seed) {
    std::minstd_rand random(static_cast<std::minstd_rand::result_type>(seed));
    for (;;) {
        bool left = false;
        for (Task<>& task : *tasks) {
            left |= !task.done();
            if (random() % 4 == 0) task.cancel();
        }
        if (!left) co_return;
        co_await sleep(0s);
    }
}

Coro<> member(Exchange* exchange, int producers, int consumers, std::uint64_t seed) {
    std::vector<Task<>> tasks;
    for (int i = 0; i < producers; ++i) tasks.push_back(create_task(produce, exchange));
    for (int i = 0; i < consumers; ++i) tasks.push_back(create_task(consume, exchange));
    co_await sleep(0s);  // all have begun: a task that is cancelled before that never does
    if (exchange->cancels) co_await torment(&tasks, seed);
    for (Task<>& task : tasks) co_await task;
}

void exchange_between_loops(std::ptrdiff_t maxsize, int items, bool cancels) {
    const std::uint64_t seed = chosen_seed();
    SCOPED_TRACE("AIO_TEST_SEED=" + std::to_string(seed));
    std::minstd_rand random(static_cast<std::minstd_rand::result_type>(seed));
    Exchange exchange(maxsize);
    exchange.items = items;
    exchange.cancels = cancels;
    constexpr int kLoops = 3;
    struct Part {
        int producers, consumers;
        std::uint64_t seed;
    };
    std::vector<Part> parts;
    for (int i = 0; i < kLoops; ++i) {
        parts.push_back({static_cast<int>(random() % 3), static_cast<int>(random() % 3), random()});
    }
    ++parts[0].producers;
    ++parts[1].consumers;
    for (const Part& part : parts) exchange.producing += part.producers;
    std::vector<std::thread> threads;
    for (const Part& part : parts) {
        threads.emplace_back(
            [&exchange, part] { run(member(&exchange, part.producers, part.consumers, part.seed)); });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(exchange.received, items);
    EXPECT_EQ(exchange.sum, long{items} * (items - 1) / 2);
    EXPECT_TRUE(exchange.queue.empty());
}

}  // namespace

TEST(ThreadQueueStress, between_loops_nothing_is_lost) {
    for (const std::ptrdiff_t maxsize : {1, 2, 7, 64}) exchange_between_loops(maxsize, 20'000, false);
}

TEST(ThreadQueueStress, between_loops_nothing_is_lost_to_cancellation) {
    for (const std::ptrdiff_t maxsize : {1, 3, 16}) exchange_between_loops(maxsize, 5'000, true);
}

TEST(ThreadQueueStress, between_threads_nothing_is_lost) {
    for (const std::ptrdiff_t maxsize : {1, 2, 100}) {
        ThreadQueue<int> queue(maxsize);
        constexpr int kItems = 20'000;
        std::atomic<int> next{0}, producing{2};
        std::atomic<long> sum{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < 2; ++i) {
            threads.emplace_back([&] {
                for (int n; (n = next++) < kItems;) queue.blocking_put(n);
                if (--producing == 0) queue.shutdown();
            });
            threads.emplace_back([&] {
                try {
                    for (;;) sum += queue.blocking_get();
                } catch (const QueueShutDown&) {}
            });
        }
        for (std::thread& thread : threads) thread.join();
        EXPECT_EQ(sum, long{kItems} * (kItems - 1) / 2);
    }
}

TEST(ThreadQueueStress, shutdown_at_any_moment_leaves_nobody_waiting) {
    for (int round = 0; round < 50; ++round) {
        ThreadQueue<int> queue(2);
        std::atomic<int> put{0}, got{0};
        const auto produce = [](ThreadQueue<int>* q, std::atomic<int>* count) -> Coro<> {
            try {
                for (;; ++*count) co_await q->put(1);
            } catch (const QueueShutDown&) {}
        };
        const auto consume = [](ThreadQueue<int>* q, std::atomic<int>* count) -> Coro<> {
            try {
                for (;; ++*count) co_await q->get();
            } catch (const QueueShutDown&) {}
        };
        std::thread producer([&] { run(produce(&queue, &put)); });
        std::thread consumer([&] { run(consume(&queue, &got)); });
        while (got < 10 * round) std::this_thread::yield();
        const bool immediate = round % 2 == 1;
        queue.shutdown(immediate);
        producer.join();
        consumer.join();
        EXPECT_TRUE(queue.empty());
        if (!immediate) {
            EXPECT_EQ(put, got);
        }
    }
}

}  // namespace aio::test
