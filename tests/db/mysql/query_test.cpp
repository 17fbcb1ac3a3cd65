// Statements on one connection: results, arguments, errors.
#include "db/mysql/with_server.hpp"

#include <aio/core/gather.hpp>

#include <stdexcept>
#include <tuple>

namespace aio::test {
namespace {

ASYNC_TEST(MysqlQuery, fetch_returns_all_rows_by_name_and_position, kOnce) {
    // aiomysql: test_cursor.test_description, test_cursor.test_rows, test_dictcursor.test_dictcursor
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    const auto rows =
        co_await connection.fetch("SELECT seq AS n, concat('row ', seq) AS name FROM seq_1_to_3 WHERE seq > ?", 1);
    CO_ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].get<int>("n"), 2);
    EXPECT_EQ(rows[1].get<std::string>(1), "row 3");
    EXPECT_EQ(rows[0].name(1), "name");
    const auto [n, name] = rows[1].as<int, std::string>();
    EXPECT_EQ(n, 3);
    EXPECT_EQ(name, "row 3");
    expect_error<std::out_of_range>([&] { static_cast<void>(rows[2]); });
    expect_error<db::ColumnError>([&] { rows[0].get<int>("nn"); });
    co_await connection.close();
}

ASYNC_TEST(MysqlQuery, text_and_binary_protocol_agree, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().tcp_dsn());
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT ? + 1", 41), 42);
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 41 + 1"), 42);
    EXPECT_EQ(co_await connection.fetchval<std::string>("SELECT ?", "text"), "text");
    EXPECT_EQ(co_await connection.fetchval<std::string>("SELECT 'text'"), "text");
    EXPECT_EQ(co_await connection.fetchval<std::optional<int>>("SELECT NULL"), std::nullopt);
    EXPECT_EQ(co_await connection.fetchval<std::optional<int>>("SELECT ?", nullptr), std::nullopt);
    co_await connection.close();
}

ASYNC_TEST(MysqlQuery, fetchrow_and_fetchval_without_rows, kOnce) {
    // aiomysql: test_cursor.test_fetchone_no_result
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    EXPECT_FALSE(co_await connection.fetchrow("SELECT 1 FROM DUAL WHERE ?", false));
    EXPECT_EQ(co_await connection.fetchval<std::optional<int>>("SELECT 1 FROM DUAL WHERE false"), std::nullopt);
    co_await expect_throws<db::NoRowError>(connection.fetchval<int>("SELECT 1 FROM DUAL WHERE false"));
    const auto row = co_await connection.fetchrow("SELECT seq FROM seq_1_to_1000 WHERE seq >= ? ORDER BY 1", 7);
    CO_ASSERT_TRUE(row);
    EXPECT_EQ(row->get<int>(0), 7);
    co_await connection.close();
}

ASYNC_TEST(MysqlQuery, execute_tells_affected_rows_and_the_id, kOnce) {
    // aiomysql: test_cursor.test_aggregates
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute("CREATE TEMPORARY TABLE t(id INT AUTO_INCREMENT PRIMARY KEY, a INT)");
    EXPECT_EQ((co_await connection.execute("INSERT INTO t(a) VALUES(?), (?)", 1, 2)).affected_rows, 2u);
    EXPECT_EQ((co_await connection.execute("INSERT INTO t(a) VALUES(3)")).insert_id, 3u);
    const auto updated = co_await connection.execute("UPDATE t SET a = a + 1 WHERE a < ?", 3);
    EXPECT_EQ(updated.affected_rows, 2u);
    EXPECT_EQ(updated.info, "Rows matched: 2  Changed: 2  Warnings: 0");
    EXPECT_EQ((co_await connection.execute("DELETE FROM t")).affected_rows, 3u);
    co_await connection.close();
}

