// The text of a URL names the same thing when it is parsed again; and which URLs are the same.
#include <aio/http/url.hpp>

#include <gtest/gtest.h>

namespace aio::http {
namespace {

TEST(UrlText, of_a_relative_reference_names_no_other_host) {
    const URL url("http://a.example//evil.com/x?q#f");
    EXPECT_EQ(url.relative().str(), "/.//evil.com/x?q#f");
    const URL again(url.relative().str());
    EXPECT_EQ(again.raw_host(), "");
    EXPECT_EQ(URL("http://a.example/").join(again).str(), url.str());
    EXPECT_EQ(URL("b").with_path("//evil.com/x").str(), "/.//evil.com/x");
    EXPECT_EQ(URL("x:b").with_path("//evil.com/x").str(), "x:/.//evil.com/x");
}

TEST(UrlText, of_a_relative_reference_has_no_scheme) {
    const URL url = URL("a/b").with_path("javascript:alert(1)");
    EXPECT_EQ(url.str(), "./javascript:alert(1)");
    EXPECT_EQ(URL(url.str()).scheme(), "");
    EXPECT_EQ(URL("x").with_name("a:b").str(), "./a:b");
    EXPECT_EQ(URL("x/y").with_name("a:b").str(), "x/a:b");
}

TEST(UrlText, does_not_matter_where_the_port_is_the_schemes) {
    EXPECT_EQ(URL("http://a:80/x"), URL("http://a/x"));
    EXPECT_EQ(URL("https://a:443/x"), URL("HTTPS://A/x"));
    EXPECT_NE(URL("http://a:443/x"), URL("http://a/x"));
    EXPECT_NE(URL("http://a:8080/x"), URL("http://a/x"));
    EXPECT_NE(URL("foo://a:0/x"), URL("foo://a/x"));
    EXPECT_NE(URL("http://a/x?"), URL("http://a/x"));
    EXPECT_NE(URL("http://u@a/x"), URL("http://a/x"));
}

}  // namespace
}  // namespace aio::http
