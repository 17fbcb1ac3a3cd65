// gather(): results in the order of the arguments, errors at once, cancellation for all.
#include <aio/core/gather.hpp>
#include <aio/core/wait.hpp>

#include "support/children.hpp"

#include <memory>
#include <stdexcept>

namespace aio::test {

namespace {

Coro<int> cancelled_after(Duration delay) {
    co_await sleep(delay);
    throw CancelledError("self");
}

}  // namespace

ASYNC_TEST(Gather, gives_results_in_the_order_of_the_arguments, kAnyOrder) {  // CPython: test_tasks.test_success
    const Stopwatch watch;                                                    // semantics 17
    auto [a, b, c] = co_await gather(after(3ms, 1), after(1ms, 2), after(2ms, 3));
    EXPECT_EQ(a, 1);
    EXPECT_EQ(b, 2);
    EXPECT_EQ(c, 3);
    watch.expect(3ms);
}

ASYNC_TEST(Gather, of_futures_is_done_when_the_last_one_is, kAnyOrder) {
    Future<int> a, b;
    Future<std::vector<int>> all = gather(std::vector<Future<int>>{a, b});
    b.set_result(2);
    co_await sleep(0s);
    EXPECT_FALSE(all.done());
    a.set_result(1);
    const std::vector<int> results = co_await all;
    EXPECT_EQ(results, (std::vector<int>{1, 2}));
}

ASYNC_TEST(Gather, of_nothing_is_done_at_once, kAnyOrder) {
    // CPython: test_tasks.test_constructor_empty_sequence_use_running_loop
    auto empty = gather(std::vector<Task<int>>());
    EXPECT_TRUE(empty.done());
    EXPECT_EQ(co_await empty, std::vector<int>());
    EXPECT_EQ(&empty.get_loop(), &get_running_loop());
    co_await gather();
}

LOOP_TEST(Gather, needs_a_running_loop) { EXPECT_THROW(gather(std::vector<Task<int>>()), RuntimeError); }

ASYNC_TEST(Gather, mixes_types_and_void, kAnyOrder) {
    auto [number, nothing, text] = co_await gather(after(1ms, 1), sleep(2ms), sleep(1ms, std::string("text")));
    EXPECT_EQ(number, 1);
    EXPECT_TRUE(nothing == None());
    EXPECT_EQ(text, "text");
    co_await gather(sleep(1ms), sleep(1ms));
}

ASYNC_TEST(Gather, throws_the_first_error_and_leaves_the_others_running, kAnyOrder) {  // semantics 17
    // CPython: test_tasks.test_one_exception
    Task<int> slow = create_task(after(100ms, 5));
    const Stopwatch watch;
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(gather(slow, fail_after(2ms, "first"))), "first");
    watch.expect(2ms);
    EXPECT_FALSE(slow.done());
    EXPECT_EQ(co_await slow, 5);
}

ASYNC_TEST(Gather, ignores_errors_after_the_first, kAnyOrder) {
    // CPython: test_tasks.test_result_exception_success, test_tasks.test_exception_marking
    Task<int> second = create_task(fail_after(2ms, "second"));
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(gather(after(0s, 1), fail_after(1ms, "first"), second)),
              "first");
    co_await sleep(5ms);
    EXPECT_TRUE(second.done());
    second = Task<int>();
    EXPECT_EQ(take_reports().size(), 0u) << "an error that the gather saw is no unretrieved one";
}

ASYNC_TEST(Gather, can_return_exceptions_in_place, kAnyOrder) {  // CPython: test_tasks.test_return_exceptions
    auto results = co_await gather(return_exceptions, after(2ms, 1), fail_after(1ms, "x"), cancelled_after(1ms));
    EXPECT_EQ(std::get<0>(results).value(), 1);
    EXPECT_EQ(expect_is<std::runtime_error>(std::get<1>(results).error()), "x");
    EXPECT_TRUE(std::get<2>(results).failed_with<CancelledError>());
    EXPECT_THROW(std::get<1>(results).value(), std::runtime_error);
}

