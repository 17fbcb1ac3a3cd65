#include <aio/http/url.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aio::http {
namespace {

TEST(Url, has_parts) {
    const URL url("https://user:pa%3Ass@Example.ORG:8443/a/b%20c.tar.gz?x=1&y=%20#frag%20ment");
    EXPECT_EQ(url.scheme(), "https");
    EXPECT_EQ(url.user(), "user");
    EXPECT_EQ(url.password(), "pa:ss");
    EXPECT_EQ(url.host(), "example.org");
    EXPECT_EQ(url.port(), 8443);
    EXPECT_EQ(url.explicit_port(), 8443);
    EXPECT_EQ(url.raw_path(), "/a/b%20c.tar.gz");
    EXPECT_EQ(url.path(), "/a/b c.tar.gz");
    EXPECT_EQ(url.raw_query_string(), "x=1&y=%20");
    EXPECT_EQ(url.query_string(), "x=1&y= ");
    EXPECT_EQ(url.fragment(), "frag ment");
    EXPECT_EQ(url.name(), "b c.tar.gz");
    EXPECT_EQ(url.suffix(), ".gz");
    EXPECT_EQ(url.path_qs(), "/a/b%20c.tar.gz?x=1&y=%20");
    EXPECT_EQ(url.host_port(), "example.org:8443");
    EXPECT_TRUE(url.is_absolute());
    EXPECT_EQ(url.str(), "https://user:pa%3Ass@example.org:8443/a/b%20c.tar.gz?x=1&y=%20#frag%20ment");
    EXPECT_EQ(url.str_without_credentials(), "https://example.org:8443/a/b%20c.tar.gz?x=1&y=%20#frag%20ment");
}

TEST(Url, of_a_host_has_the_path_of_its_root) {
    const URL url("http://example.org");
    EXPECT_EQ(url.raw_path(), "/");
    EXPECT_EQ(url.path_qs(), "/");
    EXPECT_EQ(url.str(), "http://example.org/");
    EXPECT_EQ(URL("http://example.org?a=b").path_qs(), "/?a=b");
    EXPECT_EQ(URL("http://example.org#f").str(), "http://example.org/#f");
}

TEST(Url, ports_of_schemes_are_not_written) {
    EXPECT_EQ(URL("http://a").port(), 80);
    EXPECT_EQ(URL("https://a").port(), 443);
    EXPECT_EQ(URL("wss://a").port(), 443);
    EXPECT_EQ(URL("http://a").explicit_port(), std::nullopt);
    EXPECT_EQ(URL("http://a:80/").str(), "http://a/");
    EXPECT_EQ(URL("http://a:443/").str(), "http://a:443/");
    EXPECT_EQ(URL("http://a:/").str(), "http://a/");
    EXPECT_TRUE(URL("http://a:80").is_default_port());
    EXPECT_FALSE(URL("http://a:81").is_default_port());
    EXPECT_EQ(URL("x://a").port(), 0);
}

TEST(Url, what_may_not_stand_there_is_quoted) {
    EXPECT_EQ(URL("http://a/\xc3\xa9 b\"<>\\^`{|}").raw_path(), "/%C3%A9%20b%22%3C%3E%5C%5E%60%7B%7C%7D");
    EXPECT_EQ(URL("http://a/?q=\xc3\xa9 b").raw_query_string(), "q=%C3%A9%20b");
    EXPECT_EQ(URL("http://a/#\xc3\xa9").str(), "http://a/#%C3%A9");
    EXPECT_EQ(URL("http://a/!$&'()*+,;=:@-._~").raw_path(), "/!$&'()*+,;=:@-._~");
}

TEST(Url, what_is_quoted_stays_so) {
    EXPECT_EQ(URL("http://a/%2f%3F%25%41%7e").raw_path(), "/%2F%3F%25A~");
    EXPECT_EQ(URL("http://a/%2f").path(), "//");
    EXPECT_EQ(URL("http://a/?a=%26&b=%3d").raw_query_string(), "a=%26&b=%3D");
    EXPECT_EQ(URL("http://a/100%").raw_path(), "/100%25");
    EXPECT_EQ(URL("http://a/%zz%1").raw_path(), "/%25zz%251");
}

TEST(Url, is_the_same_when_it_is_parsed_again) {
    for (const char* text :
         {"http://a/%zz?\xc3\xa9#%", "https://u:p@[fe80::1%25eth0]:1/", "//a/b", "a/../b?#", "?x", "#y", "mailto:a@b",
          "http://xn--9ca.example/", "http://u@a", "http://:@a/", "/a//b/", "x:/y"}) {
        const URL url(text);
        EXPECT_EQ(URL(url.str()).str(), url.str()) << text;
    }
}

TEST(Url, may_be_relative) {
    const URL url("a/b?c#d");
    EXPECT_FALSE(url.is_absolute());
    EXPECT_EQ(url.scheme(), "");
    EXPECT_EQ(url.host(), "");
    EXPECT_EQ(url.port(), 0);
    EXPECT_EQ(url.raw_path(), "a/b");
    EXPECT_EQ(url.str(), "a/b?c#d");
    EXPECT_EQ(URL("../x").str(), "../x");
    EXPECT_EQ(URL("//host/x").host(), "host");
    EXPECT_EQ(URL("").str(), "");
    EXPECT_EQ(URL().str(), "");
    EXPECT_THROW(URL("/a").origin(), InvalidURL);
    EXPECT_EQ(URL("/a:b").scheme(), "");
}

TEST(Url, an_empty_password_is_not_none) {
    EXPECT_EQ(URL("http://u@a/").password(), std::nullopt);
    EXPECT_EQ(URL("http://u:@a/").password(), "");
    EXPECT_EQ(URL("http://u:@a/").str(), "http://u:@a/");
    EXPECT_EQ(URL("http://:p@a/").user(), "");
    EXPECT_EQ(URL("http://:p@a/").password(), "p");
    EXPECT_EQ(URL("http://a@b@c/").user(), "a@b");
    EXPECT_EQ(URL("http://a@b@c/").host(), "c");
}

TEST(Url, hosts_are_lower_case_and_ascii) {
    EXPECT_EQ(URL("HTTP://EXAMPLE.Org/A").str(), "http://example.org/A");
    const URL url("http://\xc3\xa9.example/");
    EXPECT_EQ(url.raw_host(), "xn--9ca.example");
    EXPECT_EQ(url.host(), "\xc3\xa9.example");
    EXPECT_EQ(url.host_port(), "xn--9ca.example");
    EXPECT_EQ(URL("http://\xc3\x89.EXAMPLE/").raw_host(), "xn--9ca.example");
    EXPECT_EQ(URL("http://xn--9ca.example/"), url);
}

TEST(Url, ipv6_addresses_have_brackets) {
    const URL url("http://[2001:DB8:0:0::1]:8080/");
    EXPECT_EQ(url.host(), "2001:db8::1");
    EXPECT_EQ(url.port(), 8080);
    EXPECT_EQ(url.host_port(), "[2001:db8::1]:8080");
    EXPECT_EQ(url.str(), "http://[2001:db8::1]:8080/");
}

TEST(Url, a_zone_is_no_part_of_the_host_header) {  // RFC 6874 section 4
    const URL url("http://[fe80::1%25Eth0]:80/");
    EXPECT_EQ(url.host(), "fe80::1%Eth0");
    EXPECT_EQ(url.host_port(), "[fe80::1]");
    EXPECT_EQ(url.str(), "http://[fe80::1%25Eth0]/");
    EXPECT_EQ(URL("http://[fe80::1%Eth0]/"), URL("http://[fe80::1%25Eth0]/"));
}

TEST(Url, what_is_no_url_is_refused) {
    for (const char* text : {"http://",
                             "http:///a",
                             "http://:80/",
                             "http://u@/",
                             "http://a:b/",
                             "http://a:65536/",
                             "http://a:-1/",
                             "http://a:+1/",
                             "http://a:8 0/",
                             "http://a b/",
                             "http://[::1",
                             "http://::1/",
                             "http://1::2:80/",
                             "http://[::1]x/",
                             "http://[::1]80/",
                             "http://[x]/",
                             "http://[]/",
                             "http://[fe80::1%]/",
                             "http://[fe80::1%25a/b]/",
                             "http://a[b]/",
                             "http://a<b/",
                             "http://a%41/",
                             "http://a|b/",
                             "http://a^b/",
                             "http://a\tb/",
                             "http://a/\r\nX: y",
                             "http://a\\b/",
                             "http://x\\@a/",
                             "http://\xef\xbc\x8f/",
                             "http://a\xef\xbc\x8f"
                             "b/",
                             "http://a\xef\xbc\x9f"
                             "b/",
                             "http://a\xef\xbc\xa0"
                             "b/",
                             "http://a\xef\xbc\x9a"
                             "80/",
                             "http://\xff/",
                             "http://xn--\xc3\xa9/",
                             "ws://",
                             "http://[1.2.3.4]/"}) {
        EXPECT_THROW(URL(std::string_view(text)), InvalidURL) << text;
    }
    EXPECT_THROW(URL(std::string_view("http://a/\0", 10)), InvalidURL);
}

TEST(Url, the_error_tells_what_is_wrong_where) {
    try {
        URL("http://a b/");
        FAIL();
    } catch (const InvalidURL& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("the URL 'http://a b/': ' ' in the host"));
        EXPECT_EQ(error.url(), "http://a b/");
    }
}

