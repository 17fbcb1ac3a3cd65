// Primaries and standbys, by what they report of themselves: target_session_attrs, and a server that changes its role.
#include "db/scripted/scripted.hpp"

namespace aio::test::scripted {
namespace {

// A primary and a standby.
struct Pair {
    ScriptedPostgres& primary;
    ScriptedPostgres& standby;
    std::string dsn(const std::string& attributes) const {
        return primary.dsn() + " host=127.0.0.1,127.0.0.1 port=" + std::to_string(primary.port()) + "," +
               std::to_string(standby.port()) + " target_session_attrs=" + attributes;
    }
    Coro<> stop() const {
        co_await primary.stop();
        co_await standby.stop();
    }
};

Coro<Pair> start_pair() {
    ScriptedPostgres& primary = *co_await ScriptedPostgres::start();
    ScriptedPostgres& standby = *co_await ScriptedPostgres::start();
    standby.set_standby(true);
    co_return Pair{primary, standby};
}

// Whether that is a standby.
Coro<bool> is_standby(std::string dsn) {
    const auto connection = co_await pg::connect(dsn);
    const bool result = connection.setting("in_hot_standby") == "on";
    co_await connection.close();
    co_return result;
}

ASYNC_TEST(ScriptedStandby, is_chosen_by_target_session_attrs) {
    // asyncpg: test_connect.test_target_server_attribute_port
    // asyncpg: test_connect.test_prefer_standby_when_standby_is_up
    const Pair both = co_await start_pair();
    EXPECT_FALSE(co_await is_standby(both.dsn("primary")));
    EXPECT_TRUE(co_await is_standby(both.dsn("standby")));
    EXPECT_FALSE(co_await is_standby(both.dsn("read-write")));
    EXPECT_TRUE(co_await is_standby(both.dsn("read-only")));
    EXPECT_TRUE(co_await is_standby(both.dsn("prefer-standby")));
    co_await both.stop();
}

ASYNC_TEST(ScriptedStandby, that_is_down_is_replaced_by_the_primary) {
    // asyncpg: test_connect.test_prefer_standby_picks_master_when_standby_is_down
    const Pair both = co_await start_pair();
    co_await both.standby.stop();
    EXPECT_FALSE(co_await is_standby(both.dsn("prefer-standby")));
    co_await expect_throws<Error>(pg::connect(both.dsn("standby")));
    co_await both.primary.stop();
}

ASYNC_TEST(ScriptedStandby, serves_pools_and_cursors) {
    // asyncpg: test_pool.test_standby_pool_01, test_pool.test_standby_cursors
    const Pair both = co_await start_pair();
    {
        const auto pool = co_await pg::create_pool(both.dsn("standby"), {.min_size = 1, .max_size = 1});
        EXPECT_EQ(co_await pool.fetchval<int>(kEcho, 1), 1);
        const auto connection = co_await pool.acquire();
        const auto read = [&]() -> Coro<> {
            auto rows = connection->cursor(kSeries, 60);
            int last = 0;
            while (const auto row = co_await rows.next()) last = row->get<int>(0);
            EXPECT_EQ(last, 60);
        };
        co_await connection->transaction(read);
        pool.terminate();
    }
    co_await both.stop();
}

// The two change their roles: no connection of the pool goes to the old one.
ASYNC_TEST(ScriptedStandby, that_was_promoted_is_noticed_by_pools) {
    // asyncpg: test_pool.test_full_reconnect_on_node_change_role
    const Pair both = co_await start_pair();
    {
        const auto pool = co_await pg::create_pool(both.dsn("primary"), {.min_size = 2, .max_size = 2});
        EXPECT_EQ(both.standby.numbers().size(), 0u);
        both.primary.set_standby(true);
        both.standby.set_standby(false);
        co_await sleep(1s);
        for (int i = 0; i < 3; ++i) {
            const auto connection = co_await pool.acquire();
            EXPECT_EQ(connection->setting("in_hot_standby"), "off");
            co_await connection->execute(kInsert, i);
        }
        EXPECT_EQ(both.standby.numbers().size(), 3u);
        pool.terminate();
    }
    co_await both.stop();
}

}  // namespace
}  // namespace aio::test::scripted
