// Pools: acquiring in order, cancellation, what a connection is reset to, ages, the end.
#include <aio/io/server.hpp>
#include <aio/io/stream.hpp>

#include "db/pg/with_server.hpp"
#include "support/tls_peers.hpp"

#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <thread>

namespace aio::test {
namespace {

Coro<pg::Pool> pool_of(std::size_t size) { return pg::create_pool(postgres().dsn(), {.max_size = size}); }

ASYNC_TEST(PgPool, lends_connections_and_gets_them_back, kOnce) {
    // asyncpg: test_pool.test_pool_size_and_capacity, test_pool.test_pool_init_run_until_complete
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.min_size = 2, .max_size = 3});
    EXPECT_EQ(pool.get_size(), 2u);
    EXPECT_EQ(pool.get_idle_size(), 2u);
    {
        const auto a = co_await pool.acquire();
        const auto b = co_await pool.acquire();
        const auto c = co_await pool.acquire();
        EXPECT_EQ(pool.get_size(), 3u);
        EXPECT_EQ(pool.get_idle_size(), 0u);
        EXPECT_EQ(co_await c->fetchval<int>("SELECT 1"), 1);
    }
    EXPECT_EQ(pool.get_idle_size(), 3u);
    co_await pool.close();
    EXPECT_EQ(pool.get_size(), 0u);
}

ASYNC_TEST(PgPool, runs_single_statements, kOnce) {
    // asyncpg: test_pool.test_fetch, test_pool.test_fetchrow, test_pool.test_fetchval, test_pool.test_execute,
    // asyncpg: test_pool.test_execute_with_arg, test_pool.test_pool_connection_methods
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pool_of(3);
    const auto twice = [&](int i) -> Coro<int> { co_return co_await pool.fetchval<int>("SELECT $1::int * 2", i); };
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(create_task(twice(i)));
    for (int i = 0; i < 100; ++i) EXPECT_EQ(co_await tasks[static_cast<std::size_t>(i)], 2 * i);
    EXPECT_LE(pool.get_size(), 3u);
    EXPECT_EQ((co_await pool.fetch("SELECT generate_series(1, $1::int)", 4)).size(), 4u);
    EXPECT_EQ((co_await pool.fetchrow("SELECT 5"))->get<int>(0), 5);
    EXPECT_EQ(co_await pool.execute("SELECT 1, $1::int", 2), "SELECT 1");
    EXPECT_EQ(co_await pool.execute("SELECT 1"), "SELECT 1");
    co_await expect_throws<db::DataError>(pool.fetchval<int>("SELECT 1/0"));
    EXPECT_EQ(pool.get_idle_size(), pool.get_size());
    co_await pool.close();
}

ASYNC_TEST(PgPool, serves_waiters_in_order, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pool_of(1);
    Log& order = keep<Log>();
    auto held = co_await pool.acquire();
    const auto take = [&](int i) -> Coro<> {
        const auto mine = co_await pool.acquire();
        order.push_back(std::to_string(i));
        co_await mine->fetchval<int>("SELECT 1");
    };
    std::vector<Task<>> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(create_task(take(i)));
    co_await run_passes(3);
    EXPECT_EQ(pool.statistics().waiting, 5u);
    held.release();
    for (auto& task : tasks) co_await task;
    EXPECT_THAT(order, testing::ElementsAre("0", "1", "2", "3", "4"));
    co_await pool.close();
}

ASYNC_TEST(PgPool, a_waiter_that_gives_up_takes_nothing, kOnce) {
    // asyncpg: test_pool.test_pool_handles_task_cancel_in_acquire_with_timeout, test_adversity.test_pool_acquire_timeout,
    // asyncpg: test_pool.test_pool_03, test_pool.test_pool_no_acquire_deadlock
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pool_of(1);
    auto held = co_await pool.acquire();
    co_await expect_throws<TimeoutError>(pool.acquire(20ms));
    auto waiting = create_task(pool.acquire());
    co_await run_passes(2);
    waiting.cancel();
    co_await expect_throws<CancelledError>(std::move(waiting));
    held.release();
    for (int passes = 0; passes < 20; ++passes) {  // also while it connects and is handed out
        pool.expire_connections();
        auto task = create_task(pool.acquire());
        co_await run_passes(passes);
        task.cancel();
        try {
            co_await std::move(task);
        } catch (const CancelledError&) {
            // Expected.
        }
    }
    auto last = co_await pool.acquire(5s);
    EXPECT_EQ(co_await last->fetchval<int>("SELECT 1"), 1);
    EXPECT_EQ(pool.get_size(), 1u);
    last.release();
    co_await pool.close();
}

