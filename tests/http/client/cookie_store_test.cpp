// CookieStore: names and paths that are written in several ways.
#include <aio/http/client/cookie_jar.hpp>
#include <aio/http/headers.hpp>

#include "http/client/cookies.hpp"
#include "support/async_test.hpp"

#include <string>
#include <string_view>

namespace aio::test {
namespace {

using http::CookieJar;
using http::Headers;
using http::URL;

TEST(CookieStore, a_dot_at_the_end_makes_no_suffix_less_public) {
    for (const char* suffix : {"com.", "co.uk.", "github.io.", "kawasaki.jp.", ".co.uk."}) {
        CookieJar jar;
        const std::string host = std::string("http://evil") + (*suffix == '.' ? "" : ".") + suffix + "/";
        set(jar, host, std::string("a=b; Domain=") + suffix);
        EXPECT_TRUE(jar.empty()) << suffix;
    }
    EXPECT_EQ(after("http://www.example.co.uk./", "a=b; Domain=example.co.uk.", "http://example.co.uk./"), "a=b");
    EXPECT_EQ(after("http://github.io./", "a=b; Domain=github.io.", "http://github.io./"), "a=b");
    EXPECT_EQ(after("http://github.io./", "a=b; Domain=github.io.", "http://site.github.io./"), "");
    // Two hosts, as browsers take them.
    EXPECT_EQ(after("http://example.com./", "a=b", "http://example.com/"), "");
    EXPECT_EQ(after("http://www.example.com./", "a=b; Domain=example.com", "http://example.com/"), "");
    EXPECT_EQ(after("http://www.example.com/", "a=b; Domain=example.com.", "http://example.com./"), "");
}

TEST(CookieStore, a_domain_has_no_empty_part) {
    for (const char* domain : {"..example.com", "...example.com", "..", "...", "example..com", "example.com.."}) {
        CookieJar jar;
        set(jar, "http://www.example.com/", std::string("a=b; Domain=") + domain);
        EXPECT_TRUE(jar.empty()) << domain;
    }
    EXPECT_EQ(after("http://www.example.com/", "a=b; Domain=.example.com", "http://example.com/"), "a=b");
    // Nothing is said: the host itself.
    EXPECT_EQ(after("http://www.example.com/", "a=b; Domain=", "http://example.com/"), "");
    EXPECT_EQ(after("http://www.example.com/", "a=b; Domain=.", "http://www.example.com/"), "a=b");
}

TEST(CookieStore, an_address_is_one_however_it_is_written) {
    for (const char* host :
         {"127.0.0.1.", "127.1", "0x7f.0.0.1", "2130706433", "0x7f000001", "127.0.0.0x1", "1.0x"}) {
        const std::string url = "http://" + std::string(host) + "/";
        EXPECT_EQ(after(url, "a=b", url), "") << host;
        EXPECT_EQ(after(url, "a=b", url, true), "a=b") << host;
    }
    EXPECT_EQ(after("http://127.0.0.1./", "a=b; Domain=0.1.", "http://10.0.0.1./", true), "");
    EXPECT_EQ(after("http://10.0.1/", "a=b; Domain=0.1", "http://127.0.1/", true), "");
    EXPECT_EQ(after("http://1.example/", "a=b", "http://1.example/"), "a=b");
}

TEST(CookieStore, a_path_is_quoted_as_those_of_urls_are) {
    const auto at = [](const char* path, const char* to) {
        return after("http://e.com/x", std::string("a=b; Path=") + path, std::string("http://e.com") + to);
    };
    EXPECT_EQ(at("/%7Eu", "/%7Eu/y"), "a=b");
    EXPECT_EQ(at("/%7Eu", "/~u/y"), "a=b");
    EXPECT_EQ(at("/~u", "/%7eu/y"), "a=b");
    EXPECT_EQ(at("/a%2fb", "/a%2fb/y"), "a=b");
    EXPECT_EQ(at("/a%2Fb", "/a%2fb"), "a=b");
    EXPECT_EQ(at("/a%2fb", "/a/b"), "");
    EXPECT_EQ(at("/caf\xc3\xa9 x", "/caf%C3%A9%20x/y"), "a=b");
    EXPECT_EQ(at("/%7Eu", "/%7Eux"), "");
    // By default, too, and for URLs that are sent unchanged.
    EXPECT_EQ(after("http://e.com/%7Eu/x", "a=b", "http://e.com/~u/y"), "a=b");
    CookieJar jar;
    set(jar, "http://e.com/", "a=b; Path=/~u");
    EXPECT_EQ(jar.cookie_header(URL("http://e.com/%7eu/y", {.encoded = true})), "a=b");
    // One cookie, not two.
    set(jar, "http://e.com/", "a=c; Path=/%7eu");
    EXPECT_EQ(jar.size(), 1u);
}

}  // namespace
}  // namespace aio::test