ASYNC_TEST(Gather, of_a_vector_returns_exceptions_too, kAnyOrder) {
    std::vector<Coro<int>> coros;
    coros.push_back(after(1ms, 7));
    coros.push_back(fail_after(1ms, "bad"));
    const std::vector<Result<int>> results = co_await gather(std::move(coros), return_exceptions);
    CO_ASSERT_EQ(results.size(), 2u);
    EXPECT_EQ(results[0].value(), 7);
    EXPECT_FALSE(results[1].has_value());
}

ASYNC_TEST(Gather, takes_a_cancelled_child_for_an_error, kAnyOrder) {  // semantics 18
    // CPython: test_tasks.test_one_cancellation, test_tasks.test_result_exception_one_cancellation
    Task<int> child = create_task(after(10ms, 1)), other = create_task(after(2ms, 2));
    auto all = gather(child, other);
    co_await sleep(0s);
    child.cancel();
    co_await expect_throws<CancelledError>(all);
    EXPECT_FALSE(all.cancelled()) << "it failed with CancelledError";
    EXPECT_FALSE(other.done());
    EXPECT_EQ(co_await other, 2);
    EXPECT_EQ(current_task().cancelling(), 0u);
}

ASYNC_TEST(Gather, runs_a_task_once_that_is_given_twice, kAnyOrder) {  // semantics 17
    // CPython: test_tasks.test_duplicate_coroutines
    int& runs = keep<int>();
    Task<std::string> task = create_task([&runs]() -> Coro<std::string> {
        ++runs;
        co_return std::string(40, 'z');
    });
    const auto results = co_await gather(list(task, task, task));
    EXPECT_EQ(results, std::vector<std::string>(3, std::string(40, 'z')));
    EXPECT_EQ(runs, 1);
}

ASYNC_TEST(Gather, cancelled_cancels_all_children, kAnyOrder) {  // semantics 19
    // CPython: test_tasks.test_cancellation_broadcast
    Task<int> a = create_task(after(10s, 1)), b = create_task(after(10s, 2));
    auto all = gather(a, b);
    co_await sleep(0s);
    EXPECT_TRUE(all.cancel());
    EXPECT_FALSE(all.done()) << "not before the children";
    co_await expect_throws<CancelledError>(all);
    EXPECT_TRUE(all.cancelled());
    EXPECT_TRUE(a.cancelled());
    EXPECT_TRUE(b.cancelled());
    EXPECT_FALSE(all.cancel());
}

ASYNC_TEST(Gather, cancelled_with_its_waiter_waits_for_the_children, kAnyOrder) {  // semantics 19
    // CPython: test_tasks.test_cancel_gather_1, test_tasks.test_issue46672
    bool& cleaned_up = keep<bool>();
    auto child = [&cleaned_up]() -> Coro<> {
        std::exception_ptr cancelled;
        try {
            co_await sleep(10s);
        } catch (const CancelledError&) {
            cancelled = std::current_exception();
        }
        co_await sleep(3ms);
        cleaned_up = true;
        if (cancelled) std::rethrow_exception(cancelled);
    };
    Task<> waiter = create_task(
        [child]() -> Coro<> { static_cast<void>(co_await gather(list(create_task(child)), return_exceptions)); });
    co_await run_passes(5);
    waiter.cancel("stop");
    co_await expect_throws<CancelledError>(waiter);
    EXPECT_TRUE(cleaned_up);
}