ASYNC_TEST(PgPool, release_resets_the_session, kOnce) {
    // asyncpg: test_pool.test_pool_config_persistence
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pool_of(1);
    const auto observer = co_await pg::connect(postgres().dsn());
    {
        const auto first = co_await pool.acquire();
        co_await first->execute("SET search_path = nowhere; SELECT pg_advisory_lock(4711)");
        EXPECT_FALSE(co_await observer.fetchval<bool>("SELECT pg_try_advisory_lock(4711)"));
    }
    const auto second = co_await pool.acquire();
    EXPECT_NE(co_await second->fetchval<std::string>("SHOW search_path"), "nowhere");
    EXPECT_TRUE(co_await observer.fetchval<bool>("SELECT pg_try_advisory_lock(4711)"));
    co_await observer.close();
    pool.terminate();
    EXPECT_TRUE(second->is_closed());
}

ASYNC_TEST(PgPool, a_transaction_that_was_left_open_is_rolled_back, kOnce) {
    // asyncpg: test_pool.test_pool_release_in_xact
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pool_of(1);
    co_await pool.execute("CREATE TABLE IF NOT EXISTS leftover(a int)");
    take_logs();
    {
        const auto first = co_await pool.acquire();
        co_await first->execute("BEGIN; INSERT INTO leftover VALUES(1)");
    }
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT count(*)::int FROM leftover"), 0);
    co_await pool.execute("BEGIN; INSERT INTO leftover VALUES(1)");
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT count(*)::int FROM leftover"), 0);
    co_await pool.execute("DROP TABLE leftover");
    co_await pool.close();
}

ASYNC_TEST(PgPool, a_cancelled_statement_does_not_reach_the_next_user, kOnce) {
    // asyncpg: test_pool.test_pool_handles_query_cancel_in_release, test_pool.test_pool_handles_task_cancel_in_release
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pool_of(1);
    const Stopwatch watch;
    for (int i = 0; i < 5; ++i) {
        co_await expect_throws<TimeoutError>(wait_for(pool.fetchval<int>("SELECT 1 FROM pg_sleep($1)", 60.0), 20ms));
        EXPECT_EQ(co_await pool.fetchval<int>("SELECT $1::int", i), i);
        const auto mine = co_await pool.acquire();
        co_await expect_throws<TimeoutError>(wait_for(mine->execute("BEGIN; SELECT pg_sleep(60)"), 20ms));
    }
    EXPECT_EQ(pool.get_size(), 1u);
    EXPECT_LT(watch.elapsed(), 50s);
    co_await pool.close();
}

ASYNC_TEST(PgPool, a_connection_that_died_while_idle_is_replaced, kOnce) {
    // asyncpg: test_pool.test_pool_handles_inactive_connection_errors, test_pool.test_pool_remote_close,
    // asyncpg: test_adversity.test_pool_handles_abrupt_connection_loss
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pool_of(2);
    const auto observer = co_await pg::connect(postgres().dsn());
    const int pid = co_await pool.fetchval<int>("SELECT pg_backend_pid()");
    co_await observer.fetch("SELECT pg_terminate_backend($1)", pid);
    while (::kill(pid, 0) == 0 || errno != ESRCH) std::this_thread::sleep_for(1ms);  // so that the loop sees nothing
    EXPECT_NE(co_await pool.fetchval<int>("SELECT pg_backend_pid()"), pid);
    EXPECT_EQ(pool.get_size(), 1u);
    co_await observer.close();
    co_await pool.close();
}

ASYNC_TEST(PgPool, expired_connections_are_replaced, kOnce) {  // asyncpg: test_pool.test_pool_expire_connections
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pool_of(1);
    const int pid = co_await pool.fetchval<int>("SELECT pg_backend_pid()");
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT pg_backend_pid()"), pid);
    pool.expire_connections();
    EXPECT_NE(co_await pool.fetchval<int>("SELECT pg_backend_pid()"), pid);
    co_await pool.close();
}

