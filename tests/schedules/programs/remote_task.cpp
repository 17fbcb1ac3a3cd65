// Coroutines that one thread starts in another's loop: the result, the cancellation and the loop's end meet.
#include <aio/sync/threads.hpp>

#include <aio/core/run.hpp>
#include <aio/core/sleep.hpp>

#include "schedules/program.hpp"

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

namespace aio::schedules {

namespace {

using namespace std::chrono_literals;

enum class End { none, value, cancelled, timed_out };

Coro<int> answer() {
    co_await sleep(0s);
    co_return 42;
}

// How the future ends for a thread that waits for it.
End end_of(const ConcurrentFuture<int>& future, std::optional<Duration> timeout = std::nullopt) {
    try {
        EXPECT(future.result(timeout) == 42);
        return End::value;
    } catch (const CancelledError&) {
        return End::cancelled;
    } catch (const TimeoutError&) {
        return End::timed_out;
    }
}

Coro<End> end_in_loop(ConcurrentFuture<int> future) {
    try {
        EXPECT(co_await future == 42);
        co_return End::value;
    } catch (const CancelledError&) {
        co_return End::cancelled;
    }
}

}  // namespace

PROGRAM(a_remote_task_ends_once_though_its_result_meets_a_cancellation) {
    Runner runner;
    EventLoop& loop = runner.get_loop();
    const ConcurrentFuture<int> future = run_coroutine_threadsafe(answer(), loop);
    End end = End::none;
    bool cancelled = false;
    std::thread waiter([&] { end = end_of(future); });
    std::thread canceller([&] {
        cancelled = future.cancel();
        loop.call_soon_threadsafe([&] { loop.stop(); });
    });
    loop.run_forever();
    canceller.join();
    runner.close();  // the task may have been overtaken
    waiter.join();
    EXPECT(end == End::value || end == End::cancelled);
    EXPECT(!cancelled || end == End::cancelled);
    EXPECT(future.cancelled() == (end == End::cancelled));
}

PROGRAM(a_remote_task_is_started_beside_a_loop_that_sleeps) {
    EventLoop loop;
    End end = End::none;
    std::thread other([&] {
        end = end_of(run_coroutine_threadsafe(answer(), loop));
        loop.call_soon_threadsafe([&] { loop.stop(); });
    });
    loop.run_forever();
    other.join();
    EXPECT(end == End::value);
}

PROGRAM(a_loop_that_closes_ends_or_refuses_a_remote_task) {
    allow_log("Task was destroyed but it is pending!");
    EventLoop loop;
    End end = End::none;
    std::thread other([&] {
        try {
            end = end_of(run_coroutine_threadsafe(sleep(0s, 42), loop));
        } catch (const RuntimeError&) {
            end = End::cancelled;
        }
    });
    loop.call_soon([&] { loop.stop(); });
    loop.run_forever();
    loop.close();
    other.join();
    EXPECT(end == End::value || end == End::cancelled);
}

PROGRAM(a_task_that_awaits_another_threads_future_ends_as_it_does) {
    EventLoop loop;
    const ConcurrentFuture<int> future;
    bool set = false, cancelled = false;
    std::thread producer([&] {
        if (!future.set_running_or_notify_cancel()) return;
        future.set_result(42);
        set = true;
    });
    std::thread canceller([&] { cancelled = future.cancel(); });
    const End end = loop.run_until_complete(end_in_loop(future));
    producer.join();
    canceller.join();
    EXPECT(set != cancelled);
    EXPECT(end == (set ? End::value : End::cancelled));
}

}  // namespace aio::schedules
