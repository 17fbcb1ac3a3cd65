// Redirects, and what does not go with them.
#include "http/client/fake_host.hpp"

namespace aio::test {
namespace {

using http::ClientSession;
using testing::HasSubstr;

// "/303/next" answers 303 to "/next"; everything else is the end, and says what it was asked.
Reply redirecting(const RawRequest& request) {
    const std::string& target = request.target;
    if (target.size() > 4 && target[1] == '3' && target[4] == '/') {
        static constexpr const char* kReasons = " Moved";
        return redirect(target.substr(1, 3) + kReasons, target.substr(4));
    }
    if (target == "/loop") return redirect("302 Found", "/loop");
    return answer(request.method + " " + target + " " + request.body);
}

ASYNC_TEST(ClientRedirect, follows_with_the_right_method_and_body) {
    FakeHost& host = *co_await FakeHost::open(redirecting);
    ClientSession session;
    const auto post = [&](const char* path) { return session.post(host.url(path)).data("b"); };
    EXPECT_EQ(co_await text_of(session.get(host.url("/301/a"))), "GET /a ");
    EXPECT_EQ(co_await text_of(post("/301/a")), "GET /a ");
    EXPECT_EQ(co_await text_of(post("/302/a")), "GET /a ");
    EXPECT_EQ(co_await text_of(post("/303/a")), "GET /a ");
    EXPECT_EQ(host.requests.back().header("content-length"), "(none)");
    EXPECT_EQ(host.requests.back().header("content-type"), "(none)");
    EXPECT_EQ(co_await text_of(post("/307/a")), "POST /a b");
    EXPECT_EQ(co_await text_of(post("/308/a")), "POST /a b");
    EXPECT_EQ(co_await text_of(session.put(host.url("/301/a")).data("b")), "PUT /a b");
    EXPECT_EQ(co_await text_of(session.put(host.url("/303/a")).data("b")), "GET /a ");
    EXPECT_EQ(host.connections, 1);
    co_await end(session, host);
}

ASYNC_TEST(ClientRedirect, keeps_its_history) {
    FakeHost& host = *co_await FakeHost::open(redirecting);
    ClientSession session;
    auto response = co_await session.get(host.url("/302/307/end?q=1#f")).param("p", "once");
    EXPECT_EQ(response.status(), 200);
    EXPECT_EQ(response.url().path(), "/end");
    EXPECT_EQ(response.real_url().fragment(), "f");
    CO_ASSERT_EQ(response.history().size(), 2u);
    EXPECT_EQ(response.history()[0].status(), 302);
    EXPECT_EQ(response.history()[1].status(), 307);
    EXPECT_EQ(response.history()[1].url().path(), "/307/end");
    EXPECT_EQ(co_await response.text(), "GET /end?q=1&p=once ");
    auto first = co_await session.get(host.url("/302/x")).allow_redirects(false);
    EXPECT_EQ(first.status(), 302);
    auto head = co_await session.head(host.url("/no"));
    EXPECT_EQ(head.status(), 200);
    co_await end(session, host);
}

ASYNC_TEST(ClientRedirect, ends_loops) {
    FakeHost& host = *co_await FakeHost::open(redirecting);
    ClientSession session;
    co_await fails<http::TooManyRedirects>(session.get(host.url("/loop")));
    EXPECT_EQ(host.requests.size(), 11u);
    co_await fails<http::TooManyRedirects>(session.get(host.url("/302/302/302/a")).max_redirects(2));
    EXPECT_EQ(co_await text_of(session.get(host.url("/302/302/a")).max_redirects(2)), "GET /a ");
    co_await end(session, host);
}

ASYNC_TEST(ClientRedirect, goes_to_http_only) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.target == "/file") return redirect("302 Found", "file:///etc/passwd");
        if (request.target == "/bad") return redirect("302 Found", "http://[broken/");
        return answer("no location", "", "302 Found");
    });
    ClientSession session;
    EXPECT_THAT(co_await fails<http::InvalidURL>(session.get(host.url("/file"))), HasSubstr("redirect"));
    co_await fails<http::InvalidURL>(session.get(host.url("/bad")));
    EXPECT_EQ(co_await text_of(session.get(host.url("/none"))), "no location");
    co_await end(session, host);
}

ASYNC_TEST(ClientRedirect, takes_no_secrets_to_another_origin) {
    FakeHost& other = *co_await FakeHost::open([](const RawRequest&) { return answer("there"); });
    const std::string there = other.url("/x").str();
    auto respond = [there](const RawRequest& request) -> Reply {
        return request.target == "/away" ? redirect("307 Temporary Redirect", there) : answer("here");
    };
    FakeHost& host = *co_await FakeHost::open(respond);
    http::SessionOptions options;
    options.auth.emplace("session", "s");
    options.headers.add("X-Harmless", "1");
    ClientSession session(std::move(options));
    auto request = session.get(host.url("/away")).cookie("secret", "c").header("Proxy-Authorization", "p");
    EXPECT_EQ(co_await text_of(std::move(request).header("Cookie", "own=1")), "there");
    EXPECT_THAT(host.requests.at(0).header("cookie"), HasSubstr("secret=c"));
    EXPECT_NE(host.requests.at(0).header("authorization"), "(none)");
    const RawRequest& got = other.requests.at(0);
    EXPECT_EQ(got.header("authorization"), "(none)");
    EXPECT_EQ(got.header("cookie"), "(none)");
    EXPECT_EQ(got.header("proxy-authorization"), "(none)");
    EXPECT_EQ(got.header("x-harmless"), "1");
    co_await text_of(session.get(host.url("/away")).header("X", "y").auth(http::BasicAuth("a", "b")));
    EXPECT_EQ(other.requests.at(1).header("authorization"), "(none)");
    co_await session.close();
    co_await host.stop();
    co_await other.stop();
}

AsyncGenerator<std::string> one_piece() { co_yield "once"; }

ASYNC_TEST(ClientRedirect, cannot_send_a_stream_twice) {
    FakeHost& host = *co_await FakeHost::open(redirecting);
    ClientSession session;
    co_await fails<http::ClientPayloadError>(session.post(host.url("/307/a")).data(one_piece()));
    EXPECT_EQ(co_await text_of(session.post(host.url("/303/a")).data(one_piece())), "GET /a ");
    co_await end(session, host);
}

ASYNC_TEST(ClientRedirect, takes_cookies_from_every_hop) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.target == "/login") return answer("", "Location: /home\r\nSet-Cookie: id=7\r\n", "302 Found");
        return answer(request.header("cookie"));
    });
    http::CookieJarOptions jar;
    jar.unsafe = true;
    http::SessionOptions options;
    options.cookie_jar = std::make_shared<http::CookieJar>(jar);
    ClientSession session(std::move(options));
    EXPECT_EQ(co_await text_of(session.get(host.url("/login"))), "id=7");
    co_await end(session, host);
}

}  // namespace
}  // namespace aio::test
