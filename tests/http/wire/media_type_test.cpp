// Media types, parameters behind header values, Content-Disposition.
#include "http/wire/media_type.hpp"

#include <gtest/gtest.h>

namespace aio::test {
namespace {

using namespace http::wire;

TEST(MediaType, type_and_parameters_are_read) {
    const auto type = parse_media_type("Text/HTML; Charset=\"utf-8\" ;q=1;boundary=a'b");
    ASSERT_TRUE(type);
    EXPECT_EQ(type->essence(), "text/html");
    EXPECT_EQ(type->charset(), "utf-8");
    EXPECT_EQ(type->parameter("CHARSET"), "utf-8");
    EXPECT_EQ(type->parameter("boundary"), "a'b");
    EXPECT_EQ(type->parameter("missing"), "");
    EXPECT_EQ(parse_media_type(" a/b ")->essence(), "a/b");
    EXPECT_EQ(parse_media_type("application/vnd.api+json;")->subtype, "vnd.api+json");
}

TEST(MediaType, what_is_no_media_type_is_none) {
    for (const char* text : {"", "text", "/html", "text/", "te xt/html", "text/html/x", "a/b c", "a/\"b\"", ";a=b"}) {
        EXPECT_FALSE(parse_media_type(text)) << text;
    }
}

TEST(MediaType, parameters_that_make_no_sense_do_not_cost_the_type) {
    for (const char* text : {"text/html; charset", "text/html; =x", "text/html; a=\"open"}) {
        const auto type = parse_media_type(text);
        ASSERT_TRUE(type) << text;
        EXPECT_EQ(type->essence(), "text/html");
        EXPECT_TRUE(type->parameters.empty()) << text;
    }
}

TEST(MediaType, quoted_values_are_unquoted_and_quoted_again) {
    const auto type = parse_media_type("multipart/mixed; boundary=\"a;b\\\"c\\\\ \"; x=y");
    ASSERT_TRUE(type);
    EXPECT_EQ(type->parameter("boundary"), "a;b\"c\\ ");
    EXPECT_EQ(type->str(), "multipart/mixed; boundary=\"a;b\\\"c\\\\ \"; x=y");
}

TEST(MediaType, matches_patterns) {
    const auto type = parse_media_type("text/html; charset=utf-8");
    for (const char* pattern : {"text/html", "TEXT/HTML", "text/*", "*/*"})
        EXPECT_TRUE(type->matches(pattern)) << pattern;
    for (const char* pattern : {"text/plain", "image/*", "text", ""}) EXPECT_FALSE(type->matches(pattern)) << pattern;
}

TEST(MediaType, json_is_recognised) {
    for (const char* text : {"application/json", "text/json", "application/problem+json", "APPLICATION/JSON; x=y"}) {
        EXPECT_TRUE(is_json(*parse_media_type(text))) << text;
    }
    for (const char* text :
         {"text/plain", "application/jsonx", "image/json", "application/+json", "text/javascript"}) {
        EXPECT_FALSE(is_json(*parse_media_type(text))) << text;
    }
}

TEST(MediaType, is_guessed_by_the_extension) {
    const std::pair<const char*, const char*> cases[] = {
        {"index.html", "text/html"},
        {"/a/b.c/PHOTO.JPG", "image/jpeg"},
        {".css", "text/css"},
        {"js", "text/javascript"},
        {"archive.tar.gz", "application/gzip"},
        {"7z", "application/x-7z-compressed"},
        {"x.zst", "application/zstd"},
        {"3gp", "video/3gpp"},
        {"README", "application/octet-stream"},
        {"/etc/html", "application/octet-stream"},
        {"a.html/", "application/octet-stream"},
        {"", "application/octet-stream"},
        {"a.", "application/octet-stream"},
        {"a.averyveryverylongextension", "application/octet-stream"},
    };
    for (const auto& [path, expected] : cases) EXPECT_EQ(guess_media_type(path), expected) << path;
}

// --- parameters --------------------------------------------------------------------------------------------------

TEST(Parameters, the_first_of_equal_names_counts_and_empty_ones_are_skipped) {
    EXPECT_EQ(parse_parameters(";a=1;;A=2; b = 3 ;"), (Parameters{{"a", "1"}, {"b", "3"}}));
    EXPECT_EQ(parse_parameters(""), Parameters());
    for (const char* text : {"a=1", ";a", ";a b=1", ";a=\"x", ";a=\"x\\\"", ";=1", ";a=\"x\"y"}) {
        EXPECT_EQ(parse_parameters(text), std::nullopt) << text;
    }
}

TEST(Parameters, extended_values_are_decoded) {
    EXPECT_EQ(decode_extended("UTF-8''%e2%82%ac%20rates"), "\xE2\x82\xAC rates");  // RFC 8187 section 3.2.3
    EXPECT_EQ(decode_extended("iso-8859-1'en'%A3%20rates"), "\xC2\xA3 rates");
    EXPECT_EQ(decode_extended("utf-8''%ff"), std::nullopt);
    EXPECT_EQ(decode_extended("utf-8'x"), std::nullopt);
    EXPECT_EQ(decode_extended("koi8-r''x"), std::nullopt);
    EXPECT_EQ(decode_extended(""), std::nullopt);
}

TEST(Disposition, names_come_in_every_spelling) {
    const auto filename = [](const char* text) { return parse_disposition(text)->filename; };
    EXPECT_EQ(filename("attachment; filename=a.txt"), "a.txt");
    EXPECT_EQ(filename("attachment; filename=\"a b;c.txt\""), "a b;c.txt");
    EXPECT_EQ(filename("form-data; name=\"f\"; filename=\"\""), "");
    EXPECT_EQ(filename("form-data; name=\"f\""), std::nullopt);
    // RFC 6266 section 4.3: the one with "*" wins, wherever it stands.
    EXPECT_EQ(filename("attachment; filename=\"EURO rates\"; filename*=utf-8''%e2%82%ac%20rates"),
              "\xE2\x82\xAC rates");
    EXPECT_EQ(filename("attachment; filename*=utf-8''%e2%82%ac; filename=\"EURO\""), "\xE2\x82\xAC");
    EXPECT_EQ(filename("attachment; filename=\"plain\"; filename*=utf-8''%ff"), "plain");
    // What browsers make of quotes and line ends, curl of quotes, and Windows of directories.
    EXPECT_EQ(filename("form-data; filename=\"a%22b%0D%0Ac%20d\""), "a\"b\r\nc%20d");
    EXPECT_EQ(filename("form-data; filename=\"a\\\"b\\\\c\""), "a\"b\\c");
    EXPECT_EQ(filename("form-data; filename=\"C:\\new\\file.txt\""), "C:\\new\\file.txt");
    EXPECT_EQ(parse_disposition("Form-Data; name=\"na\xC3\xAFve\"")->name, "na\xC3\xAFve");
    EXPECT_EQ(parse_disposition("Form-Data; name=x")->type, "form-data");
    for (const char* text : {"", ";name=x", "form data; name=x", "form-data; name=\"x", "form-data; name"}) {
        EXPECT_FALSE(parse_disposition(text)) << text;
    }
}

}  // namespace
}  // namespace aio::test
