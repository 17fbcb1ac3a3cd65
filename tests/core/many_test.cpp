// None, one and very many; very deep; and the same thing twice.
#include <aio/core/as_completed.hpp>
#include <aio/core/exit_stack.hpp>
#include <aio/core/gather.hpp>
#include <aio/core/shield.hpp>
#include <aio/core/task_group.hpp>
#include <aio/core/timeout.hpp>
#include <aio/core/wait.hpp>

#include "support/async_test.hpp"

#include <numeric>

namespace aio::test {

namespace {

using testing::HasSubstr;

constexpr std::size_t kMany = 100'000;
constexpr unsigned kDeep = 1'000;

Coro<std::size_t> number(std::size_t n) {
    co_await sleep(0s);
    co_return n;
}

std::vector<Coro<std::size_t>> numbers(std::size_t count) {
    std::vector<Coro<std::size_t>> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(number(i));
    return all;
}
std::vector<Task<std::size_t>> tasks(std::size_t count) {
    std::vector<Task<std::size_t>> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(create_task(number(i)));
    return all;
}

// Blocks inside one another, of which every one has the same deadline.
Coro<> nest_timeouts(unsigned depth, TimePoint deadline, unsigned& timed_out) {
    if (depth == 0) {
        co_await sleep(1h);
        co_return;
    }
    auto inner = [=, &timed_out]() -> Coro<> { return nest_timeouts(depth - 1, deadline, timed_out); };
    try {
        co_await with_timeout_at(deadline, inner);
    } catch (const TimeoutError&) {
        ++timed_out;
        throw;
    }
}

Coro<> nest_groups(unsigned depth) {
    auto body = [depth](TaskGroup& group) -> Coro<> {
        if (depth > 0) group.create_task(nest_groups, depth - 1);
        co_return;
    };
    co_await with_task_group(body);
    if (depth == 0) throw std::runtime_error("the innermost fails");
}

}  // namespace

ASYNC_TEST(Many, are_gathered) {
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, scaled(kMany)}) {
        const std::vector<std::size_t> results = co_await gather(numbers(count));
        EXPECT_EQ(results.size(), count);
        for (std::size_t i = 0; i < results.size(); ++i) CO_ASSERT_EQ(results[i], i);
    }
}

ASYNC_TEST(Many, are_waited_for) {
    co_await expect_throws<ValueError>(wait(tasks(0)));
    for (const std::size_t count : {std::size_t{1}, scaled(kMany)}) {
        const auto waited = co_await wait(tasks(count));
        EXPECT_EQ(waited.done.size(), count);
        const auto first = co_await wait(tasks(count), {.return_when = FIRST_COMPLETED});
        EXPECT_EQ(first.done.size() + first.pending.size(), count);
        co_await settle();
    }
}

ASYNC_TEST(Many, are_taken_as_they_complete) {
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, scaled(kMany)}) {
        auto completed = as_completed(numbers(count), 1h);
        std::size_t taken = 0;
        while (auto task = co_await completed.next()) ++taken;
        EXPECT_EQ(taken, count);
        co_await expect_throws<RuntimeError>(completed.next_result());
    }
}

ASYNC_TEST(Many, are_in_a_group) {
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, scaled(kMany)}) {
        std::size_t& ended = keep<std::size_t>(0u);
        auto body = [count, &ended](TaskGroup& group) -> Coro<> {
            auto member = [&ended]() -> Coro<> {
                co_await sleep(0s);
                ++ended;
            };
            for (std::size_t i = 0; i < count; ++i) group.create_task(member);
            co_return;
        };
        co_await with_task_group(body);
        EXPECT_EQ(ended, count);
    }
}

ASYNC_TEST(Many, are_on_an_exit_stack) {
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, scaled(kMany)}) {
        std::size_t& called = keep<std::size_t>(0u);
        auto body = [count, &called](AsyncExitStack& stack) -> Coro<> {
            for (std::size_t i = 0; i < count; ++i) stack.callback([&called] { ++called; });
            co_return;
        };
        co_await with_exit_stack(body);
        EXPECT_EQ(called, count);
    }
}

