// Transactions: what stays and what does not.
#pragma once

#include "db/conformance/dialect.hpp"

#include <stdexcept>
#include <string>

namespace aio::test::conformance {

template <class Db>
Coro<typename Db::Connection> connect_to_counters() {
    auto c = co_await Db::connect();
    co_await make_table<Db>(c, "counters", "id INTEGER PRIMARY KEY");
    co_return c;
}

template <class Db>
Coro<> insert(typename Db::Connection connection, int id) {
    co_await connection.execute(Db::sql("INSERT INTO counters(id) VALUES(?)"), id);
}

template <class Db>
Coro<> transactions_commit_and_roll_back() {
    const auto c = co_await connect_to_counters<Db>();
    const auto stored = [&]() -> Coro<int> {
        co_await insert<Db>(c, 1);
        EXPECT_TRUE(c.is_in_transaction());
        co_return 7;
    };
    EXPECT_EQ(co_await c.transaction(stored), 7);
    EXPECT_FALSE(c.is_in_transaction());
    const auto thrown = [&]() -> Coro<> {
        co_await insert<Db>(c, 2);
        throw std::runtime_error("changed my mind");
    };
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(c.transaction(thrown)), "changed my mind");
    EXPECT_FALSE(c.is_in_transaction());
    const auto failed = [&]() -> Coro<> {
        co_await insert<Db>(c, 3);
        co_await insert<Db>(c, 1);
    };
    co_await expect_throws<db::UniqueViolationError>(c.transaction(failed));
    EXPECT_EQ(co_await rows_of<Db>(c, "counters"), 1);
    co_await c.close();
}

template <class Db>
Coro<> transactions_inside_are_savepoints() {
    const auto c = co_await connect_to_counters<Db>();
    const auto inner = [&](int id, bool fails) -> Coro<> {
        co_await insert<Db>(c, id);
        if (fails) throw std::runtime_error("inner");
    };
    const auto outer = [&]() -> Coro<> {
        co_await insert<Db>(c, 1);
        co_await c.transaction([&] { return inner(2, false); });
        co_await expect_throws<std::runtime_error>(c.transaction([&] { return inner(3, true); }));
        const auto deeper = [&]() -> Coro<> {
            co_await insert<Db>(c, 4);
            co_await expect_throws<db::UniqueViolationError>(c.transaction([&] { return inner(1, false); }));
        };
        co_await c.transaction(deeper);
    };
    co_await c.transaction(outer);
    const auto rows = co_await c.fetch(kept("SELECT id FROM counters ORDER BY id"));
    CO_ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].template get<int>(0), 1);
    EXPECT_EQ(rows[1].template get<int>(0), 2);
    EXPECT_EQ(rows[2].template get<int>(0), 4);
    co_await c.close();
}

template <class Db>
Coro<> others_see_a_transaction_once_it_is_committed() {
    const auto c = co_await connect_to_counters<Db>();
    const auto observer = co_await Db::connect();
    const auto body = [&]() -> Coro<> {
        co_await insert<Db>(c, 1);
        EXPECT_EQ(co_await rows_of<Db>(observer, "counters"), 0);
    };
    co_await c.transaction(body);
    EXPECT_EQ(co_await rows_of<Db>(observer, "counters"), 1);
    co_await observer.close();
    co_await c.close();
}

template <class Db>
Coro<> a_cancelled_transaction_is_rolled_back() {
    const auto c = co_await connect_to_counters<Db>();
    const auto body = [&]() -> Coro<> {
        co_await insert<Db>(c, 1);
        co_await sleep(1h);
    };
    for (int passes = 0; passes < 12; ++passes) {
        auto task = create_task(c.transaction(body));
        co_await run_passes(passes);
        task.cancel();
        co_await expect_throws<CancelledError>(std::move(task));
        EXPECT_EQ(co_await rows_of<Db>(c, "counters"), 0);
    }
    auto task = create_task(c.transaction(body));
    while (!c.is_in_transaction()) co_await sleep(1ms);
    task.cancel();
    co_await expect_throws<CancelledError>(std::move(task));
    EXPECT_EQ(co_await rows_of<Db>(c, "counters"), 0);
    EXPECT_FALSE(c.is_in_transaction());
    co_await c.transaction([&] { return insert<Db>(c, 2); });
    EXPECT_EQ(co_await rows_of<Db>(c, "counters"), 1);
    co_await c.close();
}

template <class Db>
Coro<> read_only_transactions_write_nothing() {
    const auto c = co_await connect_to_counters<Db>();
    typename Db::TransactionOptions options;
    options.readonly = true;
    co_await expect_throws<db::DatabaseError>(c.transaction([&] { return insert<Db>(c, 1); }, options));
    const auto count = [&] { return rows_of<Db>(c, "counters"); };
    EXPECT_EQ(co_await c.transaction(count, options), 0);
    co_await insert<Db>(c, 2);  // and afterwards one may write
    EXPECT_EQ(co_await rows_of<Db>(c, "counters"), 1);
    co_await c.close();
}

}  // namespace aio::test::conformance
