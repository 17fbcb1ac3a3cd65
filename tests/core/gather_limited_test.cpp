// gather_limited(): how many run, when a range is asked for more, errors, cancellation.
#include <aio/core/gather_limited.hpp>

#include <aio/core/run.hpp>

#include "support/children.hpp"

#include <algorithm>
#include <climits>
#include <list>
#include <ranges>

namespace aio::test {

namespace {

using testing::HasSubstr;

// Children that count how many of them there are, and how many have been made.
struct Crowd {
    int running = 0, most = 0, made = 0, ended = 0, cancelled = 0;

    Coro<int> child(int number, Duration time = 1ms) {
        ++made;
        return run(number, time);
    }

private:
    Coro<int> run(int number, Duration time) {
        most = std::max(most, ++running);
        std::exception_ptr error;
        try {
            co_await sleep(time);
        } catch (const CancelledError&) {
            error = std::current_exception();
            ++cancelled;
        }
        --running;
        ++ended;
        if (error) std::rethrow_exception(error);
        co_return number;
    }
};

std::vector<int> numbers(int count) {
    std::vector<int> all;
    for (int number = 0; number < count; ++number) all.push_back(number);
    return all;
}

auto sleepers(int count) {
    return std::views::iota(0, count) | std::views::transform([](int) { return sleep(10s); });
}

}  // namespace

ASYNC_TEST(GatherLimited, runs_no_more_than_its_limit_and_keeps_the_order, kAnyOrder) {
    Crowd& crowd = keep<Crowd>();
    for (const int limit : {1, 3, 7}) {
        crowd = Crowd();
        const auto make = [&crowd](int number) { return crowd.child(number, Duration(1ms) * (number % 3 + 1)); };
        auto coros = std::views::iota(0, 7) | std::views::transform(make);
        EXPECT_EQ(co_await gather_limited(limit, coros), numbers(7));
        EXPECT_EQ(crowd.most, limit);
        EXPECT_EQ(crowd.ended, 7);
    }
}

ASYNC_TEST(GatherLimited, asks_its_range_for_the_next_when_there_is_room_for_it, kAnyOrder) {
    Crowd& crowd = keep<Crowd>();
    const auto make = [&crowd](int number) {
        return crowd.child(number, number == 1 ? Duration(1ms) : Duration(5ms));
    };
    auto coros = std::views::iota(0) | std::views::take(6) | std::views::transform(make);
    Task<std::vector<int>> task = create_task(gather_limited(2, std::move(coros)));
    co_await run_passes(3);
    EXPECT_EQ(crowd.made, 2);
    co_await sleep(2ms);
    if (virtual_time()) {
        EXPECT_EQ(crowd.made, 3);
    }
    EXPECT_EQ(co_await task, numbers(6));
}

ASYNC_TEST(GatherLimited, takes_containers_functions_and_awaitables, kAnyOrder) {
    Crowd& crowd = keep<Crowd>();
    std::vector<Coro<int>> coros;
    for (int number = 0; number < 5; ++number) coros.push_back(crowd.child(number));
    EXPECT_EQ(co_await gather_limited(2, std::move(coros)), numbers(5));
    EXPECT_EQ(crowd.most, 2);
    const auto five = []() -> Coro<int> { co_return 5; };
    const std::list<Coro<int> (*)()> functions{five, five};
    EXPECT_EQ(co_await gather_limited(1, functions), list(5, 5));
    auto sleeps = std::views::iota(0, 5) | std::views::transform([](int) { return sleep(1ms); });
    const Stopwatch watch;
    co_await gather_limited(2, sleeps);
    watch.expect(3ms);
    co_await gather_limited(2, std::vector<Coro<>>());
}

ASYNC_TEST(GatherLimited, takes_an_asynchronous_generator_and_closes_it, kAnyOrder) {
    Crowd& crowd = keep<Crowd>();
    Log& log = keep<Log>();
    auto generate = [&crowd, &log](int count, int failing) -> AsyncGenerator<Coro<int>> {
        bool closing = false;
        try {
            for (int number = 0; number < count; ++number) {
                co_await sleep(1ms);
                if (number == failing) {
                    co_yield fail_after(1ms);
                } else {
                    co_yield crowd.child(number, 5ms);
                }
            }
        } catch (const GeneratorExit&) {
            closing = true;
        }
        co_await sleep(1ms);
        log.push_back(closing ? "closed" : "ended");
    };
    EXPECT_EQ(co_await gather_limited(2, generate(5, -1)), numbers(5));
    EXPECT_LE(crowd.most, 2);
    if (virtual_time()) {
        EXPECT_EQ(crowd.most, 2);
    }
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(gather_limited(2, generate(5, 1))), "child");
    if (virtual_time()) {
        EXPECT_EQ(log, (Log{"ended", "closed"})) << "unless it was cancelled where it waits";
    }
    EXPECT_EQ(crowd.running, 0);
}

