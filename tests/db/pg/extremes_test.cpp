// Numbers of the public API at their ends.
#include "db/pg/with_server.hpp"

#include <cstdint>
#include <limits>
#include <stdexcept>

namespace aio::test {
namespace {

constexpr std::size_t kMax = std::numeric_limits<std::size_t>::max();

// The answer, or the error's kind.
Coro<std::string> connects(pg::ConnectOptions options) {
    try {
        const auto connection = co_await pg::connect(postgres().tcp_dsn(), options);
        const int answer = co_await connection.fetchval<int>("SELECT $1::int", 1);
        co_await connection.close();
        co_return std::to_string(answer);
    } catch (const ValueError&) {
        co_return "ValueError";
    } catch (const TimeoutError&) {
        co_return "TimeoutError";
    }
}

// Extremes: pg::ConnectOptions::port, pg::ConnectOptions::statement_cache_size, pg::ConnectOptions::timeout
ASYNC_TEST(PgExtremes, of_connect_options, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    for (const int port : {std::numeric_limits<int>::min(), -1, 0, 65'536, std::numeric_limits<int>::max()}) {
        pg::ConnectOptions options;
        options.port = port;
        EXPECT_EQ(co_await connects(options), "ValueError") << port;
    }
    for (const std::size_t size : {std::size_t(0), std::size_t(1), kMax}) {
        pg::ConnectOptions options;
        options.statement_cache_size = size;
        EXPECT_EQ(co_await connects(options), "1") << size;
    }
    for (const Duration timeout : {Duration::min(), Duration(-1), Duration(0), Duration(1)}) {
        pg::ConnectOptions options;
        options.timeout = timeout;
        EXPECT_EQ(co_await connects(options), "TimeoutError");
    }
    pg::ConnectOptions patient;
    patient.timeout = Duration::max();
    EXPECT_EQ(co_await connects(patient), "1");
}

Coro<std::string> pools(pg::PoolOptions options) {
    try {
        const auto pool = co_await pg::create_pool(postgres().dsn(), options);
        int sum = 0;
        for (int i = 0; i < 3; ++i) sum += co_await pool.fetchval<int>("SELECT $1::int", 1);
        co_await pool.close();
        co_return std::to_string(sum);
    } catch (const ValueError&) {
        co_return "ValueError";
    } catch (const TimeoutError&) {
        co_return "TimeoutError";
    }
}

// Extremes: pg::PoolOptions::min_size, pg::PoolOptions::max_size, pg::PoolOptions::max_queries
// Extremes: pg::PoolOptions::statement_cache_size, pg::PoolOptions::max_cancels
// Extremes: db::PoolLimits::min_size, db::PoolLimits::max_size, db::PoolLimits::max_uses
ASYNC_TEST(PgExtremes, of_pool_sizes, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    EXPECT_EQ(co_await pools({.min_size = 0, .max_size = 1}), "3");
    EXPECT_EQ(co_await pools({.min_size = 1, .max_size = 1}), "3");
    EXPECT_EQ(co_await pools({.max_size = static_cast<std::size_t>(PTRDIFF_MAX)}), "3");
    EXPECT_EQ(co_await pools({.max_size = 0}), "ValueError");
    EXPECT_EQ(co_await pools({.max_size = kMax}), "ValueError");
    EXPECT_EQ(co_await pools({.min_size = kMax, .max_size = 1}), "ValueError");
    for (const std::uint64_t uses : {std::uint64_t(0), std::uint64_t(1), std::numeric_limits<std::uint64_t>::max()}) {
        EXPECT_EQ(co_await pools({.max_queries = uses}), "3") << uses;
    }
    EXPECT_EQ(co_await pools({.statement_cache_size = 0}), "3");
    EXPECT_EQ(co_await pools({.statement_cache_size = kMax}), "3");
    EXPECT_EQ(co_await pools({.max_cancels = 0}), "ValueError");
    EXPECT_EQ(co_await pools({.max_cancels = 1}), "3");
    EXPECT_EQ(co_await pools({.max_cancels = kMax}), "ValueError");
}

// Extremes: pg::PoolOptions::max_inactive_time, pg::PoolOptions::acquire_timeout, pg::PoolOptions::connect_timeout
// Extremes: db::PoolLimits::max_inactive_time, db::PoolLimits::acquire_timeout
ASYNC_TEST(PgExtremes, of_pool_times, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    for (const Duration time : {Duration::min(), Duration(-1), Duration(0), Duration(1), Duration::max()}) {
        EXPECT_EQ(co_await pools({.max_inactive_time = time}), "3") << time.count();
    }
    for (const Duration time : {Duration::min(), Duration(-1), Duration(0), Duration(1)}) {
        EXPECT_EQ(co_await pools({.acquire_timeout = time}), "TimeoutError") << time.count();
        EXPECT_EQ(co_await pools({.connect_timeout = time}), "TimeoutError") << time.count();
    }
    EXPECT_EQ(co_await pools({.acquire_timeout = Duration::max()}), "3");
    EXPECT_EQ(co_await pools({.connect_timeout = Duration::max()}), "3");
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.max_size = 1});
    const auto held = co_await pool.acquire(Duration::max());
    for (const Duration time : {Duration::min(), Duration(0), Duration(1)}) {
        co_await expect_throws<TimeoutError>(pool.acquire(time));
    }
    pool.terminate();
}

ASYNC_TEST(PgExtremes, of_rows, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    const pg::Rows rows = co_await connection.fetch("SELECT 1 AS a");
    co_await connection.close();
    for (const std::size_t index : {std::size_t(1), kMax}) {
        expect_error<std::out_of_range>([&] { static_cast<void>(rows[index]); });
        expect_error<db::ColumnError>([&] { rows[0].get<int>(index); });
        expect_error<db::ColumnError>([&] { rows[0].value(index); });
        expect_error<db::ColumnError>([&] { rows[0].name(index); });
    }
    EXPECT_EQ(rows[0].get<int>(std::size_t(0)), 1);
    EXPECT_EQ(rows[0].name(0), "a");
}

// Extremes: pg::Listener::number
ASYNC_TEST(PgExtremes, of_listeners, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    for (const std::uint64_t number : {std::uint64_t(0), std::numeric_limits<std::uint64_t>::max()}) {
        const pg::Listener unknown = {"news", number};
        co_await connection.remove_listener(unknown);
    }
    co_await connection.close();
}

}  // namespace
}  // namespace aio::test
