// Cancelled statements: what is stopped, and what their neighbours see of it.
#pragma once

#include "db/conformance/dialect.hpp"

#include <random>
#include <vector>

namespace aio::test::conformance {

template <class Db>
Coro<> a_timeout_stops_the_statement() {
    const auto c = co_await Db::connect();
    for (int i = 0; i < 3; ++i) {
        co_await expect_throws<TimeoutError>(wait_for(c.fetch(Db::nap()), 30ms));
        EXPECT_EQ(co_await c.template fetchval<int>(Db::sql("SELECT ? + 0"), i), i);
    }
    co_await c.close();
}

template <class Db>
Coro<> a_statement_that_waits_its_turn_is_never_run() {
    const auto c = co_await Db::connect();
    co_await make_table<Db>(c, "turns", "id INTEGER PRIMARY KEY");
    const auto insert = [&](int id) -> Coro<> { co_await c.execute(Db::sql("INSERT INTO turns(id) VALUES(?)"), id); };
    co_await insert(0);
    auto head = create_task(c.fetch(Db::nap()));
    co_await sleep(20ms);
    if (Db::kSendsAhead) {  // while a statement is being stopped, nothing is sent
        head.cancel();
        co_await run_passes(1);
    }
    auto first = create_task(insert(1));
    auto second = create_task(insert(2));
    co_await run_passes(1);
    first.cancel();
    head.cancel();
    co_await expect_throws<CancelledError>(std::move(first));
    co_await second;
    co_await expect_throws<CancelledError>(std::move(head));
    const auto rows = co_await c.fetch(kept("SELECT id FROM turns ORDER BY id"));
    CO_ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[1].template get<int>(0), 2);
    co_await c.close();
}

template <class Db>
Coro<> neighbours_of_cancelled_ones_get_their_answers() {
    const auto c = co_await Db::connect();
    std::mt19937 random(7);
    const auto ask = [&](int i) -> Coro<int> {
        co_return co_await c.template fetchval<int>(Db::sql("SELECT ? + 0"), i);
    };
    int answered = 0;
    for (int round = 0; round < 60; ++round) {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 8; ++i) tasks.push_back(create_task(ask(round * 8 + i)));
        const bool naps = round % 6 == 0;
        auto nap = create_task([](typename Db::Connection connection, bool sleeps) -> Coro<> {
            if (sleeps) co_await connection.fetch(Db::nap());
        }(c, naps));
        co_await run_passes(static_cast<int>(random() % 6));
        std::vector<bool> is_cancelled(8);
        for (std::size_t i = 0; i < 8; ++i) {
            if (random() % 2 == 0) is_cancelled[i] = tasks[i].cancel();
        }
        nap.cancel();
        for (std::size_t i = 0; i < 8; ++i) {
            try {
                EXPECT_EQ(co_await tasks[i], round * 8 + static_cast<int>(i));
                ++answered;
            } catch (const CancelledError&) {
                EXPECT_TRUE(is_cancelled[i]);
            }
        }
        try {
            co_await nap;
        } catch (const CancelledError&) {
            // Expected, unless it had ended.
        }
    }
    EXPECT_GE(answered, 100);
    EXPECT_EQ(co_await ask(42), 42);
    co_await c.close();
}

}  // namespace aio::test::conformance