ASYNC_TEST(Gather, cancelled_is_so_even_if_a_child_swallowed_it, kAnyOrder) {  // semantics 19
    // CPython: test_tasks.test_cancel_gather_2
    Task<int> stubborn = create_task([]() -> Coro<int> {
        bool cancelled = false;
        try {
            co_await sleep(10s);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        co_return cancelled ? 1 : 0;
    });
    auto all = gather(list(stubborn), return_exceptions);
    co_await sleep(0s);
    all.cancel();
    co_await expect_throws<CancelledError>(all);
    EXPECT_EQ(stubborn.result(), 1);
}

ASYNC_TEST(Gather, may_be_dropped_while_its_children_run, kAnyOrder) {
    Task<int> child = create_task(after(2ms, 1));
    {
        auto all = gather(child, fail_after(1ms, "dropped with it"));
        static_cast<void>(all);
    }
    co_await child;
    co_await run_passes(2);
    for (const Report& report : take_reports()) {
        EXPECT_EQ(report.what, "std::runtime_error: dropped with it");
    }
}

ASYNC_TEST(Gather, cancelled_passes_on_an_error_that_a_child_answers_with, kAnyOrder) {
    Task<> answers = create_task([]() -> Coro<> {
        bool cancelled = false;
        try {
            co_await sleep(10s);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        if (cancelled) throw std::runtime_error("clean-up failed");
    });
    Task<int> slow = create_task(after(10s, 1));
    auto all = gather(slow, answers);
    co_await sleep(0s);
    all.cancel();
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(all), "clean-up failed");
    EXPECT_TRUE(slow.cancelled());
}

ASYNC_TEST(Gather, of_futures_that_nobody_completes_can_be_dropped, kAnyOrder) {
    auto witness = std::make_shared<int>();
    {
        Future<> a, b;
        a.add_done_callback([witness] {});
        auto all = gather(a, b);
        EXPECT_FALSE(all.done());
    }
    EXPECT_EQ(witness.use_count(), 1) << "they do not keep each other alive";
    co_return;
}

ASYNC_TEST(Gather, moves_results_that_cannot_be_copied, kAnyOrder) {
    std::vector<Coro<std::unique_ptr<int>>> coros;
    auto make = [](int x) -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(x); };
    coros.push_back(make(1));
    coros.push_back(make(2));
    const auto pointers = co_await gather(std::move(coros));
    CO_ASSERT_EQ(pointers.size(), 2u);
    EXPECT_EQ(*pointers[0] + *pointers[1], 3);
}

ASYNC_TEST(Gather, of_done_tasks_needs_no_more_than_a_pass, kAnyOrder) {
    Task<int> done = create_task(after(0s, 4));
    co_await done;
    auto [a, b] = co_await gather(done, done);
    EXPECT_EQ(a + b, 8);
}

ASYNC_TEST(Gather, shares_its_children_with_others_who_wait, kAnyOrder) {
    std::vector<Task<int>> tasks{create_task(after(2ms, 1)), create_task(after(3ms, 2))};
    auto first = gather(tasks);
    auto second = gather(tasks);
    EXPECT_EQ(co_await tasks[0], 1);
    EXPECT_EQ((co_await second).size(), 2u);
    EXPECT_EQ((co_await first)[1], 2);
}

ASYNC_TEST(Gather, joins_those_who_wait_already, kAnyOrder) {
    Log& seen = keep<Log>();
    Future<int> a, b;
    a.add_done_callback([&seen] { seen.push_back("before"); });
    auto all = gather(a, b);
    a.add_done_callback([&seen] { seen.push_back("after"); });
    a.set_result(1);
    b.set_result(2);
    auto [x, y] = co_await all;
    EXPECT_EQ(x + y, 3);
    EXPECT_EQ(seen.size(), 2u);
}

ASYNC_TEST(Gather, dropped_leaves_the_others_who_wait, kAnyOrder) {
    Future<int> a, b;
    auto kept = gather(a, b);
    {
        auto dropped = gather(a, b, a);
        EXPECT_FALSE(dropped.done());
    }
    a.set_result(1);
    b.set_result(2);
    auto [x, y] = co_await kept;
    EXPECT_EQ(x + y, 3);
}

ASYNC_TEST(Gather, failed_sees_the_errors_of_children_that_others_watch, kAnyOrder) {
    Future<int> a, b;
    auto all = gather(a, b, b);
    auto other = gather(return_exceptions, b);
    a.set_exception(std::runtime_error("first"));
    co_await expect_throws<std::runtime_error>(all);
    b.set_exception(std::runtime_error("second"));
    auto [result] = co_await other;
    EXPECT_FALSE(result) << "the error, in place";
}

