// Numbers and times of the primitives, executors and pools at their ends. The rule and its check: tools/extremes.py.
#include <aio/sync/barrier.hpp>
#include <aio/sync/condition.hpp>
#include <aio/sync/loop_group.hpp>
#include <aio/sync/process_pool.hpp>
#include <aio/sync/queue.hpp>
#include <aio/sync/semaphore.hpp>
#include <aio/sync/thread_queue.hpp>
#include <aio/sync/threads.hpp>

#include <aio/core/run.hpp>
#include <aio/core/timeout.hpp>

#include "core/sanitized.hpp"
#include "io/few_descriptors.hpp"
#include "support/async_test.hpp"
#include "support/test_run.hpp"

#include <climits>

namespace aio::test {

namespace {

using testing::HasSubstr;

constexpr std::ptrdiff_t kMost = PTRDIFF_MAX, kLeast = PTRDIFF_MIN;

int identity(int value) { return value; }

}  // namespace

// Extremes: Semaphore::Semaphore(value), BoundedSemaphore::BoundedSemaphore(value)
ASYNC_TEST(Extremes, of_semaphores, kOnce) {
    for (const std::ptrdiff_t value : {kLeast, std::ptrdiff_t{-1}}) {
        EXPECT_THAT(expect_error<ValueError>([&] { Semaphore semaphore(value); }), HasSubstr("must not be negative"));
        EXPECT_THAT(expect_error<ValueError>([&] { BoundedSemaphore semaphore(value); }), HasSubstr("negative"));
    }
    Semaphore none(0);
    EXPECT_TRUE(none.locked());
    co_await expect_throws<TimeoutError>(wait_for(none.acquire(), 1ms));
    none.release();
    EXPECT_TRUE(co_await none.acquire());
    BoundedSemaphore bounded(0);
    EXPECT_TRUE(bounded.locked());
    EXPECT_THAT(expect_error<ValueError>([&] { bounded.release(); }), HasSubstr("released too many times"));
    Semaphore one(1);
    EXPECT_TRUE(co_await one.acquire());
    EXPECT_TRUE(one.locked());
    one.release();
    one.release();
    EXPECT_EQ(one.statistics().value, 2);

    Semaphore most(kMost);
    EXPECT_THAT(expect_error<ValueError>([&] { most.release(); }),
                HasSubstr("Semaphore.release: its value is already"));
    EXPECT_TRUE(co_await most.acquire());
    most.release();
    EXPECT_EQ(most.statistics().value, kMost);
}

// Extremes: Barrier::Barrier(parties)
ASYNC_TEST(Extremes, of_barriers, kOnce) {
    for (const std::ptrdiff_t parties : {kLeast, std::ptrdiff_t{-1}, std::ptrdiff_t{0}}) {
        EXPECT_THAT(expect_error<ValueError>([&] { Barrier barrier(parties); }), HasSubstr("at least 1"));
    }
    Barrier alone(1);
    EXPECT_EQ(co_await alone.wait(), 0u);
    EXPECT_EQ(co_await alone.wait(), 0u);
    Barrier& most = keep<Barrier>(kMost);
    co_await expect_throws<TimeoutError>(wait_for(most.wait(), 1ms));
    EXPECT_EQ(most.n_waiting(), 0u);
    EXPECT_EQ(most.parties(), static_cast<std::size_t>(kMost));
}

// Extremes: Condition::notify(n)
ASYNC_TEST(Extremes, of_notifications, kOnce) {
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{2}, SIZE_MAX}) {
        Condition& condition = keep<Condition>();
        std::size_t& woken = keep<std::size_t>(0u);
        auto wait = [&condition, &woken]() -> Coro<> {
            auto guard = co_await condition.scoped();
            co_await condition.wait();
            ++woken;
        };
        std::vector<Task<>> tasks = list(create_task(wait), create_task(wait));
        co_await settle();
        {
            auto guard = co_await condition.scoped();
            condition.notify(count);
        }
        co_await settle();
        EXPECT_EQ(woken, std::min<std::size_t>(count, 2));
        for (const Task<>& task : tasks) task.cancel();
        co_await settle();
        EXPECT_EQ(condition.statistics().waiters, 0u);
    }
}

// Extremes: BasicQueue::BasicQueue(maxsize)
ASYNC_TEST(Extremes, of_queues, kOnce) {
    for (const std::ptrdiff_t maxsize : {kLeast, std::ptrdiff_t{-1}, std::ptrdiff_t{0}, kMost}) {
        Queue<int> queue(maxsize);
        EXPECT_EQ(queue.maxsize(), maxsize > 0 ? static_cast<std::size_t>(maxsize) : 0u);
        for (int i = 0; i < 100; ++i) queue.put_nowait(i);
        EXPECT_FALSE(queue.full());
        co_await queue.put(100);
        EXPECT_EQ(co_await queue.get(), 0);
        LifoQueue<int> last(maxsize);
        PriorityQueue<int> smallest(maxsize);
        for (const int i : {2, 1, 3}) last.put_nowait(i), smallest.put_nowait(i);
        EXPECT_EQ(last.get_nowait(), 3);
        EXPECT_EQ(smallest.get_nowait(), 1);
    }
    Queue<int> one(1);
    one.put_nowait(1);
    EXPECT_TRUE(one.full());
    EXPECT_THAT(expect_error<QueueFull>([&] { one.put_nowait(2); }), testing::Not(testing::IsEmpty()));
    co_await expect_throws<TimeoutError>(wait_for(one.put(2), 1ms));
    EXPECT_EQ(co_await one.get(), 1);
    EXPECT_THAT(expect_error<QueueEmpty>([&] { one.get_nowait(); }), testing::Not(testing::IsEmpty()));
    one.shutdown();
    one.shutdown(true);
}

