// Event streams: the parsing rules of the HTML standard (section 9.2.5 and 9.2.6), whole and byte by byte; and what is
// written, read again.
#include "http/wire/sse_parser.hpp"

#include <aio/base/error.hpp>

#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace aio::http::wire {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

constexpr std::size_t kLimit = 1000;

std::string read_pieces(SSEParser& parser, std::string_view bytes, std::size_t size) {
    std::string transcript;
    const auto note = [&](const std::string& text) { transcript += (transcript.empty() ? "" : " | ") + text; };
    try {
        while (!bytes.empty()) {
            std::string_view piece = bytes.substr(0, size);
            bytes.remove_prefix(piece.size());
            while (const std::optional<SSEEvent> event = parser.read(piece)) {
                std::string text = event->type.empty() ? "message" : event->type;
                if (!event->last_event_id.empty()) text += "#" + event->last_event_id;
                note(text + ":" + event->data);
            }
            EXPECT_EQ(piece, "");
        }
    } catch (const SSELimitError& error) {
        note("too large");
        EXPECT_EQ(error.limit(), kLimit);
    }
    return transcript;
}

// "type#id:data | type#id:data", the same however the bytes are cut.
std::string events(std::string_view bytes) {
    SSEParser parser(kLimit);
    const std::string whole = read_pieces(parser, bytes, bytes.size());
    for (const std::size_t size : {1, 2, 3, 7}) {
        SSEParser other(kLimit);
        EXPECT_EQ(read_pieces(other, bytes, size), whole) << "in pieces of " << size;
        EXPECT_EQ(other.last_event_id(), parser.last_event_id());
        EXPECT_EQ(other.retry_ms(), parser.retry_ms());
    }
    return whole;
}

TEST(SSEParser, dispatches_an_event_at_an_empty_line) {
    EXPECT_EQ(events("data: one\n\ndata: two\n\n"), "message:one | message:two");
    EXPECT_EQ(events("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n"), "add:73857293 | remove:2153");
    EXPECT_EQ(events(""), "");
    EXPECT_EQ(events("\n\n\n"), "");
}

TEST(SSEParser, joins_lines_of_data_with_lf) {
    EXPECT_EQ(events("data: YHOO\ndata: +2\ndata: 10\n\n"), "message:YHOO\n+2\n10");
    EXPECT_EQ(events("data\n\ndata\ndata\n\ndata:"), "message: | message:\n");  // the example of section 9.2.6
    EXPECT_EQ(events("data:\n\ndata\ndata\n\ndata:test\n\n"), "message: | message:\n | message:test");
}

TEST(SSEParser, takes_one_space_off_a_value) {
    EXPECT_EQ(events("data:test\n\ndata: test\n\n"), "message:test | message:test");
    EXPECT_EQ(events("data:  two\n\ndata:\ttab\n\n"), "message: two | message:\ttab");
    EXPECT_EQ(events("data: a: b:c\n\n"), "message:a: b:c");
}

TEST(SSEParser, ends_lines_at_cr_lf_and_both) {
    EXPECT_EQ(events("data: a\r\rdata: b\r\r"), "message:a | message:b");
    EXPECT_EQ(events("data: a\r\n\r\ndata: b\r\n\r\n"), "message:a | message:b");
    EXPECT_EQ(events("data: a\r\n\rdata: b\n\r\n"), "message:a | message:b");
    EXPECT_EQ(events("data:1\rdata:2\r\ndata:3\ndata:4\n\n"), "message:1\n2\n3\n4");
    EXPECT_EQ(events("data: a\n\rdata: b\n\n"), "message:a | message:b");
    EXPECT_EQ(events("data: a\r\r\ndata: b\r\r\n"), "message:a | message:b");
}

TEST(SSEParser, ignores_comments_and_unknown_fields) {
    EXPECT_EQ(events(": test stream\n\ndata: a\n:\n: b\ndata: c\n\n"), "message:a\nc");
    EXPECT_EQ(events("data : no\nDATA: no\n data: no\ndata1: no\nfoo\nbar: baz\ndata: yes\n\n"), "message:yes");
    EXPECT_EQ(events(":" + std::string(10 * kLimit, 'x') + "\ndata: a\n\n"), "message:a");
    EXPECT_EQ(events("data: a\n:" + std::string(10 * kLimit, '\0') + "\r\n\r\n"), "message:a");
}

