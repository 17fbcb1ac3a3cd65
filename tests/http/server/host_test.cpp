// What a request is for: the target and the Host field, and what handlers make of them.
#include <aio/http.hpp>

#include "http/server/web_client.hpp"
#include "http/wire/request_rules.hpp"

namespace aio::test {
namespace {

using http::Application, http::Headers, http::make_mocked_request, http::Request, http::Response, http::TestServer;
using testing::HasSubstr;

const std::vector<std::string>& bad_hosts() {
    static const std::vector<std::string> all = {"a b",       "a/b",      "user@a", "a%20b", "a%",
                                                 "a:port",    "a:99999",  "a:1:2",  ":80",   "[",
                                                 "[]",        "[::1",     "[::1]x", "::1",   "[fe80::1%eth0]",
                                                 "[1.2.3.4]", "[v1.a]",   "[::g]",  "a\"b",  "a<b>",
                                                 "a\\b",      "a|b",      "a{b}",   "a^b",   "a`b",
                                                 "a\xc3\xa9", "http://a", "a?b",    "a#b",   "[a:b]",
                                                 "a:-1"};
    return all;
}

const std::vector<std::string>& good_hosts() {
    static const std::vector<std::string> all = {"a",
                                                 "A.Example.",
                                                 "a_b.example",
                                                 "xn--9ca.example",
                                                 "127.0.0.1",
                                                 "127.0.0.1:80",
                                                 "[::1]",
                                                 "[::1]:80",
                                                 "a:",
                                                 "a:65535",
                                                 "a!b$c&d'e(f)g*h+i,j;k=l~",
                                                 "1.2.3",
                                                 "[2001:db8::1]:8080"};
    return all;
}

TEST(HttpHost, is_refused_when_it_could_not_stand_in_a_url) {
    for (const std::string& host : bad_hosts()) EXPECT_FALSE(http::wire::is_host_field(host)) << host;
    for (const std::string& host : good_hosts()) {
        EXPECT_TRUE(http::wire::is_host_field(host)) << host;
        EXPECT_NO_THROW(http::URL("http://" + host + "/")) << host;
    }
}

ASYNC_TEST(HttpHost, that_is_bad_is_answered_400_and_reaches_no_handler) {
    int handled = 0;
    Application app;
    app.router().add_get("/", [&handled](Request& request) {
        ++handled;
        return Response::text(request.url().str());
    });
    TestServer server(app);
    co_await server.start();
    for (const std::string& host : bad_hosts()) {
        const std::string all =
            co_await converse(server.port(), "GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
        EXPECT_EQ(parse_reply(all).status, 400) << host << ": " << all;
    }
    EXPECT_EQ(handled, 0);
    for (const std::string& host : good_hosts()) {
        const std::string all =
            co_await converse(server.port(), "GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
        EXPECT_EQ(parse_reply(all).status, 200) << host << ": " << all;
    }
    co_await server.close();
}

TEST(HttpHost, of_the_target_counts_more_than_that_of_the_header) {
    auto mocked = make_mocked_request("GET", "http://real.example:81?q", Headers{{"Host", "other.example"}});
    const Request& request = mocked.request();
    EXPECT_EQ(request.host(), "real.example:81");
    EXPECT_EQ(request.headers().get("Host", ""), "real.example:81");
    EXPECT_EQ(request.url().str(), "http://real.example:81/?q");
    EXPECT_EQ(request.rel_url().str(), "/?q");
    EXPECT_EQ(request.query("q", "none"), "");
}

ASYNC_TEST(HttpHost, of_the_target_chooses_the_domain) {
    Application inner;
    inner.router().add_get("/", [](Request&) { return Response::text("inner"); });
    Application app;
    app.add_domain("real.example", std::move(inner));
    TestServer server(app);
    co_await server.start();
    const std::string all = co_await converse(
        server.port(), "GET http://real.example/ HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(all, testing::EndsWith("inner"));
    co_await server.close();
}

TEST(HttpTarget, of_any_form_is_a_url) {
    struct Case {
        const char *method, *target, *url, *relative;
    };
    for (const Case& each : {Case{"GET", "/a?b", "http://h:81/a?b", "/a?b"},
                             Case{"GET", "//evil.example/[", "http://h:81//evil.example/%5B", "/.//evil.example/%5B"},
                             Case{"GET", "/../a", "http://h:81/a", "/a"}, Case{"OPTIONS", "*", "http://h:81/", "/"},
                             Case{"CONNECT", "there.example:443", "http://there.example:443/", "/"},
                             Case{"CONNECT", "[::1]:443", "http://[::1]:443/", "/"}}) {
        auto mocked = make_mocked_request(each.method, each.target, Headers{{"Host", "h:81"}});
        EXPECT_EQ(mocked.request().url().str(), each.url);
        EXPECT_EQ(mocked.request().rel_url().str(), each.relative);
    }
}

ASYNC_TEST(HttpHost, is_the_socket_s_address_where_there_is_no_header) {
    Application app;
    app.router().add_get("/", [](Request& request) { return Response::text(request.url().host_port()); });
    http::AppRunner runner(app);
    co_await runner.setup();
    http::TCPSite site(runner, "::1", 0);
    co_await site.start();
    auto [reader, writer] = co_await open_connection("::1", site.port());
    writer.write("GET / HTTP/1.0\r\n\r\n");
    EXPECT_THAT(co_await reader.read(), testing::EndsWith("\r\n\r\n[::1]"));
    writer.close();
    co_await writer.wait_closed();
    co_await runner.cleanup();
}

}  // namespace
}  // namespace aio::test
