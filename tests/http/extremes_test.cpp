// Numbers of bodies, parts, cookies and URLs at their ends. The rule and its check: tools/extremes.py.
#include <aio/http/client/cookie_jar.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/status.hpp>
#include <aio/http/url.hpp>

#include "http/multipart_parts.hpp"

#include <climits>

namespace aio::test {
namespace {

using http::URL;
using testing::HasSubstr;

const std::string kBody = "one\ntwo\n";

// A body of "one\ntwo\n" and its reader.
struct Body {
    Chopped source{kBody, 3};
    BodyReader reader{&source};
};

// The parts of "a=1&b=22" with a preamble and an epilogue of 3 bytes, or why they were refused.
Coro<std::string> parts_with(MultipartLimits limits) {
    Upload upload("pre\r\n" + field("a", "1") + field("b", "22") + "--B--epi", 1 << 20, limits);
    std::string text;
    try {
        for (const Part& part : co_await read_all(upload.parts)) text += part.name + "=" + part.content + " ";
    } catch (const MultipartError& error) {
        EXPECT_TRUE(error.too_large());
        text = "refused";
    }
    co_return text;
}

}  // namespace

// Extremes: http::BodyReader::read(size), http::BodyReader::read_nowait(size), http::BodyReader::readexactly(size)
ASYNC_TEST(Extremes, of_reading_bodies) {
    for (const std::ptrdiff_t all : {PTRDIFF_MIN, std::ptrdiff_t{-1}}) {
        Body body;
        EXPECT_EQ(co_await body.reader.read(all), kBody);
        EXPECT_EQ(co_await body.reader.read(all), "");
        EXPECT_EQ(body.reader.read_nowait(all), "");
    }
    Body body;
    EXPECT_EQ(co_await body.reader.read(0), "");
    EXPECT_EQ(body.reader.read_nowait(PTRDIFF_MAX), "") << "nothing has come";
    EXPECT_EQ(co_await body.reader.read(1), "o");
    EXPECT_EQ(body.reader.read_nowait(0), "");
    EXPECT_EQ(body.reader.read_nowait(1), "n");
    EXPECT_EQ(co_await body.reader.read(PTRDIFF_MAX), "e") << "what there is";
    EXPECT_EQ(co_await body.reader.readexactly(0), "");
    EXPECT_EQ(co_await body.reader.readexactly(1), "\n");
    std::string partial;
    try {
        co_await body.reader.readexactly(SIZE_MAX);
    } catch (const IncompleteReadError& error) {
        partial = error.partial();
    }
    EXPECT_EQ(partial, "two\n");
    EXPECT_EQ(co_await body.reader.readexactly(0), "");
}

// Extremes: http::BodyReader::readline(limit), http::BodyReader::readuntil(limit)
ASYNC_TEST(Extremes, of_lines_of_bodies) {
    Body body;
    for (const std::size_t limit : {std::size_t{0}, std::size_t{1}}) {
        co_await expect_throws<LimitOverrunError>(body.reader.readline(limit));
        co_await expect_throws<LimitOverrunError>(body.reader.readuntil("\n", limit));
    }
    co_await expect_throws<ValueError>(body.reader.readuntil("", 1));
    EXPECT_EQ(co_await body.reader.readline(SIZE_MAX), "one\n");
    EXPECT_EQ(co_await body.reader.readuntil("|", SIZE_MAX), "two\n");
    EXPECT_EQ(co_await body.reader.readline(0), "") << "at the end";
}

// Extremes: http::BodyReader::iter_chunked(size)
ASYNC_TEST(Extremes, of_pieces_of_bodies) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{8}, SIZE_MAX / 2 + 1, SIZE_MAX}) {
        Body body;
        auto pieces = body.reader.iter_chunked(size);
        std::size_t count = 0;
        std::string all;
        while (auto piece = co_await pieces.next()) {
            ++count;
            all += *piece;
        }
        EXPECT_EQ(all, kBody);
        EXPECT_EQ(count, size == 1 ? 8u : 1u);
    }
    Body body;
    EXPECT_THAT(expect_error<ValueError>([&] { body.reader.iter_chunked(0); }), HasSubstr("must be positive"));
}

