// Query loggers: what they are told, when they end, what their exceptions do.
#include "db/pg/with_server.hpp"

#include <cstdint>
#include <limits>

namespace aio::test {
namespace {

// Notes what it is told: the SQL, and "!" if there was an error.
struct Notes {
    Log& log;
    void operator()(const pg::LoggedQuery& query) const {
        EXPECT_GE(query.elapsed, Duration(0));
        log.push_back(std::string(query.query) + (query.error ? "!" : ""));
    }
};

ASYNC_TEST(PgQueryLogger, is_told_of_each_statement_in_its_scope, kOnce) {
    // asyncpg: test_logging.test_logging_context
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    Log outer, inner;
    {
        const auto first = c.query_logger(Notes{outer});
        co_await c.execute("SELECT 1");
        {
            const auto second = c.query_logger(Notes{inner});
            EXPECT_EQ(co_await c.fetchval<int>("SELECT $1::int", 2), 2);
        }
        const auto prepared = co_await c.prepare("SELECT 3");
        EXPECT_TRUE((co_await prepared.fetchrow()).has_value());
        const std::vector<std::tuple<int>> sets = {{4}, {5}};
        co_await c.fetchmany("SELECT $1::int + 1", sets);
        const auto body = [&]() -> Coro<> { co_await c.execute("SELECT 6"); };
        co_await c.transaction(body);
    }
    co_await c.execute("SELECT 7");
    EXPECT_THAT(outer, testing::ElementsAre("SELECT 1", "SELECT $1::int", "SELECT 3", "SELECT $1::int + 1", "BEGIN",
                                            "SELECT 6", "COMMIT"));
    EXPECT_THAT(inner, testing::ElementsAre("SELECT $1::int"));
    co_await c.close();
}

ASYNC_TEST(PgQueryLogger, is_told_of_errors_and_cancellations, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    Log log;
    const std::uint64_t number = c.add_query_logger(Notes{log});
    co_await expect_throws<db::DataError>(c.fetch("SELECT 1 / $1::int", 0));
    co_await expect_throws<TimeoutError>(wait_for(c.execute("SELECT pg_sleep(60)"), 20ms));
    co_await expect_throws<ValueError>(c.fetch("SELECT $1::int2", 70'000));
    EXPECT_THAT(log, testing::ElementsAre("SELECT 1 / $1::int!", "SELECT pg_sleep(60)!", "SELECT $1::int2!"));
    c.remove_query_logger(number);
    co_await c.execute("SELECT 1");
    EXPECT_EQ(log.size(), 3u);
    co_await c.close();
}

ASYNC_TEST(PgQueryLogger, may_fail_or_remove_itself, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    Log log;
    const auto fails = c.query_logger([](const pg::LoggedQuery&) { throw ValueError("full"); });
    std::optional<pg::QueryLogger> once;
    once.emplace(c.query_logger([&](const pg::LoggedQuery& query) {
        log.emplace_back(query.query);
        once.reset();
    }));
    const auto notes = c.query_logger(Notes{log});
    EXPECT_EQ(co_await c.execute("SELECT 1"), "SELECT 1");
    EXPECT_EQ(co_await c.execute("SELECT 2, 3"), "SELECT 1");
    EXPECT_THAT(log, testing::ElementsAre("SELECT 1", "SELECT 1", "SELECT 2, 3"));
    EXPECT_EQ(take_reports().size(), 2u);
    co_await c.close();
}

ASYNC_TEST(PgQueryLogger, of_a_pool_stays_when_the_connection_is_given_back, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    Log& log = keep<Log>();
    pg::PoolHooks hooks;
    hooks.init = [&](pg::Connection connection) -> Coro<> {
        connection.add_query_logger(Notes{log});
        co_return;
    };
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.max_size = 1}, hooks);
    co_await pool.fetch("SELECT 1");
    {
        const auto connection = co_await pool.acquire();
        co_await connection->execute("SELECT 2");
    }
    co_await pool.fetch("SELECT 3");
    EXPECT_THAT(log, testing::ElementsAre("SELECT 1", "SELECT 2", "SELECT 3"));
    co_await pool.close();
}

// Extremes: pg::Connection::remove_query_logger(number), pg::Connection::remove_termination_listener(number)
// Extremes: pg::QueryLogger::QueryLogger(number)
ASYNC_TEST(PgQueryLogger, numbers_that_there_are_not, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    Log log;
    int ends = 0;
    c.add_query_logger(Notes{log});
    const std::uint64_t end = c.add_termination_listener([&] { ++ends; });
    c.add_termination_listener([&] { ends += 10; });
    for (const std::uint64_t number : {std::uint64_t(0), std::numeric_limits<std::uint64_t>::max()}) {
        c.remove_query_logger(number);
        c.remove_termination_listener(number);
        pg::QueryLogger(c.session(), number).remove();
    }
    c.remove_termination_listener(end);
    co_await c.execute("SELECT 1");
    EXPECT_EQ(log.size(), 1u);
    co_await c.close();
    EXPECT_EQ(ends, 10);
}

}  // namespace
}  // namespace aio::test
