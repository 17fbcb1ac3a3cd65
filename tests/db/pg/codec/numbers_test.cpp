// Source of the bytes: PostgreSQL 17, src/backend/utils/adt: int.c, int8.c, float.c, oid.c, xid.c, cash.c, bool.c.
#include "db/pg/codec/wire_values.hpp"

#include <cmath>
#include <limits>
#include <random>

namespace aio::pg {
namespace {

TEST(Bool, is_one_byte) {
    expect_bytes(16, true, "01");
    expect_bytes(16, false, "00");
    EXPECT_TRUE(from_text<bool>("t", 16));
    EXPECT_FALSE(from_text<bool>("f", 16));
    EXPECT_THROW(from_text<bool>("true", 16), db::MalformedValueError);
}

TEST(Bool, is_no_integer) {
    EXPECT_THROW(encoded(23, true), db::TypeMismatchError);
    EXPECT_THROW(encoded(16, 1), db::TypeMismatchError);
    EXPECT_THROW(decoded<int>(hex("01"), 16), db::TypeMismatchError);
}

// Extremes: pg::Codec::encode(value)
TEST(Integers, are_big_endian) {
    expect_bytes(21, std::int16_t{-2}, "fffe");
    expect_bytes(21, std::int16_t{32767}, "7fff");
    expect_bytes(21, std::int16_t{-32768}, "8000");
    expect_bytes(23, 1, "00000001");
    expect_bytes(23, std::numeric_limits<int>::max(), "7fffffff");
    expect_bytes(23, std::numeric_limits<int>::min(), "80000000");
    expect_bytes(20, std::int64_t{1} << 40, "0000010000000000");
    expect_bytes(20, std::numeric_limits<std::int64_t>::min(), "8000000000000000");
    expect_bytes(26, std::numeric_limits<std::uint32_t>::max(), "ffffffff");
    for (const Oid oid : {24, 26, 28, 29, 2202, 2205, 2206, 3734, 4089, 4096, 4191}) {
        expect_bytes(oid, std::uint32_t{16384}, "00004000");
    }
    expect_bytes(5069, std::numeric_limits<std::uint64_t>::max(), "ffffffffffffffff");
}

TEST(Integers, of_other_sizes_fit_if_their_value_does) {
    EXPECT_EQ(to_hex(encoded(21, 7L)), "0007");
    EXPECT_EQ(to_hex(encoded(20, std::uint8_t{255})), "00000000000000ff");
    EXPECT_EQ(to_hex(encoded(23, std::int8_t{-1})), "ffffffff");
    EXPECT_EQ(decoded<std::uint8_t>(hex("00ff"), 21), 255);
    EXPECT_EQ(decoded<std::int8_t>(hex("ffffff80"), 23), -128);
    EXPECT_EQ(decoded<int>(hex("ffffffffffffffff"), 20), -1);
    EXPECT_EQ(decoded<unsigned long long>(hex("7fffffffffffffff"), 20), 0x7fffffffffffffffULL);
}

TEST(Integers, are_never_truncated_when_passed) {
    EXPECT_THROW(encoded(21, 32768), db::OutOfRangeError);
    EXPECT_THROW(encoded(21, -32769), db::OutOfRangeError);
    EXPECT_THROW(encoded(23, std::int64_t{1} << 31), db::OutOfRangeError);
    EXPECT_THROW(encoded(23, std::numeric_limits<unsigned>::max()), db::OutOfRangeError);
    EXPECT_THROW(encoded(20, std::numeric_limits<std::uint64_t>::max()), db::OutOfRangeError);
    EXPECT_THROW(encoded(26, -1), db::OutOfRangeError);
    EXPECT_THROW(encoded(5069, -1), db::OutOfRangeError);
    EXPECT_EQ(message_of<db::OutOfRangeError>([] { encoded(21, 70000); }),
              "$1 has the type int2, which cannot hold 70000");
}

TEST(Integers, are_never_truncated_when_read) {
    EXPECT_THROW(decoded<std::int8_t>(hex("0080"), 21), db::OutOfRangeError);
    EXPECT_THROW(decoded<unsigned>(hex("ffffffff"), 23), db::OutOfRangeError);
    EXPECT_THROW(decoded<int>(hex("ffffffff"), 26), db::OutOfRangeError);
    EXPECT_THROW(decoded<std::int64_t>(hex("8000000000000000"), 5069), db::OutOfRangeError);
    EXPECT_EQ(message_of<db::OutOfRangeError>([] { decoded<int>(hex("000000012a05f200"), 20); }),
              "column \"born\" (int8) is 5000000000, which does not fit into int");
}

TEST(Integers, come_as_text_too) {
    EXPECT_EQ(from_text<int>("-12", 23), -12);
    EXPECT_EQ(from_text<std::uint64_t>("18446744073709551615", 5069), std::numeric_limits<std::uint64_t>::max());
    EXPECT_THROW(from_text<int>("12x", 23), db::MalformedValueError);
    EXPECT_THROW(from_text<int>("", 23), db::MalformedValueError);
    EXPECT_THROW(from_text<std::int8_t>("128", 23), db::OutOfRangeError);
    EXPECT_THROW(from_text<std::int64_t>("99999999999999999999", 20), db::OutOfRangeError);
}

TEST(Floats, keep_their_bits) {
    expect_bytes(700, 1.5F, "3fc00000");
    expect_bytes(701, 1.5, "3ff8000000000000");
    expect_bytes(701, -0.0, "8000000000000000");
    expect_bytes(701, -std::numeric_limits<double>::infinity(), "fff0000000000000");
    expect_bytes(701, std::numeric_limits<double>::denorm_min(), "0000000000000001");
    EXPECT_TRUE(std::isnan(decoded<double>(hex("7ff8000000000000"), 701)));
    EXPECT_TRUE(std::isnan(decoded<double>(encoded(700, std::nanf("")), 700)));
    EXPECT_EQ(decoded<double>(hex("3fc00000"), 700), 1.5);
    EXPECT_EQ(from_text<double>("-1.5e300", 701), -1.5e300);
    EXPECT_EQ(from_text<double>("-Infinity", 701), -std::numeric_limits<double>::infinity());
    EXPECT_EQ(from_text<float>("0.1", 700), 0.1F);
}

TEST(Floats, read_as_float_would_lose_digits) {
    EXPECT_EQ(message_of<db::TypeMismatchError>([] { decoded<float>(hex("3ff8000000000000"), 701); }),
              "column \"born\" has the type float8, which cannot be read as float; read it as double");
}

TEST(Floats, passed_to_float4_are_rounded_but_not_to_infinity) {
    EXPECT_EQ(to_hex(encoded(700, 0.1)), "3dcccccd");
    EXPECT_EQ(to_hex(encoded(700, std::numeric_limits<double>::infinity())), "7f800000");
    EXPECT_THROW(encoded(700, 1e39), db::OutOfRangeError);
    EXPECT_EQ(to_hex(encoded(701, 1.5F)), "3ff8000000000000");
}

TEST(Floats, take_integers_that_they_hold_exactly) {
    EXPECT_EQ(to_hex(encoded(701, 3)), "4008000000000000");
    EXPECT_EQ(to_hex(encoded(701, std::int64_t{1} << 53)), "4340000000000000");
    EXPECT_THROW(encoded(701, (std::int64_t{1} << 53) + 1), db::OutOfRangeError);
    EXPECT_EQ(to_hex(encoded(700, -(1 << 24))), "cb800000");
    EXPECT_THROW(encoded(700, (1 << 24) + 1), db::OutOfRangeError);
    EXPECT_EQ(decoded<double>(hex("fffffffe"), 23), -2.0);
    EXPECT_EQ(decoded<double>(hex("0020000000000000"), 20), 9007199254740992.0);
    EXPECT_THROW(decoded<double>(hex("0020000000000001"), 20), db::OutOfRangeError);
    EXPECT_THROW(decoded<int>(hex("3ff8000000000000"), 701), db::TypeMismatchError);
}

// Extremes: pg::Money::units
TEST(MoneyCodec, is_an_amount_of_the_smallest_unit) {
    expect_bytes(790, Money{1234}, "00000000000004d2");
    expect_bytes(790, Money{std::numeric_limits<std::int64_t>::min()}, "8000000000000000");
    expect_bytes(790, Money{std::numeric_limits<std::int64_t>::max()}, "7fffffffffffffff");
    EXPECT_THROW(encoded(790, 1234), db::TypeMismatchError);
}

TEST(Numbers, survive_a_round_trip) {
    std::mt19937_64 random(20261130);
    for (int i = 0; i < 1000; ++i) {
        const auto integer = static_cast<std::int64_t>(random() >> random() % 64);
        EXPECT_EQ(decoded<std::int64_t>(encoded(20, integer), 20), integer);
        EXPECT_EQ(decoded<std::int64_t>(encoded(1700, integer), 1700), integer);
        EXPECT_EQ(decoded<std::int64_t>(encoded(1700, -integer), 1700), -integer);
        const double number = std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 200) - 100);
        EXPECT_EQ(decoded<double>(encoded(701, number), 701), number);
        EXPECT_EQ(decoded<double>(encoded(1700, number), 1700), number) << number;
    }
}

