// Result and as_result(): errors as values, and the cancellations that are none.
#include <aio/core/result.hpp>

#include <aio/core/task_group.hpp>
#include <aio/core/timeout.hpp>

#include "support/children.hpp"

#include <memory>
#include <vector>

namespace aio::test {

namespace {

using testing::HasSubstr;

struct Point {
    int x = 0, y = 0;
};

Coro<Point> point_after(Duration delay) {
    co_await sleep(delay);
    co_return Point{1, 2};
}

Coro<std::unique_ptr<int>> pointer() { co_return std::make_unique<int>(5); }
Coro<> nothing() { co_return; }
Coro<int&> reference(int& value) { co_return value; }
Coro<> throw_a_number() {
    throw 42;
    co_return;
}
Coro<> sleep_for_long() { co_await sleep(10s); }

}  // namespace

ASYNC_TEST(Result, of_a_value_is_used_as_a_pointer_to_it, kAnyOrder) {
    Result<Point> point = co_await as_result(point_after(1ms));
    CO_ASSERT_TRUE(point.has_value());
    EXPECT_TRUE(point);
    EXPECT_EQ(point->x, 1);
    point->y = 7;
    EXPECT_EQ((*point).y, 7);
    EXPECT_EQ(point.value().y, 7);
    EXPECT_EQ(std::as_const(point)->y, 7);
    EXPECT_EQ(point.value_or(Point{}).x, 1);
    EXPECT_EQ(point.error(), nullptr);
    EXPECT_EQ(point.what(), "");
    EXPECT_FALSE(point.failed_with<std::exception>());
}

ASYNC_TEST(Result, of_an_error_rethrows_it_wherever_its_value_is_asked_for, kAnyOrder) {
    Result<int> result = co_await as_result(fail_after(1ms, "no luck"));
    CO_ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.what(), "no luck");
    EXPECT_EQ(expect_is<std::runtime_error>(result.error()), "no luck");
    EXPECT_TRUE(result.failed_with<std::runtime_error>());
    EXPECT_FALSE(result.failed_with<std::logic_error>());
    EXPECT_THROW(result.value(), std::runtime_error);
    EXPECT_THROW(*result, std::runtime_error);
    EXPECT_THROW(std::move(result).value(), std::runtime_error);
    EXPECT_THROW(result.operator->(), std::runtime_error);
    EXPECT_EQ(result.value_or(7), 7);
    EXPECT_EQ(std::move(result).value_or(8.0), 8);
}

ASYNC_TEST(Result, moves_its_value_out_of_a_temporary, kAnyOrder) {
    std::unique_ptr<int> five = (co_await as_result(pointer())).value();
    EXPECT_EQ(*five, 5);
    Result<std::unique_ptr<int>> result = co_await as_result(pointer());
    EXPECT_EQ(**result, 5);
    five = *std::move(result);
    EXPECT_EQ(*five, 5);
    five = (co_await as_result(pointer())).value_or(nullptr);
    CO_ASSERT_TRUE(five);
    EXPECT_EQ(*five, 5);
}

ASYNC_TEST(Result, of_nothing_and_of_a_reference, kAnyOrder) {
    Result<> done = co_await as_result(nothing());
    EXPECT_TRUE(done);
    done.value();
    *done;
    int& number = keep<int>(3);
    Result<int&> same = co_await as_result(reference(number));
    EXPECT_EQ(&same.value(), &number);
    EXPECT_EQ(&*same, &number);
    EXPECT_EQ(same.operator->(), &number);
    int other = 4;
    EXPECT_EQ(&same.value_or(other), &number);
}

ASYNC_TEST(Result, describes_an_error_without_words_by_its_type, kAnyOrder) {
    const Result<> number = co_await as_result(throw_a_number());
    EXPECT_EQ(number.what(), "int");
    Future<> cancelled;
    cancelled.cancel();
    const Result<> silent = co_await as_result(cancelled);
    EXPECT_EQ(silent.what(), "aio::CancelledError");
}

