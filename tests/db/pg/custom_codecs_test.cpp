// Codecs of a program's own, for types of the server and of a database; enums and composites inside of others.
#include "db/pg/with_server.hpp"

#include <array>
#include <complex>
#include <cstdint>
#include <map>
#include <sstream>
#include <tuple>
#include <vector>

namespace aio::test {

// tsvector, which has no binary format here.
struct Lexemes {
    std::vector<std::string> words;
};
// The 16 bytes of a uuid, as they are sent.
struct RawUuid {
    std::array<char, 16> bytes;
};
// An int4, or a domain over it, that counts from 1 in the program.
struct Ordinal {
    int index;
};
// Of an enum or a text.
struct Label {
    std::string text;
};
// The number that a timestamp is sent as: microseconds since 2000.
struct RawMoment {
    std::int64_t microseconds;
};
// A JSON text with one number.
struct JsonNumber {
    int number;
};

}  // namespace aio::test

namespace aio::pg {

template <>
struct Codec<test::Lexemes> {
    static test::Lexemes decode(const Value& value) {
        std::istringstream text(value.get<std::string>());
        test::Lexemes result;
        for (std::string word; text >> word;) result.words.push_back(word);
        return result;
    }
    static void encode(Encoder& encoder, const test::Lexemes& value) {
        std::string text;
        for (const std::string& word : value.words) text += (text.empty() ? "" : " ") + word;
        encoder.encode(text);
    }
};

template <>
struct Codec<test::RawUuid> {
    static test::RawUuid decode(const Value& value) {
        if (value.format() != Format::binary || value.bytes().size() != 16) throw ValueError("no uuid");
        test::RawUuid result{};
        value.bytes().copy(result.bytes.data(), 16);
        return result;
    }
    static void encode(Encoder& encoder, const test::RawUuid& value) {
        encoder.output().append(value.bytes.data(), 16);
    }
};

template <>
struct Codec<test::Ordinal> {
    static test::Ordinal decode(const Value& value) { return {value.get<int>() - 1}; }
    static void encode(Encoder& encoder, const test::Ordinal& value) { encoder.encode(value.index + 1); }
};

template <>
struct Codec<test::Label> {
    static test::Label decode(const Value& value) { return {"<" + value.get<std::string>() + ">"}; }
    static void encode(Encoder& encoder, const test::Label& value) {
        encoder.encode(value.text.substr(1, value.text.size() - 2));
    }
};

template <>
struct Codec<test::RawMoment> {
    static test::RawMoment decode(const Value& value) {
        std::uint64_t bits = 0;
        for (const char byte : value.bytes()) bits = bits << 8 | static_cast<unsigned char>(byte);
        return {static_cast<std::int64_t>(bits)};
    }
    static void encode(Encoder& encoder, const test::RawMoment& value) {
        for (int shift = 56; shift >= 0; shift -= 8) {
            encoder.output() += static_cast<char>(static_cast<std::uint64_t>(value.microseconds) >> shift & 0xff);
        }
    }
};

template <>
struct Codec<test::JsonNumber> {
    static test::JsonNumber decode(const Value& value) { return {std::stoi(value.get<std::string>())}; }
    static void encode(Encoder& encoder, const test::JsonNumber& value) {
        encoder.encode(std::to_string(value.number));
    }
};

template <>
struct Codec<std::complex<double>> {
    static std::complex<double> decode(const Value& value) {
        const auto [real, imaginary] = value.get<std::tuple<double, double>>();
        return {real, imaginary};
    }
    static void encode(Encoder& encoder, const std::complex<double>& value) {
        encoder.encode(std::tuple(value.real(), value.imag()));
    }
};

}  // namespace aio::pg