TEST(SSEParser, forgets_the_type_of_an_event_without_data) {
    EXPECT_EQ(events("event: a\n\ndata: b\n\n"), "message:b");
    EXPECT_EQ(events("event: a\nevent: b\ndata: c\n\n"), "b:c");
    EXPECT_EQ(events("event: a\nevent:\ndata: c\n\n"), "message:c");
    EXPECT_EQ(events("event: a\ndata: 1\n\ndata: 2\n\n"), "a:1 | message:2");
    EXPECT_EQ(events("event:message\ndata: 1\n\n"), "message:1");
}

TEST(SSEParser, drops_an_event_without_its_empty_line) {
    EXPECT_EQ(events("data: a\n\ndata: b"), "message:a");
    EXPECT_EQ(events("data: a\n\ndata: b\n"), "message:a");
    EXPECT_EQ(events("data: a\n\nid: 2\nretry"), "message:a");
}

TEST(SSEParser, keeps_the_id_until_the_next_one) {
    // The example of section 9.2.6.
    EXPECT_EQ(events(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
              "message#1:first event | message:second event | message: third event");
    EXPECT_EQ(events("id: 7\n\ndata: a\n\ndata: b\n\n"), "message#7:a | message#7:b");
    EXPECT_EQ(events("id: 1\nid: 2\ndata: a\n\n"), "message#2:a");
    EXPECT_EQ(events("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n"s), "message#1:a | message#1:b");
    EXPECT_EQ(events("id: 1\0\ndata: a\n\n"s), "message:a");
}

TEST(SSEParser, counts_an_id_when_its_event_has_ended) {
    SSEParser parser(kLimit);
    EXPECT_EQ(read_pieces(parser, "id: 1\ndata: a\n\nid: 2\ndata: b\n", 5), "message#1:a");
    EXPECT_EQ(parser.last_event_id(), "1");
    parser.restart();
    EXPECT_EQ(read_pieces(parser, "data: c\n\nid: 3\n\n", 5), "message#1:c");
    EXPECT_EQ(parser.last_event_id(), "3");
}

std::optional<std::uint64_t> retry(std::string_view bytes) {
    SSEParser parser(kLimit);
    EXPECT_EQ(read_pieces(parser, bytes, 3), "");
    return parser.retry_ms();
}

TEST(SSEParser, takes_a_reconnection_time_of_digits) {
    EXPECT_EQ(retry("retry: 1500\n"), 1500u);  // at once, without an empty line
    EXPECT_EQ(retry("retry:0\n"), 0u);
    EXPECT_EQ(retry("retry: 007\n"), 7u);
    EXPECT_EQ(retry("retry: 5\nretry:\nretry\nretry: x\nretry: 6x\nretry: -1\nretry: 1.5\nretry:  7\n"), 5u);
    EXPECT_EQ(retry("retry: +1\nretry: 1e3\nretry: 0x10\n"), std::nullopt);
    EXPECT_EQ(retry("retry: 18446744073709551615\n"), UINT64_MAX);
    EXPECT_EQ(retry("retry: 99999999999999999999999999\n"), UINT64_MAX);
}

TEST(SSEParser, skips_one_byte_order_mark) {
    EXPECT_EQ(events("\xef\xbb\xbf"
                     "data: a\n\n"),
              "message:a");
    EXPECT_EQ(events("\xef\xbb\xbf\xef\xbb\xbf"
                     "data: a\n\ndata: b\n\n"),
              "message:b");
    EXPECT_EQ(events("\xef\xbb"
                     "data: a\n\ndata: b\n\n"),
              "message:b");
    EXPECT_EQ(events("\xef\n\ndata: b\n\n"), "message:b");
    EXPECT_EQ(events("\xef\xbb\xbf\n\xef\xbb\xbf"
                     "data: a\n\n"),
              "");
    EXPECT_EQ(events("\xef\xbb\xbf"), "");
}

TEST(SSEParser, replaces_what_is_not_utf8) {
    EXPECT_EQ(events("data: \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n\n"), "message:é€😀");
    EXPECT_EQ(events("data: a\xff\n\ndata: \xe2\x82\n\n"), "message:a\xef\xbf\xbd | message:\xef\xbf\xbd");
    EXPECT_EQ(events("event: \xff\nid: \xfe\ndata: a\n\n"), "\xef\xbf\xbd#\xef\xbf\xbd:a");
    EXPECT_EQ(events("data: a\0b\n\n"s), "message:a\0b"s);
}

TEST(SSEParser, limits_what_it_keeps_of_an_event) {
    EXPECT_EQ(events("data:" + std::string(kLimit, 'x') + "\n\n"), "message:" + std::string(kLimit, 'x'));
    EXPECT_EQ(events("data:" + std::string(kLimit + 1, 'x') + "\n\n"), "too large");
    EXPECT_EQ(events("data:" + std::string(2 * kLimit, 'x')), "too large");
    EXPECT_EQ(events("unknown" + std::string(2 * kLimit, 'x') + "\n\n"), "too large");
    EXPECT_EQ(events("event:" + std::string(600, 'x') + "\ndata:" + std::string(600, 'x') + "\n"), "too large");
    EXPECT_EQ(events("id:" + std::string(600, 'x') + "\nevent:" + std::string(600, 'x') + "\n"), "too large");
    EXPECT_EQ(events("data:" + std::string(400, '\xff') + "\n\n"), "too large");  // three bytes for each
    std::string lines;
    for (std::size_t i = 0; i <= kLimit; ++i) lines += "data\n";
    EXPECT_EQ(events(lines), "");
    EXPECT_EQ(events(lines + "data\n"), "too large");
    SSEParser parser(kLimit);
    EXPECT_EQ(read_pieces(parser, std::string(2 * kLimit, 'x'), 100), "too large");
    EXPECT_EQ(read_pieces(parser, "data: a\n\n", 100), "too large");
    parser.restart();
    EXPECT_EQ(read_pieces(parser, "data: a\n\n", 100), "message:a");
}

TEST(SSEParser, has_limits_from_0_to_the_greatest) {
    SSEParser none(0), all(SIZE_MAX);
    std::string_view input = "data\n\nevent: a\n\ndata: b\n\n";
    EXPECT_EQ(none.read(input)->data, "");
    EXPECT_THROW(none.read(input), SSELimitError);
    const std::string large = "data: " + std::string(100'000, 'x') + "\n\n";
    EXPECT_EQ(read_pieces(all, large, 1000).size(), 100'008u);
}

// --- writing ---------------------------------------------------------------------------------------------------------

std::string written(std::string_view data, std::string_view type = {}, std::optional<std::string_view> id = {},
                    std::optional<std::uint64_t> retry_ms = {}) {
    std::string text;
    append_sse_event(text, data, type, id, retry_ms);
    return text;
}

TEST(SSEWriter, writes_a_field_for_each_line) {
    EXPECT_EQ(written("a"), "data: a\n\n");
    EXPECT_EQ(written(""), "data: \n\n");
    EXPECT_EQ(written("a\nb\r\nc\rd\n"), "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
    EXPECT_EQ(written("a", "tick", "7", 1500), "event: tick\nid: 7\nretry: 1500\ndata: a\n\n");
    EXPECT_EQ(written("a", "", "", 0), "id: \nretry: 0\ndata: a\n\n");
    std::string comment;
    append_sse_comment(comment, "one\ndata: two");
    EXPECT_EQ(comment, ": one\n: data: two\n\n");
}

TEST(SSEWriter, writes_what_the_parser_reads) {
    EXPECT_EQ(events(written(" a\n\n b ", "tick", "7") + written("data: x\r\n:y", "", "")),
              "tick#7: a\n\n b  | message:data: x\n:y");
}

TEST(SSEWriter, refuses_fields_that_would_end_early) {
    for (const char* bad : {"a\nb", "a\rb", "\n"}) {
        EXPECT_THROW(written("", bad), ValueError);
        EXPECT_THROW(written("", "", bad), ValueError);
    }
    EXPECT_THROW(written("", "", std::string_view("a\0b", 3)), ValueError);
}

}  // namespace
}  // namespace aio::http::wire