ASYNC_TEST(AsResult, takes_whatever_can_be_awaited, kAnyOrder) {
    EXPECT_TRUE(co_await as_result(sleep(1ms)));
    EXPECT_EQ(*co_await as_result(sleep(1ms, 5)), 5);
    EXPECT_EQ(*co_await as_result([]() -> Coro<int> { co_return 6; }), 6);
    Task<int> task = create_task(after(1ms, 7));
    EXPECT_EQ(*co_await as_result(task), 7);
    EXPECT_EQ(task.result(), 7) << "the handle is still the caller's";
    EXPECT_EQ(*co_await as_result(wait_for(after(1ms, 8), 1s)), 8);
}

ASYNC_TEST(AsResult, holds_the_cancellation_of_what_is_awaited, kAnyOrder) {
    Task<> other = create_task(sleep_for_long());
    co_await settle();
    other.cancel("it was cancelled");
    const Result<> result = co_await as_result(other);
    EXPECT_TRUE(result.failed_with<CancelledError>());
    EXPECT_EQ(result.what(), "it was cancelled");
    EXPECT_EQ(current_task().cancelling(), 0u);
}

ASYNC_TEST(AsResult, lets_the_cancellation_of_its_own_task_pass, kAnyOrder) {
    bool &went_on = keep<bool>(), &also = keep<bool>();
    Task<> in_place = create_task([&went_on]() -> Coro<> {
        const Result<> result = co_await as_result(sleep_for_long());
        went_on = true;
    });
    Task<> inner = create_task(sleep_for_long());
    Task<> of_a_task = create_task([&also, inner]() -> Coro<> {
        const Result<> result = co_await as_result(inner);
        also = true;
    });
    co_await settle();
    in_place.cancel("stop");
    of_a_task.cancel("stop");
    EXPECT_EQ(co_await expect_throws<CancelledError>(in_place), "stop");
    EXPECT_EQ(co_await expect_throws<CancelledError>(of_a_task), "stop");
    EXPECT_FALSE(went_on || also);
    EXPECT_TRUE(inner.cancelled());
}

ASYNC_TEST(AsResult, does_not_hide_a_deadline_or_a_group_from_its_block, kAnyOrder) {
    bool& went_on = keep<bool>();
    auto block = [&went_on]() -> Coro<> {
        const Result<> result = co_await as_result(sleep_for_long());
        went_on = true;
    };
    co_await expect_throws<TimeoutError>(with_timeout(1ms, block));
    auto body = [&block](TaskGroup& group) -> Coro<> {
        group.create_task(fail_after(1ms));
        co_await block();
    };
    co_await expect_throws<ExceptionGroup>(with_task_group(body));
    EXPECT_FALSE(went_on);
}

ASYNC_TEST(AsResult, holds_the_error_of_a_deadline_inside, kAnyOrder) {
    const Result<> result = co_await as_result(wait_for(sleep_for_long(), 1ms));
    EXPECT_TRUE(result.failed_with<TimeoutError>());
    EXPECT_EQ(current_task().cancelling(), 0u);
}

ASYNC_TEST(AsResult, holds_what_a_cancelled_coroutine_answers_with, kAnyOrder) {
    std::string& answer = keep<std::string>();
    Task<> task = create_task([&answer]() -> Coro<> {
        auto stubborn = []() -> Coro<> {
            bool cancelled = false;
            try {
                co_await sleep_for_long();
            } catch (const CancelledError&) {
                cancelled = true;
            }
            if (cancelled) throw std::runtime_error("not now");
        };
        const Result<> result = co_await as_result(stubborn());
        answer = result.what();
    });
    co_await settle();
    task.cancel();
    co_await task;
    EXPECT_EQ(answer, "not now");
}

// A task that cleans up after its cancellation, which is counted and was thrown.
ASYNC_TEST(AsResult, holds_the_cancellation_of_another_while_its_task_is_being_cancelled, kAnyOrder) {
    bool& held = keep<bool>();
    Task<> task = create_task([&held]() -> Coro<> {
        try {
            co_await sleep_for_long();
        } catch (const CancelledError&) {}
        Future<> other;
        other.cancel();
        const Result<> result = co_await as_result(other);
        held = result.failed_with<CancelledError>();
    });
    co_await settle();
    task.cancel();
    co_await task;
    EXPECT_TRUE(held);
}

}  // namespace aio::test
