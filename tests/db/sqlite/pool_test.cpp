// The pool: one connection writes, the others read.
#include "core/loop_state.hpp"
#include "db/sqlite/with_database.hpp"

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace aio::test {
namespace {

ASYNC_TEST(SqlitePool, one_writes_and_many_read, kOnce) {
    const TemporaryDirectory directory;
    const auto pool = co_await sqlite::create_pool(directory.file(), {.max_readers = 3});
    co_await pool.execute("CREATE TABLE t(a INTEGER PRIMARY KEY)");
    const auto write = [&](int i) -> Coro<> {
        const auto body = [&](const sqlite::Connection& db) -> Coro<int> {
            co_await db.execute("INSERT INTO t VALUES(?)", i);
            const int count = co_await db.fetchval<int>("SELECT count(*) FROM t");
            co_await sleep(Duration(0));
            EXPECT_EQ(co_await db.fetchval<int>("SELECT count(*) FROM t"), count);
            co_return count;
        };
        co_await pool.transaction(body);
    };
    const auto read = [&]() -> Coro<> {
        for (int i = 0; i < 10; ++i) co_await pool.fetch("SELECT * FROM t");
    };
    std::vector<Task<>> tasks;
    for (int i = 0; i < 20; ++i) {
        tasks.push_back(create_task(write(i)));
        tasks.push_back(create_task(read()));
    }
    for (auto& task : tasks) co_await task;
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT count(*) FROM t"), 20);
    EXPECT_EQ(pool.reader_statistics().size, 3u);
    EXPECT_EQ(pool.writer_statistics().size, 1u);
    EXPECT_EQ(co_await pool.fetchval<int>("INSERT INTO t VALUES(100) RETURNING a"), 100);
    EXPECT_EQ((co_await pool.fetchrow("  select max(a) FROM t"))->get<int>(0), 100);
    const std::vector<std::tuple<int>> more = {{200}, {201}};
    co_await pool.executemany("INSERT INTO t VALUES(?)", more);
    EXPECT_EQ((co_await pool.fetchmany("DELETE FROM t WHERE a = ? RETURNING a", more)).size(), 2u);
    {
        const auto reader = co_await pool.acquire_reader();
        co_await expect_throws<db::TransactionError>(reader->execute("DELETE FROM t"));
        const auto writer = co_await pool.acquire_writer();
        co_await expect_throws<TimeoutError>(pool.acquire_writer(1ms));
        co_await writer->execute("BEGIN; DELETE FROM t");
    }
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT count(*) FROM t"), 21);  // rolled back when it was given back
    const auto failing = [&](const sqlite::Connection& db) -> Coro<> {
        co_await db.execute("DELETE FROM t");
        throw std::runtime_error("no");
    };
    co_await expect_throws<std::runtime_error>(pool.transaction(failing));
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT count(*) FROM t"), 21);
    pool.expire_connections();
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT 1"), 1);
    co_await pool.execute("DELETE FROM t");
    co_await pool.close();
    co_await expect_throws<db::InterfaceError>(pool.fetch("SELECT 1"));
}

ASYNC_TEST(SqlitePool, hooks_prepare_connections, kOnce) {
    const TemporaryDirectory directory;
    int inits = 0, setups = 0;
    sqlite::PoolHooks hooks;
    hooks.init = [&](sqlite::Connection db) -> Coro<> {
        ++inits;
        co_await db.create_function("twice", [](int x) { return 2 * x; });
    };
    hooks.setup = [&](sqlite::Connection) -> Coro<> {
        ++setups;
        co_return;
    };
    const auto pool = co_await sqlite::create_pool(directory.file(), {.max_readers = 2}, hooks);
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT twice(2)"), 4);
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT twice(3)"), 6);
    co_await pool.execute("CREATE TABLE t AS SELECT twice(4)");
    EXPECT_EQ(inits, 2);
    EXPECT_EQ(setups, 3);
    co_await pool.close();
    hooks.init = [](sqlite::Connection) -> Coro<> {
        throw std::runtime_error("no");
        co_return;
    };
    co_await expect_throws<std::runtime_error>(sqlite::create_pool(directory.file(), {}, hooks));
    expect_error<ValueError>([] { static_cast<void>(sqlite::create_pool(":memory:")); });
    expect_error<ValueError>([] { static_cast<void>(sqlite::create_pool("")); });
}

ASYNC_TEST(SqlitePool, cancelled_users_lose_no_connection, kOnce) {
    const TemporaryDirectory directory;
    const auto pool = co_await sqlite::create_pool(directory.file(), {.max_readers = 2});
    co_await pool.execute("CREATE TABLE t(a)");
    for (int round = 0; round < 20; ++round) {
        std::vector<Task<>> tasks;
        for (int i = 0; i < 6; ++i) {
            tasks.push_back(create_task([&]() -> Coro<> {
                co_await pool.fetch(db::runtime(std::string("SELECT * FROM (") + kEndless + ")"));
            }));
            tasks.push_back(create_task([&]() -> Coro<> { co_await pool.execute("INSERT INTO t VALUES(1)"); }));
        }
        for (int i = 0; i < round; ++i) co_await sleep(Duration(0));
        for (auto& task : tasks) task.cancel();
        for (auto& task : tasks) {
            try {
                co_await task;
            } catch (const CancelledError&) {}
        }
        EXPECT_EQ(co_await pool.fetchval<int>("SELECT ?", round), round);
    }
    EXPECT_EQ(pool.reader_statistics().idle, pool.reader_statistics().size);
    EXPECT_EQ(pool.writer_statistics().idle, 1u);
    co_await pool.close();
}

ASYNC_TEST(SqlitePool, has_numbers_for_metrics, kOnce) {
    const TemporaryDirectory directory;
    const auto pool = co_await sqlite::create_pool(directory.file(), {.max_readers = 3});
    co_await pool.execute("CREATE TABLE t(a)");
    co_await pool.fetch("SELECT * FROM t");
    const auto reader = co_await pool.acquire_reader();
    aio::detail::MetricSamples samples;
    aio::detail::LoopState::of(get_running_loop().core()).measured.measure(samples);
    std::map<std::string, double> sums;  // of the readers and the writer
    for (const auto& sample : samples.all()) {
        EXPECT_TRUE(sample.labels.starts_with("database=\"sqlite\",pool=\"")) << sample.labels;
        const std::size_t state = sample.labels.find(",state=");
        sums[sample.family->name + (state == std::string::npos ? "" : sample.labels.substr(state))] += sample.value;
    }
    EXPECT_EQ(sums["aiocpp_db_pool_connections,state=\"used\""], 1);
    EXPECT_EQ(sums["aiocpp_db_pool_connections,state=\"idle\""], 1);
    EXPECT_EQ(sums["aiocpp_db_pool_max_connections"], 4);
    EXPECT_EQ(sums["aiocpp_db_pool_waiting_tasks"], 0);
    EXPECT_EQ(sums["aiocpp_db_pool_acquired_total"], 3);
}

}  // namespace
}  // namespace aio::test