namespace aio::test {
namespace {

Coro<pg::Connection> with_labels() {
    auto connection = co_await pg::connect(postgres().dsn("search_path=aio_codecs"));
    co_await connection.execute(
        "SET client_min_messages = warning; DROP SCHEMA IF EXISTS aio_codecs CASCADE; CREATE SCHEMA aio_codecs;"
        "CREATE TYPE label AS ENUM ('foo', 'bar'); CREATE DOMAIN ordinal AS int CHECK (VALUE > 0);"
        "CREATE TYPE complex AS (r float8, i float8); CREATE TYPE named AS (name text, mood label);"
        "CREATE TABLE kept(id int, label label, span int4range);"
        "CREATE FUNCTION first_label() RETURNS label LANGUAGE sql AS $$ SELECT 'foo'::aio_codecs.label $$;"
        "CREATE FUNCTION all_labels(OUT id int, OUT mood label) RETURNS SETOF record LANGUAGE sql AS"
        " $$ SELECT 1, 'bar'::aio_codecs.label $$;");
    co_return connection;
}

ASYNC_TEST(PgCustomCodecs, in_text_and_in_binary, kOnce) {
    // asyncpg: test_codecs.test_custom_codec_text, test_codecs.test_custom_codec_binary
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_labels();
    const Lexemes passed{{"b", "a"}};  // named, as all below that g++ 12 would destroy twice
    const auto lexemes = co_await c.fetchval<Lexemes>("SELECT $1::tsvector", passed);
    EXPECT_THAT(lexemes.words, testing::ElementsAre("'a'", "'b'"));
    const std::string text = "000102030405060708090a0b0c0d0e0f";
    const auto uuid = co_await c.fetchval<RawUuid>("SELECT '000102030405060708090a0b0c0d0e0f'::uuid");
    EXPECT_EQ(uuid.bytes[15], 15);
    EXPECT_TRUE(co_await c.fetchval<bool>("SELECT $1::uuid = $2::text::uuid", uuid, text));
    co_await c.close();
}

ASYNC_TEST(PgCustomCodecs, of_domains_and_in_place_of_a_usual_type, kOnce) {
    // asyncpg: test_codecs.test_custom_codec_on_domain, test_codecs.test_custom_codec_on_stdsql_types,
    // asyncpg: test_codecs.test_custom_codec_override_binary, test_codecs.test_custom_codec_override_tuple
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_labels();
    EXPECT_EQ((co_await c.fetchval<Ordinal>("SELECT 10::ordinal")).index, 9);
    EXPECT_EQ((co_await c.fetchval<Ordinal>("SELECT $1::ordinal + 1", Ordinal{0})).index, 1);
    co_await expect_throws<db::CheckViolationError>(c.fetchval<Ordinal>("SELECT $1::ordinal", Ordinal{-1}));
    const auto moment = co_await c.fetchval<RawMoment>("SELECT '2000-01-01 00:00:01'::timestamp");
    EXPECT_EQ(moment.microseconds, 1'000'000);
    EXPECT_EQ(co_await c.fetchval<std::string>("SELECT $1::timestamp::text", RawMoment{-1'000'000}),
              "1999-12-31 23:59:59");
    co_await c.close();
}

ASYNC_TEST(PgCustomCodecs, of_enums_alone_and_in_arrays, kOnce) {
    // asyncpg: test_codecs.test_custom_codec_on_enum, test_codecs.test_custom_codec_on_enum_array,
    // asyncpg: test_codecs.test_enum_in_array, test_codecs.test_array_with_custom_json_text_codec
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_labels();
    const Label foo{"<foo>"};
    EXPECT_EQ((co_await c.fetchval<Label>("SELECT $1::label", foo)).text, "<foo>");
    const std::vector<Label> labels = {{"<foo>"}, {"<bar>"}};
    const auto back = co_await c.fetchval<std::vector<Label>>("SELECT $1::label[]", labels);
    CO_ASSERT_EQ(back.size(), 2u);
    EXPECT_EQ(back[1].text, "<bar>");
    const std::vector<std::vector<std::string>> rows = {{"foo", "bar"}, {"bar", "foo"}};
    EXPECT_EQ(co_await c.fetchval<std::vector<std::vector<std::string>>>("SELECT $1::label[]", rows), rows);
    const std::vector<JsonNumber> numbers = {{1}, {20}};
    for (const auto* type : {"json[]", "jsonb[]"}) {
        const std::string sql = "SELECT $1::" + std::string(type);
        const auto read = co_await c.fetchval<std::vector<JsonNumber>>(db::runtime(sql), numbers);
        CO_ASSERT_EQ(read.size(), 2u);
        EXPECT_EQ(read[1].number, 20);
    }
    co_await c.close();
}

ASYNC_TEST(PgCustomCodecs, of_composites, kOnce) {
    // asyncpg: test_codecs.test_custom_codec_composite_tuple, test_codecs.test_custom_codec_composite_non_tuple,
    // asyncpg: test_codecs.test_enum_in_composite, test_codecs.test_table_as_composite
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_labels();
    using Complex = std::complex<double>;
    const Complex number(1.5, -2);
    EXPECT_EQ(co_await c.fetchval<Complex>("SELECT $1::complex", number), number);
    const std::vector<Complex> list = {number, {0, 1}};
    EXPECT_EQ(co_await c.fetchval<std::vector<Complex>>("SELECT $1::complex[]", list), list);
    co_await expect_throws<db::TypeMismatchError>(c.fetchval<Label>("SELECT $1::complex", number));  // it is no text
    using Named = std::tuple<std::string, Label>;
    const Named bob("Bob", Label{"<bar>"});
    const auto named = co_await c.fetchval<Named>("SELECT $1::named", bob);
    EXPECT_EQ(std::get<1>(named).text, "<bar>");
    co_await c.execute("INSERT INTO kept VALUES(1, 'foo', '[1,3)'), (2, NULL, NULL)");
    const auto rows = co_await c.fetch("SELECT kept FROM kept ORDER BY id");
    CO_ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].get<pg::Record>("kept").get<std::string>("label"), "foo");
    EXPECT_EQ(rows[1].get<pg::Record>("kept").get<std::optional<std::string>>("label"), std::nullopt);
    co_await c.close();
}

