// Types with their boundary values, by the real server, in both protocols: what is stored comes back, and as the server's own text.
#include "db/mysql/with_server.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace aio::test {

enum class Mood { sad, happy };

}  // namespace aio::test

AIO_DB_ENUM(aio::test::Mood, sad, happy)

namespace aio::test {
namespace {

using namespace std::chrono;

// The first row of a table, by either protocol.
Coro<std::optional<mysql::Row>> first_of(mysql::Connection connection, std::string table, bool binary) {
    const std::string sql = "SELECT * FROM " + table + (binary ? " WHERE ?" : "");
    if (binary) co_return co_await connection.fetchrow(db::runtime(sql), 1);
    co_return co_await connection.fetchrow(db::runtime(sql));
}

// Stores `value` in a column of `type`, and reads it by both protocols; `text`: what the server prints.
template <class T>
Coro<> round_trip(mysql::Connection connection, std::string type, T value, std::string text) {
    co_await connection.execute(db::runtime("CREATE OR REPLACE TEMPORARY TABLE v(a " + type + " NULL)"));
    co_await connection.execute("INSERT INTO v VALUES(?)", value);
    const std::optional<mysql::Row> binary = co_await connection.fetchrow("SELECT a FROM v WHERE ?", true);
    const std::optional<mysql::Row> plain = co_await connection.fetchrow("SELECT a FROM v");
    EXPECT_TRUE(binary->get<T>(0) == value) << type << " " << text << " (binary)";
    EXPECT_TRUE(plain->get<T>(0) == value) << type << " " << text << " (text)";
    const auto printed = co_await connection.fetchval<std::string>("SELECT CAST(a AS CHAR) FROM v");
    EXPECT_TRUE(text.empty() || printed == text) << type << ": " << printed;
    co_await connection.execute("UPDATE v SET a = ?", std::optional<T>());
    EXPECT_EQ(co_await connection.fetchval<std::optional<T>>("SELECT a FROM v WHERE ?", 1), std::nullopt) << type;
    EXPECT_EQ(co_await connection.fetchval<std::optional<T>>("SELECT a FROM v"), std::nullopt) << type;
    co_await expect_throws<db::NullValueError>(connection.fetchval<T>("SELECT a FROM v"));
}

ASYNC_TEST(MysqlTypes, integers, kOnce) {
    // aiomysql: test_basic.test_integer, test_basic.test_datatypes, test_basic.test_datatypes_nulls
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await round_trip<std::int8_t>(connection, "TINYINT", -128, "-128");
    co_await round_trip<std::uint8_t>(connection, "TINYINT UNSIGNED", 255, "255");
    co_await round_trip<std::int16_t>(connection, "SMALLINT", -32'768, "-32768");
    co_await round_trip<std::uint16_t>(connection, "SMALLINT UNSIGNED", 65'535, "65535");
    co_await round_trip<std::int32_t>(connection, "MEDIUMINT", -8'388'608, "-8388608");
    co_await round_trip<std::uint32_t>(connection, "MEDIUMINT UNSIGNED", 16'777'215, "16777215");
    co_await round_trip<std::int32_t>(connection, "INT", std::numeric_limits<std::int32_t>::min(), "-2147483648");
    co_await round_trip<std::uint32_t>(connection, "INT UNSIGNED", 4'294'967'295u, "4294967295");
    co_await round_trip<std::int64_t>(connection, "BIGINT", std::numeric_limits<std::int64_t>::min(),
                                      "-9223372036854775808");
    co_await round_trip<std::uint64_t>(connection, "BIGINT UNSIGNED", ~std::uint64_t{0}, "18446744073709551615");
    co_await round_trip<int>(connection, "YEAR", 2155, "2155");
    co_await round_trip<year>(connection, "YEAR", year(1901), "1901");
    co_await round_trip<bool>(connection, "BOOL", true, "1");
    co_await round_trip<std::uint64_t>(connection, "BIT(64)", ~std::uint64_t{0}, "");
    co_await round_trip<unsigned>(connection, "BIT(9)", 257, "");
    co_await round_trip<bool>(connection, "BIT(1)", true, "");
    const auto big = co_await connection.fetchrow("SELECT 18446744073709551615 AS a, ? AS b", std::int64_t{-1});
    expect_error<db::OutOfRangeError>([&] { big->get<std::int64_t>("a"); });
    expect_error<db::OutOfRangeError>([&] { big->get<std::uint64_t>("b"); });
    expect_error<db::OutOfRangeError>([&] { big->get<bool>("b"); });
    const std::string what = expect_error<db::TypeMismatchError>([&] { big->get<std::string>("b"); });
    EXPECT_THAT(what, testing::HasSubstr("column \"b\" (BIGINT) cannot be read as std::string"));
    co_await connection.close();
}

ASYNC_TEST(MysqlTypes, reals_and_decimals, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await round_trip<double>(connection, "DOUBLE", 0.1, "0.1");
    co_await round_trip<double>(connection, "DOUBLE", std::numeric_limits<double>::max(), "");
    co_await round_trip<double>(connection, "DOUBLE", std::numeric_limits<double>::min(), "");
    co_await round_trip<float>(connection, "FLOAT", 0.5f, "0.5");
    const std::string nines = std::string(35, '9') + "." + std::string(30, '9');
    co_await round_trip<std::string>(connection, "DECIMAL(65, 30)", nines, nines);
    co_await round_trip<std::string>(connection, "DECIMAL(10, 2)", "-0.05", "-0.05");
    co_await round_trip<mysql::Numeric>(connection, "DECIMAL(65, 30)", mysql::Numeric(nines), nines);
    co_await round_trip<mysql::Numeric>(connection, "DECIMAL(10, 2)", mysql::Numeric("-0.05"), "-0.05");
    const auto row =
        co_await connection.fetchrow("SELECT CAST(? AS DECIMAL(10,2)) AS a, sum(seq) AS b FROM seq_1_to_3", "12.50");
    EXPECT_EQ(row->get<double>("a"), 12.5);
    EXPECT_EQ(row->get<int>("b"), 6);  // a DECIMAL
    expect_error<db::OutOfRangeError>([&] { row->get<int>("a"); });
    co_await expect_throws<db::OutOfRangeError>(connection.fetch("SELECT ?", std::nan("")));
    co_await expect_throws<db::TypeMismatchError>(connection.fetchval<float>("SELECT CAST(? AS DOUBLE)", 1.5));
    co_await connection.close();
}

ASYNC_TEST(MysqlTypes, dates_and_times, kOnce) {
    // aiomysql: test_basic.test_datetime_conversion, test_basic.test_timedelta_conversion
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn("init_command=SET%20time_zone='%2B00:00'"));
    co_await round_trip<year_month_day>(connection, "DATE", 2024y / 2 / 29, "2024-02-29");
    co_await round_trip<year_month_day>(connection, "DATE", 9999y / 12 / 31, "9999-12-31");
    co_await round_trip<sys_days>(connection, "DATE", 1000y / 1 / 1, "1000-01-01");
    using Local = local_time<microseconds>;
    co_await round_trip<Local>(connection, "DATETIME(6)", Local(local_days(1000y / 1 / 1)),
                               "1000-01-01 00:00:00.000000");
    co_await round_trip<Local>(connection, "DATETIME(6)",
                               Local(local_days(9999y / 12 / 31)) + 23h + 59min + 59s + 999'999us,
                               "9999-12-31 23:59:59.999999");
    co_await round_trip<local_seconds>(connection, "DATETIME", local_days(2024y / 2 / 29) + 12h + 1s,
                                       "2024-02-29 12:00:01");
    co_await round_trip<sys_time<microseconds>>(connection, "TIMESTAMP(6)", sys_days(2024y / 2 / 29) + 1us,
                                                "2024-02-29 00:00:00.000001");
    co_await round_trip<microseconds>(connection, "TIME(6)", 838h + 59min + 59s + 999'999us, "838:59:59.999999");
    co_await round_trip<microseconds>(connection, "TIME(6)", -838h - 59min - 59s - 999'999us, "-838:59:59.999999");
    co_await round_trip<seconds>(connection, "TIME", -1s, "-00:00:01");
    co_await round_trip<seconds>(connection, "TIME", 25h, "25:00:00");
    co_await round_trip<seconds>(connection, "TIME", 0s, "00:00:00");
    const auto row = co_await connection.fetchrow(
        "SELECT TIMESTAMP'2024-02-29 01:02:03.5' AS a, TIME'25:00:01.25' AS b, ? AS c", sys_days(2024y / 1 / 1));
    EXPECT_EQ(row->get<std::string>("a"), "2024-02-29 01:02:03.500000");
    EXPECT_EQ(row->get<std::string>("b"), "25:00:01.250000");
    EXPECT_EQ(row->get<std::string>("c"), "2024-01-01");
    expect_error<db::OutOfRangeError>([&] { row->get<local_seconds>("a"); });  // never rounded
    co_await expect_throws<db::OutOfRangeError>(connection.fetch("SELECT ?", hours(839)));
    co_await expect_throws<db::OutOfRangeError>(connection.fetch("SELECT ?", year_month_day(2023y / 2 / 29)));
    co_await expect_throws<db::OutOfRangeError>(connection.fetch("SELECT ?", sys_days(10000y / 1 / 1)));
    co_await expect_throws<db::OutOfRangeError>(connection.fetch("SELECT ?", local_time<hours>::max()));
    co_await connection.close();
}

ASYNC_TEST(MysqlTypes, zero_dates_are_errors_or_a_datetime, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn("init_command=SET%20sql_mode=''"));
    const mysql::DateTime zero;
    co_await round_trip<mysql::DateTime>(connection, "DATE", zero, "0000-00-00");
    co_await round_trip<mysql::DateTime>(connection, "DATETIME(3)", zero, "0000-00-00 00:00:00.000");
    mysql::DateTime partial;
    partial.year = 2024;
    partial.month = 2;
    co_await round_trip<mysql::DateTime>(connection, "DATE", partial, "2024-02-00");
    co_await connection.execute("CREATE OR REPLACE TEMPORARY TABLE z(a DATE, b DATETIME)");
    co_await connection.execute("INSERT INTO z VALUES('0000-00-00', '0000-00-00')");
    for (const bool binary : {false, true}) {
        const auto row = co_await first_of(connection, "z", binary);
        expect_error<db::OutOfRangeError>([&] { row->get<year_month_day>(0); });
        expect_error<db::OutOfRangeError>([&] { row->get<std::optional<year_month_day>>(0); });
        expect_error<db::OutOfRangeError>([&] { row->get<local_seconds>(1); });
        EXPECT_TRUE(row->get<mysql::DateTime>(1).is_zero());
        EXPECT_EQ(row->get<std::string>(0), "0000-00-00");
        EXPECT_EQ(row->get<std::string>(1), "0000-00-00 00:00:00");
    }
    co_await connection.close();
}

ASYNC_TEST(MysqlTypes, text_bytes_json_and_enums, kOnce) {
    // aiomysql: test_basic.test_string, test_basic.test_string_with_emoji, test_basic.test_binary_data, test_basic.test_json
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    const std::string emoji = "gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80 'quoted' \\ \"";
    for (const char* type : {"VARCHAR(100)", "TEXT", "CHAR(100)", "LONGTEXT", "TINYTEXT"}) {
        co_await round_trip<std::string>(connection, type, emoji, emoji);
        co_await round_trip<std::string>(connection, type, "", "");
    }
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    for (const char* type : {"VARBINARY(300)", "BLOB", "LONGBLOB"}) {
        co_await round_trip<mysql::Bytes>(connection, type, mysql::Bytes(all), "");
    }
    co_await round_trip<mysql::Bytes>(connection, "BINARY(4)", mysql::Bytes(std::string("a\0b\0", 4)), "");
    co_await round_trip<std::string>(connection, "ENUM('sad', 'happy')", "happy", "happy");
    co_await round_trip<Mood>(connection, "ENUM('sad', 'happy')", Mood::sad, "sad");
    co_await round_trip<std::string>(connection, "SET('a', 'b', 'c')", "a,c", "a,c");
    const nlohmann::json json = {{"a", {1, 2.5, nullptr}}, {"b", "x"}};
    co_await connection.execute("CREATE OR REPLACE TEMPORARY TABLE j(a JSON)");
    co_await connection.execute("INSERT INTO j VALUES(?)", json);
    EXPECT_EQ(co_await connection.fetchval<nlohmann::json>("SELECT a FROM j"), json);
    EXPECT_EQ(co_await connection.fetchval<nlohmann::json>("SELECT a FROM j WHERE ?", 1), json);
    co_await expect_throws<db::MalformedValueError>(connection.fetchval<nlohmann::json>("SELECT '{'"));
    const auto point = co_await connection.fetchval<mysql::Bytes>("SELECT POINT(1, ?)", 2);
    EXPECT_EQ(point.data.size(), 25u);  // a number of a reference system, and well-known binary
    const auto row = co_await connection.fetchrow("SELECT ?, x'00ff'", "view");
    EXPECT_EQ(row->get<std::string_view>(0), "view");
    EXPECT_EQ(row->get<std::span<const std::byte>>(1).size(), 2u);
    expect_error<db::TypeMismatchError>([&] { row->get<int>(0); });
    co_await connection.close();
}

struct User {
    int id;
    std::string name;
    std::optional<year_month_day> born;
};

ASYNC_TEST(MysqlTypes, rows_become_structs, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    const auto row =
        co_await connection.fetchrow("SELECT 7, 'Bob', DATE'1984-03-01' UNION SELECT ?, 'Alice', NULL", 8);
    const auto user = db::from_row<User>(*row);
    EXPECT_EQ(user.id, 7);
    EXPECT_EQ(user.name, "Bob");
    EXPECT_EQ(user.born, 1984y / 3 / 1);
    co_await connection.close();
}

ASYNC_TEST(MysqlTypes, random_values_come_back, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const unsigned seed = std::random_device()();
    std::mt19937_64 random(seed);
    const auto connection = co_await mysql::connect(mariadb().dsn());
    co_await connection.execute(
        "CREATE TEMPORARY TABLE r(i BIGINT, u BIGINT UNSIGNED, d DOUBLE, s TEXT, b BLOB, t TIME(6), dt DATETIME(6))");
    for (int round = 0; round < 100; ++round) {
        const auto i = static_cast<std::int64_t>(random());
        const std::uint64_t u = random();
        const double d = std::ldexp(static_cast<double>(static_cast<std::int64_t>(random())),
                                    static_cast<int>(random() % 200) - 100);
        std::string s, b;
        for (std::uint64_t n = random() % 400; n > 0; --n) s += static_cast<char>(' ' + random() % 95);
        for (std::uint64_t n = random() % 400; n > 0; --n) b += static_cast<char>(random());
        const microseconds t(static_cast<std::int64_t>(random() % 6'040'798'000'000) - 3'020'399'000'000);
        const local_time<microseconds> dt(
            microseconds(static_cast<std::int64_t>(random() % 200'000'000'000'000'000)));
        co_await connection.execute("DELETE FROM r");
        co_await connection.execute("INSERT INTO r VALUES(?, ?, ?, ?, ?, ?, ?)", i, u, d, s, mysql::Bytes(b), t, dt);
        for (const bool binary : {false, true}) {
            const auto row = co_await first_of(connection, "r", binary);
            const bool same = row->get<std::int64_t>(0) == i && row->get<std::uint64_t>(1) == u &&
                              row->get<std::string>(3) == s && row->get<mysql::Bytes>(4).data == b &&
                              row->get<microseconds>(5) == t && row->get<local_time<microseconds>>(6) == dt &&
                              (!binary || row->get<double>(2) == d);  // the text of a DOUBLE is rounded
            EXPECT_TRUE(same) << "seed " << seed << ", round " << round << ", binary " << binary;
        }
    }
    co_await connection.close();
}

}  // namespace
}  // namespace aio::test
