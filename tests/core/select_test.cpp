// select(): the first of several awaitables, and the end of the others.
#include <aio/core/select.hpp>
#include <aio/core/timeout.hpp>

#include "support/async_test.hpp"

#include <stdexcept>
#include <string>

namespace aio::test {

namespace {

Coro<int> seven_after(Duration delay) {
    co_await sleep(delay);
    co_return 7;
}
Coro<std::string> words_after(Duration delay) {
    co_await sleep(delay);
    co_return "words";
}
Coro<> note_how_it_ends(Log& log, Duration delay) {
    std::exception_ptr cancelled;
    try {
        co_await sleep(delay);
        log.push_back("over");
    } catch (const CancelledError&) {
        cancelled = std::current_exception();
    }
    if (!cancelled) co_return;
    co_await sleep(1ms);  // cleaning up takes a while
    log.push_back("cancelled");
    std::rethrow_exception(cancelled);
}
Coro<int> fail_after(Duration delay, const char* text) {
    co_await sleep(delay);
    throw std::runtime_error(text);
}

}  // namespace

ASYNC_TEST(Select, gives_the_first_result_by_its_place) {
    const auto first = co_await select(seven_after(20s), words_after(5ms), sleep(30s));
    CO_ASSERT_EQ(first.index(), 1u);
    EXPECT_EQ(std::get<1>(first), "words");
    const auto second = co_await select(seven_after(1ms), sleep(30s));
    EXPECT_EQ(std::get<int>(second), 7);
    const auto third = co_await select(seven_after(30s), sleep(1ms));
    EXPECT_TRUE(std::holds_alternative<None>(third));
}

ASYNC_TEST(Select, cancels_the_others_and_waits_for_their_end, kAnyOrder) {
    Log& log = keep<Log>();
    const auto first = co_await select(note_how_it_ends(log, 1h), seven_after(1ms), note_how_it_ends(log, 2h));
    EXPECT_EQ(first.index(), 1u);
    EXPECT_EQ(log, (Log{"cancelled", "cancelled"}));
    EXPECT_EQ(all_tasks().size(), 1u);
}

ASYNC_TEST(Select, of_those_that_are_done_at_once_takes_what_stands_first, kAnyOrder) {
    Future<int> later, done;
    done.set_result(4);
    Future<> also;
    also.set_result();
    const auto first = co_await select(later, done, also);
    CO_ASSERT_EQ(first.index(), 1u);
    EXPECT_EQ(std::get<1>(first), 4);
    EXPECT_TRUE(later.cancelled());
    EXPECT_FALSE(also.cancelled()) << "it was done, and keeps its result";
}

ASYNC_TEST(Select, throws_what_the_first_throws, kAnyOrder) {
    Log& log = keep<Log>();
    auto failing = select(note_how_it_ends(log, 1h), fail_after(1ms, "first"));
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(std::move(failing)), "first");
    EXPECT_EQ(log, Log{"cancelled"});
    Future<> cancelled;
    cancelled.cancel();
    co_await expect_throws<CancelledError>(select(cancelled, sleep(1h)));
}

ASYNC_TEST(Select, reports_what_a_loser_throws, kAnyOrder) {
    const auto fail_when_cancelled = []() -> Coro<> {
        bool cancelled = false;
        try {
            co_await sleep(1h);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        if (cancelled) throw std::runtime_error("while it cleaned up");
    };
    const auto first = co_await select(fail_when_cancelled, seven_after(1ms));
    EXPECT_EQ(first.index(), 1u);
    co_await run_passes(1);
    const std::vector<Report> reports = take_reports();
    CO_ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].what, "std::runtime_error: while it cleaned up");
}

ASYNC_TEST(Select, that_is_cancelled_cancels_all_and_waits_for_them, kAnyOrder) {
    Log& log = keep<Log>();
    const auto wait_for_one = [&log]() -> Coro<> {
        co_await select(note_how_it_ends(log, 1h), note_how_it_ends(log, 2h));
    };
    Task<> task = create_task(wait_for_one);
    co_await run_passes(3);
    task.cancel("enough");
    EXPECT_EQ(co_await expect_throws<CancelledError>(task), "enough");
    EXPECT_EQ(log, (Log{"cancelled", "cancelled"}));
    co_await expect_throws<TimeoutError>(wait_for(select(sleep(1h), sleep(2h)), 1ms));
    EXPECT_EQ(all_tasks().size(), 1u);
}

ASYNC_TEST(Select, that_is_cancelled_while_the_losers_end_waits_for_them_still, kAnyOrder) {
    Log& log = keep<Log>();
    const auto wait_for_one = [&log]() -> Coro<> { co_await select(seven_after(1ms), note_how_it_ends(log, 1h)); };
    Task<> task = create_task(wait_for_one);
    while (log.empty() && !task.done()) {
        co_await sleep(100us);
        task.cancel();
    }
    co_await expect_throws<CancelledError>(task);
    EXPECT_EQ(all_tasks().size(), 1u) << "nothing goes on behind its back";
}

ASYNC_TEST(Select, of_a_task_that_does_not_end_waits_until_it_does, kAnyOrder) {
    bool& ended = keep<bool>();
    const auto stubborn = [&ended]() -> Coro<> {
        for (int i = 0; i < 3; ++i) {
            try {
                co_await sleep(5ms);
            } catch (const CancelledError&) {}
        }
        ended = true;
    };
    co_await select(stubborn, sleep(0s));
    EXPECT_TRUE(ended);
}

ASYNC_TEST(Select, moves_results_and_refers_to_references, kAnyOrder) {
    const auto pointer = []() -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
    auto first = co_await select(pointer, sleep(1h));
    EXPECT_EQ(*std::get<0>(first), 3);
    int& number = keep<int>(4);
    const auto reference = [&number]() -> Coro<int&> { co_return number; };
    auto second = co_await select(reference, sleep(1h));
    ++std::get<0>(second).get();
    EXPECT_EQ(number, 5);
}

ASYNC_TEST(Select, of_a_vector_gives_the_place_too, kAnyOrder) {
    std::vector<Coro<int>> coros;
    for (const Duration delay : {Duration(3s), Duration(1ms), Duration(2s)}) coros.push_back(seven_after(delay));
    auto [place, value] = co_await select(std::move(coros));
    EXPECT_EQ(place, 1u);
    EXPECT_EQ(value, 7);
    co_await expect_throws<ValueError>(select(std::vector<Task<>>()));
    std::vector<AnyTask> tasks{create_task(seven_after(1h)), create_task(words_after(1ms))};
    const auto ended = co_await select(tasks);
    EXPECT_EQ(ended.first, 1u);
    EXPECT_TRUE(tasks[0].cancelled());
}

}  // namespace aio::test
