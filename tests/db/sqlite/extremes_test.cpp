// Numbers of the public API at their ends.
#include "db/sqlite/with_database.hpp"

#include <cstdint>
#include <limits>
#include <stdexcept>

namespace aio::test {
namespace {

constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();

// Extremes: sqlite::ConnectOptions::busy_timeout, sqlite::ConnectOptions::statement_cache_size
ASYNC_TEST(SqliteExtremes, of_connect_options, kOnce) {
    const TemporaryDirectory directory;
    const auto holder = co_await sqlite::connect(directory.file());
    co_await holder.execute("CREATE TABLE t(a); BEGIN IMMEDIATE");
    for (const Duration timeout : {Duration::min(), Duration(-1), Duration(0), Duration(1)}) {
        const auto db = co_await sqlite::connect(directory.file(), {.busy_timeout = timeout});
        co_await expect_throws<db::LockNotAvailableError>(db.execute("INSERT INTO t VALUES(1)"));
        co_await db.close();
    }
    co_await holder.execute("COMMIT");
    const auto patient = co_await sqlite::connect(directory.file(), {.busy_timeout = Duration::max()});
    co_await patient.execute("INSERT INTO t VALUES(1)");
    co_await patient.close();
    co_await holder.close();
    for (const std::size_t size : {std::size_t(0), std::size_t(1), kMost}) {
        const auto db = co_await sqlite::connect(":memory:", {.statement_cache_size = size});
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(co_await db.fetchval<int>("SELECT ?", i), i);
            EXPECT_EQ(co_await db.fetchval<int>("SELECT 1 + ?", i), i + 1);
        }
        co_await db.close();
    }
}

// Extremes: sqlite::PoolOptions::max_readers, sqlite::PoolOptions::max_inactive_time, sqlite::PoolOptions::acquire_timeout,
//     sqlite::Pool::acquire_reader(timeout), sqlite::Pool::acquire_writer(timeout), sqlite::Pool::acquire(timeout)
ASYNC_TEST(SqliteExtremes, of_pools, kOnce) {
    const TemporaryDirectory directory;
    const auto uses = [&](sqlite::PoolOptions options) -> Coro<std::string> {
        try {
            const auto pool = co_await sqlite::create_pool(directory.file(), options);
            int sum = 0;
            for (int i = 0; i < 3; ++i) sum += co_await pool.fetchval<int>("SELECT ?", 1);
            co_await pool.close();
            co_return std::to_string(sum);
        } catch (const ValueError&) {
            co_return "ValueError";
        } catch (const TimeoutError&) {
            co_return "TimeoutError";
        }
    };
    EXPECT_EQ(co_await uses({.max_readers = 0}), "ValueError");
    EXPECT_EQ(co_await uses({.max_readers = 1}), "3");
    EXPECT_EQ(co_await uses({.max_readers = static_cast<std::size_t>(PTRDIFF_MAX)}), "3");
    EXPECT_EQ(co_await uses({.max_readers = kMost}), "ValueError");
    for (const Duration time : {Duration::min(), Duration(-1), Duration(0), Duration(1), Duration::max()}) {
        EXPECT_EQ(co_await uses({.max_inactive_time = time}), "3") << time.count();
    }
    for (const Duration time : {Duration::min(), Duration(-1), Duration(0), Duration(1)}) {
        EXPECT_EQ(co_await uses({.acquire_timeout = time}), "TimeoutError") << time.count();
    }
    EXPECT_EQ(co_await uses({.acquire_timeout = Duration::max()}), "3");
    const auto pool = co_await sqlite::create_pool(directory.file(), {.max_readers = 1});
    const auto reader = co_await pool.acquire_reader(Duration::max());
    const auto writer = co_await pool.acquire_writer(Duration::max());
    for (const Duration time : {Duration::min(), Duration(0), Duration(1)}) {
        co_await expect_throws<TimeoutError>(pool.acquire_reader(time));
        co_await expect_throws<TimeoutError>(pool.acquire_writer(time));
        co_await expect_throws<TimeoutError>(pool.acquire(time));
    }
    pool.terminate();
}

// Extremes: sqlite::Blob::read(size), sqlite::Blob::seek(position), sqlite::Blob::reopen(rowid),
//     sqlite::Connection::open_blob(rowid), sqlite::Connection::limit(value), sqlite::BackupOptions::pages
ASYNC_TEST(SqliteExtremes, of_blobs_limits_and_backups, kOnce) {
    const TemporaryDirectory directory;
    const auto db = co_await sqlite::connect(":memory:");
    co_await db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, data)");
    for (const std::int64_t id : {kLeast, std::int64_t(0), kGreatest}) {
        co_await db.execute("INSERT INTO t VALUES(?, x'0102')", id);
        const auto blob = co_await db.open_blob("t", "data", id);
        EXPECT_EQ((co_await blob.read(0)).size(), 0u);
        EXPECT_EQ((co_await blob.read(1)).size(), 1u);
        EXPECT_EQ((co_await blob.read(kMost)).size(), 1u);
        blob.seek(0);
        blob.seek(2);
        for (const std::size_t position : {std::size_t(3), kMost}) {
            expect_error<ValueError>([&] { blob.seek(position); });
        }
        co_await blob.reopen(id);
        co_await blob.close();
    }
    co_await expect_throws<db::DatabaseError>(db.open_blob("t", "data", -1));
    constexpr int kMostInt = std::numeric_limits<int>::max();
    for (const int value : {std::numeric_limits<int>::min(), -1}) {
        EXPECT_EQ(co_await db.limit(sqlite::Limit::attached, value), 10);
    }
    for (const int value : {kMostInt, 0, 1}) co_await db.limit(sqlite::Limit::attached, value);
    EXPECT_EQ(co_await db.limit(sqlite::Limit::attached, -1), 1);
    for (const int pages : {std::numeric_limits<int>::min(), -1, 0, 1, kMostInt}) {
        co_await db.backup(directory.file("copy" + std::to_string(pages)), {.pages = pages});
    }
    co_await db.close();
}

