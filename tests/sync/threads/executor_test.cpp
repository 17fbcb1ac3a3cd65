// Executors, run_in_executor and ConcurrentFuture: threads that work for the loop.
#include <aio/sync/executor.hpp>
#include <aio/sync/threads.hpp>

#include "support/async_test.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace aio::test {

namespace {

// A call that blocks until it is told to go on.
struct Gate {
    std::promise<void> started, go_on;
    std::future<void> has_started = started.get_future(), may_go_on = go_on.get_future();
    std::atomic<bool> passed{false};

    void pass() {
        started.set_value();
        may_go_on.wait();
        passed = true;
    }
};

int sum_of(int a, int b) { return a + b; }

}  // namespace

ASYNC_TEST(RunInExecutor, gives_what_the_function_returns, kOnce) {  // CPython: test_events.test_run_in_executor
    EventLoop& loop = get_running_loop();
    const auto here = std::this_thread::get_id();
    auto thread = co_await loop.run_in_executor(nullptr, [] { return std::this_thread::get_id(); });
    EXPECT_NE(thread, here);
    EXPECT_EQ(co_await loop.run_in_executor(nullptr, sum_of, 40, 2), 42);
    co_await loop.run_in_executor(nullptr, [] {});
    co_await loop.shutdown_default_executor();
}

ASYNC_TEST(RunInExecutor, moves_what_cannot_be_copied_and_passes_references, kOnce) {
    EventLoop& loop = get_running_loop();
    ThreadPoolExecutor pool(1);
    auto take = [](std::unique_ptr<int> p) { return p; };
    auto back = co_await loop.run_in_executor(&pool, take, std::make_unique<int>(7));
    EXPECT_EQ(*back, 7);
    int value = 0;
    auto refer = [&value]() -> int& { return value; };
    EXPECT_EQ(&co_await loop.run_in_executor(&pool, refer), &value);
}

ASYNC_TEST(RunInExecutor, cancelled_frees_the_awaiter_at_once_and_lets_the_call_end, kOnce) {  // semantics 51
    // CPython: test_events.test_run_in_executor_cancel
    EventLoop& loop = get_running_loop();
    auto gate = std::make_shared<Gate>();
    ThreadPoolExecutor pool(1);
    auto pass = [gate] { gate->pass(); };
    Future<> future = loop.run_in_executor(&pool, pass);
    gate->has_started.wait();
    EXPECT_TRUE(future.cancel());
    co_await expect_throws<CancelledError>(future);
    EXPECT_FALSE(gate->passed);
    gate->go_on.set_value();
    pool.shutdown();
    EXPECT_TRUE(gate->passed);
    co_await settle();
    EXPECT_TRUE(future.cancelled()) << "the late result was dropped";
}

ASYNC_TEST(RunInExecutor, cancelled_before_it_started_is_never_called, kOnce) {  // semantics 51
    EventLoop& loop = get_running_loop();
    auto gate = std::make_shared<Gate>();
    auto called = std::make_shared<std::atomic<bool>>(false);
    ThreadPoolExecutor pool(1);
    auto pass = [gate] { gate->pass(); };
    Future<> running = loop.run_in_executor(&pool, pass);
    gate->has_started.wait();
    auto note = [called] { *called = true; };
    Future<> waiting = loop.run_in_executor(&pool, note);
    const long owners = called.use_count();
    waiting.cancel();
    EXPECT_EQ(called.use_count(), owners - 1) << "the function is destroyed at once";
    co_await expect_throws<CancelledError>(waiting);
    gate->go_on.set_value();
    co_await running;
    pool.shutdown();
    EXPECT_FALSE(*called);
}

ASYNC_TEST(RunInExecutor, reports_an_exception_that_nobody_can_see, kOnce) {
    ThreadPoolExecutor pool(1);
    get_running_loop().run_in_executor(&pool, [] { throw std::runtime_error("lost"); });
    pool.shutdown();
    for (int i = 0; i < 100; ++i) co_await sleep(100us);
    const auto reports = take_reports();
    CO_ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].message, "Future exception was never retrieved");
}

