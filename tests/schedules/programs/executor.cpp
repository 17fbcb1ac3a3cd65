// ThreadPoolExecutor and to_thread(): jobs, their cancellation, and the end of the pool or of the loop that waits.
#include <aio/sync/threads.hpp>

#include <aio/core/run.hpp>
#include <aio/core/sleep.hpp>

#include "schedules/program.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

namespace aio::schedules {

namespace {

int twice(int number) { return 2 * number; }

// Jobs of which each is either made or refused, cancelled or discarded.
struct Jobs {
    std::atomic<int> made{0};
    int made_here = 0, not_made = 0;

    void submit(Executor& pool) {
        try {
            pool.submit([this] { ++made; }).result();
            ++made_here;
        } catch (const CancelledError&) {
            ++not_made;
        } catch (const RuntimeError&) {
            ++not_made;
        }
    }
};

Coro<int> twice_in_thread(int number) { co_return co_await to_thread(twice, number); }

// The task is cancelled by its thread: before, while or after the loop learns of the result.
Coro<bool> cancelled_while_it_runs(EventLoop& loop) {
    Task<int> task;
    task = create_task(to_thread([&] {
        loop.call_soon_threadsafe([&] { task.cancel(); });
        return 1;
    }));
    try {
        EXPECT(co_await task == 1);
        co_await sleep(std::chrono::nanoseconds(0));
        co_return false;
    } catch (const CancelledError&) {
        co_return true;
    }
}

// One pass of the loop, and its end, do not wait for the job.
Coro<> start_job_and_leave(ThreadPoolExecutor& pool, EventLoop& loop) {
    loop.run_in_executor(&pool, twice, 1);
    co_return;
}

// A call that is not made has lost its captures.
Coro<> cancel_beside_the_worker(ThreadPoolExecutor& pool, EventLoop& loop, std::atomic<int>& made) {
    auto call = [held = std::make_shared<std::atomic<int>*>(&made)] { ++**held; };
    const Future<> future = loop.run_in_executor(&pool, std::move(call));
    co_await sleep(std::chrono::nanoseconds(0));
    future.cancel();
    try {
        co_await future;
    } catch (const CancelledError&) {}
}

}  // namespace

PROGRAM(two_threads_submit_and_get_their_results) {
    ThreadPoolExecutor pool(1);
    std::thread other([&] { EXPECT(pool.submit(twice, 1).result() == 2); });
    EXPECT(pool.submit(twice, 2).result() == 4);
    other.join();
}

PROGRAM(a_job_reaches_the_last_worker_that_becomes_idle) {
    ThreadPoolExecutor pool(1);
    EXPECT(pool.submit(twice, 1).result() == 2);
    EXPECT(pool.submit(twice, 2).result() == 4);
    pool.shutdown();
    EXPECT(pool.workers() == 0);
}

PROGRAM(a_job_against_the_shutdown_is_made_or_refused) {
    ThreadPoolExecutor pool(1);
    Jobs jobs;
    std::thread other([&] { jobs.submit(pool); });
    pool.shutdown();
    other.join();
    EXPECT(jobs.made == jobs.made_here && jobs.made + jobs.not_made == 1);
}

PROGRAM(a_job_against_a_discarding_shutdown_is_made_refused_or_cancelled) {
    ThreadPoolExecutor pool(1);
    Jobs jobs;
    std::thread other([&] { jobs.submit(pool); });
    pool.shutdown(true, true);
    other.join();
    EXPECT(jobs.made == jobs.made_here && jobs.made + jobs.not_made == 1);
}

PROGRAM(two_shutdowns_wait_for_the_same_worker) {
    ThreadPoolExecutor pool(1);
    std::atomic<int> made{0};
    pool.submit([&] { ++made; });
    std::thread other([&] { pool.shutdown(); });
    pool.shutdown();
    EXPECT(made == 1);
    other.join();
}

PROGRAM(a_job_gets_a_worker_beside_one_that_waits_for_it) {
    ThreadPoolExecutor pool(2);
    ConcurrentFuture<> second;
    const ConcurrentFuture<> waiting = pool.submit([&] { second.result(); });
    pool.submit([&] { second.set_result(); });
    waiting.result();
}

PROGRAM(a_shutdown_ends_two_idle_workers) {
    ThreadPoolExecutor pool(2);
    pool.submit(twice, 1);
    pool.submit(twice, 2);
    pool.shutdown();
    EXPECT(pool.workers() == 0);
}

PROGRAM(a_job_is_cancelled_or_made) {
    std::atomic<int> made{0};
    bool cancelled;
    {
        ThreadPoolExecutor pool(1);
        const ConcurrentFuture<> future = pool.submit([&] { ++made; });
        cancelled = future.cancel();
    }
    EXPECT(made == (cancelled ? 0 : 1));
}

PROGRAM(a_pool_outlives_its_executor_until_its_job_is_made) {
    std::atomic<int> made{0};
    ConcurrentFuture<> future;
    {
        ThreadPoolExecutor pool(1);
        future = pool.submit([&] { ++made; });
        pool.shutdown(false);
    }
    future.result();
    EXPECT(made == 1);
}

PROGRAM(a_loop_awaits_a_call_in_a_thread) {
    allow_log("The executor did not finish joining its threads within 300 seconds.");  // a timeout may expire early
    EXPECT(run(twice_in_thread(21)) == 42);
}

PROGRAM(a_task_is_cancelled_while_its_thread_runs) {
    EventLoop loop;
    loop.run_until_complete(cancelled_while_it_runs(loop));
    loop.run_until_complete(loop.shutdown_default_executor());
}

PROGRAM(a_call_in_a_thread_is_not_made_or_its_result_is_dropped) {
    ThreadPoolExecutor pool(1);
    EventLoop loop;
    std::atomic<int> made{0};
    loop.run_until_complete(cancel_beside_the_worker(pool, loop, made));
    pool.shutdown();
    EXPECT(made <= 1);
}

PROGRAM(a_job_ends_beside_a_loop_that_closes) {
    ThreadPoolExecutor pool(1);
    EventLoop loop;
    loop.run_until_complete(start_job_and_leave(pool, loop));
    loop.close();
}

}  // namespace aio::schedules
