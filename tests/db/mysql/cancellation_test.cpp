// Cancelled statements and timeouts: what is stopped, and what others on the connection see of it.
#include "db/mysql/with_server.hpp"

#include <random>

namespace aio::test {
namespace {

// Its answer is NULL + 0 where it was stopped; only a statement that reads a table can tell an answer from an interruption.
Coro<int> nap(mysql::Connection connection, double seconds, int answer = 1) {
    co_return co_await connection.fetchval<int>("SELECT ? + sleep(?)", answer, seconds);
}

ASYNC_TEST(MysqlCancellation, a_timeout_stops_the_statement_on_the_server, kOnce) {
    // aiomysql: test_cursor.test_execute_cancel, test_sscursor.test_sscursor_cancel
    SKIP_WITHOUT_MARIADB();
    for (const std::string& dsn : {mariadb().dsn(), mariadb().tcp_dsn("ssl_mode=required"), mariadb().tcp_dsn()}) {
        const auto connection = co_await mysql::connect(dsn);
        const Stopwatch watch;
        co_await expect_throws<TimeoutError>(wait_for(connection.execute("SELECT sleep(60)"), 50ms));
        co_await expect_throws<TimeoutError>(wait_for(connection.fetch("SELECT sleep(?)", 60), 50ms));
        EXPECT_EQ(co_await connection.fetchval<int>("SELECT 1"), 1);
        EXPECT_LT(watch.elapsed(), 30s);
        co_await connection.close();
    }
}

ASYNC_TEST(MysqlCancellation, one_that_was_not_sent_never_is, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute("CREATE TEMPORARY TABLE t(a INT)");
    const auto insert = [&](int a) -> Coro<> { co_await connection.execute("INSERT INTO t VALUES(?)", a); };
    co_await insert(0);
    auto stopped = create_task(connection.execute("SELECT sleep(60)"));
    co_await sleep(20ms);
    stopped.cancel();
    co_await run_passes(1);  // KILL is under way: what comes now waits
    auto first = create_task(insert(1));
    auto second = create_task(insert(2));
    co_await run_passes(1);
    first.cancel();
    co_await expect_throws<CancelledError>(std::move(first));
    co_await second;
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT sum(a) FROM t"), 2);
    co_await expect_throws<CancelledError>(std::move(stopped));
    co_await connection.close();
}

ASYNC_TEST(MysqlCancellation, one_behind_others_is_dropped_when_its_turn_comes, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await nap(connection, 0);
    const Stopwatch watch;
    auto head = create_task(nap(connection, 0.2));
    auto dropped = create_task(nap(connection, 60));
    auto behind = create_task(nap(connection, 0));
    co_await sleep(20ms);
    dropped.cancel();
    co_await expect_throws<CancelledError>(std::move(dropped));
    EXPECT_LT(watch.elapsed(), 190ms);  // at once
    EXPECT_EQ(co_await head, 1);
    EXPECT_EQ(co_await behind, 1);
    EXPECT_LT(watch.elapsed(), 30s);
    co_await connection.close();
}

ASYNC_TEST(MysqlCancellation, many_long_ones_are_stopped_one_after_the_other, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await nap(connection, 0);
    const Stopwatch watch;
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(create_task(nap(connection, 60)));
    auto behind = create_task(nap(connection, 0));
    co_await sleep(50ms);
    for (auto& task : tasks) task.cancel();
    for (auto& task : tasks) co_await expect_throws<CancelledError>(task);
    EXPECT_EQ(co_await behind, 1);
    EXPECT_LT(watch.elapsed(), 30s);
    co_await connection.close();
}

ASYNC_TEST(MysqlCancellation, one_that_is_cancelled_as_soon_as_it_is_sent, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    const Stopwatch watch;
    for (int passes = 0; passes < 10; ++passes) {
        auto task = create_task(connection.fetch("SELECT sleep(?)", 60));
        co_await run_passes(passes);
        task.cancel();
        co_await expect_throws<CancelledError>(std::move(task));
        EXPECT_EQ(co_await connection.fetchval<int>("SELECT ?", passes), passes);
    }
    EXPECT_LT(watch.elapsed(), 50s);
    co_await connection.close();
}

ASYNC_TEST(MysqlCancellation, many_executions_are_rolled_back, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute("CREATE TEMPORARY TABLE t(a INT) ENGINE=InnoDB");
    std::vector<std::tuple<int, double>> sets;
    for (int i = 0; i < 30; ++i) sets.emplace_back(i, 0.05);
    const Stopwatch watch;
    auto task = create_task(connection.executemany("INSERT INTO t SELECT ? + sleep(?)", sets));
    co_await sleep(120ms);
    task.cancel();
    co_await expect_throws<CancelledError>(std::move(task));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*) FROM t"), 0);
    EXPECT_FALSE(connection.is_in_transaction());
    EXPECT_LT(watch.elapsed(), 20s);
    co_await connection.close();
}

ASYNC_TEST(MysqlCancellation, a_cursor_that_is_left_closes_its_statement, kOnce) {
    // aiomysql: test_sscursor.test_sscursor_discarded_result
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    for (int i = 0; i < 30; ++i) {
        auto rows = connection.cursor("SELECT seq + ? FROM seq_1_to_1000", i);
        EXPECT_EQ((co_await rows.next())->get<int>(0), 1 + i);
    }
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT ?", 7), 7);
    const auto status = co_await connection.fetchrow("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
    EXPECT_LE(std::stoi(status->get<std::string>(1)), 3);
    co_await connection.close();
}

ASYNC_TEST(MysqlCancellation, the_servers_own_timeout_is_an_error, kOnce) {
    // aiomysql: test_cursor.test_max_execution_time, test_sscursor.test_max_execution_time
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute("SET max_statement_time = 0.02");
    co_await expect_throws<db::QueryCanceledError>(
        connection.fetch("SELECT count(*) FROM seq_1_to_1000000000 WHERE seq % 7 = ?", 3));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 1"), 1);
    co_await connection.close();
}

// Counts of what became of the questions.
struct Outcomes {
    int answered = 0, cancelled = 0;
};

Coro<> ask_and_cancel(mysql::Connection connection, unsigned seed, int rounds, Outcomes& outcomes) {
    std::mt19937 random(seed);
    for (int i = 0; i < rounds; ++i) {
        const int question = static_cast<int>(random() % 1'000'000);
        const int rows = random() % 4 == 0 ? 1 + static_cast<int>(random() % 20'000) : 1;
        const auto ask = [&]() -> Coro<int> {
            co_return co_await connection.fetchval<int>("SELECT ? + 0 * count(*) FROM seq_1_to_20000 WHERE seq <= ?",
                                                        question, rows);
        };
        auto task = create_task(ask());
        if (random() % 2 == 0) {
            co_await sleep(std::chrono::microseconds(random() % 6000));
            task.cancel();
        }
        try {
            EXPECT_EQ(co_await task, question);
            ++outcomes.answered;
        } catch (const CancelledError&) {
            ++outcomes.cancelled;
        }
    }
}

ASYNC_TEST(MysqlCancellation, two_thousand_random_ones_disturb_no_neighbour, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const unsigned seed = std::random_device()();
    const auto connection = co_await mysql::connect(mariadb().tcp_dsn());
    Outcomes& outcomes = keep<Outcomes>();
    std::vector<Task<>> tasks;
    for (unsigned i = 0; i < 8; ++i)
        tasks.push_back(create_task(ask_and_cancel(connection, seed + i, 250, outcomes)));
    for (auto& task : tasks) {
        try {
            co_await task;
        } catch (const std::exception& error) {
            ADD_FAILURE() << "a neighbour saw: " << error.what() << "; seed " << seed;
        }
    }
    EXPECT_EQ(outcomes.answered + outcomes.cancelled, 2000) << "seed " << seed;
    EXPECT_GT(outcomes.cancelled, 100);
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 7"), 7);
    co_await connection.close();
}

}  // namespace
}  // namespace aio::test