ASYNC_TEST(PgCustomCodecs, enums_beside_ranges_and_from_functions, kOnce) {
    // asyncpg: test_codecs.test_enum_and_range, test_codecs.test_enum_function_return, test_codecs.test_no_result
    SKIP_WITHOUT_POSTGRES();
    const auto c = co_await with_labels();
    const pg::Range<int> span(10, 20);
    co_await c.execute("INSERT INTO kept VALUES(1, $1, $2)", "foo", span);
    const auto row = co_await c.fetchrow("SELECT label, span FROM kept");
    EXPECT_EQ(row->get<std::string>("label"), "foo");
    EXPECT_EQ(row->get<pg::Range<int>>("span"), span);
    EXPECT_EQ((co_await c.fetchval<Label>("SELECT first_label()")).text, "<foo>");
    const auto found = co_await c.fetchrow("SELECT * FROM all_labels()");
    EXPECT_EQ(found->get<std::string>("mood"), "bar");
    const auto whole = co_await c.fetchval<std::tuple<int, std::string>>("SELECT all_labels()");
    EXPECT_EQ(std::get<1>(whole), "bar");
    const auto nothing = co_await c.prepare("ROLLBACK");
    EXPECT_TRUE(nothing.get_attributes().empty());
    EXPECT_TRUE((co_await nothing.fetch()).empty());
    take_logs();  // there is no transaction
    co_await c.close();
}

TEST(PgCustomCodecs, of_a_type_whose_number_needs_32_bits) {  // asyncpg: test_codecs.test_custom_codec_large_oid
    constexpr pg::Oid kDomain = 4'000'000'000, kArray = 4'294'967'295;
    pg::TypeCatalog types;
    pg::TypeDescription domain;
    domain.oid = kDomain;
    domain.name = "ordinal";
    domain.kind = pg::TypeKind::domain;
    domain.array = kArray;
    domain.element = 23;
    types.add(domain);
    pg::TypeDescription array;
    array.oid = kArray;
    array.name = "ordinal[]";
    array.kind = pg::TypeKind::array;
    array.element = kDomain;
    types.add(array);
    const std::vector<Ordinal> passed = {{4}, {5}};
    pg::Parameters parameters;
    parameters.add(kArray, types, passed);
    const std::string_view bytes = parameters.values().substr(4);
    const pg::Value value(kArray, pg::Format::binary, bytes, types, "x");
    const auto read = value.get<std::vector<Ordinal>>();
    ASSERT_EQ(read.size(), 2u);
    EXPECT_EQ(read[1].index, 5);
}

}  // namespace
}  // namespace aio::test
