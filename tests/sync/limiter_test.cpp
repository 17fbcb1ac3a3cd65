// AsyncLimiter: the rate, the order, cancellation in every place.
#include <aio/sync/limiter.hpp>

#include <aio/core/gather.hpp>
#include <aio/core/run.hpp>
#include <aio/core/timeout.hpp>

#include "support/async_test.hpp"
#include "support/test_run.hpp"

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

namespace aio::test {

static_assert(!std::is_copy_constructible_v<AsyncLimiter> && !std::is_move_constructible_v<AsyncLimiter>);

namespace {

using testing::HasSubstr;

// When, in milliseconds since `start`, each came through, and who.
struct Passage {
    TimePoint start = get_running_loop().time();
    std::vector<int> names;
    std::vector<long> times;

    void note(int name) {
        names.push_back(name);
        times.push_back(
            std::chrono::duration_cast<std::chrono::milliseconds>(get_running_loop().time() - start).count());
    }
};

Coro<> pass(AsyncLimiter& limiter, Passage& passage, int name, double amount = 1) {
    co_await limiter.acquire(amount);
    passage.note(name);
}

}  // namespace

ASYNC_TEST(AsyncLimiter, lets_a_burst_through_and_then_one_after_the_other, kAnyOrder) {
    AsyncLimiter& limiter = keep<AsyncLimiter>(3, 30ms);
    Passage& passage = keep<Passage>();
    std::vector<Task<>> tasks;
    for (int name = 0; name < 7; ++name) tasks.push_back(create_task(pass(limiter, passage, name)));
    co_await gather(tasks);
    if (virtual_time()) {
        EXPECT_EQ(passage.times, (std::vector<long>{0, 0, 0, 10, 20, 30, 40}));
    }
    EXPECT_EQ(pending_timers(), 0u);
}

ASYNC_TEST(AsyncLimiter, serves_in_the_order_of_the_calls) {
    AsyncLimiter& limiter = keep<AsyncLimiter>(4, 40ms);
    Passage& passage = keep<Passage>();
    std::vector<Task<>> tasks;
    for (const int amount : {4, 3, 1, 2, 1}) {
        tasks.push_back(create_task(pass(limiter, passage, amount, amount)));
    }
    co_await gather(tasks);
    EXPECT_EQ(passage.names, (std::vector<int>{4, 3, 1, 2, 1})) << "a small amount does not overtake a large one";
    if (virtual_time()) {
        EXPECT_EQ(passage.times, (std::vector<long>{0, 30, 40, 60, 70}));
    }
}

ASYNC_TEST(AsyncLimiter, does_not_suspend_while_there_is_room, kAnyOrder) {
    AsyncLimiter limiter(2, 1h);
    bool& other_ran = keep<bool>();
    get_running_loop().call_soon([&other_ran] { other_ran = true; });
    EXPECT_TRUE(limiter.has_capacity());
    EXPECT_TRUE(limiter.has_capacity(2));
    co_await limiter.acquire();
    co_await limiter.acquire();
    EXPECT_FALSE(other_ran);
    EXPECT_FALSE(limiter.has_capacity());
    EXPECT_TRUE(limiter.has_capacity(0));
    co_await sleep(0s);
}

ASYNC_TEST(AsyncLimiter, leaks_evenly_and_is_empty_after_its_period) {
    AsyncLimiter limiter(10, 100ms);
    co_await limiter.acquire(10);
    if (!virtual_time()) co_return;
    co_await sleep(10ms);
    EXPECT_NEAR(limiter.statistics().level, 9, 1e-9);
    EXPECT_TRUE(limiter.has_capacity(1));
    EXPECT_FALSE(limiter.has_capacity(1.001));
    co_await sleep(90ms);
    EXPECT_EQ(limiter.statistics().level, 0);
    co_await sleep(1h);
    EXPECT_TRUE(limiter.has_capacity(10));
    co_await limiter.acquire(10);
    EXPECT_FALSE(limiter.has_capacity(0.001)) << "what was not used is not saved";
}

ASYNC_TEST(AsyncLimiter, gives_a_permit_whose_end_gives_nothing_back, kAnyOrder) {
    AsyncLimiter limiter(1, 1h);
    {
        auto permit = co_await limiter.scoped();
        EXPECT_TRUE(permit.owns());
    }
    EXPECT_FALSE(limiter.has_capacity());
    co_await expect_throws<TimeoutError>(wait_for(limiter.acquire(), 1ms));
}

ASYNC_TEST(AsyncLimiter, cancelled_waiter_lets_those_behind_it_move_up) {
    AsyncLimiter& limiter = keep<AsyncLimiter>(4, 40ms);
    Passage& passage = keep<Passage>();
    co_await limiter.acquire(4);
    std::vector<Task<>> tasks;
    for (const int amount : {4, 1, 1}) tasks.push_back(create_task(pass(limiter, passage, amount, amount)));
    co_await settle();
    EXPECT_EQ(limiter.describe(), "<AsyncLimiter max_rate: 4, time_period: 0.04 s, waiters: 3>");
    EXPECT_EQ(pending_timers(), 1u) << "for the first";
    tasks[0].cancel();
    co_await expect_throws<CancelledError>(tasks[0]);
    co_await tasks[1];
    co_await tasks[2];
    if (virtual_time()) {
        EXPECT_EQ(passage.times, (std::vector<long>{10, 20}));
    }
    EXPECT_EQ(limiter.describe(), "<AsyncLimiter max_rate: 4, time_period: 0.04 s>");
}

ASYNC_TEST(AsyncLimiter, last_waiter_that_is_cancelled_leaves_no_timer, kAnyOrder) {
    AsyncLimiter& limiter = keep<AsyncLimiter>(1, 1h);
    co_await limiter.acquire();
    auto task = create_task(limiter.acquire());
    co_await settle();
    EXPECT_EQ(pending_timers(), 1u);
    task.cancel();
    EXPECT_EQ(pending_timers(), 0u);
    EXPECT_EQ(limiter.statistics().waiters, 0u);
    co_await expect_throws<CancelledError>(task);
}

ASYNC_TEST(AsyncLimiter, waiter_that_is_cancelled_when_it_was_let_in_gives_its_place_back) {
    AsyncLimiter& limiter = keep<AsyncLimiter>(1, 10ms);
    Passage& passage = keep<Passage>();
    co_await limiter.acquire();
    Task<> first = create_task(pass(limiter, passage, 1)), second = create_task(pass(limiter, passage, 2));
    co_await settle();
    // Right behind the limiter's timer: it has let the first one in, which has not run yet.
    get_running_loop().call_at(passage.start + 10ms, [first] { first.cancel(); });
    co_await expect_throws<CancelledError>(first);
    co_await second;
    EXPECT_EQ(passage.names, std::vector<int>{2});
    if (virtual_time()) {
        EXPECT_EQ(passage.times, std::vector<long>{10}) << "not a period later";
    }
    EXPECT_EQ(limiter.statistics().waiters, 0u);
}

ASYNC_TEST(AsyncLimiter, newcomer_does_not_overtake_one_that_was_let_in) {
    AsyncLimiter& limiter = keep<AsyncLimiter>(2, 20ms);
    Passage& passage = keep<Passage>();
    co_await limiter.acquire(2);
    Task<> waiter = create_task(pass(limiter, passage, 1));
    co_await settle();
    block_for(50ms);  // there is room for two now
    EXPECT_FALSE(limiter.has_capacity()) << "one stands before us";
    co_await pass(limiter, passage, 2);
    co_await waiter;
    EXPECT_EQ(passage.names, (std::vector<int>{1, 2}));
}

ASYNC_TEST(AsyncLimiter, late_timer_lets_in_all_that_have_room) {
    AsyncLimiter& limiter = keep<AsyncLimiter>(2, 20ms);
    Passage& passage = keep<Passage>();
    co_await limiter.acquire(2);
    std::vector<Task<>> tasks;
    for (int name = 0; name < 3; ++name) tasks.push_back(create_task(pass(limiter, passage, name)));
    co_await settle();
    block_for(50ms);
    co_await gather(tasks);
    if (virtual_time()) {
        EXPECT_EQ(passage.times, (std::vector<long>{50, 50, 60}));
    }
}

ASYNC_TEST(AsyncLimiter, keeps_its_rate_over_many_fractions) {
    // 1/3 ms is no whole number of nanoseconds.
    AsyncLimiter& limiter = keep<AsyncLimiter>(3, 1ms);
    const Stopwatch watch;
    const int count = rerunning() ? 12 : 303;
    for (int i = 0; i < count; ++i) co_await limiter.acquire();
    if (virtual_time()) {
        EXPECT_NEAR(static_cast<double>(watch.elapsed().count()), (count - 3) / 3.0 * 1e6, 1);
    }
    // More than one in a nanosecond.
    AsyncLimiter& fast = keep<AsyncLimiter>(4e9, 1s);
    co_await fast.acquire(4e9);
    const Stopwatch fast_watch;
    for (int i = 0; i < 40; ++i) co_await fast.acquire();
    if (virtual_time()) {
        EXPECT_NEAR(static_cast<double>(fast_watch.elapsed().count()), 10, 1);
    }
}

ASYNC_TEST(AsyncLimiter, that_is_destroyed_lets_go_of_its_waiters, kAnyOrder) {
    auto& limiter = keep<std::unique_ptr<AsyncLimiter>>(std::make_unique<AsyncLimiter>(1, 1h));
    co_await limiter->acquire();
    auto task = create_task(limiter->acquire());
    co_await settle();
    limiter.reset();
    EXPECT_EQ(pending_timers(), 0u);
    task.cancel();
    co_await expect_throws<CancelledError>(task);
}

// Each run has a clock of its own, on the simulator.
TEST(AsyncLimiter, serves_one_loop_after_the_other) {
    AsyncLimiter limiter(1, 5ms);
    const auto body = [&limiter]() -> Coro<> {
        co_await limiter.acquire();
        co_await limiter.acquire();
        co_await expect_throws<TimeoutError>(wait_for(limiter.acquire(), 1ms));
    };
    for (int i = 0; i < 2; ++i) run(body(), {.backend = harness::backend_name()});
    // A loop that closes under a waiter drops its timer.
    {
        EventLoop loop({.backend = harness::backend_name()});
        auto waiter = [&limiter]() -> Coro<> { co_await limiter.acquire(1); };
        loop.set_exception_handler([](EventLoop&, const ExceptionContext&) {});
        auto start = [&waiter]() -> Coro<> {
            create_task(waiter);
            create_task(waiter);
            co_await sleep(0s);
        };
        loop.run_until_complete(start());
    }
    run(body(), {.backend = harness::backend_name()});
}

// Extremes: AsyncLimiter::AsyncLimiter(max_rate), AsyncLimiter::AsyncLimiter(time_period),
//     AsyncLimiter::acquire(amount), AsyncLimiter::scoped(amount), AsyncLimiter::has_capacity(amount)
ASYNC_TEST(Extremes, of_rate_limiters, kOnce) {
    constexpr double kHuge = std::numeric_limits<double>::max(), kTiny = std::numeric_limits<double>::denorm_min();
    for (const double rate : {-HUGE_VAL, -kHuge, -1.0, -0.0, 0.0, HUGE_VAL, std::nan("")}) {
        EXPECT_THAT(expect_error<ValueError>([&] { AsyncLimiter limiter(rate); }), HasSubstr("a positive number"));
    }
    for (const Duration period : {Duration::min(), Duration(-1), Duration(0)}) {
        EXPECT_THAT(expect_error<ValueError>([&] { AsyncLimiter limiter(1, period); }),
                    HasSubstr("must be positive"));
    }
    EXPECT_THROW(AsyncLimiter(1, std::chrono::duration<double>(std::nan(""))), ValueError);
    for (const double rate : {kTiny, 1.0, kHuge}) {
        for (const Duration period : {Duration(1), Duration(1ms), Duration::max()}) {
            AsyncLimiter& limiter = keep<AsyncLimiter>(rate, period);
            for (const double amount :
                 {-HUGE_VAL, -1.0, -kTiny, std::nextafter(rate, HUGE_VAL), HUGE_VAL, std::nan("")}) {
                EXPECT_THAT(expect_error<ValueError>([&] { static_cast<void>(limiter.acquire(amount)); }),
                            HasSubstr("AsyncLimiter.acquire: cannot acquire "));
                EXPECT_THROW(static_cast<void>(limiter.scoped(amount)), ValueError);
                EXPECT_THROW(static_cast<void>(limiter.has_capacity(amount)), ValueError);
            }
            co_await limiter.acquire(0);
            EXPECT_TRUE(limiter.has_capacity(rate));
            auto all = co_await limiter.scoped(rate);
            co_await limiter.acquire(0);
            if (period <= Duration(1ms)) {
                co_await limiter.acquire(rate);  // and again, when the period is over
            } else {
                EXPECT_FALSE(limiter.has_capacity(rate));
                co_await expect_throws<TimeoutError>(wait_for(limiter.acquire(rate), 1ms));
            }
        }
    }
}

}  // namespace aio::test
