// Source of the bytes: PostgreSQL 17, src/backend/utils/adt/numeric.c: numeric_send(), and what a server of version 15 sent.
#include "db/pg/codec/wire_values.hpp"

#include <cmath>
#include <limits>
#include <random>

namespace aio::pg {
namespace {

struct Case {
    const char* text;
    const char* bytes;
};
constexpr Case kCases[] = {
    {"0", "0000 0000 0000 0000"},
    {"0.00", "0000 0000 0000 0002"},
    {"1", "0001 0000 0000 0000 0001"},
    {"-1", "0001 0000 4000 0000 0001"},
    {"12.50", "0002 0000 0000 0002 000c 1388"},
    {"0.0001", "0001 ffff 0000 0004 0001"},
    {"0.00012", "0002 ffff 0000 0005 0001 07d0"},
    {"10000", "0001 0001 0000 0000 0001"},
    {"123456789.123456789", "0006 0002 0000 0009 0001 0929 1a85 04d2 162e 2328"},
    {"100000000000000000000", "0001 0005 0000 0000 0001"},
    {"-0.5", "0001 ffff 4000 0001 1388"},
};

TEST(NumericCodec, has_the_servers_bytes) {
    for (const Case& each : kCases) {
        SCOPED_TRACE(each.text);
        const Numeric value(each.text);
        EXPECT_EQ(value.to_string(), each.text);
        expect_bytes(1700, value, each.bytes);
        EXPECT_EQ(decoded<Numeric>(hex(each.bytes), 1700).to_string(), each.text);
        EXPECT_EQ(decoded<std::string>(hex(each.bytes), 1700), each.text);
        EXPECT_EQ(encoded(1700, std::string(each.text)), hex(each.bytes));
    }
}

TEST(NumericCodec, has_nan_and_infinities) {
    expect_bytes(1700, Numeric("NaN"), "0000 0000 c000 0000");
    expect_bytes(1700, Numeric("Infinity"), "0000 0000 d000 0000");
    expect_bytes(1700, Numeric("-Infinity"), "0000 0000 f000 0000");
    EXPECT_EQ(decoded<Numeric>(hex("0000 0000 d000 0020"), 1700).to_string(), "Infinity");  // the server's scale
    EXPECT_TRUE(std::isnan(decoded<double>(hex("0000 0000 c000 0000"), 1700)));
    EXPECT_EQ(decoded<double>(hex("0000 0000 f000 0020"), 1700), -std::numeric_limits<double>::infinity());
    EXPECT_THROW(decoded<int>(hex("0000 0000 c000 0000"), 1700), db::OutOfRangeError);
}

TEST(NumericCodec, is_checked_against_a_hostile_server) {
    const auto is_malformed = [](const char* bytes) {
        EXPECT_THROW(decoded<Numeric>(hex(bytes), 1700), db::MalformedValueError) << bytes;
    };
    is_malformed("0001 0000 0000 0000 2710");       // a digit of 10000
    is_malformed("0001 0000 1234 0000 0001");       // an unknown sign
    is_malformed("0001 0000 0000 4000 0001");       // too many digits behind the point
    is_malformed("ffff 0000 0000 0000 0001");       // more digits than there are
    is_malformed("0002 0000 0000 0000 0001 0001");  // digits behind the last one
    is_malformed("0002 0000 0000 0001 0001 0001");
    EXPECT_EQ(decoded<Numeric>(hex("0002 0000 0000 0003 0001 000a"), 1700).to_string(), "1.001");
    EXPECT_EQ(decoded<Numeric>(hex("0003 0001 0000 0000 0000 0001 0000"), 1700).to_string(), "1");  // zeros around
    EXPECT_EQ(decoded<Numeric>(hex("0001 7fff 0000 0000 0001"), 1700).to_string().size(), 131069u);
    EXPECT_EQ(decoded<Numeric>(hex("0001 8000 0000 0000 0000"), 1700).to_string(), "0");
}

TEST(NumericCodec, becomes_an_integer_if_it_is_one) {
    EXPECT_EQ(decoded<int>(encoded(1700, Numeric("7.000")), 1700), 7);
    EXPECT_EQ(decoded<std::uint64_t>(encoded(1700, Numeric("18446744073709551615")), 1700),
              std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(decoded<std::int64_t>(encoded(1700, Numeric("-9223372036854775808")), 1700),
              std::numeric_limits<std::int64_t>::min());
    EXPECT_THROW(decoded<std::int64_t>(encoded(1700, Numeric("9223372036854775808")), 1700), db::OutOfRangeError);
    EXPECT_THROW(decoded<std::uint64_t>(encoded(1700, Numeric("18446744073709551616")), 1700), db::OutOfRangeError);
    EXPECT_EQ(message_of<db::OutOfRangeError>([] { decoded<int>(encoded(1700, Numeric("1.5")), 1700); }),
              "column \"born\" (numeric) is 1.5, which does not fit into int");
}

TEST(NumericCodec, takes_what_is_a_number) {
    EXPECT_EQ(encoded(1700, 0.1), encoded(1700, Numeric("0.1")));
    EXPECT_EQ(encoded(1700, 0.1F), encoded(1700, Numeric("0.1")));
    EXPECT_EQ(encoded(1700, -7), encoded(1700, Numeric(-7)));
    EXPECT_EQ(encoded(1700, "1e3"), encoded(1700, Numeric(1000)));
    EXPECT_THROW(encoded(1700, "one"), db::OutOfRangeError);
    EXPECT_EQ(encoded(1700, std::numeric_limits<float>::infinity()), encoded(1700, Numeric("inf")));
    EXPECT_EQ(from_text<Numeric>("1.50", 1700).to_string(), "1.50");
    EXPECT_THROW(from_text<Numeric>("x", 1700), db::MalformedValueError);
}

TEST(Numeric, is_read_from_text) {
    const auto text = [](std::string_view from) { return Numeric(from).to_string(); };
    EXPECT_EQ(text("007"), "7");
    EXPECT_EQ(text(" -1.50\n"), "-1.50");
    EXPECT_EQ(text("+.5"), "0.5");
    EXPECT_EQ(text("5."), "5");
    EXPECT_EQ(text("-0"), "0");
    EXPECT_EQ(text("-0.0"), "0.0");
    EXPECT_EQ(text("1e3"), "1000");
    EXPECT_EQ(text("1.5E-3"), "0.0015");
    EXPECT_EQ(text("1.50e+1"), "15.0");
    EXPECT_EQ(text("12345678e-6"), "12.345678");
    EXPECT_EQ(text("nan"), "NaN");
    EXPECT_EQ(text("-INF"), "-Infinity");
    EXPECT_EQ(text("+infinity"), "Infinity");
    for (const char* wrong :
         {"", " ", ".", "-", "e5", "1e", "1e+-5", "1 2", "1.2.3", "0x10", "--1", "1,5", "-nan", "infin"}) {
        EXPECT_THROW(Numeric{wrong}, ValueError) << wrong;
    }
}

TEST(Numeric, has_the_servers_limits) {
    EXPECT_EQ(Numeric("1" + std::string(131071, '0')).to_string().size(), 131072u);
    EXPECT_THROW(Numeric("1" + std::string(131072, '0')), ValueError);
    EXPECT_EQ(Numeric("1e131071").to_string().size(), 131072u);
    EXPECT_THROW(Numeric("1e131072"), ValueError);
    EXPECT_EQ(Numeric("0." + std::string(16382, '0') + "1").scale(), 16383);
    EXPECT_THROW(Numeric("1e-16384"), ValueError);
    EXPECT_THROW(Numeric("1e2147483647"), ValueError);
    EXPECT_THROW(Numeric("1e99999999999"), ValueError);
    EXPECT_EQ(Numeric("0e131072").to_string(), "0");
}

// Extremes: db::Numeric::Numeric(value)
TEST(Numeric, is_made_of_any_number) {
    EXPECT_EQ(Numeric(0).to_string(), "0");
    EXPECT_EQ(Numeric(std::numeric_limits<std::int64_t>::min()).to_string(), "-9223372036854775808");
    EXPECT_EQ(Numeric(std::numeric_limits<std::uint64_t>::max()).to_string(), "18446744073709551615");
    EXPECT_EQ(Numeric(std::int8_t{-1}).to_string(), "-1");
    EXPECT_EQ(Numeric(0.1).to_string(), "0.1");
    EXPECT_EQ(Numeric(1e300).to_string(), "1" + std::string(300, '0'));
    EXPECT_EQ(Numeric(std::numeric_limits<double>::denorm_min()).scale(), 324);
    EXPECT_TRUE(Numeric(std::nan("")).is_nan());
    EXPECT_TRUE(Numeric(-std::numeric_limits<double>::infinity()).is_negative());
    EXPECT_EQ(Numeric(-0.0).to_string(), "0");
    EXPECT_EQ(Numeric(std::numeric_limits<double>::max()).to_double(), std::numeric_limits<double>::max());
    EXPECT_EQ(Numeric("1e400").to_double(), std::numeric_limits<double>::infinity());
    EXPECT_EQ(Numeric("-1e400").to_double(), -std::numeric_limits<double>::infinity());
    EXPECT_EQ(Numeric("1e-400").to_double(), 0);
}

TEST(Numeric, becomes_an_integer) {
    EXPECT_EQ(Numeric("12.00").to_integer<int>(), 12);
    EXPECT_THROW(Numeric("12.01").to_integer<int>(), db::OutOfRangeError);
    EXPECT_THROW(Numeric("-1").to_integer<unsigned>(), db::OutOfRangeError);
    EXPECT_THROW(Numeric("128").to_integer<std::int8_t>(), db::OutOfRangeError);
    EXPECT_THROW(Numeric("NaN").to_integer<int>(), db::OutOfRangeError);
}

TEST(Numeric, is_compared_by_value) {
    EXPECT_EQ(Numeric("1.5"), Numeric("1.50"));
    EXPECT_EQ(Numeric("NaN"), Numeric("nan"));
    EXPECT_EQ(Numeric("0"), Numeric("-0.00"));
    const char* order[] = {"-Infinity", "-10000", "-9999.5", "-1",    "-0.0001", "0",        "0.00001",
                           "0.5",       "1",      "9999.9",  "10000", "1e50",    "Infinity", "NaN"};
    for (std::size_t i = 0; i < std::size(order); ++i) {
        for (std::size_t j = 0; j < std::size(order); ++j) {
            EXPECT_EQ(Numeric(order[i]) <=> Numeric(order[j]), i <=> j) << order[i] << " and " << order[j];
        }
    }
}

TEST(Numeric, of_any_length_survives_a_round_trip) {
    std::mt19937 random(20261130);
    for (int i = 0; i < 2000; ++i) {
        std::string text(random() % 2 == 0 ? "-" : "");
        text += static_cast<char>('1' + random() % 9);
        for (auto digits = random() % 40; digits > 0; --digits) text += static_cast<char>('0' + random() % 10 % 7);
        if (random() % 2 == 0) {
            text += '.';
            for (auto digits = 1 + random() % 40; digits > 0; --digits)
                text += static_cast<char>('0' + random() % 3 % 2);
        }
        EXPECT_EQ(Numeric(text).to_string(), text);
        EXPECT_EQ(decoded<Numeric>(encoded(1700, Numeric(text)), 1700).to_string(), text);
    }
}

}  // namespace
}  // namespace aio::pg
