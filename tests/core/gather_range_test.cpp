// gather() of ranges that are no vectors.
#include <aio/core/gather.hpp>

#include "support/children.hpp"

#include <array>
#include <list>
#include <ranges>
#include <set>
#include <span>

namespace aio::test {

namespace {

Coro<int> twice(int number) {
    co_await sleep(1ms);
    co_return 2 * number;
}

}  // namespace

ASYNC_TEST(GatherRange, takes_views_that_make_coroutines, kAnyOrder) {
    const std::vector<int> numbers = list(1, 2, 3);
    auto coros = numbers | std::views::transform(twice);
    EXPECT_EQ(co_await gather(coros), list(2, 4, 6)) << "a view by name makes them anew each time";
    EXPECT_EQ(co_await gather(std::move(coros)), list(2, 4, 6));
    auto odd = std::views::iota(1, 6) | std::views::filter([](int number) { return number % 2 != 0; }) |
               std::views::transform(twice);
    EXPECT_EQ(co_await gather(odd), list(2, 6, 10));
}

ASYNC_TEST(GatherRange, moves_coroutines_out_of_containers, kAnyOrder) {
    std::list<Coro<int>> coros;
    for (int number = 1; number <= 3; ++number) coros.push_back(twice(number));
    EXPECT_EQ(co_await gather(std::move(coros)), list(2, 4, 6));
    std::vector<Coro<int>> more;
    for (int number = 1; number <= 3; ++number) more.push_back(twice(number));
    EXPECT_EQ(co_await gather(std::span(more).subspan(0, 2)), list(2, 4));
    EXPECT_EQ(co_await std::move(more.back()), 6);
}

ASYNC_TEST(GatherRange, copies_tasks_out_of_a_range_that_is_kept, kAnyOrder) {
    const std::array<Task<int>, 2> tasks{create_task(twice(1)), create_task(twice(2))};
    EXPECT_EQ(co_await gather(tasks), list(2, 4));
    EXPECT_EQ(tasks[0].result(), 2);
    const std::set<Task<int>> sorted(tasks.begin(), tasks.end());
    const std::vector<int> results = co_await gather(sorted);
    EXPECT_EQ(results.size(), 2u);
}

ASYNC_TEST(GatherRange, keeps_errors_and_gives_nothing_for_nothing, kAnyOrder) {
    const auto fail_or_not = [](int number) -> Coro<int> {
        return number == 2 ? fail_after(1ms) : after(1ms, number);
    };
    auto coros = std::views::iota(1, 4) | std::views::transform(fail_or_not);
    const std::vector<Result<int>> results = co_await gather(coros, return_exceptions);
    CO_ASSERT_EQ(results.size(), 3u);
    EXPECT_EQ(results[0].value_or(0) + results[2].value_or(0), 4);
    EXPECT_EQ(results[1].what(), "child");
    co_await expect_throws<std::runtime_error>(gather(coros));
    co_await sleep(1ms);  // the others run on
    std::list<Coro<>> none;
    co_await gather(std::move(none));
}

}  // namespace aio::test