// Extremes: http::MultipartLimits::max_parts, http::MultipartLimits::max_header_bytes,
//     http::MultipartLimits::max_header_fields, http::MultipartLimits::max_preamble,
//     http::MultipartLimits::max_epilogue, http::MultipartLimits::max_body, http::MultipartLimits::max_memory
ASYNC_TEST(Extremes, of_parts) {
    const std::string all = "a=1 b=22 ";
    for (const std::size_t most : {SIZE_MAX, SIZE_MAX - 3, SIZE_MAX / 2 + 1}) {
        const MultipartLimits limits{most, most, most, most, most, most, most, most};
        EXPECT_EQ(co_await parts_with(limits), all) << most;
    }
    for (const std::size_t few : {std::size_t{0}, std::size_t{1}}) {
        const std::string fields = few == 0 ? "refused" : all, body = few == 0 ? all : "refused";
        EXPECT_EQ(co_await parts_with({.max_parts = few}), "refused");
        EXPECT_EQ(co_await parts_with({.max_header_bytes = few}), "refused");
        EXPECT_EQ(co_await parts_with({.max_header_fields = few}), fields);
        EXPECT_EQ(co_await parts_with({.max_preamble = few}), "refused");
        EXPECT_EQ(co_await parts_with({.max_epilogue = few}), "refused");
        EXPECT_EQ(co_await parts_with({.max_body = few}), body) << "0: any number";
        EXPECT_EQ(co_await parts_with({.max_memory = few}), "refused");
    }
}

// Extremes: http::MultipartLimits::max_depth, http::BodyPart::read_chunk(size)
ASYNC_TEST(Extremes, of_depths_and_pieces_of_parts) {
    const std::string inner = "--C\r\n\r\nx\r\n--C--";
    const std::string text = "--B\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\n" + inner + "\r\n--B--";
    for (const std::size_t depth : {std::size_t{0}, std::size_t{1}, std::size_t{2}, SIZE_MAX}) {
        Upload upload(text, 1 << 20, {.max_depth = depth});
        std::optional<BodyPart> part = co_await upload.parts.next();
        CO_ASSERT_TRUE(part.has_value());
        if (depth < 2) {  // the body itself counts
            EXPECT_THROW(part->multipart(), MultipartError);
            continue;
        }
        MultipartReader within = part->multipart();
        std::optional<BodyPart> innermost = co_await within.next();
        CO_ASSERT_TRUE(innermost.has_value());
        EXPECT_EQ(co_await innermost->read_chunk(0), "");
        EXPECT_EQ(co_await innermost->read_chunk(SIZE_MAX), "x");
        EXPECT_EQ(co_await innermost->read_chunk(SIZE_MAX), "");
    }
}

// Extremes: http::Cookie::max_age, http::Cookie::expires
TEST(Extremes, of_how_long_cookies_last) {
    const URL url("http://a.example/");
    for (const std::int64_t time : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}, INT64_MAX}) {
        http::Cookie aged("aged", "1"), dated("dated", "1");
        aged.max_age = time;
        dated.expires = time;
        for (const http::Cookie& cookie : {aged, dated}) {
            EXPECT_FALSE(cookie.header().empty());
            http::CookieJar jar;
            jar.update_cookies(std::vector<http::Cookie>(1, cookie), url);
            const bool lasts = time == INT64_MAX || (time > 0 && cookie.name == "aged");
            EXPECT_EQ(jar.cookie_header(url), lasts ? cookie.name + "=1" : "") << cookie.name << time;
        }
    }
    for (const std::string age : {"-99999999999999999999", "99999999999999999999", "9223372036854775808"}) {
        http::Headers headers;
        headers.add("Set-Cookie", "a=1; Max-Age=" + age);
        http::CookieJar jar;
        jar.update_cookies(headers, url);
        EXPECT_EQ(jar.cookie_header(url), age.starts_with('-') ? "" : "a=1");
    }
}

// Extremes: http::URL::with_port(port), http::Headers::reserve(fields), http::Headers::reserve(text)
TEST(Extremes, of_urls_and_headers) {
    const URL url("http://a.example/");
    for (const std::uint16_t port : {0, 1, 65535}) EXPECT_EQ(url.with_port(port).port(), port);
    for (const std::string port : {"-1", "65536", "99999999999999999999"}) {
        EXPECT_THROW(URL("http://a.example:" + port + "/"), http::InvalidURL);
    }
    const std::string path(1'000'000, 'p');
    EXPECT_EQ(URL("http://a.example/" + path).path().size(), path.size() + 1);
    http::Headers headers;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}}) headers.reserve(size, size);
    EXPECT_THROW(headers.reserve(SIZE_MAX, 0), std::exception);
    EXPECT_THROW(headers.reserve(0, SIZE_MAX), std::exception);
    headers.add("A", "b");
    EXPECT_EQ(headers.get("A"), "b");
}

// Extremes: http::reason_phrase(status), http::has_no_body(status)
TEST(Extremes, of_words_for_statuses) {
    for (const int status : {INT_MIN, -1, 0, 99, 1000, INT_MAX}) {
        EXPECT_EQ(http::reason_phrase(status), "");
        static_cast<void>(http::has_no_body(status));
    }
    EXPECT_EQ(http::reason_phrase(200), "OK");
}

}  // namespace aio::test
