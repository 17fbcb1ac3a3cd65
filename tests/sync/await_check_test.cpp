// What does nothing until it is awaited, dropped before: reported in debug mode, in builds that have the mark for it.
#include <aio/sync/event.hpp>
#include <aio/sync/interval.hpp>
#include <aio/sync/limiter.hpp>
#include <aio/sync/lock.hpp>
#include <aio/sync/queue.hpp>
#include <aio/sync/semaphore.hpp>
#include <aio/sync/thread_queue.hpp>

#include "support/async_test.hpp"

#include <memory>

namespace aio::test {

#ifndef NDEBUG

LOOP_TEST(NeverAwaited, is_reported_with_the_call_and_its_place) {
    loop.set_debug(true);
    loop.run_until_complete([]() -> Coro<> {
        Lock lock;
        auto guard = lock.scoped();  // co_await forgotten
        EXPECT_FALSE(lock.locked());
        co_return;
    }());
    const Log logs = take_logs();
    ASSERT_EQ(logs.size(), 1u);
    EXPECT_THAT(logs[0], testing::HasSubstr("'Lock.scoped()' was never awaited\n  dropped at "));
    EXPECT_THAT(logs[0], testing::HasSubstr("\n  dropped in <Task "));
    loop.set_debug(false);
}

LOOP_TEST(NeverAwaited, is_reported_of_each_kind) {
    loop.set_debug(true);
    loop.run_until_complete([]() -> Coro<> {
        Lock lock;
        Semaphore semaphore(1);
        Event event;
        Queue<std::unique_ptr<int>> queue;
        ThreadQueue<int> threads(1);
        const auto a = lock.acquire();
        const auto b = semaphore.acquire();
        const auto c = semaphore.scoped();
        const auto d = event.wait();
        const auto e = queue.get();
        const auto f = queue.put(std::make_unique<int>(3));
        const auto g = queue.join();
        const auto h = threads.get();
        const auto i = threads.put(3);
        const auto j = threads.join();
        const auto k = sleep(1s);
        const auto l = sleep(1s, 3);
        const auto m = sleep_until(TimePoint::max());
        AsyncLimiter limiter(1);
        const auto n = limiter.acquire();
        const auto o = limiter.scoped();
        Interval ticker = interval(1s);
        const auto p = ticker.tick();
        co_return;
    }());
    std::vector<std::string> calls;
    for (const std::string& line : take_logs()) calls.push_back(line.substr(0, line.find(" was never")));
    EXPECT_THAT(calls, testing::UnorderedElementsAre(
                           "'Lock.acquire()'", "'Semaphore.acquire()'", "'Semaphore.scoped()'", "'Event.wait()'",
                           "'Queue.get()'", "'Queue.put()'", "'Queue.join()'", "'ThreadQueue.get()'",
                           "'ThreadQueue.put()'", "'ThreadQueue.join()'", "'sleep()'", "'sleep()'", "'sleep_until()'",
                           "'AsyncLimiter.acquire()'", "'AsyncLimiter.scoped()'", "'Interval.tick()'"));
    loop.set_debug(false);
}

#endif

LOOP_TEST(NeverAwaited, is_not_said_of_what_was_awaited_or_passed_on) {
    loop.set_debug(true);
    loop.run_until_complete([]() -> Coro<> {
        Lock lock;
        auto later = lock.scoped();
        EXPECT_FALSE(lock.locked());
        {
            const auto guard = co_await later;
            EXPECT_TRUE(lock.locked());
        }
        const auto acquire = lock.acquire();
        Task<bool> task = create_task(acquire);
        EXPECT_TRUE(co_await task);
        lock.release();
        Queue<int> queue;
        co_await queue.put(3);
        co_await create_task(queue.get());
        co_await create_task(sleep(1ms));
    }());
    EXPECT_EQ(take_logs(), Log{});
    loop.set_debug(false);
}

LOOP_TEST(NeverAwaited, is_not_said_without_debug_mode) {
    loop.run_until_complete([]() -> Coro<> {
        Lock lock;
        [[maybe_unused]] auto guard = lock.scoped();
        co_return;
    }());
    EXPECT_EQ(take_logs(), Log{});
}

}  // namespace aio::test
