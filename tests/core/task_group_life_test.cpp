// TaskGroup: when it takes tasks, how it is entered and left.
#include <aio/core/timeout.hpp>

#include "core/task_groups.hpp"

#include <functional>

namespace aio::test {

ASYNC_TEST(TaskGroup, may_grow_while_it_runs, kAnyOrder) {  // semantics 26
    // CPython: test_taskgroups.test_taskgroup_23, test_taskgroups.test_taskgroup_24
    int& ran = keep<int>();
    auto block = [&](TaskGroup& group) -> Coro<> {
        auto leaf = [&ran]() -> Coro<> {
            ++ran;
            co_return;
        };
        auto branch = [&ran, &group, leaf]() -> Coro<> {
            ++ran;
            group.create_task(leaf);
            co_return;
        };
        for (int i = 0; i < 3; ++i) {
            co_await sleep(1ms);
            group.create_task(branch);
        }
        co_await sleep(5ms);
        EXPECT_EQ(ran, 6) << "they ended meanwhile";
        group.create_task(branch);
    };
    co_await with_task_group(block);
    EXPECT_EQ(ran, 8);
}

namespace {

Coro<> hydra(TaskGroup& group, int& heads) {
    ++heads;
    co_await sleep(1ms);
    // Given, not called: clang warns of a function that always calls itself.
    for (int i = 0; i < 2; ++i) group.create_task(hydra, std::ref(group), std::ref(heads));
}

}  // namespace

ASYNC_TEST(TaskGroup, that_grows_for_ever_is_ended_by_an_error, kAnyOrder) {
    // CPython: test_taskgroups.test_taskgroup_25
    int& heads = keep<int>();
    auto block = [&](TaskGroup& group) -> Coro<> {
        group.create_task(hydra(group, heads));
        while (heads < 10) co_await sleep(1500us);
        throw std::runtime_error("hercules");
    };
    const Log errors = co_await group_errors(with_task_group(block));
    EXPECT_EQ(errors, Log{"hercules"});
    EXPECT_GE(heads, 10);
}

ASYNC_TEST(TaskGroup, refuses_tasks_once_it_is_ending, kAnyOrder) {  // semantics 26
    // CPython: test_taskgroups.test_taskgroup_no_create_task_after_failure
    auto block = [](TaskGroup& group) -> Coro<> {
        group.create_task(fail_after(0s, "first"));
        std::exception_ptr error;
        try {
            co_await sleep(10s);
        } catch (const CancelledError&) {
            error = std::current_exception();
        }
        EXPECT_THROW(group.create_task(after(0s, 1)), RuntimeError);
        if (error) std::rethrow_exception(error);
    };
    const Log errors = co_await group_errors(with_task_group(block));
    EXPECT_EQ(errors, Log{"first"});
}

ASYNC_TEST(TaskGroup, refuses_tasks_before_and_after, kAnyOrder) {  // semantics 26
    // CPython: test_taskgroups.test_taskgroup_not_entered, test_taskgroups.test_taskgroup_finished
    TaskGroup group;
    EXPECT_THROW(group.create_task(after(0s, 1)), RuntimeError);
    group.enter();
    group.create_task(after(0s, 1));
    co_await group.exit(nullptr);
    EXPECT_THROW(group.create_task(after(0s, 1)), RuntimeError);
}

ASYNC_TEST(TaskGroup, is_entered_once, kAnyOrder) {  // CPython: test_taskgroups.test_taskgroup_already_entered
    TaskGroup group;
    group.enter();
    EXPECT_THROW(group.enter(), RuntimeError);
    co_await group.exit(nullptr);
}

LOOP_TEST(TaskGroup, needs_a_task) {  // CPython: test_taskgroups.test_taskgroup_without_parent_task
    loop.call_soon([&loop] {
        TaskGroup group;
        EXPECT_THROW(group.enter(), RuntimeError);
        EXPECT_THROW(group.create_task(after(0s, 1)), RuntimeError);
        loop.stop();
    });
    loop.run_forever();
}

ASYNC_TEST(TaskGroup, passes_a_cancellation_that_the_block_threw, kAnyOrder) {
    // CPython: test_taskgroups.test_taskgroup_context_manager_exit_raises
    int& cancels = keep<int>();
    auto block = [&](TaskGroup& group) -> Coro<> {
        group.create_task(count_cancel(cancels));
        co_await sleep(1ms);
        throw CancelledError("thrown");
    };
    EXPECT_EQ(co_await expect_throws<CancelledError>(with_task_group(block)), "thrown");
    EXPECT_EQ(cancels, 1);
}

LOOP_TEST(TaskGroup, lets_exit_requests_through_bare) {  // semantics 24
    // CPython: test_taskgroups.test_taskgroup_20
    auto runner = []() -> Coro<> {
        auto block = [](TaskGroup& group) -> Coro<> {
            group.create_task([]() -> Coro<> {
                co_await sleep(1ms);
                throw KeyboardInterrupt();
            });
            co_await fail_when_cancelled("block");
        };
        co_await with_task_group(block);
    };
    Task<> task = loop.create_task(runner);
    EXPECT_THROW(loop.run_until_complete(task), KeyboardInterrupt);
    EXPECT_THROW(loop.run_until_complete(task), KeyboardInterrupt) << "from the group, not inside an ExceptionGroup";
}

ASYNC_TEST(TaskGroup, takes_other_exceptions_for_errors, kAnyOrder) {
    // CPython: test_taskgroups.test_taskgroup_21a
    auto block = [](TaskGroup& group) -> Coro<> {
        group.create_task(fail_after(1ms, "task"));
        bool cancelled = false;
        try {
            co_await sleep(10s);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        if (cancelled) throw GeneratorExit("not a std::exception");
    };
    const Log errors = co_await group_errors(with_task_group(block));
    EXPECT_EQ(errors, (Log{"not a std::exception", "task"}));
}

ASYNC_TEST(TaskGroup, may_be_cancelled_without_an_error, kAnyOrder) {
    int& cancels = keep<int>();
    auto block = [&](TaskGroup& group) -> Coro<> {
        group.create_task(count_cancel(cancels));
        co_await sleep(1ms);
        group.cancel();
        co_await sleep(10s);
    };
    co_await with_task_group(block);
    EXPECT_EQ(cancels, 1);
    EXPECT_EQ(current_task().cancelling(), 0u);
}

ASYNC_TEST(TaskGroup, cancelled_before_its_body_has_a_result_says_so, kAnyOrder) {
    auto late = [](TaskGroup& group) -> Coro<int> {
        group.cancel();
        co_await sleep(10s);
        co_return 1;
    };
    co_await expect_throws<RuntimeError>(with_task_group(late));
    auto in_time = [](TaskGroup& group) -> Coro<int> {
        group.cancel();
        co_return 2;
    };
    EXPECT_EQ(co_await with_task_group(in_time), 2);
    EXPECT_EQ(current_task().cancelling(), 0u);
}

ASYNC_TEST(TaskGroup, inside_a_timeout_ends_with_it, kAnyOrder) {
    int& cancels = keep<int>();
    auto block = [&]() -> Coro<> {
        auto tasks = [&](TaskGroup& group) -> Coro<> {
            group.create_task(count_cancel(cancels));
            co_return;
        };
        co_await with_task_group(tasks);
    };
    co_await expect_throws<TimeoutError>(with_timeout(2ms, block));
    EXPECT_EQ(cancels, 1);
}

}  // namespace aio::test
