// AsyncGenerator: values on demand, and an end that cleans up.
#include <aio/core/async_generator.hpp>
#include <aio/core/run.hpp>
#include <aio/core/task.hpp>

#include "support/async_test.hpp"

#include <memory>
#include <stdexcept>

namespace aio::test {

namespace {

AsyncGenerator<int> count_to(int n) {
    for (int i = 1; i <= n; ++i) {
        co_await sleep(1ms);
        co_yield i;
    }
}

AsyncGenerator<int> yield_immediately(int n) {
    for (int i = 1; i <= n; ++i) co_yield i;
}

AsyncGenerator<std::string> cleans_up(Log& log, Duration cleaning) {
    log.push_back("begin");
    bool closing = false;
    try {
        co_yield "value";
        log.push_back("went on");
    } catch (const GeneratorExit&) {
        closing = true;
    }
    if (closing) {
        co_await sleep(cleaning);
        log.push_back("cleaned up");
    }
}

}  // namespace

ASYNC_TEST(AsyncGenerator, gives_its_values_one_by_one, kAnyOrder) {
    const Stopwatch watch;
    auto counting = count_to(3);
    std::vector<int> seen;
    while (auto value = co_await counting.next()) seen.push_back(*value);
    EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
    watch.expect(3ms);
    EXPECT_FALSE(co_await counting.next()) << "it stays at its end";
}

ASYNC_TEST(AsyncGenerator, does_not_start_before_it_is_asked, kAnyOrder) {
    Log& log = keep<Log>();
    auto generator = cleans_up(log, 0s);
    co_await sleep(1ms);
    EXPECT_EQ(log, Log{});
}

ASYNC_TEST(AsyncGenerator, gives_a_million_values_without_using_stack, kOnce) {
    long long sum = 0;
    auto values = yield_immediately(1'000'000);
    while (auto value = co_await values.next()) sum += *value;
    EXPECT_EQ(sum, 500'000'500'000);
}

ASYNC_TEST(AsyncGenerator, may_yield_what_only_moves, kAnyOrder) {
    auto make = []() -> AsyncGenerator<std::unique_ptr<int>> { co_yield std::make_unique<int>(3); };
    auto generator = make();
    auto value = co_await generator.next();
    CO_ASSERT_TRUE(value.has_value());
    EXPECT_EQ(**value, 3);
}

ASYNC_TEST(AsyncGenerator, passes_its_error_on_once, kAnyOrder) {
    auto make = []() -> AsyncGenerator<int> {
        co_yield 1;
        throw std::runtime_error("spoilt");
    };
    auto generator = make();
    EXPECT_EQ(co_await generator.next(), 1);
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(generator.next()), "spoilt");
    EXPECT_FALSE(co_await generator.next());
}

ASYNC_TEST(AsyncGenerator, closed_early_cleans_up, kAnyOrder) {  // semantics 32
    Log& log = keep<Log>();
    auto generator = cleans_up(log, 2ms);
    EXPECT_EQ(co_await generator.next(), "value");
    const Stopwatch watch;
    co_await generator.aclose();
    watch.expect(2ms);
    EXPECT_EQ(log, (Log{"begin", "cleaned up"}));
    EXPECT_FALSE(co_await generator.next());
    co_await generator.aclose();
}

ASYNC_TEST(AsyncGenerator, closed_before_it_started_never_runs, kAnyOrder) {
    Log& log = keep<Log>();
    auto generator = cleans_up(log, 0s);
    co_await generator.aclose();
    EXPECT_EQ(log, Log{});
    EXPECT_FALSE(co_await generator.next());
}

ASYNC_TEST(AsyncGenerator, destroyed_early_destroys_its_locals, kAnyOrder) {
    auto witness = std::make_shared<int>();
    auto make = [](std::shared_ptr<int>) -> AsyncGenerator<int> {
        co_yield 1;
        co_yield 2;
    };
    {
        auto generator = make(witness);
        EXPECT_EQ(co_await generator.next(), 1);
        EXPECT_EQ(witness.use_count(), 2);
    }
    EXPECT_EQ(witness.use_count(), 1);
}

ASYNC_TEST(AsyncGenerator, cancelled_while_it_waits_ends, kAnyOrder) {
    Task<int> task = create_task([]() -> Coro<int> {
        auto generator = count_to(1000);
        int last = 0;
        while (auto value = co_await generator.next()) last = *value;
        co_return last;
    });
    co_await sleep(5ms);
    task.cancel();
    co_await expect_throws<CancelledError>(task);
}

LOOP_TEST(AsyncGenerator, left_open_is_closed_by_shutdown) {  // semantics 32
    Log& log = keep<Log>();
    auto& generator = keep<AsyncGenerator<std::string>>(cleans_up(log, 1ms));
    loop.run_until_complete([&generator]() -> Coro<> { static_cast<void>(co_await generator.next()); });
    EXPECT_EQ(log, Log{"begin"});
    loop.run_until_complete(loop.shutdown_asyncgens());
    EXPECT_EQ(log, (Log{"begin", "cleaned up"}));
}

}  // namespace aio::test
