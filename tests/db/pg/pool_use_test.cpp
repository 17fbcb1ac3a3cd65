// Pools in use: many tasks, hooks and their order, what is left by generators and exceptions, idle connections, another server.
#include "db/pg/with_server.hpp"

#include <set>
#include <stdexcept>

namespace aio::test {
namespace {

ASYNC_TEST(PgPoolUse, by_more_tasks_than_connections, kOnce) {
    // asyncpg: test_pool.test_pool_01, test_pool.test_pool_02, test_pool.test_pool_05
    SKIP_WITHOUT_POSTGRES();
    for (const int tasks_at_once : {1, 5, 100}) {
        const auto pool = co_await pg::create_pool(postgres().dsn(), {.min_size = 2, .max_size = 4});
        const auto work = [&](int i) -> Coro<int> {
            std::optional<Duration> timeout;
            if (i % 2 == 0) timeout = 30s;
            auto connection = co_await pool.acquire(timeout);
            const int found = co_await connection->fetchval<int>("SELECT $1::int", i);
            if (i % 3 == 0) connection.release();
            co_return found;
        };
        std::vector<Task<int>> tasks;
        for (int i = 0; i < tasks_at_once; ++i) tasks.push_back(create_task(work(i)));
        for (int i = 0; i < tasks_at_once; ++i) EXPECT_EQ(co_await tasks[static_cast<std::size_t>(i)], i);
        EXPECT_LE(pool.get_size(), 4u);
        EXPECT_EQ(pool.get_idle_size(), pool.get_size());
        co_await pool.close();
    }
}

ASYNC_TEST(PgPoolUse, a_connection_that_its_user_ended_makes_room, kOnce) {  // asyncpg: test_pool.test_pool_04
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.min_size = 1, .max_size = 1});
    auto first = co_await pool.acquire();
    first->terminate();
    first.release();
    auto second = co_await pool.acquire(30s);
    EXPECT_EQ(co_await second->fetchval<int>("SELECT 1"), 1);
    co_await second->close();
    second.release();
    second.release();
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT 2"), 2);
    EXPECT_EQ(pool.get_size(), 1u);
    co_await pool.close();
}

ASYNC_TEST(PgPoolUse, hooks_get_the_connection_that_is_handed_out, kOnce) {
    // asyncpg: test_pool.test_pool_06, test_pool.test_pool_07
    SKIP_WITHOUT_POSTGRES();
    std::set<std::uint32_t>& known = keep<std::set<std::uint32_t>>();
    std::uint32_t& last = keep<std::uint32_t>(0u);
    pg::PoolHooks hooks;
    hooks.init = [&known](pg::Connection connection) -> Coro<> {
        EXPECT_TRUE(known.insert(connection.get_server_pid()).second) << "init was called twice";
        co_await connection.execute("SELECT 1");
    };
    hooks.setup = [&known, &last](pg::Connection connection) -> Coro<> {
        last = connection.get_server_pid();
        EXPECT_TRUE(known.contains(last)) << "setup was called before init";
        co_return;
    };
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.min_size = 2, .max_size = 5}, hooks);
    EXPECT_EQ(known.size(), 2u);
    {
        const auto connection = co_await pool.acquire();
        EXPECT_EQ(connection->get_server_pid(), last);
    }
    const auto use = [&]() -> Coro<> {
        const auto connection = co_await pool.acquire();
        EXPECT_TRUE(known.contains(connection->get_server_pid()));
        co_await connection->execute("SELECT 1");
    };
    std::vector<Task<>> tasks;
    for (int i = 0; i < 10; ++i) tasks.push_back(create_task(use()));
    for (auto& task : tasks) co_await task;
    EXPECT_EQ(known.size(), pool.get_size());
    co_await pool.close();
}

// Yields inside of a transaction, on a connection of its own.
AsyncGenerator<int> numbers_of(pg::Pool pool) {
    const auto connection = co_await pool.acquire();
    co_await connection->execute("BEGIN");
    auto rows = connection->cursor("SELECT generate_series(1, 1000)");
    while (auto row = co_await rows.next()) co_yield row->get<int>(0);
    co_await connection->execute("COMMIT");
}

ASYNC_TEST(PgPoolUse, a_generator_that_is_left_gives_its_connection_back, kOnce) {
    // asyncpg: test_pool.test_pool_handles_transaction_exit_in_asyncgen_1,
    // asyncpg: test_pool.test_pool_handles_transaction_exit_in_asyncgen_2,
    // asyncpg: test_pool.test_pool_handles_asyncgen_finalization
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.max_size = 1});
    const auto fail = [&]() -> Coro<> {
        auto numbers = numbers_of(pool);
        while (auto number = co_await numbers.next()) throw std::runtime_error("enough");
    };
    co_await expect_throws<std::runtime_error>(fail());
    {
        auto numbers = numbers_of(pool);
        EXPECT_EQ((co_await numbers.next()).value(), 1);
        co_await numbers.aclose();
    }
    EXPECT_FALSE((co_await pool.acquire(30s))->is_in_transaction());
    const auto in_transaction = [&]() -> Coro<> {
        const auto connection = co_await pool.acquire();
        const auto body = [&]() -> Coro<> {
            auto rows = connection->cursor("SELECT generate_series(1, 1000)");
            while (co_await rows.next()) throw std::runtime_error("enough");
        };
        co_await connection->transaction(body);
    };
    co_await expect_throws<std::runtime_error>(in_transaction());
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT count(*)::int FROM pg_cursors WHERE name LIKE 'aio_c%'"), 0);
    EXPECT_EQ(pool.get_size(), 1u);
    co_await pool.close();
}

