// execute(), fetch(), fetchrow() and fetchval(): rows, columns, errors, large results.
#include "db/pg/with_server.hpp"

#include <stdexcept>

namespace aio::test {
namespace {

ASYNC_TEST(PgQuery, execute_returns_what_was_done, kOnce) {
    // asyncpg: test_execute.test_execute_script_1, test_prepare.test_prepare_16_command_result
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    EXPECT_EQ(co_await connection.execute("CREATE TEMP TABLE t(id int PRIMARY KEY, name text)"), "CREATE TABLE");
    EXPECT_EQ(co_await connection.execute("INSERT INTO t VALUES($1, $2), (2, 'b')", 1, "a"), "INSERT 0 2");
    EXPECT_EQ(co_await connection.execute("UPDATE t SET name = name || '!'"), "UPDATE 2");
    EXPECT_EQ(co_await connection.execute("DELETE FROM t WHERE id = $1", 1), "DELETE 1");
    EXPECT_EQ(co_await connection.execute("SELECT * FROM t"), "SELECT 1");
    EXPECT_EQ(co_await connection.execute(""), "");
    EXPECT_EQ(co_await connection.execute(";;"), "");
    co_await connection.close();
}

ASYNC_TEST(PgQuery, scripts_are_one_transaction, kOnce) {
    // asyncpg: test_execute.test_execute_script_2, test_execute.test_execute_script_check_transactionality
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    EXPECT_EQ(co_await connection.execute("CREATE TEMP TABLE t(a int); INSERT INTO t VALUES(1); SELECT 1, 2"),
              "SELECT 1");
    co_await expect_throws<db::DataError>(
        connection.execute("INSERT INTO t VALUES(2); SELECT 1/0; INSERT INTO t VALUES(3)"));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT max(a) FROM t"), 1);
    EXPECT_FALSE(connection.is_in_transaction());
    co_await connection.close();
}

ASYNC_TEST(PgQuery, rows_by_name_number_and_type, kOnce) {
    // asyncpg: test_record.test_record_len_getindex, test_record.test_record_iter, test_pool.test_fetch
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    const pg::Rows rows =
        co_await connection.fetch("SELECT i AS id, 'n' || i AS name FROM generate_series(1, $1::int) i", 3);
    CO_ASSERT_EQ(rows.size(), 3u);
    int expected = 1;
    for (const pg::Row& row : rows) {
        EXPECT_EQ(row.get<int>("id"), expected);
        EXPECT_EQ(row.get<std::string>(1), "n" + std::to_string(expected));
        ++expected;
    }
    const auto [id, name] = rows[2].as<int, std::string>();
    EXPECT_EQ(id, 3);
    EXPECT_EQ(name, "n3");
    EXPECT_EQ(rows[0].size(), 2u);
    EXPECT_EQ(rows[0].name(1), "name");
    EXPECT_THAT(expect_error<db::ColumnError>([&] { rows[0].get<int>("none"); }), testing::HasSubstr("\"none\""));
    expect_error<db::ColumnError>([&] { rows[0].get<int>(2); });
    expect_error<db::ColumnError>([&] { rows[0].as<int>(); });
    expect_error<std::out_of_range>([&] { static_cast<void>(rows[3]); });
    co_await connection.close();
    EXPECT_EQ(rows[1].get<int>(0), 2);  // rows outlive their connection
}

ASYNC_TEST(PgQuery, results_without_rows_or_columns, kOnce) {
    // asyncpg: test_prepare.test_prepare_18_empty_result, test_prepare.test_prepare_22_empty, test_record.test_record_empty
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    EXPECT_TRUE((co_await connection.fetch("SELECT 1 WHERE false")).empty());
    EXPECT_TRUE((co_await connection.fetch("")).empty());
    const pg::Rows empty_rows = co_await connection.fetch("SELECT");
    CO_ASSERT_EQ(empty_rows.size(), 1u);
    EXPECT_EQ(empty_rows[0].size(), 0u);
    EXPECT_FALSE((co_await connection.fetchrow("SELECT 1 WHERE false")).has_value());
    EXPECT_TRUE((co_await connection.fetch("CREATE TEMP TABLE t(a int)")).empty());
    co_await connection.close();
}

ASYNC_TEST(PgQuery, fetchrow_and_fetchval_take_the_first, kOnce) {
    // asyncpg: test_pool.test_fetchrow, test_pool.test_fetchval, test_record.test_record_duplicate_colnames
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    const auto row = co_await connection.fetchrow("SELECT i, i * 2 AS twice FROM generate_series(7, 9) i");
    CO_ASSERT_TRUE(row.has_value());
    EXPECT_EQ(row->get<int>("twice"), 14);
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT i FROM generate_series(7, 9) i"), 7);
    EXPECT_THAT(co_await expect_throws<db::NoRowError>(connection.fetchval<int>("SELECT 1 WHERE false")),
                testing::HasSubstr("fetchval"));
    EXPECT_EQ(co_await connection.fetchval<std::optional<int>>("SELECT 1 WHERE false"), std::nullopt);
    EXPECT_EQ(co_await connection.fetchval<std::optional<int>>("SELECT NULL::int"), std::nullopt);
    co_await expect_throws<db::NullValueError>(connection.fetchval<int>("SELECT NULL::int"));
    const auto twins = co_await connection.fetchrow("SELECT 1 AS a, 2 AS a");
    EXPECT_EQ(twins->get<int>("a"), 1);
    co_await expect_throws<db::ColumnError>(connection.fetchval<int>("SELECT"));
    co_await connection.close();
}

ASYNC_TEST(PgQuery, errors_of_the_server_are_typed, kOnce) {
    // asyncpg: test_execute.test_execute_exceptions_1
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute(
        "CREATE TEMP TABLE t(a int PRIMARY KEY CHECK(a > 0), b int NOT NULL REFERENCES t(a))");
    co_await connection.execute("INSERT INTO t VALUES(1, 1)");
    co_await expect_throws<db::UniqueViolationError>(connection.execute("INSERT INTO t VALUES($1, 1)", 1));
    co_await expect_throws<db::CheckViolationError>(connection.execute("INSERT INTO t VALUES(0, 1)"));
    co_await expect_throws<db::ForeignKeyViolationError>(connection.execute("INSERT INTO t VALUES(2, 3)"));
    co_await expect_throws<db::NotNullViolationError>(connection.execute("INSERT INTO t VALUES(2, NULL)"));
    co_await expect_throws<db::SyntaxError>(connection.fetch("SELEC 1"));
    co_await expect_throws<db::UndefinedTableError>(connection.fetch("SELECT * FROM missing"));
    co_await expect_throws<db::UndefinedColumnError>(connection.fetch("SELECT missing FROM t"));
    co_await expect_throws<db::DuplicateTableError>(connection.execute("CREATE TEMP TABLE t(a int)"));
    co_await expect_throws<db::DataError>(connection.fetch("SELECT $1::int / 0", 1));
    co_await expect_throws<db::SyntaxError>(connection.fetch("SELECT 1; SELECT 2"));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 1"), 1);
    co_await connection.close();
}

ASYNC_TEST(PgQuery, an_error_tells_all_that_the_server_told, kOnce) {  // asyncpg: test_logging.test_error_logging
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("CREATE TEMP TABLE users(name text CONSTRAINT one_name UNIQUE)");
    co_await connection.execute("INSERT INTO users VALUES('Bob')");
    try {
        co_await connection.execute("INSERT INTO users VALUES($1)", "Bob");
        ADD_FAILURE();
    } catch (const db::UniqueViolationError& error) {
        EXPECT_EQ(error.sqlstate(), "23505");
        EXPECT_EQ(error.report().constraint, "one_name");
        EXPECT_EQ(error.report().table, "users");
        EXPECT_EQ(error.report().severity, "ERROR");
        EXPECT_EQ(error.report().statement, "INSERT INTO users VALUES($1)");
        EXPECT_THAT(error.what(), testing::HasSubstr("(name)=(Bob)"));
    }
    co_await connection.close();
}

ASYNC_TEST(PgQuery, arguments_that_do_not_fit_are_refused_here, kOnce) {
    // asyncpg: test_codecs.test_invalid_input, test_prepare.test_prepare_30_invalid_arg_count
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await expect_throws<ValueError>(connection.fetch("SELECT $1::int2", 70'000));
    co_await expect_throws<Error>(connection.fetch("SELECT $1::date", 1));
    co_await expect_throws<Error>(connection.fetch(db::runtime("SELECT $1::int"), 1, 2));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT $1::int2 + 1", 7), 8);
    co_await connection.close();
}

ASYNC_TEST(PgQuery, a_hundred_thousand_rows, kOnce) {  // asyncpg: test_prepare.test_prepare_08_big_result
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    const pg::Rows rows = co_await connection.fetch("SELECT i, i::text FROM generate_series(1, 100000) i");
    CO_ASSERT_EQ(rows.size(), 100'000u);
    std::int64_t sum = 0;
    for (const pg::Row& row : rows) sum += row.get<int>(0);
    EXPECT_EQ(sum, 5'000'050'000);
    EXPECT_EQ(rows[99'999].get<std::string>(1), "100000");
    co_await connection.close();
}

ASYNC_TEST(PgQuery, values_of_16_megabytes, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    std::string bytes(std::size_t(16) << 20, 'x');
    for (std::size_t i = 0; i < bytes.size(); i += 4096) bytes[i] = static_cast<char>('a' + i / 4096 % 26);
    const auto back = co_await connection.fetchval<pg::Bytes>("SELECT $1::bytea", pg::Bytes(bytes));
    EXPECT_TRUE(back.data == bytes);
    const std::string text = bytes.substr(0, std::size_t(1) << 20);
    const std::string text_back = co_await connection.fetchval<std::string>("SELECT $1::text", text);
    EXPECT_TRUE(text_back == text);
    co_await connection.close();
}

ASYNC_TEST(PgQuery, many_arguments_and_columns, kOnce) {  // asyncpg: test_prepare.test_prepare_28_max_args
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    std::string sql = "SELECT 1 AS c1";
    for (int i = 2; i <= 1600; ++i) sql += "," + std::to_string(i) + " AS c" + std::to_string(i);
    const pg::Rows wide = co_await connection.fetch(db::runtime(sql));
    EXPECT_EQ(wide[0].get<int>("c1600"), 1600);
    EXPECT_EQ(wide[0].size(), 1600u);
    co_await connection.close();
}

ASYNC_TEST(PgQuery, notices_go_to_the_logger, kOnce) {  // asyncpg: test_listeners.test_log_listener_01
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("DO $$ BEGIN RAISE WARNING 'watch out'; END $$");
    EXPECT_THAT(take_logs(), testing::ElementsAre("PostgreSQL: WARNING: watch out"));
    co_await connection.close();
}

ASYNC_TEST(PgQuery, copy_from_stdin_is_refused, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("CREATE TEMP TABLE t(a int)");
    const std::string why = co_await expect_throws<Error>(wait_for(connection.execute("COPY t FROM STDIN"), 5s));
    EXPECT_THAT(why, testing::HasSubstr("COPY FROM STDIN"));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 1"), 1);
    co_await expect_throws<Error>(wait_for(connection.fetch("COPY t FROM STDIN"), 5s));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 1"), 1);
    EXPECT_EQ(co_await connection.execute("COPY t TO STDOUT"), "COPY 0");
    co_await connection.close();
}

ASYNC_TEST(PgQuery, names_and_values_of_a_row, kOnce) {
    // asyncpg: test_record.test_record_contains, test_record.test_record_get, test_record.test_record_values,
    // asyncpg: test_record.test_record_keys, test_record.test_record_items, test_prepare.test_prepare_29_duplicates
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    const auto row = co_await c.fetchrow("SELECT 1 AS a, NULL::int AS b, 'x' AS a");
    CO_ASSERT_TRUE(row.has_value());
    EXPECT_TRUE(row->contains("a"));
    EXPECT_TRUE(row->contains("b"));
    EXPECT_FALSE(row->contains("A"));
    EXPECT_FALSE(row->contains(""));
    EXPECT_EQ(row->get<int>("a", 7), 1);
    EXPECT_EQ(row->get<int>("c", 7), 7);
    EXPECT_EQ(row->get<std::string>("c", "none"), "none");
    EXPECT_EQ(row->get<std::optional<int>>("b", 7), std::nullopt);
    expect_error<db::NullValueError>([&] { row->get<int>("b", 7); });
    std::string all;
    for (std::size_t i = 0; i < row->size(); ++i) {
        const pg::Value value = row->value(i);
        all += std::string(row->name(i)) + "=" + (value.is_null() ? "-" : std::string(value.type().name)) + " ";
    }
    EXPECT_EQ(all, "a=int4 b=- a=text ");
    EXPECT_EQ(row->get<std::string>(2), "x");
    const auto none = co_await c.fetchrow("SELECT");
    EXPECT_FALSE(none->contains("a"));
    co_await c.close();
}

}  // namespace
}  // namespace aio::test
