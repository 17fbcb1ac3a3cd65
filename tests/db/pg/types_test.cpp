// C++ values through a server and back: each is sent as a parameter of the type, compared there with what the server reads from
// its text form, and read again. tests/db/pg/codec has the bytes.
#include "db/pg/with_server.hpp"

#include <array>
#include <cmath>
#include <limits>

namespace aio::test {
namespace {

using namespace std::chrono;

// Whether `value`, as a parameter of `type`, is what the server makes of `literal`, and comes back as itself.
template <class T>
Coro<bool> survives(pg::Connection connection, std::string type, std::string literal, T value) {
    std::string sql = "SELECT $1::" + type + ", $1::" + type + "::text = ($${}$$::" + type + ")::text";
    sql.replace(sql.find("{}"), 2, literal);
    const auto row = co_await connection.fetchrow(db::runtime(sql), value);
    const bool same_there = row->template get<bool>(1);
    const bool same_here = row->template get<T>(0) == value;
    if (!same_there || !same_here) {
        ADD_FAILURE() << type << " " << literal << (same_there ? "" : ": the server read another value")
                      << (same_here ? "" : ": another value came back");
    }
    co_return same_there&& same_here;
}

ASYNC_TEST(PgTypes, numbers, kOnce) {  // asyncpg: test_codecs.test_standard_codecs, test_codecs.test_numeric
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await survives(c, "bool", "true", true);
    co_await survives(c, "int2", "-32768", std::numeric_limits<std::int16_t>::min());
    co_await survives(c, "int4", "2147483647", std::numeric_limits<std::int32_t>::max());
    co_await survives(c, "int8", "-9223372036854775808", std::numeric_limits<std::int64_t>::min());
    co_await survives(c, "int8", "7", 7);
    co_await survives(c, "oid", "4294967295", std::uint32_t(4294967295));
    co_await survives(c, "float4", "1.5", 1.5F);
    co_await survives(c, "float8", "-2.5e300", -2.5e300);
    co_await survives(c, "float8", "Infinity", std::numeric_limits<double>::infinity());
    co_await survives(c, "numeric", "-12345678901234567890.00100", pg::Numeric("-12345678901234567890.00100"));
    co_await survives(c, "numeric", "NaN", pg::Numeric("NaN"));
    co_await survives(c, "money", "12.34", pg::Money{1234});
    EXPECT_TRUE(std::isnan(co_await c.fetchval<double>("SELECT 'NaN'::float8")));
    co_await c.close();
}

ASYNC_TEST(PgTypes, texts_and_bytes, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await survives(c, "text", "Grüße, 世界 🐘", std::string("Grüße, 世界 🐘"));
    co_await survives(c, "text", "", std::string());
    co_await survives(c, "varchar(3)", "abc", std::string("abc"));
    co_await survives(c, "name", "abc", std::string("abc"));
    co_await survives(c, "bytea", "\\x00ff10", pg::Bytes(std::string("\0\xff\x10", 3)));
    co_await survives(c, "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                      pg::Uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
    co_await survives(c, "bit varying", "10110", pg::BitString("10110"));  // asyncpg: test_codecs.test_bitstring
    co_await survives(c, "inet", "10.1.2.3/8", pg::Inet("10.1.2.3/8"));
    co_await survives(c, "cidr", "2001:db8::/32", pg::Inet("2001:db8::/32"));
    co_await survives(c, "macaddr", "08:00:2b:01:02:03", pg::MacAddress("08:00:2b:01:02:03"));
    co_await survives(c, "pg_lsn", "16/B374D848", pg::Lsn("16/B374D848"));
    co_await survives(c, "jsonb", "{\"a\": [1, null]}", std::string("{\"a\": [1, null]}"));
    EXPECT_EQ(co_await c.fetchval<std::string>("SELECT 'x'::\"char\"::text"), "x");
    co_await c.close();
}

ASYNC_TEST(PgTypes, times, kOnce) {  // asyncpg: test_codecs.test_interval, test_codecs.test_timetz_encoding
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn("options='-c TimeZone=Asia/Tokyo'"));
    using Time = sys_time<microseconds>;
    co_await survives(c, "date", "1984-03-01", year_month_day(1984y / 3 / 1));
    co_await survives(c, "date", "0044-03-15 BC", year_month_day(year(-43) / 3 / 15));
    co_await survives(c, "timestamptz", "2000-01-01 12:00:00.000001+00", Time(sys_days(2000y / 1 / 1) + 12h + 1us));
    co_await survives(c, "timestamptz", "1969-12-31 23:59:59+00", Time(sys_days(1970y / 1 / 1) - 1s));
    co_await survives(c, "interval", "1 mon -2 days 03:00:00", pg::Interval{1, -2, 3h});
    co_await survives(c, "timetz", "12:34:56.5+02", pg::TimeTz{12h + 34min + 56s + 500ms, 2h});
    EXPECT_EQ(co_await c.fetchval<microseconds>("SELECT interval '1 day 1 second'"), 24h + 1s);
    co_await c.close();
}

ASYNC_TEST(PgTypes, shapes, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await survives(c, "point", "(1.5,-2)", pg::Point{1.5, -2});
    co_await survives(c, "box", "(3,4),(1,2)", pg::Box{{3, 4}, {1, 2}});
    co_await survives(c, "lseg", "[(1,2),(3,4)]", pg::LineSegment{{1, 2}, {3, 4}});
    co_await survives(c, "circle", "<(1,2),3>", pg::Circle{{1, 2}, 3});
    co_await survives(c, "line", "{1,2,3}", pg::Line{1, 2, 3});
    co_await c.close();
}

ASYNC_TEST(PgTypes, arrays_and_ranges, kOnce) {
    // asyncpg: test_codecs.test_arrays, test_codecs.test_range_types, test_codecs.test_multirange_types
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await survives(c, "int[]", "{1,2,3}", list(1, 2, 3));
    co_await survives(c, "int[]", "{}", std::vector<int>());
    co_await survives(c, "text[]", R"({a,"b \"c\"",NULL})",
                      list<std::optional<std::string>>("a", "b \"c\"", std::nullopt));
    co_await survives(c, "int[]", "{{1,2},{3,4}}", list(list(1, 2), list(3, 4)));
    co_await survives(c, "int4range", "[1,5)", pg::Range<int>(1, 5));
    co_await survives(c, "int4range", "empty", pg::Range<int>::nothing());
    co_await survives(c, "int4multirange", "{[1,3),[5,)}",
                      list(pg::Range<int>(1, 3), pg::Range<int>(5, std::nullopt)));
    co_await c.close();
}

