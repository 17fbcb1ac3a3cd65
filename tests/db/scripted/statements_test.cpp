// Statements on one connection, with faults at every point: each gets its own answer or an error, and the connection works on or is
// closed.
#include "db/scripted/scripted.hpp"

#include <tuple>

namespace aio::test::scripted {
namespace {

using pg::Connection;

ASYNC_TEST(ScriptedConnect, with_a_password) {
    ScriptedPostgres& server = *co_await ScriptedPostgres::start("open sesame");
    {
        const auto connection = co_await pg::connect(server.dsn("'open sesame'"));
        EXPECT_EQ(connection.setting("server_version"), "15.0");
        co_await expect_usable_or_closed(connection);
        co_await connection.close();
    }
    co_await server.stop();
}

ASYNC_TEST(ScriptedConnect, with_a_wrong_password_ends) {
    ScriptedPostgres& server = *co_await ScriptedPostgres::start("open sesame");
    co_await expect_throws<db::InterfaceError>(pg::connect(server.dsn("wrong")));
    co_await server.stop();
}

ASYNC_TEST(ScriptedConnect, tries_the_next_host) {
    ScriptedPostgres& server = *co_await ScriptedPostgres::start();
    const auto connection = co_await pg::connect(server.dsn() + " host=127.0.0.1,127.0.0.1 port=1," +
                                                 std::to_string(server.port()) + " target_session_attrs=primary");
    co_await expect_usable_or_closed(connection);
    co_await connection.close();
    co_await server.stop();
}

ASYNC_TEST(ScriptedStatements, are_answered_in_turn) {
    co_await on_connection([](Connection connection, ScriptedPostgres& server) -> Coro<> {
        EXPECT_EQ(co_await connection.fetchval<int>(kEcho, 1), 1);
        EXPECT_EQ((co_await connection.fetch(kSeries, 3)).size(), 3u);
        EXPECT_EQ((co_await connection.fetchrow(kEcho, 5))->get<int>(0), 5);
        EXPECT_EQ(co_await connection.execute(kInsert, 7), "INSERT 0 1");
        EXPECT_EQ(co_await connection.execute("INSERT 8; INSERT 9"), "INSERT 0 1");
        EXPECT_THAT(server.numbers(), testing::ElementsAre(7, 8, 9));
    });
}

Coro<> ask(Connection connection, int number) {
    const int answer = co_await connection.fetchval<int>(kEcho, number);
    must_hold(answer == number, "an answer is for its question");
}

// Pipelined: whoever is not hit by the fault has its own answer.
ASYNC_TEST(ScriptedStatements, of_many_tasks_keep_apart) {
    co_await on_connection([](Connection connection, ScriptedPostgres&) -> Coro<> {
        std::vector<Task<>> tasks;
        for (int i = 0; i < 4; ++i) tasks.push_back(create_task(ask(connection, i)));
        for (auto& task : tasks) co_await task;
    });
}

ASYNC_TEST(ScriptedStatements, that_fail_leave_the_others_alone) {
    co_await on_connection([](Connection connection, ScriptedPostgres&) -> Coro<> {
        auto bad = create_task(connection.fetchval<int>(kDivide, 0));
        auto good = create_task(connection.fetchval<int>(kEcho, 2));
        co_await expect_throws<db::DataError>(std::move(bad));
        EXPECT_EQ(co_await good, 2);
        co_await expect_throws<db::SyntaxError>(connection.fetch("SELECT nonsense"));
    });
}

ASYNC_TEST(ScriptedStatements, run_many_times_do_so_together) {
    co_await on_connection([](Connection connection, ScriptedPostgres& server) -> Coro<> {
        const std::vector<std::tuple<int>> rows = {{1}, {2}, {3}};
        try {
            co_await connection.executemany(kInsert, rows);
        } catch (...) {
            must_hold(server.numbers().empty() || server.numbers().size() == 3, "all of them take place, or none");
            throw;
        }
        EXPECT_EQ(server.numbers().size(), 3u);
    });
}

ASYNC_TEST(ScriptedStatements, that_are_prepared_describe_themselves) {
    co_await on_connection([](Connection connection, ScriptedPostgres&) -> Coro<> {
        const auto statement = co_await connection.prepare(kEcho);
        EXPECT_EQ(statement.get_parameters(), std::vector<std::string>{"int4"});
        EXPECT_EQ(co_await statement.fetchval<int>(3), 3);
    });
}

ASYNC_TEST(ScriptedStatements, go_through_a_small_cache) {
    const pg::ConnectOptions options = {.statement_cache_size = 1};
    const auto body = [](Connection connection, ScriptedPostgres&) -> Coro<> {
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(co_await connection.fetchval<int>(kEcho, i), i);
            EXPECT_EQ((co_await connection.fetch(kSeries, i)).size(), static_cast<std::size_t>(i));
        }
        connection.reload_schema_state();
        EXPECT_EQ(co_await connection.fetchval<int>(kEcho, 4), 4);
    };
    co_await on_connection(body, options);
}

ASYNC_TEST(ScriptedStatements, work_without_a_cache) {
    const pg::ConnectOptions options = {.statement_cache_size = 0};
    const auto body = [](Connection connection, ScriptedPostgres&) -> Coro<> {
        auto other = create_task(connection.fetchval<int>(kEcho, 1));
        EXPECT_EQ((co_await connection.fetch(kSeries, 3)).size(), 3u);
        EXPECT_EQ(co_await other, 1);
        EXPECT_EQ(co_await connection.fetchval<std::string>(kMood, 1), "ok");
    };
    co_await on_connection(body, options);
}

ASYNC_TEST(ScriptedStatements, learn_the_types_of_the_database) {
    co_await on_connection([](Connection connection, ScriptedPostgres&) -> Coro<> {
        EXPECT_EQ(co_await connection.fetchval<std::string>(kMood, 1), "ok");
        EXPECT_EQ(co_await connection.fetchval<std::string>(kMood, 2), "ok");
    });
}

ASYNC_TEST(ScriptedStatements, end_with_their_server) {
    co_await on_connection([](Connection connection, ScriptedPostgres&) -> Coro<> {
        auto first = create_task(connection.fetch(kDie, 1));
        auto second = create_task(connection.fetchval<int>(kEcho, 1));
        co_await expect_throws<Error>(std::move(first));
        co_await expect_throws<Error>(std::move(second));
        must_hold(connection.is_closed(), "a connection without a server is closed");
    });
}

// --- cancellation ----------------------------------------------------------------------------------------------------

// Cancels a statement that the server has begun; `behind` waits for its turn.
Coro<> cancel_one(Connection connection, ScriptedPostgres& server) {
    auto slow = create_task(connection.fetchval<int>(kSleep, 600'000));
    co_await sleep(10ms);
    auto behind = create_task(connection.fetchval<int>(kEcho, 5));
    slow.cancel();
    EXPECT_EQ(co_await behind, 5);
    must_hold(server.most_cancels <= 1, "a connection sends one cancel request at a time");
}

ASYNC_TEST(ScriptedCancel, stops_a_statement_on_the_server) {
    co_await on_connection(
        [](Connection connection, ScriptedPostgres& server) -> Coro<> { co_await cancel_one(connection, server); });
}

ASYNC_TEST(ScriptedCancel, stops_it_without_a_cache) {
    const auto body = [](Connection connection, ScriptedPostgres& server) -> Coro<> {
        co_await cancel_one(connection, server);
    };
    co_await on_connection(body, {.statement_cache_size = 0});
}

ASYNC_TEST(ScriptedCancel, by_a_timeout) {
    co_await on_connection([](Connection connection, ScriptedPostgres&) -> Coro<> {
        const auto slow = [&] { return connection.fetchval<int>(kSleep, 600'000); };
        co_await expect_throws<TimeoutError>(with_timeout(5ms, slow));
        EXPECT_EQ(co_await connection.fetchval<int>(kEcho, 6), 6);
    });
}

// One that is being executed, one behind it and one that was never sent.
ASYNC_TEST(ScriptedCancel, of_all_that_wait) {
    co_await on_connection([](Connection connection, ScriptedPostgres&) -> Coro<> {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 2; ++i) tasks.push_back(create_task(connection.fetchval<int>(kSleep, 600'000)));
        co_await sleep(10ms);
        tasks[0].cancel();
        tasks.push_back(create_task(connection.fetchval<int>(kEcho, 3)));
        co_await sleep(Duration(0));
        for (auto& task : tasks) task.cancel();
        for (auto& task : tasks) co_await expect_throws<CancelledError>(std::move(task));
    });
}

ASYNC_TEST(ScriptedCancel, of_a_closing_connection_is_bounded) {
    co_await on_connection([](Connection connection, ScriptedPostgres&) -> Coro<> {
        auto slow = create_task(connection.fetchval<int>(kSleep, 600'000));
        co_await sleep(10ms);
        const auto close = [&] { return connection.close(); };
        co_await expect_throws<TimeoutError>(with_timeout(1s, close));
        must_hold(connection.is_closed(), "it is closed");
        co_await expect_throws<Error>(std::move(slow));
    });
}

}  // namespace
}  // namespace aio::test::scripted
