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

// The resolver takes an empty host for this machine.
ASYNC_TEST(ClientRedirect, goes_to_no_url_without_a_host) {
    FakeHost& host = *co_await FakeHost::open(
        [](const RawRequest& request) { return redirect("302 Found", request.target.substr(1)); });
    ClientSession session;
    for (const char* to : {"http:/x", "http:x", "https:/x", "http://", "//", "///x", "//u@/x", "//:80/x"}) {
        co_await fails<http::InvalidURL>(session.get(http::URL(host.url("/").str() + to, {.encoded = true})));
    }
    EXPECT_EQ(host.requests.size(), 8u);
    co_await end(session, host);
}

ASYNC_TEST(ClientRedirect, an_empty_location_is_none) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return redirect("302 Found", ""); });
    ClientSession session;
    EXPECT_EQ(co_await text_of(session.get(host.url())), "moved");
    EXPECT_EQ(host.requests.size(), 1u);
    co_await end(session, host);
}

// "/?LOCATION" answers with a redirect there, all else with its target and what it was asked with.
Reply sending(const RawRequest& request) {
    if (request.target.starts_with("/?")) return redirect("302 Found", http::unquote(request.target.substr(2)));
    return answer(request.target + " " + request.header("authorization") + " " + request.header("host"));
}

ASYNC_TEST(ClientRedirect, requotes_unless_it_is_told_not_to) {
    FakeHost& host = *co_await FakeHost::open(sending);
    ClientSession session;
    http::SessionOptions options;
    options.requote_redirect_url = false;
    ClientSession unchanged(std::move(options));
    const auto target = [&](ClientSession& by, const std::string& location) -> Coro<std::string> {
        const http::URL url = host.url("/?" + http::quote(location));
        std::string text = co_await text_of(by.get(url));
        co_return text.substr(0, text.find(' '));
    };
    EXPECT_EQ(co_await target(session, "/a%7eb?s=%2b|"), "/a~b?s=%2B%7C");
    EXPECT_EQ(co_await target(unchanged, "/a%7eb?s=%2b|"), "/a%7eb?s=%2b|");
    const std::string whole = host.url().str() + "%7e/../x";
    EXPECT_EQ(co_await target(unchanged, whole), "/%7e/../x");
    // Nobody has quoted these.
    EXPECT_EQ(co_await target(session, "/caf\xc3\xa9 x"), "/caf%C3%A9%20x");
    EXPECT_EQ(co_await target(unchanged, "/caf\xc3\xa9 x"), "/caf%C3%A9%20x");
    co_await unchanged.close();
    co_await end(session, host);
}

http::URL with_user(const http::URL& url, const char* user, const char* password) {
    return url.with_user(user, password);
}

ASYNC_TEST(ClientRedirect, keeps_the_credentials_of_the_url_within_its_origin) {
    FakeHost& other = *co_await FakeHost::open(sending);
    FakeHost& host = *co_await FakeHost::open(sending);
    ClientSession session;
    const auto ask = [&](const std::string& location) {
        return text_of(session.get(with_user(host.url("/?" + http::quote(location)), "u", "p")));
    };
    const std::string own = http::BasicAuth("u", "p").encode();
    EXPECT_THAT(co_await ask("/x"), HasSubstr("/x " + own));
    EXPECT_THAT(co_await ask("/?/?/x"), HasSubstr("/x " + own));
    EXPECT_THAT(co_await ask(other.url("/x").str()), HasSubstr("/x (none)"));
    // There, and back: that was another server's decision.
    EXPECT_THAT(co_await ask(other.url("/?" + host.url("/x").str()).str()), HasSubstr("/x (none)"));
    co_await end(session, host);
    co_await other.stop();
}