LOOP_TEST(RunInExecutor, outlives_the_loop_without_harm, kOnce) {
    auto gate = std::make_shared<Gate>();
    ThreadPoolExecutor pool(1);
    {
        EventLoop other({.backend = loop.backend_name()});
        auto pass = [gate] { gate->pass(); };
        Future<> future = other.run_in_executor(&pool, pass);
        gate->has_started.wait();
        other.close();
        EXPECT_THROW(other.run_in_executor(&pool, sum_of, 1, 2), RuntimeError);
    }
    gate->go_on.set_value();
    pool.shutdown();
    EXPECT_TRUE(gate->passed);
}

ASYNC_TEST(RunInExecutor, after_the_default_executor_was_shut_down_is_an_error, kOnce) {
    EventLoop& loop = get_running_loop();
    auto executor = std::make_shared<ThreadPoolExecutor>(2, "mine");
    loop.set_default_executor(executor);
    EXPECT_EQ(co_await loop.run_in_executor(nullptr, sum_of, 1, 2), 3);
    EXPECT_EQ(executor->workers(), 1u);
    co_await loop.shutdown_default_executor();
    EXPECT_EQ(executor->workers(), 0u);
    EXPECT_THROW(loop.run_in_executor(nullptr, sum_of, 1, 2), RuntimeError);
    EXPECT_THROW(loop.run_in_executor(executor.get(), sum_of, 1, 2), RuntimeError);
}

ASYNC_TEST(RunInExecutor, shutdown_that_takes_too_long_is_reported_and_given_up, kOnce) {
    EventLoop& loop = get_running_loop();
    auto gate = std::make_shared<Gate>();
    auto pass = [gate] { gate->pass(); };
    Future<> future = loop.run_in_executor(nullptr, pass);
    gate->has_started.wait();
    co_await loop.shutdown_default_executor(5ms);
    EXPECT_EQ(take_logs(), (Log{"The executor did not finish joining its threads within 0.005 seconds."}));
    gate->go_on.set_value();
    co_await future;
    while (loop.core().external > 1) co_await sleep(100us);  // the thread that joins the others
}

TEST(ThreadPoolExecutor, runs_calls_and_gives_their_outcome) {
    ThreadPoolExecutor pool(2);
    EXPECT_EQ(pool.submit(sum_of, 1, 2).result(), 3);
    auto failing = pool.submit([]() -> int { throw std::runtime_error("boom"); });
    EXPECT_THROW(static_cast<void>(failing.result()), std::runtime_error);
    expect_is<std::runtime_error>(failing.exception());
    EXPECT_THROW(ThreadPoolExecutor(-1), ValueError);
    EXPECT_GE(ThreadPoolExecutor().max_workers(), 5u);
}

TEST(ThreadPoolExecutor, reuses_idle_threads) {
    // A thread that has just given its result may not be idle yet: some jobs start another, most do not.
    constexpr int kJobs = 1000;
    ThreadPoolExecutor pool(kJobs);
    for (int i = 0; i < kJobs; ++i) pool.submit(sum_of, 1, 2).result();
    EXPECT_LT(pool.workers(), std::size_t{kJobs / 2});
}

TEST(ThreadPoolExecutor, its_own_thread_does_not_wait_for_itself_after_it_was_let_go) {
    auto pool = std::make_shared<ThreadPoolExecutor>(1);
    auto gate = std::make_shared<Gate>();
    auto ended = pool->submit([pool, gate] {
        gate->pass();
        pool->shutdown(true);
        return true;
    });
    gate->has_started.wait();
    pool->shutdown(false);
    gate->go_on.set_value();
    EXPECT_TRUE(ended.result(10s));
}

TEST(ThreadPoolExecutor, shutdown_can_cancel_what_has_not_started) {
    auto gate = std::make_shared<Gate>();
    ThreadPoolExecutor pool(1);
    auto running = pool.submit([gate] { gate->pass(); });
    gate->has_started.wait();
    auto waiting = pool.submit(sum_of, 1, 2);
    EXPECT_TRUE(running.running());
    EXPECT_FALSE(running.cancel());
    pool.shutdown(false, true);
    EXPECT_TRUE(waiting.cancelled());
    EXPECT_THROW(waiting.result(), CancelledError);
    EXPECT_THROW(pool.submit(sum_of, 1, 2), RuntimeError);
    gate->go_on.set_value();
    running.result();
    pool.shutdown();
    EXPECT_EQ(pool.workers(), 0u);
}