TEST(Url, dots_in_paths_are_resolved) {
    EXPECT_EQ(URL("http://a/b/../c/./d").raw_path(), "/c/d");
    EXPECT_EQ(URL("http://a/../../b").raw_path(), "/b");
    EXPECT_EQ(URL("http://a/b/..").raw_path(), "/");
    EXPECT_EQ(URL("http://a/b/.").raw_path(), "/b/");
    EXPECT_EQ(URL("http://a/%2e%2E/b/%2e").raw_path(), "/b/");
    EXPECT_EQ(URL("http://a/b/.../..c/.d").raw_path(), "/b/.../..c/.d");
    EXPECT_EQ(URL("http://a//b//../c").raw_path(), "//b/c");
}

// RFC 3986 section 5.4, against "http://a/b/c/d;p?q".
TEST(Url, join_does_what_the_rfc_shows) {
    const std::pair<const char*, const char*> examples[] = {
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},  // and not http://g: yarl, too, gives a host the path of its root
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"},
        {"g?y#s", "http://a/b/c/g?y#s"},
        {";x", "http://a/b/c/;x"},
        {"g;x", "http://a/b/c/g;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y#s"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"},
        {"g..", "http://a/b/c/g.."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"g#s/./x", "http://a/b/c/g#s/./x"},
        {"g#s/../x", "http://a/b/c/g#s/../x"},
    };
    const URL base("http://a/b/c/d;p?q");
    for (const auto& [reference, result] : examples) EXPECT_EQ(base.join(URL(reference)).str(), result) << reference;
}

