// Prepared statements: kept, evicted, outdated.
#include "db/pg/with_server.hpp"

namespace aio::test {
namespace {

Coro<int> prepared(pg::Connection connection) {
    const pg::Rows rows = co_await connection.fetch("SELECT name FROM pg_prepared_statements");
    co_return static_cast<int>(rows.size());
}

Coro<pg::Connection> with_cache(std::size_t size) {
    pg::ConnectOptions options;
    options.statement_cache_size = size;
    co_return co_await pg::connect(postgres().dsn(), options);
}

ASYNC_TEST(PgStatementCache, a_statement_is_prepared_once, kOnce) {  // asyncpg: test_prepare.test_prepare_01
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    for (int i = 0; i < 5; ++i) EXPECT_EQ(co_await connection.fetchval<int>("SELECT $1::int", i), i);
    EXPECT_EQ(co_await prepared(connection), 2);
    co_await connection.close();
}

ASYNC_TEST(PgStatementCache, the_least_recently_used_leaves, kOnce) {
    // asyncpg: test_prepare.test_prepare_10_stmt_lru, test_prepare.test_prepare_17_stmt_closed_lru
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_cache(3);
    const auto run = [&](int i) -> Coro<int> {
        const std::string sql = "SELECT $1::int + " + std::to_string(i);
        co_return co_await connection.fetchval<int>(db::runtime(sql), 100);
    };
    for (int i = 0; i < 20; ++i) EXPECT_EQ(co_await run(i), 100 + i);
    EXPECT_EQ(co_await prepared(connection), 3);  // 18, 19 and this one
    EXPECT_EQ(co_await run(18), 118);
    EXPECT_EQ(co_await run(19), 119);
    const auto left = co_await connection.fetch("SELECT name FROM pg_prepared_statements");
    EXPECT_EQ(left.size(), 3u);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(co_await run(i % 4), 100 + i % 4);
    co_await connection.close();
}

ASYNC_TEST(PgStatementCache, many_tasks_with_a_small_cache, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_cache(2);
    const auto run = [&](int i) -> Coro<int> {
        const std::string sql = "SELECT $1::int + " + std::to_string(i % 10);
        co_return co_await connection.fetchval<int>(db::runtime(sql), 100);
    };
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 200; ++i) tasks.push_back(create_task(run(i)));
    for (int i = 0; i < 200; ++i) EXPECT_EQ(co_await tasks[static_cast<std::size_t>(i)], 100 + i % 10);
    co_await connection.close();
}

ASYNC_TEST(PgStatementCache, an_outdated_plan_is_made_anew, kOnce) {
    // asyncpg: test_cache_invalidation.test_prepare_cache_invalidation_silent
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("CREATE TEMP TABLE t(a int, b int); INSERT INTO t VALUES(1, 2)");
    EXPECT_EQ((co_await connection.fetch("SELECT * FROM t"))[0].size(), 2u);
    co_await connection.execute("ALTER TABLE t ADD COLUMN c text DEFAULT 'x'");
    const pg::Rows rows = co_await connection.fetch("SELECT * FROM t");
    EXPECT_EQ(rows[0].get<std::string>("c"), "x");
    co_await connection.execute("ALTER TABLE t ALTER COLUMN a TYPE text");
    EXPECT_EQ((co_await connection.fetch("SELECT * FROM t"))[0].get<std::string>("a"), "1");
    co_await connection.close();
}

ASYNC_TEST(PgStatementCache, an_outdated_plan_in_a_transaction_fails_once, kOnce) {
    // asyncpg: test_cache_invalidation.test_prepare_cache_invalidation_in_transaction
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("CREATE TEMP TABLE t(a int); INSERT INTO t VALUES(1)");
    co_await connection.fetch("SELECT * FROM t");
    co_await connection.execute("ALTER TABLE t ADD COLUMN b int DEFAULT 5");
    const auto read = [&]() -> Coro<int> {
        co_return (co_await connection.fetch("SELECT * FROM t"))[0].get<int>("b");
    };
    co_await expect_throws<db::NotSupportedError>(connection.transaction(read));
    EXPECT_EQ(co_await connection.transaction(read), 5);
    EXPECT_EQ(co_await prepared(connection), 2);  // the old one was closed
    co_await connection.close();
}

ASYNC_TEST(PgStatementCache, an_outdated_plan_in_many_tasks, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("CREATE TEMP TABLE t(a int); INSERT INTO t VALUES(1)");
    co_await connection.fetch("SELECT * FROM t");
    co_await connection.execute("ALTER TABLE t ADD COLUMN b int DEFAULT 5");
    const auto read = [&]() -> Coro<int> {
        co_return (co_await connection.fetch("SELECT * FROM t"))[0].get<int>("b");
    };
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 20; ++i) tasks.push_back(create_task(read()));
    for (auto& task : tasks) EXPECT_EQ(co_await task, 5);
    EXPECT_EQ(co_await prepared(connection), 2);
    co_await connection.close();
}

ASYNC_TEST(PgStatementCache, statements_that_the_user_dropped_are_prepared_again, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT $1::int", 1), 1);
    co_await connection.execute("DISCARD ALL");
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT $1::int", 2), 2);
    co_await connection.close();
}

ASYNC_TEST(PgStatementCache, a_refused_statement_is_not_kept, kOnce) {
    // asyncpg: test_prepare.test_prepare_21_errors
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await expect_throws<db::UndefinedTableError>(connection.fetch("SELECT * FROM later"));
    co_await connection.execute("CREATE TEMP TABLE later(a int)");
    EXPECT_TRUE((co_await connection.fetch("SELECT * FROM later")).empty());
    co_await connection.close();
}

ASYNC_TEST(PgStatementCache, of_size_0_leaves_nothing_on_the_server, kOnce) {
    // asyncpg: test_introspection.test_introspection_no_stmt_cache_01, test_prepare.test_prepare_23_no_stmt_cache_seq
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_cache(0);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(co_await connection.fetchval<int>("SELECT $1::int", i), i);
    EXPECT_EQ(co_await connection.execute("CREATE TEMP TABLE t(a int)"), "CREATE TABLE");
    EXPECT_EQ(co_await connection.execute("INSERT INTO t VALUES($1)", 5), "INSERT 0 1");
    EXPECT_EQ(co_await prepared(connection), 0);
    co_await expect_throws<db::SyntaxError>(connection.fetch("SELEC $1", 1));
    co_await expect_throws<db::DataError>(connection.fetch("SELECT 1 / $1::int", 0));
    co_await expect_throws<ValueError>(connection.fetch("SELECT $1::int2", 70'000));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT a FROM t"), 5);
    EXPECT_TRUE((co_await connection.fetch("")).empty());
    co_await connection.close();
}

ASYNC_TEST(PgStatementCache, of_size_0_with_many_tasks_and_cancellations, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await with_cache(0);
    const auto ask = [&](int i) -> Coro<int> {
        co_return co_await connection.fetchval<int>("SELECT $1::int + 0 * length(pg_sleep($2)::text)", i,
                                                    i % 10 == 0 ? 0.005 : 0.0);
    };
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 200; ++i) {
        tasks.push_back(create_task(ask(i)));
        if (i % 7 == 0) co_await run_passes(i % 5);
        if (i % 3 == 0) tasks.back().cancel();
    }
    for (int i = 0; i < 200; ++i) {
        Task<int>& task = tasks[static_cast<std::size_t>(i)];
        if (i % 3 == 0) {
            co_await expect_throws<CancelledError>(task);
        } else {
            EXPECT_EQ(co_await task, i);
        }
    }
    co_await connection.close();
}

}  // namespace
}  // namespace aio::test
