// The loop: callbacks, timers, stopping, errors.
#include <aio/core/event_loop.hpp>

#include "core/loop_state.hpp"
#include "support/async_test.hpp"

#include <memory>
#include <stdexcept>

namespace aio::test {

namespace {

void run_pass(EventLoop& loop) {
    loop.stop();
    loop.run_forever();
}

}  // namespace

LOOP_TEST(EventLoop, once_closed_refuses_everything) {  // CPython: test_base_events.test_close
    EXPECT_FALSE(loop.is_closed());
    loop.close();
    EXPECT_TRUE(loop.is_closed());
    loop.close();
    EXPECT_THROW(loop.run_forever(), RuntimeError);
    EXPECT_THROW(loop.call_soon([] {}), RuntimeError);
    EXPECT_THROW(loop.call_later(1s, [] {}), RuntimeError);
    EXPECT_THROW(loop.call_soon_threadsafe([] {}), RuntimeError);
    EXPECT_THROW(loop.run_until_complete(sleep(0s)), RuntimeError);
}

LOOP_TEST(EventLoop, refuses_tasks_once_closed_and_drops_the_coroutine) {
    // CPython: test_tasks.test_error_in_call_soon
    auto witness = std::make_shared<int>();
    auto body = [](std::shared_ptr<int>) -> Coro<> { co_return; };
    loop.close();
    EXPECT_THROW(loop.create_task(body(witness)), RuntimeError);
    EXPECT_EQ(witness.use_count(), 1);
    EXPECT_EQ(all_tasks(loop).size(), 0u);
}

ASYNC_TEST(EventLoop, cannot_be_closed_while_it_runs,
           kAnyOrder) {  // CPython: test_events.test_close_running_event_loop
    EXPECT_THROW(get_running_loop().close(), RuntimeError);
    EXPECT_FALSE(get_running_loop().is_closed());
    EXPECT_TRUE(get_running_loop().is_running());
    co_return;
}

ASYNC_TEST(CallSoon, runs_in_the_next_pass_in_order) {  // CPython: test_base_events.test_call_soon  semantics 1
    Log& log = keep<Log>();
    EventLoop& loop = get_running_loop();
    loop.call_soon([&] {
        log.push_back("a");
        loop.call_soon([&] { log.push_back("next pass"); });
    });
    loop.call_soon([&](std::string text) { log.push_back(text); }, "b");
    EXPECT_EQ(log, Log{});
    co_await sleep(0s);
    EXPECT_EQ(log, (Log{"a", "b"})) << "what is added meanwhile waits";
    co_await sleep(0s);
    EXPECT_EQ(log, (Log{"a", "b", "next pass"}));
}

ASYNC_TEST(CallSoon, can_be_cancelled, kAnyOrder) {
    auto witness = std::make_shared<int>();
    Handle handle = get_running_loop().call_soon([witness] { ADD_FAILURE() << "called"; });
    EXPECT_FALSE(handle.cancelled());
    handle.cancel();
    handle.cancel();
    EXPECT_TRUE(handle.cancelled());
    EXPECT_EQ(witness.use_count(), 1) << "the function is gone at once";
    co_await sleep(0s);
}

ASYNC_TEST(CallSoon, holds_nothing_once_it_was_called_though_its_handle_is_kept, kAnyOrder) {
    auto held = std::make_shared<int>();
    const std::weak_ptr<int> witness = held;
    const Handle handle = get_running_loop().call_soon([held = std::move(held)] {});
    co_await settle();
    EXPECT_TRUE(witness.expired());
}

ASYNC_TEST(CallSoon, that_throws_is_reported_and_stops_nobody, kAnyOrder) {
    bool& other = keep<bool>();
    get_running_loop().call_soon([] { throw std::runtime_error("boom"); });
    get_running_loop().call_soon([&other] { other = true; });
    co_await sleep(0s);
    EXPECT_TRUE(other);
    const std::vector<Report> reports = take_reports();
    CO_ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].what, "std::runtime_error: boom");
}

ASYNC_TEST(CallLater, waits_for_the_delay, kAnyOrder) {  // CPython: test_events.test_call_later
    Future<> called;
    const Stopwatch watch;
    get_running_loop().call_later(10ms, [called] { called.set_result(); });
    co_await called;
    watch.expect(10ms);
}

ASYNC_TEST(CallLater, takes_a_negative_delay_for_none) {  // CPython: test_base_events.test_call_later_negative_delays
    Log& log = keep<Log>();
    EventLoop& loop = get_running_loop();
    loop.call_later(-1s, [&] { log.push_back("a"); });
    loop.call_later(-2s, [&] { log.push_back("b"); });
    const Stopwatch watch;
    co_await run_passes(2);
    EXPECT_EQ(log, (Log{"b", "a"}));
    watch.expect(0s);
}