// RFC 9110 section 4.2.1: a resolver takes the empty host for this machine.
TEST(Url, of_http_has_a_host_wherever_it_comes_from) {
    for (const char* text :
         {"http:",       "http:x",          "http:/x", "http://",          "http:///x",   "http://:80/",
          "http://u@/x", "http://u:p@:80/", "http:?q", "http:#f",          "https:/x",    "https:x",
          "ws:/x",       "wss:x",           "ftp:/x",  "HTTP:/x",          "//",          "///x",
          "//?q",        "//u@/x",          "//:80/x", "http://\xc2\xad/", "//\xc2\xad/x"}) {
        EXPECT_THROW(URL(std::string_view(text)), InvalidURL) << text;
        EXPECT_THROW(URL(text, {.encoded = true}), InvalidURL) << text;
    }
    EXPECT_THROW(URL("http:").join(URL("x")), InvalidURL);
    EXPECT_THROW(URL("/x").with_scheme("http"), InvalidURL);
    EXPECT_THROW(URL("x").with_scheme("https"), InvalidURL);
    EXPECT_THROW(URL("file:///x").with_scheme("http"), InvalidURL);
    EXPECT_THROW(URL("http://a/").with_host("\xc2\xad"), InvalidURL);
    // Others may do without.
    EXPECT_EQ(URL("file:///x").str(), "file:///x");
    EXPECT_EQ(URL("mailto:a@b").str(), "mailto:a@b");
    EXPECT_EQ(URL("//a/x").with_scheme("http").str(), "http://a/x");
}

