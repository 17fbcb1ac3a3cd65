// Pools: what they share with other databases is tested by PostgreSQL's; here is what MySQL adds.
#include "db/mysql/with_server.hpp"

#include <algorithm>
#include <csignal>
#include <set>
#include <vector>

namespace aio::test {
namespace {

ASYNC_TEST(MysqlPool, lends_connections_in_order, kOnce) {
    // aiomysql: test_pool.test_create_pool, test_pool.test_acquire, test_pool.test_release, test_pool.test_parallel_tasks,
    // aiomysql: test_pool.test_concurrency, test_pool.test_initial_empty
    SKIP_WITHOUT_MARIADB();
    const auto pool = co_await mysql::create_pool(mariadb().dsn(), {.max_size = 2});
    EXPECT_EQ(pool.get_size(), 0u);
    const auto ask = [&](int i) -> Coro<int> { co_return co_await pool.fetchval<int>("SELECT ? + sleep(0.001)", i); };
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(create_task(ask(i)));
    for (int i = 0; i < 50; ++i) EXPECT_EQ(co_await tasks[static_cast<std::size_t>(i)], i);
    EXPECT_EQ(pool.get_size(), 2u);
    {
        const auto a = co_await pool.acquire();
        const auto b = co_await pool.acquire();
        EXPECT_NE(a->get_thread_id(), b->get_thread_id());
        co_await expect_throws<TimeoutError>(pool.acquire(10ms));
    }
    EXPECT_EQ(pool.get_idle_size(), 2u);
    co_await pool.close();
    co_await expect_throws<db::InterfaceError>(pool.acquire());
}

ASYNC_TEST(MysqlPool, of_many_tasks_opens_no_more_than_it_may, kOnce) {
    // aiomysql: test_pool.test_parallel_tasks_more, test_pool.test_true_parallel_tasks
    SKIP_WITHOUT_MARIADB();
    const auto pool = co_await mysql::create_pool(mariadb().dsn(), {.max_size = 3});
    std::set<std::uint64_t> threads;
    int in_use = 0, most = 0;
    const auto hold = [&]() -> Coro<> {
        const auto mine = co_await pool.acquire();
        threads.insert(mine->get_thread_id());
        most = std::max(most, ++in_use);
        EXPECT_LE(pool.get_size(), 3u);
        co_await mine->fetchval<int>("SELECT 1");
        --in_use;
    };
    std::vector<Task<>> tasks;
    for (int i = 0; i < 30; ++i) tasks.push_back(create_task(hold()));
    for (auto& task : tasks) co_await task;
    EXPECT_EQ(most, 3);
    EXPECT_EQ(threads.size(), 3u);
    EXPECT_EQ(pool.get_size(), 3u);
    EXPECT_EQ(pool.get_idle_size(), 3u);
    co_await pool.close();
}

ASYNC_TEST(MysqlPool, a_connection_is_reset_when_it_is_given_back, kOnce) {
    // aiomysql: test_pool.test_release_with_invalid_status
    SKIP_WITHOUT_MARIADB();
    const auto pool = co_await mysql::create_pool(mariadb().dsn("init_command=SET%20@mine=1"), {.max_size = 1});
    std::uint64_t thread = 0;
    co_await pool.execute("CREATE OR REPLACE TABLE pooled(a INT) ENGINE=InnoDB");
    {
        const auto connection = co_await pool.acquire();
        thread = connection->get_thread_id();
        co_await connection->execute("SET @a = 1, @mine = 2, time_zone = '+05:00'");
        co_await connection->execute("CREATE TEMPORARY TABLE temporary_t(a INT)");
        EXPECT_EQ(co_await connection->fetchval<int>("SELECT ?", 1),
                  1);  // a statement that the reset makes the server forget
        co_await connection->execute("START TRANSACTION");
        co_await connection->execute("INSERT INTO pooled VALUES(?)", 1);
    }
    const auto connection = co_await pool.acquire();
    EXPECT_EQ(connection->get_thread_id(), thread);
    EXPECT_EQ(co_await connection->fetchval<std::optional<int>>("SELECT @a"), std::nullopt);
    EXPECT_EQ(co_await connection->fetchval<int>("SELECT @mine"), 1);
    EXPECT_EQ(co_await connection->fetchval<std::string>("SELECT @@character_set_client"), "utf8mb4");
    EXPECT_EQ(co_await connection->fetchval<int>("SELECT ?", 2), 2);
    EXPECT_EQ(co_await connection->fetchval<int>("SELECT count(*) FROM pooled"), 0);
    co_await expect_throws<db::UndefinedTableError>(connection->fetch("SELECT * FROM temporary_t"));
    co_await connection->execute("DROP TABLE pooled");
    connection->terminate();
    pool.terminate();
}

ASYNC_TEST(MysqlPool, a_reset_between_preparing_and_running, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    const auto ask = [&](int i) -> Coro<int> { co_return co_await connection.fetchval<int>("SELECT ? + 1", i); };
    for (int passes = 0; passes < 4; ++passes) {
        auto asking = create_task(ask(passes));
        co_await run_passes(passes);
        auto resetting = create_task(connection.reset());
        EXPECT_EQ(co_await asking, passes + 1);
        co_await resetting;
    }
    co_await connection.close();
}

ASYNC_TEST(MysqlPool, statements_on_the_pool_keep_what_they_prepared, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto pool = co_await mysql::create_pool(mariadb().dsn(), {.max_size = 1});
    for (int i = 0; i < 20; ++i) EXPECT_EQ(co_await pool.fetchval<int>("SELECT ?", i), i);
    const auto row = co_await pool.fetchrow("SHOW SESSION STATUS LIKE 'Com_stmt_prepare'");
    EXPECT_EQ(row->get<std::string>(1), "1");
    co_await pool.execute("SET @a = 5");
    EXPECT_EQ(co_await pool.fetchval<std::optional<int>>("SELECT @a"), std::nullopt);
    co_await pool.close();
}

ASYNC_TEST(MysqlPool, a_connection_that_died_while_idle_is_replaced_unseen, kOnce) {
    // aiomysql: test_pool.test_drop_connection_if_timedout, test_pool.test_release_closed_connection
    SKIP_WITHOUT_MARIADB();
    const auto observer = co_await mysql::connect(mariadb().dsn());
    for (const char* mode : {"ssl_mode=disabled", "ssl_mode=required"}) {
        const auto pool = co_await mysql::create_pool(mariadb().tcp_dsn(mode, "ed"), {.min_size = 2, .max_size = 2});
        EXPECT_EQ(co_await sessions_of(observer, "ed", 2), 2);
        co_await observer.execute("SET GLOBAL wait_timeout = 28800");
        const auto ids = co_await observer.fetch("SELECT id FROM information_schema.processlist WHERE user = 'ed'");
        for (const auto& row : ids) co_await observer.kill(row.get<std::uint64_t>(0));
        EXPECT_EQ(co_await sessions_of(observer, "ed", 0), 0);
        for (int i = 0; i < 4; ++i) EXPECT_EQ(co_await pool.fetchval<int>("SELECT ?", i), i) << mode;
        co_await pool.close();
    }
    co_await observer.close();
}

ASYNC_TEST(MysqlPool, the_servers_goodbye_to_an_idle_connection, kOnce) {
    // aiomysql: test_pool.test_pool_with_connection_recycling
    SKIP_WITHOUT_MARIADB();
    const auto pool =
        co_await mysql::create_pool(mariadb().dsn("init_command=SET%20wait_timeout=1"), {.max_size = 1});
    const auto observer = co_await mysql::connect(mariadb().dsn());
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT 1"), 1);
    const auto before = co_await pool.fetchval<std::uint64_t>("SELECT connection_id()");
    for (int tries = 0; tries < 600; ++tries) {
        const int left = co_await observer.fetchval<int>(
            "SELECT count(*) FROM information_schema.processlist WHERE id = ?", before);
        if (left == 0) break;
        co_await sleep(10ms);
    }
    EXPECT_NE(co_await pool.fetchval<std::uint64_t>("SELECT connection_id()"), before);
    co_await pool.close();
    co_await observer.close();
}

ASYNC_TEST(MysqlPool, hooks_run_on_each_connection, kOnce) {
    SKIP_WITHOUT_MARIADB();
    int inits = 0, setups = 0;
    mysql::PoolHooks hooks;
    hooks.init = [&](mysql::Connection connection) -> Coro<> {
        ++inits;
        co_await connection.execute("SELECT 1");
    };
    hooks.setup = [&](mysql::Connection connection) -> Coro<> {
        ++setups;
        co_await connection.execute("SET @s = 1");
    };
    const auto pool = co_await mysql::create_pool(mariadb().dsn(), {.max_size = 1}, hooks);
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT @s"), 1);
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT @s"), 1);
    EXPECT_EQ(inits, 1);
    EXPECT_EQ(setups, 2);
    co_await pool.close();
}

ASYNC_TEST(MysqlPool, requests_to_stop_statements_are_capped, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto pool = co_await mysql::create_pool(mariadb().dsn(), {.max_size = 20, .max_cancels = 2});
    const auto observer = co_await mysql::connect(mariadb().dsn());
    const auto nap = [&]() -> Coro<> { co_await pool.fetch("SELECT sleep(?)", 60); };
    std::vector<Task<>> tasks;
    for (int i = 0; i < 20; ++i) tasks.push_back(create_task(nap()));
    EXPECT_EQ(co_await observer.fetchval<int>("SELECT 1"), 1);
    for (int tries = 0; tries < 500; ++tries) {
        const auto busy = co_await observer.fetchval<int>(
            "SELECT count(*) FROM information_schema.processlist WHERE state = 'User sleep'");
        if (busy == 20) break;
        co_await sleep(5ms);
    }
    const Stopwatch watch;
    for (auto& task : tasks) task.cancel();
    for (auto& task : tasks) co_await expect_throws<CancelledError>(task);
    for (int i = 0; i < 40; ++i) EXPECT_EQ(co_await pool.fetchval<int>("SELECT ?", i), i);
    EXPECT_LT(watch.elapsed(), 20s);
    EXPECT_LE(pool.get_size(), 20u);
    co_await pool.close();
    co_await observer.close();
}

}  // namespace
}  // namespace aio::test
