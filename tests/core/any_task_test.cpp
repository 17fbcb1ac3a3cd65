// AnyTask: tasks of different types, as futures of void.
#include <aio/core/as_completed.hpp>
#include <aio/core/gather.hpp>
#include <aio/core/select.hpp>
#include <aio/core/shield.hpp>
#include <aio/core/timeout.hpp>
#include <aio/core/wait.hpp>

#include "support/async_test.hpp"

#include <stdexcept>
#include <string>

namespace aio::test {

namespace {

Coro<int> number() {
    co_await sleep(1ms);
    co_return 7;
}
Coro<std::string> text_in_an_hour() {
    co_await sleep(1h);
    co_return "text";
}
Coro<std::string> broken() {
    co_await sleep(2ms);
    throw std::runtime_error("broken");
}

}  // namespace

ASYNC_TEST(AnyTask, is_awaited_for_its_end_or_its_error, kAnyOrder) {
    Task<int> task = create_task(number());
    const AnyTask any = task;
    co_await any;
    EXPECT_TRUE(any.done());
    any.result();
    EXPECT_EQ(any.exception(), nullptr);
    EXPECT_EQ(co_await task, 7) << "the result is still there";
    const AnyTask failing = create_task(broken());
    EXPECT_THROW(failing.result(), InvalidStateError);
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(failing), "broken");
    EXPECT_NE(failing.exception(), nullptr);
    EXPECT_THROW(failing.result(), std::runtime_error);
    const AnyTask cancelled = create_task(text_in_an_hour());
    cancelled.cancel("no more");
    EXPECT_EQ(co_await expect_throws<CancelledError>(cancelled), "no more");
}

ASYNC_TEST(AnyTask, cancelled_await_cancels_the_task, kAnyOrder) {
    const AnyTask any = create_task(text_in_an_hour());
    const auto wait_for_it = [any]() -> Coro<> { co_await any; };
    Task<> waiting = create_task(wait_for_it);
    co_await run_passes(2);
    waiting.cancel();
    co_await expect_throws<CancelledError>(waiting);
    EXPECT_TRUE(any.cancelled());
}

template <class Handle>
void expect_errors_of_an_empty_one(const Handle& empty) {
    EXPECT_THROW(empty.done(), RuntimeError);
    EXPECT_THROW(empty.cancelled(), RuntimeError);
    EXPECT_THROW(empty.cancel(), RuntimeError);
    EXPECT_THROW(empty.result(), RuntimeError);
    EXPECT_THROW(empty.exception(), RuntimeError);
    EXPECT_THROW(empty.add_done_callback([] {}), RuntimeError);
    EXPECT_THROW(empty.get_loop(), RuntimeError);
    EXPECT_FALSE(empty);
}

TEST(Handles, that_name_nothing_say_so_at_each_call) {
    expect_errors_of_an_empty_one(AnyTask());
    const Task<int> task;
    expect_errors_of_an_empty_one(task);
    EXPECT_THROW(task.get_name(), RuntimeError);
    EXPECT_THROW(task.set_name("x"), RuntimeError);
    EXPECT_THROW(task.uncancel(), RuntimeError);
    EXPECT_THROW(task.cancelling(), RuntimeError);
    EXPECT_THROW(task.get_stack(), RuntimeError);
}

ASYNC_TEST(Handles, that_name_nothing_are_refused_where_they_are_waited_for) {
    const Task<int> empty;
    std::vector<Task<int>> one(1);
    EXPECT_FALSE(AnyTask(empty));
    EXPECT_THROW(gather(empty), RuntimeError);
    EXPECT_THROW(shield(empty), RuntimeError);
    EXPECT_THROW((void)as_completed(one), RuntimeError);
    EXPECT_THROW(co_await wait(one), RuntimeError);
    EXPECT_THROW(co_await wait_for(empty, 1s), RuntimeError);
    EXPECT_THROW(co_await aio::select(empty, Task<int>()), RuntimeError);
    EXPECT_THROW(co_await aio::select(one), RuntimeError);
}

ASYNC_TEST(AnyTask, a_future_that_was_moved_from_says_so) {
    Future<int> future;
    const Future<int> other = std::move(future);
    EXPECT_THROW(future.set_result(1), RuntimeError);
    EXPECT_THROW(future.done(), RuntimeError);
    EXPECT_FALSE(other.done());
    co_return;
}

ASYNC_TEST(AnyTask, empty_one_is_an_error_to_await) {
    const AnyTask empty;
    EXPECT_FALSE(empty);
    EXPECT_THROW(empty.operator co_await(), RuntimeError);
    co_return;
}

ASYNC_TEST(AnyTask, different_tasks_are_waited_for_together, kAnyOrder) {
    Task<int> quick = create_task(number());
    Task<std::string> slow = create_task(text_in_an_hour());
    std::vector<AnyTask> both{quick, slow};
    auto [done, pending] = co_await wait(both, {.return_when = FIRST_COMPLETED});
    EXPECT_EQ(done, std::vector<AnyTask>{quick});
    EXPECT_EQ(pending, std::vector<AnyTask>{slow});
    const auto again = co_await wait({.timeout = 1ms}, quick, slow);
    EXPECT_EQ(again.pending.size(), 1u);
    slow.cancel();
    const auto last = co_await wait(quick, slow);
    EXPECT_EQ(last.done.size(), 2u);
}

ASYNC_TEST(AnyTask, different_tasks_are_gathered, kAnyOrder) {
    std::vector<AnyTask> all{create_task(number()), create_task(broken()), create_task(text_in_an_hour())};
    all[2].cancel();
    const auto results = co_await gather(all, return_exceptions);
    CO_ASSERT_EQ(results.size(), 3u);
    EXPECT_TRUE(results[0]);
    EXPECT_TRUE(results[1].failed_with<std::runtime_error>());
    EXPECT_TRUE(results[2].failed_with<CancelledError>());
    const std::vector<AnyTask> others{create_task(number()), create_task(broken())};
    co_await expect_throws<std::runtime_error>(gather(others));
}

ASYNC_TEST(AnyTask, different_tasks_come_as_they_are_completed, kAnyOrder) {
    std::vector<AnyTask> both{create_task(broken()), create_task(number())};
    auto completed = as_completed(both);
    std::vector<AnyTask> order;
    while (auto task = co_await completed.next()) order.push_back(*task);
    EXPECT_EQ(order, (std::vector<AnyTask>{both[1], both[0]}));
    EXPECT_NE(both[0].exception(), nullptr);
}

ASYNC_TEST(AnyTask, has_callbacks) {
    Log& log = keep<Log>();
    const AnyTask any = create_task(number(), {.name = "seven"});
    any.add_done_callback([&log] { log.push_back("done"); });
    any.add_done_callback([&log](AnyTask task) { log.push_back(task.get_name()); });
    co_await any;
    co_await run_passes(1);
    EXPECT_EQ(log, (Log{"done", "seven"}));
}

ASYNC_TEST(AnyTask, may_be_shielded_and_limited_in_time, kAnyOrder) {
    const AnyTask any = create_task(text_in_an_hour());
    co_await expect_throws<TimeoutError>(wait_for(shield(any), 1ms));
    EXPECT_FALSE(any.done());
    co_await expect_throws<TimeoutError>(wait_for(any, 1ms));
    EXPECT_TRUE(any.cancelled());
}

}  // namespace aio::test
