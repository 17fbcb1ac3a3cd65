// Frames: messages from bytes that come in any pieces, limits, and servers that are none.
#include "db/pg/wire/message_reader.hpp"

#include "db/pg/wire/errors.hpp"
#include "db/pg/wire/transcript.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace aio::test {
namespace {

using namespace pg::wire;
using namespace std::string_literals;
using testing::HasSubstr;

std::string read_error(std::string_view bytes, std::size_t max_size = MessageReader::kUnlimited) {
    MessageReader reader(max_size);
    try {
        while (reader.read(bytes)) {}
        ADD_FAILURE() << "nothing was thrown";
    } catch (const ProtocolError& error) {
        return error.what();
    }
    return "";
}

std::string header(char type, std::uint32_t length) {
    std::string bytes(1, type);
    append_u32(bytes, length);
    return bytes;
}

TEST(PgMessageReader, a_whole_message_is_not_copied) {
    const std::string bytes = pg_message('Z', "I") + pg_message('n') + pg_message('d', "data");
    std::string_view input = bytes;
    MessageReader reader;
    EXPECT_EQ(reader.read(input)->body.data(), bytes.data() + 5);
    const Message empty = *reader.read(input);
    EXPECT_EQ(empty.type, MessageType::no_data);
    EXPECT_EQ(empty.body, "");
    EXPECT_EQ(reader.read(input)->body.data(), bytes.data() + 16);
    EXPECT_EQ(input, "");
    EXPECT_FALSE(reader.read(input));
    EXPECT_FALSE(reader.in_message());
}

TEST(PgMessageReader, a_cut_message_is_held) {
    const std::string bytes = pg_message('d', "data");
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        std::string_view first = std::string_view(bytes).substr(0, cut);
        const std::string rest = bytes.substr(cut) + pg_message('Z', "T");
        std::string_view second = rest;
        MessageReader reader;
        EXPECT_FALSE(reader.read(first));
        EXPECT_EQ(first, "");
        EXPECT_TRUE(reader.in_message());
        EXPECT_EQ(reader.read(second)->body, "data");
        EXPECT_FALSE(reader.in_message());
        EXPECT_EQ(reader.read(second)->body.data(), rest.data() + rest.size() - 1) << "the next one is not copied";
    }
}

TEST(PgMessageReader, large_messages_come_in_pieces_of_any_size) {
    const std::string data(3'000'000, 'x'), bytes = pg_message('d', data) + pg_message('c');
    for (const std::size_t size : {std::size_t{1000}, std::size_t{65536}, bytes.size()}) {
        PgTranscript transcript;
        EXPECT_EQ(transcript.read(bytes, size), "CopyData '" + data + "'\nCopyDone\n") << "in pieces of " << size;
    }
}

TEST(PgMessageReader, limits_the_size) {
    for (const std::size_t limit : {0, 1, 4}) {
        const std::string most = pg_message('D', std::string(limit, '\0')),
                          over = header('D', 5 + static_cast<unsigned>(limit));
        std::string_view input = most;
        EXPECT_EQ(MessageReader(limit).read(input)->body.size(), limit);
        EXPECT_THAT(read_error(over, limit),
                    HasSubstr("a DataRow of " + std::to_string(limit + 1) + " bytes, above the limit"));
    }
    EXPECT_THAT(read_error(header('D', 0x40000004)), HasSubstr("1073741824 bytes"));
    EXPECT_THAT(read_error(header('E', 0x80000000)), HasSubstr("above the limit"));
    EXPECT_THAT(read_error(header('d', 0xffffffff), static_cast<std::size_t>(-1) >> 40),
                HasSubstr("above the limit"));
    const std::string longest = header('D', 0x40000003);
    std::string_view large = longest;
    EXPECT_FALSE(MessageReader().read(large)) << "nothing is allocated before it comes";
    EXPECT_THAT(read_error(header('Z', 5 + MessageReader::kMaxShort)), HasSubstr("a ReadyForQuery of 1048577 bytes"));
}

TEST(PgMessageReader, refuses_lengths_below_four) {
    for (const std::uint32_t length : {0, 1, 3}) {
        EXPECT_THAT(read_error(header('Z', length)), HasSubstr("a ReadyForQuery of a length below 4"));
    }
}

TEST(PgMessageReader, says_what_came_instead) {
    EXPECT_THAT(read_error("HTTP/1.1 400 Bad Request\r\n"),
                HasSubstr("\"HTTP/1.1 400 Bad Request\\x0d\\x0a\": this is a web server"));
    EXPECT_THAT(read_error("SSH-2.0-OpenSSH_9.2"), HasSubstr("SSH server"));
    EXPECT_THAT(read_error("\x15\x03\x01\x00\x02\x02"s), HasSubstr("this is TLS"));
    EXPECT_THAT(read_error("220 mail ESMTP"), HasSubstr("220 mail"));
    EXPECT_THAT(read_error("S\x16\x03\x01\x02\x00"s), HasSubstr("above the limit")) << "the answer to an SSLRequest";
    EXPECT_THAT(read_error("Ecould not fork new process: out of memory\n"), HasSubstr("could not fork new process"));
    EXPECT_THAT(read_error(std::string(1, '\0')), HasSubstr("no message of the protocol"));
    EXPECT_THAT(read_error("V\0\0\0\x8\0\0\0\0"s), HasSubstr("no message of the protocol"))
        << "no function was called";
}

TEST(PgMessageReader, every_byte_is_a_type_or_refused) {
    int types = 0;
    for (int byte = 0; byte < 256; ++byte) {
        const char type = static_cast<char>(byte);
        std::string_view input(&type, 1);
        MessageReader reader;
        if (name_of(static_cast<MessageType>(type)).empty()) {
            EXPECT_THROW(reader.read(input), ProtocolError);
        } else {
            EXPECT_FALSE(reader.read(input));
            ++types;
        }
    }
    EXPECT_EQ(types, 23);
}

TEST(PgSslAnswer, is_one_byte) {
    std::string_view yes = "S", no = "N", error = "E\0\0\0\5", other = "H", none = "S\x16";
    EXPECT_EQ(read_ssl_answer(yes), SslAnswer::accepted);
    EXPECT_EQ(yes, "");
    EXPECT_EQ(read_ssl_answer(no), SslAnswer::refused);
    EXPECT_EQ(no, "");
    EXPECT_EQ(read_ssl_answer(error), SslAnswer::error);
    EXPECT_EQ(error.front(), 'E');
    EXPECT_THROW(read_ssl_answer(other), ProtocolError);
    EXPECT_THROW(read_ssl_answer(none), ProtocolError) << "bytes that TLS does not protect";
}

}  // namespace
}  // namespace aio::test
