// What a PostgreSQL client sends, byte for byte as the manual (53.7) describes it, and what it refuses to send.
#include "db/pg/wire/frontend.hpp"

#include "db/pg/wire/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

namespace aio::test {
namespace {

using namespace pg::wire;
using namespace std::string_literals;

template <class Append>
std::string sent(const Append& append) {
    std::string output = "before";
    append(output);
    EXPECT_TRUE(output.starts_with("before"));
    return output.substr(6);
}

// That nothing is sent; the error's text.
template <class Append>
std::string refused(const Append& append) {
    std::string output = "before";
    try {
        append(output);
        ADD_FAILURE() << "nothing was thrown";
    } catch (const MessageError& error) {
        EXPECT_EQ(output, "before");
        return error.what();
    }
    return "";
}

// A text that claims to be long: whoever looks at its bytes before its size goes beyond them.
std::string_view claiming(std::size_t size) { return {"x", size}; }

TEST(PgFrontend, the_startup_is_a_version_and_parameters) {
    const std::array<StartupParameter, 2> parameters = {{{"user", "bob"}, {"database", ""}}};
    EXPECT_EQ(sent([&](std::string& output) { append_startup(output, parameters); }),
              "\0\0\0\x1c\0\3\0\0user\0bob\0database\0\0\0"s);
    EXPECT_EQ(sent([&](std::string& output) { append_startup(output, {}, kProtocol32); }), "\0\0\0\x9\0\3\0\2\0"s);
}

TEST(PgFrontend, requests_without_a_type) {
    EXPECT_EQ(sent(append_ssl_request), "\0\0\0\x8\x04\xd2\x16\x2f"s);
    EXPECT_EQ(sent([](std::string& output) { append_cancel_request(output, 0x01020304, "\xff\0\0\1"s); }),
              "\0\0\0\x10\x04\xd2\x16\x2e\1\2\3\4\xff\0\0\1"s);
    const std::string longest(256, 'k');
    EXPECT_EQ(sent([&](std::string& output) { append_cancel_request(output, 0xffffffff, longest); }),
              "\0\0\1\x0c\x04\xd2\x16\x2e\xff\xff\xff\xff"s + longest);
    for (const std::size_t size : {0, 1, 3, 257}) {
        const std::string key(size, 'k');
        EXPECT_THAT(refused([&](std::string& output) { append_cancel_request(output, 1, key); }),
                    testing::HasSubstr(std::to_string(size)));
    }
}

TEST(PgFrontend, answers_to_authentication) {
    EXPECT_EQ(sent([](std::string& output) { append_password(output, "secret"); }), "p\0\0\0\x0bsecret\0"s);
    EXPECT_EQ(sent([](std::string& output) { append_sasl_initial(output, "SCRAM-SHA-256", "n,,"); }),
              "p\0\0\0\x19SCRAM-SHA-256\0\0\0\0\3n,,"s);
    EXPECT_EQ(sent([](std::string& output) { append_sasl_initial(output, "X", std::nullopt); }),
              "p\0\0\0\x0aX\0\xff\xff\xff\xff"s);
    EXPECT_EQ(sent([](std::string& output) { append_sasl_initial(output, "X", ""); }), "p\0\0\0\x0aX\0\0\0\0\0"s);
    EXPECT_EQ(sent([](std::string& output) { append_sasl_response(output, "c=\0"s); }), "p\0\0\0\7c=\0"s);
}

TEST(PgFrontend, simple_and_prepared_queries) {
    EXPECT_EQ(sent([](std::string& output) { append_query(output, "SELECT 1"); }), "Q\0\0\0\x0dSELECT 1\0"s);
    EXPECT_EQ(sent([](std::string& output) { append_query(output, ""); }), "Q\0\0\0\5\0"s);
    const std::array<std::uint32_t, 2> types = {23, 0xfffffffe};
    EXPECT_EQ(sent([&](std::string& output) { append_parse(output, "s1", "SELECT $1", types); }),
              "P\0\0\0\x1bs1\0SELECT $1\0\0\2\0\0\0\x17\xff\xff\xff\xfe"s);
    EXPECT_EQ(sent([](std::string& output) { append_parse(output, "", "x"); }), "P\0\0\0\x9\0x\0\0\0"s);
    EXPECT_EQ(sent([](std::string& output) { append_describe_statement(output, "s1"); }), "D\0\0\0\x8Ss1\0"s);
    EXPECT_EQ(sent([](std::string& output) { append_describe_portal(output, ""); }), "D\0\0\0\6P\0"s);
    EXPECT_EQ(sent([](std::string& output) { append_execute(output, "p", 50); }), "E\0\0\0\x0ap\0\0\0\0\x32"s);
    EXPECT_EQ(sent([](std::string& output) { append_execute(output, "", 0x7fffffff); }),
              "E\0\0\0\x9\0\x7f\xff\xff\xff"s);
    EXPECT_EQ(sent([](std::string& output) { append_close_statement(output, "s1"); }), "C\0\0\0\x8Ss1\0"s);
    EXPECT_EQ(sent([](std::string& output) { append_close_portal(output, "p"); }), "C\0\0\0\7Pp\0"s);
    EXPECT_EQ(sent(append_sync), "S\0\0\0\4"s);
    EXPECT_EQ(sent(append_flush), "H\0\0\0\4"s);
    EXPECT_EQ(sent(append_terminate), "X\0\0\0\4"s);
}

TEST(PgFrontend, parameters_are_null_empty_or_bytes) {
    const std::array<Parameter, 3> parameters = {Parameter(std::string_view("\0\1", 2)), std::nullopt, Parameter("")};
    const std::array<Format, 1> binary = {Format::binary};
    const std::string expected = "B\0\0\0\x20p\0s\0\0\1\0\1\0\3\0\0\0\2\0\1\xff\xff\xff\xff\0\0\0\0\0\1\0\1"s;
    EXPECT_EQ(sent([&](std::string& output) { append_bind(output, "p", "s", binary, parameters, binary); }),
              expected);
    EXPECT_EQ(sent([&](std::string& output) {
                  BindMessage message(output, "p", "s", binary);
                  message.add_in_place([](std::string& value) { value.append("\0\1"s); });
                  message.add_null();
                  message.add_in_place([](std::string&) {});
                  message.finish(binary);
              }),
              expected);
    EXPECT_EQ(sent([](std::string& output) { append_bind(output, "", "", {}, {}, {}); }),
              "B\0\0\0\x0c\0\0\0\0\0\0\0\0"s);
}

TEST(PgFrontend, formats_are_none_one_or_one_each) {
    const std::array<Parameter, 2> two = {Parameter("1"), Parameter("2")};
    const std::array<Format, 3> formats = {Format::text, Format::binary, Format::text};
    EXPECT_THAT(refused([&](std::string& output) { append_bind(output, "", "", formats, two, {}); }),
                testing::HasSubstr("3 formats for 2 parameters"));
    EXPECT_EQ(
        sent([&](std::string& output) { append_bind(output, "", "", std::span(formats).first(2), two, formats); }),
        "B\0\0\0\x20\0\0\0\2\0\0\0\1\0\2\0\0\0\1\x31\0\0\0\1\x32\0\3\0\0\0\1\0\0"s);
}

TEST(PgFrontend, a_bind_that_is_not_finished_leaves_nothing) {
    std::string output = "before";
    try {
        BindMessage message(output, "", "");
        message.add("1");
        message.add_in_place([](std::string& value) {
            value += "half of it";
            throw std::runtime_error("no such thing");
        });
        ADD_FAILURE();
    } catch (const std::runtime_error&) {}
    EXPECT_EQ(output, "before");
    { const BindMessage abandoned(output, "portal", "statement"); }
    EXPECT_EQ(output, "before");
}

TEST(PgFrontend, copying) {
    EXPECT_EQ(sent([](std::string& output) { append_copy_data(output, "1\t2\n"); }), "d\0\0\0\x8\x31\t2\n"s);
    EXPECT_EQ(sent([](std::string& output) { append_copy_data(output, ""); }), "d\0\0\0\4"s);
    EXPECT_EQ(sent([](std::string& output) { append_copy_data_header(output, 4); }), "d\0\0\0\x8"s);
    EXPECT_EQ(sent(append_copy_done), "c\0\0\0\4"s);
    EXPECT_EQ(sent([](std::string& output) { append_copy_fail(output, "disk"); }),
              "f\0\0\0\x9"
              "disk\0"s);
}

TEST(PgFrontend, refuses_a_nul_inside_a_string) {
    const std::string bad = "a\0b"s;
    const std::array<StartupParameter, 1> name = {{{bad, "x"}}}, value = {{{"user", bad}}}, nameless = {{{"", "x"}}};
    for (const std::string& text : {
             refused([&](std::string& output) { append_startup(output, name); }),
             refused([&](std::string& output) { append_startup(output, value); }),
             refused([&](std::string& output) { append_password(output, bad); }),
             refused([&](std::string& output) { append_sasl_initial(output, bad, ""); }),
             refused([&](std::string& output) { append_query(output, bad); }),
             refused([&](std::string& output) { append_parse(output, bad, "x"); }),
             refused([&](std::string& output) { append_parse(output, "x", bad); }),
             refused([&](std::string& output) { append_bind(output, bad, "x", {}, {}, {}); }),
             refused([&](std::string& output) { append_bind(output, "x", bad, {}, {}, {}); }),
             refused([&](std::string& output) { append_describe_statement(output, bad); }),
             refused([&](std::string& output) { append_describe_portal(output, bad); }),
             refused([&](std::string& output) { append_execute(output, bad); }),
             refused([&](std::string& output) { append_close_statement(output, bad); }),
             refused([&](std::string& output) { append_close_portal(output, bad); }),
             refused([&](std::string& output) { append_copy_fail(output, bad); }),
         }) {
        EXPECT_THAT(text, testing::HasSubstr("NUL"));
    }
    EXPECT_THAT(refused([&](std::string& output) { append_startup(output, nameless); }),
                testing::HasSubstr("no name"));
    EXPECT_THAT(refused([](std::string& output) { append_execute(output, "", -1); }), testing::HasSubstr("-1 rows"));
}

// Extremes of lengths: 0 and 1 are above.
TEST(PgFrontend, refuses_what_a_server_would_not_accept) {
    const std::string_view large = claiming(kMaxMessage - 4), half = claiming(kMaxMessage / 2);
    const std::string_view all = claiming(static_cast<std::size_t>(-1));
    for (const std::string& text : {
             refused([&](std::string& output) { append_query(output, large); }),
             refused([&](std::string& output) { append_query(output, all); }),
             refused([&](std::string& output) { append_password(output, large); }),
             refused([&](std::string& output) { append_sasl_initial(output, "X", large); }),
             refused([&](std::string& output) { append_sasl_response(output, all); }),
             refused([&](std::string& output) { append_parse(output, half, half); }),
             refused([&](std::string& output) { append_parse(output, all, all); }),
             refused([&](std::string& output) { append_bind(output, large, large, {}, {}, {}); }),
             refused([&](std::string& output) { BindMessage(output, "", "").add(large); }),
             refused([&](std::string& output) { BindMessage(output, "", "").add(all); }),
             refused([&](std::string& output) { append_copy_data(output, claiming(kMaxMessage - 3)); }),
             refused([&](std::string& output) { append_copy_data_header(output, kMaxMessage - 3); }),
             refused([&](std::string& output) { append_copy_data_header(output, static_cast<std::size_t>(-1)); }),
         }) {
        EXPECT_THAT(text, testing::HasSubstr("1073741822 bytes"));
    }
    EXPECT_EQ(sent([](std::string& output) { append_copy_data_header(output, kMaxMessage - 4); }),
              "d\x3f\xff\xff\xfe"s);
}

TEST(PgFrontend, names_are_shorter) {
    const std::string longest(kMaxShortMessage - 6, 'n'), longer = longest + "n";
    EXPECT_EQ(sent([&](std::string& output) { append_describe_portal(output, longest); }).size(),
              kMaxShortMessage + 1);
    const std::array<StartupParameter, 1> parameters = {{{"user", longer}}};
    for (const std::string& text : {
             refused([&](std::string& output) { append_describe_portal(output, longer); }),
             refused([&](std::string& output) { append_close_statement(output, longer); }),
             refused([&](std::string& output) { append_execute(output, longer); }),
             refused([&](std::string& output) { append_startup(output, parameters); }),
             refused([&](std::string& output) { append_copy_fail(output, longer + "n"); }),
         }) {
        EXPECT_THAT(text, testing::HasSubstr("10000 bytes"));
    }
}

TEST(PgFrontend, takes_65535_parameters) {
    std::vector<Parameter> parameters(kMaxParameters);
    std::vector<Format> formats(kMaxParameters, Format::binary);
    const std::string bind =
        sent([&](std::string& output) { append_bind(output, "", "", formats, parameters, formats); });
    EXPECT_EQ(bind.size(), 1 + 4 + 2 + 2 + 2 * 65535 + 2 + 4 * 65535 + 2 + 2 * 65535);
    EXPECT_EQ(bind.substr(7, 2), "\xff\xff");
    parameters.emplace_back();
    EXPECT_THAT(refused([&](std::string& output) { append_bind(output, "", "", {}, parameters, {}); }),
                testing::HasSubstr("at most 65535"));
    formats.emplace_back();
    EXPECT_THAT(refused([&](std::string& output) { append_bind(output, "", "", {}, {}, formats); }),
                testing::HasSubstr("65536 formats"));
    const std::vector<std::uint32_t> types(kMaxParameters + 1);
    EXPECT_THAT(refused([&](std::string& output) { append_parse(output, "", "", types); }),
                testing::HasSubstr("65536 parameter types"));
}

}  // namespace
}  // namespace aio::test
