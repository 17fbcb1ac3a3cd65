// cursor(): rows as they come.
#include "db/pg/with_server.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace aio::test {
namespace {

Coro<int> portals(pg::Connection connection) {
    co_return co_await connection.fetchval<int>("SELECT count(*)::int FROM pg_cursors WHERE name LIKE 'aio_c%'");
}

ASYNC_TEST(PgCursor, yields_all_rows_in_order, kOnce) {
    // asyncpg: test_cursor.test_cursor_iterable_06
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    for (const int count : {0, 1, 49, 50, 51, 30'000}) {
        const auto read = [&]() -> Coro<int> {
            auto numbers = c.cursor("SELECT i FROM generate_series(1, $1::int) i", count);
            int expected = 0;
            while (auto row = co_await numbers.next()) EXPECT_EQ(row->get<int>("i"), ++expected);
            co_return expected;
        };
        EXPECT_EQ(co_await c.transaction(read), count);
    }
    co_await c.close();
}

ASYNC_TEST(PgCursor, of_large_rows_reads_few_at_a_time, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto read = [&]() -> Coro<std::size_t> {
        auto rows = c.cursor("SELECT repeat('x', 300000) FROM generate_series(1, 120)");
        std::size_t bytes = 0;
        while (auto row = co_await rows.next()) bytes += row->get<std::string_view>(0).size();
        co_return bytes;
    };
    EXPECT_EQ(co_await c.transaction(read), 36'000'000u);
    co_await c.close();
}

ASYNC_TEST(PgCursor, needs_a_transaction, kOnce) {
    // asyncpg: test_cursor.test_cursor_iterable_02
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    auto rows = c.cursor("SELECT 1");
    const std::string error = co_await expect_throws<db::InterfaceError>(rows.next());
    EXPECT_THAT(error, testing::HasSubstr("transaction"));
    co_await c.close();
}

ASYNC_TEST(PgCursor, that_is_left_early_is_closed, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto read = [&]() -> Coro<> {
        {
            auto numbers = c.cursor("SELECT generate_series(1, 1000)");
            EXPECT_EQ((co_await numbers.next())->get<int>(0), 1);
            EXPECT_EQ(co_await portals(c), 1);
        }
        EXPECT_EQ(co_await portals(c), 0);
        auto others = c.cursor("SELECT generate_series(1, 1000)");
        co_await others.next();
        co_await others.aclose();
        EXPECT_EQ(co_await portals(c), 0);
    };
    co_await c.transaction(read);
    co_await c.close();
}

ASYNC_TEST(PgCursor, ends_with_its_transaction, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    AsyncGenerator<pg::Row> numbers;
    const auto read = [&]() -> Coro<> {
        numbers = c.cursor("SELECT generate_series(1, 1000)");
        co_await numbers.next();
    };
    co_await c.transaction(read);
    const auto drain = [&]() -> Coro<int> {
        int rows = 0;
        while (co_await numbers.next()) ++rows;
        co_return rows;
    };
    co_await expect_throws<db::DatabaseError>(drain());
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    co_await c.close();
}

ASYNC_TEST(PgCursor, beside_other_statements_of_the_transaction, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("CREATE TEMP TABLE t(id int)");
    const auto copy = [&]() -> Coro<> {
        auto outer = c.cursor("SELECT generate_series(1, 200)");
        while (auto row = co_await outer.next()) {
            co_await c.execute("INSERT INTO t VALUES($1)", row->get<int>(0));
        }
    };
    co_await c.transaction(copy);
    EXPECT_EQ(co_await c.fetchval<int>("SELECT sum(id)::int FROM t"), 20'100);
    co_await c.close();
}

ASYNC_TEST(PgCursor, is_cancelled_while_it_waits, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto observer = co_await pg::connect(postgres().dsn());
    const auto read = [&]() -> Coro<> {
        auto rows = c.cursor("SELECT i, CASE WHEN i = 60 THEN pg_sleep(60) END FROM generate_series(1, 100) i");
        while (co_await rows.next()) {}
    };
    const auto run = [&]() -> Coro<> { co_await c.transaction(read); };
    auto task = create_task(run());
    co_await until_active(observer, c.get_server_pid());
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_FALSE(c.is_in_transaction());
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 7"), 7);
    co_await c.close();
    co_await observer.close();
}

ASYNC_TEST(PgCursor, of_a_prepared_statement, kOnce) {
    // asyncpg: test_cursor.test_cursor_iterable_01
    SKIP_WITHOUT_POSTGRES();
    for (const std::size_t cache : {std::size_t{100}, std::size_t{0}}) {
        pg::ConnectOptions options;
        options.statement_cache_size = cache;
        const auto c = co_await pg::connect(postgres().dsn(), options);
        const auto read = [&]() -> Coro<int> {
            const auto statement = co_await c.prepare("SELECT generate_series(1, $1::int)");
            auto numbers = statement.cursor(500);
            int sum = 0;
            while (auto row = co_await numbers.next()) sum += row->get<int>(0);
            co_return sum;
        };
        EXPECT_EQ(co_await c.transaction(read), 125'250) << cache;
        co_await c.close();
    }
}

ASYNC_TEST(PgCursor, of_a_prepared_statement_has_the_same_limits, kOnce) {
    // asyncpg: test_cursor.test_cursor_01, test_cursor.test_cursor_iterable_03, test_cursor.test_cursor_iterable_04
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto statement = co_await c.prepare("SELECT generate_series(0, 20)");
    auto outside = statement.cursor();
    EXPECT_THAT(co_await expect_throws<db::InterfaceError>(outside.next()), testing::HasSubstr("transaction"));
    co_await c.close();
    auto closed = statement.cursor();
    co_await expect_throws<db::InterfaceError>(closed.next());
}

ASYNC_TEST(PgCursor, is_positioned_by_hand, kOnce) {
    // asyncpg: test_cursor.test_cursor_02, test_cursor.test_cursor_04
    SKIP_WITHOUT_POSTGRES();
    for (const std::size_t cache : {std::size_t{100}, std::size_t{0}}) {
        pg::ConnectOptions options;
        options.statement_cache_size = cache;
        const auto c = co_await pg::connect(postgres().dsn(), options);
        const auto read = [&]() -> Coro<> {
            auto numbers = co_await c.open_cursor("SELECT generate_series(0, $1::int)", 100);
            const auto two = co_await numbers.fetch(2);
            CO_ASSERT_EQ(two.size(), 2u);
            EXPECT_EQ(two[1].get<int>(0), 1);
            EXPECT_EQ((co_await numbers.fetchrow())->get<int>(0), 2);
            EXPECT_EQ(co_await numbers.forward(39), 39u);
            EXPECT_EQ((co_await numbers.fetchrow())->get<int>(0), 42);
            EXPECT_EQ((co_await numbers.fetch(1000)).size(), 58u);
            EXPECT_EQ(co_await numbers.forward(1), 0u);
            EXPECT_FALSE((co_await numbers.fetchrow()).has_value());
            EXPECT_TRUE((co_await numbers.fetch(7)).empty());
            EXPECT_EQ(co_await portals(c), 1);
        };
        co_await c.transaction(read);
        const auto skip = [&]() -> Coro<> {
            const auto statement = co_await c.prepare("SELECT generate_series(0, $1::int)");
            {
                auto numbers = co_await statement.open_cursor(20);
                EXPECT_EQ(co_await numbers.forward(5), 5u);  // before the first row
                EXPECT_EQ((co_await numbers.fetchrow())->get<int>(0), 5);
                EXPECT_EQ(co_await portals(c), 1);
            }
            EXPECT_EQ(co_await portals(c), 0);
        };
        co_await c.transaction(skip);
        co_await expect_throws<db::InterfaceError>(c.open_cursor("SELECT 1"));
        co_await c.close();
    }
}

ASYNC_TEST(PgCursor, is_cancelled_at_each_of_its_functions, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    for (const int what : {0, 1, 2, 3}) {
        const auto read = [&]() -> Coro<> {
            auto rows = co_await c.open_cursor("SELECT i, pg_sleep(60) FROM generate_series($1::int, 3) i", 1);
            if (what == 0) co_await wait_for(rows.fetch(2), 20ms);
            if (what == 1) co_await wait_for(rows.fetchrow(), 20ms);
            if (what == 2) co_await wait_for(rows.forward(2), 20ms);
            if (what == 3) co_await wait_for(c.open_cursor("SELECT $1::int", 1), 0ms);
        };
        co_await expect_throws<TimeoutError>(c.transaction(read));
        EXPECT_FALSE(c.is_in_transaction());
        EXPECT_EQ(co_await c.fetchval<int>("SELECT 7"), 7);
    }
    // One that outlives its transaction.
    std::optional<pg::Cursor> left;
    const auto open = [&]() -> Coro<> { left = co_await c.open_cursor("SELECT generate_series(1, 9)"); };
    co_await c.transaction(open);
    co_await expect_throws<db::DatabaseError>(left->fetch(1));
    co_await expect_throws<db::DatabaseError>(left->forward(1));
    left.reset();
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 8"), 8);
    co_await c.close();
}

// Extremes: pg::Cursor::fetch(rows), pg::Cursor::forward(rows)
ASYNC_TEST(PgCursor, of_impossible_numbers_of_rows, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto read = [&]() -> Coro<> {
        auto rows = co_await c.open_cursor("SELECT generate_series(1, 9)");
        for (const std::size_t wrong :
             {std::size_t{0}, std::size_t{1} << 31, std::numeric_limits<std::size_t>::max()}) {
            expect_error<ValueError>([&] { static_cast<void>(rows.fetch(wrong)); });
            expect_error<ValueError>([&] { static_cast<void>(rows.forward(wrong)); });
        }
        constexpr std::size_t kMost = std::numeric_limits<std::int32_t>::max();
        EXPECT_EQ(co_await rows.forward(1), 1u);
        EXPECT_EQ((co_await rows.fetch(1)).size(), 1u);
        EXPECT_EQ((co_await rows.fetch(kMost)).size(), 7u);
        EXPECT_EQ(co_await rows.forward(kMost), 0u);
    };
    co_await c.transaction(read);
    co_await c.close();
}

}  // namespace
}  // namespace aio::test
