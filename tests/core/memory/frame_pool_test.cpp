// The memory of frames as programs see it: what a peak of tasks took goes back while the loop sleeps.
#include <aio/core/frame_pool.hpp>
#include <aio/core/gather.hpp>

#include <cstdlib>
#include <thread>

#include "core/resident.hpp"
#include "core/sanitized.hpp"
#include "support/async_test.hpp"
#include "support/test_run.hpp"

namespace aio::test {

namespace {

Coro<> peak(std::size_t count, std::size_t& most) {
    std::vector<Task<>> tasks;
    for (std::size_t i = 0; i < count; ++i) tasks.push_back(create_task(sleep(10ms)));
    co_await sleep(0s);
    most = resident_bytes();
    co_await gather(std::move(tasks));
}

// How much memory came back from 100,000 tasks, in bytes; waits for 12 MB, at most 30 s.
std::size_t given_back() {
    EventLoop loop({.backend = harness::backend_name()});
    std::size_t most = 0;
    loop.run_until_complete(peak(100'000, most));
    loop.call_later(1h, [] {});
    std::size_t least = most;
    std::thread watcher([&] {
        for (int i = 0; i < 3000 && most - least < 12'000'000; ++i) {
            std::this_thread::sleep_for(10ms);
            least = std::min(least, resident_bytes());
        }
        loop.call_soon_threadsafe([&loop] { loop.stop(); });
    });
    loop.run_forever();
    watcher.join();
    return most - least;
}

}  // namespace

// In a process of its own: what other tests left would count.
TEST(FramePool, memory_of_a_peak_goes_back_while_the_loop_sleeps) {
    if (simulated() || !detail::frame_pool.recycling()) GTEST_SKIP() << "time is virtual, or nothing is recycled";
    if (kSanitized) GTEST_SKIP() << "shadow memory is resident, too";
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(std::_Exit(given_back() >= 12'000'000 ? 0 : 1), testing::ExitedWithCode(0), "");
}

}  // namespace aio::test
