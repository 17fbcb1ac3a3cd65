// prepare() and executemany().
#include "db/pg/with_server.hpp"

#include <limits>
#include <tuple>
#include <vector>

namespace aio::test {
namespace {

using Sets = std::vector<std::tuple<int, std::string>>;

ASYNC_TEST(PgPreparedStatement, is_run_many_times, kOnce) {
    // asyncpg: test_prepare.test_prepare_01, test_prepare.test_prepare_03, test_prepare.test_prepare_fetchmany
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto twice = co_await c.prepare("SELECT $1::int * 2 AS twice, $2::text AS name");
    EXPECT_EQ(twice.get_query(), "SELECT $1::int * 2 AS twice, $2::text AS name");
    EXPECT_EQ(twice.get_parameters(), (std::vector<std::string>{"int4", "text"}));
    const auto attributes = twice.get_attributes();
    CO_ASSERT_EQ(attributes.size(), 2u);
    EXPECT_EQ(attributes[0].name, "twice");
    EXPECT_EQ(attributes[1].type_name, "text");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(co_await twice.fetchval<int>(i, "x"), 2 * i);
    EXPECT_EQ((co_await twice.fetch(4, "x"))[0].get<int>("twice"), 8);
    EXPECT_EQ((co_await twice.fetchrow(5, "y"))->get<std::string>("name"), "y");
    EXPECT_EQ(co_await twice.execute(5, "y"), "SELECT 1");
    co_await expect_throws<db::ArgumentCountError>(twice.fetchval<int>(1));
    co_await c.close();
}

ASYNC_TEST(PgPreparedStatement, stays_while_it_is_held, kOnce) {
    // asyncpg: test_prepare.test_prepare_11_stmt_gc, test_prepare.test_prepare_12_stmt_gc
    SKIP_WITHOUT_POSTGRES();
    pg::ConnectOptions options;
    options.statement_cache_size = 2;
    const auto c = co_await pg::connect(postgres().dsn(), options);
    const auto held = co_await c.prepare("SELECT $1::int + 1");
    for (int i = 0; i < 5; ++i) {
        const std::string sql = "SELECT $1::int + 10 * " + std::to_string(i);
        co_await c.fetchval<int>(db::runtime(sql), 1);
    }
    EXPECT_EQ(co_await held.fetchval<int>(1), 2);
    EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*)::int FROM pg_prepared_statements WHERE statement = $1",
                                       "SELECT $1::int + 1"),
              1);
    co_await c.close();
}

ASYNC_TEST(PgPreparedStatement, errors_come_with_prepare,
           kOnce) {  // asyncpg: test_prepare.test_prepare_02
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await expect_throws<db::ProgrammingError>(c.prepare("SELECT nothing_like_it"));
    co_await c.close();
    co_await expect_throws<db::InterfaceError>(c.prepare("SELECT 1"));
}

ASYNC_TEST(PgExecuteMany, runs_once_for_each_set, kOnce) {
    // asyncpg: test_execute.test_executemany_basic, test_pool.test_pool_connection_execute_many
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(id int PRIMARY KEY, name text)");
    Sets sets;
    for (int i = 0; i < 5'000; ++i) sets.emplace_back(i, "n" + std::to_string(i));
    co_await c.executemany("INSERT INTO t VALUES($1, $2)", sets);
    EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*)::int FROM t WHERE name = 'n' || id"), 5'000);
    co_await c.executemany("INSERT INTO t VALUES($1, $2)", Sets());
    co_await (co_await c.prepare("DELETE FROM t WHERE id = $1 AND name = $2")).executemany(std::move(sets));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*)::int FROM t"), 0);
    co_await c.close();
}

ASYNC_TEST(PgExecuteMany, returns_the_rows_of_all, kOnce) {  // asyncpg: test_execute.test_executemany_returning
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(id int, name text)");
    const Sets sets = {{1, "a"}, {2, "b"}};
    const pg::Rows rows = co_await c.fetchmany("INSERT INTO t VALUES($1, $2) RETURNING id * 10", sets);
    CO_ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[1].get<int>(0), 20);
    co_await c.close();
}

ASYNC_TEST(PgExecuteMany, does_all_or_nothing, kOnce) {
    // asyncpg: test_execute.test_executemany_server_failure, test_execute.test_executemany_bad_input
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(id int2 PRIMARY KEY, name text)");
    const Sets twice = {{1, "a"}, {2, "b"}, {1, "c"}, {3, "d"}};
    co_await expect_throws<db::UniqueViolationError>(c.executemany("INSERT INTO t VALUES($1, $2)", twice));
    const Sets too_large = {{1, "a"}, {std::numeric_limits<int>::max(), "b"}};
    co_await expect_throws<db::OutOfRangeError>(c.executemany("INSERT INTO t VALUES($1, $2)", too_large));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*)::int FROM t"), 0);
    co_await c.close();
}

