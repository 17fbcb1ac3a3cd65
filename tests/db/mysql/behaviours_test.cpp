// Small behaviours that aiomysql's users rely on, by the names of its tests: statements, values, pools.
#include "db/mysql/with_server.hpp"

#include <stdexcept>
#include <tuple>

namespace aio::test {
namespace {

// Bytes that are no text of the connection's character set are stored as they are, without a warning.
ASYNC_TEST(MysqlBehaviours, bytes_are_no_text, kOnce) {
    // aiomysql: test_issues.test_issue_323
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute(
        "CREATE TEMPORARY TABLE bugtest(id INT AUTO_INCREMENT PRIMARY KEY, b VARBINARY(200) NOT NULL)");
    const mysql::Bytes bytes(std::string("\xB0\x17\xff\0x", 5));
    EXPECT_EQ((co_await connection.execute("INSERT INTO bugtest(b) VALUES(?)", bytes)).warnings, 0u);
    EXPECT_TRUE((co_await connection.show_warnings()).empty());
    EXPECT_EQ((co_await connection.fetchval<mysql::Bytes>("SELECT b FROM bugtest WHERE b = ?", bytes)).data,
              bytes.data);
    co_await connection.close();
}

ASYNC_TEST(MysqlBehaviours, values_of_tables, kOnce) {
    // aiomysql: test_issues.test_issue_3, test_issues.test_issue_4, test_issues.test_issue_8, test_issues.test_issue_33
    // aiomysql: test_issues.test_issue_37, test_issues.test_issue_15, test_basic.test_untyped_convertion_to_null_and_empty_string
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute(
        "CREATE TEMPORARY TABLE `hei\xC3\x9F"
        "e`(d DATE, t TIME, dt DATETIME, ts TIMESTAMP NULL, `gr\xC3\xB6\xC3\x9F"
        "e` INT,"
        " s TEXT, PRIMARY KEY(`gr\xC3\xB6\xC3\x9F"
        "e`), INDEX(d, t))");
    using Text = std::optional<std::string>;
    co_await connection.execute(
        "INSERT INTO `hei\xC3\x9F"
        "e` VALUES(?, ?, ?, ?, ?, ?)",
        Text(), Text(), Text(), "2024-02-29 12:00:00", 5, "\xC3\xA4\xC3\xB6");
    const auto row = co_await connection.fetchrow(
        "SELECT * FROM `hei\xC3\x9F"
        "e` WHERE s = ?",
        "\xC3\xA4\xC3\xB6");
    CO_ASSERT_TRUE(row);
    EXPECT_TRUE(row->value("d").is_null() && row->value("t").is_null() && row->value("dt").is_null());
    EXPECT_EQ(row->get<std::string>("ts"), "2024-02-29 12:00:00");
    EXPECT_EQ(row->get<int>("gr\xC3\xB6\xC3\x9F"
                            "e"),
              5);
    EXPECT_EQ(co_await connection.fetchval<Text>("SELECT @foo"), std::nullopt);
    co_await connection.execute("SET @foo = 'bar'");
    EXPECT_EQ(co_await connection.fetchval<Text>("SELECT @foo"), "bar");
    const auto empty = co_await connection.fetchrow("SELECT ?, ?", nullptr, "");
    EXPECT_TRUE(empty->value(0).is_null());
    EXPECT_EQ(empty->get<std::string>(1), "");
    co_await connection.close();
}

ASYNC_TEST(MysqlBehaviours, results_of_many_columns_and_large_fields, kOnce) {
    // aiomysql: test_issues.test_issue_5, test_issues.test_issue_6, test_issues.test_issue_13, test_issues.test_issue_38
    // aiomysql: test_issues.test_issue_66, test_issues.test_issue_79, test_issues.test_issue_175
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    EXPECT_GT((co_await connection.fetch("SELECT * FROM information_schema.tables")).size(), 10u);
    EXPECT_GT((co_await connection.fetch("SELECT * FROM mysql.user")).size(), 0u);
    const auto large = co_await connection.fetchval<std::string>("SELECT repeat(?, 18 * 1024 * 10)", "x");
    EXPECT_EQ(large.size(), 184'320u);
    const std::string million(1'000'000, 'a');
    EXPECT_EQ(co_await connection.fetchval<std::size_t>("SELECT length(?)", million), million.size());
    for (const int columns : {1, 200, 254, 300}) {
        std::string sql = "SELECT 0";
        for (int i = 1; i < columns; ++i) sql += ", " + std::to_string(i);
        const auto row = co_await connection.fetchrow(db::runtime(sql));
        EXPECT_EQ(row->size(), static_cast<std::size_t>(columns));
        EXPECT_EQ(row->get<int>(static_cast<std::size_t>(columns) - 1), columns - 1);
    }
    const auto twice = co_await connection.fetchrow("SELECT 1 AS a, 2 AS a");
    EXPECT_EQ(twice->get<int>("a"), 1);
    EXPECT_EQ(twice->get<int>(1), 2);
    co_await connection.close();
}

ASYNC_TEST(MysqlBehaviours, executemany_takes_any_statement, kOnce) {
    // aiomysql: test_bulk_inserts.test_bulk_insert_single_record, test_bulk_inserts.test_insert_on_duplicate_key_update
    // aiomysql: test_bulk_inserts.test_bulk_replace, test_bulk_inserts.test_bulk_insert_multiline_statement
    // aiomysql: test_cursor.test_execute_percentage, test_cursor.test_executemany_percentage, test_sscursor.test_sscursor_executemany
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute("CREATE TEMPORARY TABLE t(a INT PRIMARY KEY, b INT) ENGINE=InnoDB");
    const std::vector<std::tuple<int, int>> one = {{1, 10}}, more = {{1, 20}, {2, 30}, {3, 40}};
    EXPECT_EQ((co_await connection.executemany("INSERT INTO t VALUES(?, ?)", one)).affected_rows, 1u);
    co_await connection.executemany("INSERT INTO t\n  VALUES(?,\n ?)  ON DUPLICATE KEY UPDATE b = VALUES(b)\n", more);
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT sum(b) FROM t"), 90);
    co_await connection.executemany("REPLACE INTO t VALUES(?, ?)", one);
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT b FROM t WHERE a = 1"), 10);
    const std::vector<std::tuple<int, int>> changes = {{5, 1}, {7, 2}};
    const auto updated = co_await connection.executemany("UPDATE t SET b = b % ? WHERE a = ?", changes);
    EXPECT_EQ(updated.affected_rows, 2u);
    const std::vector<std::tuple<int>> all = {{100}, {200}};
    co_await connection.executemany("INSERT INTO t SELECT a + ?, b FROM t WHERE a < 4", all);  // not in bulk
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*) FROM t"), 9);
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 7 % ?", 4), 3);
    co_await connection.close();
}

ASYNC_TEST(MysqlBehaviours, autocommit_and_manual_transactions, kOnce) {
    // aiomysql: test_issues.test_issue_114, test_async_with.test_transaction_context_manager
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn(), {.autocommit = false});
    co_await connection.execute("CREATE TEMPORARY TABLE t(a INT) ENGINE=InnoDB");
    co_await connection.execute("INSERT INTO t VALUES(?)", 1);
    EXPECT_TRUE(connection.is_in_transaction());
    co_await connection.execute("ROLLBACK");
    EXPECT_FALSE(connection.is_in_transaction());
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*) FROM t"), 0);
    co_await connection.execute("SET autocommit = 1");
    co_await connection.execute("INSERT INTO t VALUES(?)", 1);
    EXPECT_FALSE(connection.is_in_transaction());
    co_await connection.close();
}

