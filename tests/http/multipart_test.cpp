// MultipartReader: parts as they come, cut anywhere.
#include <aio/core/task.hpp>
#include <aio/http/form_data.hpp>

#include "http/decoded_body.hpp"
#include "http/multipart_parts.hpp"
#include "http/wire/transfer_encoding.hpp"
#include "io/files/file_fixture.hpp"

namespace aio::test {
namespace {

// --- what is read ------------------------------------------------------------------------------------------------

ASYNC_TEST(Multipart, parts_come_in_order) {
    const Parts expected = {{"a", "1"}, {"b", ""}, {"a", "2\r\n"}};
    EXPECT_EQ(co_await parts_of(field("a", "1") + field("b", "") + field("a", "2\r\n") + "--B--\r\n"), expected);
}

ASYNC_TEST(Multipart, the_body_may_be_cut_anywhere) {
    // Contents that look like the beginning of a delimiter, or of one with more behind it.
    const Parts expected = {{"a", "\r\n--"},
                            {"b", "--B\r\n"},
                            {"c", "\r\n\r\n--C\r"},
                            {"d", "\r\n--Bx"},
                            {"e", "\r\r\n-\r\n--\r\n"},
                            {"f", "\r\n--B \tx"},
                            {"g", "\r\n--B-x"},
                            {"h", "\r"}};
    std::string text = "preamble\r\n--\r\n";
    for (const Part& part : expected) text += field(part.name, part.content);
    text += "--B--\r\nepilogue\r\n--B\r\nno part";
    for (std::size_t size = 1; size <= text.size(); size += size < 50 ? 1 : 37) {
        EXPECT_EQ(co_await parts_of(text, size), expected) << "in pieces of " << size;
    }
}

ASYNC_TEST(Multipart, white_space_may_stand_behind_a_delimiter) {
    const Parts expected = {{"", "x"}};
    EXPECT_EQ(co_await parts_of("--B \t \r\n\r\nx\r\n--B--"), expected);
    EXPECT_EQ(co_await parts_of("\r\n--B\r\n\r\nx\r\n--B--  \r\n"), expected);
    EXPECT_EQ(co_await parts_of("--B--"), Parts());
    EXPECT_EQ(co_await parts_of("--B--\r\n", 1), Parts());
}

ASYNC_TEST(Multipart, headers_say_what_a_part_is) {
    Upload upload(
        "--B\r\ncontent-disposition: form-data; name=\"f\"; filename=\"a.txt\"; filename*=utf-8''%e2%82%ac.txt\r\n"
        "Content-Type: Text/Plain; charset=iso-8859-1\r\nX-Other:  y \r\n\r\ncaf\xE9\r\n"
        "--B\r\n\r\nnothing\r\n--B--\r\n");
    auto part = co_await upload.parts.next();
    CO_ASSERT_TRUE(part);
    EXPECT_EQ(part->name(), "f");
    EXPECT_EQ(part->filename(), "\xE2\x82\xAC.txt");
    EXPECT_EQ(part->content_type(), "text/plain");
    EXPECT_EQ(part->charset(), "iso-8859-1");
    EXPECT_EQ(part->headers().get("x-other"), "y");
    EXPECT_EQ(co_await part->text(), "caf\xC3\xA9");
    part = co_await upload.parts.next();
    CO_ASSERT_TRUE(part);
    EXPECT_EQ(part->name(), "");
    EXPECT_EQ(part->filename(), std::nullopt);
    EXPECT_EQ(part->content_type(), "text/plain");
    EXPECT_FALSE(part->is_multipart());
    EXPECT_EQ(co_await part->text(), "nothing");
    EXPECT_FALSE(co_await upload.parts.next());
    EXPECT_FALSE(co_await upload.parts.next());
}

ASYNC_TEST(Multipart, what_is_not_read_is_skipped) {
    const std::string text = field("a", prose(10'000)) + field("b", "2") + field("c", prose(10'000)) + "--B--\r\n";
    Upload upload(text, 100, {}, true);
    std::vector<std::string> names;
    while (auto part = co_await upload.parts.next()) {
        names.push_back(part->name());
        if (part->name() == "c") {
            EXPECT_EQ((co_await part->read_chunk(5)).size(), 5u);
        }
        if (part->name() == "b") co_await part->release();
    }
    EXPECT_EQ(names, list<std::string>("a", "b", "c"));
    EXPECT_TRUE(upload.body.at_eof());
}

ASYNC_TEST(Multipart, a_part_is_read_in_chunks_and_lines) {
    Upload upload(field("a", "one\ntwo\nthree") + field("b", prose(1000)) + "--B--\r\n", 7);
    auto part = co_await upload.parts.next();
    EXPECT_EQ(co_await part->content().readline(), "one\n");
    EXPECT_EQ(co_await part->content().readline(), "two\n");
    EXPECT_EQ(co_await part->content().readline(), "three");
    EXPECT_TRUE(part->at_eof());
    part = co_await upload.parts.next();
    std::string text;
    while (true) {
        const std::string chunk = co_await part->read_chunk(100);
        if (chunk.empty()) break;
        EXPECT_LE(chunk.size(), 100u);
        text += chunk;
    }
    EXPECT_EQ(text, prose(1000));
}

ASYNC_TEST(Multipart, a_part_that_was_left_behind_cannot_be_read) {
    Upload upload(field("a", prose(1000)) + field("b", "2") + "--B--\r\n", 10);
    auto first = co_await upload.parts.next();
    auto second = co_await upload.parts.next();
    co_await expect_throws<RuntimeError>(first->read());
    EXPECT_EQ(co_await second->read(), "2");
    EXPECT_EQ(co_await second->read(), "");
    EXPECT_FALSE(co_await upload.parts.next());
    EXPECT_EQ(co_await second->read(), "");
}

ASYNC_TEST(Multipart, what_a_form_sends_is_read) {
    const std::string data = prose(200'000);
    http::FormData form;
    form.add_field("na\"me\r\n", "v\xC3\xA4lue").add_field("file", data, {.filename = "a\"b.bin"});
    auto sent = form.open();
    BodyReader body(sent.get());
    MultipartReader parts(body, http::multipart_boundary(form.content_type()));
    auto part = co_await parts.next();
    EXPECT_EQ(part->name(), "na\"me\r\n");
    EXPECT_EQ(co_await part->text(), "v\xC3\xA4lue");
    part = co_await parts.next();
    EXPECT_EQ(part->filename(), "a\"b.bin");
    EXPECT_EQ(part->content_type(), "application/octet-stream");
    EXPECT_EQ(co_await part->read(), data);
    EXPECT_FALSE(co_await parts.next());
}

ASYNC_TEST(Multipart, a_cancelled_read_loses_nothing) {
    const std::string content = prose(500);
    Upload& upload = keep<Upload>(field("a", content) + "--B--\r\n", 3, MultipartLimits(), true);
    auto part = co_await upload.parts.next();
    std::string text;
    for (int i = 0; i < 20; ++i) {
        auto chunk = create_task(part->read_chunk(50));
        co_await run_passes(i % 7);
        chunk.cancel();
        try {
            text += co_await chunk;
        } catch (const CancelledError&) {}
    }
    text += co_await part->read();
    EXPECT_EQ(text, content);
}

// --- parts within parts ------------------------------------------------------------------------------------------

ASYNC_TEST(Multipart, parts_have_parts) {
    const std::string text =
        "--B\r\nContent-Type: multipart/mixed; boundary=\"B-inner\"\r\n\r\n"
        "--B-inner\r\n\r\none\r\n--B-inner\r\nContent-Type: multipart/x; "
        "boundary=C\r\n\r\n--C\r\n\r\ndeep\r\n--C--\r\n"
        "--B-inner--\r\nepilogue\r\n" +
        field("after", "2") + "--B--\r\n";
    for (const std::size_t size : {1, 2, 3, 10, 1000}) {
        Upload upload(text, size);
        auto outer = co_await upload.parts.next();
        CO_ASSERT_TRUE(outer->is_multipart());
        MultipartReader inner = outer->multipart();
        auto part = co_await inner.next();
        EXPECT_EQ(co_await part->read(), "one");
        part = co_await inner.next();
        MultipartReader innermost = part->multipart();
        auto deep = co_await innermost.next();
        EXPECT_EQ(co_await deep->read(), "deep");
        EXPECT_FALSE(co_await inner.next());
        outer = co_await upload.parts.next();
        EXPECT_EQ(outer->name(), "after");
        EXPECT_EQ(co_await outer->read(), "2");
    }
}

ASYNC_TEST(Multipart, parts_within_parts_have_a_limit) {
    std::string text = "x";
    for (int i = 0; i < 5; ++i) {
        const std::string boundary(static_cast<std::size_t>(i + 1), 'b');
        text = "--" + boundary + "\r\nContent-Type: multipart/mixed; boundary=" + boundary.substr(1) + "\r\n\r\n" +
               text + "\r\n--" + boundary + "--\r\n";
    }
    Upload upload(text, 100, {}, false, "bbbbb");
    auto one = co_await upload.parts.next();
    auto two_reader = one->multipart();
    auto two = co_await two_reader.next();
    auto three_reader = two->multipart();
    auto three = co_await three_reader.next();
    auto four_reader = three->multipart();
    auto four = co_await four_reader.next();
    EXPECT_THROW(four->multipart(), MultipartError);
    Upload plain(field("a", "1") + "--B--");
    auto part = co_await plain.parts.next();
    EXPECT_THROW(part->multipart(), MultipartError);
}

// --- encodings ---------------------------------------------------------------------------------------------------

std::string encoded(std::string_view header, std::string_view content) {
    return "--B\r\n" + std::string(header) + "\r\n\r\n" + std::string(content) + "\r\n--B--\r\n";
}

ASYNC_TEST(Multipart, transfer_encodings_are_undone) {
    const std::tuple<const char*, const char*, const char*> cases[] = {
        {"base64", "aGVsbG8gd29ybGQ=", "hello world"},
        {"BASE64", "aGVs\r\nbG8g\r\nd29ybGQ\r\n", "hello world"},
        {"base64", "", ""},
        {"base64", "AA==", "\0"},
        {"quoted-printable", "caf=C3=A9 =3D=\r\n x  \r\ny\t", "caf\xC3\xA9 = x\r\ny"},
        {"quoted-printable", "a =\r\nb=\nc=", "a bc"},
        {"7bit", "a=b", "a=b"},
        {"Binary", "a\0b", "a"},
    };
    for (const auto& [encoding, sent, expected] : cases) {
        for (const std::size_t size : {1, 2, 3, 100}) {
            Upload upload(encoded("Content-Transfer-Encoding: " + std::string(encoding), sent), size);
            auto part = co_await upload.parts.next();
            const std::string text = co_await part->read();
            EXPECT_STREQ(text.c_str(), expected) << encoding << " " << sent;
        }
    }
    for (const char* sent : {"aGVsbG8*", "aGVsbG8=x", "aGVsb", "a"}) {
        EXPECT_NE(co_await refusal(encoded("Content-Transfer-Encoding: base64", sent)), "") << sent;
    }
    for (const char* sent : {"a=4", "a=XYb", "a=\rb", "a=4\nb"}) {
        EXPECT_NE(co_await refusal(encoded("Content-Transfer-Encoding: quoted-printable", sent)), "") << sent;
    }
    co_await refusal(encoded("Content-Transfer-Encoding: uuencode", "x"));
}

ASYNC_TEST(Multipart, content_encodings_are_undone) {
    Chopped plain(prose(5000), 5000);
    http::detail::EncodedBody packing(plain, http::wire::Coding::gzip);
    const std::string packed = co_await all_of(packing);
    for (const std::size_t size : {1, 100, 10'000}) {
        Upload upload(encoded("Content-Encoding: gzip", packed), size);
        auto part = co_await upload.parts.next();
        EXPECT_EQ(co_await part->read(), prose(5000));
    }
    co_await refusal(encoded("Content-Encoding: gzip", "not packed"));
    co_await refusal(encoded("Content-Encoding: gzip", packed.substr(0, 100)));
    co_await refusal(encoded("Content-Encoding: sdch", "x"));
}

// --- files -------------------------------------------------------------------------------------------------------

FILE_TEST(MultipartFile, uploads_go_to_files) {
    const std::string data = prose(300'000);
    Upload upload(field("a", data) + field("b", "small") + "--B--", 10'000);
    auto part = co_await upload.parts.next();
    EXPECT_EQ(co_await part->to_file(scratch.path("a")), data.size());
    part = co_await upload.parts.next();
    EXPECT_EQ(co_await part->to_file(scratch.path("a")), 5u);  // replaced
    EXPECT_EQ(content_of(scratch.path("a")), "small");
}

FILE_TEST(MultipartFile, an_upload_that_fails_leaves_no_file) {
    Upload upload(field("a", prose(300'000)).substr(0, 200'000), 10'000);
    auto part = co_await upload.parts.next();
    co_await expect_throws<MultipartError>(part->to_file(scratch.path("a")));
    EXPECT_FALSE(std::filesystem::exists(scratch.path("a")));
    Upload other(field("a", "x") + "--B--");
    part = co_await other.parts.next();
    co_await expect_throws<FileNotFoundError>(part->to_file(scratch.path("no/such/directory")));
    EXPECT_EQ(co_await part->read(), "x");
}

FILE_TEST(MultipartFile, a_cancelled_upload_leaves_no_file) {
    Upload& upload = keep<Upload>(field("a", prose(300'000)) + "--B--", 1000, MultipartLimits(), true);
    auto part = co_await upload.parts.next();
    auto writing = create_task(part->to_file(scratch.path("a")));
    co_await run_passes(50);
    EXPECT_FALSE(writing.done());
    writing.cancel();
    co_await expect_throws<CancelledError>(writing);
    EXPECT_FALSE(std::filesystem::exists(scratch.path("a")));
}

}  // namespace
}  // namespace aio::test
