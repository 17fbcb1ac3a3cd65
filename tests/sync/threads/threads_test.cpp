// to_thread, run_coroutine_threadsafe, wrap_future: between a loop and other threads.
#include <aio/sync/threads.hpp>

#include <aio/base/assert.hpp>
#include <aio/core/gather.hpp>
#include <aio/sync/event.hpp>

#include "core/loop_state.hpp"
#include "support/allocations.hpp"
#include "support/async_test.hpp"
#include "support/watched_backend.hpp"

#include <atomic>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

namespace aio::test {

namespace {

int sum(int a, int b) { return a + b; }

ContextVar<std::string>& request() {
    static ContextVar<std::string> variable("request", "none");
    return variable;
}

// What the loop believes that other threads owe it.
int owed_to(EventLoop& loop) { return dynamic_cast<WatchedBackend&>(*loop.state().backend).external(); }

// Runs `body(loop)` on another thread while this loop goes on, and passes its exception on.
template <class Body>
Coro<> on_another_thread(Body body) {
    EventLoop& loop = get_running_loop();
    auto call = [&loop, body] { body(loop); };
    auto done = loop.run_in_executor(nullptr, call);
    co_await std::move(done);
}

}  // namespace

struct Counter {
    int add(int number) { return total += number; }
    int total = 40;
};

ASYNC_TEST(ToThread, calls_members, kOnce) {
    Counter counter;
    EXPECT_EQ(co_await to_thread(&Counter::add, &counter, 2), 42);
    auto added = get_running_loop().run_in_executor(nullptr, &Counter::add, &counter, 2);
    EXPECT_EQ(co_await added, 44);
}

ASYNC_TEST(ToThread, gives_what_the_function_returns, kOnce) {  // CPython: test_threads.test_to_thread
    EXPECT_EQ(co_await to_thread(sum, 40, 2), 42);
    const std::string text = "kept";
    EXPECT_EQ(co_await to_thread([](std::string s) { return s + "!"; }, text), "kept!");
    co_await get_running_loop().shutdown_default_executor();
}

ASYNC_TEST(ToThread, throws_what_the_function_throws, kOnce) {  // CPython: test_threads.test_to_thread_exception
    auto raise = [] { throw std::runtime_error("test"); };
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(to_thread(raise)), "test");
    co_await get_running_loop().shutdown_default_executor();
}

ASYNC_TEST(ToThread, calls_the_function_once, kOnce) {  // CPython: test_threads.test_to_thread_once
    auto& calls = keep<std::atomic<int>>(0);
    co_await to_thread([&calls] { ++calls; });
    EXPECT_EQ(calls, 1);
    co_await get_running_loop().shutdown_default_executor();
}

ASYNC_TEST(ToThread, runs_several_at_once, kOnce) {  // CPython: test_threads.test_to_thread_concurrent
    auto& calls = keep<std::atomic<int>>(0);
    auto call = [&calls] { return ++calls; };
    std::vector<Coro<int>> coros;
    for (int i = 0; i < 10; ++i) coros.push_back(to_thread(call));
    const std::vector<int> results = co_await gather(std::move(coros));
    EXPECT_EQ(results.size(), 10u);
    EXPECT_EQ(calls, 10);
    co_await get_running_loop().shutdown_default_executor();
}

ASYNC_TEST(ToThread, takes_the_context_along, kOnce) {  // semantics 53
    // CPython: test_threads.test_to_thread_contextvars
    request().set("parrot");
    EXPECT_EQ(co_await to_thread([] { return request().get(); }), "parrot");
    co_await to_thread([] { request().set("changed there"); });
    EXPECT_EQ(request().get(), "parrot");
    EXPECT_EQ(co_await get_running_loop().run_in_executor(nullptr, [] { return request().get(); }), "none");
    co_await get_running_loop().shutdown_default_executor();
}

ASYNC_TEST(RunCoroutineThreadsafe, gives_the_result_to_the_other_thread, kOnce) {
    // CPython: test_tasks.test_run_coroutine_threadsafe
    auto body = [](EventLoop& loop) {
        auto add = [](int a, int b) -> Coro<int> {
            co_await sleep(1ms);
            co_return a + b;
        };
        EXPECT_EQ(run_coroutine_threadsafe(add(1, 2), loop).result(10s), 3);
        run_coroutine_threadsafe(sleep(1ms), loop).result();
    };
    co_await on_another_thread(body);
    co_await get_running_loop().shutdown_default_executor();
}

ASYNC_TEST(RunCoroutineThreadsafe, gives_the_exception_to_the_other_thread, kOnce) {
    // CPython: test_tasks.test_run_coroutine_threadsafe_with_exception
    auto body = [](EventLoop& loop) {
        auto fail = []() -> Coro<int> {
            co_await sleep(0s);
            throw std::runtime_error("Fail!");
        };
        auto future = run_coroutine_threadsafe(fail, loop);
        EXPECT_EQ(expect_is<std::runtime_error>(future.exception()), "Fail!");
    };
    co_await on_another_thread(body);
    co_await get_running_loop().shutdown_default_executor();
}

