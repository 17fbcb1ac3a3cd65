// LoopGroup: several loops that exchange calls, and end together.
#include <aio/sync/loop_group.hpp>

#include <aio/core/gather.hpp>
#include <aio/core/run.hpp>
#include <aio/sync/event.hpp>

#include "support/async_test.hpp"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {

namespace {

Coro<std::thread::id> where_am_i() {
    co_await sleep(0s);
    co_return std::this_thread::get_id();
}
Coro<std::string> joined(std::string a, std::string b) {
    co_await sleep(1ms);
    co_return a + b;
}
Coro<> fail_deep_inside() {
    co_await sleep(0s);
    throw std::runtime_error("deep");
}
Coro<int> fail_on_the_way() {
    co_await fail_deep_inside();
    co_return 0;
}
Coro<> wait_for_ever() {
    Event never;
    co_await never.wait();
}

// Counts itself in, and out when it was cancelled.
struct Count {
    std::atomic<int> in{0}, cancelled{0};
};
Coro<> wait_and_count(Count* count) {
    ++count->in;
    try {
        co_await wait_for_ever();
    } catch (const CancelledError&) {
        ++count->cancelled;
        throw;
    }
}

}  // namespace

TEST(LoopGroup, has_a_loop_and_a_thread_for_each_member) {
    LoopGroup group({.size = 3});
    EXPECT_EQ(group.size(), 3u);
    std::set<std::thread::id> threads{std::this_thread::get_id()};
    for (auto& future : group.run_everywhere(where_am_i)) threads.insert(future.result());
    EXPECT_EQ(threads.size(), 4u);
    EXPECT_TRUE(group.loop(2).is_running());
    EXPECT_THROW(group.loop(3), ValueError);
    EXPECT_THROW(LoopGroup({.size = -1}), ValueError);
    EXPECT_THROW(LoopGroup({.size = 2, .backend = "none"}), ValueError);
}

TEST(LoopGroup, has_as_many_loops_as_processors_by_default_and_pins_them) {
    LoopGroup group({.pin = true});
    EXPECT_EQ(group.size(), std::thread::hardware_concurrency());
    const auto processors_here = [] {
        cpu_set_t set;
        ::sched_getaffinity(0, sizeof set, &set);
        return CPU_COUNT(&set);
    };
    for (auto& future : group.run_everywhere(processors_here)) EXPECT_EQ(future.result(), 1);
}

TEST(LoopGroup, thread_gets_results_of_coroutines_and_of_plain_functions) {
    LoopGroup group({.size = 2});
    EXPECT_EQ(group.submit_to(1, joined, "a", "b").result(10s), "ab");
    EXPECT_EQ(group.submit([](int x) { return x + 1; }, 1).result(10s), 2);
    auto failing = group.submit_to(0, fail_on_the_way);
    EXPECT_THROW(static_cast<void>(failing.result(10s)), std::runtime_error);
    group.submit_to(0, [] {}).result(10s);
    auto move_only = [p = std::make_unique<int>(5)]() -> Coro<std::unique_ptr<int>> {
        co_await sleep(0s);
        co_return std::make_unique<int>(*p + 1);
    };
    EXPECT_EQ(*group.submit_to(0, std::move(move_only)).result(10s), 6);
}

TEST(LoopGroup, submits_to_the_loops_in_turn) {
    LoopGroup group({.size = 3});
    std::set<std::thread::id> threads;
    for (int i = 0; i < 3; ++i) threads.insert(group.submit(where_am_i).result(10s));
    EXPECT_EQ(threads.size(), 3u);
}

ASYNC_TEST(LoopGroup, result_is_awaited_on_another_loop, kOnce) {
    auto& group = keep<LoopGroup>(LoopGroupOptions{.size = 2});
    EXPECT_EQ(co_await group.submit(joined, "x", "y"), "xy");
    std::vector<ConcurrentFuture<std::thread::id>> everywhere = group.run_everywhere(where_am_i);
    const std::vector<std::thread::id> threads = co_await gather(std::move(everywhere));
    EXPECT_NE(threads[0], threads[1]);
}

