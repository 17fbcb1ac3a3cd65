// ASYNC_TEST: a GoogleTest test whose body is a coroutine.
//
//     ASYNC_TEST(Sleep, waits_for_its_delay) {           // CPython: test_tasks.test_sleep
//         const Stopwatch watch;
//         co_await aio::sleep(10ms);
//         watch.expect(10ms);
//     }
//
// Each body runs on a fresh EventLoop (AIO_BACKEND: epoll, io_uring, sim; default: sim) as its main task. When it
// has ended, the test asserts that nothing is left: no task, no timer, no operation in flight, nothing ready, no
// descriptor, no report and no log line that the body did not take. A body that waits for what cannot come fails
// at once instead of hanging.
//
// AIO_TEST_RERUN=alloc|cancel|io|shuffle runs each body many times with something going wrong at each point in
// turn (rerun.hpp). What a body expects then does not count; what counts is that nothing crashes, hangs or leaks.
//
// A body may be cut short at any point while the tasks it started go on: what they use must be made with keep(),
// not stand on the body's frame, and functions are given to create_task (which copies them), not called for it.
//
// ASSERT_* return, which a coroutine cannot: use CO_ASSERT_*. EXPECT_* work as they are.
#pragma once

#include <aio/core/event_loop.hpp>
#include <aio/core/sleep.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/allocations.hpp"

#include <gmock/gmock.h>

namespace aio::detail {
enum class OpKind : std::uint8_t;
}

namespace aio::test {

using namespace std::chrono_literals;

using Log = std::vector<std::string>;

namespace harness {
void skip_time(Duration duration);
void fail_next(detail::OpKind kind, int error, std::size_t times);
void keep_alive(std::shared_ptr<void> object);
void note_problem(std::string_view problem);
}  // namespace harness

// An object that outlives the body and its tasks; it is destroyed before the loop closes.
template <class T, class... Args>
T& keep(Args&&... args) {
    const UnwatchedAllocations mine;
    auto object = std::make_shared<T>(std::forward<Args>(args)...);
    harness::keep_alive(object);
    return *object;
}

// What the loop's exception handler was told.
struct Report {
    std::string message;
    std::string what;  // of the exception: "std::runtime_error: boom"
    std::string task;  // its name
    std::string text;  // format_report
    std::exception_ptr exception;
};

// Takes what was reported so far. A test that leaves reports behind fails.
std::vector<Report> take_reports();
// The same for what the logger got: default reports, and warnings of debug mode.
Log take_logs();
// The messages of take_reports().
Log take_report_messages();

enum Option : unsigned {
    kAnyOrder = 1,  // holds in every order of ready tasks: AIO_TEST_RERUN=shuffle counts its expectations
    kOnce = 2,      // not for reruns: it uses threads, signals or counts allocations
};

// Whether this is a rerun with faults: for bodies that would take too long a thousand times.
bool rerunning() noexcept;
// n; or at most 20 in a rerun.
std::size_t scaled(std::size_t n) noexcept;
// An invariant, for bodies that look at what is left after a fault: it counts in reruns too, whose expectations do not.
void must_hold(bool holds, std::string_view invariant, std::source_location where = std::source_location::current());
// Whether what was to go wrong has gone wrong, and nothing else will: in a rerun it may still be to come.
bool fault_is_over() noexcept;
// Whether the backend is sim: no kernel, no other process.
bool simulated() noexcept;
// Whether time is virtual and nothing late, so that it can be compared exactly.
bool virtual_time() noexcept;

// std::vector{first, rest...}, which g++ 12 does not compile inside a co_await expression.
template <class First, class... Rest>
std::vector<First> list(First first, Rest... rest) {
    std::vector<First> all;
    all.reserve(1 + sizeof...(Rest));
    all.push_back(std::move(first));
    (all.push_back(std::move(rest)), ...);
    return all;
}

// Exactly n passes of the loop.
Coro<> run_passes(int n);
// Runs passes until nothing is ready.
Coro<> settle();

// A callback that blocks the loop: its clock goes on, and nothing else does. On every backend.
inline void block_for(Duration duration) { harness::skip_time(duration); }

// The next `times` operations of that kind (core/backend/backend.hpp) that the loop starts fail with `error`, an errno.
inline void fail_next(detail::OpKind kind, int error, std::size_t times = 1) {
    harness::fail_next(kind, error, times);
}

// Timers of the running loop that have not fired.
std::size_t pending_timers();

// On the running loop's clock. expect(d): that d has passed since it was made; on sim to the nanosecond.
class Stopwatch {
public:
    Stopwatch() : start_(get_running_loop().time()) {}
    Duration elapsed() const { return get_running_loop().time() - start_; }
    void expect(Duration expected, std::source_location where = std::source_location::current()) const;

private:
    TimePoint start_;
};

void note_no_exception(const std::source_location& where);
void note_wrong_exception(const std::source_location& where);

// Expects that awaiting `awaitable` throws an E, and returns its what(). Other exceptions pass on.
template <class E, class A>
Coro<std::string> expect_throws(A awaitable, std::source_location where = std::source_location::current()) {
    try {
        static_cast<void>(co_await std::move(awaitable));
    } catch (const E& error) {
        co_return error.what();
    }
    note_no_exception(where);
    co_return "";
}

// Expects that `call()` throws an E, and returns its what(). Other exceptions pass on.
template <class E, class F>
std::string expect_error(F call, std::source_location where = std::source_location::current()) {
    try {
        call();
    } catch (const E& error) {
        return error.what();
    }
    note_no_exception(where);
    return "";
}

// The what() of `error`, for E or what derives from it; fails the test for another.
template <class E>
std::string expect_is(const std::exception_ptr& error, std::source_location where = std::source_location::current()) {
    if (!error) {
        note_no_exception(where);
        return "";
    }
    try {
        std::rethrow_exception(error);
    } catch (const E& e) {
        return e.what();
    } catch (...) {
        note_wrong_exception(where);
        return "";
    }
}

namespace harness {

struct Body {
    Coro<> (*coroutine)() = nullptr;
    void (*plain)(EventLoop&) = nullptr;
};

// A predicate whose allocations neither count nor fail.
template <class Formatter>
class Unwatched {
public:
    explicit Unwatched(Formatter formatter) : formatter_(std::move(formatter)) {}  // no aggregate: docs/compilers.md
    template <class T>
    testing::AssertionResult operator()(const char* text, const T& value) const {
        const UnwatchedAllocations mine;
        return formatter_(text, value);
    }

private:
    Formatter formatter_;
};

void run_test(Body body, unsigned options);
bool register_rerunnable(const char* suite, const char* name, unsigned options);

}  // namespace harness

}  // namespace aio::test

