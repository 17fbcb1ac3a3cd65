// CookieJar: what may be set, where it goes, when it ends.
#include <aio/base/error.hpp>
#include <aio/http/client/cookie_jar.hpp>
#include <aio/http/headers.hpp>

#include "http/client/cookie_store.hpp"
#include "http/client/cookies.hpp"
#include "io/files/file_fixture.hpp"

#include <chrono>

namespace aio::test {
namespace {

using http::Cookie;
using http::CookieJar;
using http::Headers;
using http::URL;

std::int64_t now_of_test = 1'000'000'000;

// While it lives, the jar's clock is now_of_test.
struct FrozenClock {
    FrozenClock() {
        now_of_test = 1'000'000'000;
        http::detail::set_cookie_clock([]() noexcept { return now_of_test; });
    }
    ~FrozenClock() { http::detail::set_cookie_clock(nullptr); }
};

// --- domains -----------------------------------------------------------------------------------------------------

TEST(CookieJar, without_a_domain_only_the_host_itself_gets_it) {
    EXPECT_EQ(after("http://example.com/", "a=b", "http://example.com/"), "a=b");
    EXPECT_EQ(after("http://example.com/", "a=b", "http://EXAMPLE.com:8080/x"), "a=b");
    EXPECT_EQ(after("http://example.com/", "a=b", "http://www.example.com/"), "");
    EXPECT_EQ(after("http://www.example.com/", "a=b", "http://example.com/"), "");
}

TEST(CookieJar, with_a_domain_all_below_it_get_it) {
    const char* from = "http://www.example.com/";
    for (const char* domain : {"a=b; Domain=example.com", "a=b; Domain=.EXAMPLE.com"}) {
        EXPECT_EQ(after(from, domain, "http://example.com/"), "a=b");
        EXPECT_EQ(after(from, domain, "http://www.example.com/"), "a=b");
        EXPECT_EQ(after(from, domain, "http://other.deep.example.com/"), "a=b");
        EXPECT_EQ(after(from, domain, "http://badexample.com/"), "");
        EXPECT_EQ(after(from, domain, "http://example.org/"), "");
    }
    EXPECT_EQ(after("https://m\xC3\xBCller.example/", "a=b; Domain=M\xC3\xBCLLER.example",
                    "https://www.xn--mller-kva.example/"),
              "a=b");
}

TEST(CookieJar, a_host_sets_cookies_for_itself_and_above_only) {
    EXPECT_EQ(after("http://example.com/", "a=b; Domain=www.example.com", "http://www.example.com/"), "");
    EXPECT_EQ(after("http://example.com/", "a=b; Domain=example.org", "http://example.org/"), "");
    EXPECT_EQ(after("http://one.example.com/", "a=b; Domain=two.example.com", "http://two.example.com/"), "");
    EXPECT_EQ(after("http://example.com/", "a=b; Domain=e x", "http://example.com/"), "");
}

TEST(CookieJar, public_suffixes_get_no_cookies) {
    for (const char* suffix : {"com", "co.uk", "github.io"}) {
        const std::string host = std::string("site.") + suffix;
        CookieJar jar;
        set(jar, ("http://" + host + "/").c_str(), std::string("a=b; Domain=") + suffix);
        EXPECT_TRUE(jar.empty()) << suffix;
    }
    // A host that is one may have cookies of its own.
    EXPECT_EQ(after("http://github.io/", "a=b; Domain=github.io", "http://github.io/"), "a=b");
    EXPECT_EQ(after("http://github.io/", "a=b; Domain=github.io", "http://site.github.io/"), "");
    EXPECT_EQ(after("http://localhost/", "a=b; Domain=localhost", "http://localhost/"), "a=b");
    EXPECT_EQ(after("http://localhost/", "a=b", "http://localhost:8080/"), "a=b");
}

TEST(CookieJar, addresses_have_no_cookies_unless_the_jar_is_unsafe) {
    for (const char* url : {"http://127.0.0.1/", "http://[::1]:8080/"}) {
        EXPECT_EQ(after(url, "a=b", url), "");
        CookieJar jar({.unsafe = true});
        set(jar, url, "a=b");
        EXPECT_EQ(jar.cookie_header(URL(url)), "a=b");
    }
    CookieJar jar({.unsafe = true});
    set(jar, "http://127.0.0.1/", "a=b; Domain=127.0.0.1");
    set(jar, "http://127.0.0.1/", "c=d; Domain=0.0.1");
    EXPECT_EQ(jar.cookie_header(URL("http://127.0.0.1/")), "a=b");
    EXPECT_EQ(jar.cookie_header(URL("http://1.127.0.0.1/")), "");
}

// --- paths -------------------------------------------------------------------------------------------------------

TEST(CookieJar, the_default_path_is_the_directory_of_the_url) {
    const char* from = "http://example.com/docs/page.html?x=/y/";
    EXPECT_EQ(after(from, "a=b", "http://example.com/docs"), "a=b");
    EXPECT_EQ(after(from, "a=b", "http://example.com/docs/"), "a=b");
    EXPECT_EQ(after(from, "a=b", "http://example.com/docs/deeper/x"), "a=b");
    EXPECT_EQ(after(from, "a=b", "http://example.com/docsx"), "");
    EXPECT_EQ(after(from, "a=b", "http://example.com/"), "");
    EXPECT_EQ(after("http://example.com", "a=b", "http://example.com/x/y"), "a=b");
    EXPECT_EQ(after("http://example.com/x", "a=b", "http://example.com/y"), "a=b");
    EXPECT_EQ(after(from, "a=b; Path=relative", "http://example.com/docs/"), "a=b");
}

TEST(CookieJar, paths_match_whole_segments) {
    const char* from = "http://example.com/anywhere/";
    EXPECT_EQ(after(from, "a=b; Path=/one", "http://example.com/one"), "a=b");
    EXPECT_EQ(after(from, "a=b; Path=/one", "http://example.com/one/two"), "a=b");
    EXPECT_EQ(after(from, "a=b; Path=/one", "http://example.com/onetwo"), "");
    EXPECT_EQ(after(from, "a=b; Path=/one/", "http://example.com/one"), "");
    EXPECT_EQ(after(from, "a=b; Path=/one/", "http://example.com/one/two"), "a=b");
    EXPECT_EQ(after(from, "a=b; Path=/one", "http://example.com/ONE"), "");
}

TEST(CookieJar, longer_paths_come_first_and_then_older_cookies) {
    CookieJar jar;
    set(jar, "http://example.com/", "a=1; Path=/");
    set(jar, "http://example.com/", "b=2; Path=/x/y");
    set(jar, "http://example.com/", "c=3; Path=/x");
    set(jar, "http://example.com/", "d=4; Path=/");
    set(jar, "http://example.com/", "a=5; Path=/");  // keeps its age
    EXPECT_EQ(jar.cookie_header(URL("http://example.com/x/y/z")), "b=2; c=3; a=5; d=4");
}

TEST(CookieJar, name_domain_and_path_tell_cookies_apart) {
    CookieJar jar;
    set(jar, "http://www.example.com/", "a=1");
    set(jar, "http://www.example.com/", "a=2; Path=/x");
    set(jar, "http://www.example.com/", "a=3; Domain=example.com");
    set(jar, "http://www.example.com/", "A=4");
    EXPECT_EQ(jar.size(), 4u);
    EXPECT_EQ(jar.cookie_header(URL("http://www.example.com/x")), "a=2; a=1; a=3; A=4");
}

// --- security ----------------------------------------------------------------------------------------------------

TEST(CookieJar, secure_cookies_come_and_go_over_tls_only) {
    EXPECT_EQ(after("https://example.com/", "a=b; Secure", "https://example.com/"), "a=b");
    EXPECT_EQ(after("https://example.com/", "a=b; Secure", "wss://example.com/"), "a=b");
    EXPECT_EQ(after("https://example.com/", "a=b; Secure", "http://example.com/"), "");
    EXPECT_EQ(after("http://example.com/", "a=b; Secure", "https://example.com/"), "");
    CookieJar jar;
    jar.treat_as_secure_origin(URL("http://internal.example:8080"));
    set(jar, "http://internal.example:8080/", "a=b; Secure");
    EXPECT_EQ(jar.cookie_header(URL("http://internal.example:8080/x")), "a=b");
    EXPECT_EQ(jar.cookie_header(URL("http://internal.example/")), "");
}

TEST(CookieJar, an_insecure_cookie_does_not_hide_a_secure_one) {
    CookieJar jar;
    set(jar, "https://www.example.com/", "a=good; Secure; Domain=example.com; Path=/x");
    set(jar, "http://www.example.com/", "a=evil; Path=/x/y");
    set(jar, "http://www.example.com/", "a=evil; Domain=example.com; Path=/x");
    EXPECT_EQ(jar.cookie_header(URL("https://www.example.com/x/y")), "a=good");
    set(jar, "http://www.example.com/", "a=elsewhere; Path=/z");
    EXPECT_EQ(jar.cookie_header(URL("http://www.example.com/z")), "a=elsewhere");
}

TEST(CookieJar, prefixes_are_promises) {
    const char* url = "https://www.example.com/";
    EXPECT_EQ(after(url, "__Secure-a=b; Secure", url), "__Secure-a=b");
    EXPECT_EQ(after(url, "__Secure-a=b", url), "");
    EXPECT_EQ(after(url, "__Host-a=b; Secure; Path=/", url), "__Host-a=b");
    EXPECT_EQ(after(url, "__Host-a=b; Secure; Path=/; Domain=www.example.com", url), "");
    EXPECT_EQ(after(url, "__host-a=b; Secure; Path=/x", "https://www.example.com/x"), "");
    EXPECT_EQ(after("http://www.example.com/", "__Host-a=b; Secure; Path=/", url), "");
}

// --- time --------------------------------------------------------------------------------------------------------

TEST(CookieJar, cookies_expire) {
    const FrozenClock clock;
    const URL url("http://example.com/");
    CookieJar jar;
    set(jar, "http://example.com/", "session=1");
    set(jar, "http://example.com/", "minute=2; Max-Age=60");
    set(jar, "http://example.com/", "date=3; Expires=Sun, 09 Sep 2001 01:48:40 GMT");  // 120 seconds later
    set(jar, "http://example.com/", "both=4; Max-Age=180; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(jar.cookie_header(url), "session=1; minute=2; date=3; both=4");
    now_of_test += 60;
    EXPECT_EQ(jar.size(), 3u);
    EXPECT_EQ(jar.cookie_header(url), "session=1; date=3; both=4");
    now_of_test += 60;
    EXPECT_EQ(jar.cookie_header(url), "session=1; both=4");
    now_of_test += 1'000'000'000;
    EXPECT_EQ(jar.cookie_header(url), "session=1");
    set(jar, "http://example.com/", "forever=5; Max-Age=99999999999999999999");
    EXPECT_EQ(jar.cookie_header(url), "session=1; forever=5");
}

TEST(CookieJar, a_cookie_that_has_expired_removes_its_predecessor) {
    CookieJar jar;
    for (const char* end : {"; Max-Age=0", "; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "; Max-Age=-1"}) {
        set(jar, "http://example.com/", "a=b");
        EXPECT_EQ(jar.size(), 1u);
        set(jar, "http://example.com/", std::string("a=") + end);
        EXPECT_EQ(jar.size(), 0u);
        set(jar, "http://example.com/", std::string("never=there") + end);
        EXPECT_TRUE(jar.empty());
    }
}

// --- bounds ------------------------------------------------------------------------------------------------------

TEST(CookieJar, a_hundred_thousand_cookies_of_one_site_leave_180_and_those_of_others) {
    CookieJar jar;
    set(jar, "http://other.example/", "kept=1");
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 100'000; ++i) {
        const std::string host = "http://h" + std::to_string(i % 7) + ".example.com/";
        set(jar, host.c_str(), "c" + std::to_string(i) + "=x; Domain=example.com");
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, 60s);  // not quadratic
    EXPECT_LE(jar.size(), 181u);
    EXPECT_GE(jar.size(), 150u);
    EXPECT_EQ(jar.cookie_header(URL("http://other.example/")), "kept=1");
    const std::string header = jar.cookie_header(URL("http://h1.example.com/"));
    EXPECT_NE(header.find("c99999=x"), std::string::npos);
    EXPECT_EQ(header.find("c0=x"), std::string::npos);
}

TEST(CookieJar, all_sites_together_are_bounded_and_the_least_used_go) {
    CookieJar jar;
    for (int i = 0; i < 10'000; ++i) {
        set(jar, ("http://site" + std::to_string(i) + ".com/").c_str(), "a=b");
        // Whoever is asked for now and then stays.
        const std::string of_first = i % 100 == 0 ? jar.cookie_header(URL("http://site0.com/")) : "a=b";
        EXPECT_EQ(of_first, "a=b");
    }
    EXPECT_LE(jar.size(), 3300u);
    EXPECT_GE(jar.size(), 3000u);
    EXPECT_EQ(jar.cookie_header(URL("http://site9999.com/")), "a=b");
    EXPECT_EQ(jar.cookie_header(URL("http://site1.com/")), "");
}

TEST(CookieJar, secure_cookies_outlive_insecure_ones) {
    CookieJar jar;
    set(jar, "https://example.com/", "old=1; Secure");
    for (int i = 0; i < 1000; ++i) set(jar, "https://example.com/", "c" + std::to_string(i) + "=x");
    EXPECT_NE(jar.cookie_header(URL("https://example.com/")).find("old=1"), std::string::npos);
}

// --- the program's own -------------------------------------------------------------------------------------------

TEST(CookieJar, cookies_of_the_program_go_to_all_hosts_or_where_it_says) {
    CookieJar jar;
    Cookie there("b", "2");
    there.domain = "example.com";
    jar.update_cookies({Cookie("a", "1"), there});
    jar.update_cookies({Cookie("c", "3")}, URL("http://www.example.com/"));
    EXPECT_EQ(jar.cookie_header(URL("http://elsewhere.org/x")), "a=1");
    EXPECT_EQ(jar.cookie_header(URL("http://10.0.0.1/")), "a=1");
    EXPECT_EQ(jar.cookie_header(URL("http://www.example.com/")), "a=1; b=2; c=3");
    set(jar, "http://www.example.com/", "a=theirs");
    EXPECT_EQ(jar.cookie_header(URL("http://www.example.com/")), "b=2; c=3; a=theirs");
}

TEST(CookieJar, values_of_the_program_are_quoted_and_those_of_servers_stay_as_they_are) {
    CookieJar jar;
    jar.update_cookies({Cookie("mine", "a;b")});
    set(jar, "http://example.com/", "theirs=\"x y\"");
    EXPECT_EQ(jar.cookie_header(URL("http://example.com/")), "mine=\"a\\073b\"; theirs=\"x y\"");
    CookieJar plain({.quote_cookie = false});
    plain.update_cookies({Cookie("mine", "a b")});
    EXPECT_EQ(plain.cookie_header(URL("http://example.com/")), "mine=a b");
    EXPECT_THROW(jar.update_cookies({Cookie("no token", "x")}), ValueError);
}

TEST(CookieJar, every_set_cookie_of_a_response_is_taken) {
    CookieJar jar;
    Headers headers;
    headers.add("set-cookie", "a=1").add("Server", "b=2").add("Set-Cookie", "junk").add("SET-COOKIE", "c=3");
    jar.update_cookies(headers, URL("http://example.com/"));
    EXPECT_EQ(jar.cookie_header(URL("http://example.com/")), "a=1; c=3");
}

TEST(CookieJar, a_dummy_keeps_nothing) {
    CookieJar jar({.dummy = true});
    set(jar, "http://example.com/", "a=b");
    jar.update_cookies({Cookie("c", "d")});
    EXPECT_TRUE(jar.empty());
    EXPECT_EQ(jar.cookie_header(URL("http://example.com/")), "");
}

TEST(CookieJar, clears_all_or_a_domain_or_what_is_chosen) {
    CookieJar jar;
    const auto fill = [&] {
        set(jar, "http://example.com/", "a=1");
        set(jar, "http://www.example.com/", "b=2");
        set(jar, "http://badexample.com/", "c=3");
    };
    fill();
    jar.clear_domain("example.com");
    EXPECT_EQ(jar.size(), 1u);
    fill();
    jar.clear_if([](const Cookie& cookie) { return cookie.name == "b"; });
    EXPECT_EQ(jar.size(), 2u);
    fill();
    jar.clear();
    EXPECT_TRUE(jar.empty());
    fill();
    EXPECT_EQ(jar.size(), 3u);
}

TEST(CookieJar, lists_what_it_has) {
    CookieJar jar;
    set(jar, "https://www.example.com/", "a=1; Domain=example.com; HttpOnly; SameSite=None");
    set(jar, "https://www.example.com/x/y", "b=2");
    const std::vector<Cookie> cookies = jar.cookies();
    ASSERT_EQ(cookies.size(), 2u);
    EXPECT_EQ(cookies[0].domain, "example.com");
    EXPECT_FALSE(cookies[0].host_only);
    EXPECT_TRUE(cookies[0].http_only);
    EXPECT_EQ(cookies[0].same_site, "None");
    EXPECT_EQ(cookies[1].domain, "www.example.com");
    EXPECT_TRUE(cookies[1].host_only);
    EXPECT_EQ(cookies[1].path, "/x");
    EXPECT_EQ(jar.filter_cookies(URL("https://example.com/")).size(), 1u);
}

// --- files -------------------------------------------------------------------------------------------------------

FILE_TEST(CookieJarFile, what_is_saved_is_loaded) {
    CookieJar jar;
    set(jar, "https://www.example.com/", "a=\"1 \t2\"; Domain=example.com; Secure; HttpOnly; Max-Age=1000");
    set(jar, "https://www.example.com/x/", "b=");
    jar.update_cookies({Cookie("all", "x;y")});
    co_await jar.save(scratch.path("cookies.txt"));
    struct stat status;
    EXPECT_EQ(::stat(scratch.path("cookies.txt").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    CookieJar other;
    set(other, "http://forgotten.org/", "gone=1");
    co_await other.load(scratch.path("cookies.txt"));
    EXPECT_EQ(other.size(), 3u);
    for (const char* url :
         {"https://www.example.com/x/", "http://example.com/", "http://other.org/", "https://example.com/"}) {
        EXPECT_EQ(other.cookie_header(URL(url)), jar.cookie_header(URL(url))) << url;
    }
    EXPECT_TRUE(other.cookies()[0].http_only);
    EXPECT_TRUE(other.cookies()[0].expires);
    EXPECT_FALSE(other.cookies()[1].expires);
}

FILE_TEST(CookieJarFile, the_format_is_that_of_curl) {
    // As curl 7.88 wrote it.
    const std::string path = scratch.with(
        "# Netscape HTTP Cookie File\r\n# a comment\n\n"
        ".example.com\tTRUE\t/\tFALSE\t4102444800\ta\t1\n"
        "#HttpOnly_www.example.com\tFALSE\t/x\tTRUE\t0\tb\t2\n"
        "example.com\tFALSE\t/\tFALSE\t0\tempty\t\n"
        "example.com\tFALSE\t/\tFALSE\t1\texpired\tx\n");
    CookieJar jar;
    co_await jar.load(path);
    EXPECT_EQ(jar.cookie_header(URL("https://www.example.com/x")), "b=2; a=1");
    EXPECT_EQ(jar.cookie_header(URL("https://example.com/x")), "a=1; empty=");
    co_await jar.save(scratch.path("again"));
    const std::string text = content_of(scratch.path("again"));
    EXPECT_NE(text.find("\n.example.com\tTRUE\t/\tFALSE\t4102444800\ta\t1\n"), std::string::npos) << text;
    EXPECT_NE(text.find("\n#HttpOnly_www.example.com\tFALSE\t/x\tTRUE\t0\tb\t2\n"), std::string::npos) << text;
}

FILE_TEST(CookieJarFile, a_file_that_is_none_changes_nothing) {
    CookieJar jar;
    set(jar, "http://example.com/", "a=b");
    for (const char* text : {"not a cookie\n", "h\tTRUE\t/\tFALSE\tsoon\ta\tb\n", "\tTRUE\t/\tFALSE\t0\ta\tb\n",
                             "h\tTRUE\tx\tFALSE\t0\ta\tb\n", "h\tTRUE\t/\tFALSE\t0\n"}) {
        const std::string path = scratch.with(std::string("# comment\n") + text);
        const std::string what = co_await expect_throws<ValueError>(jar.load(path));
        EXPECT_NE(what.find("line 2"), std::string::npos) << what;
        EXPECT_EQ(jar.size(), 1u);
    }
    co_await expect_throws<FileNotFoundError>(jar.load(scratch.path("missing")));
    co_await expect_throws<FileNotFoundError>(jar.save(scratch.path("no/such/directory")));
    EXPECT_EQ(jar.size(), 1u);
}

}  // namespace
}  // namespace aio::test
