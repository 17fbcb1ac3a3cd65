// Text of any charset as UTF-8.
#include "http/wire/charset.hpp"

#include <aio/io/file.hpp>

#include <gtest/gtest.h>

namespace aio::test {
namespace {

using http::UnknownCharsetError;
using http::wire::DecodeErrors;
using http::wire::to_utf8;

TEST(Charset, text_becomes_utf_8) {
    const std::tuple<std::string, const char*, const char*> cases[] = {
        {"caf\xC3\xA9", "utf-8", "caf\xC3\xA9"},
        {"caf\xC3\xA9", "", "caf\xC3\xA9"},
        {"caf\xC3\xA9", "UTF8", "caf\xC3\xA9"},
        {"\xEF\xBB\xBFx", "utf-8", "x"},
        {"plain", "US-ASCII", "plain"},
        {"caf\xE9\x80", "iso-8859-1", "caf\xC3\xA9\xC2\x80"},
        {"caf\xE9\x80", "Latin1", "caf\xC3\xA9\xC2\x80"},
        {"\x80\x9C\xE9", "windows-1252", "\xE2\x82\xAC\xC5\x93\xC3\xA9"},
        {std::string("\xFF\xFEx\0\x3D\xD8\0\xDE", 8), "utf-16", "x\xF0\x9F\x98\x80"},
        {std::string("\xFE\xFF\0x\xD8\x3D\xDE\0", 8), "utf-16", "x\xF0\x9F\x98\x80"},
        {std::string("x\0", 2), "utf-16", "x"},
        {std::string("\0x", 2), "utf-16be", "x"},
        {std::string("\xFF\xFEx\0", 4), "utf-16le", "x"},
        {"\xCF\xF0\xE8\xE2\xE5\xF2", "windows-1251", "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"},
        {"\xF0\xD2\xC9\xD7\xC5\xD4", "koi8-r", "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"},
        {"\x93\xFA\x96\x7B", "Shift_JIS", "\xE6\x97\xA5\xE6\x9C\xAC"},
        {"\xC8\xD5\xB1\xBE", "gb18030", "\xE6\x97\xA5\xE6\x9C\xAC"},
        {"\x1B$BF|K\\\x1B(B", "iso-2022-jp", "\xE6\x97\xA5\xE6\x9C\xAC"},
        {"", "big5", ""},
    };
    for (const auto& [bytes, charset, text] : cases) EXPECT_EQ(to_utf8(bytes, charset), text) << charset;
}

TEST(Charset, long_text_passes_through_small_buffers) {
    std::string bytes, text;
    for (int i = 0; i < 100'000; ++i) {
        bytes += "\xCF";
        text += "\xD0\x9F";
    }
    EXPECT_EQ(to_utf8(bytes, "windows-1251"), text);
}

TEST(Charset, what_breaks_the_charset_is_told_with_its_place) {
    const std::tuple<std::string, const char*, int, int> cases[] = {
        {"ab\xFF"
         "c",
         "utf-8", 2, 3},
        {"ab\xE2\x82", "utf-8", 2, 4},
        {"\xEF\xBB\xBF"
         "a\xFF",
         "utf-8", 4, 5},
        {"a\x80", "ascii", 1, 2},
        {"a\x81", "windows-1252", 1, 2},
        {std::string("x\0y", 3), "utf-16le", 2, 3},
        {std::string("x\0\x3D\xD8", 4), "utf-16le", 2, 4},
        {std::string("\0\xDE", 2), "utf-16le", 0, 2},
        {"ab\xFF", "shift_jis", 2, 3},
        {"ab\x93", "shift_jis", 2, 3},
    };
    for (const auto& [bytes, charset, begin, end] : cases) {
        try {
            to_utf8(bytes, charset);
            ADD_FAILURE() << charset;
        } catch (const UnicodeDecodeError& error) {
            EXPECT_EQ(error.start(), begin) << charset;
            EXPECT_EQ(error.end(), end) << charset;
        }
    }
}

TEST(Charset, what_breaks_it_is_replaced_or_left_out) {
    EXPECT_EQ(to_utf8("a\xFF"
                      "b",
                      "utf-8", DecodeErrors::replace),
              "a\xEF\xBF\xBD"
              "b");
    EXPECT_EQ(to_utf8("a\xFF"
                      "b",
                      "utf-8", DecodeErrors::ignore),
              "ab");
    EXPECT_EQ(to_utf8("a\x81"
                      "b",
                      "windows-1252", DecodeErrors::replace),
              "a\xEF\xBF\xBD"
              "b");
    EXPECT_EQ(to_utf8("a\xFF"
                      "b\x93",
                      "shift_jis", DecodeErrors::replace),
              "a\xEF\xBF\xBD"
              "b\xEF\xBF\xBD");
    EXPECT_EQ(to_utf8(std::string("x\0\0\xDEy\0z", 7), "utf-16le", DecodeErrors::ignore), "xy");
}

TEST(Charset, names_that_nobody_knows_are_an_error_of_their_own) {
    for (const char* name : {"klingon", "utf-8//IGNORE", "../../etc/passwd", "utf-7", "UTF7", "a b", "\xFF",
                             "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}) {
        EXPECT_THROW(to_utf8("x", name), UnknownCharsetError) << name;
    }
}

}  // namespace
}  // namespace aio::test
