// TaskGroup::cancel(): it ends the group and nothing else. Requests from outside pass, whoever asked first.
#include <aio/core/gather.hpp>
#include <aio/core/timeout.hpp>

#include "core/task_groups.hpp"

#include <functional>

namespace aio::test {

namespace {

// What a test waits for when the end of a group must not be over before it has acted.
struct Ending {
    Future<> begun = get_running_loop().create_future();
    Future<> may_end = get_running_loop().create_future();
};

// Needs a while to end when it is cancelled, or until it may.
Coro<> end_slowly(Ending* ending = nullptr) {
    std::exception_ptr cancelled;
    try {
        co_await sleep(1h);
    } catch (const CancelledError&) {
        cancelled = std::current_exception();
    }
    if (ending) {
        ending->begun.set_result();
        co_await ending->may_end;
    } else {
        co_await sleep(10ms);
    }
    if (cancelled) std::rethrow_exception(cancelled);
}

Coro<> cancel_group_after(TaskGroup& group, Duration delay) {
    co_await sleep(delay);
    group.cancel();
}

// A group that is told to cancel() after a millisecond, and ends slowly.
enum class By { body, child, callback };
Coro<> cancelled_group(By by, Ending* ending = nullptr) {
    struct Timer {
        TimerHandle handle;
        ~Timer() { handle.cancel(); }
    } timer;  // a group that ends before it is no longer there
    auto body = [by, &timer, ending](TaskGroup& group) -> Coro<> {
        group.create_task(end_slowly(ending));
        if (by == By::child) group.create_task(cancel_group_after(group, 1ms));
        if (by == By::callback) timer.handle = get_running_loop().call_later(1ms, [&group] { group.cancel(); });
        if (by == By::body) co_await cancel_group_after(group, 1ms);
        if (by == By::child) co_await sleep(1h);
    };
    co_await with_task_group(body);
}

Coro<> set_behind(Coro<> first, bool& reached) {
    co_await std::move(first);
    reached = true;
    co_await sleep(1h);
}

}  // namespace

ASYNC_TEST(TaskGroupCancel, lets_a_cancellation_from_outside_pass_while_it_ends) {  // semantics 25
    for (const By by : {By::body, By::child, By::callback}) {
        bool& reached = keep<bool>(false);
        Ending& ending = keep<Ending>();
        Task<> task = create_task(set_behind(cancelled_group(by, &ending), reached));
        co_await ending.begun;
        task.cancel("from outside");
        ending.may_end.set_result();
        EXPECT_EQ(co_await expect_throws<CancelledError>(task), "from outside");
        EXPECT_FALSE(reached);
        EXPECT_EQ(task.cancelling(), 1u);
    }
}

ASYNC_TEST(TaskGroupCancel, lets_a_deadline_pass_while_it_ends) {
    for (const By by : {By::body, By::child, By::callback}) {
        auto block = [by]() -> Coro<> { co_await cancelled_group(by); };
        co_await expect_throws<TimeoutError>(with_timeout(5ms, block));
        EXPECT_EQ(current_task().cancelling(), 0u);
    }
}

ASYNC_TEST(TaskGroupCancel, alone_ends_the_block_well, kAnyOrder) {
    for (const By by : {By::body, By::child, By::callback}) {
        co_await cancelled_group(by);
        EXPECT_EQ(current_task().cancelling(), 0u);
    }
}

ASYNC_TEST(TaskGroupCancel, keeps_an_error_of_the_body_before_a_cancellation_from_outside) {
    Ending& ending = keep<Ending>();
    Task<> task = create_task([&ending]() -> Coro<> {
        auto body = [&ending](TaskGroup& group) -> Coro<> {
            group.create_task(end_slowly(&ending));
            co_await sleep(0s);
            throw std::runtime_error("body");
        };
        co_await with_task_group(body);
    });
    co_await ending.begun;
    task.cancel();
    ending.may_end.set_result();
    const Log errors = co_await group_errors(task);
    EXPECT_EQ(errors, Log{"body"});
    EXPECT_EQ(task.cancelling(), 1u);
}

namespace {

Coro<> cancel_and_sleep(TaskGroup& group, int& cancels) {
    group.cancel();
    co_await count_cancel(cancels);
}

}  // namespace

ASYNC_TEST(TaskGroupCancel, by_an_eager_child_before_it_suspends_cancels_that_child, kAnyOrder) {
    int& cancels = keep<int>();
    auto body = [&cancels](TaskGroup& group) -> Coro<> {
        group.create_task(cancel_and_sleep(group, cancels), {.eager_start = true});
        co_return;
    };
    co_await with_task_group(body);
    EXPECT_EQ(cancels, 1);
}

ASYNC_TEST(TaskGroupCancel, by_a_child_of_an_eager_task_factory_cancels_that_child, kAnyOrder) {
    int& cancels = keep<int>();
    get_running_loop().set_task_factory(eager_task_factory);
    auto body = [&cancels](TaskGroup& group) -> Coro<> {
        group.create_task(cancel_and_sleep(group, cancels));
        co_return;
    };
    co_await with_task_group(body);
    get_running_loop().set_task_factory(nullptr);
    EXPECT_EQ(cancels, 1);
}

ASYNC_TEST(TaskGroupCancel, by_an_eager_child_that_ends_at_once_is_the_end, kAnyOrder) {
    auto child = [](TaskGroup& group) -> Coro<> {
        group.cancel();
        co_return;
    };
    auto body = [child](TaskGroup& group) -> Coro<> {
        group.create_task(child(group), {.eager_start = true});
        co_await sleep(1h);
    };
    co_await with_task_group(body);
}

}  // namespace aio::test