TEST(Url, that_is_encoded_stays_as_it_is) {
    const std::string text = "http://h/a%7eb/%2f../c/./%zz//'()*;=,?sig=a%2bb%2F&x=%7E|^{}<>\"[]#f%7e";
    const URL url(text, {.encoded = true});
    EXPECT_EQ(url.str(), text);
    EXPECT_EQ(url.path_qs(), text.substr(8, text.find('#') - 8));
    EXPECT_EQ(url.query_string(), "sig=a+b/&x=~|^{}<>\"[]");
    EXPECT_EQ(url.with_fragment("").str(), text.substr(0, text.find('#')));
    EXPECT_EQ(url.without_credentials().path_qs(), url.path_qs());
    EXPECT_EQ(URL("http://h/\xc3\xa9", {.encoded = true}).path_qs(), "/\xc3\xa9");
    EXPECT_EQ(URL("http://H?q", {.encoded = true}).str(), "http://h/?q");
    EXPECT_EQ(URL("http://a/b").join(URL("/%7e?%7e", {.encoded = true})).str(), "http://a/%7e?%7e");
    for (const char* bad : {"http://h/a b", "http://h/?a b", "http://h/\n", "http://h/#a b", "http://a b/"}) {
        EXPECT_THROW(URL(bad, {.encoded = true}), InvalidURL) << bad;
    }
}

TEST(Url, join_keeps_credentials_only_on_the_same_authority) {
    const URL base("http://u:p@a:81/b?c");
    EXPECT_EQ(base.join("d").str(), "http://u:p@a:81/d");
    EXPECT_EQ(base.join("//e/d").str(), "http://e/d");
    EXPECT_EQ(base.join("https://e/d").str(), "https://e/d");
    EXPECT_EQ(base.join("?").str(), "http://u:p@a:81/b?");
}

TEST(Url, join_of_relative_ones) {
    EXPECT_EQ(URL("a/b").join("c").str(), "a/c");
    EXPECT_EQ(URL("a").join("../b").str(), "b");
    EXPECT_EQ(URL("/a/b").join("../../c").str(), "/c");
    EXPECT_EQ(URL("http://a").join("b").str(), "http://a/b");
    EXPECT_EQ(URL().join("a/./b").str(), "a/b");
}

TEST(Url, a_slash_appends_one_segment) {
    EXPECT_EQ((URL("http://a/b?c#d") / "e f/g?h").str(), "http://a/b/e%20f%2Fg%3Fh");
    EXPECT_EQ((URL("http://a/b/") / "c").str(), "http://a/b/c");
    EXPECT_EQ((URL("http://a") / "b").str(), "http://a/b");
    EXPECT_EQ((URL() / "b").str(), "b");
    EXPECT_EQ((URL("http://a") / "50%").path(), "/50%");
    EXPECT_THROW(URL("http://a") / "..", InvalidURL);
    EXPECT_THROW(URL("http://a") / ".", InvalidURL);
}

TEST(Url, one_part_can_be_another) {
    const URL url("http://u:p@a:81/b/c.txt?q=1#f");
    EXPECT_EQ(url.with_scheme("HTTPS").str(), "https://u:p@a:81/b/c.txt?q=1#f");
    EXPECT_EQ(url.with_host("B").str(), "http://u:p@b:81/b/c.txt?q=1#f");
    EXPECT_EQ(url.with_host("::1").str(), "http://u:p@[::1]:81/b/c.txt?q=1#f");
    EXPECT_EQ(url.with_port(std::nullopt).str(), "http://u:p@a/b/c.txt?q=1#f");
    EXPECT_EQ(url.with_port(80).str(), "http://u:p@a/b/c.txt?q=1#f");
    EXPECT_EQ(url.with_user("x:y", "z@").str(), "http://x%3Ay:z%40@a:81/b/c.txt?q=1#f");
    EXPECT_EQ(url.with_user("x").str(), "http://x@a:81/b/c.txt?q=1#f");
    EXPECT_EQ(url.without_credentials().str(), "http://a:81/b/c.txt?q=1#f");
    EXPECT_EQ(url.with_path("/d e%20").str(), "http://u:p@a:81/d%20e%2520");
    EXPECT_EQ(url.with_path("d/../e").str(), "http://u:p@a:81/e");
    EXPECT_EQ(url.with_fragment("a#b").str(), "http://u:p@a:81/b/c.txt?q=1#a%23b");
    EXPECT_EQ(url.with_fragment("").str(), "http://u:p@a:81/b/c.txt?q=1");
    EXPECT_EQ(url.with_name("d.html").str(), "http://u:p@a:81/b/d.html");
    EXPECT_EQ(url.origin().str(), "http://a:81");
}

