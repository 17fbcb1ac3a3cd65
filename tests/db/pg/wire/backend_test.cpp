// The bodies of a server's messages, byte for byte as the manual (53.7) describes them; what is cut, left over or impossible.
#include "db/pg/wire/backend.hpp"

#include "db/pg/wire/transcript.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace aio::test {
namespace {

using namespace pg::wire;
using namespace std::string_literals;
using testing::HasSubstr;

// What it says; the same however it is cut. Truncated at each byte, or with a byte more, it is refused.
std::string said(char type, const std::string& body) {
    const std::string bytes = pg_message(type, body);
    std::string text = PgTranscript().read(bytes, std::string::npos);
    for (std::size_t size = 1; size < bytes.size(); ++size) EXPECT_EQ(PgTranscript().read(bytes, size), text);
    if (text.starts_with("PostgreSQL")) return text;
    const bool open = text.find(" 11 ") != std::string::npos || type == 'K' || type == 'd';  // data up to the end
    for (std::size_t size = 0; size < body.size() && !open; ++size) {
        EXPECT_THAT(PgTranscript().read(pg_message(type, body.substr(0, size)), std::string::npos),
                    testing::AnyOf(HasSubstr(" ends within "), HasSubstr(" has "), HasSubstr(" offers ")))
            << "cut behind " << size << " bytes";
    }
    if (!open) {
        EXPECT_THAT(PgTranscript().read(pg_message(type, body + "\0"s), std::string::npos),
                    HasSubstr("has 1 bytes behind its end"));
    }
    return text.substr(0, text.size() - 1);
}

TEST(PgBackend, authentication) {
    EXPECT_EQ(said('R', "\0\0\0\0"s), "Authentication 0 '' ''");
    EXPECT_EQ(said('R', "\0\0\0\3"s), "Authentication 3 '' ''");
    EXPECT_EQ(said('R', "\0\0\0\5\1\2\3\4"s), "Authentication 5 '\1\2\3\4' ''");
    EXPECT_EQ(said('R', "\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"s),
              "Authentication 10 '' 'SCRAM-SHA-256-PLUS' 'SCRAM-SHA-256' ''");
    EXPECT_EQ(said('R', "\0\0\0\x0br=abc"s), "Authentication 11 '' 'r=abc'");
    EXPECT_THAT(said('R', "\0\0\0\x0a\0"s), HasSubstr("offers no SASL mechanism"));
    EXPECT_THAT(said('R', "\0\0\0\x0d"s), HasSubstr("unknown kind 13"));
    EXPECT_THAT(said('R', "\xff\xff\xff\xff"s), HasSubstr("unknown kind 4294967295"));
}

TEST(PgBackend, kinds_of_authentication_have_names) {
    for (std::uint32_t number = 0; number <= 12; ++number) {
        const auto kind = static_cast<AuthenticationKind>(number);
        EXPECT_NE(name_of(kind), "");
        EXPECT_EQ(is_supported(kind), number == 0 || number == 3 || number == 5 || number == 7 || number == 8 || number >= 10) << number;
        if (is_supported(kind)) continue;
        std::string body;
        append_u32(body, number);
        const std::string token = body + "token";
        EXPECT_EQ(parse_authentication({MessageType::authentication, token}).data, "token");
    }
    EXPECT_EQ(name_of(AuthenticationKind::gss), "GSSAPI");
    EXPECT_TRUE(StringList("A\0SCRAM\0"s).contains("SCRAM"));
    EXPECT_FALSE(StringList("A\0SCRAM\0"s).contains("SCRA"));
    EXPECT_FALSE(StringList().contains(""));
}

TEST(PgBackend, the_session) {
    EXPECT_EQ(said('S', "TimeZone\0Europe/Rome\0"s), "ParameterStatus 'TimeZone' 'Europe/Rome'");
    EXPECT_EQ(said('S', "\0\0"s), "ParameterStatus '' ''");
    EXPECT_EQ(said('K',
                   "\0\0\4\xd2"
                   "key!"s),
              "BackendKeyData 1234 'key!'");
    EXPECT_EQ(said('K', "\0\0\0\1"s + std::string(256, 'k')), "BackendKeyData 1 '" + std::string(256, 'k') + "'");
    EXPECT_THAT(said('K', "\0\0\0\1"s + std::string(257, 'k')), HasSubstr("a key of 257 bytes"));
    EXPECT_THAT(said('K', "\0\0\0\1key"s), HasSubstr("BackendKeyData ends within the key"));
    for (const char status : {'I', 'T', 'E'}) {
        EXPECT_EQ(said('Z', std::string(1, status)), "ReadyForQuery "s + status);
    }
    EXPECT_THAT(said('Z', "\xff"), HasSubstr("unknown status, the byte 255"));
}

TEST(PgBackend, negotiation) {
    EXPECT_EQ(said('v', "\0\3\0\0\0\0\0\0"s), "NegotiateProtocolVersion 0");
    EXPECT_EQ(said('v', "\0\0\0\2\0\0\0\2_pq_.a\0_pq_.b\0"s), "NegotiateProtocolVersion 2 '_pq_.a' '_pq_.b'");
    EXPECT_THAT(said('v', "\0\4\0\0\0\0\0\0"s), HasSubstr("the major version 4"));
    EXPECT_THAT(said('v', "\0\3\0\0\xff\xff\xff\xff"s), HasSubstr("ends within the options"));
    EXPECT_THAT(said('v', "\0\3\0\0\0\0\0\2a\0"s), HasSubstr("ends within the options"));
}

TEST(PgBackend, tags_have_a_number_of_rows_or_none) {
    const auto rows = [](const std::string& tag) {
        return parse_command_complete({MessageType::command_complete, tag + '\0'}).rows;
    };
    EXPECT_EQ(said('C', "INSERT 0 5\0"s), "CommandComplete 'INSERT 0 5' 5");
    EXPECT_EQ(said('C', "\0"s), "CommandComplete ''");
    EXPECT_EQ(rows("UPDATE 3"), 3);
    EXPECT_EQ(rows("SELECT 0"), 0);
    EXPECT_EQ(rows("COPY 9"), 9);
    EXPECT_EQ(rows("MERGE 18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
    for (const char* tag :
         {"CREATE TABLE", "BEGIN", "COPY", "7", "SELECT ", "SELECT -1", "SELECT 1x", "SELECT 18446744073709551616"}) {
        EXPECT_EQ(rows(tag), std::nullopt) << tag;
    }
}

TEST(PgBackend, descriptions) {
    EXPECT_EQ(said('t', "\0\2\0\0\0\x17\xff\xff\xff\xff"s), "ParameterDescription 23 4294967295");
    EXPECT_EQ(said('t', "\0\0"s), "ParameterDescription");
    EXPECT_THAT(said('t', "\xff\xff\0\0\0\1"s), HasSubstr("ends within the parameters' types"));
    const std::string first = "id\0\0\0\x40\1\0\2\0\0\0\x17\0\4\xff\xff\xff\xff\0\1"s;
    const std::string second = "\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0"s;
    EXPECT_EQ(said('T', "\0\2"s + first + second), "RowDescription 'id' 16385 2 23 4 -1 1 '' 0 0 25 -1 -1 0");
    EXPECT_EQ(said('T', "\0\0"s), "RowDescription");
    EXPECT_THAT(said('T', "\xff\xff"s + first), HasSubstr("RowDescription ends within the name of a field"));
    EXPECT_THAT(said('T', "\0\1"s + first.substr(0, 20) + "\2"), HasSubstr("unknown format"));
}

TEST(PgBackend, rows) {
    const auto row = [](const std::string& body, std::size_t columns) {
        std::string text;
        try {
            for (const Value& value : parse_data_row({MessageType::data_row, body}, columns)) {
                text += value ? "[" + std::string(*value) + "]" : "NULL";
            }
        } catch (const ProtocolError& error) {
            text = error.what();
        }
        return text;
    };
    const std::string three = "\0\3\0\0\0\2ab\xff\xff\xff\xff\0\0\0\0"s;
    EXPECT_EQ(row(three, 3), "[ab]NULL[]");
    EXPECT_EQ(row("\0\0"s, 0), "");
    EXPECT_THAT(row(three, 2), HasSubstr("DataRow has 3 columns, and the RowDescription has 2"));
    EXPECT_THAT(row(three, 65536), HasSubstr("has 3 columns"));
    EXPECT_THAT(row(three + "x", 3), HasSubstr("DataRow has 1 bytes behind its end"));
    for (std::size_t size = 0; size < three.size(); ++size)
        EXPECT_THAT(row(three.substr(0, size), 3), HasSubstr("DataRow ends within"));
    EXPECT_THAT(row("\xff\xff"s, 65535), HasSubstr("ends within the length of a value")) << "counts promise much";
    EXPECT_THAT(row("\0\1\x7f\xff\xff\xff"
                    "abc"s,
                    1),
                HasSubstr("ends within a value"));
    EXPECT_THAT(row("\0\1\xff\xff\xff\xfe"
                    "abc"s,
                    1),
                HasSubstr("ends within a value"));
}

TEST(PgBackend, messages_that_are_only_a_type) {
    EXPECT_EQ(said('1', ""), "ParseComplete");
    EXPECT_EQ(said('2', ""), "BindComplete");
    EXPECT_EQ(said('3', ""), "CloseComplete");
    EXPECT_EQ(said('n', ""), "NoData");
    EXPECT_EQ(said('s', ""), "PortalSuspended");
    EXPECT_EQ(said('I', ""), "EmptyQueryResponse");
    EXPECT_EQ(said('c', ""), "CopyDone");
}

TEST(PgBackend, notifications) {
    EXPECT_EQ(said('A', "\0\0\0\7news\0extra\0"s), "NotificationResponse 7 'news' 'extra'");
    EXPECT_EQ(said('A', "\xff\xff\xff\xff\0\0"s), "NotificationResponse 4294967295 '' ''");
}

TEST(PgBackend, copying) {
    EXPECT_EQ(said('G', "\0\0\2\0\0\0\0"s), "CopyInResponse 0: 0 0");
    EXPECT_EQ(said('H', "\1\0\1\0\1"s), "CopyOutResponse 1: 1");
    EXPECT_EQ(said('W', "\0\0\0"s), "CopyBothResponse 0:");
    EXPECT_THAT(said('G', "\2\0\0"s), HasSubstr("the unknown format 2"));
    EXPECT_THAT(said('G', "\1\0\1\0\2"s), HasSubstr("a column of the unknown format 2"));
    EXPECT_THAT(said('H', "\1\xff\xff\0\1"s), HasSubstr("CopyOutResponse ends within the columns' formats"));
    EXPECT_EQ(said('d', "\0\xff"s), "CopyData '\0\xff'"s);
}

TEST(PgBackend, reports_have_all_fields) {
    const std::string body =
        "SFEHLER\0VERROR\0C23505\0Mduplicate\0Dkey (id)=(1)\0Htry another\0P15\0p3\0qSELECT 2\0Wline 7\0"
        "sapp\0tusers\0cid\0dint4\0nusers_pkey\0Fnbtinsert.c\0L666\0R_bt_check_unique\0?future\0\0"s;
    const std::string fields =
        " severity=FEHLER unlocalized=ERROR sqlstate=23505 message=duplicate detail=key (id)=(1) hint=try another"
        " position=15 internal_position=3 internal_query=SELECT 2 where=line 7 schema=app table=users column=id"
        " datatype=int4 constraint=users_pkey file=nbtinsert.c line=666 routine=_bt_check_unique";
    EXPECT_EQ(said('E', body), "ErrorResponse" + fields);
    EXPECT_EQ(said('N', body), "NoticeResponse" + fields);
    EXPECT_EQ(said('E', "\0"s), "ErrorResponse");
}

TEST(PgBackend, positions_that_are_none_are_left_out) {
    for (const char* position : {"", "x", "0", "-1", "1x", "2147483648"}) {
        const std::string body = "P" + std::string(position) + "\0\0"s;
        EXPECT_FALSE(parse_report({MessageType::error_response, body}).position) << position;
    }
    const std::string last = "P2147483647\0\0"s;
    EXPECT_EQ(parse_report({MessageType::error_response, last}).position, 2147483647);
}

}  // namespace
}  // namespace aio::test
