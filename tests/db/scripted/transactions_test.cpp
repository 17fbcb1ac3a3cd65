// Transactions, cursors, COPY and notifications, with faults at every point: what takes place is whole, and nothing stays open.
#include <aio/core/async_generator.hpp>

#include "db/scripted/scripted.hpp"

#include <tuple>

namespace aio::test::scripted {
namespace {

using pg::Connection;

ASYNC_TEST(ScriptedTransaction, takes_place_or_not) {
    co_await on_connection([](Connection connection, ScriptedPostgres& server) -> Coro<> {
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

ASYNC_TEST(ScriptedTransaction, that_fails_is_rolled_back) {
    co_await on_connection([](Connection connection, ScriptedPostgres& server) -> Coro<> {
        const auto fail = [&]() -> Coro<> {
            co_await connection.execute(kInsert, 1);
            co_await connection.fetch(kDivide, 0);
        };
        co_await expect_throws<db::DataError>(connection.transaction(fail));
        must_hold(server.numbers().empty(), "nothing of it is left");
    });
}

ASYNC_TEST(ScriptedTransaction, with_savepoints) {
    co_await on_connection([](Connection connection, ScriptedPostgres& server) -> Coro<> {
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

ASYNC_TEST(ScriptedTransaction, that_is_cancelled_is_rolled_back) {
    co_await on_connection([](Connection connection, ScriptedPostgres& server) -> Coro<> {
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

ASYNC_TEST(ScriptedCursor, reads_in_parts) {
    co_await on_connection([](Connection connection, ScriptedPostgres&) -> Coro<> {
        const auto read = [&]() -> Coro<> {
            auto rows = connection.cursor(kSeries, 120);
            int last = 0;
            while (auto row = co_await rows.next()) {
                const int number = row->get<int>(0);
                must_hold(number == ++last, "rows come in order, each once");
            }
            EXPECT_EQ(last, 120);
        };
        co_await connection.transaction(read);
    });
}

ASYNC_TEST(ScriptedCursor, may_be_left_early) {
    co_await on_connection([](Connection connection, ScriptedPostgres&) -> Coro<> {
        const auto read = [&]() -> Coro<> {
            {
                auto rows = connection.cursor(kSeries, 120);
                EXPECT_EQ((co_await rows.next())->get<int>(0), 1);
            }
            EXPECT_EQ(co_await connection.fetchval<int>(kEcho, 1), 1);
        };
        co_await connection.transaction(read);
    });
}

ASYNC_TEST(ScriptedCopy, out_of_the_server) {
    co_await on_connection([](Connection connection, ScriptedPostgres&) -> Coro<> {
        std::size_t bytes = 0;
        const auto sink = [&](std::string_view piece) -> Coro<> {
            bytes += piece.size();
            co_await sleep(Duration(0));
        };
        EXPECT_EQ(co_await connection.copy_from_query("SELECT 1", sink), "COPY 3");
        EXPECT_EQ(bytes, 123u);
        const auto refuse = [](std::string_view) -> Coro<> {
            throw ValueError("no");
            co_return;
        };
        co_await expect_throws<ValueError>(connection.copy_from_query("SELECT 1", refuse));
    });
}

AsyncGenerator<std::string> lines() {
    co_yield "1\n";
    co_await sleep(1ms);
    co_yield "2\n";
}

ASYNC_TEST(ScriptedCopy, into_the_server) {
    co_await on_connection([](Connection connection, ScriptedPostgres& server) -> Coro<> {
        try {
            EXPECT_EQ(co_await connection.copy_to_table("numbers", lines()), "COPY 2");
        } catch (...) {
            must_hold(server.numbers().empty() || server.numbers().size() == 2, "all rows are there, or none");
            throw;
        }
        const std::vector<std::tuple<int>> records = {{3}, {4}, {5}};
        EXPECT_EQ(co_await connection.copy_records_to_table("numbers", records), "COPY 3");
        must_hold(server.numbers().size() == 5, "what was copied is there");
    });
}

AsyncGenerator<std::string> broken_lines() {
    co_yield "1\n";
    throw ValueError("no more");
}

ASYNC_TEST(ScriptedCopy, into_the_server_may_be_given_up) {
    co_await on_connection([](Connection connection, ScriptedPostgres& server) -> Coro<> {
        co_await expect_throws<ValueError>(connection.copy_to_table("numbers", broken_lines()));
        must_hold(server.numbers().empty(), "nothing of it is left");
        EXPECT_EQ(co_await connection.fetchval<int>(kEcho, 1), 1);
    });
}

ASYNC_TEST(ScriptedNotifications, reach_their_listeners) {
    co_await on_connection([](Connection connection, ScriptedPostgres&) -> Coro<> {
        auto heard = std::make_shared<Event>();
        const auto hear = [heard](const pg::Notification&) { heard->set(); };
        const auto listener = co_await connection.add_listener("news", hear);
        co_await connection.execute("NOTIFY \"news\"");
        co_await heard->wait();
        co_await connection.remove_listener(listener);
    });
}

ASYNC_TEST(ScriptedNotifications, come_one_by_one) {
    co_await on_connection([](Connection connection, ScriptedPostgres& server) -> Coro<> {
        auto news = connection.notifications("news");
        const auto notify = [connection]() -> Coro<> {
            co_await sleep(1ms);
            co_await connection.execute("NOTIFY \"news\"; NOTIFY \"news\"");
        };
        auto notifying = create_task(notify);
        EXPECT_EQ((co_await news.next())->payload, "news");
        EXPECT_EQ((co_await news.next())->payload, "news");
        co_await notifying;
        server.drop_clients();
        co_await expect_throws<db::InterfaceError>(news.next());
    });
}

}  // namespace
}  // namespace aio::test::scripted
