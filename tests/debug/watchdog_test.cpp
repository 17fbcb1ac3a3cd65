// The watchdog, on loops that are really blocked. What blocks them ends when the report has come: nothing is timed.
#include <aio/debug.hpp>

#include <aio/aio.hpp>

#include "core/sanitized.hpp"
#include "core/window.hpp"
#include "support/async_test.hpp"

#include <unistd.h>

#include <limits>
#include <mutex>

namespace aio::test {
namespace {

using testing::HasSubstr, testing::MatchesRegex;

std::mutex reports_mutex;
std::vector<std::string> reports;
TimePoint last_report_time;

void take_report(LogLevel, std::string_view text) {
    const std::lock_guard lock(reports_mutex);
    reports.emplace_back(text);
    last_report_time = std::chrono::steady_clock::now();
}
std::size_t report_count() {
    const std::lock_guard lock(reports_mutex);
    return reports.size();
}

// Takes what is reported, from here on, and ends the watchdog.
class Watched {
public:
    Watched() : before_(set_logger(take_report)) { reports.clear(); }
    explicit Watched(Duration threshold) : Watched() { debug::start_watchdog(threshold); }
    ~Watched() {
        debug::stop_watchdog();
        set_logger(before_);
    }

private:
    Logger before_;
};

// Does not return before there are `count` reports.
[[gnu::noinline]] void block_until_reported(std::size_t count) {
    while (report_count() < count) ::usleep(1000);
}

Coro<> blocks() {
    co_await aio::sleep(0s);
    block_until_reported(1);
    // The second report is made while the loop is free again.
    while (report_count() < 2) co_await aio::sleep(1ms);
}
Coro<> calls_what_blocks() { co_await blocks(); }

TEST(Watchdog, names_the_task_and_the_call_that_block_a_loop) {
    const Watched watched(20ms);
    const auto main = []() -> Coro<> {
        Task<> task = create_task(calls_what_blocks(), {.name = "culprit"});
        co_await task;
    };
    aio::run(main(), {.backend = "epoll"});
    ASSERT_EQ(reports.size(), 2u);
    EXPECT_THAT(
        reports[0],
        MatchesRegex("loop [0-9]+ has been blocked for [0-9]+ ms in a step of task 'culprit': none of its other "
                     "tasks can run\n"
                     "  blocks\\(\\) at .*watchdog_test.cpp:[0-9]+\n"
                     "  calls_what_blocks\\(\\) at .*watchdog_test.cpp:[0-9]+\n"
                     "the call that blocks, in thread [0-9]+:(.|\n)*"));
    EXPECT_THAT(reports[1], MatchesRegex("loop [0-9]+ was blocked for [0-9]+ ms in a step of task 'culprit'"));
    // The stack, innermost first; sanitizers put frames of their own between.
    if (!kSanitized) {
        EXPECT_THAT(reports[0], HasSubstr("block_until_reported()"));
    }
}

// The second step is blocked within a second of the first report: it is held back, not forgotten.
Coro<> blocks_twice() {
    co_await aio::sleep(0s);
    const TimePoint begin = std::chrono::steady_clock::now();
    block_until_reported(1);
    while (report_count() < 2) co_await aio::sleep(1ms);
    block_until_reported(3);
    EXPECT_GE(last_report_time - begin, 1s);
    while (report_count() < 4) co_await aio::sleep(1ms);
}

TEST(Watchdog, reports_one_step_a_second_and_never_forgets_one_that_stays_blocked) {
    const Watched watched(4ms);
    const auto main = []() -> Coro<> {
        Task<> task = create_task(blocks_twice(), {.name = "twice"});
        co_await task;
    };
    aio::run(main(), {.backend = "epoll"});
    ASSERT_EQ(reports.size(), 4u);
    for (const std::size_t begun : {0u, 2u})
        EXPECT_THAT(reports[begun], HasSubstr(" ms in a step of task 'twice': none of its other tasks can run"));
    for (const std::size_t over : {1u, 3u})
        EXPECT_THAT(reports[over], MatchesRegex("loop [0-9]+ was blocked for [0-9]+ ms in a step of task 'twice'"));
}

TEST(Watchdog, is_started_by_an_option_of_run_and_of_loops) {
    const auto blocked = []() -> Coro<> {
        co_await aio::sleep(0s);
        block_until_reported(1);
        while (report_count() < 2) co_await aio::sleep(1ms);
    };
    {
        const Watched watched;
        aio::run(blocked(), {.backend = "epoll", .watchdog = 20ms});
        EXPECT_EQ(reports.size(), 2u);
    }
    {
        const Watched watched;
        EventLoop loop({.backend = "epoll", .watchdog = 20ms});
        loop.run_until_complete(blocked());
        EXPECT_EQ(reports.size(), 2u);
    }
    for (const WatchdogOption threshold : {WatchdogOption(0s), WatchdogOption(Duration::min())}) {
        const auto main = []() -> Coro<> { co_return; };
        EXPECT_THROW(aio::run(main(), {.watchdog = threshold}), ValueError);
        EXPECT_THROW(EventLoop({.watchdog = threshold}), ValueError);
    }
    for (const WatchdogOption threshold : {WatchdogOption(1ns), WatchdogOption(std::chrono::hours::max())}) {
        const Watched watched;
        aio::run(aio::sleep(0s), {.watchdog = threshold});
    }
}

TEST(Watchdog, is_silent_about_loops_that_wait) {
    const Watched watched(4ms);
    const auto main = []() -> Coro<> {
        Event event;
        get_running_loop().call_later(40ms, [&] { event.set(); });
        co_await event.wait();
    };
    aio::run(main(), {.backend = "epoll"});
    EXPECT_THAT(reports, testing::IsEmpty());
}

// Extremes: debug::start_watchdog(threshold)
TEST(Watchdog, takes_any_positive_threshold) {
    EXPECT_THROW(debug::start_watchdog(Duration(0)), ValueError);
    EXPECT_THROW(debug::start_watchdog(Duration::min()), ValueError);
    for (const Duration threshold : {Duration(1), Duration::max()}) {
        debug::start_watchdog(threshold);
        aio::run(aio::sleep(0s));
        debug::stop_watchdog();
    }
    debug::stop_watchdog();
}

TEST(Watchdog, is_started_by_the_environment_if_it_names_a_duration) {
    for (const char* value : {"50ms", "1s", "0.5s", "4000us", "50"}) {
        detail::start_watchdog_as_asked(value);
        debug::stop_watchdog();
    }
    for (const char* value : {"x", "0", "-1ms", "nan", "inf", "1e300s", "5 ms", "5h"}) {
        try {
            detail::start_watchdog_as_asked(value);
            ADD_FAILURE() << value;
        } catch (const ValueError& error) {
            EXPECT_EQ(std::string(error.what()),
                      std::string("AIO_WATCHDOG=") + value + " is no duration: set it to one such as 50ms or 1s");
        }
    }
}

}  // namespace
}  // namespace aio::test