// Extremes: db::BasicRow::BasicRow(row), db::BasicRow::get(column), db::BasicRow::value(column), db::BasicRow::name(column)
ASYNC_TEST(SqliteExtremes, of_rows, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    const sqlite::Rows rows = co_await db.fetch("SELECT 1 AS a");
    co_await db.close();
    for (const std::size_t index : {std::size_t(1), kMost}) {
        expect_error<std::out_of_range>([&] { static_cast<void>(rows[index]); });
        expect_error<db::ColumnError>([&] { rows[0].get<int>(index); });
        expect_error<db::ColumnError>([&] { rows[0].value(index); });
        expect_error<db::ColumnError>([&] { rows[0].name(index); });
    }
    EXPECT_EQ(rows[0].get<int>(std::size_t(0)), 1);
    EXPECT_EQ(rows[0].name(0), "a");
}

// Extremes: sqlite::Encoder::Encoder(parameter), sqlite::Encoder::write_integer(value), sqlite::Encoder::write_real(value),
//     sqlite::Codec::encode(value)
TEST(SqliteExtremes, of_encoders) {
    for (const std::size_t parameter : {std::size_t(0), std::size_t(1), kMost}) {
        sqlite::detail::Cell cell;
        std::string bytes;
        sqlite::Encoder encoder(cell, bytes, parameter, "name");
        EXPECT_EQ(encoder.describe(), parameter == 0 ? ":name" : "?" + std::to_string(parameter));
        for (const std::int64_t value : {kLeast, std::int64_t(-1), std::int64_t(0), kGreatest}) {
            encoder.write_integer(value);
            EXPECT_EQ(cell.integer, value);
        }
        using Limits = std::numeric_limits<double>;
        for (const double value : {Limits::lowest(), Limits::denorm_min(), Limits::infinity(), 0.0}) {
            encoder.write_real(value);
            EXPECT_EQ(cell.real, value);
        }
        expect_error<db::OutOfRangeError>([&] { encoder.write_real(Limits::quiet_NaN()); });
        using std::chrono::sys_days;
        for (const sys_days day : {sys_days::min(), sys_days::max()}) {
            expect_error<db::OutOfRangeError>([&] { encoder.encode(day); });
        }
        encoder.encode(sys_days());
        EXPECT_EQ(bytes, "1970-01-01");
    }
}

}  // namespace
}  // namespace aio::test
