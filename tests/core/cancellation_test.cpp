// A request for cancellation on its way through what waits for what: lines of any length, gathers in gathers.
#include <aio/core/gather.hpp>
#include <aio/core/run.hpp>
#include <aio/core/shield.hpp>
#include <aio/core/timeout.hpp>

#include "core/lines.hpp"
#include "core/small_stack.hpp"
#include "support/children.hpp"

namespace aio::test {

namespace {

Coro<> await_moved(Task<> before) { co_await std::move(before); }
Coro<> gather_in_gathers(Task<> before) { co_await gather(gather(before, sleep(1h)), sleep(1h)); }
Coro<> await_with_timeout(Task<> before) { co_await wait_for(before, 1h); }

Coro<> note_cancel(Log& log, std::string name) {
    std::exception_ptr cancelled;
    try {
        co_await sleep(1h);
    } catch (const CancelledError&) {
        cancelled = std::current_exception();
    }
    log.push_back(name);
    std::rethrow_exception(cancelled);
}

// A line of tasks, each of which waits for the one before; the last one is cancelled.
Coro<> cancel_a_line(Coro<> (*link)(Task<>)) {
    Task<> last = create_task(wait_for_future(Future<>()));
    for (int i = 0; i < kLongLine; ++i) last = create_task(link(std::move(last)));
    co_await run_passes(3);
    EXPECT_TRUE(last.cancel("enough"));
    EXPECT_EQ(co_await expect_throws<CancelledError>(last), "enough");
    EXPECT_EQ(all_tasks().size(), 1u);
}

void expect_cancels(Coro<> (*link)(Task<>)) {
    on_small_stack([link] { run(cancel_a_line(link)); });
}

}  // namespace

TEST(Cancellation, goes_along_a_line_of_any_length) { expect_cancels(await_it); }
TEST(Cancellation, goes_along_a_line_whose_handles_were_moved) { expect_cancels(await_moved); }
TEST(Cancellation, goes_along_a_line_of_gathers) { expect_cancels(gather_it); }
TEST(Cancellation, goes_along_a_line_of_gathers_in_gathers) { expect_cancels(gather_in_gathers); }
TEST(Cancellation, goes_along_a_line_of_deadlines) { expect_cancels(await_with_timeout); }

TEST(Cancellation, of_all_tasks_at_the_end_of_run_goes_along_lines_of_any_length) {
    on_small_stack([] {
        run([]() -> Coro<> {
            Task<> last = create_task(wait_for_future(Future<>()));
            for (int i = 0; i < kLongLine; ++i) last = create_task(await_it(std::move(last)));
            co_await run_passes(3);
        });
    });
}

ASYNC_TEST(Cancellation, counts_once_at_each_task_of_a_line, kAnyOrder) {
    std::vector<Task<>>& line = keep<std::vector<Task<>>>();
    line.push_back(create_task(wait_for_future(Future<>())));
    for (int i = 0; i < 5; ++i) line.push_back(create_task(await_it(line.back())));
    co_await run_passes(2);
    line.back().cancel();
    for (const Task<>& task : line) EXPECT_EQ(task.cancelling(), 1u);
    co_await expect_throws<CancelledError>(line.back());
    for (const Task<>& task : line) EXPECT_TRUE(task.cancelled());
}

ASYNC_TEST(Cancellation, of_nested_gathers_reaches_the_children_in_order) {
    Log& log = keep<Log>();
    auto first = gather(note_cancel(log, "a"), note_cancel(log, "b"));
    auto second = create_task([&log]() -> Coro<> { co_await gather(note_cancel(log, "c"), note_cancel(log, "d")); });
    auto all = gather(first, second, note_cancel(log, "e"));
    co_await run_passes(3);
    EXPECT_TRUE(all.cancel());
    co_await expect_throws<CancelledError>(all);
    EXPECT_EQ(log, (Log{"a", "b", "c", "d", "e"}));
}

ASYNC_TEST(Cancellation, of_a_gather_whose_children_have_just_ended_is_thrown_at_its_await, kAnyOrder) {
    Future<>& child = keep<Future<>>();
    Task<> task = create_task([&child]() -> Coro<> { co_await gather(child); });
    co_await run_passes(2);
    child.set_result();
    EXPECT_TRUE(task.cancel());  // nothing is left to be asked: the task itself must be
    co_await expect_throws<CancelledError>(task);
    EXPECT_TRUE(task.cancelled());
}

ASYNC_TEST(Cancellation, of_a_gather_that_is_done_is_refused, kAnyOrder) {
    auto all = gather(after(1ms, 1), after(2ms, 2));
    co_await all;
    EXPECT_FALSE(all.cancel());
}

ASYNC_TEST(Cancellation, of_one_of_two_that_wait_for_the_same_gather_cancels_both, kAnyOrder) {
    auto all = gather(sleep(1h), sleep(1h));
    auto wait = [all]() -> Coro<> { co_await all; };
    Task<> a = create_task(wait), b = create_task(wait);
    co_await run_passes(2);
    a.cancel();
    co_await expect_throws<CancelledError>(a);
    co_await expect_throws<CancelledError>(b);
}

ASYNC_TEST(Cancellation, stops_at_a_shield, kAnyOrder) {
    Task<int> inner = create_task(after(3ms, 7));
    Task<> outer = create_task([inner]() -> Coro<> { co_await gather(shield(inner), sleep(1h)); });
    co_await run_passes(2);
    outer.cancel();
    co_await expect_throws<CancelledError>(outer);
    EXPECT_EQ(inner.cancelling(), 0u);
    EXPECT_EQ(co_await inner, 7);
}

}  // namespace aio::test