// Extremes: ThreadQueue::ThreadQueue(maxsize), ThreadQueue::blocking_put(timeout), ThreadQueue::blocking_get(timeout)
TEST(Extremes, of_queues_of_threads) {
    for (const std::ptrdiff_t maxsize : {kLeast, std::ptrdiff_t{-1}, std::ptrdiff_t{0}}) {
        EXPECT_THAT(expect_error<ValueError>([&] { ThreadQueue<int> queue(maxsize); }), HasSubstr("positive"));
    }
    for (const std::ptrdiff_t maxsize : {kMost, kMost / 16}) {  // its memory is taken at once
        EXPECT_THROW(ThreadQueue<int>{maxsize}, std::bad_alloc);
    }
    ThreadQueue<int> queue(1);
    for (const Duration over : {Duration::min(), Duration(-1), Duration(0), Duration(1)}) {
        EXPECT_THROW(queue.blocking_get(over), QueueEmpty);
        queue.blocking_put(7, over);
        EXPECT_THROW(queue.blocking_put(8, over), QueueFull);
        EXPECT_EQ(queue.blocking_get(over), 7);
    }
    queue.blocking_put(7, Duration::max());
    EXPECT_EQ(queue.blocking_get(Duration::max()), 7);
}

// Extremes: ThreadPoolExecutor::ThreadPoolExecutor(max_workers), ConcurrentFuture::result(timeout),
//     ConcurrentFuture::exception(timeout)
TEST(Extremes, of_threads) {
    for (const int workers : {INT_MIN, -1}) {
        EXPECT_THAT(expect_error<ValueError>([&] { ThreadPoolExecutor pool(workers); }), HasSubstr("negative"));
    }
    for (const int workers : {0, 1, INT_MAX}) {
        ThreadPoolExecutor pool(workers);
        EXPECT_GE(pool.max_workers(), 1u);
        EXPECT_EQ(pool.submit(identity, 5).result(Duration::max()), 5);
        EXPECT_EQ(pool.workers(), 1u);
    }
    ThreadPoolExecutor pool(1);
    ThreadQueue<int> gate(1);
    auto future = pool.submit([&gate] { return gate.blocking_get(); });
    for (const Duration over : {Duration::min(), Duration(-1), Duration(0), Duration(1)}) {
        EXPECT_THROW(future.result(over), TimeoutError);
        EXPECT_THROW(future.exception(over), TimeoutError);
    }
    gate.blocking_put(5);
    EXPECT_EQ(future.exception(Duration::max()), nullptr);
    for (const Duration over : {Duration::min(), Duration(-1), Duration(0)}) EXPECT_EQ(future.result(over), 5);
    pool.shutdown();
    pool.shutdown();
}

// Extremes: EventLoop::shutdown_default_executor(timeout)
LOOP_TEST(Extremes, of_the_end_of_the_default_executor, kOnce) {
    for (const Duration over : {Duration::min(), Duration(-1), Duration(0), Duration(1)}) {
        EventLoop one({.backend = harness::backend_name()});
        ThreadQueue<int> gate(1);
        const auto body = [&one, &gate, over]() -> Coro<> {
            const auto job = one.run_in_executor(nullptr, [&gate] { return gate.blocking_get(); });
            co_await one.shutdown_default_executor(over);
            gate.put_nowait(5);
            EXPECT_EQ(co_await job, 5) << "it only stopped waiting";
            co_await one.shutdown_default_executor(Duration::max());  // the second time
        };
        one.run_until_complete(body());
        EXPECT_THAT(take_logs(), testing::ElementsAre(HasSubstr("did not finish joining its threads")));
    }
    const auto body = [&loop]() -> Coro<> {
        EXPECT_EQ(co_await to_thread(identity, 5), 5);
        co_await loop.shutdown_default_executor(Duration::max());
    };
    loop.run_until_complete(body());
}

