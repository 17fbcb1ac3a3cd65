// ConcurrentFuture: its outcome, its cancellation and its waiters.
#include <aio/sync/concurrent_future.hpp>

#include <aio/base/error.hpp>

#include "schedules/program.hpp"

#include <atomic>
#include <chrono>
#include <thread>

namespace aio::schedules {

namespace {

using namespace std::chrono_literals;

enum class End { value, cancelled, timed_out };

End end_of(const ConcurrentFuture<int>& future, std::optional<Duration> timeout) {
    try {
        EXPECT(future.result(timeout) == 42);
        return End::value;
    } catch (const CancelledError&) {
        return End::cancelled;
    } catch (const TimeoutError&) {
        return End::timed_out;
    }
}

bool set(const ConcurrentFuture<int>& future) {
    if (!future.set_running_or_notify_cancel()) return false;
    future.set_result(42);
    return true;
}

}  // namespace

PROGRAM(a_future_has_a_result_or_is_cancelled_and_its_waiter_learns_which) {
    const ConcurrentFuture<int> future;
    bool was_set = false, was_cancelled = false;
    std::thread producer([&] { was_set = set(future); });
    std::thread canceller([&] { was_cancelled = future.cancel(); });
    const End end = end_of(future, std::nullopt);
    producer.join();
    canceller.join();
    EXPECT(was_set != was_cancelled);
    EXPECT(end == (was_set ? End::value : End::cancelled));
}

PROGRAM(a_wait_with_a_timeout_ends_in_time_or_times_out) {
    const ConcurrentFuture<int> future;
    bool was_set = false, was_cancelled = false;
    std::thread producer([&] { was_set = set(future); });
    std::thread canceller([&] { was_cancelled = future.cancel(); });
    const End end = end_of(future, 1s);
    producer.join();
    canceller.join();
    EXPECT(was_set != was_cancelled);
    EXPECT(end != (was_set ? End::cancelled : End::value));
    EXPECT(end_of(future, 0s) == (was_set ? End::value : End::cancelled));
}

PROGRAM(a_result_wakes_all_that_wait) {
    const ConcurrentFuture<int> future;
    std::thread first([&] { EXPECT(end_of(future, std::nullopt) == End::value); });
    std::thread second([&] { EXPECT(end_of(future, std::nullopt) == End::value); });
    EXPECT(set(future));
    first.join();
    second.join();
}

PROGRAM(a_callback_is_called_once_whenever_it_was_added) {
    const ConcurrentFuture<int> future;
    std::atomic<int> calls{0};
    const auto add = [&] {
        future.add_done_callback([&](const ConcurrentFuture<int>& ended) {
            EXPECT(ended.done());
            ++calls;
        });
    };
    std::thread first(add), second(add);
    EXPECT(set(future));
    first.join();
    second.join();
    EXPECT(calls == 2);
}

PROGRAM(the_last_handle_of_a_future_may_be_dropped_by_any_thread) {
    ConcurrentFuture<int> future;
    std::thread producer([future] { set(future); });
    std::thread canceller([future] { future.cancel(); });
    future = ConcurrentFuture<int>();
    producer.join();
    canceller.join();
}

}  // namespace aio::schedules