ASYNC_TEST(RunCoroutineThreadsafe, is_cancelled_by_the_other_thread, kOnce) {
    // CPython: test_tasks.test_run_coroutine_threadsafe_with_timeout
    auto& cancelled = keep<std::atomic<bool>>(false);
    auto body = [&cancelled](EventLoop& loop) {
        std::atomic<bool> begun = false;
        auto forever = [&cancelled, &begun]() -> Coro<> {
            Event never;
            try {
                begun = true;
                co_await never.wait();
            } catch (const CancelledError&) {
                cancelled = true;
                throw;
            }
        };
        auto future = run_coroutine_threadsafe(forever, loop);
        while (!begun) std::this_thread::sleep_for(1ms);  // cancelled before, it would end without its body
        EXPECT_THROW(future.result(2ms), TimeoutError);
        EXPECT_TRUE(future.cancel());
        EXPECT_THROW(future.result(), CancelledError);
    };
    co_await on_another_thread(body);
    while (!cancelled) co_await sleep(100us);
    co_await settle();
    co_await get_running_loop().shutdown_default_executor();
}

ASYNC_TEST(RunCoroutineThreadsafe, cancelled_in_the_loop_is_cancelled_for_the_other_thread, kOnce) {
    // CPython: test_tasks.test_run_coroutine_threadsafe_task_cancelled
    auto body = [](EventLoop& loop) {
        auto cancel_itself = []() -> Coro<> {
            current_task().cancel();
            co_await sleep(0s);
        };
        auto future = run_coroutine_threadsafe(cancel_itself, loop);
        EXPECT_THROW(future.result(), CancelledError);
        EXPECT_TRUE(future.cancelled());
    };
    co_await on_another_thread(body);
    co_await get_running_loop().shutdown_default_executor();
}

LOOP_TEST(RunCoroutineThreadsafe, is_cancelled_when_the_loop_closes_first, kOnce) {
    EventLoop other({.backend = loop.backend_name()});
    auto started = run_coroutine_threadsafe(sleep(10s), other);
    other.run_until_complete(sleep(1ms));
    auto posted = run_coroutine_threadsafe(sleep(10s), other);
    other.close();
    EXPECT_TRUE(started.cancelled());
    EXPECT_TRUE(posted.cancelled());
    EXPECT_THROW(run_coroutine_threadsafe(sleep(1s), other), RuntimeError);
    EXPECT_EQ(take_logs().size(), 1u) << "a task was destroyed while it was pending";
}

ASYNC_TEST(WrapFuture, follows_a_future_of_another_thread, kOnce) {
    ConcurrentFuture<int> source;
    Future<int> future = wrap_future(source);
    std::thread producer([source] { source.set_result(42); });
    EXPECT_EQ(co_await future, 42);
    producer.join();
    EXPECT_EQ(co_await wrap_future(source), 42) << "done already";
}

ASYNC_TEST(WrapFuture, passes_errors_and_cancellations_both_ways, kOnce) {
    ConcurrentFuture<int> failing, cancelled, source;
    failing.set_exception(std::make_exception_ptr(ValueError("bad")));
    EXPECT_EQ(co_await expect_throws<ValueError>(wrap_future(failing)), "bad");
    cancelled.cancel();
    co_await expect_throws<CancelledError>(wrap_future(cancelled));
    Future<int> future = wrap_future(source);
    future.cancel();
    EXPECT_TRUE(source.cancelled());
    co_await expect_throws<CancelledError>(future);
    co_await settle();
    EXPECT_TRUE(wrap_future(future) == future) << "a future of a loop is what it is";
}

// --- without memory --------------------------------------------------------------------------------------------

namespace {

// Calls `make` until it needs no more allocations than those that it was given. Where it threw, no thread owes a result: the
// loop would wait for it for ever, and a virtual clock would stand still.
template <class Make>
std::uint64_t owed_nothing_after_failures(EventLoop& loop, Make make) {
    const int before = owed_to(loop);
    for (std::uint64_t failures = 0;; ++failures) {
        FailingAllocations failing(failures + 1, false);
        try {
            auto future = make();
            failing.stop();
            EXPECT_EQ(owed_to(loop), before + 1);
            future.cancel();
            EXPECT_EQ(owed_to(loop), before);
            return failures;
        } catch (const std::bad_alloc&) {
            failing.stop();
            EXPECT_EQ(owed_to(loop), before) << "allocation " << failures + 1;
        }
    }
}

}  // namespace

ASYNC_TEST(RunInExecutor, without_memory_owes_no_result, kOnce) {
    EventLoop& loop = get_running_loop();
    co_await to_thread([] {});  // the executor and its thread exist
    const std::string text(100, 't');
    const std::uint64_t failures =
        owed_nothing_after_failures(loop, [&] { return loop.run_in_executor(nullptr, [text] {}); });
    EXPECT_GE(failures, 3u) << "the text, the job and the future";
    co_await loop.shutdown_default_executor();
}

// With AIO_TEST_RERUN=alloc each of its allocations fails once; what the body finds then counts only if it ends the process.
ASYNC_TEST(WrapFuture, without_memory_owes_no_result) {
    const ConcurrentFuture<int> source;
    EventLoop& loop = get_running_loop();
    try {
        const Future<int> future = wrap_future(source);
        EXPECT_EQ(owed_to(loop), 1);
        future.cancel();
        EXPECT_TRUE(source.cancelled());
    } catch (const std::bad_alloc&) {
        AIO_ASSERT(owed_to(loop) == 0);
        throw;
    }
    EXPECT_EQ(owed_to(loop), 0);
    co_await settle();
}

}  // namespace aio::test
