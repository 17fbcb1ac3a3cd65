// Source of the bytes: PostgreSQL 17, src/backend/utils/adt: varlena.c, char.c, jsonb.c, jsonpath.c, uuid.c, varbit.c.
#include <nlohmann/json.hpp>

#include "db/pg/codec/wire_values.hpp"

namespace test {
enum class Mood { sad, ok, happy };
enum class Unlabelled { a };
}  // namespace test

AIO_DB_ENUM(test::Mood, sad, ok, happy)

namespace aio::pg {
namespace {

using test::Mood;

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto view = std::as_bytes(std::span(text));
    return {view.begin(), view.end()};
}

TEST(Text, is_its_bytes) {
    for (const Oid oid :
         {Oid{19}, Oid{25}, Oid{114}, Oid{142}, Oid{705}, Oid{1042}, Oid{1043}, Oid{1790}, kMood, kCitext}) {
        EXPECT_EQ(encoded(oid, "a\xc3\xa9"), "a\xc3\xa9") << oid;
        EXPECT_EQ(decoded<std::string>("a\xc3\xa9", oid), "a\xc3\xa9") << oid;
        EXPECT_EQ(decoded<std::string>("", oid), "") << oid;
    }
    EXPECT_EQ(encoded(25, std::string("x")), "x");
    EXPECT_EQ(encoded(25, std::string_view("x")), "x");
    const char* pointer = "x";
    EXPECT_EQ(encoded(25, pointer), "x");
}

TEST(Text, is_viewed_without_a_copy) {
    const std::string bytes = "abc";
    EXPECT_EQ(decoded<std::string_view>(bytes, 25).data(), bytes.data());
}

TEST(Text, is_no_number) {
    EXPECT_THROW(encoded(23, "7"), db::TypeMismatchError);
    EXPECT_THROW(decoded<std::string>(hex("00000007"), 23), db::TypeMismatchError);
    EXPECT_THROW(decoded<int>("7", 25), db::TypeMismatchError);
}

TEST(UnknownTypes,
     travel_as_text) {  // asyncpg: test_codecs.test_unhandled_type_fallback
    Parameters parameters;
    parameters.add(3614, test_types(), "'a':1");
    parameters.add(kOpaque, test_types(), "x");
    parameters.add(99999, test_types(), "x");
    parameters.add(0, test_types(), "x");
    for (const Format each : parameters.formats()) EXPECT_EQ(each, Format::text);
    EXPECT_EQ(from_text<std::string>("'a':1", 3614), "'a':1");
    EXPECT_EQ(from_text<std::string_view>("x", 99999), "x");
    EXPECT_EQ(
        message_of<db::TypeMismatchError>([] { encoded(3614, 7); }),
        "$1 has the type tsvector, for which int cannot be passed; pass std::string, as it travels in text format");
    EXPECT_THROW(decoded<std::string>("x", 3614), db::TypeMismatchError);  // in binary: not asked for
}

TEST(Letters, are_one_byte) {
    expect_bytes(18, 'x', "78");
    expect_bytes(18, '\0', "00");
    EXPECT_EQ(decoded<std::string>("r", 18), "r");
    EXPECT_EQ(decoded<std::string>(hex("00"), 18), "");
    EXPECT_THROW(decoded<std::string>("rr", 18), db::MalformedValueError);
    EXPECT_THROW(decoded<std::string_view>("", 18), db::MalformedValueError);
    EXPECT_EQ(encoded(18, "r"), "r");
    EXPECT_EQ(encoded(18, ""), hex("00"));
    EXPECT_THROW(encoded(18, "rr"), db::OutOfRangeError);
    EXPECT_EQ(from_text<char>("x", 18), 'x');
    EXPECT_EQ(from_text<char>("", 18), '\0');
    EXPECT_THROW(encoded(25, 'x'), db::TypeMismatchError);
}

TEST(Jsonb, has_a_version_byte) {
    EXPECT_EQ(encoded(3802, "{}"), hex("01 7b7d"));
    EXPECT_EQ(decoded<std::string>(hex("01 7b7d"), 3802), "{}");
    EXPECT_EQ(decoded<std::string_view>(hex("01 7b7d"), 3802), "{}");
    EXPECT_THROW(decoded<std::string>(hex("02 7b7d"), 3802), db::MalformedValueError);
    EXPECT_THROW(decoded<std::string>("", 3802), db::MalformedValueError);
    EXPECT_EQ(encoded(4072, "$.a"), hex("01 242e61"));
    EXPECT_EQ(decoded<std::string>(hex("01 242e61"), 4072), "$.a");
}

TEST(Json, is_a_document) {
    const nlohmann::json document = {{"a", {1, 2}}};
    EXPECT_EQ(encoded(114, document), R"({"a":[1,2]})");
    EXPECT_EQ(encoded(3802, document),
              "\x01"
              R"({"a":[1,2]})");
    EXPECT_EQ(decoded<nlohmann::json>("\x01{\"a\": [1, 2]}", 3802), document);
    EXPECT_EQ(decoded<nlohmann::json>("null", 114), nullptr);
    EXPECT_EQ(null_of(114).get<std::optional<nlohmann::json>>(), std::nullopt);
    EXPECT_THROW(null_of(114).get<nlohmann::json>(), db::NullValueError);
    EXPECT_THROW(decoded<nlohmann::json>("{", 114), db::MalformedValueError);
    EXPECT_THROW(decoded<nlohmann::json>(hex("00000001"), 23), db::TypeMismatchError);
    EXPECT_THROW(encoded(23, document), db::TypeMismatchError);
}

TEST(Json, is_not_deeper_than_a_parser_may_recurse) {
    EXPECT_NO_THROW(decoded<nlohmann::json>(std::string(1000, '[') + std::string(1000, ']'), 114));
    EXPECT_THROW(decoded<nlohmann::json>(std::string(1001, '[') + std::string(1001, ']'), 114),
                 db::MalformedValueError);
    EXPECT_NO_THROW(decoded<nlohmann::json>("\"" + std::string(5000, '[') + "\\\"{\"", 114));
}

TEST(ByteStrings, have_no_encoding) {
    const std::string data("a\0\xff", 3);
    EXPECT_EQ(encoded(17, Bytes(data)), data);
    EXPECT_EQ(decoded<Bytes>(data, 17).data, data);
    EXPECT_EQ(encoded(17, bytes_of(data)), data);
    EXPECT_EQ(decoded<std::vector<std::byte>>(data, 17), bytes_of(data));
    EXPECT_EQ(encoded(17, std::span<const std::byte>(bytes_of(data))), data);
    EXPECT_EQ(decoded<std::span<const std::byte>>(data, 17).data(), std::as_bytes(std::span(data)).data());
    EXPECT_THROW(encoded(17, data), db::TypeMismatchError);
    EXPECT_THROW(encoded(25, Bytes(data)), db::TypeMismatchError);
    EXPECT_THROW(decoded<std::string>(data, 17), db::TypeMismatchError);
}

TEST(ByteStrings, come_as_text_in_hex) {
    EXPECT_EQ(from_text<Bytes>("\\x00fF", 17).data, hex("00ff"));
    for (const char* wrong : {"", "00ff", "\\x0", "\\x0g"}) {
        EXPECT_THROW(from_text<Bytes>(wrong, 17), db::MalformedValueError) << wrong;
    }
}

TEST(UuidCodec, is_sixteen_bytes) {
    const Uuid uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    expect_bytes(2950, uuid, "a0eebc999c0b4ef8bb6d6bb9bd380a11");
    EXPECT_EQ(decoded<std::string>(hex("a0eebc999c0b4ef8bb6d6bb9bd380a11"), 2950), uuid.to_string());
    EXPECT_EQ(encoded(2950, uuid.to_string()), encoded(2950, uuid));
    EXPECT_EQ(from_text<Uuid>(uuid.to_string(), 2950), uuid);
    EXPECT_EQ(message_of<db::OutOfRangeError>([] { encoded(2950, "a0eebc99"); }),
              "$1 (uuid): 'a0eebc99' is no UUID; one is a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
}

TEST(Uuid, is_read_as_the_server_reads_it) {
    const Uuid uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    for (const char* text : {"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
                             "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11"}) {
        EXPECT_EQ(Uuid(text), uuid) << text;
    }
    for (const char* wrong : {"", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111",
                              "a0e-ebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11",
                              "{a0eebc999c0b4ef8bb6d6bb9bd380a11", "-a0eebc999c0b4ef8bb6d6bb9bd380a11",
                              "a0eebc999c0b4ef8bb6d6bb9bd380a11-", "g0eebc999c0b4ef8bb6d6bb9bd380a11"}) {
        EXPECT_THROW(Uuid{wrong}, ValueError) << wrong;
    }
    EXPECT_LT(Uuid(), uuid);
}

TEST(BitStringCodec, has_its_length_in_front) {  // asyncpg: test_codecs.test_bitstring
    expect_bytes(1560, BitString("101"), "00000003 a0");
    expect_bytes(1562, BitString(""), "00000000");
    expect_bytes(1562, BitString("1111000010"), "0000000a f080");
    EXPECT_THROW(decoded<BitString>(hex("ffffffff"), 1562), db::MalformedValueError);
    EXPECT_THROW(decoded<BitString>(hex("7fffffff a0"), 1562), db::MalformedValueError);
    EXPECT_EQ(decoded<BitString>(hex("00000003 bf"), 1562), BitString("101"));  // stray bits are cleared
}

// Extremes: pg::BitString::BitString(size)
TEST(BitString, is_a_string_of_bits) {
    const BitString bits("100000001");
    EXPECT_EQ(bits.size(), 9u);
    EXPECT_TRUE(bits[0] && !bits[1] && bits[8]);
    EXPECT_EQ(bits.to_string(), "100000001");
    EXPECT_EQ(BitString(hex("8080"), 9), bits);
    EXPECT_EQ(BitString("", 0), BitString());
    EXPECT_THROW(BitString(hex("80"), 9), ValueError);
    EXPECT_THROW(BitString(hex("80"), 0), ValueError);
    EXPECT_THROW(BitString("", std::numeric_limits<std::size_t>::max()), ValueError);
    EXPECT_THROW(BitString("012"), ValueError);
}

TEST(Enums, are_their_labels) {  // asyncpg: test_codecs.test_enum
    EXPECT_EQ(encoded(kMood, Mood::happy), "happy");
    EXPECT_EQ(decoded<Mood>("ok", kMood), Mood::ok);
    EXPECT_EQ(decoded<std::string>("ok", kMood), "ok");
    EXPECT_EQ(encoded(25, Mood::sad), "sad");
    EXPECT_EQ(message_of<db::OutOfRangeError>([] { decoded<Mood>("angry", kMood); }),
              "column \"born\" (mood) is 'angry', which does not fit into test::Mood");
    EXPECT_EQ(message_of<db::OutOfRangeError>([] { encoded(kMood, static_cast<Mood>(9)); }),
              "$1 has the type mood, which cannot hold 9, which has no label in test::Mood");
    EXPECT_THROW(encoded(23, Mood::sad), db::TypeMismatchError);
}

TEST(Void, is_nothing) {  // asyncpg: test_codecs.test_void
    EXPECT_EQ(decoded<std::monostate>("", 2278), std::monostate());
    EXPECT_THROW(decoded<std::monostate>("", 25), db::TypeMismatchError);
}

}  // namespace
}  // namespace aio::pg