ASYNC_TEST(MysqlQuery, scripts_run_several_statements, kOnce) {
    // aiomysql: test_nextset.test_nextset, test_nextset.test_ok_and_next, test_nextset.test_skip_nextset
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    const auto done = co_await connection.execute(
        "CREATE TEMPORARY TABLE t(a INT); INSERT INTO t VALUES(1), (2); SELECT * FROM t; INSERT INTO t VALUES(3), "
        "(4), (5)");
    EXPECT_EQ(done.affected_rows, 3u);
    const auto sets = co_await connection.fetchsets("SELECT 1; SET @a = 2; SELECT a FROM t ORDER BY a");
    CO_ASSERT_EQ(sets.size(), 2u);
    EXPECT_EQ(sets[0][0].get<int>(0), 1);
    EXPECT_EQ(sets[1].size(), 5u);
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 3; SELECT 4"), 3);
    // aiomysql: test_nextset.test_nextset_error (those before the error took place)
    co_await expect_throws<db::UndefinedTableError>(
        connection.execute("INSERT INTO t VALUES(6); SELECT * FROM missing; INSERT INTO t VALUES(7)"));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT max(a) FROM t"), 6);
    co_await connection.close();
}

ASYNC_TEST(MysqlQuery, procedures_return_results_and_outputs, kOnce) {
    // aiomysql: test_cursor.test_callproc, test_issues.test_issue_95
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute("DROP PROCEDURE IF EXISTS twice");
    co_await connection.execute(
        "CREATE PROCEDURE twice(IN a INT, OUT b INT) BEGIN SELECT a; SELECT a + 1, a + 2; SET b = 2 * a; END");
    const auto sets = co_await connection.fetchsets("CALL twice(?, ?)", 21, nullptr);
    CO_ASSERT_EQ(sets.size(), 3u);
    EXPECT_EQ(sets[0][0].get<int>(0), 21);
    EXPECT_EQ(sets[1][0].get<int>(1), 23);
    EXPECT_EQ(sets[2][0].get<int>("b"), 42);
    EXPECT_EQ(co_await connection.fetchval<int>("CALL twice(4, @b)"), 4);
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT @b"), 8);
    co_await connection.execute("DROP PROCEDURE twice");
    co_await connection.close();
}

ASYNC_TEST(MysqlQuery, errors_have_their_class, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute(
        "CREATE TEMPORARY TABLE t(a INT NOT NULL PRIMARY KEY, b TINYINT, CONSTRAINT positive CHECK (b > 0))");
    co_await connection.execute("INSERT INTO t VALUES(1, 1)");
    co_await expect_throws<db::UniqueViolationError>(connection.execute("INSERT INTO t VALUES(?, 1)", 1));
    co_await expect_throws<db::NotNullViolationError>(connection.execute("INSERT INTO t VALUES(?, 1)", nullptr));
    co_await expect_throws<db::NotNullViolationError>(connection.execute("INSERT INTO t(b) VALUES(1)"));
    co_await expect_throws<db::CheckViolationError>(connection.execute("INSERT INTO t VALUES(2, ?)", -1));
    co_await expect_throws<db::DataError>(connection.execute("INSERT INTO t VALUES(2, ?)", 1000));
    co_await expect_throws<db::UndefinedTableError>(connection.execute("SELECT * FROM missing WHERE a = ?", 1));
    co_await expect_throws<db::UndefinedColumnError>(connection.execute("SELECT missing FROM t"));
    co_await expect_throws<db::DuplicateTableError>(connection.execute("CREATE TEMPORARY TABLE t(a INT)"));
    const std::string text = co_await expect_throws<db::SyntaxError>(connection.execute("SELEKT 1"));
    EXPECT_THAT(text, testing::HasSubstr("STATEMENT: SELEKT 1"));
    try {
        co_await connection.execute("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'mine', MYSQL_ERRNO = 5000");
        ADD_FAILURE();
    } catch (const db::DatabaseError& error) {
        EXPECT_EQ(error.sqlstate(), "45000");
        EXPECT_EQ(error.report().code, 5000);
    }
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 7"), 7);
    co_await connection.close();
}

ASYNC_TEST(MysqlQuery, the_number_of_arguments_is_checked, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    const std::string sql = "SELECT ?, ?";
    co_await expect_throws<db::ArgumentCountError>(connection.fetch(db::runtime(sql), 1));
    const auto statement = co_await connection.prepare(sql);
    co_await expect_throws<db::ArgumentCountError>(statement.fetch(1, 2, 3));
    EXPECT_EQ((co_await statement.fetchrow(1, 2))->get<int>(1), 2);
    co_await connection.close();
}