TEST(Url, parts_that_cannot_be_are_refused) {
    const URL url("http://a/");
    EXPECT_THROW(url.with_scheme(""), InvalidURL);
    EXPECT_THROW(url.with_scheme("1x"), InvalidURL);
    EXPECT_THROW(url.with_host(""), InvalidURL);
    EXPECT_THROW(url.with_host("a:80"), InvalidURL);
    EXPECT_THROW(url.with_host("a/b"), InvalidURL);
    EXPECT_THROW(url.with_name(".."), InvalidURL);
    const URL relative("/a");
    EXPECT_THROW(relative.with_host("b"), InvalidURL);
    EXPECT_THROW(relative.with_port(1), InvalidURL);
    EXPECT_THROW(relative.with_user("b"), InvalidURL);
}

TEST(Url, queries_are_lists_of_pairs) {
    EXPECT_EQ(URL("http://a/?x=1&y=a+b%20c&x=2&z&=e&&").query(),
              (Query{{"x", "1"}, {"y", "a b c"}, {"x", "2"}, {"z", ""}, {"", "e"}}));
    EXPECT_EQ(URL("http://a/?old#f").with_query({{"a b", "c&d=\xc3\xa9"}, {"e", ""}}).str(),
              "http://a/?a+b=c%26d%3D%C3%A9&e=#f");
    EXPECT_EQ(URL("http://a/?x=1").with_query({}).str(), "http://a/");
    EXPECT_EQ(URL("http://a/?x=1").extend_query({{"y", "2"}}).str(), "http://a/?x=1&y=2");
    EXPECT_EQ(URL("http://a/").extend_query({{"y", "2"}}).str(), "http://a/?y=2");
    EXPECT_EQ(URL("http://a/?x=1").extend_query({}).str(), "http://a/?x=1");
}

TEST(Url, an_origin_is_scheme_host_and_port) {
    const URL url("http://a/b");
    EXPECT_TRUE(url.same_origin("http://a:80/c?d"));
    EXPECT_TRUE(url.same_origin("http://u:p@A/"));
    EXPECT_FALSE(url.same_origin("https://a/b"));
    EXPECT_FALSE(url.same_origin("http://b/b"));
    EXPECT_FALSE(url.same_origin("http://a:81/b"));
    EXPECT_FALSE(URL("https://a").same_origin("http://a:443"));
}

TEST(Url, suffixes) {
    EXPECT_EQ(URL("http://a/b.tar.gz").suffix(), ".gz");
    EXPECT_EQ(URL("http://a/.bashrc").suffix(), "");
    EXPECT_EQ(URL("http://a/b.").suffix(), "");
    EXPECT_EQ(URL("http://a/b.c/d").suffix(), "");
    EXPECT_EQ(URL("http://a/").name(), "");
}

TEST(Quoting, quotes_all_but_the_unreserved) {
    EXPECT_EQ(quote("azAZ09-._~"), "azAZ09-._~");
    EXPECT_EQ(quote(" /%\xc3\xa9\n"), "%20%2F%25%C3%A9%0A");
    EXPECT_EQ(quote("a/b c", "/"), "a/b%20c");
    EXPECT_EQ(quote(std::string_view("\0", 1)), "%00");
}

TEST(Quoting, unquote_is_its_inverse) {
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
    EXPECT_EQ(unquote(quote(all)), all);
    EXPECT_EQ(unquote("%41%c3%A9+"), "A\xc3\xa9+");
    EXPECT_EQ(unquote("a+b", true), "a b");
    EXPECT_EQ(unquote("%2B", true), "+");
    EXPECT_EQ(unquote("%4%zz%"), "%4%zz%");
}

TEST(Quoting, forms_go_there_and_back) {
    const Query query{{"a b", "c&d=e+f%"}, {"", "x"}, {"\xc3\xa9", ""}, {"~*-._", "~*-._"}};
    EXPECT_EQ(urlencode(query), "a+b=c%26d%3De%2Bf%25&=x&%C3%A9=&~*-._=~*-._");
    EXPECT_EQ(parse_qsl(urlencode(query)), query);
    EXPECT_EQ(parse_qsl(""), Query());
}

}  // namespace
}  // namespace aio::http
