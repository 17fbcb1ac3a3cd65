// Forms, and what bodies that are sent come from.
#include <aio/http/form_data.hpp>
#include <aio/http/multipart.hpp>

#include "http/body_fixture.hpp"
#include "http/body_sources.hpp"
#include "io/files/file_fixture.hpp"

namespace aio::test {
namespace {

using http::FormData;
using http::detail::FileBody;

AsyncGenerator<std::string> three_pieces() {
    co_yield "one ";
    co_await aio::sleep(1ms);
    co_yield "";
    co_yield "two ";
    co_yield "three";
}

Coro<std::string> body_of(const FormData& form) {
    auto body = form.open();
    const std::string text = co_await all_of(*body);
    EXPECT_EQ(text.size(), form.size().value_or(text.size()));
    co_return text;
}

std::string boundary_of(const FormData& form) { return http::multipart_boundary(form.content_type()); }

ASYNC_TEST(FormData, plain_fields_are_urlencoded) {
    FormData form;
    form.add_field("a", "1 2").add_field("b&c", "d=\xC3\xA9\r\n").add_field("a", "");
    EXPECT_FALSE(form.is_multipart());
    EXPECT_EQ(form.content_type(), "application/x-www-form-urlencoded");
    EXPECT_EQ(co_await body_of(form), "a=1+2&b%26c=d%3D%C3%A9%0D%0A&a=");
    EXPECT_EQ(co_await body_of(form), "a=1+2&b%26c=d%3D%C3%A9%0D%0A&a=");
    const http::Query query = {{"x", "y"}, {"z", ""}};
    const FormData same(query);
    EXPECT_EQ(co_await body_of(same), "x=y&z=");
    const FormData none;
    EXPECT_EQ(co_await body_of(none), "");
}

ASYNC_TEST(FormData, a_field_with_a_file_name_makes_it_multipart) {
    FormData form;
    form.add_field("text", "hello").add_field("file", "<p>", {.filename = "a.html"});
    form.add_field("json", "{}", {.content_type = "application/json"});
    const std::string boundary = boundary_of(form);
    EXPECT_EQ(form.content_type(), "multipart/form-data; boundary=" + boundary);
    const std::string line = "--" + boundary;
    EXPECT_EQ(co_await body_of(form), line + "\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhello\r\n" +
                                          line +
                                          "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.html\"\r\n"
                                          "Content-Type: text/html\r\n\r\n<p>\r\n" +
                                          line +
                                          "\r\nContent-Disposition: form-data; name=\"json\"\r\n"
                                          "Content-Type: application/json\r\n\r\n{}\r\n" +
                                          line + "--\r\n");
}

ASYNC_TEST(FormData, names_cannot_end_their_quotes_or_their_header) {
    FormData form(true);
    form.add_field("a\"b\r\nX: y", "1", {.filename = "c\"\r\n.txt"});
    const std::string text = co_await body_of(form);
    EXPECT_NE(text.find("name=\"a%22b%0D%0AX: y\"; filename=\"c%22%0D%0A.txt\"\r\n"), std::string::npos) << text;
    EXPECT_THROW(form.add_field("a", "b", {.content_type = "text/plain\r\nX: y"}), ValueError);
    EXPECT_EQ(form.field_count(), 1u);
}

FILE_TEST(FormData, files_are_streamed_and_their_size_is_known) {
    const std::string content = prose(300'000);
    const std::string path = scratch.with(content, "cat.jpg");
    FormData form;
    form.add_field("before", "1").add_file("photo", path).add_field("after", "2");
    EXPECT_TRUE(form.size());
    EXPECT_TRUE(form.reusable());
    for (int i = 0; i < 2; ++i) {
        const std::string text = co_await body_of(form);
        EXPECT_NE(
            text.find("name=\"photo\"; filename=\"cat.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n" + content + "\r\n"),
            std::string::npos);
    }
    auto body = form.open();  // and dropped unread, and in the middle
    co_await body->next_piece();
    co_await body->next_piece();
    co_await body->next_piece();
}

FILE_TEST(FormData, a_file_that_is_not_there_is_told_at_once) {
    FormData form;
    EXPECT_THROW(form.add_file("f", scratch.path("missing")), FileNotFoundError);
    EXPECT_THROW(form.add_file("f", scratch.root()), IsADirectoryError);
    EXPECT_THROW(form.add_file("f", "/dev/null"), ValueError);
    EXPECT_EQ(form.field_count(), 0u);
    co_return;
}

FILE_TEST(FormData, a_file_that_changes_gives_what_was_promised_or_an_error) {
    const std::string path = scratch.with("0123456789");
    FormData form;
    form.add_file("f", path, {.filename = "x", .content_type = "a/b"});
    std::ofstream(path, std::ios::app) << "more";
    EXPECT_NE((co_await body_of(form)).find("\r\n\r\n0123456789\r\n--"), std::string::npos);
    scratch.with("0123");
    const std::string what = co_await expect_throws<RuntimeError>(body_of(form));
    EXPECT_NE(what.find("6 bytes are missing"), std::string::npos) << what;
    std::filesystem::remove(path);
    co_await expect_throws<FileNotFoundError>(body_of(form));
}

ASYNC_TEST(FormData, a_stream_is_sent_once) {
    FormData form;
    form.add_field("a", "1").add_stream("s", three_pieces(), {.filename = "s.txt"});
    EXPECT_FALSE(form.size());
    EXPECT_FALSE(form.reusable());
    const FormData copy = form;
    const std::string text = co_await body_of(form);
    EXPECT_NE(text.find("\r\n\r\none two three\r\n--"), std::string::npos) << text;
    EXPECT_THROW(form.open(), RuntimeError);
    EXPECT_THROW(copy.open(), RuntimeError);
}

ASYNC_TEST(FormData, a_body_that_was_opened_does_not_see_later_fields) {
    FormData form(true);
    form.add_field("a", "1");
    auto body = form.open();
    form.add_field("b", "2");
    const std::string text = co_await all_of(*body);
    EXPECT_EQ(text.find("\"b\""), std::string::npos);
    EXPECT_NE((co_await body_of(form)).find("\"b\""), std::string::npos);
}

TEST(FormData, boundaries_differ_and_fit_into_a_header) {
    const FormData one(true), other(true);
    EXPECT_NE(boundary_of(one), boundary_of(other));
    EXPECT_LE(boundary_of(one).size(), 70u);
}

// --- sources -----------------------------------------------------------------------------------------------------

FILE_TEST(FileBody, gives_a_range_of_a_file) {
    const std::string content = prose(200'000);
    const std::string path = scratch.with(content);
    const std::pair<std::uint64_t, std::optional<std::uint64_t>> ranges[] = {
        {0, std::nullopt},      {0, 0}, {0, 1}, {199'999, 1}, {65'535, 65'538}, {100, std::nullopt},
        {200'000, std::nullopt}};
    for (const auto& [offset, size] : ranges) {
        FileBody body(path, offset, size);
        EXPECT_EQ(co_await all_of(body), content.substr(offset, size.value_or(content.size())));
        EXPECT_EQ(co_await body.next_piece(), "");
    }
    FileBody beyond(path, 200'000, 1);
    co_await expect_throws<RuntimeError>(all_of(beyond));
    FileBody missing(scratch.path("missing"));
    co_await expect_throws<FileNotFoundError>(all_of(missing));
}

ASYNC_TEST(GeneratorBody, skips_empty_pieces_and_ends) {
    http::detail::GeneratorBody body(three_pieces());
    EXPECT_EQ(co_await body.next_piece(), "one ");
    EXPECT_EQ(co_await body.next_piece(), "two ");
    EXPECT_EQ(co_await all_of(body), "three");
    EXPECT_EQ(co_await body.next_piece(), "");
}

}  // namespace
}  // namespace aio::test
