// Many tasks on one connection.
#include "db/pg/with_server.hpp"

namespace aio::test {
namespace {

ASYNC_TEST(PgPipeline, each_task_gets_its_own_answer, kOnce) {
    // asyncpg: test_prepare.test_prepare_19_concurrent_calls, test_prepare.test_prepare_20_concurrent_calls
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    const auto twice = [&](int i) -> Coro<int> {
        co_return co_await connection.fetchval<int>("SELECT $1::int * 2", i);
    };
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 1000; ++i) tasks.push_back(create_task(twice(i)));
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(co_await tasks[static_cast<std::size_t>(i)], 2 * i);
    co_await connection.close();
}

ASYNC_TEST(PgPipeline, collects_statements_and_runs_them_in_order, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("CREATE TEMP TABLE t(id int)");
    auto pipeline = connection.pipeline();
    const auto stored = pipeline.execute("INSERT INTO t VALUES($1), (2)", 1);
    const auto failed = pipeline.fetchval<int>("SELECT 1 / $1::int", 0);
    const auto sum = pipeline.fetchval<int>("SELECT sum(id)::int FROM t");
    const auto rows = pipeline.fetch("SELECT id FROM t ORDER BY id");
    co_await run_passes(3);
    expect_error<db::InterfaceError>([&] { stored.get(); });
    EXPECT_FALSE(sum.is_ready());
    co_await expect_throws<db::DataError>(pipeline.run());
    EXPECT_EQ(stored.get(), "INSERT 0 2");
    expect_error<db::DataError>([&] { failed.get(); });
    EXPECT_EQ(sum.get(), 3);
    EXPECT_EQ(rows.get().size(), 2u);
    co_await pipeline.run();  // of nothing
    const auto row = pipeline.fetchrow("SELECT max(id) FROM t");
    co_await pipeline.run();
    EXPECT_EQ(row.get()->get<int>(0), 2);

    const auto insert = [&](int divisor) -> Coro<> {
        auto both = connection.pipeline();
        both.execute("INSERT INTO t VALUES(3)");
        both.fetchval<int>("SELECT 1 / $1::int", divisor);
        co_await both.run();
    };
    co_await expect_throws<db::DataError>(connection.transaction([&] { return insert(0); }));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*)::int FROM t"), 2);
    co_await connection.transaction([&] { return insert(1); });
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*)::int FROM t"), 3);
    co_await connection.close();
}

ASYNC_TEST(PgPipeline, of_a_task_that_is_cancelled_runs_no_further, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("CREATE TEMP TABLE t(id int)");
    auto pipeline = connection.pipeline();
    const auto nap = pipeline.execute("SELECT pg_sleep($1)", 60.0);
    for (int i = 0; i < 3; ++i) pipeline.execute("INSERT INTO t VALUES($1)", i);
    auto running = create_task(pipeline.run());
    co_await sleep(20ms);
    running.cancel();
    co_await expect_throws<CancelledError>(std::move(running));
    EXPECT_FALSE(nap.is_ready());
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 1"), 1);
    co_await connection.close();
}

ASYNC_TEST(PgPipeline, one_fails_alone, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    const auto divide = [&](int i) -> Coro<int> {
        co_return co_await connection.fetchval<int>("SELECT 60 / $1::int", i);
    };
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 60; ++i) tasks.push_back(create_task(divide(i % 6)));
    for (int i = 0; i < 60; ++i) {
        Task<int>& task = tasks[static_cast<std::size_t>(i)];
        if (i % 6 == 0) {
            co_await expect_throws<db::DataError>(task);
        } else {
            EXPECT_EQ(co_await task, 60 / (i % 6));
        }
    }
    co_await connection.close();
}

ASYNC_TEST(PgPipeline, statements_are_sent_before_earlier_ones_are_answered, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.fetch("SELECT pg_sleep($1)", 0.0);
    const auto nap = [&]() -> Coro<> { co_await connection.fetch("SELECT pg_sleep($1)", 0.02); };
    const Stopwatch watch;
    std::vector<Task<>> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(create_task(nap()));
    for (auto& task : tasks) co_await task;
    EXPECT_GE(watch.elapsed(), 100ms);
    co_await connection.close();
}

ASYNC_TEST(PgPipeline, scripts_and_statements_keep_their_order, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("CREATE TEMP TABLE t(n serial, a int)");
    const auto script = [&]() -> Coro<> { co_await connection.execute("INSERT INTO t(a) VALUES(1)"); };
    const auto statement = [&](int a) -> Coro<> { co_await connection.execute("INSERT INTO t(a) VALUES($1)", a); };
    co_await statement(0);
    std::vector<Task<>> tasks;
    for (int i = 0; i < 50; ++i) {
        tasks.push_back(create_task(script()));
        tasks.push_back(create_task(statement(2)));
    }
    for (auto& task : tasks) co_await task;
    const pg::Rows rows = co_await connection.fetch("SELECT a FROM t ORDER BY n OFFSET 1");
    for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].get<int>(0), i % 2 == 0 ? 1 : 2);
    co_await connection.close();
}

}  // namespace
}  // namespace aio::test