TEST(Null, is_an_error_of_a_type_that_cannot_hold_it) {
    EXPECT_EQ(message_of<db::NullValueError>([] { null_of(23).get<int>(); }),
              "column \"born\" (int4) is NULL, which int cannot hold; read it as std::optional<int>");
    EXPECT_EQ(null_of(23).get<std::optional<int>>(), std::nullopt);
    EXPECT_EQ(decoded<std::optional<int>>(hex("00000007"), 23), 7);
    EXPECT_THROW(null_of(25).get<std::string>(), db::NullValueError);
}

TEST(Mismatch, names_the_column_and_both_types) {
    EXPECT_EQ(
        message_of<db::TypeMismatchError>([] { decoded<int>(hex("ffffe968"), 1082); }),
        "column \"born\" has the type date, which cannot be read as int; read it as std::chrono::year_month_day or "
        "std::chrono::sys_days");
    EXPECT_EQ(message_of<db::TypeMismatchError>([] { encoded(1082, 7); }),
              "$1 has the type date, for which int cannot be passed; pass std::chrono::year_month_day or "
              "std::chrono::sys_days");
    EXPECT_EQ(
        message_of<db::TypeMismatchError>([] { decoded<int>("x", 99999); }),
        "column \"born\" has the type unknown (oid 99999), which cannot be read as int; read it as std::string");
}

}  // namespace
}  // namespace aio::pg
