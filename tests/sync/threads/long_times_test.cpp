// Threads that wait "for ever", given as a very long time; and executors of a simulation that ends.
#include <aio/sync/thread_queue.hpp>
#include <aio/sync/threads.hpp>

#include <aio/core/run.hpp>

#include "support/async_test.hpp"

#include <atomic>
#include <thread>

namespace aio::test {

namespace {

using testing::HasSubstr;

std::vector<Duration> long_times() {
    return {Duration::max(), std::chrono::nanoseconds::max(), std::chrono::hours::max(),
            std::chrono::duration<double>(1e300), Duration::max() / 2};
}

}  // namespace

TEST(LongTimes, results_of_threads_are_waited_for) {
    ThreadPoolExecutor pool(1);
    for (const Duration time : long_times()) {
        std::atomic<bool> go{false};
        auto future = pool.submit([&go] {
            while (!go) std::this_thread::yield();
            return 4;
        });
        std::thread starter([&go] {
            std::this_thread::sleep_for(10ms);
            go = true;
        });
        EXPECT_EQ(future.result(time), 4);
        starter.join();
    }
}

TEST(LongTimes, items_of_threads_are_waited_for) {
    for (const Duration time : long_times()) {
        ThreadQueue<int> queue(1);
        std::thread putter([&queue] {
            std::this_thread::sleep_for(10ms);
            queue.blocking_put(3);
        });
        EXPECT_EQ(queue.blocking_get(time), 3);
        putter.join();
    }
}

ASYNC_TEST(LongTimes, executors_are_waited_for, kOnce) {
    EXPECT_EQ(co_await to_thread([] { return 1; }), 1);
    co_await get_running_loop().shutdown_default_executor(Duration::max());
}

TEST(Blocked, idle_threads_of_executors_keep_no_simulation_waiting) {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "ThreadSanitizer has a thread of its own";
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
    GTEST_SKIP() << "ThreadSanitizer has a thread of its own";
#endif
#endif
    const auto body = []() -> Coro<> {
        EXPECT_EQ(co_await to_thread([] { return 1; }), 1);
        Future<> never;
        co_await never;
    };
    const auto run_it = [&] { run(body(), {.backend = "sim"}); };
    EXPECT_THAT(expect_error<RuntimeError>(run_it), HasSubstr("all tasks are blocked"));
}

}  // namespace aio::test