ASYNC_TEST(LoopGroup, members_call_each_other, kOnce) {
    auto& group = keep<LoopGroup>(LoopGroupOptions{.size = 2});
    auto ask = [&group]() -> Coro<std::string> { co_return co_await group.submit_to(1, joined, "from ", "one"); };
    EXPECT_EQ(co_await group.submit_to(0, ask), "from one");
}

ASYNC_TEST(LoopGroup, exception_comes_with_its_traceback, kOnce) {
    auto& group = keep<LoopGroup>(LoopGroupOptions{.size = 1});
    // Kept: ThreadSanitizer does not see the C++ library count references to exceptions, and must see who is last.
    auto& future = keep<ConcurrentFuture<int>>(group.submit(fail_on_the_way));
    auto ask = [&future]() -> Coro<> { co_await future; };
    Task<> task = create_task(ask);
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(task), "deep");
    std::string functions;
    for (const std::source_location& frame : task.get_stack()) functions += std::string(frame.function_name()) + "\n";
    EXPECT_NE(functions.find("fail_deep_inside"), std::string::npos) << functions;
    EXPECT_NE(functions.find("fail_on_the_way"), std::string::npos) << functions;
}

ASYNC_TEST(LoopGroup, cancelling_the_await_cancels_the_task_there, kOnce) {
    auto& count = keep<Count>();
    auto& group = keep<LoopGroup>(LoopGroupOptions{.size = 1});
    auto ask = [&group, &count]() -> Coro<> { co_await group.submit(wait_and_count, &count); };
    Task<> task = create_task(ask);
    while (count.in == 0) co_await sleep(100us);
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    while (count.cancelled == 0) co_await sleep(100us);
}

TEST(LoopGroup, stop_cancels_and_waits_for_what_is_left) {
    Count count;
    LoopGroup group({.size = 2});
    auto futures = group.run_everywhere([&count] { return wait_and_count(&count); });
    while (count.in < 2) std::this_thread::yield();
    group.stop();
    EXPECT_EQ(count.cancelled, 2);
    for (auto& future : futures) EXPECT_TRUE(future.cancelled());
    group.stop();
    EXPECT_THROW(group.submit(where_am_i), RuntimeError);
    EXPECT_THROW(group.loop(0), RuntimeError);
}

TEST(LoopGroup, own_loop_cannot_stop_it) {
    LoopGroup group({.size = 1});
    auto stopping = group.submit([&group] { group.stop(); });
    EXPECT_THROW(stopping.result(10s), RuntimeError);
}

TEST(LoopGroup, run_gives_what_each_loop_gave) {
    LoopGroup group({.size = 3});
    const auto squared = [](std::size_t index) -> Coro<std::size_t> {
        co_await sleep(1ms);
        co_return index* index;
    };
    EXPECT_EQ(group.run(squared), (std::vector<std::size_t>{0, 1, 4}));
    std::atomic<int> calls{0};
    group.run([&calls]() -> Coro<> {
        ++calls;
        co_return;
    });
    EXPECT_EQ(calls, 3) << "it can be run again";
}

TEST(LoopGroup, run_cancels_the_others_when_one_fails_and_throws_its_error) {
    LoopGroup group({.size = 3});
    Count count;
    const auto serve = [&count](std::size_t index) -> Coro<> {
        if (index != 1) {
            co_await wait_and_count(&count);
        } else {
            while (count.in < 2) co_await sleep(1ms);
            throw std::invalid_argument("one");
        }
    };
    try {
        group.run(serve);
        ADD_FAILURE() << "it has not thrown";
    } catch (const std::invalid_argument& error) {
        EXPECT_STREQ(error.what(), "one");
    }
    EXPECT_EQ(count.cancelled, 2);
}