LOOP_TEST(CallAt, knows_its_moment) {  // CPython: test_base_events.test_time_and_call_at
    const TimePoint start = loop.time(), when = start + 10ms;
    TimePoint& called_at = keep<TimePoint>();
    TimerHandle handle = loop.call_at(when, [&] {
        called_at = loop.time();
        loop.stop();
    });
    EXPECT_EQ(handle.when(), when);
    loop.run_forever();
    EXPECT_GE(called_at, when);
    if (virtual_time()) {
        EXPECT_EQ(called_at, when);
    }
}

LOOP_TEST(CallAt, equal_moments_run_in_the_order_of_the_calls) {  // semantics 2
    Log& log = keep<Log>();
    const TimePoint when = loop.time() + 5ms;
    loop.call_at(when + 1ms, [&] { loop.stop(); });
    for (const char* name : {"a", "b", "c", "d"}) loop.call_at(when, [&log, name] { log.push_back(name); });
    loop.call_at(when - 1ms, [&log] { log.push_back("early"); });
    loop.run_forever();
    EXPECT_EQ(log, (Log{"early", "a", "b", "c", "d"}));
}

LOOP_TEST(CallAt, a_timer_may_cancel_one_that_is_due_with_it) {
    const TimePoint when = loop.time() + 5ms;
    TimerHandle& second = keep<TimerHandle>();
    loop.call_at(when, [&] { second.cancel(); });
    second = loop.call_at(when, [] { ADD_FAILURE() << "called"; });
    loop.call_at(when, [&] { loop.stop(); });
    loop.run_forever();
    EXPECT_TRUE(second.cancelled());
}

ASYNC_TEST(CallSoon, may_cancel_its_own_handle, kAnyOrder) {
    Handle& handle = keep<Handle>();
    Log& log = keep<Log>();
    handle = get_running_loop().call_soon([&handle, &log, text = std::string(40, 'x')] {
        handle.cancel();
        log.push_back(text);
    });
    co_await sleep(0s);
    EXPECT_EQ(log, Log{std::string(40, 'x')});
    EXPECT_TRUE(handle.cancelled());
}

LOOP_TEST(TimerHandle, can_be_cancelled) {  // CPython: test_events.test_timer
    auto witness = std::make_shared<int>();
    TimerHandle handle = loop.call_later(10s, [witness] {});
    EXPECT_FALSE(handle.cancelled());
    handle.cancel();
    EXPECT_TRUE(handle.cancelled());
    EXPECT_EQ(witness.use_count(), 1);
    EXPECT_EQ(loop.state().timers.size(), 0u);
}

LOOP_TEST(TimerHandle, compares_by_its_moment) {  // CPython: test_events.test_timer_comparison
    const TimePoint when = loop.time() + 10s;
    TimerHandle a = loop.call_at(when, [] {}), b = loop.call_at(when, [] {}), c = loop.call_at(when + 1s, [] {});
    EXPECT_FALSE(a == b) << "two calls";
    EXPECT_TRUE(a == a);
    EXPECT_TRUE(a < c);
    EXPECT_TRUE(c > b);
    EXPECT_TRUE(a <= b && a >= b);
    for (const TimerHandle& handle : {a, b, c}) handle.cancel();
}

LOOP_TEST(EventLoop, does_not_keep_cancelled_timers) {  // semantics 2
    // CPython: test_base_events.test__run_once_cancelled_event_cleanup
    std::vector<TimerHandle> handles;
    for (int i = 0; i < 1000; ++i) handles.push_back(loop.call_later(10s + i * 1ms, [] {}));
    for (int i = 0; i < 1000; ++i) {
        if (i % 10 != 0) handles[static_cast<std::size_t>(i)].cancel();
    }
    EXPECT_EQ(loop.state().timers.size(), 100u);
    EXPECT_LE(loop.state().timers.capacity_used(), 300u);
    for (const TimerHandle& handle : handles) handle.cancel();
    EXPECT_EQ(loop.state().timers.capacity_used(), 0u);
}

LOOP_TEST(EventLoop, runs_a_task_to_its_end) {  // CPython: test_base_events.test_run_until_complete_loop
    const int result = loop.run_until_complete([]() -> Coro<int> {
        co_await sleep(1ms);
        co_return 7;
    });
    EXPECT_EQ(result, 7);
    EXPECT_FALSE(loop.is_running());
    Future<int> future = loop.create_future<int>();
    loop.call_soon([future] { future.set_result(3); });
    EXPECT_EQ(loop.run_until_complete(future), 3);
}

LOOP_TEST(EventLoop, passes_on_what_the_task_throws) {
    EXPECT_THROW(loop.run_until_complete([]() -> Coro<> {
        throw std::runtime_error("x");
        co_return;
    }),
                 std::runtime_error);
}

