#include "http/wire/etag.hpp"

#include <gtest/gtest.h>

namespace aio::http::wire {
namespace {

TEST(EntityTag, is_read_and_written) {
    EXPECT_EQ(parse_etag("\"abc\""), EntityTag("abc"));
    EXPECT_EQ(parse_etag("W/\"abc\""), EntityTag("abc", true));
    EXPECT_EQ(parse_etag(" \"\"\t"), EntityTag(""));
    EXPECT_EQ(parse_etag("\"a,b\xc3\xa9\""), EntityTag("a,b\xc3\xa9"));
    EXPECT_EQ(EntityTag("abc").header(), "\"abc\"");
    EXPECT_EQ(EntityTag("abc", true).header(), "W/\"abc\"");
}

TEST(EntityTag, what_is_no_tag_is_none) {
    for (const std::string_view text :
         {"", "abc", "\"abc", "abc\"", "w/\"abc\"", "W/abc", "W\"abc\"", "W/ \"abc\"", "\"a b\"", "\"a\tb\"",
          "\"a\x7f\"", "\"a\" \"b\"", "\"a\",\"b\"", "*", "'a'"}) {
        EXPECT_EQ(parse_etag(text), std::nullopt) << text;
    }
}

TEST(EntityTag, weak_comparison_looks_at_the_text_only) {  // RFC 9110 section 8.8.3.2
    for (const bool a : {false, true}) {
        for (const bool b : {false, true}) {
            EXPECT_TRUE(etag_matches(EntityTag("1", a).header(), EntityTag("1", b), false));
            EXPECT_FALSE(etag_matches(EntityTag("1", a).header(), EntityTag("2", b), false));
        }
    }
}

TEST(EntityTag, strong_comparison_needs_two_strong_ones) {
    EXPECT_TRUE(etag_matches("\"1\"", EntityTag("1"), true));
    EXPECT_FALSE(etag_matches("W/\"1\"", EntityTag("1"), true));
    EXPECT_FALSE(etag_matches("\"1\"", EntityTag("1", true), true));
    EXPECT_FALSE(etag_matches("W/\"1\"", EntityTag("1", true), true));
}

TEST(EntityTag, a_list_names_each_of_its_members) {
    constexpr std::string_view kList = "\"a\", W/\"b\" ,,\"c,d\",\t\"e\"";
    for (const char* text : {"a", "b", "c,d", "e"}) EXPECT_TRUE(etag_matches(kList, EntityTag(text), false)) << text;
    for (const char* text : {"", "c", "d", " ", "f"})
        EXPECT_FALSE(etag_matches(kList, EntityTag(text), false)) << text;
    EXPECT_FALSE(etag_matches(kList, EntityTag("b"), true));
    EXPECT_FALSE(etag_matches("", EntityTag(""), false));
}

TEST(EntityTag, a_star_is_every_state) {
    EXPECT_TRUE(etag_matches("*", EntityTag("a"), true));
    EXPECT_TRUE(etag_matches(" * ", EntityTag("a", true), true));
    EXPECT_FALSE(etag_matches("*, \"b\"", EntityTag("a"), false));
    EXPECT_FALSE(etag_matches("\"*\"", EntityTag("a"), false));
}

TEST(EntityTag, what_is_broken_in_a_list_does_not_hide_the_rest) {
    EXPECT_TRUE(etag_matches("abc, \"a\"", EntityTag("a"), false));
    EXPECT_TRUE(etag_matches("\"x\"y, \"a\"", EntityTag("a"), false));
    EXPECT_FALSE(etag_matches("\"a\"x", EntityTag("a"), false));
    EXPECT_FALSE(etag_matches("\"a", EntityTag("a"), false));
    EXPECT_FALSE(etag_matches("a", EntityTag("a"), false));
}

}  // namespace
}  // namespace aio::http::wire
