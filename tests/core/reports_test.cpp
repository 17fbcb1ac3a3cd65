// Reports: what the exception handler is told, and when.
#include <aio/core/gather.hpp>
#include <aio/core/log.hpp>
#include <aio/core/task.hpp>

#include "core/loop_state.hpp"
#include "support/async_test.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>

namespace aio::test {

namespace {

Coro<> fail(const char* text) {
    throw std::runtime_error(text);
    co_return;
}

}  // namespace

ASYNC_TEST(Report, of_a_task_whose_exception_nobody_asked_for, kAnyOrder) {  // semantics 6
    // CPython: test_futures.test_tb_logger_exception_unretrieved
    create_task(fail("lost"), {.name = "loser"});
    co_await run_passes(2);
    const std::vector<Report> reports = take_reports();
    CO_ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].message, "Task exception was never retrieved");
    EXPECT_EQ(reports[0].what, "std::runtime_error: lost");
    EXPECT_EQ(reports[0].task, "loser");
    EXPECT_NE(reports[0].text.find("reports_test.cpp"), std::string::npos) << reports[0].text;
}

ASYNC_TEST(Report, of_a_future_whose_exception_nobody_asked_for, kAnyOrder) {  // semantics 6
    // CPython: test_futures.test_future_exception_never_retrieved
    {
        Future<int> future;
        future.set_exception(std::runtime_error("lost"));
    }
    EXPECT_EQ(take_report_messages(), Log{"Future exception was never retrieved"});
    co_return;
}

ASYNC_TEST(Report, does_not_come_when_somebody_asked, kAnyOrder) {  // semantics 6
    // CPython: test_futures.test_tb_logger_exception_retrieved
    {
        Future<int> asked, got, awaited, cancelled;
        asked.set_exception(std::runtime_error("x"));
        EXPECT_TRUE(asked.exception());
        got.set_exception(std::runtime_error("x"));
        EXPECT_THROW(got.result(), std::runtime_error);
        awaited.set_exception(std::runtime_error("x"));
        co_await expect_throws<std::runtime_error>(awaited);
        cancelled.cancel();
    }
    Task<> task = create_task(fail("x"));
    co_await expect_throws<std::runtime_error>(task);
    task = Task<>();
    co_await run_passes(2);
    EXPECT_EQ(take_reports().size(), 0u);
}

ASYNC_TEST(Report, comes_when_the_last_handle_goes_not_before, kAnyOrder) {
    Task<> task = create_task(fail("late"));
    co_await run_passes(3);
    EXPECT_TRUE(task.done());
    EXPECT_EQ(take_reports().size(), 0u);
    task = Task<>();
    EXPECT_EQ(take_reports().size(), 1u);
}

namespace {
std::optional<AnyTask> kept_task;
}

ASYNC_TEST(Report, may_be_kept_with_its_task, kOnce) {
    get_running_loop().set_exception_handler(
        [](EventLoop&, const ExceptionContext& context) { kept_task = context.task; });
    create_task(fail("kept"), {.name = "survivor"});
    co_await run_passes(2);
    CO_ASSERT_TRUE(kept_task.has_value());
    EXPECT_EQ(kept_task->get_name(), "survivor");
    EXPECT_TRUE(kept_task->done());
    kept_task.reset();
}

LOOP_TEST(Report, goes_to_the_handler_that_was_set) {  // CPython: test_base_events.test_set_exc_handler_custom
    Log& log = keep<Log>();
    loop.set_exception_handler(
        [&log](EventLoop&, const ExceptionContext& context) { log.push_back(context.message); });
    EXPECT_TRUE(loop.get_exception_handler());
    loop.call_soon([] { throw std::runtime_error("in callback"); });
    loop.stop();
    loop.run_forever();
    ASSERT_EQ(log.size(), 1u);
    EXPECT_NE(log[0].find("Exception in callback"), std::string::npos);
    loop.set_exception_handler(nullptr);
    EXPECT_FALSE(loop.get_exception_handler());
    loop.call_soon([] { throw std::runtime_error("to the default one"); });
    loop.stop();
    loop.run_forever();
    EXPECT_EQ(log.size(), 1u);
    const Log logs = take_logs();
    ASSERT_EQ(logs.size(), 1u);
    EXPECT_NE(logs[0].find("to the default one"), std::string::npos);
}

