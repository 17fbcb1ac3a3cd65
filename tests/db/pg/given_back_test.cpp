// Connections that go back to their pool in the middle of something: the next task must not notice. What was sent to end it may not
// have been answered yet.
#include "db/pg/with_server.hpp"

namespace aio::test {
namespace {

// A pool of one connection, in which a transaction was left open.
Coro<pg::Pool> pool_with_an_open_transaction() {
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.max_size = 1});
    const auto connection = co_await pool.acquire();
    co_await connection->execute("BEGIN");
    co_return pool;
}

ASYNC_TEST(PgGivenBack, in_a_transaction_and_the_next_one_begins_its_own, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pool_with_an_open_transaction();
    {
        const auto connection = co_await pool.acquire();
        const auto body = [&] { return connection->fetchval<int>("SELECT 7"); };
        EXPECT_EQ(co_await connection->transaction(body), 7);
    }
    co_await pool.close();
}

ASYNC_TEST(PgGivenBack, in_a_transaction_and_the_next_one_has_none, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pool_with_an_open_transaction();
    {
        const auto connection = co_await pool.acquire();
        auto rows = connection->cursor("SELECT 1");
        co_await expect_throws<db::InterfaceError>(rows.next());  // a cursor needs one
    }
    {
        const auto connection = co_await pool.acquire();
        co_await connection->execute("CREATE TEMP TABLE kept(a int)");
    }
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT count(*)::int FROM kept"), 0);
    co_await pool.close();
}

ASYNC_TEST(PgGivenBack, behind_a_transaction_that_was_cancelled_twice, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    const auto body = [&]() -> Coro<> { co_await connection.execute("SELECT pg_sleep(60)"); };
    auto task = create_task(connection.transaction(body));
    co_await sleep(50ms);
    task.cancel();
    co_await run_passes(2);
    task.cancel();  // in its ROLLBACK
    co_await expect_throws<CancelledError>(std::move(task));
    const auto next = [&] { return connection.fetchval<int>("SELECT 7"); };
    EXPECT_EQ(co_await connection.transaction(next), 7);
    co_await connection.close();
}

ASYNC_TEST(PgGivenBack, in_a_statement_that_was_cancelled, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.max_size = 1});
    for (int passes = 0; passes < 20; ++passes) {
        auto task = create_task(pool.fetch("SELECT pg_sleep(60)"));
        co_await run_passes(passes);
        task.cancel();
        co_await expect_throws<CancelledError>(std::move(task));
        EXPECT_EQ(co_await pool.fetchval<int>("SELECT $1::int", passes), passes);
    }
    EXPECT_EQ(pool.get_size(), 1u);
    co_await pool.close();
}

ASYNC_TEST(PgGivenBack, statements_and_cursors_say_so, kOnce) {  // asyncpg: test_pool.test_pool_11
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.max_size = 1});
    auto held = co_await pool.acquire();
    const auto statement = co_await held->prepare("SELECT $1::int");
    co_await held->execute("BEGIN");
    auto cursor = co_await held->open_cursor("SELECT generate_series(1, 5)");
    EXPECT_EQ((co_await cursor.fetch(2)).size(), 2u);
    held.release();
    co_await expect_throws<db::InterfaceError>(cursor.fetch(2));
    co_await expect_throws<db::InterfaceError>(cursor.forward(1));
    const auto execute = [&]() -> Coro<> { co_await statement.execute(1); };
    const auto fetch = [&]() -> Coro<> { co_await statement.fetch(1); };
    const auto fetch_one = [&]() -> Coro<> { co_await statement.fetchval<int>(1); };
    co_await expect_throws<db::InterfaceError>(execute());
    co_await expect_throws<db::InterfaceError>(fetch());
    co_await expect_throws<db::InterfaceError>(fetch_one());
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT $1::int", 3), 3);
    co_await pool.close();
}

}  // namespace
}  // namespace aio::test