ASYNC_TEST(PgPoolUse, a_connection_ages_only_while_it_is_idle, kOnce) {
    // asyncpg: test_pool.test_pool_max_inactive_time_03
    SKIP_WITHOUT_POSTGRES();
    const auto pool =
        co_await pg::create_pool(postgres().dsn(), {.min_size = 1, .max_size = 1, .max_inactive_time = 10s});
    auto held = co_await pool.acquire();
    const std::uint32_t pid = held->get_server_pid();
    block_for(20s);  // on the loop's clock
    held.release();
    block_for(9s);
    co_await run_passes(5);
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT pg_backend_pid()"), static_cast<int>(pid));
    co_await pool.close();
}

ASYNC_TEST(PgPoolUse, begins_though_its_connections_age_while_it_opens_them, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.min_size = 3, .max_inactive_time = 1ns});
    EXPECT_LE(pool.get_size(), 3u);
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT 1"), 1);
    co_await pool.close();
}

ASYNC_TEST(PgPoolUse, in_chaos_while_idle_connections_are_closed, kOnce) {
    // asyncpg: test_pool.test_pool_max_inactive_time_04
    SKIP_WITHOUT_POSTGRES();
    const auto pool =
        co_await pg::create_pool(postgres().dsn(), {.min_size = 2, .max_size = 6, .max_inactive_time = 2ms});
    const auto work = [&](int i) -> Coro<int> {
        int done = 0;
        for (int round = 0; round < 8; ++round) {
            co_await sleep(std::chrono::milliseconds((i * 7 + round * 5) % 11));
            const auto connection = co_await pool.acquire();
            if ((i + round) % 2 == 0) co_await connection->execute("SELECT pg_sleep(0.003)");
            done += co_await connection->fetchval<int>("SELECT 1");
        }
        co_return done;
    };
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 12; ++i) tasks.push_back(create_task(work(i)));
    for (auto& task : tasks) EXPECT_EQ(co_await task, 8);
    co_await pool.close();
}

ASYNC_TEST(PgPoolUse, new_connections_go_where_the_pool_is_told, kOnce) {
    // asyncpg: test_pool.test_pool_set_connection_args
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn("application_name=before"), {.max_size = 1});
    EXPECT_EQ(pool.get_min_size(), 0u);
    EXPECT_EQ(pool.get_max_size(), 1u);
    const auto name = [&]() -> Coro<std::string> {
        co_return co_await pool.fetchval<std::string>("SELECT current_setting('application_name')");
    };
    EXPECT_EQ(co_await name(), "before");
    pool.set_connect_args(postgres().dsn("application_name=after"));
    EXPECT_EQ(co_await name(), "before");
    pool.expire_connections();
    EXPECT_EQ(co_await name(), "after");
    EXPECT_FALSE(pool.is_closing());
    co_await pool.close();
    EXPECT_TRUE(pool.is_closing());
}

ASYNC_TEST(PgPoolUse, settings_of_init_last_until_the_first_reset, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    pg::PoolHooks hooks;
    hooks.init = [](pg::Connection connection) -> Coro<> {
        co_await connection.execute("SET search_path = only_once; SET application_name = 'init'");
    };
    const auto pool = co_await pg::create_pool(postgres().dsn("search_path=always"), {.max_size = 1}, hooks);
    const auto path = [&]() -> Coro<std::string> {
        const auto connection = co_await pool.acquire();
        co_return co_await connection->fetchval<std::string>("SHOW search_path");
    };
    EXPECT_EQ(co_await path(), "only_once");
    EXPECT_EQ(co_await path(), "always");  // asyncpg's RESET ALL does so too
    co_await pool.close();
}

ASYNC_TEST(PgPoolUse, listeners_that_are_left_behind_are_reported, kOnce) {
    // asyncpg: test_listeners.test_dangling_listener_warns, test_listeners.test_dangling_log_listener_warns
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.max_size = 1});
    const auto leave = [&](bool notices) -> Coro<> {
        const auto connection = co_await pool.acquire();
        if (notices) {
            connection->set_notice_listener([](const db::ErrorReport&) { ADD_FAILURE(); });
        } else {
            co_await connection->add_listener("news", [](const pg::Notification&) { ADD_FAILURE(); });
        }
    };
    for (const bool notices : {false, true}) {
        co_await leave(notices);
        EXPECT_THAT(take_logs(), testing::ElementsAre(testing::HasSubstr("listeners")));
        co_await pool.execute("NOTIFY news; DO $$ BEGIN RAISE WARNING 'lost'; END $$");
        EXPECT_EQ(take_logs().size(), 1u);  // the warning
    }
    {
        const auto connection = co_await pool.acquire();
        const auto listener = co_await connection->add_listener("news", [](const pg::Notification&) {});
        co_await connection->remove_listener(listener);
    }
    EXPECT_EQ(take_logs().size(), 0u);
    co_await pool.close();
}

}  // namespace
}  // namespace aio::test