ASYNC_TEST(PgPool, a_connection_is_used_max_queries_times, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.max_size = 1, .max_queries = 2});
    const auto pid = [&] { return pool.fetchval<int>("SELECT pg_backend_pid()"); };
    const int first = co_await pid();
    EXPECT_EQ(co_await pid(), first);
    EXPECT_NE(co_await pid(), first);
    co_await pool.close();
}

ASYNC_TEST(PgPool, idle_connections_are_closed, kOnce) {
    // asyncpg: test_pool.test_pool_max_inactive_time_01, test_pool.test_pool_max_inactive_time_02,
    // asyncpg: test_pool.test_pool_max_inactive_time_05
    SKIP_WITHOUT_POSTGRES();
    const auto pool =
        co_await pg::create_pool(postgres().dsn(), {.min_size = 2, .max_size = 2, .max_inactive_time = 100ms});
    EXPECT_EQ(pool.get_size(), 2u);
    auto held = co_await pool.acquire();
    co_await sleep(300ms);
    EXPECT_EQ(pool.get_size(), 1u);  // what is lent does not age
    EXPECT_EQ(co_await held->fetchval<int>("SELECT 1"), 1);
    held.release();
    co_await sleep(300ms);
    EXPECT_EQ(pool.get_size(), 0u);
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT 1"), 1);
    co_await pool.close();
}

ASYNC_TEST(PgPool, hooks_and_their_failures, kOnce) {
    // asyncpg: test_pool.test_pool_10, test_pool.test_pool_exception_in_setup_and_init
    SKIP_WITHOUT_POSTGRES();
    struct Calls {
        int init = 0, setup = 0;
        bool fails = false;
    };
    Calls& calls = keep<Calls>();
    pg::PoolHooks hooks;
    hooks.init = [&calls](pg::Connection connection) -> Coro<> {
        ++calls.init;
        co_await connection.execute("SELECT 1");
    };
    hooks.setup = [&calls](pg::Connection) -> Coro<> {
        ++calls.setup;
        if (calls.fails) throw std::runtime_error("setup");
        co_return;
    };
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.max_size = 1}, hooks);
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT 1"), 1);
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT 1"), 1);
    EXPECT_EQ(calls.init, 1);
    EXPECT_EQ(calls.setup, 2);
    calls.fails = true;
    co_await expect_throws<std::runtime_error>(pool.fetchval<int>("SELECT 1"));
    EXPECT_EQ(pool.get_size(), 0u);
    calls.fails = false;
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT 1"), 1);
    EXPECT_EQ(calls.init, 2);
    co_await pool.close();
}

ASYNC_TEST(PgPool, a_server_that_refuses_does_not_use_up_places, kOnce) {  // asyncpg: test_pool.test_pool_auth
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn("user=rejected"), {.max_size = 1});
    for (int i = 0; i < 3; ++i) co_await expect_throws<db::AuthenticationError>(pool.acquire());
    EXPECT_EQ(pool.get_size(), 0u);
    co_await pool.close();
    co_await expect_throws<db::AuthenticationError>(
        pg::create_pool(postgres().dsn("user=rejected"), {.min_size = 1}));
}

ASYNC_TEST(PgPool, close_waits_for_what_is_lent, kOnce) {
    // asyncpg: test_pool.test_pool_close_waits_for_release, test_pool.test_pool_closing
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pool_of(1);
    auto held = co_await pool.acquire();
    auto waiting = create_task(pool.acquire());
    co_await run_passes(2);
    auto closing = create_task(pool.close());
    co_await run_passes(5);
    EXPECT_FALSE(closing.done());
    co_await expect_throws<db::InterfaceError>(pool.acquire());
    EXPECT_EQ(co_await held->fetchval<int>("SELECT 1"), 1);
    held.release();
    co_await closing;
    co_await expect_throws<db::InterfaceError>(std::move(waiting));
    co_await pool.close();
}

ASYNC_TEST(PgPool, a_close_that_is_cancelled_aborts_what_is_lent, kOnce) {
    // asyncpg: test_pool.test_pool_close_timeout
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pool_of(2);
    const auto held = co_await pool.acquire();
    auto stuck = create_task(held->execute("SELECT pg_sleep(60)"));
    co_await sleep(20ms);
    co_await expect_throws<TimeoutError>(wait_for(pool.close(), 50ms));
    co_await expect_throws<db::InterfaceError>(std::move(stuck));
}

