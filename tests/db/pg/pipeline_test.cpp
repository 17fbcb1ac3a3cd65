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