ASYNC_TEST(GatherLimited, cancels_and_awaits_the_others_after_the_first_error, kAnyOrder) {
    Crowd& crowd = keep<Crowd>();
    const auto make = [&crowd](int number) -> Coro<int> {
        return number == 3 ? fail_after(2ms, "third") : crowd.child(number, 10s);
    };
    auto coros = std::views::iota(1, 1000) | std::views::transform(make);
    const Stopwatch watch;
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(gather_limited(5, coros)), "third");
    watch.expect(2ms);
    EXPECT_EQ(crowd.made, 4);
    EXPECT_EQ(crowd.cancelled, 4);
    EXPECT_EQ(crowd.running, 0);
    EXPECT_EQ(current_task().cancelling(), 0u);
}

ASYNC_TEST(GatherLimited, does_not_report_coroutines_that_never_begin, kAnyOrder) {
    get_running_loop().set_debug(true);
    std::vector<Coro<int>> coros;
    for (int number = 0; number < 5; ++number) coros.push_back(number == 1 ? fail_after(1ms) : after(1ms, 1));
    co_await expect_throws<std::runtime_error>(gather_limited(1, std::move(coros)));
    get_running_loop().set_debug(false);
}

ASYNC_TEST(GatherLimited, with_return_exceptions_disturbs_nobody, kAnyOrder) {
    const auto make = [](int number) -> Coro<int> {
        return number % 2 ? fail_after(1ms, std::to_string(number)) : after(1ms, number);
    };
    auto coros = std::views::iota(0, 4) | std::views::transform(make);
    const std::vector<Result<int>> results = co_await gather_limited(2, coros, return_exceptions);
    CO_ASSERT_EQ(results.size(), 4u);
    EXPECT_EQ(results[0].value_or(-1) + results[2].value_or(-1), 2);
    EXPECT_EQ(results[1].what() + results[3].what(), "13");
    auto sleeps = std::views::iota(0, 3) | std::views::transform([](int) { return sleep(1ms); });
    const std::vector<Result<>> slept = co_await gather_limited(2, sleeps, return_exceptions);
    EXPECT_TRUE(slept.size() == 3 && slept[0] && slept[2]);
}

ASYNC_TEST(GatherLimited, cancelled_cancels_and_awaits_those_that_run, kAnyOrder) {
    Crowd& crowd = keep<Crowd>();
    Task<> task = create_task([&crowd]() -> Coro<> {
        const auto make = [&crowd](int number) { return crowd.child(number, 10s); };
        auto coros = std::views::iota(0, 10) | std::views::transform(make);
        co_await gather_limited(3, coros);
    });
    co_await run_passes(4);
    EXPECT_EQ(crowd.running, 3);
    task.cancel("enough");
    EXPECT_EQ(co_await expect_throws<CancelledError>(task), "enough");
    EXPECT_EQ(crowd.cancelled, 3);
    EXPECT_EQ(crowd.made, 3);
}

