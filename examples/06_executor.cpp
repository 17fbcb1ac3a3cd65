// Blocking work goes to a thread, so that the loop stays free: to_thread() and run_in_executor().
#include <aio/aio.hpp>

#include <fmt/core.h>

#include <thread>

using namespace std::chrono_literals;

// A library call that blocks its thread.
std::string slow_lookup(std::string key) {
    std::this_thread::sleep_for(100ms);
    return key + " = 42";
}

// Ticks while the thread works: the loop is not blocked.
aio::Coro<> tick(int& ticks) {
    while (true) {
        co_await aio::sleep(5ms);
        ++ticks;
    }
}

aio::Coro<> async_main() {
    int ticks = 0;
    aio::Task<> ticker = aio::create_task(tick(ticks));

    fmt::print("{}\n", co_await aio::to_thread(slow_lookup, "answer"));
    fmt::print("the loop went on: {}\n", ticks > 3);

    // The asyncio spelling; nullptr is the loop's default executor. Both calls overlap, on two threads.
    aio::EventLoop& loop = aio::get_running_loop();
    auto [a, b] = co_await aio::gather(loop.run_in_executor(nullptr, slow_lookup, "a"),
                                       loop.run_in_executor(nullptr, slow_lookup, "b"));
    fmt::print("{}, {}\n", a, b);

    // Cancelling frees who waits, at once. A thread cannot be interrupted: the call ends, and its result is dropped.
    try {
        co_await aio::wait_for(aio::to_thread(slow_lookup, "late"), 10ms);
    } catch (const aio::TimeoutError&) {
        fmt::print("too slow\n");
    }
    ticker.cancel();
}

int main() { aio::run(async_main()); }
