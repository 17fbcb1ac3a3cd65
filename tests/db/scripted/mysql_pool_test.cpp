// Pools of MySQL, with faults at every point: no place is lost, whatever happened to who had it or waited for it.
#include "db/scripted/scripted_mysql.hpp"

namespace aio::test::scripted_mysql {
namespace {

using mysql::Pool;

ASYNC_TEST(ScriptedMysqlPool, lends_and_takes_back) {
    const auto body = [](Pool pool, ScriptedMysql& server) -> Coro<> {
        {
            const auto first = co_await pool.acquire();
            const auto second = co_await pool.acquire(1s);
            EXPECT_EQ(co_await first->fetchval<int>(kEcho, 1), 1);
            auto third = create_task(pool.fetchval<int>(kEcho, 3));
            EXPECT_EQ(co_await second->fetchval<int>(kEcho, 2), 2);
            EXPECT_FALSE(third.done());
            third.cancel();
            co_await expect_throws<CancelledError>(std::move(third));
            co_await expect_throws<TimeoutError>(pool.acquire(1ms));
        }
        EXPECT_EQ(co_await pool.fetchval<int>(kEcho, 4), 4);
        pool.expire_connections();
        EXPECT_EQ(co_await pool.fetchval<int>(kEcho, 5), 5);
        EXPECT_GE(server.logins, 3);
    };
    co_await on_pool(body, {.min_size = 1, .max_size = 2});
}

ASYNC_TEST(ScriptedMysqlPool, resets_what_its_users_leave) {
    const auto body = [](Pool pool, ScriptedMysql& server) -> Coro<> {
        {
            const auto connection = co_await pool.acquire();
            co_await connection->execute("BEGIN");
            co_await connection->execute(kInsert, 1);
        }
        EXPECT_EQ(co_await pool.fetchval<int>(kEcho, 1), 1);
        must_hold(server.numbers().empty(), "what was left open is rolled back");
    };
    co_await on_pool(body, {.max_size = 1});
}

ASYNC_TEST(ScriptedMysqlPool, survives_cancelled_statements) {
    const auto body = [](Pool pool, ScriptedMysql& server) -> Coro<> {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 3; ++i) tasks.push_back(create_task(pool.fetchval<int>(kSleep, 600'000)));
        co_await sleep(10ms);
        for (auto& task : tasks) task.cancel();
        for (auto& task : tasks) co_await expect_throws<CancelledError>(std::move(task));
        EXPECT_EQ(co_await pool.fetchval<int>(kEcho, 1), 1);
        must_hold(server.most_kills <= 1, "no more requests to stop a statement than are allowed");
    };
    co_await on_pool(body, {.max_size = 2, .max_cancels = 1});
}

ASYNC_TEST(ScriptedMysqlPool, replaces_connections_that_died) {
    const auto body = [](Pool pool, ScriptedMysql& server) -> Coro<> {
        EXPECT_EQ(co_await pool.fetchval<int>(kEcho, 1), 1);
        co_await sleep(1s);
        server.drop_clients();
        co_await sleep(1ms);
        EXPECT_EQ(co_await pool.fetchval<int>(kEcho, 2), 2);
        co_await expect_throws<Error>(pool.fetch(kDie, 1));
        EXPECT_EQ(co_await pool.fetchval<int>(kEcho, 3), 3);
    };
    co_await on_pool(body, {.max_size = 1});
}

ASYNC_TEST(ScriptedMysqlPool, shares_connections) {
    const auto body = [](Pool pool, ScriptedMysql& server) -> Coro<> {
        EXPECT_EQ(co_await pool.fetchval<int>(kEcho, 0), 0);  // from now on known to be fast
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 5; ++i) tasks.push_back(create_task(pool.fetchval<int>(kEcho, i)));
        auto slow = create_task(pool.fetchval<int>(kSleep, 600'000));
        for (int i = 0; i < 5; ++i) {
            const int answer = co_await tasks[static_cast<std::size_t>(i)];
            must_hold(answer == i, "an answer is for its question");
        }
        slow.cancel();
        co_await expect_throws<CancelledError>(std::move(slow));
        EXPECT_LE(server.logins, 3);  // one of them for KILL
    };
    co_await on_pool(body, {.max_size = 2, .share_connections = true});
}

}  // namespace
}  // namespace aio::test::scripted_mysql