namespace {

// `signal` comes while the group runs.
template <class Exit>
void expect_signal_to_end_it(int signal) {
    LoopGroup group({.size = 2});
    Count count;
    std::thread sender([&count, signal] {
        while (count.in < 2) std::this_thread::sleep_for(1ms);
        ::kill(::getpid(), signal);
    });
    EXPECT_THROW(group.run([&count] { return wait_and_count(&count); }), Exit);
    sender.join();
    EXPECT_EQ(count.cancelled, 2);
    struct sigaction now = {};
    ::sigaction(signal, nullptr, &now);
    EXPECT_EQ(now.sa_handler, SIG_DFL) << "left as it was";
}

}  // namespace

TEST(LoopGroup, run_is_ended_by_ctrl_c) { expect_signal_to_end_it<KeyboardInterrupt>(SIGINT); }
TEST(LoopGroup, run_is_ended_by_a_polite_kill) { expect_signal_to_end_it<SystemExit>(SIGTERM); }

TEST(LoopGroup, exit_raised_on_one_loop_ends_run_with_it) {
    LoopGroup group({.size = 2});
    Count count;
    const auto serve = [&count](std::size_t index) -> Coro<> {
        if (index == 0) co_await wait_and_count(&count);
        while (count.in < 1) co_await sleep(1ms);
        throw SystemExit(3);
    };
    try {
        group.run(serve);
        ADD_FAILURE() << "it has not thrown";
    } catch (const SystemExit& exit) {
        EXPECT_EQ(exit.code(), 3);
    }
    EXPECT_EQ(count.cancelled, 1);
}

LOOP_TEST(LoopGroup, run_inside_a_loop_is_refused, kOnce) {
    auto body = []() -> Coro<> {
        LoopGroup group({.size = 1});
        EXPECT_THROW(group.run(where_am_i), RuntimeError);
        co_return;
    };
    loop.run_until_complete(body());
}

TEST(LoopGroupStress, calls_cross_in_all_directions) {
    constexpr std::size_t kLoops = 3;
    constexpr int kCalls = 2000;
    LoopGroup group({.size = kLoops});
    const auto plus_one = [](long x) { return x + 1; };
    const auto caller = [&group, plus_one](std::size_t index) -> Coro<long> {
        long value = 0;
        for (int i = 0; i < kCalls; ++i) {
            value = co_await group.submit_to((index + static_cast<std::size_t>(i)) % kLoops, plus_one, value);
        }
        co_return value;
    };
    EXPECT_EQ(group.run(caller), std::vector<long>(kLoops, kCalls));
}

// What one thread allocates and another frees comes back to the first.
TEST(FramePoolBetweenThreads, stream_of_calls_needs_no_new_memory) {
    if (!detail::frame_pool.recycling()) GTEST_SKIP() << "each frame is an allocation of its own here";
    LoopGroup group({.size = 1});
    const auto resident_kb = [] {
        long size = 0, resident = 0;
        std::FILE* file = std::fopen("/proc/self/statm", "r");
        if (!file || std::fscanf(file, "%ld %ld", &size, &resident) != 2) ADD_FAILURE() << "/proc/self/statm";
        if (file) std::fclose(file);
        return resident * (::sysconf(_SC_PAGESIZE) / 1024);
    };
    std::atomic<long> calls{0};
    long sent = 0;
    const auto send = [&](long count) {
        for (long i = 0; i < count; ++i) {
            group.loop(0).call_soon_threadsafe([&calls] { ++calls; });
            if (++sent % 256 == 0) {
                while (calls < sent) std::this_thread::yield();
            }
        }
    };
    send(50'000);
    const long before_kb = resident_kb();
    send(200'000);
    EXPECT_LT(resident_kb() - before_kb, 8 * 1024) << "200,000 calls of 100 bytes and more";
}

}  // namespace aio::test