LOOP_TEST(Report, by_a_broken_handler_goes_to_the_default_one) {  // semantics 33
    // CPython: test_base_events.test_set_exc_handler_broken
    loop.set_exception_handler([](EventLoop&, const ExceptionContext&) { throw std::runtime_error("broken"); });
    loop.call_soon([] { throw std::runtime_error("boom"); });
    bool& other = keep<bool>();
    loop.call_soon([&other] { other = true; });
    loop.stop();
    loop.run_forever();
    EXPECT_TRUE(other);
    const Log logs = take_logs();
    ASSERT_EQ(logs.size(), 1u);
    EXPECT_NE(logs[0].find("Unhandled error in exception handler"), std::string::npos);
    EXPECT_NE(logs[0].find("broken"), std::string::npos);
}

LOOP_TEST(Report, by_a_broken_logger_ends_there, kOnce) {  // semantics 33
    // CPython: test_base_events.test_default_exc_handler_broken
    loop.set_exception_handler(nullptr);
    const Logger previous = set_logger([](LogLevel, std::string_view) { throw std::runtime_error("no log"); });
    loop.call_soon([] { throw std::runtime_error("boom"); });
    bool& other = keep<bool>();
    loop.call_soon([&other] { other = true; });
    loop.stop();
    loop.run_forever();
    set_logger(previous);
    EXPECT_TRUE(other);
}

LOOP_TEST(Report, of_slow_callbacks_in_debug_mode, kOnce) {  // CPython: test_base_events.test_log_slow_callbacks
    loop.set_debug(true);
    loop.set_slow_callback_duration(1ms);
    const auto spin = [] {
        const auto end = std::chrono::steady_clock::now() + 2ms;
        while (std::chrono::steady_clock::now() < end) {}
    };
    loop.call_soon(spin);
    loop.create_task(
        [spin]() -> Coro<> {
            spin();
            co_await sleep(0s);
        },
        {.name = "slow one"});
    for (int i = 0; i < 3; ++i) {
        loop.stop();
        loop.run_forever();
    }
    loop.set_debug(false);
    Log logs = take_logs();
    std::erase_if(logs, [](const std::string& line) { return line.starts_with("poll took"); });  // on a busy machine
    ASSERT_EQ(logs.size(), 2u);
    EXPECT_NE(logs[0].find("Executing <Handle"), std::string::npos) << logs[0];
    EXPECT_NE(logs[1].find("slow one"), std::string::npos) << logs[1];
    EXPECT_NE(logs[1].find("seconds"), std::string::npos) << logs[1];
}

namespace {

// Blocks the poll before which it is called.
struct SlowWrite final : aio::detail::Deferred {
    void before_poll() noexcept override { block_for(1s); }
};

}  // namespace

LOOP_TEST(Report, of_slow_polls_in_debug_mode, kOnce) {
    SlowWrite& write = keep<SlowWrite>();
    loop.set_slow_callback_duration(100ms);
    for (const bool debug : {false, true}) {
        loop.set_debug(debug);
        loop.state().backend->defer(write);
        loop.call_later(10ms, [&loop] { loop.stop(); });
        loop.run_forever();
    }
    loop.set_debug(false);
    EXPECT_THAT(take_logs(), testing::Contains(testing::StartsWith("poll took ")));
}

LOOP_TEST(Report, of_coroutines_that_nobody_awaited_in_debug_mode) {
    { auto dropped = fail("never runs"); }
    EXPECT_EQ(take_logs(), Log{});
    loop.set_debug(true);
    const int line = __LINE__ + 1;
    loop.call_soon([] { auto dropped = fail("never runs"); });
    loop.stop();
    loop.run_forever();
    loop.set_debug(false);
    const Log logs = take_logs();
    ASSERT_EQ(logs.size(), 1u);
    EXPECT_NE(logs[0].find("coroutine 'fail' was never awaited"), std::string::npos) << logs[0];
#ifdef __OPTIMIZE__
    // A compiler may put the call's code into the caller's: then it is the caller's caller that is named.
    EXPECT_NE(logs[0].find("\n  created at "), std::string::npos) << logs[0] << line;
#else
    EXPECT_NE(logs[0].find("reports_test.cpp:" + std::to_string(line)), std::string::npos) << logs[0];
#endif
}