ASYNC_TEST(MysqlBehaviours, a_connection_that_is_killed, kOnce) {
    // aiomysql: test_issues.test_issue_35, test_issues.test_issue_36, test_issues.test_issue_34
    SKIP_WITHOUT_MARIADB();
    const auto observer = co_await mysql::connect(mariadb().dsn());
    const auto connection = co_await mysql::connect(mariadb().dsn());
    auto napping = create_task(connection.fetch("SELECT sleep(?)", 60));
    co_await until_busy(observer, connection.get_thread_id());
    co_await observer.kill(connection.get_thread_id());
    co_await expect_throws<Error>(std::move(napping));
    const std::string text = co_await expect_throws<Error>(connection.fetch("SELECT 1"));
    EXPECT_NE(text, "");
    co_await observer.close();
}

ASYNC_TEST(MysqlBehaviours, pools_that_are_closed_or_cleared, kOnce) {
    // aiomysql: test_pool.test_clear, test_pool.test_cannot_acquire_after_closing, test_pool.test_wait_closed
    // aiomysql: test_pool.test_terminate_with_acquired_connections, test_pool.test_release_terminated_pool
    // aiomysql: test_pool.test_close_with_acquired_connections, test_pool.test_cancelled_connection
    // aiomysql: test_pool.test_pool_drops_connection_with_exception, test_pool.test_release_closed
    SKIP_WITHOUT_MARIADB();
    const auto pool = co_await mysql::create_pool(mariadb().dsn(), {.min_size = 1, .max_size = 2});
    const auto before = co_await pool.fetchval<std::uint64_t>("SELECT connection_id()");
    pool.expire_connections();
    EXPECT_NE(co_await pool.fetchval<std::uint64_t>("SELECT connection_id()"), before);
    {
        const auto connection = co_await pool.acquire();
        connection->terminate();
    }
    {
        const auto connection = co_await pool.acquire();
        co_await expect_throws<TimeoutError>(wait_for(connection->fetch("SELECT sleep(?)", 60), 20ms));
    }
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT ?", 7), 7);
    {
        std::optional<mysql::PooledConnection> held = co_await pool.acquire();
        auto closing = create_task(pool.close());
        co_await run_passes(3);
        EXPECT_FALSE(closing.done());
        co_await expect_throws<db::InterfaceError>(pool.acquire());
        held.reset();
        co_await closing;
    }
    const auto other = co_await mysql::create_pool(mariadb().dsn(), {.max_size = 2});
    const auto held = co_await other.acquire();
    other.terminate();
    co_await expect_throws<Error>(held->fetch("SELECT 1"));
}

}  // namespace
}  // namespace aio::test