ASYNC_TEST(ClientRedirect, takes_the_credentials_of_a_location) {
    FakeHost& host = *co_await FakeHost::open(sending);
    ClientSession session;
    const std::string to = with_user(host.url("/x"), "r", "q").str();
    const http::URL from = host.url("/?" + http::quote(to));
    const std::string theirs = http::BasicAuth("r", "q").encode();
    EXPECT_THAT(co_await text_of(session.get(from)), HasSubstr("/x " + theirs));
    EXPECT_THAT(co_await text_of(session.get(from).auth(http::BasicAuth("a", "b"))), HasSubstr("/x " + theirs));
    EXPECT_THAT(co_await text_of(session.get(from).header("Authorization", "Bearer t")), HasSubstr("/x " + theirs));
    EXPECT_THAT(co_await text_of(session.get(with_user(from, "u", "p"))), HasSubstr("/x " + theirs));
    // What the program itself says twice is its mistake.
    co_await expect_throws<ValueError>(session.get(with_user(from, "u", "p")).auth(http::BasicAuth("a", "b")));
    // Basic has no colon in names: the server's mistake.
    const http::URL bad =
        host.url("/?" + http::quote("http://a%3Ab:c@127.0.0.1:" + std::to_string(host.port()) + "/"));
    co_await fails<http::InvalidURL>(session.get(bad));
    co_await end(session, host);
}

ASYNC_TEST(ClientRedirect, takes_a_host_header_to_its_origin_only) {
    FakeHost& other = *co_await FakeHost::open(sending);
    FakeHost& host = *co_await FakeHost::open(sending);
    ClientSession session;
    const auto ask = [&](const std::string& location) {
        return text_of(session.get(host.url("/?" + http::quote(location))).header("Host", "internal.example"));
    };
    EXPECT_THAT(co_await ask("/x"), testing::EndsWith(" internal.example"));
    EXPECT_THAT(co_await ask(other.url("/x").str()), testing::EndsWith(" " + other.url().host_port()));
    co_await end(session, host);
    co_await other.stop();
}

ASYNC_TEST(ClientRedirect, that_drops_the_body_drops_what_is_said_about_it) {
    FakeHost& host = *co_await FakeHost::open(redirecting);
    ClientSession session;
    const auto post = [&](const char* path) {
        return session.post(host.url(path))
            .data("b")
            .header("Content-Type", "text/x")
            .header("Content-Encoding", "gzip")
            .header("Content-Language", "en")
            .header("Digest", "x")
            .header("X-Other", "stays");
    };
    EXPECT_EQ(co_await text_of(post("/303/307/a")), "GET /a ");
    for (const char* name : {"content-type", "content-encoding", "content-language", "content-length", "digest"}) {
        EXPECT_EQ(host.requests.back().header(name), "(none)") << name;
    }
    EXPECT_EQ(host.requests.back().header("x-other"), "stays");
    EXPECT_EQ(co_await text_of(post("/307/a")), "POST /a b");
    EXPECT_EQ(host.requests.back().header("content-encoding"), "gzip");
    co_await text_of(session.get(host.url("/303/a")).header("Content-Type", "text/x"));
    EXPECT_EQ(host.requests.back().header("content-type"), "text/x");
    co_await end(session, host);
}

// A body that is announced and does not come, and one that never ends.
ASYNC_TEST(ClientRedirect, does_not_wait_for_the_rest_of_a_body) {
    FakeHost& host =
        *co_await FakeHost::talking([](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            const auto request = co_await self.read(reader);
            if (!request) co_return;
            const std::string head = "HTTP/1.1 302 Found\r\nLocation: /there\r\n";
            if (request->target == "/short") writer.write(head + "Content-Length: 10\r\n\r\n");
            if (request->target == "/endless") writer.write(head + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
            if (request->target == "/there") writer.write(answer("here", "Connection: close\r\n"));
            co_await reader.read();
            writer.close();
        });
    ClientSession session;
    for (const char* path : {"/short", "/endless"}) {
        EXPECT_EQ(co_await text_of(session.get(host.url(path)).timeout(http::ClientTimeout{.total = {}})), "here");
    }
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

AsyncGenerator<std::string> one_word() { co_yield "once"; }

ASYNC_TEST(ClientRedirect, cannot_send_a_stream_twice) {
    FakeHost& host = *co_await FakeHost::open(redirecting);
    ClientSession session;
    co_await fails<http::ClientPayloadError>(session.post(host.url("/307/a")).data(one_word()));
    EXPECT_EQ(co_await text_of(session.post(host.url("/303/a")).data(one_word())), "GET /a ");
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