ASYNC_TEST(Report, calls_a_line_what_it_is, kAnyOrder) {
    const auto after_an_await = []() -> Coro<> {
        co_await sleep(0s);
        throw std::runtime_error("thrown two lines below an await");
    };
    create_task(after_an_await);
    create_task(fail("thrown before any"));
    co_await run_passes(3);
    const std::vector<Report> reports = take_reports();
    CO_ASSERT_EQ(reports.size(), 2u);
    for (const Report& each : reports) {
        if (each.what.ends_with("any")) {
            EXPECT_THAT(each.text, testing::HasSubstr("reports_test.cpp\", in fail (before its first await)\n"))
                << "no line";
        } else {
            EXPECT_THAT(each.text,
                        testing::ContainsRegex("reports_test.cpp\", line [0-9]+, in .* \\(its last await\\)"));
        }
    }
}

ASYNC_TEST(Report, shows_the_awaits_that_the_exception_passed, kAnyOrder) {
    auto middle = []() -> Coro<> { co_await fail("deep"); };
    auto outer = [middle]() -> Coro<> { co_await middle(); };
    Task<> task = create_task(outer);
    co_await run_passes(2);
    const auto stack = task.get_stack();
    EXPECT_GE(stack.size(), 3u);
    co_await expect_throws<std::runtime_error>(task);
}

ASYNC_TEST(Stack, of_a_suspended_task_lists_its_frames, kAnyOrder) {
    auto inner = []() -> Coro<> { co_await sleep(10s); };
    auto outer = [inner]() -> Coro<> { co_await inner(); };
    Task<> task = create_task(outer);
    co_await run_passes(2);
    const auto stack = task.get_stack();
    CO_ASSERT_GE(stack.size(), 2u);
    EXPECT_LT(stack[0].line(), stack[1].line()) << "innermost first";
    EXPECT_EQ(task.get_stack(1).size(), 1u);
    EXPECT_EQ(task.get_stack(1)[0].line(), stack[0].line()) << "the newest";
    task.cancel();
    co_await expect_throws<CancelledError>(task);
}

ASYNC_TEST(Stack, of_a_failed_task_is_its_traceback_cut_at_the_newer_end, kAnyOrder) {
    auto outer = []() -> Coro<> { co_await fail("deep"); };
    Task<> task = create_task(outer);
    co_await expect_throws<std::runtime_error>(task);
    const auto stack = task.get_stack();
    CO_ASSERT_GE(stack.size(), 2u);
    CO_ASSERT_EQ(task.get_stack(1).size(), 1u);
    EXPECT_EQ(task.get_stack(1)[0].line(), stack.back().line()) << "the oldest";
    EXPECT_TRUE(task.get_stack(0).empty());
}

namespace {

// What has an operator<< as streams have.
struct Text {
    std::string text;
    Text& operator<<(const std::string& more) {
        text += more;
        return *this;
    }
};

}  // namespace

ASYNC_TEST(Stack, is_printed_in_the_form_of_a_traceback, kAnyOrder) {  // CPython: test_tasks.test_task_print_stack
    auto waits = []() -> Coro<> { co_await sleep(10s); };
    auto outer = [waits]() -> Coro<> { co_await waits(); };
    Task<> task = create_task(outer, {.name = "printed"});
    co_await run_passes(2);
    Text file;
    task.print_stack(file);
    EXPECT_THAT(file.text, testing::StartsWith("Stack for <Task pending name='printed'"));
    EXPECT_THAT(file.text, testing::HasSubstr("(most recent call last):\n  File \""));
    EXPECT_THAT(file.text, testing::HasSubstr("reports_test.cpp\", line "));
    EXPECT_THAT(file.text, testing::EndsWith("\n"));
    task.cancel();
    co_await expect_throws<CancelledError>(task);
}

ASYNC_TEST(Stack, of_a_failed_task_is_printed_with_its_exception_and_stays_unretrieved, kAnyOrder) {
    {
        Task<> task = create_task(fail("told later"), {.name = "failed"});
        co_await run_passes(2);
        task.print_stack();
    }
    const Log logs = take_logs();
    CO_ASSERT_EQ(logs.size(), 1u);
    EXPECT_THAT(logs[0], testing::StartsWith("Traceback for <Task finished with an exception name='failed'"));
    EXPECT_THAT(logs[0], testing::EndsWith("\nstd::runtime_error: told later"));
    EXPECT_EQ(take_report_messages(), Log{"Task exception was never retrieved"});
}

ASYNC_TEST(Stack, of_a_task_that_returned_is_none, kAnyOrder) {
    Task<> task = create_task(sleep(0ms), {.name = "returned"});
    co_await task;
    Text file;
    task.print_stack(file);
    EXPECT_THAT(file.text, testing::StartsWith("No stack for <Task finished name='returned'"));
}

}  // namespace aio::test
