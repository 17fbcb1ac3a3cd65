// Values of each type, both ways, and what does not fit.
#include "db/sqlite/with_database.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace {
enum class Mood { sad, ok };
}
AIO_DB_ENUM(Mood, sad, ok)

namespace aio::test {
namespace {

using namespace std::chrono;

// Through the database and back.
template <class T>
Coro<T> round_trip(sqlite::Connection db, T value) {
    co_return co_await db.fetchval<T>("SELECT ?", value);
}

template <class T>
Coro<> expect_same(sqlite::Connection db, T value) {
    const T back = co_await round_trip(db, value);
    EXPECT_EQ(back, value);
}

ASYNC_TEST(SqliteValues, numbers_at_their_ends, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await expect_same(db, std::numeric_limits<std::int64_t>::min());
    co_await expect_same(db, std::numeric_limits<std::int64_t>::max());
    co_await expect_same(db, std::numeric_limits<std::int8_t>::min());
    co_await expect_same(db, std::numeric_limits<std::uint32_t>::max());
    co_await expect_same(db, static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
    co_await expect_same(db, true);
    co_await expect_same(db, 0.1);
    co_await expect_same(db, 0.1f);
    co_await expect_same(db, -std::numeric_limits<double>::infinity());
    co_await expect_same(db, std::numeric_limits<double>::denorm_min());
    co_await expect_throws<db::OutOfRangeError>(round_trip(db, std::numeric_limits<std::uint64_t>::max()));
    EXPECT_THAT(co_await expect_throws<db::OutOfRangeError>(round_trip(db, std::nan(""))),
                testing::AllOf(testing::HasSubstr("?1"), testing::HasSubstr("NaN")));
    EXPECT_EQ(co_await db.fetchval<int>("SELECT 3.0"), 3);
    EXPECT_EQ(co_await db.fetchval<double>("SELECT 9007199254740992"), 9007199254740992.0);
    co_await expect_throws<db::OutOfRangeError>(db.fetchval<int>("SELECT 1.5"));
    co_await expect_throws<db::OutOfRangeError>(db.fetchval<std::int64_t>("SELECT 9223372036854775808.0"));
    co_await expect_throws<db::OutOfRangeError>(db.fetchval<std::int8_t>("SELECT 128"));
    co_await expect_throws<db::OutOfRangeError>(db.fetchval<unsigned>("SELECT -1"));
    co_await expect_throws<db::OutOfRangeError>(db.fetchval<bool>("SELECT 2"));
    co_await expect_throws<db::OutOfRangeError>(db.fetchval<double>("SELECT 9007199254740993"));
    co_await expect_throws<db::OutOfRangeError>(db.fetchval<double>("SELECT 9223372036854775807"));
    co_await db.close();
}

ASYNC_TEST(SqliteValues, text_and_bytes, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await expect_same(db, std::string());
    co_await expect_same(db, std::string("Grüße, 世界 🎉"));
    co_await expect_same(db, std::string("a\0b", 3));
    co_await expect_same(db, std::string(3'000'000, 'x'));
    EXPECT_EQ(co_await db.fetchval<int>("SELECT length(CAST(? AS BLOB))", std::string("a\0b", 3)), 3);
    const std::vector<std::byte> bytes = {std::byte(0), std::byte(255), std::byte(0)};
    co_await expect_same(db, bytes);
    co_await expect_same(db, std::vector<std::byte>());
    EXPECT_EQ(co_await db.fetchval<std::string>("SELECT typeof(?)", std::vector<std::byte>()), "blob");
    EXPECT_EQ(co_await db.fetchval<std::string>("SELECT hex(?)", std::span<const std::byte>(bytes)), "00FF00");
    const auto rows = co_await db.fetch("SELECT 'text', x'0102'");
    EXPECT_EQ(rows[0].get<std::string_view>(0), "text");
    EXPECT_EQ(rows[0].get<std::span<const std::byte>>(1).size(), 2u);
    co_await expect_same(db, Mood::ok);
    co_await expect_throws<db::OutOfRangeError>(db.fetchval<Mood>("SELECT 'glad'"));
    const nlohmann::json json = {{"a", {1, 2, nullptr}}};
    co_await expect_same(db, json);
    EXPECT_EQ(co_await db.fetchval<int>("SELECT json_extract(?, '$.a[1]')", json), 2);
    co_await expect_throws<db::MalformedValueError>(db.fetchval<nlohmann::json>("SELECT '{'"));
    co_await expect_throws<db::MalformedValueError>(
        db.fetchval<nlohmann::json>("SELECT ?", std::string(100'000, '[')));
    co_await db.close();
}

ASYNC_TEST(SqliteValues, null_and_wrong_types_name_the_column, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    co_await expect_same(db, std::optional<int>());
    co_await expect_same(db, std::optional<int>(3));
    EXPECT_EQ(co_await db.fetchval<std::optional<int>>("SELECT ?", nullptr), std::nullopt);
    EXPECT_EQ(co_await db.fetchval<std::optional<int>>("SELECT ?", std::nullopt), std::nullopt);
    const char* const no_text = nullptr;
    EXPECT_EQ(co_await db.fetchval<std::optional<int>>("SELECT ?", no_text), std::nullopt);
    const auto rows = co_await db.fetch("SELECT NULL AS born, 'x' AS age, x'00' AS data, 1 AS one, 1.5 AS real");
    EXPECT_EQ(expect_error<db::NullValueError>([&] { rows[0].get<int>("born"); }),
              "column \"born\" is NULL, which int cannot hold; read it as std::optional<int>");
    EXPECT_EQ(expect_error<db::TypeMismatchError>([&] { rows[0].get<int>("age"); }),
              "column \"age\" is TEXT, which cannot be read as int; read it as std::string");
    expect_error<db::TypeMismatchError>([&] { rows[0].get<std::optional<double>>("age"); });
    expect_error<db::TypeMismatchError>([&] { rows[0].get<std::string>("data"); });
    expect_error<db::TypeMismatchError>([&] { rows[0].get<std::string>("one"); });
    expect_error<db::TypeMismatchError>([&] { rows[0].get<bool>("real"); });
    expect_error<db::TypeMismatchError>([&] { rows[0].get<std::vector<std::byte>>("age"); });
    EXPECT_EQ(rows[0].value("born").type(), sqlite::Type::null);
    EXPECT_EQ(rows[0].value("data").bytes().size(), 1u);
    EXPECT_EQ(rows[0].value("one").integer(), 1);
    EXPECT_EQ(rows[0].value("one").bytes(), "");
    co_await db.close();
}

ASYNC_TEST(SqliteValues, times_are_iso_text, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    const sys_days day = 2024y / 2 / 29;
    co_await expect_same(db, day);
    co_await expect_same(db, year_month_day(day));
    co_await expect_same(db, sys_days(0y / 1 / 1));
    co_await expect_same(db, sys_days(9999y / 12 / 31));
    co_await expect_same(db, sys_time<milliseconds>(day + 3h + 250ms));
    co_await expect_same(db, sys_time<nanoseconds>(sys_days(1969y / 12 / 31) + 1ns));
    co_await expect_same(db, sys_seconds(sys_days(0y / 1 / 1)));
    co_await expect_same(db, local_time<microseconds>(local_days(2024y / 2 / 29) + 23h + 59min + 59s + 999'999us));
    const auto text = [&](auto value) { return db.fetchval<std::string>("SELECT ?", value); };
    EXPECT_EQ(co_await text(day), "2024-02-29");
    EXPECT_EQ(co_await text(sys_time<milliseconds>(day + 3h + 250ms)), "2024-02-29 03:00:00.250");
    EXPECT_EQ(co_await text(sys_seconds(day)), "2024-02-29 00:00:00");
    EXPECT_EQ(co_await text(sys_time<microseconds>(sys_days(1969y / 12 / 31) + 1us)), "1969-12-31 00:00:00.000001");
    EXPECT_EQ(co_await text(hh_mm_ss(3h + 5min)), "03:05:00");
    EXPECT_EQ((co_await db.fetchval<hh_mm_ss<seconds>>("SELECT time('now', '13:04:05')")).to_duration() >= 0s, true);
    EXPECT_EQ(co_await db.fetchval<sys_seconds>("SELECT datetime('2024-02-29', '+1 day')"), day + days(1));
    EXPECT_EQ(co_await db.fetchval<sys_seconds>("SELECT '2024-02-29T02:00:00+02:00'"), day);
    EXPECT_EQ(co_await db.fetchval<sys_seconds>("SELECT '2024-02-29 00:00:00.000Z'"), day);
    EXPECT_EQ(co_await db.fetchval<sys_seconds>("SELECT '2024-02-29'"), day);
    EXPECT_EQ(co_await db.fetchval<std::string>("SELECT date(?, '+1 day')", day), "2024-03-01");
    co_await expect_throws<db::OutOfRangeError>(db.fetchval<sys_seconds>("SELECT '2024-02-29 00:00:00.5'"));
    co_await expect_throws<db::OutOfRangeError>(text(sys_days(10000y / 1 / 1)));
    co_await expect_throws<db::OutOfRangeError>(text(sys_days::max()));
    co_await expect_throws<db::OutOfRangeError>(text(sys_seconds::min()));
    co_await expect_throws<db::OutOfRangeError>(text(2023y / 2 / 29));
    co_await expect_throws<db::OutOfRangeError>(text(hh_mm_ss(25h)));
    for (const char* const wrong :
         {"", "2024-02-30", "2024-2-9", "2024-02-29 ", "2024-02-29 25:00", "2024-02-29 00:00:00.",
          "2024-02-29 00:00:00 x", "2024-02-29 00:60", "24-02-29", "2024-02-29 00:00+2"}) {
        co_await expect_throws<db::MalformedValueError>(db.fetchval<sys_seconds>("SELECT ?", wrong));
    }
    co_await expect_throws<db::MalformedValueError>(
        db.fetchval<local_time<seconds>>("SELECT '2024-02-29 00:00:00Z'"));
    co_await expect_throws<db::MalformedValueError>(db.fetchval<sys_days>("SELECT '2024-02-29 00:00'"));
    co_await expect_throws<db::TypeMismatchError>(db.fetchval<sys_days>("SELECT 0"));
    co_await expect_throws<db::OutOfRangeError>(db.fetchval<sys_time<nanoseconds>>("SELECT '9999-01-01'"));
    co_await db.close();
}

struct Celsius {
    double degrees;
};

}  // namespace
}  // namespace aio::test

template <>
struct aio::sqlite::Codec<aio::test::Celsius> {
    static aio::test::Celsius decode(const Value& value) { return {value.get<double>()}; }
    static void encode(Encoder& encoder, const aio::test::Celsius& celsius) { encoder.encode(celsius.degrees); }
};

namespace aio::test {
namespace {

ASYNC_TEST(SqliteValues, types_of_the_programs_own, kOnce) {
    const auto db = co_await sqlite::connect(":memory:");
    EXPECT_EQ((co_await round_trip(db, Celsius{36.6})).degrees, 36.6);
    EXPECT_EQ((co_await round_trip(db, std::optional<Celsius>())).has_value(), false);
    co_await db.close();
}

}  // namespace
}  // namespace aio::test