ASYNC_TEST(MysqlQuery, each_task_gets_its_own_answer, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    const auto twice = [&](int i) -> Coro<int> {
        if (i % 3 == 0) co_return co_await connection.fetchval<int>(db::runtime("SELECT 2 * " + std::to_string(i)));
        co_return co_await connection.fetchval<int>("SELECT ? * 2", i);
    };
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 1000; ++i) tasks.push_back(create_task(twice(i)));
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(co_await tasks[static_cast<std::size_t>(i)], 2 * i);
    co_await connection.close();
}

ASYNC_TEST(MysqlQuery, one_fails_alone, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().tcp_dsn());
    co_await connection.execute("CREATE TEMPORARY TABLE t(a INT PRIMARY KEY)");
    const auto insert = [&](int i) -> Coro<> { co_await connection.execute("INSERT INTO t VALUES(?)", i); };
    std::vector<Task<>> tasks;
    for (int i = 0; i < 60; ++i) tasks.push_back(create_task(insert(i / 2)));
    for (int i = 0; i < 60; ++i) {
        Task<>& task = tasks[static_cast<std::size_t>(i)];
        if (i % 2 == 1) {
            co_await expect_throws<db::UniqueViolationError>(task);
        } else {
            co_await task;
        }
    }
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*) FROM t"), 30);
    co_await connection.close();
}

