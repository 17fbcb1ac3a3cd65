// Pools: who gets a connection, when, and in what state.
#pragma once

#include "db/conformance/dialect.hpp"

#include <string>
#include <vector>

namespace aio::test::conformance {

template <class Db>
Coro<> pools_run_single_statements() {
    const auto pool = co_await Db::create_pool(3);
    const auto twice = [&](int i) -> Coro<int> {
        co_return co_await pool.template fetchval<int>(Db::sql("SELECT ? * 2"), i);
    };
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(create_task(twice(i)));
    for (int i = 0; i < 50; ++i) EXPECT_EQ(co_await tasks[static_cast<std::size_t>(i)], 2 * i);
    EXPECT_LE(pool.get_size(), 3u);
    const auto rows = co_await pool.fetch(Db::sql("SELECT ? + 0"), 4);
    EXPECT_EQ(rows.size(), 1u);
    const auto row = co_await pool.fetchrow(kept("SELECT 5"));
    EXPECT_EQ(row->template get<int>(0), 5);
    co_await pool.execute(kept("SELECT 1"));
    co_await expect_throws<db::UndefinedTableError>(pool.fetch(kept("SELECT 1 FROM nowhere")));
    EXPECT_EQ(pool.get_idle_size(), pool.get_size());
    co_await pool.close();
    EXPECT_EQ(pool.get_size(), 0u);
    co_await expect_throws<db::InterfaceError>(pool.fetch(kept("SELECT 1")));
}

template <class Db>
Coro<> pools_serve_in_order_and_lose_no_place() {
    const auto pool = co_await Db::create_pool(1);
    Log& order = keep<Log>();
    auto held = co_await pool.acquire();
    const auto take = [&](int i) -> Coro<> {
        const auto mine = co_await pool.acquire();
        order.push_back(std::to_string(i));
        co_await mine->template fetchval<int>(kept("SELECT 1"));
    };
    std::vector<Task<>> tasks;
    for (int i = 0; i < 4; ++i) tasks.push_back(create_task(take(i)));
    co_await run_passes(3);
    EXPECT_EQ(pool.statistics().waiting, 4u);
    co_await expect_throws<TimeoutError>(pool.acquire(5ms));
    tasks[1].cancel();
    held.release();
    co_await expect_throws<CancelledError>(tasks[1]);
    co_await tasks[0];
    co_await tasks[2];
    co_await tasks[3];
    EXPECT_THAT(order, testing::ElementsAre("0", "2", "3"));
    EXPECT_EQ(pool.get_size(), 1u);
    EXPECT_EQ(pool.get_idle_size(), 1u);
    co_await pool.close();
}

template <class Db>
Coro<> what_a_borrower_left_open_is_rolled_back() {
    const auto pool = co_await Db::create_pool(1);
    {
        const auto first = co_await pool.acquire();
        co_await make_table<Db>(*first, "borrowed", "id INTEGER PRIMARY KEY");
        co_await first->execute(kept("BEGIN"));
        co_await first->execute(Db::sql("INSERT INTO borrowed(id) VALUES(?)"), 1);
    }
    {
        const auto second = co_await pool.acquire();
        EXPECT_EQ(co_await rows_of<Db>(*second, "borrowed"), 0);
        EXPECT_FALSE(second->is_in_transaction());
    }
    co_await pool.close();
}

template <class Db>
Coro<> a_connection_lost_in_a_pool_is_replaced() {
    const auto pool = co_await Db::create_pool(1);
    {
        const auto first = co_await pool.acquire();
        first->terminate();
    }
    EXPECT_EQ(co_await pool.template fetchval<int>(kept("SELECT 1")), 1);
    pool.expire_connections();
    EXPECT_EQ(co_await pool.template fetchval<int>(kept("SELECT 2")), 2);
    EXPECT_EQ(pool.get_size(), 1u);
    co_await pool.close();
}

// What was made of a connection on loan says that it was given back, also when the next one has it.
template <class Db>
Coro<> statements_and_cursors_end_with_their_loan() {
    const auto pool = co_await Db::create_pool(1);
    auto held = co_await pool.acquire();
    co_await make_table<Db>(*held, "lent", "id INTEGER PRIMARY KEY, txt TEXT");
    const std::string text(2'000, 'x');
    for (int i = 0; i < 120; ++i) co_await held->execute(Db::sql("INSERT INTO lent(id, txt) VALUES(?, ?)"), i, text);
    const auto statement = co_await held->prepare(std::string_view("SELECT 7"));
    EXPECT_EQ(co_await statement.template fetchval<int>(), 7);
    co_await held->execute(kept("BEGIN"));
    auto rows = held->cursor(kept("SELECT id, txt FROM lent ORDER BY id"));
    EXPECT_EQ((co_await rows.next())->template get<int>(0), 0);
    held.release();
    const auto again = co_await pool.acquire();
    const auto read_on = [&]() -> Coro<> {
        while (co_await rows.next()) continue;
    };
    co_await expect_throws<db::InterfaceError>(read_on());
    const auto execute = [&]() -> Coro<> { co_await statement.fetch(); };
    const std::string why = co_await expect_throws<db::InterfaceError>(execute());
    EXPECT_THAT(why, testing::HasSubstr("given back"));
    EXPECT_EQ(statement.get_query(), "SELECT 7");
    EXPECT_EQ(co_await again->template fetchval<int>(kept("SELECT 8")), 8);
    co_await again->execute(kept("DROP TABLE lent"));
    pool.terminate();
}

}  // namespace aio::test::conformance
