// The loop and other threads: call_soon_threadsafe, and what is refused.
#include <aio/core/event_loop.hpp>

#include "support/async_test.hpp"

#include <atomic>
#include <thread>
#include <vector>

namespace aio::test {

namespace {

// Joined when it goes.
struct Thread {
    template <class F>
    explicit Thread(F function) : thread(std::move(function)) {}
    ~Thread() { thread.join(); }
    std::thread thread;
};

}  // namespace

ASYNC_TEST(CallSoonThreadsafe, wakes_a_loop_that_waits, kOnce) {  // semantics 9
    // CPython: test_base_events.test_call_soon_threadsafe
    Future<std::thread::id> called;
    EventLoop& loop = get_running_loop();
    const std::thread::id here = std::this_thread::get_id();
    Thread other([&] {
        std::this_thread::sleep_for(5ms);
        loop.call_soon_threadsafe([&] { called.set_result(std::this_thread::get_id()); });
    });
    EXPECT_EQ(co_await called, here);
}

ASYNC_TEST(CallSoonThreadsafe, works_on_the_loop_s_own_thread, kAnyOrder) {
    // CPython: test_base_events.test_call_soon_threadsafe_same_thread
    Log& log = keep<Log>();
    EventLoop& loop = get_running_loop();
    loop.call_soon_threadsafe([&log] { log.push_back("called"); });
    EXPECT_EQ(log, Log{});
    co_await sleep(1ms);
    EXPECT_EQ(log, Log{"called"});
}

ASYNC_TEST(CallSoonThreadsafe, keeps_the_order_of_each_thread, kOnce) {
    constexpr int kThreads = 4, kCalls = 2000;
    EventLoop& loop = get_running_loop();
    std::vector<int> last(kThreads, -1);
    int calls = 0;
    Future<> all;
    {
        std::vector<std::unique_ptr<Thread>> threads;
        for (int t = 0; t < kThreads; ++t) {
            threads.push_back(std::make_unique<Thread>([&, t] {
                for (int i = 0; i < kCalls; ++i) {
                    loop.call_soon_threadsafe([&, t, i] {
                        EXPECT_EQ(last[static_cast<std::size_t>(t)], i - 1);
                        last[static_cast<std::size_t>(t)] = i;
                        if (++calls == kThreads * kCalls) all.set_result();
                    });
                }
            }));
        }
        co_await all;
    }
    EXPECT_EQ(calls, kThreads * kCalls);
}

ASYNC_TEST(CallSoonThreadsafe, loses_no_wake_up, kOnce) {
    // Ping-pong: the loop goes to sleep between any two calls.
    constexpr int kRounds = 2000;
    EventLoop& loop = get_running_loop();
    std::atomic<int> asked{0};
    Future<> done;
    Thread other([&] {
        for (int i = 1; i <= kRounds; ++i) {
            while (asked.load() < i) std::this_thread::yield();
            loop.call_soon_threadsafe([&, i] {
                if (i == kRounds) {
                    done.set_result();
                } else {
                    asked = i + 1;
                }
            });
        }
    });
    asked = 1;
    co_await done;
}

ASYNC_TEST(CallSoonThreadsafe, may_be_cancelled_before_it_runs, kAnyOrder) {
    Handle handle = get_running_loop().call_soon_threadsafe([] { ADD_FAILURE() << "called"; });
    handle.cancel();
    co_await sleep(1ms);
    EXPECT_TRUE(handle.cancelled());
}

ASYNC_TEST(DebugMode, refuses_calls_from_another_thread, kOnce) {  // semantics 9
    // CPython: test_base_events.test_check_thread
    EventLoop& loop = get_running_loop();
    const auto refused_elsewhere = [&loop] {
        int refused = 0;
        Thread other([&] {
            try {
                loop.call_soon([] {}).cancel();
            } catch (const RuntimeError&) {
                ++refused;
            }
            try {
                loop.call_later(60s, [] {}).cancel();
            } catch (const RuntimeError&) {
                ++refused;
            }
            loop.call_soon_threadsafe([] {});
        });
        return [&refused, &other] {
            other.thread.join();
            other.thread = std::thread([] {});
            return refused;
        }();
    };
    loop.set_debug(true);
    EXPECT_EQ(refused_elsewhere(), 2);
    EXPECT_NO_THROW(loop.call_soon([] {}));
    loop.set_debug(false);
    co_await sleep(0s);
}

LOOP_TEST(CurrentLoop, belongs_to_its_thread, kOnce) {
    loop.call_soon([&loop] {
        EXPECT_EQ(running_loop(), &loop);
        Thread other([] {
            EXPECT_EQ(running_loop(), nullptr);
            EXPECT_THROW(get_running_loop(), RuntimeError);
            EventLoop mine({.backend = "sim"});
            mine.call_soon([&mine] { mine.stop(); });
            mine.run_forever();
        });
    });
    loop.call_soon([&loop] { loop.stop(); });
    loop.run_forever();
    EXPECT_EQ(running_loop(), nullptr);
}

TEST(Threads, each_may_run_its_own_loop) {
    std::atomic<int> sum{0};
    {
        std::vector<std::unique_ptr<Thread>> threads;
        for (int t = 0; t < 4; ++t) {
            threads.push_back(std::make_unique<Thread>([&sum] {
                for (int round = 0; round < 20; ++round) {
                    EventLoop loop({.backend = "sim"});
                    sum += loop.run_until_complete([]() -> Coro<int> {
                        co_await sleep(1ms);
                        co_return 1;
                    });
                }
            }));
        }
    }
    EXPECT_EQ(sum, 80);
}

}  // namespace aio::test