#define AIO_TEST_NAME_(suite, name, suffix) AioTest_##suite##_##name##_##suffix

#define AIO_TEST_(suite, name, member, type, parameters, ...)                                            \
    static type AIO_TEST_NAME_(suite, name, body) parameters;                                            \
    [[maybe_unused]] static const bool AIO_TEST_NAME_(suite, name, registered) =                         \
        ::aio::test::harness::register_rerunnable(#suite, #name, ::aio::test::Option(__VA_ARGS__ + 0u)); \
    TEST(suite, name) {                                                                                  \
        ::aio::test::harness::run_test({.member = AIO_TEST_NAME_(suite, name, body)}, __VA_ARGS__ + 0u); \
    }                                                                                                    \
    static type AIO_TEST_NAME_(suite, name, body) parameters

// ASYNC_TEST(Suite, sentence_of_behaviour) { ... co_await ...; }, options as a third argument.
#define ASYNC_TEST(suite, name, ...) AIO_TEST_(suite, name, coroutine, ::aio::Coro<>, (), __VA_ARGS__)
// The same with a plain body that drives `loop` itself.
#define LOOP_TEST(suite, name, ...) \
    AIO_TEST_(suite, name, plain, void, ([[maybe_unused]] ::aio::EventLoop & loop), __VA_ARGS__)

// gmock loses memory when an allocation in its matchers fails, and they are not what is tested.
#undef EXPECT_THAT
#define EXPECT_THAT(value, matcher) \
    EXPECT_PRED_FORMAT1(            \
        ::aio::test::harness::Unwatched{::testing::internal::MakePredicateFormatterFromMatcher(matcher)}, value)

#define AIO_CO_FATAL_(message) co_return GTEST_MESSAGE_(message, ::testing::TestPartResult::kFatalFailure)
#define CO_ASSERT_TRUE(condition) GTEST_TEST_BOOLEAN_(condition, #condition, false, true, AIO_CO_FATAL_)
#define CO_ASSERT_FALSE(condition) GTEST_TEST_BOOLEAN_(!(condition), #condition, true, false, AIO_CO_FATAL_)
#define CO_ASSERT_EQ(a, b) GTEST_PRED_FORMAT2_(::testing::internal::EqHelper::Compare, a, b, AIO_CO_FATAL_)
#define CO_ASSERT_NE(a, b) GTEST_PRED_FORMAT2_(::testing::internal::CmpHelperNE, a, b, AIO_CO_FATAL_)
#define CO_ASSERT_LE(a, b) GTEST_PRED_FORMAT2_(::testing::internal::CmpHelperLE, a, b, AIO_CO_FATAL_)
#define CO_ASSERT_GE(a, b) GTEST_PRED_FORMAT2_(::testing::internal::CmpHelperGE, a, b, AIO_CO_FATAL_)
#define CO_FAIL() AIO_CO_FATAL_("Failed")
#define CO_SKIP() co_return GTEST_MESSAGE_("", ::testing::TestPartResult::kSkip)