ASYNC_TEST(MysqlQuery, a_packet_of_more_than_sixteen_megabytes, kOnce) {
    // aiomysql: test_connection.test_largedata
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    for (const std::size_t size : {std::size_t{0xff'ffff - 20}, std::size_t{0xff'ffff}, std::size_t{2 * 0xff'ffff}}) {
        std::string text(size, 'x');
        text[size / 2] = 'y';
        const auto row = co_await connection.fetchrow("SELECT ?", text);
        EXPECT_EQ(row->get<std::string_view>(0), text);
    }
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT ?", 7), 7);
    co_await connection.close();
}

ASYNC_TEST(MysqlQuery, executemany_is_all_or_nothing, kOnce) {
    // aiomysql: test_cursor.test_executemany, test_bulk_inserts.test_bulk_insert
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute("CREATE TEMPORARY TABLE t(a INT PRIMARY KEY, b VARCHAR(20), c DOUBLE) ENGINE=InnoDB");
    using Set = std::tuple<int, std::optional<std::string>, double>;
    std::vector<Set> sets;
    for (int i = 0; i < 5'000; ++i) {
        std::optional<std::string> name;
        if (i % 3 != 0) name = "n" + std::to_string(i);
        sets.emplace_back(i, name, i / 2.0);
    }
    const auto done = co_await connection.executemany("INSERT INTO t VALUES(?, ?, ?)", sets);
    EXPECT_EQ(done.affected_rows, 5'000u);
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*) FROM t WHERE b IS NULL"), 1'667);
    EXPECT_EQ(co_await connection.fetchval<double>("SELECT sum(c) FROM t"), 5'000 * 4'999 / 4.0);
    for (auto& set : sets) std::get<0>(set) += 10'000;
    std::get<0>(sets.back()) = 7;  // is there
    co_await expect_throws<db::UniqueViolationError>(connection.executemany("INSERT INTO t VALUES(?, ?, ?)", sets));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*) FROM t"), 5'000);
    EXPECT_FALSE(connection.is_in_transaction());
    const std::vector<Set> none;
    EXPECT_EQ((co_await connection.executemany("INSERT INTO t VALUES(?, ?, ?)", none)).affected_rows, 0u);
    co_await connection.close();
}

ASYNC_TEST(MysqlQuery, fetchmany_returns_the_rows_of_all, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute("CREATE TEMPORARY TABLE t(id INT AUTO_INCREMENT PRIMARY KEY, a INT) ENGINE=InnoDB");
    std::vector<std::tuple<int>> sets;
    for (int i = 0; i < 100; ++i) sets.emplace_back(i);
    const auto rows = co_await connection.fetchmany("INSERT INTO t(a) VALUES(?) RETURNING id, a", sets);
    CO_ASSERT_EQ(rows.size(), 100u);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(rows[static_cast<std::size_t>(i)].get<int>("a"), i);
    co_await connection.close();
}

ASYNC_TEST(MysqlQuery, cursors_read_in_bounded_memory, kOnce) {
    // aiomysql: test_sscursor.test_ssursor, test_async_iter.test_async_cursor_server_side
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    auto numbers = connection.cursor("SELECT seq FROM seq_1_to_8000 WHERE seq > ?", 0);
    int expected = 0;
    while (auto row = co_await numbers.next()) {
        EXPECT_EQ(row->get<int>(0), ++expected);
        if (expected % 2'000 != 0) continue;
        EXPECT_EQ(co_await connection.fetchval<int>("SELECT ?", expected), expected);
    }
    EXPECT_EQ(expected, 8'000);
    auto none = connection.cursor("SELECT seq FROM seq_1_to_20 WHERE seq > ?", 30);
    EXPECT_FALSE(co_await none.next());
    auto shown = connection.cursor("SHOW VARIABLES LIKE 'version'");
    EXPECT_TRUE(co_await shown.next());
    EXPECT_FALSE(co_await shown.next());
    {
        auto left = connection.cursor("SELECT seq FROM seq_1_to_200000");
        EXPECT_EQ((co_await left.next())->get<int>(0), 1);
    }
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 7"), 7);
    co_await connection.close();
}

ASYNC_TEST(MysqlQuery, prepared_statements_describe_themselves, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    const auto statement = co_await connection.prepare("SELECT 1 AS a, 'x' AS b FROM DUAL WHERE ?");
    EXPECT_EQ(statement.get_parameter_count(), 1u);
    const auto attributes = statement.get_attributes();
    CO_ASSERT_EQ(attributes.size(), 2u);
    EXPECT_EQ(attributes[0].name, "a");
    EXPECT_EQ(attributes[0].type.name(), "INT");
    EXPECT_EQ(attributes[1].type.name(), "VARCHAR");
    EXPECT_EQ((co_await statement.fetch(true)).size(), 1u);
    EXPECT_EQ((co_await statement.fetch(false)).size(), 0u);
    co_await expect_throws<db::SyntaxError>(connection.prepare("SELEKT ?"));
    co_await connection.close();
}

ASYNC_TEST(MysqlQuery, few_statements_are_kept, kOnce) {
    SKIP_WITHOUT_MARIADB();
    for (const std::size_t size : {std::size_t(0), std::size_t(3)}) {
        const auto connection = co_await mysql::connect(mariadb().dsn(), {.statement_cache_size = size});
        for (int i = 0; i < 50; ++i) {
            const std::string sql = "SELECT ? + " + std::to_string(i % 10);
            EXPECT_EQ(co_await connection.fetchval<int>(db::runtime(sql), i), i + i % 10);
        }
        const auto open = co_await connection.fetchrow("SHOW SESSION STATUS LIKE 'Prepared_stmt_count'");
        const auto global = co_await connection.fetchrow("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
        EXPECT_LE(std::stoi(global->get<std::string>(1)), 8) << open->get<std::string>(1);
        co_await connection.close();
    }
}

ASYNC_TEST(MysqlQuery, other_commands, kOnce) {
    // aiomysql: test_connection.test_select_db, test_connection.test_connection_ping
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.select_db("mysql");
    EXPECT_EQ(co_await connection.fetchval<std::string>("SELECT database()"), "mysql");
    co_await expect_throws<db::ProgrammingError>(connection.select_db("missing"));
    co_await connection.ping();
    EXPECT_EQ((co_await connection.execute("SELECT CAST('x' AS INT)")).warnings, 1u);
    const auto warnings = co_await connection.show_warnings();
    CO_ASSERT_EQ(warnings.size(), 1u);
    EXPECT_EQ(warnings[0].level, "Warning");
    EXPECT_EQ(warnings[0].code, 1292);
    EXPECT_TRUE(connection.is_mariadb());
    EXPECT_THAT(std::string(connection.get_server_info()), testing::StartsWith("10."));
    EXPECT_EQ(co_await connection.fetchval<std::uint64_t>("SELECT connection_id()"), connection.get_thread_id());
    co_await connection.close();
    co_await expect_throws<db::InterfaceError>(connection.execute("SELECT 1"));
}

}  // namespace
}  // namespace aio::test
