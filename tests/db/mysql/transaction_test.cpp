// Transactions and savepoints.
#include "db/mysql/with_server.hpp"

#include <stdexcept>

namespace aio::test {
namespace {

constexpr const char* kTable = "CREATE TEMPORARY TABLE t(a INT) ENGINE=InnoDB";

Coro<int> count(mysql::Connection connection) {
    co_return co_await connection.fetchval<int>("SELECT count(*) FROM t");
}

ASYNC_TEST(MysqlTransaction, commits_or_rolls_back, kOnce) {
    // aiomysql: test_basic.test_rollback, test_basic.test_get_transaction_status
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute(kTable);
    const auto insert = [&]() -> Coro<int> {
        EXPECT_TRUE(connection.is_in_transaction());
        co_await connection.execute("INSERT INTO t VALUES(?)", 1);
        co_return 5;
    };
    EXPECT_EQ(co_await connection.transaction(insert), 5);
    EXPECT_FALSE(connection.is_in_transaction());
    EXPECT_EQ(co_await count(connection), 1);
    const auto fail = [&]() -> Coro<> {
        co_await connection.execute("INSERT INTO t VALUES(2)");
        throw std::runtime_error("mine");
    };
    co_await expect_throws<std::runtime_error>(connection.transaction(fail));
    EXPECT_EQ(co_await count(connection), 1);
    co_await connection.close();
}

ASYNC_TEST(MysqlTransaction, inside_of_another_it_is_a_savepoint, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute(kTable);
    const auto fail = [&]() -> Coro<> {
        co_await connection.execute("INSERT INTO t VALUES(2)");
        throw std::runtime_error("mine");
    };
    const auto insert = [&]() -> Coro<> { co_await connection.execute("INSERT INTO t VALUES(3)"); };
    const auto outer = [&]() -> Coro<> {
        co_await connection.execute("INSERT INTO t VALUES(1)");
        co_await expect_throws<std::runtime_error>(connection.transaction(fail));
        co_await connection.transaction(insert);
    };
    co_await connection.transaction(outer);
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT sum(a) FROM t"), 4);
    co_await connection.close();
}

ASYNC_TEST(MysqlTransaction, options_reach_the_server, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute("CREATE OR REPLACE TABLE options_t(a INT) ENGINE=InnoDB");
    const auto insert = [&]() -> Coro<> { co_await connection.execute("INSERT INTO options_t VALUES(1)"); };
    co_await expect_throws<db::TransactionError>(connection.transaction(insert, {.readonly = true}));
    co_await connection.transaction(insert, {.isolation = mysql::Isolation::serializable});
    co_await connection.transaction(insert, {.consistent_snapshot = true});
    co_await expect_throws<db::TransactionError>(
        connection.transaction(insert, {.readonly = true, .consistent_snapshot = true}));
    const auto nested = [&]() -> Coro<> {
        co_await connection.transaction(insert, {.isolation = mysql::Isolation::serializable});
    };
    co_await expect_throws<db::InterfaceError>(connection.transaction(nested));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*) FROM options_t"), 2);
    co_await connection.execute("DROP TABLE options_t");
    co_await connection.close();
}

ASYNC_TEST(MysqlTransaction, a_cancelled_body_is_rolled_back, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute(kTable);
    const auto body = [&]() -> Coro<> {
        co_await connection.execute("INSERT INTO t VALUES(1)");
        co_await connection.fetch("SELECT sleep(?)", 60);
    };
    const Stopwatch watch;
    auto task = create_task(connection.transaction(body));
    co_await sleep(30ms);
    task.cancel();
    co_await expect_throws<CancelledError>(std::move(task));
    EXPECT_EQ(co_await count(connection), 0);
    EXPECT_FALSE(connection.is_in_transaction());
    EXPECT_LT(watch.elapsed(), 30s);
    co_await connection.close();
}

ASYNC_TEST(MysqlTransaction, a_deadlock_ends_it_whatever_the_body_does, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto a = co_await mysql::connect(mariadb().dsn());
    const auto b = co_await mysql::connect(mariadb().dsn());
    co_await a.execute("CREATE OR REPLACE TABLE dead(id INT PRIMARY KEY, n INT) ENGINE=InnoDB");
    co_await a.execute("INSERT INTO dead VALUES(1, 0), (2, 0), (3, 0)");
    Event& a_has = keep<Event>();
    Event& b_has = keep<Event>();
    int deadlocks = 0, refused = 0;
    // Each takes a row, and then the other's.
    const auto body = [&](mysql::Connection connection, int mine, int others, Event& has,
                          Event& other_has) -> Coro<> {
        co_await connection.execute("UPDATE dead SET n = n + 1 WHERE id = ?", mine);
        has.set();
        co_await other_has.wait();
        bool is_deadlock = false;
        try {
            co_await connection.execute("UPDATE dead SET n = n + 1 WHERE id = ?", others);
        } catch (const db::DeadlockDetectedError&) {
            is_deadlock = true;
        }
        if (!is_deadlock) co_return;
        ++deadlocks;
        try {
            co_await connection.execute("UPDATE dead SET n = 100 WHERE id = 3");  // would be committed on its own
        } catch (const db::TransactionError&) {
            ++refused;
        }
    };
    const auto run = [&](mysql::Connection connection, int mine, int others, Event& has, Event& other_has) -> Coro<> {
        auto bound = [&] { return body(connection, mine, others, has, other_has); };
        try {
            co_await connection.transaction(bound);
        } catch (const db::TransactionError&) {
            ++refused;
        }
    };
    auto first = create_task(run(a, 1, 2, a_has, b_has));
    auto second = create_task(run(b, 2, 1, b_has, a_has));
    co_await first;
    co_await second;
    EXPECT_EQ(deadlocks, 1);
    EXPECT_EQ(refused, 2);
    EXPECT_EQ(co_await a.fetchval<int>("SELECT sum(n) FROM dead"), 2);
    EXPECT_EQ(co_await b.fetchval<int>("SELECT ?", 7), 7);
    co_await a.execute("DROP TABLE dead");
    co_await a.close();
    co_await b.close();
}

ASYNC_TEST(MysqlTransaction, many_executions_inside_of_one, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute("CREATE TEMPORARY TABLE t(a INT PRIMARY KEY) ENGINE=InnoDB");
    std::vector<std::tuple<int>> good = {{1}, {2}, {3}}, bad = {{4}, {5}, {1}};
    const auto body = [&]() -> Coro<> {
        co_await connection.executemany("INSERT INTO t VALUES(?)", good);
        co_await expect_throws<db::UniqueViolationError>(connection.executemany("INSERT INTO t VALUES(?)", bad));
        EXPECT_TRUE(connection.is_in_transaction());
    };
    co_await connection.transaction(body);
    EXPECT_EQ(co_await count(connection), 3);
    co_await connection.close();
}

}  // namespace
}  // namespace aio::test
