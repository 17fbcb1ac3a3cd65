// WebSocket's frames: every rule of RFC 6455 section 5 and 7, whole and byte by byte.
#include "http/wire/ws_frame.hpp"

#include "http/body_fixture.hpp"

#include <random>

namespace aio::test {
namespace {

using namespace http::wire;
using namespace std::string_literals;

// "text:Hello, ping:, close 1000:bye, fault 1002"
std::string described(const WSEvent& event) {
    switch (event.opcode) {
        case WSOpcode::text: return "text:" + event.data;
        case WSOpcode::binary: return "binary:" + event.data;
        case WSOpcode::ping: return "ping:" + event.data;
        case WSOpcode::pong: return "pong:" + event.data;
        case WSOpcode::close: return "close " + std::to_string(event.close_code) + ":" + event.data;
        case WSOpcode::continuation: break;
    }
    return "?";
}

std::string read_pieces(WSReader& reader, std::string_view bytes, std::size_t size) {
    std::string transcript;
    const auto note = [&](const std::string& text) { transcript += (transcript.empty() ? "" : ", ") + text; };
    try {
        while (!bytes.empty()) {
            std::string_view piece = bytes.substr(0, size);
            bytes.remove_prefix(piece.size());
            while (const std::optional<WSEvent> event = reader.read(piece)) note(described(*event));
            EXPECT_EQ(piece, "");
        }
    } catch (const WSProtocolError& error) {
        note("fault " + std::to_string(error.code()));
    }
    return transcript;
}

// What a client's end makes of a server's bytes, whichever way they are cut.
std::string read_all(const std::string& bytes, std::uint64_t max_size = 1000) {
    WSReader whole(false, max_size), single(false, max_size);
    std::string transcript = read_pieces(whole, bytes, std::string::npos);
    EXPECT_EQ(read_pieces(single, bytes, 1), transcript);
    for (std::size_t cut = 1; cut < std::min<std::size_t>(bytes.size(), 40); ++cut) {
        WSReader reader(false, max_size);
        EXPECT_EQ(read_pieces(reader, bytes, cut), transcript) << "in pieces of " << cut;
    }
    return transcript;
}

std::string frame(int first, std::string_view payload) {
    std::string bytes(1, static_cast<char>(first));
    bytes += static_cast<char>(payload.size());
    return bytes + std::string(payload);
}

TEST(WSReader, reads_the_examples_of_the_rfc) {  // RFC 6455 section 5.7
    EXPECT_EQ(read_all("\x81\x05Hello"), "text:Hello");
    EXPECT_EQ(read_all("\x01\x03Hel\x80\x02lo"), "text:Hello");
    EXPECT_EQ(read_all("\x89\x05Hello"), "ping:Hello");
    EXPECT_EQ(read_all("\x82\x7e\x01\x00"s + std::string(256, 'x')), "binary:" + std::string(256, 'x'));
    const std::string large(65536, 'y');
    EXPECT_EQ(read_all("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s + large, 0), "binary:" + large);
    WSReader server(true, 1000);
    std::string_view masked("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    EXPECT_EQ(described(*server.read(masked)), "text:Hello");
}

// websockets: test_frames.test_text, test_frames.test_binary, test_frames.test_text_non_final
// websockets: test_frames.test_binary_non_final, test_frames.test_parse_and_serialize
TEST(WSReader, reads_what_follows_what) {
    EXPECT_EQ(read_all(frame(0x81, "a") + frame(0x82, "b") + frame(0x8a, "") + frame(0x88, "")),
              "text:a, binary:b, pong:, close 1005:");
    EXPECT_EQ(read_all(frame(0x01, "a") + frame(0x89, "p") + frame(0x00, "b") + frame(0x8a, "q") + frame(0x80, "")),
              "ping:p, pong:q, text:ab");
    EXPECT_EQ(read_all(frame(0x81, "")), "text:");
    EXPECT_EQ(read_all(frame(0x88, "\x03\xe8"s + "bye")), "close 1000:bye");
}

TEST(WSReader, refuses_what_frames_may_not_be) {
    const std::string fault = "fault 1002";
    for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) EXPECT_EQ(read_all(frame(0x80 | opcode, "")), fault);
    for (const int reserved : {0x10, 0x20, 0x40}) EXPECT_EQ(read_all(frame(0x81 | reserved, "")), fault);
    EXPECT_EQ(read_all("\x81\x80\0\0\0\0"s), fault) << "a mask from a server";
    EXPECT_EQ(read_all(frame(0x09, "")), fault) << "a ping in pieces";
    EXPECT_EQ(read_all("\x89\x7e\x00\x7e"s), fault) << "a long ping";
    EXPECT_EQ(read_all(frame(0x80, "")), fault) << "a continuation of nothing";
    EXPECT_EQ(read_all(frame(0x01, "a") + frame(0x81, "b")), fault) << "a message inside another";
    EXPECT_EQ(read_all("\x82\x7e\x00\x7d"s), fault) << "two bytes for a length of 125";
    EXPECT_EQ(read_all("\x82\x7f\0\0\0\0\0\0\xff\xff"s), fault) << "eight for 65535";
    EXPECT_EQ(read_all("\x82\x7f\x80\0\0\0\0\0\0\0"s, 0), fault) << "2^63";
    WSReader server(true, 1000);
    std::string_view bare("\x81\x01z");
    EXPECT_THROW(server.read(bare), WSProtocolError);
}

TEST(WSReader, refuses_close_frames_that_say_nothing_valid) {
    EXPECT_EQ(read_all(frame(0x88, "\x03")), "fault 1002");
    for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) {
        EXPECT_EQ(read_all(frame(0x88, ws_close_payload(static_cast<std::uint16_t>(code), ""))), "fault 1002")
            << code;
    }
    for (const int code : {1000, 1003, 1007, 1014, 3000, 4999}) {
        EXPECT_EQ(read_all(frame(0x88, ws_close_payload(static_cast<std::uint16_t>(code), ""))),
                  "close " + std::to_string(code) + ":");
    }
    EXPECT_EQ(read_all(frame(0x88, "\x03\xe8\xff"s)), "fault 1007");
}

TEST(WSReader, sees_bad_text_as_soon_as_it_comes) {
    EXPECT_EQ(read_all(frame(0x81, "caf\xc3\xa9")), "text:caf\xc3\xa9");
    EXPECT_EQ(read_all(frame(0x01, "\xe2\x82") + frame(0x80, "\xac")), "text:\xe2\x82\xac")
        << "a character in two frames";
    EXPECT_EQ(read_all(frame(0x81, "\xe2\x82")), "fault 1007");
    EXPECT_EQ(read_all(frame(0x01, "ok\xff") + frame(0x89, "")), "fault 1007") << "before the message has ended";
    EXPECT_EQ(read_all(frame(0x82, "\xff")), "binary:\xff");
    EXPECT_EQ(read_all(frame(0x81, "\xed\xa0\x80")), "fault 1007") << "half of a surrogate pair";
}

TEST(WSReader, refuses_large_messages_before_they_come) {
    EXPECT_EQ(read_all(frame(0x82, "12345"), 5), "binary:12345");
    WSReader reader(false, 5);
    std::string_view header("\x82\x06", 2);
    try {
        reader.read(header);
        ADD_FAILURE() << "nothing was thrown";
    } catch (const WSProtocolError& error) {
        EXPECT_EQ(error.code(), 1009);
    }
    EXPECT_EQ(read_all(frame(0x02, "123") + frame(0x80, "456"), 5), "fault 1009");
    EXPECT_EQ(read_all(frame(0x02, "123") + frame(0x89, "123456") + frame(0x80, "45"), 5),
              "ping:123456, binary:12345");
}

TEST(WSFrame, what_is_written_is_read) {
    std::mt19937 random(1);
    for (const std::size_t size : {0, 1, 7, 8, 9, 125, 126, 127, 65535, 65536, 70001}) {
        std::string payload(size, '\0');
        for (char& c : payload) c = static_cast<char>(random());
        const WSMask mask = {'\x12', '\xff', '\0', '\x80'};
        for (const WSMask* masked : {static_cast<const WSMask*>(nullptr), &mask}) {
            std::string bytes;
            append_ws_frame(bytes, WSOpcode::binary, false, payload, masked);
            for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, std::string::npos}) {
                WSReader reader(masked != nullptr, 0);
                EXPECT_EQ(read_pieces(reader, bytes, piece), "binary:" + payload);
            }
        }
    }
}

}  // namespace
}  // namespace aio::test
