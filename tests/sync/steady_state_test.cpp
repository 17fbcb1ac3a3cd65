// In steady state the primitives allocate nothing: waiters live in the frames of those who wait.
#include <aio/sync/condition.hpp>
#include <aio/sync/event.hpp>
#include <aio/sync/queue.hpp>
#include <aio/sync/semaphore.hpp>

#include <aio/core/gather.hpp>

#include "support/allocations.hpp"
#include "support/async_test.hpp"

#include <string>

namespace aio::test {

namespace {

// Under AddressSanitizer frames come from operator new, and there is nothing to count.
void expect_none(std::uint64_t count) {
    if (detail::frame_pool.recycling()) {
        EXPECT_EQ(count, 0u);
    }
}

// Lets `body(round)` warm up for some rounds and counts what the others allocate, in all tasks.
template <class Body>
Coro<std::uint64_t> allocations_of(Body& body) {
    constexpr int kWarm = 20, kRounds = 200;
    std::uint64_t before = 0;
    for (int round = 0; round < kRounds; ++round) {
        if (round == kWarm) before = allocations();
        co_await body();
    }
    co_return allocations() - before;
}

}  // namespace

ASYNC_TEST(SteadyState, of_a_bounded_queue_allocates_nothing, kOnce) {
    Queue<int> queue(4);
    Task<> producer = create_task([&queue]() -> Coro<> {
        for (int i = 0; i < 200; ++i) co_await queue.put(i);
    });
    auto body = [&]() -> Coro<> { EXPECT_GE(co_await queue.get(), 0); };
    const std::uint64_t count = co_await allocations_of(body);
    expect_none(count);
    co_await producer;
}

ASYNC_TEST(SteadyState, of_queues_that_never_wait_allocates_nothing, kOnce) {
    Queue<std::string> queue;
    LifoQueue<int> stack(3);
    PriorityQueue<int> heap;
    auto body = [&]() -> Coro<> {
        co_await queue.put("short");
        EXPECT_EQ(co_await queue.get(), "short");
        for (const int i : {2, 1, 3}) {
            co_await stack.put(i);
            co_await heap.put(i);
        }
        for (int i = 1; i <= 3; ++i) {
            EXPECT_EQ(co_await heap.get(), i);
            co_await stack.get();
        }
    };
    const std::uint64_t count = co_await allocations_of(body);
    expect_none(count);
}

ASYNC_TEST(SteadyState, of_a_contended_lock_and_semaphore_allocates_nothing, kOnce) {
    Lock lock;
    Semaphore semaphore(1);
    auto contend = [&]() -> Coro<> {
        for (int i = 0; i < 200; ++i) {
            auto guard = co_await lock.scoped();
            co_await sleep(0s);
            guard.release();
            auto permit = co_await semaphore.scoped();
            co_await sleep(0s);
        }
    };
    Task<> first = create_task(contend);
    Task<> second = create_task(contend);
    co_await run_passes(20);
    auto body = [&]() -> Coro<> { co_await sleep(0s); };
    const std::uint64_t count = co_await allocations_of(body);
    expect_none(count);
    co_await gather(first, second);
}

ASYNC_TEST(SteadyState, of_events_and_conditions_allocates_nothing, kOnce) {
    Event event;
    Condition condition;
    Task<> waiter = create_task([&]() -> Coro<> {
        for (int i = 0; i < 200; ++i) {
            co_await event.wait();
            event.clear();
            auto guard = co_await condition.scoped();
            co_await condition.wait();
        }
    });
    auto body = [&]() -> Coro<> {
        event.set();
        while (condition.statistics().waiters == 0) co_await sleep(0s);
        auto guard = co_await condition.scoped();
        condition.notify();
    };
    const std::uint64_t count = co_await allocations_of(body);
    expect_none(count);
    co_await waiter;
}

// Cancelling and waking must not fail, so they must not allocate.
ASYNC_TEST(SteadyState, of_cancelled_waits_allocates_only_the_exceptions, kOnce) {
    Queue<int> queue(1);
    Task<int> getter = create_task(queue.get());
    Lock lock;
    co_await lock.acquire();
    Task<bool> locker = create_task(lock.acquire());
    co_await settle();
    const std::uint64_t before = allocations();
    getter.cancel();
    locker.cancel();
    lock.release();
    queue.put_nowait(1);
    EXPECT_EQ(allocations() - before, 1u) << "the ring's first slots";
    co_await gather(getter, locker, return_exceptions);
}

}  // namespace aio::test