ASYNC_TEST(PgTypes, null_in_every_place, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    EXPECT_EQ(co_await c.fetchval<std::optional<int>>("SELECT $1::int", std::optional<int>()), std::nullopt);
    EXPECT_EQ(co_await c.fetchval<bool>("SELECT $1::text IS NULL", std::optional<std::string>()), true);
    EXPECT_EQ(co_await c.fetchval<std::optional<std::string>>("SELECT $1::text", std::optional<std::string>("x")),
              "x");
    const auto row = co_await c.fetchrow("SELECT NULL::int AS n, 5 AS five, NULL::text");
    EXPECT_THAT(expect_error<db::NullValueError>([&] { row->get<int>("n"); }), testing::HasSubstr("n"));
    EXPECT_EQ(row->get<int>(1), 5);
    EXPECT_EQ(row->get<std::optional<std::string>>(2), std::nullopt);
    co_await c.close();
}

ASYNC_TEST(PgTypes, a_wrong_type_is_an_error, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await expect_throws<db::TypeMismatchError>(c.fetchval<int>("SELECT 'abc'::text"));
    co_await expect_throws<db::OutOfRangeError>(c.fetchval<std::int16_t>("SELECT 70000"));
    co_await expect_throws<db::TypeMismatchError>(c.fetchval<std::vector<int>>("SELECT 1"));
    EXPECT_EQ(co_await c.fetchval<int>("SELECT 1"), 1);
    co_await c.close();
}

ASYNC_TEST(PgTypes, enums_and_domains_of_the_database_are_text, kOnce) {
    // asyncpg: test_codecs.test_enum, test_codecs.test_unknown_type_text_fallback
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await pg::connect(postgres().dsn());
    co_await c.execute("DROP TYPE IF EXISTS mood; CREATE TYPE mood AS ENUM('sad', 'ok')");
    take_logs();
    EXPECT_EQ(co_await c.fetchval<std::string>("SELECT 'ok'::mood"), "ok");
    EXPECT_EQ(co_await c.fetchval<std::string>("SELECT $1::mood", "sad"), "sad");
    co_await expect_throws<db::DataError>(c.fetchval<std::string>("SELECT $1::mood", "angry"));
    co_await c.execute("DROP TYPE mood");
    co_await c.close();
}

}  // namespace
}  // namespace aio::test
