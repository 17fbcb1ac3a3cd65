// LOAD DATA LOCAL: off unless asked for, and then only what the program passes.
#include "db/mysql/with_server.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace aio::test {
namespace {

constexpr const char* kLoad = "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t FIELDS TERMINATED BY ','";

Coro<mysql::Connection> connect_for_loading() {
    const auto connection = co_await mysql::connect(mariadb().dsn(), {.local_infile = true});
    co_await connection.execute("CREATE TEMPORARY TABLE t(a INT, b VARCHAR(20)) ENGINE=InnoDB");
    co_return connection;
}

ASYNC_TEST(MysqlLoadData, takes_a_text_a_file_and_a_generator, kOnce) {
    // aiomysql: test_load_local.test_load_file
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await connect_for_loading();
    const std::string text = "1,one\n2,two\n";
    EXPECT_EQ((co_await connection.load_data(kLoad, text)).affected_rows, 2u);
    const std::filesystem::path path = mariadb().folder() + "/rows";
    {
        std::ofstream file(path);
        for (int i = 0; i < 100'000; ++i) file << i << ",row\n";
    }
    EXPECT_EQ((co_await connection.load_data(kLoad, path)).affected_rows, 100'000u);
    const auto lines = []() -> AsyncGenerator<std::string> {
        for (int i = 0; i < 10; ++i) co_yield std::to_string(i) + ",generated\n";
    };
    EXPECT_EQ((co_await connection.load_data(kLoad, lines())).affected_rows, 10u);
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*) FROM t WHERE b = ?", "generated"), 10);
    EXPECT_EQ((co_await connection.load_data(kLoad, std::string())).affected_rows, 0u);
    co_await connection.close();
}

ASYNC_TEST(MysqlLoadData, reports_warnings_and_errors, kOnce) {
    // aiomysql: test_load_local.test_load_warnings, test_load_local.test_no_file
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await connect_for_loading();
    co_await connection.execute("SET sql_mode = ''");
    const std::string text = "1,one,more\n2\n";
    const auto done = co_await connection.load_data(kLoad, text);
    EXPECT_EQ(done.affected_rows, 2u);
    EXPECT_GE(done.warnings, 2);
    co_await expect_throws<db::UndefinedTableError>(
        connection.load_data("LOAD DATA LOCAL INFILE 'x' INTO TABLE missing", text));
    const std::filesystem::path missing = "/nonexistent/rows";
    co_await expect_throws<FileNotFoundError>(connection.load_data(kLoad, missing));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*) FROM t WHERE ?", 1), 2);
    EXPECT_FALSE(connection.is_closed());
    co_await connection.close();
}

ASYNC_TEST(MysqlLoadData, stores_nothing_when_its_source_throws_or_it_is_cancelled, kOnce) {
    // aiomysql: test_load_local.test_error_on_file_read
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await connect_for_loading();
    const auto breaking = []() -> AsyncGenerator<std::string> {
        co_yield std::string("1,one\n");
        throw std::runtime_error("mine");
    };
    co_await expect_throws<std::runtime_error>(connection.load_data(kLoad, breaking()));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*) FROM t"), 0);
    const auto hanging = []() -> AsyncGenerator<std::string> {
        co_yield std::string("1,one\n");
        co_await sleep(1h);
    };
    co_await expect_throws<TimeoutError>(wait_for(connection.load_data(kLoad, hanging()), 50ms));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*) FROM t"), 0);
    EXPECT_FALSE(connection.is_closed());
    co_await connection.close();
}

ASYNC_TEST(MysqlLoadData, is_off_unless_asked_for, kOnce) {
    // aiomysql: test_load_local.test_load_local_disabled
    SKIP_WITHOUT_MARIADB();
    const auto plain = co_await mysql::connect(mariadb().dsn());
    co_await plain.execute("CREATE TEMPORARY TABLE t(a INT, b VARCHAR(20))");
    co_await expect_throws<db::InterfaceError>(plain.load_data(kLoad, std::string("1,one\n")));
    co_await expect_throws<db::DatabaseError>(plain.execute(db::runtime(kLoad)));  // the server refuses
    EXPECT_EQ(co_await plain.fetchval<int>("SELECT count(*) FROM t"), 0);
    co_await plain.close();
    // A statement that nobody gives a file to sends none.
    const auto connection = co_await connect_for_loading();
    co_await expect_throws<db::InterfaceError>(connection.execute(db::runtime(kLoad)));
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*) FROM t"), 0);
    co_await connection.close();
}

}  // namespace
}  // namespace aio::test