TEST(ThreadPoolExecutor, calls_the_initializer_in_each_thread_first) {
    static thread_local int prepared = 0;
    std::atomic<int> calls{0};
    ThreadPoolExecutor pool(2, "init", [&calls] {
        ++calls;
        prepared = 7;
    });
    auto gate = std::make_shared<Gate>();
    auto first = pool.submit([gate] {
        gate->pass();
        return prepared;
    });
    gate->has_started.wait();
    EXPECT_EQ(pool.submit([] { return prepared; }).result(10s), 7);
    gate->go_on.set_value();
    EXPECT_EQ(first.result(10s), 7);
    EXPECT_EQ(calls, 2);
}

LOOP_TEST(ThreadPoolExecutor, initializer_that_fails_breaks_it, kOnce) {
    ThreadPoolExecutor pool(1, "init", [] { throw std::runtime_error("no"); });
    auto future = pool.submit(sum_of, 1, 2);
    EXPECT_THROW(static_cast<void>(future.result(10s)), BrokenThreadPool);
    EXPECT_THROW(pool.submit(sum_of, 1, 2), BrokenExecutor);
    EXPECT_THROW(loop.run_in_executor(&pool, sum_of, 1, 2), BrokenThreadPool);
    pool.shutdown();
    EXPECT_EQ(take_logs(), (Log{"Exception in initializer: std::runtime_error: no"}));
}

TEST(ThreadPoolExecutor, maps_a_function_over_items_in_order) {
    ThreadPoolExecutor pool(3);
    const std::vector<int> numbers{1, 2, 3, 4};
    int expected = 1;
    for (auto& future : pool.map([](int x) { return 10 * x; }, numbers)) {
        EXPECT_EQ(future.result(10s), 10 * expected++);
    }
}

ASYNC_TEST(ConcurrentFuture, is_awaited_as_it_stands, kOnce) {
    ThreadPoolExecutor pool(1);
    EXPECT_EQ(co_await pool.submit(sum_of, 20, 22), 42);
    ConcurrentFuture<int> failing;
    failing.set_exception(std::make_exception_ptr(ValueError("bad")));
    EXPECT_EQ(co_await expect_throws<ValueError>(failing), "bad");
}

TEST(ConcurrentFuture, result_waits_for_its_time) {
    ConcurrentFuture<int> future;
    EXPECT_THROW(future.result(1ms), TimeoutError);
    std::thread producer([future] {
        EXPECT_TRUE(future.set_running_or_notify_cancel());
        future.set_result(5);
    });
    EXPECT_EQ(future.result(10s), 5);
    producer.join();
    EXPECT_THROW(future.set_result(6), InvalidStateError);
    EXPECT_THROW(future.set_running_or_notify_cancel(), InvalidStateError);
    EXPECT_EQ(future.exception(), nullptr);
}

LOOP_TEST(ConcurrentFuture, calls_back_in_order_and_at_once_when_done, kOnce) {
    ConcurrentFuture<std::string> future;
    std::string seen;
    future.add_done_callback([&seen](ConcurrentFuture<std::string> done) { seen += "1" + done.result(); });
    future.add_done_callback([] { throw std::runtime_error("logged"); });
    future.add_done_callback([&seen] { seen += "2"; });
    future.set_result("x");
    EXPECT_EQ(seen, "1x2");
    future.add_done_callback([&seen] { seen += "3"; });
    EXPECT_EQ(seen, "1x23");
    EXPECT_EQ(take_logs().size(), 1u);
}

TEST(ConcurrentFuture, cancelled_before_it_starts_does_not_start) {
    ConcurrentFuture<int> future;
    EXPECT_TRUE(future.cancel());
    EXPECT_TRUE(future.cancel());
    EXPECT_TRUE(future.cancelled());
    EXPECT_FALSE(future.set_running_or_notify_cancel());
    EXPECT_THROW(static_cast<void>(future.result()), CancelledError);
}

}  // namespace aio::test