ASYNC_TEST(Deep, deadlines_that_pass_together_time_out_once_and_outside, kOnce) {
    for (const unsigned depth : {1u, 127u, 128u, kDeep}) {
        unsigned timed_out = 0;
        const TimePoint deadline = get_running_loop().time() + 10ms;
        co_await expect_throws<TimeoutError>(nest_timeouts(depth, deadline, timed_out));
        EXPECT_EQ(timed_out, 1u) << depth;
        EXPECT_EQ(current_task().cancelling(), 0u);
    }
}

ASYNC_TEST(Deep, groups_pass_an_error_on_to_the_outermost, kOnce) {
    std::exception_ptr error;
    try {
        co_await nest_groups(kDeep);
    } catch (...) {
        error = std::current_exception();
    }
    unsigned depth = 0;
    while (error) {
        try {
            std::rethrow_exception(std::exchange(error, nullptr));
        } catch (const ExceptionGroup& group) {
            CO_ASSERT_EQ(group.exceptions().size(), 1u);
            error = group.exceptions().front();
            ++depth;
        } catch (const std::runtime_error&) {}
    }
    EXPECT_EQ(depth, kDeep);
}

ASYNC_TEST(Cancelling, counts_more_requests_than_anybody_makes, kOnce) {
    Task<> task = create_task([]() -> Coro<> { co_await sleep(1h); });
    co_await run_passes(1);
    for (unsigned i = 1; i <= kDeep; ++i) {
        EXPECT_TRUE(task.cancel());
        CO_ASSERT_EQ(task.cancelling(), i);
    }
    for (unsigned i = kDeep; i > 0; --i) CO_ASSERT_EQ(task.uncancel(), i - 1);
    EXPECT_EQ(task.uncancel(), 0u);
    co_await expect_throws<CancelledError>(task);
}

// --- the same twice -------------------------------------------------------------------------------------------

ASYNC_TEST(Twice, a_task_is_awaited_gathered_and_shielded) {
    const Task<std::size_t> task = create_task(number(3));
    EXPECT_EQ((co_await gather(task, task)), std::tuple(std::size_t{3}, std::size_t{3}));
    EXPECT_EQ(co_await gather(list(task, task, task)), list<std::size_t>(3, 3, 3));
    EXPECT_EQ(co_await task, 3u);
    EXPECT_EQ(co_await task, 3u);
    const Task<std::size_t> other = create_task(number(4));
    EXPECT_EQ((co_await gather(shield(other), shield(other), other)),
              std::tuple(std::size_t{4}, std::size_t{4}, std::size_t{4}));
}

ASYNC_TEST(Twice, a_task_is_waited_for) {
    const Task<std::size_t> task = create_task(number(3));
    const auto waited = co_await wait(list(task, task));  // a vector here, a set in asyncio: both are there
    EXPECT_EQ(waited.done.size(), 2u);
    const Task<std::size_t> other = create_task(number(4));
    auto completed = as_completed(list(other, other));
    EXPECT_EQ(co_await completed.next_result(), 4u);
    EXPECT_EQ(co_await completed.next_result(), 4u);
    EXPECT_FALSE(co_await completed.next());
}

ASYNC_TEST(Twice, a_coroutine_cannot_be_used_up, kOnce) {
    Coro<std::size_t> coro = number(3);
    EXPECT_EQ(co_await std::move(coro), 3u);
    co_await expect_throws<RuntimeError>(std::move(coro));
    EXPECT_THAT(expect_error<RuntimeError>([&] { create_task(std::move(coro)); }), testing::Not(testing::IsEmpty()));
    Coro<std::size_t> given = number(4);
    const Task<std::size_t> task = create_task(std::move(given));
    co_await expect_throws<RuntimeError>(std::move(given));
    EXPECT_EQ(co_await task, 4u);
}

ASYNC_TEST(Twice, a_future_is_not_completed) {
    Future<int> future;
    future.set_result(1);
    EXPECT_THAT(expect_error<InvalidStateError>([&] { future.set_result(2); }), testing::Not(testing::IsEmpty()));
    EXPECT_FALSE(future.cancel());
    EXPECT_EQ(co_await future, 1);
    EXPECT_EQ(co_await future, 1);
}

LOOP_TEST(Twice, a_loop_is_closed) {
    EventLoop other({.backend = "sim"});
    other.close();
    other.close();
    EXPECT_TRUE(other.is_closed());
    EXPECT_THAT(expect_error<RuntimeError>([&] { other.call_soon([] {}); }), HasSubstr("closed"));
}

}  // namespace aio::test
