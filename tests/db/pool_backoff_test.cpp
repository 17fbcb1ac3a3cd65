// How pools connect after failures, without a server.
#include <aio/core/run.hpp>
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>
#include <aio/db/pool_backoff.hpp>

#include "support/async_test.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace aio::test {
namespace {

using db::detail::Backoff;

struct Server {
    Backoff backoff;
    bool is_up = false;
    int attempts = 0, under_way = 0, most = 0;

    Coro<int> connect() {
        const auto attempt = [this]() -> Coro<int> {
            const int number = ++attempts;
            most = std::max(most, ++under_way);
            co_await sleep(1ms);
            --under_way;
            if (!is_up) throw db::InterfaceError("attempt " + std::to_string(number));
            co_return number;
        };
        return backoff.run(attempt);
    }
};

ASYNC_TEST(PoolBackoff, attempts_that_begin_together_count_once_and_then_one_tries) {
    Server& server = keep<Server>();
    const Stopwatch watch;
    for (int round = 0; round < 2; ++round) {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 50; ++i)
            tasks.push_back(create_task([](Server& s) { return s.connect(); }, std::ref(server)));
        for (auto& task : tasks) co_await expect_throws<db::InterfaceError>(task);
        EXPECT_EQ(server.most, 50);
        EXPECT_EQ(server.attempts, 50 + round);  // all of the second round shared one
    }
    if (virtual_time()) {
        EXPECT_GE(watch.elapsed(), 12ms);
        EXPECT_LE(watch.elapsed(), 22ms);
    }
}

ASYNC_TEST(PoolBackoff, pauses_grow_to_a_second_and_end_with_a_success) {
    Server& server = keep<Server>();
    const int failures = virtual_time() ? 12 : 2;
    for (int i = 0; i < failures; ++i) co_await expect_throws<db::InterfaceError>(server.connect());
    const Stopwatch late;
    co_await expect_throws<db::InterfaceError>(server.connect());
    if (virtual_time()) {
        EXPECT_GE(late.elapsed(), 500ms);
        EXPECT_LE(late.elapsed(), 1001ms);
    }
    server.is_up = true;
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 20; ++i)
        tasks.push_back(create_task([](Server& s) { return s.connect(); }, std::ref(server)));
    for (auto& task : tasks) EXPECT_GT(co_await task, failures + 1);
    EXPECT_EQ(server.most, 19);  // the first alone, then all
    const Stopwatch healthy;
    co_await server.connect();
    if (virtual_time()) healthy.expect(1ms);
}

ASYNC_TEST(PoolBackoff, another_one_tries_in_place_of_one_that_is_cancelled) {
    Server& server = keep<Server>();
    for (int i = 0; i < 3; ++i) co_await expect_throws<db::InterfaceError>(server.connect());
    server.is_up = true;
    auto first = create_task([](Server& s) { return s.connect(); }, std::ref(server));
    auto second = create_task([](Server& s) { return s.connect(); }, std::ref(server));
    co_await run_passes(2);
    first.cancel();
    co_await expect_throws<CancelledError>(std::move(first));
    EXPECT_EQ(co_await second, 4);
    co_await expect_throws<TimeoutError>(wait_for(
        [](Server& s) -> Coro<> {
            s.is_up = false;
            while (true) co_await expect_throws<db::InterfaceError>(s.connect());
        }(server),
        100ms));
}

ASYNC_TEST(PoolBackoff, a_refused_password_does_not_count) {
    Backoff& backoff = keep<Backoff>();
    const auto refuse = []() -> Coro<int> {
        co_await sleep(0ms);
        db::ErrorReport report;
        report.sqlstate = "28P01";
        throw db::AuthenticationError(std::move(report));
    };
    const Stopwatch watch;
    for (int i = 0; i < 10; ++i) co_await expect_throws<db::AuthenticationError>(backoff.run(refuse));
    if (virtual_time()) watch.expect(0ms);
}

}  // namespace
}  // namespace aio::test
