// Numbers of the public API at their ends.
#include "db/mysql/with_server.hpp"

#include <cstdint>
#include <limits>
#include <stdexcept>

namespace aio::test {
namespace {

constexpr std::size_t kLargest = std::numeric_limits<std::size_t>::max();

// The answer, or the error's kind.
Coro<std::string> connects_with(mysql::ConnectOptions options) {
    try {
        const auto connection = co_await mysql::connect(mariadb().tcp_dsn(), options);
        const int answer = co_await connection.fetchval<int>("SELECT ?", 1);
        co_await connection.close();
        co_return std::to_string(answer);
    } catch (const ValueError&) {
        co_return "ValueError";
    } catch (const TimeoutError&) {
        co_return "TimeoutError";
    }
}

// Extremes: mysql::ConnectOptions::port, mysql::ConnectOptions::statement_cache_size, mysql::ConnectOptions::timeout
ASYNC_TEST(MysqlExtremes, of_connect_options, kOnce) {
    SKIP_WITHOUT_MARIADB();
    for (const int port : {std::numeric_limits<int>::min(), -1, 0, 65'536, std::numeric_limits<int>::max()}) {
        mysql::ConnectOptions options;
        options.port = port;
        EXPECT_EQ(co_await connects_with(options), "ValueError") << port;
    }
    for (const std::size_t size : {std::size_t(0), std::size_t(1), kLargest}) {
        mysql::ConnectOptions options;
        options.statement_cache_size = size;
        EXPECT_EQ(co_await connects_with(options), "1") << size;
    }
    for (const Duration timeout : {Duration::min(), Duration(-1), Duration(0), Duration(1)}) {
        mysql::ConnectOptions options;
        options.timeout = timeout;
        EXPECT_EQ(co_await connects_with(options), "TimeoutError");
    }
    mysql::ConnectOptions patient;
    patient.timeout = Duration::max();
    EXPECT_EQ(co_await connects_with(patient), "1");
}

Coro<std::string> pools_with(mysql::PoolOptions options) {
    try {
        const auto pool = co_await mysql::create_pool(mariadb().dsn(), options);
        int sum = 0;
        for (int i = 0; i < 3; ++i) sum += co_await pool.fetchval<int>("SELECT ?", 1);
        co_await pool.close();
        co_return std::to_string(sum);
    } catch (const ValueError&) {
        co_return "ValueError";
    } catch (const TimeoutError&) {
        co_return "TimeoutError";
    }
}

// Extremes: mysql::PoolOptions::min_size, mysql::PoolOptions::max_size, mysql::PoolOptions::max_queries,
//     mysql::PoolOptions::statement_cache_size, mysql::PoolOptions::max_cancels
ASYNC_TEST(MysqlExtremes, of_pool_sizes, kOnce) {
    // aiomysql: test_pool.test_invalid_minsize_and_maxsize, test_pool.test_pool_maxsize_unlimited,
    // aiomysql: test_pool.test_pool_maxsize_unlimited_minsize_1
    SKIP_WITHOUT_MARIADB();
    EXPECT_EQ(co_await pools_with({.min_size = 1, .max_size = 1}), "3");
    EXPECT_EQ(co_await pools_with({.max_size = static_cast<std::size_t>(PTRDIFF_MAX)}), "3");
    EXPECT_EQ(co_await pools_with({.max_size = 0}), "ValueError");
    EXPECT_EQ(co_await pools_with({.max_size = kLargest}), "ValueError");
    EXPECT_EQ(co_await pools_with({.min_size = kLargest, .max_size = 1}), "ValueError");
    for (const std::uint64_t uses : {std::uint64_t(0), std::uint64_t(1), std::numeric_limits<std::uint64_t>::max()}) {
        EXPECT_EQ(co_await pools_with({.max_queries = uses}), "3") << uses;
    }
    EXPECT_EQ(co_await pools_with({.statement_cache_size = 0}), "3");
    EXPECT_EQ(co_await pools_with({.statement_cache_size = kLargest}), "3");
    EXPECT_EQ(co_await pools_with({.max_cancels = 0}), "ValueError");
    EXPECT_EQ(co_await pools_with({.max_cancels = 1}), "3");
    EXPECT_EQ(co_await pools_with({.max_cancels = kLargest}), "ValueError");
}

// Extremes: mysql::PoolOptions::max_inactive_time, mysql::PoolOptions::acquire_timeout,
//     mysql::PoolOptions::connect_timeout, db::ServerPool::acquire(timeout)
ASYNC_TEST(MysqlExtremes, of_pool_times, kOnce) {
    // aiomysql: test_pool.test_create_pool_with_timeout
    SKIP_WITHOUT_MARIADB();
    for (const Duration time : {Duration::min(), Duration(-1), Duration(0), Duration(1), Duration::max()}) {
        EXPECT_EQ(co_await pools_with({.max_inactive_time = time}), "3") << time.count();
    }
    for (const Duration time : {Duration::min(), Duration(-1), Duration(0), Duration(1)}) {
        EXPECT_EQ(co_await pools_with({.acquire_timeout = time}), "TimeoutError") << time.count();
        EXPECT_EQ(co_await pools_with({.connect_timeout = time}), "TimeoutError") << time.count();
    }
    EXPECT_EQ(co_await pools_with({.acquire_timeout = Duration::max()}), "3");
    EXPECT_EQ(co_await pools_with({.connect_timeout = Duration::max()}), "3");
    const auto pool = co_await mysql::create_pool(mariadb().dsn(), {.max_size = 1});
    const auto held = co_await pool.acquire(Duration::max());
    for (const Duration time : {Duration::min(), Duration(0), Duration(1)}) {
        co_await expect_throws<TimeoutError>(pool.acquire(time));
    }
    pool.terminate();
}

// Extremes: db::BasicRow::BasicRow(row), db::BasicRow::get(column), db::BasicRow::value(column), db::BasicRow::name(column)
// Extremes: mysql::Connection::kill(thread_id)
ASYNC_TEST(MysqlExtremes, of_rows_and_threads, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    const mysql::Rows rows = co_await connection.fetch("SELECT 1 AS a");
    for (const std::uint64_t thread : {std::uint64_t(0), std::numeric_limits<std::uint64_t>::max()}) {
        co_await expect_throws<db::DatabaseError>(connection.kill(thread));
    }
    co_await connection.close();
    for (const std::size_t index : {std::size_t(1), kLargest}) {
        expect_error<std::out_of_range>([&] { static_cast<void>(rows[index]); });
        expect_error<db::ColumnError>([&] { rows[0].get<int>(index); });
        expect_error<db::ColumnError>([&] { rows[0].value(index); });
        expect_error<db::ColumnError>([&] { rows[0].name(index); });
    }
    EXPECT_EQ(rows[0].get<int>(std::size_t(0)), 1);
    EXPECT_EQ(rows[0].name(0), "a");
}

// Extremes: mysql::DateTime::year, mysql::DateTime::month, mysql::DateTime::day, mysql::DateTime::hour,
//     mysql::DateTime::minute, mysql::DateTime::second, mysql::DateTime::microsecond, mysql::Codec::encode(value),
//     mysql::Encoder::Encoder(parameter), mysql::Parameters::value(index), mysql::Parameters::is_null(index)
TEST(MysqlExtremes, of_arguments) {
    mysql::Parameters parameters;
    mysql::DateTime largest;
    largest.year = 9999;
    largest.month = 12;
    largest.day = 31;
    largest.hour = 23;
    largest.minute = largest.second = 59;
    largest.microsecond = 999'999;
    parameters.add(largest);
    parameters.add(mysql::DateTime());
    parameters.add(nullptr);
    EXPECT_EQ(parameters.value(0).size(), 12u);
    EXPECT_EQ(parameters.value(1).size(), 8u);
    EXPECT_EQ(parameters.value(2), "");
    EXPECT_TRUE(parameters.is_null(2));
    EXPECT_FALSE(parameters.is_null(0));
    const auto refused = [&](auto change) {
        mysql::DateTime wrong = largest;
        change(wrong);
        expect_error<db::OutOfRangeError>([&] { parameters.add(wrong); });
    };
    refused([](mysql::DateTime& value) { value.year = 65'535; });
    refused([](mysql::DateTime& value) { value.month = 13; });
    refused([](mysql::DateTime& value) { value.day = 255; });
    refused([](mysql::DateTime& value) { value.hour = 24; });
    refused([](mysql::DateTime& value) { value.minute = 60; });
    refused([](mysql::DateTime& value) { value.second = 255; });
    refused([](mysql::DateTime& value) { value.microsecond = std::numeric_limits<std::uint32_t>::max(); });
    using std::chrono::microseconds, std::chrono::sys_days, std::chrono::local_time;
    for (const auto value : {microseconds::min(), microseconds::max(), microseconds(std::chrono::hours(839))}) {
        expect_error<db::OutOfRangeError>([&] { parameters.add(value); });
    }
    for (const auto value : {microseconds::min(), microseconds::max()}) {
        expect_error<db::OutOfRangeError>([&] { parameters.add(local_time<microseconds>(value)); });
    }
    expect_error<db::OutOfRangeError>([&] { parameters.add(sys_days::max()); });
    expect_error<db::OutOfRangeError>([&] { parameters.add(sys_days::min()); });
    parameters.add(microseconds(0));
    EXPECT_EQ(parameters.size(), 4u);  // none of the refused ones
    std::string output;
    for (const std::size_t number : {std::size_t(0), kLargest}) {
        EXPECT_EQ(mysql::Encoder(output, number).describe(), "argument " + std::to_string(number));
    }
}

}  // namespace
}  // namespace aio::test
