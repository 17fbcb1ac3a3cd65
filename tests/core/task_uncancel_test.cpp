// Task.cancelling() and uncancel(): requests are counted, and can be taken back.
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>

#include "support/async_test.hpp"

#include <stdexcept>

namespace aio::test {

namespace {

Coro<> sleep_long() { co_await sleep(10s); }

}  // namespace

ASYNC_TEST(Cancel, requests_are_counted, kAnyOrder) {  // CPython: test_tasks.test_cancelling
    Task<> task = create_task(sleep_long());
    co_await sleep(0s);
    EXPECT_EQ(task.cancelling(), 0u);
    EXPECT_TRUE(task.cancel());
    EXPECT_EQ(task.cancelling(), 1u);
    EXPECT_TRUE(task.cancel());
    EXPECT_EQ(task.cancelling(), 2u);
    co_await expect_throws<CancelledError>(task);
    EXPECT_FALSE(task.cancel());
    EXPECT_EQ(task.cancelling(), 2u);
}

ASYNC_TEST(Cancel, requests_can_be_taken_back, kAnyOrder) {  // CPython: test_tasks.test_uncancel_basic
    Task<> task = create_task(sleep_long());
    co_await sleep(0s);
    EXPECT_EQ(task.uncancel(), 0u);
    task.cancel();
    task.cancel();
    EXPECT_EQ(task.uncancel(), 1u);
    EXPECT_EQ(task.uncancel(), 0u);
    EXPECT_EQ(task.uncancel(), 0u);
    EXPECT_EQ(task.cancelling(), 0u);
    co_await expect_throws<CancelledError>(task);  // it was delivered to the sleep already
}

ASYNC_TEST(Cancel, not_delivered_yet_vanishes_with_the_last_request, kAnyOrder) {  // semantics 14
    Task<int> task = create_task([]() -> Coro<int> {
        AnyTask self = current_task();
        self.cancel();
        self.uncancel();
        co_await sleep(0s);
        co_return 3;
    });
    EXPECT_EQ(co_await task, 3);
}

namespace {

// What a library does that turns its own cancellation into a result: asyncio.timeout in small.
Coro<bool> limited(Duration limit, Duration work, bool* reached_end) {
    AnyTask task = current_task();
    bool expired = false;
    Handle timer = get_running_loop().call_later(limit, [&expired, task] {
        expired = true;
        task.cancel();
    });
    std::exception_ptr cancelled;
    try {
        co_await sleep(work);
    } catch (const CancelledError&) {
        cancelled = std::current_exception();
    }
    timer.cancel();
    if (cancelled && !(expired && task.uncancel() == 0)) std::rethrow_exception(cancelled);
    *reached_end = true;
    co_return expired;
}

}  // namespace

ASYNC_TEST(Cancel, from_inside_and_outside_are_told_apart_by_the_count) {  // semantics 14
    // CPython: test_tasks.test_uncancel_structured_blocks
    bool& ended = keep<bool>();
    EXPECT_FALSE(co_await limited(10s, 5ms, &ended));
    EXPECT_TRUE(co_await limited(5ms, 10s, &ended));
    EXPECT_EQ(current_task().cancelling(), 0u);

    ended = false;
    auto body = [&]() -> Coro<> { co_await limited(5ms, 10s, &ended); };
    Task<> task = create_task(body);
    co_await sleep(0s);
    get_running_loop().call_later(5ms, [task] { task.cancel(); });  // at the very moment of the limit
    co_await expect_throws<CancelledError>(task);
    EXPECT_FALSE(ended);
}

}  // namespace aio::test
