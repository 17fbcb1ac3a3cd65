// A task that is done has let go of its parameters, as a Python function has, though its result is still there.
#include <aio/core/gather.hpp>
#include <aio/core/sleep.hpp>
#include <aio/core/task.hpp>
#include <aio/core/wait.hpp>

#include "support/async_test.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace aio::test {

namespace {

using Held = std::shared_ptr<int>;

enum class Ends { at_once, later, with_an_error, never };

Coro<std::string> holds(Held, Ends ends) {
    if (ends == Ends::later) co_await sleep(1ms);
    if (ends == Ends::with_an_error) throw std::runtime_error("failed");
    if (ends == Ends::never) co_await sleep(1h);
    co_return "a result that is longer than a short string";
}

}  // namespace

ASYNC_TEST(Parameters, are_gone_when_their_task_has_returned, kAnyOrder) {
    for (const Ends ends : {Ends::at_once, Ends::later}) {
        auto held = std::make_shared<int>();
        Task<std::string> task = create_task(holds(held, ends));
        EXPECT_EQ(held.use_count(), 2);
        const std::vector<Task<std::string>> tasks(1, task);
        co_await wait(tasks);
        EXPECT_EQ(held.use_count(), 1);
        EXPECT_EQ(task.result(), "a result that is longer than a short string");
        EXPECT_EQ(co_await task, "a result that is longer than a short string");
    }
}

ASYNC_TEST(Parameters, are_gone_when_their_task_has_failed, kAnyOrder) {
    auto held = std::make_shared<int>();
    Task<std::string> task = create_task(holds(held, Ends::with_an_error));
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(task), "failed");
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_FALSE(task.get_stack().empty());
}

ASYNC_TEST(Parameters, are_gone_when_their_task_was_cancelled, kAnyOrder) {
    auto held = std::make_shared<int>();
    for (const bool started : {false, true}) {
        Task<std::string> task = create_task(holds(held, Ends::never));
        if (started) co_await sleep(1ms);
        task.cancel("enough");
        EXPECT_EQ(co_await expect_throws<CancelledError>(task), "enough");
        EXPECT_EQ(held.use_count(), 1);
    }
}

ASYNC_TEST(Parameters, of_an_eager_task_are_gone_when_it_is_created, kAnyOrder) {
    auto held = std::make_shared<int>();
    Task<std::string> task = create_task(holds(held, Ends::at_once), {.eager_start = true});
    EXPECT_TRUE(task.done());
    EXPECT_EQ(held.use_count(), 1);
    co_return;
}

ASYNC_TEST(Parameters, may_be_the_last_handle_of_their_own_task, kAnyOrder) {
    auto held = std::make_shared<int>();
    auto shared = std::make_shared<std::optional<Task<>>>();
    auto body = [](std::shared_ptr<std::optional<Task<>>>, Held) -> Coro<> { co_await sleep(1ms); };
    *shared = create_task(body(shared, held));
    const std::weak_ptr<std::optional<Task<>>> seen = shared;
    shared.reset();
    while (!seen.expired()) co_await sleep(1ms);
    EXPECT_EQ(held.use_count(), 1);
}

namespace {

Coro<> after(Task<> before, Held) {
    if (before) co_await before;
}

}  // namespace

ASYNC_TEST(Parameters, of_a_line_of_tasks_keep_no_earlier_ones, kAnyOrder) {
    auto held = std::make_shared<int>();
    Task<> last;
    for (int i = 0; i < 100; ++i) {
        last = create_task(after(last, held));
        co_await sleep(0s);
    }
    co_await last;
    EXPECT_EQ(held.use_count(), 1);
}

namespace {

struct RefusesToBeCopied {
    RefusesToBeCopied() = default;
    RefusesToBeCopied(const RefusesToBeCopied&) { throw std::runtime_error("no copy"); }
};

Coro<> takes(Held, RefusesToBeCopied) { co_return; }

}  // namespace

// The frame is there by then, and no promise in it.
ASYNC_TEST(Parameters, that_cannot_be_copied_leave_nothing_behind, kAnyOrder) {
    auto held = std::make_shared<int>();
    const RefusesToBeCopied refuses;
    EXPECT_THROW(static_cast<void>(takes(held, refuses)), std::runtime_error);
    EXPECT_EQ(held.use_count(), 1);
    co_return;
}

}  // namespace aio::test