ASYNC_TEST(PgPool, close_survives_a_connection_that_is_dead, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.min_size = 3, .max_size = 3});
    const auto observer = co_await pg::connect(postgres().dsn());
    const int pid = co_await pool.fetchval<int>("SELECT pg_backend_pid()");
    co_await observer.fetch("SELECT pg_terminate_backend($1)", pid);
    co_await pool.close();
    EXPECT_EQ(pool.get_size(), 0u);
    co_await observer.close();
}

ASYNC_TEST(PgPool, one_that_is_dropped_ends_its_connections, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto observer = co_await pg::connect(postgres().dsn());
    {
        const auto pool = co_await pg::create_pool(postgres().dsn("application_name=pooled"), {.min_size = 3});
        EXPECT_EQ(co_await sessions_named(observer, "pooled", 3), 3);
    }
    EXPECT_EQ(co_await sessions_named(observer, "pooled", 0), 0);
    co_await observer.close();
}

ASYNC_TEST(PgPool, a_frozen_server_does_not_hold_acquire, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto mute = [](StreamReader reader, StreamWriter writer) -> Coro<> {
        co_await reader.read();
        writer.close();
    };
    auto server = co_await start_server(mute, "127.0.0.1", 0);
    const std::string dsn = "host=127.0.0.1 user=postgres sslmode=disable port=" + std::to_string(server.port());
    const auto pool = co_await pg::create_pool(dsn, {.max_size = 1});
    co_await expect_throws<TimeoutError>(pool.acquire(50ms));
    EXPECT_EQ(pool.get_size(), 0u);
    co_await pool.close();
    co_await stop(std::move(server));
}

ASYNC_TEST(PgPool, sizes_that_make_no_sense, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    expect_error<ValueError>([] { static_cast<void>(pg::create_pool("host=/tmp", {.max_size = 0})); });
    expect_error<ValueError>([] { static_cast<void>(pg::create_pool("host=/tmp", {.min_size = 2, .max_size = 1})); });
    co_return;
}

ASYNC_TEST(PgPool, has_the_connections_functions, kOnce) {
    // asyncpg: test_pool.test_pool_connection_methods, test_pool.test_pool_connection_execute_many
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn());
    co_await pool.execute("CREATE TABLE pooled(id int, name text)");
    using Sets = std::vector<std::tuple<int, std::string>>;
    const Sets two = {{1, "a"}, {2, "b"}}, third = {{3, "c"}}, fourth = {{4, "d"}};
    co_await pool.executemany("INSERT INTO pooled VALUES($1, $2)", two);
    const auto returned = co_await pool.fetchmany("INSERT INTO pooled VALUES($1, $2) RETURNING id", third);
    EXPECT_EQ(returned.size(), 1u);
    EXPECT_EQ(co_await pool.copy_records_to_table("pooled", fourth), "COPY 1");
    EXPECT_EQ(co_await pool.copy_to_table("pooled", std::string("5\te\n")), "COPY 1");
    std::string all;
    const auto collect = [&](std::string_view piece) -> Coro<> {
        all += piece;
        co_return;
    };
    EXPECT_EQ(co_await pool.copy_from_query("SELECT * FROM pooled WHERE id > 3 ORDER BY id", collect), "COPY 2");
    EXPECT_EQ(co_await pool.copy_from_table("pooled", collect), "COPY 5");
    EXPECT_THAT(all, testing::StartsWith("4\td\n5\te\n"));
    EXPECT_EQ(co_await pool.execute("DROP TABLE pooled"), "DROP TABLE");
    co_await pool.close();
}

ASYNC_TEST(PgPool, resets_after_a_statement_that_changes_its_session, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pool_of(1);
    EXPECT_TRUE(co_await pool.fetchval<bool>("SELECT pg_try_advisory_lock($1)", 7));
    co_await pool.execute("SELECT set_config('application_name', $1, false)", "changed");
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'"), 0);
    EXPECT_NE(co_await pool.fetchval<std::string>("SELECT current_setting('application_name')"), "changed");
    co_await pool.close();
}

}  // namespace
}  // namespace aio::test