LOOP_TEST(EventLoop, stopped_before_it_runs_makes_one_pass) {  // semantics 3
    // CPython: test_base_events.test_run_forever_pre_stopped
    Log& log = keep<Log>();
    loop.call_soon([&] {
        log.push_back("first");
        loop.call_soon([&] { log.push_back("second"); });
    });
    loop.stop();
    loop.run_forever();
    EXPECT_EQ(log, Log{"first"});
    run_pass(loop);
    EXPECT_EQ(log, (Log{"first", "second"}));
}

LOOP_TEST(EventLoop, stop_lets_the_pass_finish) {  // semantics 3
    Log& log = keep<Log>();
    loop.call_soon([&] { loop.stop(); });
    loop.call_soon([&] { log.push_back("same pass"); });
    loop.run_forever();
    EXPECT_EQ(log, Log{"same pass"});
}

LOOP_TEST(EventLoop, stopped_before_the_future_is_done_is_an_error) {
    // CPython: test_events.test_run_until_complete_stopped, test_tasks.test_stop_while_run_in_complete
    Task<> task = loop.create_task(sleep(1s));
    loop.call_later(1ms, [&loop] { loop.stop(); });
    EXPECT_THROW(loop.run_until_complete(task), RuntimeError);
    EXPECT_FALSE(task.done());
    loop.run_until_complete(task);
}

ASYNC_TEST(EventLoop, does_not_run_inside_itself, kAnyOrder) {
    // CPython: test_events.test_run_until_complete_nesting
    EventLoop& loop = get_running_loop();
    EXPECT_THROW(loop.run_forever(), RuntimeError);
    EXPECT_THROW(loop.run_until_complete(sleep(0s)), RuntimeError);
    EXPECT_TRUE(loop.is_running());
    co_await run_passes(3);
}

ASYNC_TEST(EventLoop, does_not_run_inside_another, kAnyOrder) {
    EventLoop other({.backend = "sim"});
    EXPECT_THROW(other.run_forever(), RuntimeError);
    EXPECT_FALSE(other.is_running());
    co_return;
}

LOOP_TEST(EventLoop, is_left_by_keyboard_interrupt_and_goes_on_where_it_was) {
    Log& log = keep<Log>();
    loop.call_soon([] { throw KeyboardInterrupt(); });
    loop.call_soon([&] { log.emplace_back("rest of the pass"); });
    EXPECT_THROW(loop.run_forever(), KeyboardInterrupt);
    EXPECT_FALSE(loop.is_running());
    EXPECT_EQ(log, Log{});
    run_pass(loop);
    EXPECT_EQ(log, Log{"rest of the pass"});
}

ASYNC_TEST(EventLoop, cancels_promptly, kAnyOrder) {  // CPython: test_events.test_prompt_cancellation
    Task<> task = create_task(sleep(10s));
    co_await sleep(0s);
    const Stopwatch watch;
    task.cancel();
    co_await run_passes(3);
    EXPECT_TRUE(task.cancelled());
    watch.expect(0s);
}

ASYNC_TEST(EventLoop, does_not_spin_before_a_timer, kOnce) {  // CPython: test_events.test_timeout_rounding
    // One pass to arm, one to fire, one to resume; a few for a clock that the kernel rounds.
    EventLoop& loop = get_running_loop();
    int& passes = keep<int>();
    loop.state().before_step = [](detail::LoopState&, detail::TaskBase&, void* count) {
        ++*static_cast<int*>(count);
    };
    loop.state().before_step_data = &passes;
    loop.state().update_observed();
    for (Duration delay : {Duration(1'000), Duration(10'000), Duration(100'000), Duration(1'000'000)}) {
        co_await sleep(delay);
    }
    loop.state().before_step = nullptr;
    loop.state().update_observed();
    EXPECT_LE(passes, 16);
}

ASYNC_TEST(TaskFactory, is_told_of_each_task, kAnyOrder) {
    EventLoop& loop = get_running_loop();
    EXPECT_EQ(loop.get_task_factory(), nullptr);
    loop.set_task_factory([](EventLoop&, AnyTask task) { task.set_name("made by factory"); });
    Task<> task = create_task(sleep(0s));
    loop.set_task_factory(nullptr);
    EXPECT_EQ(task.get_name(), "made by factory");
    co_await task;
}

ASYNC_TEST(TaskFactory, eager_starts_tasks_at_once) {
    get_running_loop().set_task_factory(eager_task_factory);
    Log& log = keep<Log>();
    Task<> task = create_task([&log]() -> Coro<> {
        log.push_back("task");
        co_return;
    });
    log.push_back("creator");
    get_running_loop().set_task_factory(nullptr);
    EXPECT_EQ(log, (Log{"task", "creator"}));
    EXPECT_TRUE(task.done());
    co_return;
}

}  // namespace aio::test
