// Source of the bytes: PostgreSQL 17, src/backend/utils/adt: network.c, mac.c, mac8.c, geo_ops.c, pg_lsn.c, tid.c, and what a
// server of version 15 sent.
#include "db/pg/codec/wire_values.hpp"

#include <limits>

namespace aio::pg {
namespace {

TEST(InetCodec, has_family_prefix_and_address) {
    expect_bytes(869, Inet("10.0.0.1"), "02 20 00 04 0a000001");
    expect_bytes(869, Inet("192.168.0.0/16"), "02 10 00 04 c0a80000");
    expect_bytes(869, Inet("2001:db8::1"), "03 80 00 10 20010db8000000000000000000000001");
    expect_bytes(869, Inet("::/0"), "03 00 00 10 00000000000000000000000000000000");
    EXPECT_EQ(encoded(650, Inet("10.0.0.0/8")), hex("02 08 01 04 0a000000"));
    EXPECT_EQ(decoded<Inet>(hex("02 08 01 04 0a000000"), 650), Inet("10.0.0.0/8"));
}

// Extremes: pg::Inet::prefix
TEST(InetCodec, is_checked_against_a_hostile_server) {
    for (const char* bytes :
         {"01 20 00 04 0a000001", "02 21 00 04 0a000001", "02 20 00 10 0a000001", "03 20 00 04 0a000001",
          "02 20 00 ff 0a000001", "03 81 00 10 20010db8000000000000000000000001"}) {
        EXPECT_THROW(decoded<Inet>(hex(bytes), 869), db::MalformedValueError) << bytes;
    }
    Inet wrong("10.0.0.1");
    for (const int prefix : {33, 255}) {
        wrong.prefix = static_cast<std::uint8_t>(prefix);
        EXPECT_THROW(encoded(869, wrong), db::OutOfRangeError);
    }
    wrong.prefix = 0;
    EXPECT_NO_THROW(encoded(869, wrong));
}

TEST(Inet, has_a_text_form) {
    for (const char* text : {"10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::1", "2001:db8::/32", "::"}) {
        EXPECT_EQ(Inet(text).to_string(), text);
    }
    EXPECT_EQ(Inet("10.0.0.1/32").to_string(), "10.0.0.1");
    for (const char* wrong :
         {"", "10.0.0", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/-1", "10.0.0.1/8x", "::1/129", "::g", "x"}) {
        EXPECT_THROW(Inet{wrong}, ValueError) << wrong;
    }
    EXPECT_THROW(Inet(std::string_view("10.0.0.1\0x", 10)), ValueError);
}

TEST(MacAddresses, have_six_or_eight_bytes) {
    expect_bytes(829, MacAddress("08:00:2b:01:02:03"), "08002b010203");
    expect_bytes(774, MacAddress8("08:00:2b:01:02:03:04:05"), "08002b0102030405");
    EXPECT_THROW(decoded<MacAddress>(hex("08002b0102030405"), 774), db::TypeMismatchError);
    EXPECT_THROW(encoded(829, MacAddress8()), db::TypeMismatchError);
    for (const char* text :
         {"08:00:2b:01:02:03", "08-00-2B-01-02-03", "08002b:010203", "0800.2b01.0203", "08002b010203"}) {
        EXPECT_EQ(MacAddress(text).to_string(), "08:00:2b:01:02:03") << text;
    }
    for (const char* wrong :
         {"", "08:00:2b:01:02", "08:00:2b:01:02:03:04", "0:800:2b:01:02:03", "08::00:2b:01:02:03", "x"}) {
        EXPECT_THROW(MacAddress{wrong}, ValueError) << wrong;
    }
}

// Extremes: pg::Point::x, pg::Point::y, pg::Line::a, pg::Line::b, pg::Line::c, pg::Circle::radius
TEST(Shapes, have_any_numbers) {
    using Limits = std::numeric_limits<double>;
    for (const double number :
         {Limits::max(), Limits::lowest(), Limits::infinity(), -Limits::infinity(), Limits::denorm_min()}) {
        EXPECT_EQ(decoded<Point>(encoded(600, Point{number, number}), 600), (Point{number, number}));
        EXPECT_EQ(decoded<Line>(encoded(628, Line{number, number, number}), 628), (Line{number, number, number}));
        EXPECT_EQ(decoded<Circle>(encoded(718, Circle{{}, number}), 718), (Circle{{}, number}));
    }
    EXPECT_NE(decoded<Point>(encoded(600, Point{Limits::quiet_NaN(), 0}), 600), Point());
}

TEST(Shapes, are_coordinates) {
    const std::string one = "3ff0000000000000", two = "4000000000000000", three = "4008000000000000",
                      four = "4010000000000000";
    expect_bytes(600, Point{1, -2}, one + "c000000000000000");
    expect_bytes(628, Line{1, 2, 3}, one + two + three);
    expect_bytes(601, LineSegment{{1, 2}, {3, 4}}, one + two + three + four);
    expect_bytes(603, Box{{3, 4}, {1, 2}}, three + four + one + two);
    expect_bytes(718, Circle{{1, 2}, 3}, one + two + three);
    expect_bytes(602, Path{{{1, 2}}, false}, "00 00000001" + one + two);
    expect_bytes(602, Path{{{1, 2}, {3, 4}}, true}, "01 00000002" + one + two + three + four);
    expect_bytes(604, Polygon{{{1, 2}}}, "00000001" + one + two);
    EXPECT_THROW(decoded<Line>(hex(one + two + three), 718), db::TypeMismatchError);  // as many numbers, another type
}

TEST(Shapes, have_as_many_points_as_they_say) {
    EXPECT_THROW(decoded<Polygon>(hex("7fffffff"), 604), db::MalformedValueError);
    EXPECT_THROW(decoded<Polygon>(hex("ffffffff"), 604), db::MalformedValueError);
    EXPECT_THROW(decoded<Polygon>(hex("10000000"), 604), db::MalformedValueError);  // times 16: 2^32
    EXPECT_THROW(decoded<Path>(hex("00 00000002 3ff0000000000000 3ff0000000000000"), 602), db::MalformedValueError);
}

// Extremes: pg::Lsn::Lsn(position), pg::Lsn::value, pg::Tid::block, pg::Tid::offset
TEST(Positions, are_integers) {
    expect_bytes(3220, Lsn("16/B374D848"), "00000016b374d848");
    expect_bytes(3220, Lsn(std::numeric_limits<std::uint64_t>::max()), "ffffffffffffffff");
    expect_bytes(27, Tid{5, 7}, "00000005 0007");
    expect_bytes(27, Tid{4294967295, 65535}, "ffffffff ffff");
    EXPECT_EQ(Lsn("16/B374D848").to_string(), "16/B374D848");
    EXPECT_EQ(Lsn("0/0"), Lsn());
    EXPECT_EQ(Lsn("ffffffff/ffffffff").to_string(), "FFFFFFFF/FFFFFFFF");
    for (const char* wrong : {"", "16", "16/", "/16", "16/B374D8489", "16/g", "-1/0", "1/2/3"}) {
        EXPECT_THROW(Lsn{wrong}, ValueError) << wrong;
    }
}

}  // namespace
}  // namespace aio::pg
