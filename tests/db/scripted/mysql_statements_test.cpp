// Statements and transactions on one connection to MySQL, with faults at every point: each gets its own answer or an error, what takes
// place is whole, and the connection works on or is closed.
#include <aio/core/async_generator.hpp>

#include "db/scripted/scripted_mysql.hpp"

#include <functional>
#include <tuple>

namespace aio::test::scripted_mysql {
namespace {

using mysql::Connection;

ASYNC_TEST(ScriptedMysqlConnect, with_a_password) {
    ScriptedMysql& server = *co_await ScriptedMysql::start("sesame");
    {
        const auto connection = co_await mysql::connect(server.dsn("sesame"));
        EXPECT_EQ(connection.get_server_info(), "8.0.36");
        co_await connection.close();
    }
    co_await expect_throws<db::AuthenticationError>(mysql::connect(server.dsn("wrong")));
    co_await server.stop();
}

// Each login asks for it, that of KILL too.
ASYNC_TEST(ScriptedMysqlConnect, with_a_password_that_is_asked_for) {
    ScriptedMysql& server = *co_await ScriptedMysql::start("sesame");
    mysql::ConnectHooks hooks;
    hooks.password = []() -> Coro<std::string> {
        co_await sleep(1ms);
        co_return "sesame";
    };
    {
        const auto connection = co_await mysql::connect(server.dsn("wrong"), mysql::ConnectOptions(), hooks);
        const auto slow = [&] { return connection.fetchval<int>(kSleep, 600'000); };
        co_await expect_throws<TimeoutError>(with_timeout(5ms, slow));
        EXPECT_EQ(co_await connection.fetchval<int>(kEcho, 6), 6);
        EXPECT_GE(server.logins, 2);
        co_await connection.close();
    }
    hooks.password = []() -> Coro<std::string> {
        throw ValueError("forgotten");
        co_return "";
    };
    co_await expect_throws<ValueError>(mysql::connect(server.dsn(), mysql::ConnectOptions(), hooks));
    co_await server.stop();
}

ASYNC_TEST(ScriptedMysqlStatements, are_answered_in_turn) {
    co_await on_connection([](Connection connection, ScriptedMysql& server) -> Coro<> {
        EXPECT_EQ(co_await connection.fetchval<int>(kEcho, 1), 1);
        EXPECT_EQ((co_await connection.fetch(kSeries, 3)).size(), 3u);
        EXPECT_EQ((co_await connection.fetchrow(kEcho, 5))->get<int>(0), 5);
        EXPECT_EQ((co_await connection.execute(kInsert, 7)).affected_rows, 1u);
        co_await connection.execute("INSERT 8; INSERT 9");
        EXPECT_EQ(co_await connection.fetchval<int>("SELECT 12"), 12);
        EXPECT_THAT(server.numbers(), testing::ElementsAre(7, 8, 9));
    });
}

Coro<> ask(Connection connection, int number) {
    const int answer = co_await connection.fetchval<int>(kEcho, number);
    must_hold(answer == number, "an answer is for its question");
}

ASYNC_TEST(ScriptedMysqlStatements, of_many_tasks_keep_apart) {
    co_await on_connection([](Connection connection, ScriptedMysql&) -> Coro<> {
        std::vector<Task<>> tasks;
        for (int i = 0; i < 4; ++i) tasks.push_back(create_task(ask(connection, i)));
        for (auto& task : tasks) co_await task;
    });
}

ASYNC_TEST(ScriptedMysqlStatements, that_fail_leave_the_others_alone) {
    co_await on_connection([](Connection connection, ScriptedMysql&) -> Coro<> {
        auto bad = create_task(connection.fetchval<int>(kDivide, 0));
        auto good = create_task(connection.fetchval<int>(kEcho, 2));
        co_await expect_throws<db::DataError>(std::move(bad));
        EXPECT_EQ(co_await good, 2);
        co_await expect_throws<db::SyntaxError>(connection.fetch("nonsense"));
    });
}

ASYNC_TEST(ScriptedMysqlStatements, run_many_times_take_place_or_not) {
    co_await on_connection([](Connection connection, ScriptedMysql& server) -> Coro<> {
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

ASYNC_TEST(ScriptedMysqlStatements, go_through_a_small_cache) {
    const mysql::ConnectOptions options = {.statement_cache_size = 1};
    const auto body = [](Connection connection, ScriptedMysql&) -> Coro<> {
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(co_await connection.fetchval<int>(kEcho, i), i);
            EXPECT_EQ((co_await connection.fetch(kSeries, i)).size(), static_cast<std::size_t>(i));
        }
        co_await connection.reset();
        EXPECT_EQ(co_await connection.fetchval<int>(kEcho, 4), 4);
    };
    co_await on_connection(body, options);
}

ASYNC_TEST(ScriptedMysqlStatements, end_with_their_server) {
    co_await on_connection([](Connection connection, ScriptedMysql&) -> Coro<> {
        auto first = create_task(connection.fetch(kDie, 1));
        auto second = create_task(connection.fetchval<int>(kEcho, 1));
        co_await expect_throws<Error>(std::move(first));
        co_await expect_throws<Error>(std::move(second));
        must_hold(connection.is_closed(), "a connection without a server is closed");
        co_await connection.ping(true);
        EXPECT_EQ(co_await connection.fetchval<int>(kEcho, 1), 1);
    });
}

// --- cancellation ----------------------------------------------------------------------------------------------------

ASYNC_TEST(ScriptedMysqlCancel, stops_a_statement_on_the_server) {
    co_await on_connection([](Connection connection, ScriptedMysql& server) -> Coro<> {
        auto slow = create_task(connection.fetchval<int>(kSleep, 600'000));
        co_await sleep(10ms);
        auto behind = create_task(connection.fetchval<int>(kEcho, 5));
        slow.cancel();
        EXPECT_EQ(co_await behind, 5);
        must_hold(server.most_kills <= 1, "a connection sends one request at a time");
    });
}

ASYNC_TEST(ScriptedMysqlCancel, of_all_that_wait) {
    co_await on_connection([](Connection connection, ScriptedMysql&) -> Coro<> {
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

ASYNC_TEST(ScriptedMysqlCancel, of_a_closing_connection_is_bounded) {
    co_await on_connection([](Connection connection, ScriptedMysql&) -> Coro<> {
        auto slow = create_task(connection.fetchval<int>(kSleep, 600'000));
        co_await sleep(10ms);
        const auto close = [&] { return connection.close(); };
        co_await expect_throws<TimeoutError>(with_timeout(1s, close));
        must_hold(connection.is_closed(), "it is closed");
        co_await expect_throws<Error>(std::move(slow));
    });
}

// --- transactions, cursors -------------------------------------------------------------------------------------------

ASYNC_TEST(ScriptedMysqlTransaction, takes_place_or_not) {
    co_await on_connection([](Connection connection, ScriptedMysql& server) -> Coro<> {
        const auto insert_two = [&]() -> Coro<> {
            co_await connection.execute(kInsert, 1);
            co_await connection.execute(kInsert, 2);
        };
        try {
            co_await connection.transaction(insert_two);
        } catch (...) {
            must_hold(server.numbers().empty() || server.numbers().size() == 2, "it takes place or not");
            throw;
        }
        must_hold(server.numbers().size() == 2, "one that has returned has taken place");
    });
}

ASYNC_TEST(ScriptedMysqlTransaction, with_savepoints) {
    co_await on_connection([](Connection connection, ScriptedMysql& server) -> Coro<> {
        const auto inner = [&]() -> Coro<> {
            co_await connection.execute(kInsert, 2);
            co_await connection.fetch(kDivide, 0);
        };
        const auto good = [&]() -> Coro<> { co_await connection.execute(kInsert, 3); };
        const auto outer = [&]() -> Coro<> {
            co_await connection.execute(kInsert, 1);
            co_await expect_throws<db::DataError>(connection.transaction(inner));
            co_await connection.transaction(good);
        };
        co_await connection.transaction(outer);
        must_hold(server.numbers().size() == 2, "what was rolled back is not there, the rest is");
    });
}

ASYNC_TEST(ScriptedMysqlTransaction, that_is_cancelled_is_rolled_back) {
    co_await on_connection([](Connection connection, ScriptedMysql& server) -> Coro<> {
        const auto linger = [connection]() -> Coro<> {
            co_await connection.execute(kInsert, 1);
            co_await connection.fetch(kSleep, 600'000);
        };
        Owned begun(create_task(connection.transaction(linger)));
        co_await sleep(10ms);
        begun.task.cancel();
        co_await expect_throws<CancelledError>(Task<>(begun.task));
        EXPECT_EQ(co_await connection.fetchval<int>(kEcho, 1), 1);
        must_hold(server.numbers().empty(), "nothing of it is left");
    });
}

ASYNC_TEST(ScriptedMysqlCursor, reads_in_parts_or_is_left_early) {
    co_await on_connection([](Connection connection, ScriptedMysql&) -> Coro<> {
        auto rows = connection.cursor(kSeries, 120);
        int last = 0;
        while (auto row = co_await rows.next()) {
            const int number = row->get<int>(0);
            must_hold(number == ++last, "rows come in order, each once");
        }
        EXPECT_EQ(last, 120);
        {
            auto others = connection.cursor(kSeries, 120);
            EXPECT_EQ((co_await others.next())->get<int>(0), 1);
        }
        EXPECT_EQ(co_await connection.fetchval<int>(kEcho, 1), 1);
    });
}

}  // namespace
}  // namespace aio::test::scripted_mysql
