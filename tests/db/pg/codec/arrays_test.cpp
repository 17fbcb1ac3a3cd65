// Source of the bytes: PostgreSQL 17, src/backend/utils/adt/arrayfuncs.c: array_send(), and what a server of version 15 sent.
#include "db/pg/codec/wire_values.hpp"

#include <limits>
#include <random>

namespace aio::pg {
namespace {

using Ints = std::vector<int>;
using MaybeInts = std::vector<std::optional<int>>;
using Matrix = std::vector<std::vector<std::int16_t>>;
using Strings = std::vector<std::string>;

constexpr Oid kInts = 1007, kSmallInts = 1005, kTexts = 1009;

TEST(Arrays, have_a_header_and_elements) {  // asyncpg: test_codecs.test_arrays
    expect_bytes(kInts, MaybeInts{1, std::nullopt, 3},
                 "00000001 00000001 00000017 00000003 00000001 00000004 00000001 ffffffff 00000004 00000003");
    expect_bytes(kInts, Ints{7}, "00000001 00000000 00000017 00000001 00000001 00000004 00000007");
    expect_bytes(kTexts, Strings{"a", ""}, "00000001 00000000 00000019 00000002 00000001 00000001 61 00000000");
    expect_bytes(kInts, Ints{}, "00000000 00000000 00000017");
}

TEST(Arrays, of_two_dimensions_are_vectors_of_vectors) {
    const char* bytes =
        "00000002 00000000 00000015 00000002 00000001 00000002 00000001"
        "00000002 0001 00000002 0002 00000002 0003 00000002 0004";
    expect_bytes(kSmallInts, Matrix{{1, 2}, {3, 4}}, bytes);
    EXPECT_THROW(decoded<std::vector<std::int16_t>>(hex(bytes), kSmallInts), db::OutOfRangeError);
    EXPECT_THROW(encoded(kSmallInts, Matrix{{1, 2}, {3}}), db::OutOfRangeError);
    EXPECT_EQ(encoded(kSmallInts, Matrix{{}, {}}), hex("00000000 00000000 00000015"));
    EXPECT_EQ(decoded<Matrix>(hex("00000000 00000000 00000015"), kSmallInts), Matrix());
}

// Extremes: pg::Dimension::size, pg::Dimension::lower_bound
TEST(Arrays, have_any_lower_bound) {
    for (const std::int32_t bound :
         {std::numeric_limits<std::int32_t>::min(), -1, 0, std::numeric_limits<std::int32_t>::max()}) {
        const Array<int> array({7}, {{1, bound}});
        EXPECT_EQ(decoded<Array<int>>(encoded(kInts, array), kInts), array);
    }
    for (const std::int32_t size :
         {std::numeric_limits<std::int32_t>::min(), -1, 0, 2, std::numeric_limits<std::int32_t>::max()}) {
        EXPECT_THROW(encoded(kInts, Array<int>({7}, {{size, 1}})), db::OutOfRangeError) << size;
    }
}

TEST(Arrays, of_any_shape_are_an_array) {
    expect_bytes(kSmallInts, Array<std::int16_t>({1, 2, 3, 4}, {{2, 0}, {2, 2}}),
                 "00000002 00000000 00000015 00000002 00000000 00000002 00000002"
                 "00000002 0001 00000002 0002 00000002 0003 00000002 0004");
    expect_bytes(kSmallInts, Array<std::int16_t>(), "00000000 00000000 00000015");
    EXPECT_EQ(encoded(kInts, Array(Ints{7})), encoded(kInts, Ints{7}));
    EXPECT_THROW(encoded(kInts, Array(Ints{1, 2, 3}, {{2, 1}})), db::OutOfRangeError);
    EXPECT_THROW(encoded(kInts, Array(Ints{1, 2, 3}, {})), db::OutOfRangeError);
    EXPECT_THROW(encoded(kInts, Array(Ints{1}, {{-1, 1}, {-1, 1}})), db::OutOfRangeError);
    EXPECT_THROW(encoded(kInts, Array(Ints{1}, {7, Dimension{1, 1}})), db::OutOfRangeError);
    EXPECT_THROW(encoded(kInts, Array(Ints{1}, {{65536, 1}, {65536, 1}, {65536, 1}, {65536, 1}})),
                 db::OutOfRangeError);
}

TEST(Arrays, of_bools_bytes_and_spans) {
    expect_bytes(1000, std::vector<bool>{true, false},
                 "00000001 00000000 00000010 00000002 00000001 00000001 01 00000001 00");
    const std::vector<std::vector<std::byte>> blobs{{std::byte{1}}, {}};
    expect_bytes(1001, blobs, "00000001 00000000 00000011 00000002 00000001 00000001 01 00000000");
    const Ints ints{1, 2};
    EXPECT_EQ(encoded(kInts, std::span<const int>(ints)), encoded(kInts, ints));
    EXPECT_EQ(encoded(kInts, std::array{1, 2}), encoded(kInts, ints));
    EXPECT_EQ((decoded<std::array<int, 2>>(encoded(kInts, ints), kInts)), (std::array{1, 2}));
    EXPECT_THROW((decoded<std::array<int, 3>>(encoded(kInts, ints), kInts)), db::OutOfRangeError);
    EXPECT_EQ((decoded<std::array<int, 0>>(encoded(kInts, Ints{}), kInts)), (std::array<int, 0>{}));
}

TEST(Arrays, have_elements_of_the_columns_type) {
    EXPECT_EQ(encoded(kSmallInts, Ints{7}), encoded(kSmallInts, std::vector<std::int16_t>{7}));
    EXPECT_EQ(message_of<db::OutOfRangeError>([] { encoded(kSmallInts, Ints{70000}); }),
              "an element of $1 has the type int2, which cannot hold 70000");
    EXPECT_EQ(message_of<db::TypeMismatchError>([] { encoded(kInts, Strings{"a"}); }),
              "an element of $1 has the type int4, for which std::string cannot be passed; pass int");
    EXPECT_EQ(message_of<db::TypeMismatchError>([] { decoded<Strings>(encoded(kInts, Ints{7}), kInts); }),
              "an element of column \"born\" has the type int4, which cannot be read as std::string; read it as int");
    EXPECT_THROW(encoded(23, Ints{7}), db::TypeMismatchError);
    EXPECT_THROW(decoded<Ints>(hex("00000007"), 23), db::TypeMismatchError);
    EXPECT_THROW(decoded<int>(encoded(kInts, Ints{7}), kInts), db::TypeMismatchError);
}

TEST(Arrays, with_null_need_optional_elements) {
    const std::string bytes = encoded(kInts, MaybeInts{1, std::nullopt});
    EXPECT_EQ(message_of<db::NullValueError>([&] { decoded<Ints>(bytes, kInts); }),
              "an element of column \"born\" (int4) is NULL, which int cannot hold; read it as std::optional<int>");
    EXPECT_EQ(null_of(kInts).get<std::optional<Ints>>(), std::nullopt);
}

TEST(Arrays, of_oids_and_small_integers_have_vectors_of_their_own) {
    EXPECT_EQ(decoded<Ints>(hex("00000001 00000000 00000015 00000001 00000000 00000002 0007"), 22), Ints{7});
    EXPECT_EQ(decoded<Ints>(hex("00000001 00000000 0000001a 00000001 00000000 00000004 00000007"), 30), Ints{7});
    // They begin at 0: int2vectorrecv() in int.c.
    EXPECT_EQ(encoded(22, Ints{7}), hex("00000001 00000000 00000015 00000001 00000000 00000002 0007"));
    // pg_stats.most_common_vals, whose elements may be anything
    EXPECT_EQ(decoded<Ints>(hex("00000001 00000000 00000017 00000001 00000001 00000004 00000007"), 2277), Ints{7});
    EXPECT_THROW(encoded(2277, Ints{7}), db::TypeMismatchError);
}

TEST(Arrays, are_checked_against_a_hostile_server) {
    for (const char* bytes : {
             "00000001 00000000 00000017 7fffffff 00000001",                    // 2^31 elements
             "00000002 00000000 00000017 00010000 00000001 00010000 00000001",  // 2^32
             "00000006 00000000 00000017 7fffffff 00000001 7fffffff 00000001 7fffffff 00000001"
             "7fffffff 00000001 7fffffff 00000001 7fffffff 00000001",
             "00000001 00000000 00000017 ffffffff 00000001",  // -1
             "00000007 00000000 00000017",                    // dimensions
             "ffffffff 00000000 00000017",
             "00000001 00000002 00000017 00000000 00000001",           // flags
             "00000001 00000000 00000017 00000001 00000001 fffffffe",  // a length of -2
             "00000001 00000000 00000017 00000001 00000001 7fffffff 00000007",
         }) {
        EXPECT_THROW(decoded<Ints>(hex(bytes), kInts), db::MalformedValueError) << bytes;
        EXPECT_THROW(decoded<Array<int>>(hex(bytes), kInts), db::MalformedValueError) << bytes;
    }
    // No elements, whatever the other dimensions are.
    EXPECT_EQ(decoded<Ints>(hex("00000002 00000000 00000017 00000000 00000001 7fffffff 00000001"), kInts), Ints());
}

TEST(Arrays, in_text_format_have_quotes) {  // asyncpg: test_codecs.test_relacl_array_type
    EXPECT_EQ(from_text<Strings>("{a,b}", kOpaques), (Strings{"a", "b"}));
    EXPECT_EQ(from_text<Strings>("{}", kOpaques), Strings());
    EXPECT_EQ(from_text<Strings>(R"({"a b","c\"d","e\\f","NULL","",x})", kOpaques),
              (Strings{"a b", "c\"d", "e\\f", "NULL", "", "x"}));
    EXPECT_EQ((from_text<std::vector<std::optional<std::string>>>("{a,NULL}", kOpaques)),
              (std::vector<std::optional<std::string>>{"a", std::nullopt}));
    EXPECT_EQ((from_text<std::vector<Strings>>("{{a,b},{c,d}}", kOpaques)),
              (std::vector<Strings>{{"a", "b"}, {"c", "d"}}));
    EXPECT_EQ(from_text<Ints>("{1,-2}", kInts), (Ints{1, -2}));
    EXPECT_EQ(from_text<Array<int>>("[0:1][2:3]={{1,2},{3,4}}", kInts), (Array<int>({1, 2, 3, 4}, {{2, 0}, {2, 2}})));
    EXPECT_EQ(from_text<Strings>("{=r/postgres,bob=arwdDxt/postgres}", 1034),
              (Strings{"=r/postgres", "bob=arwdDxt/postgres"}));
    EXPECT_EQ(from_text<std::vector<std::string_view>>(R"({a,"b c"})", kOpaques)[1], "b c");
    EXPECT_THROW(from_text<std::vector<std::string_view>>(R"({"a\"b"})", kOpaques), db::TypeMismatchError);
}

TEST(Arrays, in_text_format_are_checked) {
    for (const char* text : {"",         "{",         "}",           "a",        "{a",
                             "{a,",      "{a,}",      "{,a}",        "{a}}",     "{a}x",
                             "{{a},b}",  "{a,{b}}",   "{{a},{b,c}}", "{{},{a}}", "{\"a}",
                             "{\"a\\",   "{a\"b\"}",  "{\"a\"b}",    "{a}{b}",   "{{{{{{{a}}}}}}}",
                             "[0:1={a}", "[x:1]={a}", "[0:1]{a}",    "{a,,b}",   "{a{b}",
                             ",",        "NULL",      "{a},{b}"}) {
        EXPECT_THROW(from_text<Array<std::string>>(text, kOpaques), db::MalformedValueError) << text;
    }
}

TEST(Arrays, of_unknown_types_are_passed_as_text) {
    EXPECT_EQ(encoded(kOpaques, "{a,b}"), "{a,b}");
    EXPECT_THROW(encoded(kOpaques, Strings{"a"}), db::TypeMismatchError);
}

TEST(Arrays, survive_a_round_trip) {
    std::mt19937 random(20261130);
    for (int i = 0; i < 200; ++i) {
        std::vector<std::vector<std::optional<std::string>>> list(random() % 4);
        const std::size_t width = 1 + random() % 4;
        for (auto& row : list) {
            for (std::size_t j = 0; j < width; ++j) {
                const bool null = random() % 3 == 0;
                row.push_back(null ? std::nullopt
                                   : std::optional(std::string(random() % 20, static_cast<char>(random()))));
            }
        }
        EXPECT_EQ(decoded<decltype(list)>(encoded(kTexts, list), kTexts), list);
    }
}

}  // namespace
}  // namespace aio::pg