// Extremes: LoopGroupOptions::size, LoopGroupOptions::busy_poll, LoopGroup::loop(index), LoopGroup::submit_to(index)
TEST(Extremes, of_loop_groups) {
    for (const int size : {INT_MIN, -1}) {
        EXPECT_THAT(expect_error<ValueError>([&] { LoopGroup group({.size = size}); }), HasSubstr("negative"));
    }
    for (const Duration busy : {Duration::min(), Duration(-1), Duration(1), Duration::max()}) {
        LoopGroup group({.size = 1, .backend = harness::backend_name(), .busy_poll = busy});
        EXPECT_EQ(group.size(), 1u);
        EXPECT_EQ(group.submit_to(0, identity, 5).result(), 5);
        for (const std::size_t index : {std::size_t{1}, SIZE_MAX}) {
            EXPECT_THAT(expect_error<ValueError>([&] { group.loop(index); }), HasSubstr("out of range"));
            EXPECT_THAT(expect_error<ValueError>([&] { group.submit_to(index, identity, 5); }),
                        HasSubstr("out of range"));
        }
        group.stop();
        group.stop();
    }
    LoopGroup all({.size = 0, .backend = harness::backend_name()});
    EXPECT_GE(all.size(), 1u);
    all.stop();
    if (kSanitized) return;  // UBSan needs descriptors to look at an object
    // As many as there can be, and then an error: each has descriptors.
    const FewDescriptors few(40);
    EXPECT_THROW(LoopGroup({.size = INT_MAX, .backend = "epoll"}), OSError);
}

// Extremes: ProcessPoolOptions::max_workers, ProcessPoolOptions::max_tasks_per_child, ProcessPoolOptions::max_message,
//     ProcessPoolExecutor::ProcessPoolExecutor(max_workers)
TEST(Extremes, of_process_pools) {
    for (const int below : {INT_MIN, -1}) {
        EXPECT_THROW(ProcessPoolExecutor{below}, ValueError);
        EXPECT_THROW(ProcessPoolExecutor(ProcessPoolOptions{.max_workers = below}), ValueError);
        EXPECT_THROW(ProcessPoolExecutor(ProcessPoolOptions{.max_tasks_per_child = below}), ValueError);
    }
    for (const int number : {0, 1, INT_MAX}) {
        ProcessPoolExecutor pool(ProcessPoolOptions{.max_workers = number, .max_tasks_per_child = number});
        EXPECT_GE(pool.max_workers(), 1u);
        for (int i = 0; i < 3; ++i) EXPECT_EQ(pool.submit(identity, i).result(), i);
    }
    for (const std::size_t most : {SIZE_MAX, SIZE_MAX - 1, std::size_t{64}}) {
        ProcessPoolExecutor pool(ProcessPoolOptions{.max_workers = 1, .max_message = most});
        EXPECT_EQ(pool.submit(identity, 5).result(), 5) << most;
    }
    for (const std::size_t most : {std::size_t{0}, std::size_t{1}}) {
        ProcessPoolExecutor pool(ProcessPoolOptions{.max_workers = 1, .max_message = most});
        EXPECT_THAT(expect_error<ValueError>([&] { pool.submit(identity, 5); }), HasSubstr("more than max_message"));
    }
    ProcessPoolExecutor pool(ProcessPoolOptions{.max_workers = 1, .max_message = 64});
    const auto talk = [] { return std::string(100, 'x'); };
    auto future = pool.submit(talk);
    pool.shutdown();  // TSan does not see how libstdc++ counts the owners of an exception: its thread is to be over
    EXPECT_THAT(expect_error<ValueError>([&] { future.result(); }), HasSubstr("the result has "));
}

// Extremes: Pickler::write(size), Unpickler::read(size), Unpickler::take(size)
TEST(Extremes, of_pickled_bytes) {
    Pickler out;
    out.write("abc", 0);
    out.write("abc", 1);
    const std::string bytes = out.take();
    EXPECT_EQ(bytes, "a");
    Unpickler in(bytes);
    char byte = 0;
    in.read(&byte, 0);
    EXPECT_EQ(in.take(0), "");
    for (const std::size_t size : {std::size_t{2}, SIZE_MAX}) {
        EXPECT_THROW(in.take(size), UnpicklingError);
        EXPECT_THROW(in.read(&byte, size), UnpicklingError);
    }
    in.read(&byte, 1);
    EXPECT_EQ(byte, 'a');
    EXPECT_THROW(in.take(1), UnpicklingError);
}

// --- the same twice -------------------------------------------------------------------------------------------

ASYNC_TEST(Twice, a_lock_is_not_taken_by_one_task) {
    Lock& lock = keep<Lock>();
    EXPECT_TRUE(co_await lock.acquire());
    co_await expect_throws<TimeoutError>(wait_for(lock.acquire(), 1ms));  // it is not reentrant, as in asyncio
    lock.release();
    EXPECT_THAT(expect_error<RuntimeError>([&] { lock.release(); }), HasSubstr("not acquired"));
}

ASYNC_TEST(Twice, a_permit_is_released) {
    Lock lock;
    auto permit = co_await lock.scoped();
    permit.release();
    permit.release();
    EXPECT_FALSE(lock.locked());
    Semaphore semaphore(1);
    auto unit = co_await semaphore.scoped();
    unit.release();
    unit.release();
    EXPECT_EQ(semaphore.statistics().value, 1);
}

}  // namespace aio::test
