// Source of the bytes: PostgreSQL 17, src/backend/utils/adt: rowtypes.c, rangetypes.c, multirangetypes.c;
// contrib/hstore/hstore_io.c; and what a server of version 15 sent.
#include "db/pg/codec/wire_values.hpp"

#include <limits>
#include <map>
#include <tuple>

namespace test {
struct Address {
    int number;
    std::string street;
    friend bool operator==(const Address&, const Address&) = default;
};
struct Wrong {
    int number, floor;
};
struct Celsius {
    double degrees;
};
}  // namespace test

AIO_DB_COLUMNS(test::Address, number, street)  // the order of the type's fields is another one
AIO_DB_COLUMNS(test::Wrong, number, floor)

template <>
struct aio::pg::Codec<test::Celsius> {
    static test::Celsius decode(const Value& value) { return {value.get<double>()}; }
    static void encode(Encoder& encoder, const test::Celsius& celsius) { encoder.encode(celsius.degrees); }
};

namespace aio::pg {
namespace {

using test::Address;
using Pair = std::tuple<std::string, int>;

constexpr const char* kMain = "00000002 00000019 00000004 4d61696e 00000017 00000004 00000007";

TEST(Composites, are_tuples) {  // asyncpg: test_codecs.test_composites
    expect_bytes(kAddress, Pair("Main", 7), kMain);
    using Row = std::tuple<int, std::string, std::optional<bool>>;
    const char* bytes = "00000003 00000017 00000004 00000001 00000019 00000001 78 00000010 ffffffff";
    EXPECT_EQ(decoded<Row>(hex(bytes), 2249), Row(1, "x", std::nullopt));
    expect_exact_length<Row>(2249, hex(bytes));
    EXPECT_EQ(decoded<std::tuple<>>(hex("00000000"), 2249), std::tuple<>());
}

TEST(Composites, are_structs_by_name) {
    EXPECT_EQ(encoded(kAddress, Address{7, "Main"}), hex(kMain));
    EXPECT_EQ(decoded<Address>(hex(kMain), kAddress), (Address{7, "Main"}));
    EXPECT_EQ(message_of<db::ColumnError>([] { decoded<test::Wrong>(hex(kMain), kAddress); }),
              "column \"born\", a composite address, has no field \"floor\"");
    EXPECT_EQ(message_of<db::ColumnError>([] { encoded(kAddress, test::Wrong{}); }),
              "$1 has a field street, which test::Wrong has no column name for");
}

// Extremes: pg::Record::get(index)
TEST(Composites, are_records) {
    const std::string bytes = hex(kMain);
    const auto record = decoded<Record>(bytes, kAddress);
    EXPECT_EQ(record.size(), 2u);
    EXPECT_EQ(record.get<std::string>("street"), "Main");
    EXPECT_EQ(record.get<int>(1), 7);
    EXPECT_THROW(record[2], db::ColumnError);
    EXPECT_THROW(record.get<int>(std::numeric_limits<std::size_t>::max()), db::ColumnError);
    EXPECT_THROW(record["floor"], db::ColumnError);
    EXPECT_THROW(decoded<Record>(bytes, 2249)["street"], db::ColumnError);  // the anonymous one has no names
    EXPECT_EQ(message_of<db::TypeMismatchError>([&] { record.get<int>("street"); }),
              "a field of column \"born\" has the type text, which cannot be read as int; read it as std::string");
}

TEST(Composites, have_as_many_fields_as_the_type) {
    const std::string message =
        message_of<db::TypeMismatchError>([] { decoded<std::tuple<int>>(hex(kMain), kAddress); });
    EXPECT_EQ(message, "column \"born\" (address) has 2 fields, but std::tuple<int> has 1");
    EXPECT_THROW(encoded(kAddress, std::tuple<std::string>()), db::TypeMismatchError);
    EXPECT_THROW(encoded(2249, Pair("Main", 7)), db::TypeMismatchError);  // the server refuses it, too
    EXPECT_THROW(encoded(23, Pair("Main", 7)), db::TypeMismatchError);
    EXPECT_THROW(encoded(kAddress, std::tuple(std::string(), std::string())), db::TypeMismatchError);
}

TEST(Composites, in_arrays) {  // asyncpg: test_codecs.test_composites_in_arrays
    const std::vector<Pair> list{{"Main", 7}, {"", -1}};
    EXPECT_EQ(decoded<std::vector<Pair>>(encoded(kAddresses, list), kAddresses), list);
    const std::vector<Address> structs{{7, "Main"}, {-1, ""}};
    EXPECT_EQ(encoded(kAddresses, structs), encoded(kAddresses, list));
}

TEST(Composites, are_checked_against_a_hostile_server) {
    for (const char* bytes :
         {"7fffffff", "ffffffff", "00000001 00000017 fffffffe", "00000001 00000017 7fffffff 00"}) {
        EXPECT_THROW(decoded<Record>(hex(bytes), kAddress), db::MalformedValueError) << bytes;
        EXPECT_THROW(decoded<Pair>(hex(bytes), kAddress), db::ConversionError) << bytes;
    }
}

TEST(Composites, with_a_field_that_is_text_travel_as_text) {
    EXPECT_EQ(encoded(kDocument, "(Title,'a')"), "(Title,'a')");
    EXPECT_EQ(from_text<std::string>("(Title,'a')", kDocument), "(Title,'a')");
    EXPECT_THROW(from_text<Record>("(Title,'a')", kDocument), db::TypeMismatchError);
}

TEST(Ranges, have_flags_and_bounds) {  // asyncpg: test_codecs.test_range_types
    expect_bytes(3904, Range<int>(1, 5), "02 00000004 00000001 00000004 00000005");
    expect_bytes(3904, Range<int>::nothing(), "01");
    expect_bytes(3904, Range<int>(), "18");
    expect_bytes(3926, Range<std::int64_t>(3, std::nullopt), "12 00000008 0000000000000003");
    Range<Numeric> open(Numeric("1.5"), Numeric("2.5"));
    open.lower_inclusive = false;
    open.upper_inclusive = true;
    expect_bytes(3906, open, "04 0000000c 0002000000000001 0001 1388 0000000c 0002000000000001 0002 1388");
    EXPECT_EQ(decoded<Range<int>>(hex("81"), 3904), Range<int>::nothing());  // an internal flag of the server
}

TEST(Ranges, contain_what_is_between_their_bounds) {
    Range<int> range(1, 5);
    EXPECT_TRUE(range.contains(1) && range.contains(4));
    EXPECT_FALSE(range.contains(0) || range.contains(5));
    range.lower_inclusive = false;
    range.upper_inclusive = true;
    EXPECT_TRUE(!range.contains(1) && range.contains(5));
    EXPECT_TRUE(Range<int>().contains(7));
    EXPECT_FALSE(Range<int>::nothing().contains(7));
}

TEST(Ranges, have_bounds_of_their_type) {
    using Days = Range<std::chrono::sys_days>;
    const Days forever(std::chrono::sys_days(std::chrono::days(10957)), std::chrono::sys_days::max());
    expect_bytes(3912, forever, "02 00000004 00000000 00000004 7fffffff");
    EXPECT_EQ(message_of<db::TypeMismatchError>([] { encoded(3904, Range<std::string>("a", "b")); }),
              "a bound of $1 has the type int4, for which std::string cannot be passed; pass int");
    EXPECT_EQ(decoded<Range<double>>(encoded(kFloatRange, Range<double>(0.5, 1.5)), kFloatRange),
              Range<double>(0.5, 1.5));
    EXPECT_THROW(encoded(23, Range<int>()), db::TypeMismatchError);
    EXPECT_THROW(decoded<int>(hex("01"), 3904), db::TypeMismatchError);
    EXPECT_THROW(decoded<Range<int>>(hex("02 ffffffff 00000004 00000005"), 3904), db::MalformedValueError);
}

TEST(Multiranges, are_vectors_of_ranges) {  // asyncpg: test_codecs.test_multirange_types
    using Multirange = std::vector<Range<int>>;
    expect_bytes(
        4451, Multirange{{1, 2}, {5, 6}},
        "00000002 00000011 02 00000004 00000001 00000004 00000002 00000011 02 00000004 00000005 00000004 00000006");
    expect_bytes(4451, Multirange{}, "00000000");
    EXPECT_THROW(decoded<Multirange>(hex("7fffffff"), 4451), db::MalformedValueError);
    EXPECT_THROW(decoded<Multirange>(hex("00000001 ffffffff 00"), 4451), db::MalformedValueError);
    const Multirange list{{1, 2}, Range<int>::nothing()};
    EXPECT_EQ(decoded<Multirange>(encoded(3905, list), 3905), list);  // int4range[]
}

TEST(Hstore, is_a_map_with_null) {
    using Map = std::map<std::string, std::optional<std::string>>;
    expect_bytes(kHstore, Map{{"a", "1"}, {"b", std::nullopt}},
                 "00000002 00000001 61 00000001 31 00000001 62 ffffffff");
    expect_bytes(kHstore, Map{}, "00000000");
    EXPECT_THROW(decoded<Map>(hex("00000001 ffffffff 00000000"), kHstore), db::MalformedValueError);
    EXPECT_THROW(decoded<Map>(hex("7fffffff 00000000"), kHstore), db::MalformedValueError);
    EXPECT_THROW(encoded(25, Map{}), db::TypeMismatchError);
}

TEST(Domains, are_their_base) {  // asyncpg: test_codecs.test_domains
    EXPECT_EQ(encoded(kPositive, 7), hex("00000007"));
    EXPECT_EQ(decoded<int>(hex("00000007"), kDomainOverDomain), 7);
    EXPECT_EQ(
        message_of<db::TypeMismatchError>([] { decoded<bool>(hex("00000007"), kPositive); }),
        "column \"born\" has the type positive (a domain over int4), which cannot be read as bool; read it as int");
}

TEST(OwnTypes, have_a_codec_that_uses_another) {  // asyncpg: test_codecs.test_custom_codec_binary
    EXPECT_EQ(encoded(701, test::Celsius{1.5}), encoded(701, 1.5));
    EXPECT_EQ(decoded<test::Celsius>(encoded(701, 1.5), 701).degrees, 1.5);
    EXPECT_EQ(decoded<std::vector<test::Celsius>>(encoded(1022, std::vector{1.5}), 1022).at(0).degrees, 1.5);
    EXPECT_THROW(encoded(25, test::Celsius{}), db::TypeMismatchError);
}

}  // namespace
}  // namespace aio::pg
