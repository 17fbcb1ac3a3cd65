// MultipartReader: limits, and what is refused.
#include "http/multipart_parts.hpp"

namespace aio::test {
namespace {

// --- limits ------------------------------------------------------------------------------------------------------

Coro<bool> too_large(std::string text, MultipartLimits limits) {
    try {
        co_await parts_of(std::move(text), 1 << 20, limits);
    } catch (const MultipartError& error) {
        co_return error.too_large();
    }
    ADD_FAILURE() << "nothing was refused";
    co_return false;
}

ASYNC_TEST(Multipart, limits_hold) {
    MultipartLimits limits;
    limits.max_parts = 2;
    const std::string three = field("a", "1") + field("b", "2") + field("c", "3") + "--B--";
    EXPECT_EQ(co_await refusal(three, limits), "the body has more than 2 parts");
    limits = {};
    limits.max_header_bytes = 100;
    co_await refusal("--B\r\nX: " + std::string(100, 'x') + "\r\n\r\n\r\n--B--", limits);
    co_await refusal("--B\r\n" + std::string(1000, 'x'), limits);
    EXPECT_EQ((co_await parts_of("--B\r\nX: " + std::string(97, 'x') + "\r\n\r\n\r\n--B--", 1, limits)).size(), 1u);
    limits = {};
    limits.max_header_fields = 2;
    co_await refusal("--B\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n\r\n--B--", limits);
    limits = {};
    limits.max_preamble = 100;
    co_await refusal(std::string(1000, 'x') + "\r\n--B--", limits);
    limits = {};
    limits.max_memory = 100;
    co_await refusal(field("a", prose(101)) + "--B--", limits);
    EXPECT_EQ((co_await parts_of(field("a", prose(100)) + "--B--", 1, limits)).size(), 1u);
}

ASYNC_TEST(Multipart, bytes_behind_the_last_part_and_all_together_are_limited) {
    MultipartLimits limits;
    limits.max_epilogue = 100;
    const std::string one = field("a", "1") + "--B--";
    EXPECT_EQ(co_await refusal(one + std::string(101, 'e'), limits),
              "the multipart body has more than 100 bytes after its last part");
    EXPECT_EQ((co_await parts_of(one + std::string(100, 'e'), 1, limits)).size(), 1u);
    limits = {};
    co_await refusal(one + std::string(70'000, 'e'));
    limits.max_body = one.size();
    EXPECT_EQ((co_await parts_of(one, 1, limits)).size(), 1u);
    EXPECT_TRUE(co_await too_large(one + "e", limits));
    // Names and headers count, and what lies before the first part.
    limits.max_body = 1000;
    EXPECT_TRUE(co_await too_large(field(std::string(1000, 'n'), "") + "--B--", limits));
    EXPECT_TRUE(co_await too_large(std::string(1000, 'p') + "\r\n" + one, limits));
}

ASYNC_TEST(Multipart, the_error_tells_a_limit_from_a_broken_body) {
    MultipartLimits limits;
    limits.max_memory = 3;
    limits.max_parts = 1;
    EXPECT_TRUE(co_await too_large("--B\r\n\r\nlonger\r\n--B--", limits));
    EXPECT_TRUE(co_await too_large("--B\r\n\r\n1\r\n--B\r\n\r\n2\r\n--B--", limits));
    EXPECT_FALSE(co_await too_large("--B\r\n\r\nlon", limits));
    EXPECT_FALSE(co_await too_large("--B\r\nno field\r\n\r\n\r\n--B--", limits));
}

// --- what is refused ---------------------------------------------------------------------------------------------

ASYNC_TEST(Multipart, a_body_that_is_cut_short_is_refused_wherever) {
    const std::string text = field("a", "1") + field("b", "2") + "--B--";
    for (std::size_t size = 0; size < text.size(); ++size) {
        const std::string what = co_await refusal(text.substr(0, size));
        EXPECT_NE(what.find("cut short"), std::string::npos) << size << ": " << what;
    }
    EXPECT_EQ((co_await parts_of(text)).size(), 2u);
}

ASYNC_TEST(Multipart, headers_that_are_none_are_refused) {
    for (const char* header :
         {"no colon", ": no name", "na me: x", "name : x", "a: 1\r\n folded: 2", "a: x\ny", "a: x\ry", "a: \x01",
          "a\nb: c", "Content-Disposition: form-data; name=\"open", "Content-Disposition: ;"}) {
        EXPECT_NE(co_await refusal("--B\r\n" + std::string(header) + "\r\n\r\nx\r\n--B--"), "") << header;
    }
}

ASYNC_TEST(Multipart, bare_line_feeds_are_no_line_ends) {
    // Some readers would see two parts here; whoever checks the body before us may be one of them.
    const Parts expected = {{"", "x\n--B\n\ny"}};
    EXPECT_EQ(co_await parts_of("--B\r\n\r\nx\n--B\n\ny\r\n--B--"), expected);
    co_await refusal("--B\n\nx\n--B--\n");
}

TEST(MultipartBoundary, is_read_from_the_content_type) {
    EXPECT_EQ(http::multipart_boundary("multipart/form-data; boundary=abc"), "abc");
    EXPECT_EQ(http::multipart_boundary("Multipart/Mixed; charset=x; BOUNDARY=\"a b\""), "a b");
    for (const char* type :
         {"", "text/plain; boundary=a", "multipart/mixed", "multipart/mixed; boundary=", "multipart"}) {
        EXPECT_THROW(http::multipart_boundary(type), MultipartError) << type;
    }
    BodyReader body;
    for (const std::string& boundary : {std::string(), std::string(71, 'x'), std::string("a\r\nb")}) {
        EXPECT_THROW(MultipartReader(body, boundary), MultipartError);
    }
}

}  // namespace
}  // namespace aio::test
