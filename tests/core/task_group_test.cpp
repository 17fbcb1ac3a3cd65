// TaskGroup: errors and cancellation of tasks that end before their block does.
#include "core/task_groups.hpp"

namespace aio::test {

namespace {

void fail_at_once() { throw std::runtime_error("body"); }

}  // namespace

ASYNC_TEST(TaskGroup, waits_for_its_tasks, kAnyOrder) {  // CPython: test_taskgroups.test_taskgroup_01
    Task<int> a, b;
    const Stopwatch watch;
    auto block = [&](TaskGroup& group) -> Coro<> {
        a = group.create_task(after(5ms, 42));
        b = group.create_task(after(3ms, 11));
        co_await sleep(1ms);
    };
    co_await with_task_group(block);
    watch.expect(5ms);
    CO_ASSERT_TRUE(a && b);
    EXPECT_EQ(a.result() + b.result(), 53);
}

ASYNC_TEST(TaskGroup, has_a_body_that_only_starts_tasks, kAnyOrder) {
    Task<int> a;
    co_await with_task_group([&](TaskGroup& group) { a = group.create_task(after(5ms, 42)); });
    CO_ASSERT_TRUE(a);
    EXPECT_EQ(a.result(), 42);
    int& cancels = keep<int>();
    auto fails = [&cancels](TaskGroup& group) {
        group.create_task(count_cancel(cancels));
        group.create_task(sleep(1ms));
        fail_at_once();
    };
    const Log errors = co_await group_errors(with_task_group(fails));
    EXPECT_EQ(errors, Log{"body"});
    EXPECT_EQ(cancels, 0) << "it was cancelled before its first step";
}

ASYNC_TEST(TaskGroup, waits_also_after_a_block_that_does_not, kAnyOrder) {
    // CPython: test_taskgroups.test_taskgroup_02
    Task<int> a;
    auto block = [&](TaskGroup& group) -> Coro<std::string> {
        a = group.create_task(after(3ms, 42));
        co_return "result of the block";
    };
    const std::string result = co_await with_task_group(block);
    EXPECT_EQ(result, "result of the block");
    EXPECT_TRUE(a && a.done());
}

ASYNC_TEST(TaskGroup, drops_a_task_that_was_cancelled_by_itself, kAnyOrder) {  // semantics 27
    // CPython: test_taskgroups.test_taskgroup_03
    Task<int> a, b;
    auto block = [&](TaskGroup& group) -> Coro<> {
        a = group.create_task(after(10s, 42));
        b = group.create_task(after(3ms, 11));
        co_await sleep(1ms);
        a.cancel();
    };
    co_await with_task_group(block);
    CO_ASSERT_TRUE(a && b);
    EXPECT_TRUE(a.cancelled());
    EXPECT_EQ(b.result(), 11);
}

ASYNC_TEST(TaskGroup, cancels_siblings_when_one_fails, kAnyOrder) {  // semantics 24
    // CPython: test_taskgroups.test_taskgroup_04
    int& cancels = keep<int>();
    Task<> sibling;
    auto block = [&](TaskGroup& group) -> Coro<> {
        group.create_task(fail_after(1ms));
        sibling = group.create_task(count_cancel(cancels));
        co_return;
    };
    const Log errors = co_await group_errors(with_task_group(block));
    EXPECT_EQ(errors, Log{"child"});
    EXPECT_EQ(cancels, 1);
    EXPECT_TRUE(sibling && sibling.cancelled());
    EXPECT_EQ(current_task().cancelling(), 0u);
}

ASYNC_TEST(TaskGroup, cancels_its_block_when_a_task_fails, kAnyOrder) {  // semantics 24
    // CPython: test_taskgroups.test_cancel_children_on_child_error
    int &cancels = keep<int>(), &block_cancelled = keep<int>();
    auto block = [&](TaskGroup& group) -> Coro<> {
        group.create_task(count_cancel(cancels));
        group.create_task(fail_after(1ms));
        co_await count_cancel(block_cancelled);
    };
    const Log errors = co_await group_errors(with_task_group(block));
    EXPECT_EQ(errors, Log{"child"});
    EXPECT_EQ(cancels, 1);
    EXPECT_EQ(block_cancelled, 1);
}

ASYNC_TEST(TaskGroup, cancelled_cancels_its_tasks_and_waits, kAnyOrder) {  // semantics 27
    // CPython: test_taskgroups.test_cancellation, test_taskgroups.test_taskgroup_22
    int& cancels = keep<int>();
    auto runner = [&cancels]() -> Coro<> {
        auto block = [&cancels](TaskGroup& group) -> Coro<> {
            for (int i = 0; i < 5; ++i) group.create_task(count_cancel(cancels));
            co_return;
        };
        co_await with_task_group(block);
    };
    Task<> task = create_task(runner);
    co_await sleep(1ms);
    EXPECT_FALSE(task.done());
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_EQ(cancels, 5);
}

ASYNC_TEST(TaskGroup, cancelled_in_its_block_cancels_its_tasks, kAnyOrder) {
    // CPython: test_taskgroups.test_taskgroup_07, test_taskgroups.test_taskgroup_17
    int &cancels = keep<int>(), &block_cancelled = keep<int>();
    auto runner = [&]() -> Coro<> {
        auto block = [&](TaskGroup& group) -> Coro<> {
            for (int i = 0; i < 5; ++i) group.create_task(count_cancel(cancels));
            co_await count_cancel(block_cancelled);
        };
        co_await with_task_group(block);
    };
    Task<> task = create_task(runner);
    co_await sleep(1ms);
    task.cancel("from outside");
    EXPECT_EQ(co_await expect_throws<CancelledError>(task), "from outside");
    EXPECT_EQ(cancels, 5);
    EXPECT_EQ(block_cancelled, 1);
}

ASYNC_TEST(TaskGroup, cancelled_gathers_the_errors_that_its_tasks_answer_with, kAnyOrder) {
    // CPython: test_taskgroups.test_taskgroup_08, test_taskgroups.test_taskgroup_11
    Task<> task = create_task([]() -> Coro<> {
        auto block = [](TaskGroup& group) -> Coro<> {
            group.create_task(fail_when_cancelled("a"));
            group.create_task(fail_when_cancelled("b"));
            co_await sleep(10s);
        };
        co_await with_task_group(block);
    });
    co_await sleep(1ms);
    task.cancel();
    const Log errors = co_await group_errors(task);
    EXPECT_EQ(errors, (Log{"a", "b"}));
}

ASYNC_TEST(TaskGroup, leaves_what_is_done_when_another_fails_later, kAnyOrder) {
    // CPython: test_taskgroups.test_taskgroup_09
    Task<int> early, late;
    auto block = [&](TaskGroup& group) -> Coro<> {
        early = group.create_task(after(1ms, 42));
        late = group.create_task([]() -> Coro<int> {
            co_await sleep(2ms);
            throw std::runtime_error("late");
        });
        co_await sleep(10s);
    };
    const Log errors = co_await group_errors(with_task_group(block));
    EXPECT_EQ(errors, Log{"late"});
    CO_ASSERT_TRUE(early && late);
    EXPECT_EQ(early.result(), 42);
    EXPECT_EQ(expect_is<std::runtime_error>(late.exception()), "late");
}

ASYNC_TEST(TaskGroup, whose_block_fails_cancels_its_tasks, kAnyOrder) {
    // CPython: test_taskgroups.test_taskgroup_10
    int& cancels = keep<int>();
    auto block = [&](TaskGroup& group) -> Coro<> {
        group.create_task(count_cancel(cancels));
        co_await sleep(1ms);
        throw std::runtime_error("block");
    };
    const Log errors = co_await group_errors(with_task_group(block));
    EXPECT_EQ(errors, Log{"block"});
    EXPECT_EQ(cancels, 1);
}

ASYNC_TEST(TaskGroup, puts_the_error_of_the_block_last, kAnyOrder) {  // semantics 24
    auto block = [](TaskGroup& group) -> Coro<> {
        group.create_task(fail_after(1ms, "z: task"));
        co_await fail_when_cancelled("a: block");
    };
    try {
        co_await with_task_group(block);
        ADD_FAILURE() << "no error";
    } catch (const ExceptionGroup& group) {
        CO_ASSERT_EQ(group.exceptions().size(), 2u);
        EXPECT_EQ(expect_is<std::runtime_error>(group.exceptions()[0]), "z: task");
        EXPECT_EQ(expect_is<std::runtime_error>(group.exceptions()[1]), "a: block");
    }
}

ASYNC_TEST(TaskGroup, nested_is_cancelled_with_the_outer_one, kAnyOrder) {
    // CPython: test_taskgroups.test_taskgroup_12
    int &outer_cancels = keep<int>(), &inner_cancels = keep<int>();
    auto runner = [&]() -> Coro<> {
        auto outer = [&](TaskGroup& group) -> Coro<> {
            group.create_task(count_cancel(outer_cancels));
            auto inner = [&](TaskGroup& nested) -> Coro<> {
                nested.create_task(count_cancel(inner_cancels));
                co_await sleep(10s);
            };
            co_await with_task_group(inner);
        };
        co_await with_task_group(outer);
    };
    Task<> task = create_task(runner);
    co_await sleep(1ms);
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_EQ(outer_cancels, 1);
    EXPECT_EQ(inner_cancels, 1);
}

ASYNC_TEST(TaskGroup, passes_the_group_of_a_nested_one_on, kAnyOrder) {
    // CPython: test_taskgroups.test_taskgroup_13
    auto outer = [](TaskGroup& group) -> Coro<> {
        group.create_task(fail_after(10s, "never"));
        auto inner = [](TaskGroup& nested) -> Coro<> {
            nested.create_task(fail_after(1ms, "inner"));
            co_return;
        };
        co_await with_task_group(inner);
    };
    const Log errors = co_await group_errors(with_task_group(outer));
    EXPECT_EQ(errors, Log{"[inner]"});
}

ASYNC_TEST(TaskGroup, that_fails_cancels_a_nested_one, kAnyOrder) {
    // CPython: test_taskgroups.test_taskgroup_14
    auto outer = [](TaskGroup& group) -> Coro<> {
        group.create_task(fail_after(1ms, "outer"));
        auto inner = [](TaskGroup& nested) -> Coro<> {
            nested.create_task(fail_after(10s, "never"));
            co_return;
        };
        co_await with_task_group(inner);
    };
    const Log errors = co_await group_errors(with_task_group(outer));
    EXPECT_EQ(errors, Log{"outer"});
    EXPECT_EQ(current_task().cancelling(), 0u);
}

ASYNC_TEST(TaskGroup, cancelled_before_a_task_fails_throws_the_group_and_cancels_again, kAnyOrder) {  // semantics 25
    // CPython: test_taskgroups.test_taskgroup_15, test_taskgroups.test_taskgroup_16
    bool& cancelled_after = keep<bool>();
    auto runner = [&]() -> Coro<> {
        auto block = [](TaskGroup& group) -> Coro<> {
            group.create_task(fail_after(3ms, "child"));
            std::exception_ptr error;
            try {
                co_await sleep(10s);
            } catch (const CancelledError&) {
                error = std::current_exception();
            }
            co_await sleep(5ms);
            if (error) std::rethrow_exception(error);
        };
        const Log errors = co_await group_errors(with_task_group(block));
        EXPECT_EQ(errors, Log{"child"});
        try {
            co_await sleep(0s);
        } catch (const CancelledError&) {
            cancelled_after = true;
        }
    };
    Task<> task = create_task(runner);
    co_await sleep(1ms);
    task.cancel();
    co_await task;
    EXPECT_TRUE(cancelled_after) << "the request from outside is not lost";
    EXPECT_EQ(task.cancelling(), 1u);
}

ASYNC_TEST(TaskGroup, takes_an_error_that_the_block_answers_cancellation_with, kAnyOrder) {
    // CPython: test_taskgroups.test_taskgroup_18
    Task<> task = create_task([]() -> Coro<> {
        auto block = [](TaskGroup&) -> Coro<> { co_await fail_when_cancelled("answer"); };
        co_await with_task_group(block);
    });
    co_await sleep(1ms);
    task.cancel();
    const Log errors = co_await group_errors(task);
    EXPECT_EQ(errors, Log{"answer"});
}

ASYNC_TEST(TaskGroup, gathers_errors_of_task_and_block, kAnyOrder) {
    // CPython: test_taskgroups.test_taskgroup_19
    auto block = [](TaskGroup& group) -> Coro<> {
        group.create_task(fail_after(1ms, "task"));
        co_await fail_when_cancelled("block");
    };
    const Log errors = co_await group_errors(with_task_group(block));
    EXPECT_EQ(errors, (Log{"block", "task"}));
}

}  // namespace aio::test