ASYNC_TEST(Gather, of_a_thousand_gives_them_all, kAnyOrder) {
    std::vector<Coro<int>> coros;
    const int count = static_cast<int>(scaled(1000));
    for (int i = 0; i < count; ++i) coros.push_back(after(0s, i));
    const std::vector<int> all = co_await gather(std::move(coros));
    CO_ASSERT_EQ(all.size(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], i);
}

namespace {

// How many of it there are, those that were moved from included.
class Counted {
public:
    Counted(int value, int& alive) : value_(value), alive_(&++alive) {}
    Counted(const Counted& other) noexcept : value_(other.value_), alive_(&++*other.alive_) {}
    Counted& operator=(const Counted& other) = delete;
    ~Counted() { --*alive_; }
    int value() const { return value_; }

private:
    int value_;
    int* alive_;
};

Coro<Counted> give_counted(int value, int& alive, Future<> when) {
    co_await when;
    co_return Counted(value, alive);
}

}  // namespace

ASYNC_TEST(Gather, lets_go_of_children_that_end_in_order_before_it_is_done, kAnyOrder) {
    EventLoop& loop = get_running_loop();
    Future<> now = loop.create_future(), later = loop.create_future();
    int &first = keep<int>(), &second = keep<int>(), &third = keep<int>();
    Task<Counted> shared = create_task(give_counted(2, second, now));
    std::vector<Task<Counted>> children;
    children.push_back(create_task(give_counted(1, first, now)));
    children.push_back(shared);
    children.push_back(create_task(give_counted(3, third, later)));
    Future<std::vector<Counted>> all = gather(std::move(children));
    co_await run_passes(2);
    now.set_result();
    co_await run_passes(4);
    EXPECT_EQ(first, 1);   // in the gather's hands: the task is gone, and its slot with it
    EXPECT_EQ(second, 1);  // in the task, of which somebody else has a handle
    EXPECT_EQ(third, 0);
    EXPECT_FALSE(all.done());
    later.set_result();
    const std::vector<Counted>& results = co_await all;
    CO_ASSERT_EQ(results.size(), 3u);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)].value(), i + 1);
    EXPECT_EQ((co_await shared).value(), 2);
}

ASYNC_TEST(Gather, that_took_results_early_still_fails_with_the_first_error, kAnyOrder) {
    std::vector<Coro<int>> children;
    children.push_back(after(1ms, 1));
    children.push_back(fail_after(2ms));
    children.push_back(after(3ms, 3));
    co_await expect_throws<std::runtime_error>(gather(std::move(children)));
    co_await sleep(5ms);
}

ASYNC_TEST(Gather, of_what_is_done_is_done_at_once) {  // semantics 17
    Task<int> one = create_task(after(0s, 1)), two = create_task(after(0s, 2));
    static_cast<void>(co_await wait(list(one, two)));
    EXPECT_EQ(gather(one, two).result(), (std::tuple<int, int>(1, 2)));
    EXPECT_EQ(gather(list(one, two)).result(), (std::vector<int>{1, 2}));
    EXPECT_TRUE(gather(one, two, return_exceptions).done());
    Task<int> later = create_task(after(1ms, 3));
    auto all = gather(one, later);
    EXPECT_FALSE(all.done());
    auto [a, b] = co_await all;
    EXPECT_EQ(a + b, 4);
}

ASYNC_TEST(Gather, with_one_that_has_failed_fails_at_once) {
    Task<int> bad = create_task(fail_after(0s, "bad")), pending = create_task(after(1ms, 1));
    static_cast<void>(co_await wait(list(bad)));
    auto all = gather(pending, bad);
    CO_ASSERT_TRUE(all.done());
    EXPECT_EQ(expect_is<std::runtime_error>(all.exception()), "bad");
    EXPECT_EQ(co_await pending, 1);
}

}  // namespace aio::test