ASYNC_TEST(PgExecuteMany, inside_of_a_transaction, kOnce) {
    // asyncpg: test_execute.test_executemany_client_failure_in_transaction
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(id int, name text)");
    const Sets sets = {{1, "a"}, {2, "b"}};
    const auto fails = [&]() -> Coro<> {
        co_await c.executemany("INSERT INTO t VALUES($1, $2)", sets);
        throw ValueError("no");
    };
    co_await expect_throws<ValueError>(c.transaction(fails));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*)::int FROM t"), 0);
    co_await c.close();
}

ASYNC_TEST(PgExecuteMany, is_cancelled_as_a_whole, kOnce) {  // asyncpg: test_execute.test_executemany_timeout
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto observer = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(id int, name text)");
    const Sets sets(200, {1, "x"});
    const auto run = [&]() -> Coro<> {
        co_await c.executemany("INSERT INTO t SELECT $1, $2 FROM pg_sleep(0.1)", sets);
    };
    auto task = create_task(run());
    co_await until_active(observer, c.get_server_pid());
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_EQ(co_await c.fetchval<int>("SELECT count(*)::int FROM t"), 0);
    co_await c.close();
    co_await observer.close();
}

ASYNC_TEST(PgExecuteMany, without_a_statement_cache, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    pg::ConnectOptions options;
    options.statement_cache_size = 0;
    const auto c = co_await pg::connect(postgres().dsn(), options);
    co_await c.execute("CREATE TEMP TABLE t(id int, name text)");
    const Sets sets = {{1, "a"}, {2, "b"}};
    co_await c.executemany("INSERT INTO t VALUES($1, $2)", sets);
    co_await c.executemany("INSERT INTO t VALUES($1, $2)", Sets());
    EXPECT_EQ(co_await c.fetchval<int>("SELECT sum(id)::int FROM t"), 3);
    co_await c.close();
}

ASYNC_TEST(PgPreparedStatement, of_values_and_series, kOnce) {
    // asyncpg: test_prepare.test_prepare_04, test_prepare.test_prepare_05_unknownoid, test_prepare.test_prepare_13_connect
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    EXPECT_EQ(co_await (co_await c.prepare("SELECT $1::smallint * 2")).fetchval<int>(10), 20);
    const auto series = co_await c.prepare("SELECT generate_series(5, 10)");
    EXPECT_EQ(co_await series.fetchval<int>(), 5);
    EXPECT_EQ((co_await series.fetchrow())->get<int>(0), 5);
    EXPECT_EQ((co_await series.fetch()).size(), 6u);
    EXPECT_EQ(co_await series.execute(), "SELECT 6");
    EXPECT_EQ(co_await (co_await c.prepare("SELECT 'test'")).fetchval<std::string>(), "test");
    const auto rows = co_await c.fetch("SELECT generate_series(0, $1::int)", 3);
    CO_ASSERT_EQ(rows.size(), 4u);
    EXPECT_EQ(rows[3].get<int>(0), 3);
    co_await c.close();
}

ASYNC_TEST(PgPreparedStatement, that_fails_with_a_long_message,
           kOnce) {  // asyncpg: test_prepare.test_prepare_09_raise_error
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const std::string message(102'400, '0');
    const std::string sql = "DO LANGUAGE plpgsql $$ BEGIN RAISE EXCEPTION '" + message + "'; END $$";
    const auto statement = co_await c.prepare(sql);
    try {
        co_await statement.execute();
        ADD_FAILURE();
    } catch (const db::DatabaseError& error) {
        EXPECT_EQ(error.report().message, message);
        EXPECT_EQ(error.sqlstate(), "P0001");
    }
    co_await c.close();
}

ASYNC_TEST(PgPreparedStatement, whose_table_was_altered_is_prepared_anew, kOnce) {
    // asyncpg: test_prepare.test_prepare_statement_invalid
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(a int, b int); INSERT INTO t VALUES(1, 2)");
    const auto statement = co_await c.prepare("SELECT * FROM t");
    EXPECT_EQ((co_await statement.fetchrow())->get<int>("b"), 2);
    co_await c.execute("ALTER TABLE t ALTER COLUMN b TYPE text");
    EXPECT_EQ((co_await statement.fetchrow())->get<std::string>("b"), "2");
    co_await c.close();
}

ASYNC_TEST(PgPreparedStatement, without_a_cache_is_closed_when_it_is_dropped, kOnce) {
    // asyncpg: test_prepare.test_prepare_15_stmt_gc_cache_disabled
    SKIP_WITHOUT_POSTGRES();
    pg::ConnectOptions options;
    options.statement_cache_size = 0;
    const auto c = co_await pg::connect(postgres().dsn(), options);
    const auto left = [&]() -> Coro<int> {
        co_return co_await c.fetchval<int>("SELECT count(*)::int FROM pg_prepared_statements");
    };
    for (int i = 0; i < 5; ++i) {
        const std::string sql = "SELECT " + std::to_string(i);
        const auto statement = co_await c.prepare(sql);
        EXPECT_EQ(co_await statement.fetchval<int>(), i);
    }
    EXPECT_LE(co_await left(), 1);
    co_await c.close();
}

}  // namespace
}  // namespace aio::test