// Whoever finds them in all_tasks() may cancel them; one that has not begun never runs.
ASYNC_TEST(GatherLimited, takes_a_child_that_was_cancelled_by_others_for_an_error) {
    for (const int passes : {2, 6}) {
        Task<> task = create_task(gather_limited(2, sleepers(10)));
        co_await run_passes(passes);
        std::vector<AnyTask> all = all_tasks();
        CO_ASSERT_EQ(all.size(), 4u);
        all.back().cancel("by others");
        EXPECT_EQ(co_await expect_throws<CancelledError>(task), "by others");
        Task<std::vector<Result<>>> kept = create_task(gather_limited(1, sleepers(2), return_exceptions));
        for (int child = 0; child < 2; ++child) {
            co_await run_passes(child == 0 ? passes : 6);
            all = all_tasks();
            CO_ASSERT_EQ(all.size(), 3u);
            all.back().cancel();
        }
        const std::vector<Result<>> results = co_await kept;
        EXPECT_TRUE(results[0].failed_with<CancelledError>() && results[1].failed_with<CancelledError>());
    }
}

ASYNC_TEST(GatherLimited, cancels_what_runs_when_its_range_throws, kAnyOrder) {
    Crowd& crowd = keep<Crowd>();
    const auto make = [&crowd](int number) {
        if (number == 2) throw std::out_of_range("no third");
        return crowd.child(number, 10s);
    };
    auto coros = std::views::iota(0, 5) | std::views::transform(make);
    EXPECT_EQ(co_await expect_throws<std::out_of_range>(gather_limited(3, coros)), "no third");
    EXPECT_EQ(crowd.made, 2);
    EXPECT_EQ(crowd.running, 0);
    EXPECT_EQ(current_task().cancelling(), 0u);
    co_await sleep(1ms);
}

ASYNC_TEST(GatherLimited, leaves_no_cancellation_behind_when_all_fail, kAnyOrder) {
    const auto make = [](int number) { return fail_after(Duration(1ms) * (number % 2), std::to_string(number)); };
    auto coros = std::views::iota(0, 20) | std::views::transform(make);
    co_await expect_throws<std::runtime_error>(gather_limited(4, coros));
    EXPECT_EQ(current_task().cancelling(), 0u);
    co_await sleep(1ms);
}

ASYNC_TEST(GatherLimited, works_with_eager_tasks, kOnce) {
    get_running_loop().set_task_factory(eager_task_factory);
    Crowd& crowd = keep<Crowd>();
    const auto make = [&crowd](int number) { return crowd.child(number, number % 2 ? 1ms : 0ms); };
    auto coros = std::views::iota(0, 7) | std::views::transform(make);
    EXPECT_EQ(co_await gather_limited(2, coros), numbers(7));
    EXPECT_LE(crowd.most, 2);
    const auto fail = [](int) -> Coro<> {
        throw std::runtime_error("at once");
        co_return;
    };
    auto failing = std::views::iota(0, 7) | std::views::transform(fail);
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(gather_limited(2, failing)), "at once");
    get_running_loop().set_task_factory(nullptr);
}

// Extremes: gather_limited(limit)
ASYNC_TEST(Extremes, of_limits_of_a_gather, kOnce) {
    const auto make = [](int number) { return after(0ms, number); };
    auto coros = std::views::iota(0, 5) | std::views::transform(make);
    for (const std::ptrdiff_t limit : {PTRDIFF_MIN, std::ptrdiff_t{-1}, std::ptrdiff_t{0}}) {
        EXPECT_THAT(expect_error<ValueError>([&] { static_cast<void>(gather_limited(limit, coros)); }),
                    HasSubstr("at least 1"));
    }
    for (const std::ptrdiff_t limit : {std::ptrdiff_t{1}, std::ptrdiff_t{5}, PTRDIFF_MAX}) {
        EXPECT_EQ(co_await gather_limited(limit, coros), numbers(5));
    }
}

}  // namespace aio::test
