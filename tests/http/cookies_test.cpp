// Cookies in headers: what is read, what is written.
#include <aio/base/error.hpp>
#include <aio/http/cookies.hpp>

#include "http/wire/cookie_date.hpp"

#include <gtest/gtest.h>

namespace aio::test {
namespace {

using http::Cookie;
using http::parse_cookie_header;
using http::parse_set_cookie;
using http::quote_cookie_value;
using http::unquote_cookie_value;
using http::wire::parse_cookie_date;
using Pairs = std::vector<std::pair<std::string, std::string>>;

// --- Set-Cookie --------------------------------------------------------------------------------------------------

TEST(SetCookie, every_attribute_is_read) {
    const auto cookie = parse_set_cookie(
        "id=8f3a; Expires=Wed, 09 Jun 2021 10:18:14 GMT; Max-Age=60; Domain=.Example.COM; Path=/docs; Secure; "
        "HttpOnly; SameSite=lax; Partitioned");
    ASSERT_TRUE(cookie);
    EXPECT_EQ(cookie->name, "id");
    EXPECT_EQ(cookie->value, "8f3a");
    EXPECT_EQ(cookie->expires, 1623233894);
    EXPECT_EQ(cookie->max_age, 60);
    EXPECT_EQ(cookie->domain, "example.com");
    EXPECT_EQ(cookie->path, "/docs");
    EXPECT_TRUE(cookie->secure && cookie->http_only && cookie->partitioned);
    EXPECT_EQ(cookie->same_site, "Lax");
}

TEST(SetCookie, odd_ones_are_read_as_browsers_do) {
    const std::tuple<const char*, const char*, const char*> cases[] = {
        {"a=b", "a", "b"},
        {"  a  =  b  ", "a", "b"},
        {"a=", "a", ""},
        {"a=b=c", "a", "b=c"},
        {"a=b; c", "a", "b"},
        {"a=b;;;; Path=/", "a", "b"},
        {"a=\"b c\"", "a", "\"b c\""},  // quotes are part of the value
        {"a=b c,d", "a", "b c,d"},
        {"a b=c", "a b", "c"},
        {"__Secure-a=b", "__Secure-a", "b"},
        {"na\xC3\xAFve=caf\xC3\xA9", "na\xC3\xAFve", "caf\xC3\xA9"},
    };
    for (const auto& [text, name, value] : cases) {
        const auto cookie = parse_set_cookie(text);
        ASSERT_TRUE(cookie) << text;
        EXPECT_EQ(cookie->name, name) << text;
        EXPECT_EQ(cookie->value, value) << text;
    }
}

TEST(SetCookie, what_is_no_cookie_is_none) {
    for (const char* text : {"", "a", "=b", " = b", "; a=b", "a\x01=b", "a=b\nc", "a=b\x7f", "a=b; Path=/\r"}) {
        EXPECT_FALSE(parse_set_cookie(text)) << text;
    }
    EXPECT_FALSE(parse_set_cookie(std::string("a=b\0c", 5)));
    EXPECT_TRUE(parse_set_cookie("a=" + std::string(4095, 'b')));
    EXPECT_FALSE(parse_set_cookie("a=" + std::string(4096, 'b')));
}

TEST(SetCookie, the_last_of_equal_attributes_counts) {
    const auto cookie = parse_set_cookie("a=b; Path=/one; Domain=one.example; path=/two; DOMAIN=two.example");
    ASSERT_TRUE(cookie);
    EXPECT_EQ(cookie->path, "/two");
    EXPECT_EQ(cookie->domain, "two.example");
    EXPECT_EQ(parse_set_cookie("a=b; Path=/one; Path=two")->path, "");
    EXPECT_EQ(parse_set_cookie("a=b; Max-Age=5; Max-Age=x")->max_age, 5);
}

TEST(SetCookie, attributes_that_make_no_sense_are_ignored) {
    const auto cookie = parse_set_cookie("a=b; Max-Age=1h; Expires=soon; Path=x; SameSite=Sometimes; Color=red; =");
    ASSERT_TRUE(cookie);
    EXPECT_EQ(*cookie, Cookie("a", "b"));
    EXPECT_EQ(parse_set_cookie("a=b; Path=/" + std::string(1024, 'x'))->path, "");
}

TEST(SetCookie, max_age_may_be_negative_or_too_large) {
    EXPECT_EQ(parse_set_cookie("a=b; Max-Age=0")->max_age, 0);
    EXPECT_EQ(parse_set_cookie("a=b; Max-Age=-5")->max_age, 0);
    EXPECT_EQ(parse_set_cookie("a=b; Max-Age=-")->max_age, std::nullopt);
    EXPECT_EQ(parse_set_cookie("a=b; Max-Age=+5")->max_age, std::nullopt);
    EXPECT_EQ(parse_set_cookie("a=b; Max-Age=99999999999999999999")->max_age, INT64_MAX);
}

// --- dates -------------------------------------------------------------------------------------------------------

TEST(CookieDate, every_form_that_was_ever_sent) {
    for (const char* text : {
             "Sun, 06 Nov 1994 08:49:37 GMT",
             "Sunday, 06-Nov-94 08:49:37 GMT",
             "Sun Nov  6 08:49:37 1994",
             "Sun, 06-Nov-1994 08:49:37 GMT",
             "6 November 1994 8:49:37",
             "1994 nov 6 08:49:37",
             "08:49:37 6-NOVEMBER-1994",
             "Sun, 6 Nov 94 08:49:37UTC+0100",  // zones are not looked at
             "nov/6/1994;08:49:37",
             "6th Nov 1994th 8:49:37abc",
         }) {
        EXPECT_EQ(parse_cookie_date(text), 784111777) << text;
    }
}

TEST(CookieDate, two_digits_of_a_year_are_of_this_century_or_the_last) {
    EXPECT_EQ(parse_cookie_date("1 Jan 70 00:00:00"), 0);
    EXPECT_EQ(parse_cookie_date("1 Jan 69 00:00:00"), 3124224000);
    EXPECT_EQ(parse_cookie_date("1 Jan 00 00:00:00"), 946684800);
    EXPECT_EQ(parse_cookie_date("31 Dec 99 23:59:59"), 946684799);
    EXPECT_EQ(parse_cookie_date("1 Jan 1601 00:00:00"), -11644473600);
}

TEST(CookieDate, what_is_no_date_is_none) {
    for (const char* text : {
             "",
             "0",
             "Thursday",
             "6 Nov 1994",         // no clock
             "08:49:37 Nov 1994",  // no day
             "06 08:49:37 1994",   // no month
             "06 Nov 08:49:37",    // no year
             "06 Nov 1600 08:49:37",
             "32 Jan 1994 08:49:37",
             "00 Jan 1994 08:49:37",
             "30 Feb 1994 08:49:37",
             "29 Feb 2023 08:49:37",
             "06 Nov 1994 24:00:00",
             "06 Nov 1994 08:60:00",
             "06 Nov 1994 08:49",
             "006 Nov 19940 08:49:37",
             "06 No 1994 08:49:37",
         }) {
        EXPECT_EQ(parse_cookie_date(text), std::nullopt) << text;
    }
}

// --- Cookie ------------------------------------------------------------------------------------------------------

TEST(CookieHeader, pairs_come_in_order_and_unquoted) {
    EXPECT_EQ(parse_cookie_header("a=1; b=2;c=3; a=4"), (Pairs{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"a", "4"}}));
    EXPECT_EQ(parse_cookie_header("a=\"x\\073y\"; b=\"\""), (Pairs{{"a", "x;y"}, {"b", ""}}));
    EXPECT_EQ(parse_cookie_header(""), Pairs());
    EXPECT_EQ(parse_cookie_header(";; a ; =b; c= ; d=e=f"), (Pairs{{"c", ""}, {"d", "e=f"}}));
}

TEST(CookieHeader, quotes_are_pythons) {
    // http.cookies.SimpleCookie: Python 3.11.
    EXPECT_EQ(quote_cookie_value("plain-value_1"), "plain-value_1");
    EXPECT_EQ(quote_cookie_value("a;b,c"), "\"a\\073b\\054c\"");
    EXPECT_EQ(quote_cookie_value("say \"hi\"\\"), "\"say \\\"hi\\\"\\\\\"");
    EXPECT_EQ(quote_cookie_value("a\r\nb"), "\"a\\015\\012b\"");
    EXPECT_EQ(quote_cookie_value("caf\xC3\xA9"), "caf\xC3\xA9");
    EXPECT_EQ(unquote_cookie_value("\"a\\073b\\054c\""), "a;b,c");
    EXPECT_EQ(unquote_cookie_value("\"\\999\\\""), "999\\");
    EXPECT_EQ(unquote_cookie_value("\"open"), "\"open");
    EXPECT_EQ(unquote_cookie_value("\""), "\"");
    for (int byte = 0; byte < 256; ++byte) {
        const std::string value = {'x', static_cast<char>(byte), '7'};
        EXPECT_EQ(unquote_cookie_value(quote_cookie_value(value)), value) << byte;
        EXPECT_EQ(quote_cookie_value(value).find_first_of(";\r\n"), std::string::npos) << byte;
    }
}

TEST(CookieHeader, set_cookie_says_what_the_cookie_has) {
    Cookie cookie("id", "a b");
    EXPECT_EQ(cookie.header(), "id=\"a b\"");
    cookie.max_age = 60;
    cookie.expires = 1623233894;
    cookie.domain = "example.com";
    cookie.path = "/";
    cookie.secure = cookie.http_only = cookie.partitioned = true;
    cookie.same_site = "Strict";
    EXPECT_EQ(cookie.header(),
              "id=\"a b\"; Expires=Wed, 09 Jun 2021 10:18:14 GMT; Max-Age=60; Domain=example.com; Path=/; Secure; "
              "HttpOnly; SameSite=Strict; Partitioned");
    const auto back = parse_set_cookie(cookie.header());
    ASSERT_TRUE(back);
    cookie.value = "\"a b\"";
    EXPECT_EQ(*back, cookie);
}

TEST(CookieHeader, nothing_is_smuggled_into_a_header) {
    EXPECT_THROW(Cookie("", "b").header(), ValueError);
    EXPECT_THROW(Cookie("a b", "b").header(), ValueError);
    EXPECT_THROW(Cookie("a\r\nX: y", "b").header(), ValueError);
    Cookie cookie("a", "b\r\nX: y; Path=/");
    EXPECT_EQ(cookie.header(), "a=\"b\\015\\012X: y\\073 Path=/\"");
    cookie.path = "/; Domain=evil.example";
    EXPECT_THROW(cookie.header(), ValueError);
    cookie.path = "/\n";
    EXPECT_THROW(cookie.header(), ValueError);
    cookie.path = "/";
    cookie.domain = "a;b";
    EXPECT_THROW(cookie.header(), ValueError);
}

TEST(CookieHeader, prefixes_keep_their_promise) {
    Cookie cookie("__Host-id", "1");
    EXPECT_THROW(cookie.header(), ValueError);
    cookie.secure = true;
    EXPECT_EQ(cookie.header(), "__Host-id=1; Path=/; Secure");
    cookie.path = "/sub";
    EXPECT_THROW(cookie.header(), ValueError);
    cookie.path = "/";
    cookie.domain = "example.com";
    EXPECT_THROW(cookie.header(), ValueError);
    cookie.name = "__Secure-id";
    EXPECT_NO_THROW(static_cast<void>(cookie.header()));
    cookie.secure = false;
    EXPECT_THROW(cookie.header(), ValueError);
}

}  // namespace
}  // namespace aio::test
