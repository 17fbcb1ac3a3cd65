// Timeouts of statements: of cursors, by the server, while a statement is prepared, with no time at all.
#include "db/pg/with_server.hpp"

namespace aio::test {
namespace {

ASYNC_TEST(PgTimeouts, of_cursors, kOnce) {
    // asyncpg: test_timeout.test_timeout_04, test_timeout.test_timeout_06
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto sleepy = co_await c.prepare("SELECT pg_sleep(60)");
    const auto of_connection = [&]() -> Coro<> {
        auto rows = c.cursor("SELECT pg_sleep(60)");
        co_await expect_throws<TimeoutError>(wait_for(rows.next(), 20ms));
        // The server has rolled the transaction back.
        co_await expect_throws<db::TransactionError>(c.fetchval<int>("SELECT 1"));
        throw ValueError("enough");
    };
    co_await expect_throws<ValueError>(c.transaction(of_connection));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    const auto of_statement = [&]() -> Coro<> {
        auto rows = sleepy.cursor();
        co_await wait_for(rows.next(), 20ms);
    };
    co_await expect_throws<TimeoutError>(c.transaction(of_statement));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    co_await c.close();
}

ASYNC_TEST(PgTimeouts, of_almost_nothing_do_not_hit_the_next_statement, kOnce) {
    // asyncpg: test_timeout.test_timeout_05
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    for (int i = 0; i < 60; ++i) {
        const Duration timeout = i % 3 == 0 ? Duration(0) : std::chrono::microseconds(20 * i);
        co_await expect_throws<TimeoutError>(wait_for(c.fetch("SELECT pg_sleep(60)"), timeout));
        EXPECT_EQ(co_await c.fetchval<int>("SELECT $1::int", i), i);
    }
    co_await c.close();
}

ASYNC_TEST(PgTimeouts, of_the_server_for_all_statements, kOnce) {
    // asyncpg: test_timeout.test_command_timeout_01
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn("statement_timeout=20ms"));
    co_await expect_throws<db::QueryCanceledError>(c.fetch("SELECT pg_sleep(60)"));
    co_await expect_throws<db::QueryCanceledError>(c.fetchrow("SELECT pg_sleep(60)"));
    co_await expect_throws<db::QueryCanceledError>(c.fetchval<std::monostate>("SELECT pg_sleep($1)", 60.0));
    co_await expect_throws<db::QueryCanceledError>(c.execute("SELECT pg_sleep(60)"));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    co_await c.close();
}

ASYNC_TEST(PgTimeouts, cover_the_preparation_of_a_statement, kOnce) {
    // asyncpg: test_timeout.test_timeout_covers_prepare_01
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto locker = co_await pg::connect(postgres().dsn());
    co_await locker.execute("DROP TABLE IF EXISTS shut; CREATE TABLE shut(a int)");
    take_logs();
    const auto hold = [&]() -> Coro<> {
        co_await locker.execute("LOCK TABLE shut");
        co_await expect_throws<TimeoutError>(wait_for(c.fetch("SELECT a FROM shut"), 20ms));
        co_await expect_throws<TimeoutError>(wait_for(c.prepare("SELECT a + 1 FROM shut"), 20ms));
    };
    co_await locker.transaction(hold);
    EXPECT_TRUE((co_await c.fetch("SELECT a FROM shut")).empty());
    co_await locker.execute("DROP TABLE shut");
    co_await locker.close();
    co_await c.close();
}

}  // namespace
}  // namespace aio::test
