// transaction(): commit, rollback, savepoints, cancellation at each step.
#include "db/pg/with_server.hpp"

#include <stdexcept>

namespace aio::test {
namespace {

Coro<pg::Connection> with_table() {
    auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("CREATE TEMP TABLE t(a int)");
    co_return connection;
}

Coro<int> sum(pg::Connection connection) {
    co_return co_await connection.fetchval<int>("SELECT coalesce(sum(a), 0)::int FROM t");
}

ASYNC_TEST(PgTransaction, commits_what_its_body_did, kOnce) {  // asyncpg: test_transaction.test_transaction_regular
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_table();
    const auto body = [&]() -> Coro<int> {
        EXPECT_TRUE(connection.is_in_transaction());
        co_await connection.execute("INSERT INTO t VALUES($1)", 1);
        co_return 42;
    };
    EXPECT_EQ(co_await connection.transaction(body), 42);
    EXPECT_FALSE(connection.is_in_transaction());
    EXPECT_EQ(co_await sum(connection), 1);
    co_await connection.close();
}

ASYNC_TEST(PgTransaction, an_exception_rolls_back, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_table();
    const auto body = [&]() -> Coro<> {
        co_await connection.execute("INSERT INTO t VALUES(1)");
        throw std::runtime_error("changed my mind");
    };
    EXPECT_EQ(co_await expect_throws<std::runtime_error>(connection.transaction(body)), "changed my mind");
    const auto failing = [&]() -> Coro<> {
        co_await connection.execute("INSERT INTO t VALUES(1)");
        co_await connection.execute("SELECT 1/0");
    };
    co_await expect_throws<db::DataError>(connection.transaction(failing));
    EXPECT_FALSE(connection.is_in_transaction());
    EXPECT_EQ(co_await sum(connection), 0);
    co_await connection.close();
}

ASYNC_TEST(PgTransaction, nested_ones_are_savepoints, kOnce) {  // asyncpg: test_transaction.test_transaction_nested
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_table();
    const auto add = [&](int a) -> Coro<> { co_await connection.execute("INSERT INTO t VALUES($1)", a); };
    const auto good = [&]() -> Coro<> { co_await add(10); };
    const auto bad = [&]() -> Coro<> {
        co_await add(100);
        co_await connection.execute("SELECT 1/0");
    };
    const auto outer = [&]() -> Coro<> {
        co_await add(1);
        co_await connection.transaction(good);
        for (int i = 0; i < 3; ++i) co_await expect_throws<db::DataError>(connection.transaction(bad));
        co_await add(2);
    };
    co_await connection.transaction(outer);
    EXPECT_EQ(co_await sum(connection), 13);
    co_await connection.close();
}

ASYNC_TEST(PgTransaction, isolation_levels, kOnce) {
    // asyncpg: test_transaction.test_isolation_level, test_transaction.test_nested_isolation_level
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_table();
    const auto level = [&]() -> Coro<std::string> {
        co_return co_await connection.fetchval<std::string>("SHOW transaction_isolation");
    };
    const auto at = [&](pg::Isolation isolation) { return connection.transaction(level, {.isolation = isolation}); };
    EXPECT_EQ(co_await at(pg::Isolation::server_default), "read committed");
    EXPECT_EQ(co_await at(pg::Isolation::read_committed), "read committed");
    EXPECT_EQ(co_await at(pg::Isolation::repeatable_read), "repeatable read");
    EXPECT_EQ(co_await at(pg::Isolation::serializable), "serializable");
    const auto write = [&]() -> Coro<> { co_await connection.execute("CREATE TABLE never(a int)"); };
    co_await expect_throws<db::TransactionError>(connection.transaction(write, {.readonly = true}));
    const auto nested = [&]() -> Coro<> {
        const std::string inner = co_await at(pg::Isolation::serializable);
        EXPECT_EQ(inner, "serializable");
        co_await expect_throws<db::InterfaceError>(at(pg::Isolation::repeatable_read));
    };
    co_await connection.transaction(nested, {.isolation = pg::Isolation::serializable});
    co_await connection.close();
}

ASYNC_TEST(PgTransaction, inside_of_a_manual_one_it_is_a_savepoint, kOnce) {
    // asyncpg: test_transaction.test_transaction_within_manual_transaction
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_table();
    co_await connection.execute("BEGIN");
    const auto body = [&]() -> Coro<> { co_await connection.execute("INSERT INTO t VALUES(1)"); };
    co_await connection.transaction(body);
    EXPECT_TRUE(connection.is_in_transaction());
    co_await connection.execute("ROLLBACK");
    EXPECT_EQ(co_await sum(connection), 0);
    co_await connection.close();
}

ASYNC_TEST(PgTransaction, an_error_that_was_swallowed_is_told_by_the_commit, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_table();
    const auto body = [&]() -> Coro<> {
        co_await connection.execute("INSERT INTO t VALUES(1)");
        co_await expect_throws<db::DataError>(connection.execute("SELECT 1/0"));
    };
    EXPECT_THAT(co_await expect_throws<db::TransactionError>(connection.transaction(body)),
                testing::HasSubstr("rolled back"));
    EXPECT_EQ(co_await sum(connection), 0);
    const auto outer = [&]() -> Coro<> {
        co_await connection.execute("INSERT INTO t VALUES(2)");
        co_await expect_throws<db::TransactionError>(connection.transaction(body));
    };
    co_await connection.transaction(outer);
    EXPECT_EQ(co_await sum(connection), 2);
    co_await connection.close();
}

ASYNC_TEST(PgTransaction, a_constraint_that_is_checked_at_the_end_fails_the_commit, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("CREATE TEMP TABLE t(a int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    const auto body = [&]() -> Coro<> { co_await connection.execute("INSERT INTO t VALUES(1), (1)"); };
    co_await expect_throws<db::UniqueViolationError>(connection.transaction(body));
    EXPECT_FALSE(connection.is_in_transaction());
    EXPECT_EQ(co_await sum(connection), 0);
    co_await connection.close();
}

ASYNC_TEST(PgTransaction, those_of_several_tasks_do_not_mix_unnoticed, kOnce) {
    // asyncpg: test_transaction.test_transaction_interface_errors
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_table();
    const auto slow = [&]() -> Coro<> {
        co_await connection.execute("INSERT INTO t VALUES(1)");
        co_await sleep(50ms);
    };
    const auto slower = [&]() -> Coro<> {
        co_await connection.execute("INSERT INTO t VALUES(10)");
        co_await sleep(100ms);
    };
    auto first = create_task(connection.transaction(slow));
    auto second = create_task(connection.transaction(slower));
    EXPECT_THAT(co_await expect_throws<db::InterfaceError>(std::move(first)), testing::HasSubstr("connection each"));
    co_await expect_throws<Error>(std::move(second));
    EXPECT_FALSE(connection.is_in_transaction());
    EXPECT_EQ(co_await sum(connection), 0);
    co_await connection.close();
}

// Cancels a transaction that inserts 1 and 2, with a savepoint around the 2, after `delay`. Result: whether it was cancelled.
Coro<bool> cancelled_after(pg::Connection connection, Duration delay) {
    const auto inner = [&]() -> Coro<> { co_await connection.execute("INSERT INTO t VALUES($1)", 2); };
    const auto body = [&]() -> Coro<> {
        co_await connection.execute("INSERT INTO t VALUES($1)", 1);
        co_await connection.transaction(inner);
    };
    auto task = create_task(connection.transaction(body));
    co_await sleep(delay);
    task.cancel();
    try {
        co_await task;
    } catch (const CancelledError&) {
        co_return true;
    }
    co_return false;
}

ASYNC_TEST(PgTransaction, cancelled_at_each_step_it_is_all_or_nothing, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_table();
    int cancelled = 0;
    bool whole = false;
    for (Duration delay(0); !whole; delay += 20us + delay / 20) {
        co_await connection.execute("TRUNCATE t");
        whole = !co_await cancelled_after(connection, delay);
        const int left = co_await sum(connection);
        EXPECT_FALSE(connection.is_in_transaction()) << "after " << delay.count() << " ns";
        EXPECT_TRUE(left == 0 || left == 3) << left << " after " << delay.count() << " ns";
        cancelled += !whole;
    }
    EXPECT_GT(cancelled, 5);
    co_await connection.close();
}

ASYNC_TEST(PgTransaction, a_timeout_inside_leaves_the_outer_one_usable, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_table();
    const auto slow = [&]() -> Coro<> {
        co_await connection.execute("INSERT INTO t VALUES(10)");
        co_await connection.execute("SELECT pg_sleep(60)");
    };
    const auto outer = [&]() -> Coro<> {
        co_await connection.execute("INSERT INTO t VALUES(1)");
        co_await expect_throws<TimeoutError>(wait_for(connection.transaction(slow), 100ms));
        co_await connection.execute("INSERT INTO t VALUES(2)");
    };
    co_await connection.transaction(outer);
    EXPECT_EQ(co_await sum(connection), 3);
    co_await connection.close();
}

ASYNC_TEST(PgTransaction, serialization_failures_are_typed, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto a = co_await pg::connect(postgres().dsn());
    const auto b = co_await pg::connect(postgres().dsn());
    co_await a.execute("DROP TABLE IF EXISTS counters; CREATE TABLE counters(n int); INSERT INTO counters VALUES(0)");
    take_logs();
    const auto body = [&]() -> Coro<> {
        EXPECT_EQ(co_await a.fetchval<int>("SELECT n FROM counters"), 0);
        co_await b.execute("UPDATE counters SET n = 1");
        co_await a.execute("UPDATE counters SET n = 2");
    };
    co_await expect_throws<db::SerializationError>(
        a.transaction(body, {.isolation = pg::Isolation::repeatable_read}));
    co_await a.execute("DROP TABLE counters");
    co_await a.close();
    co_await b.close();
}

}  // namespace
}  // namespace aio::test
