// LoopGroup: its loops start, exchange calls and end together.
#include <aio/sync/loop_group.hpp>

#include <aio/core/future.hpp>
#include <aio/core/sleep.hpp>

#include "schedules/program.hpp"

#include <atomic>
#include <cstddef>
#include <thread>

namespace aio::schedules {

namespace {

Coro<int> answer() {
    co_await sleep(std::chrono::nanoseconds(0));
    co_return 42;
}

Coro<std::size_t> index_of(std::size_t index) { co_return index; }

Coro<> wait_until_cancelled(std::atomic<int>* cancelled) {
    try {
        const Future<> never;
        co_await never;
    } catch (const CancelledError&) {
        ++*cancelled;
        throw;
    }
}

}  // namespace

PROGRAM(two_loops_start_and_stop) {
    LoopGroup group({.size = 2});
    group.stop();
}

PROGRAM(a_call_to_a_loop_of_a_group_gives_its_result) {
    LoopGroup group({.size = 1});
    std::thread other([&] { EXPECT(group.submit_to(0, answer).result() == 42); });
    EXPECT(group.submit_to(0, answer).result() == 42);
    other.join();
}

PROGRAM(a_group_that_stops_ends_or_refuses_a_call) {
    LoopGroup group({.size = 1});
    std::atomic<int> cancelled{0}, refused{0};
    std::thread other([&] {
        try {
            group.submit_to(0, wait_until_cancelled, &cancelled).result();
        } catch (const CancelledError&) {
        } catch (const RuntimeError&) {
            ++refused;
        }
    });
    group.stop();
    other.join();
    EXPECT(cancelled + refused <= 1);
}

PROGRAM(two_threads_stop_a_group) {
    LoopGroup group({.size = 1});
    std::thread other([&] { group.stop(); });
    group.stop();
    other.join();
}

PROGRAM(a_group_runs_a_function_on_its_loops) {
    LoopGroup group({.size = 1});
    const std::vector<std::size_t> indices = group.run(index_of);
    EXPECT(indices.size() == 1 && indices[0] == 0);
}

}  // namespace aio::schedules
