// Requests that are refused, or answered, before any route: what the answer has, and what becomes of the connection.
#include "http/server/site.hpp"

namespace aio::test {
namespace {

using testing::EndsWith, testing::HasSubstr, testing::StartsWith;

std::size_t answers(const std::string& all) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = all.find("HTTP/1.1 ", at)) != std::string::npos; ++at) ++count;
    return count;
}

ASYNC_TEST(HttpRefused, has_no_content_in_an_answer_to_head) {
    Site site;
    co_await site.server.start();
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"HEAD / HTTP/1.1\r\n\r\n", "400"},
        {"HEAD /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
        {"HEAD / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", "400"},
        {"HEAD /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", "414"},
        {"HEAD / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'a') + "\r\n\r\n", "431"},
        {"HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "501"},
        {"HEAD / HTTP/3.0\r\nHost: a\r\n\r\n", "505"},
        {"HEAD /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "404"},
        {"HEAD /fail HTTP/1.1\r\nHost: a\r\nExpect: x\r\nConnection: close\r\n\r\n", "417"},
    };
    for (const auto& [request, status] : cases) {
        const std::string all = co_await converse(site.server.port(), request);
        EXPECT_THAT(all, StartsWith("HTTP/1.1 " + status)) << request.substr(0, 60);
        EXPECT_THAT(all, EndsWith("\r\n\r\n")) << request.substr(0, 60);
        EXPECT_THAT(all, HasSubstr("Content-Length: ")) << request.substr(0, 60);
    }
    // The one before it does not count.
    const std::string after =
        co_await converse(site.server.port(), "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /\x01 HTTP/1.1\r\n\r\n");
    EXPECT_EQ(answers(after), 2u);
    EXPECT_THAT(after, testing::Not(EndsWith("\r\n\r\n")));
    co_await site.server.close();
}

ASYNC_TEST(HttpRefused, connect_ends_the_connection_and_what_follows_is_no_request) {
    Application app;
    int handled = 0;
    app.router().add_route("*", "/{tail:.*}", [&handled](Request&) {
        ++handled;
        return Response::text("x");
    });
    TestServer server(app);
    co_await server.start();
    for (const char* head : {"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n",
                             "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\nContent-Length: 3\r\n\r\nabc",
                             "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\nConnection: keep-alive\r\n\r\n"}) {
        const std::string all =
            co_await converse(server.port(), std::string(head) + "GET /tunnelled HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_THAT(all, StartsWith("HTTP/1.1 501 ")) << head;
        EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
        EXPECT_EQ(answers(all), 1u) << all;
    }
    EXPECT_EQ(handled, 0);
    co_await server.close();
}

ASYNC_TEST(HttpRefused, options_about_the_server_is_answered_with_its_methods) {
    Site site;
    site.app.router().add_route("QUERY", "/search", site::echo);
    Application below;
    below.router().add_delete("/x", site::hello);
    site.app.add_subapp("/below", std::move(below));
    co_await site.server.start();
    WebClient client = co_await WebClient::connect(site.server.port());
    client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    const WebReply reply = co_await client.reply();
    EXPECT_EQ(reply.status, 204);
    EXPECT_EQ(reply.header("Allow"), "DELETE, GET, HEAD, OPTIONS, POST, QUERY");
    const WebReply next = co_await client.ask("/hello/you");
    EXPECT_EQ(next.body, "Hello, you");
    co_await client.closed();
    co_await site.server.close();
}

ASYNC_TEST(HttpRefused, is_no_method_that_a_route_has) {
    Site site;
    site.app.router().add_route("QUERY", "/search", site::echo);
    co_await site.server.start();
    const auto ask = [&](std::string request) { return converse(site.server.port(), std::move(request)); };
    const std::string body = "Host: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nq";
    EXPECT_THAT(co_await ask("QUERY /search HTTP/1.1\r\n" + body), StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(co_await ask("BREW /search HTTP/1.1\r\n" + body), StartsWith("HTTP/1.1 405 "));
    EXPECT_THAT(co_await ask("query /search HTTP/1.1\r\n" + body), StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(co_await ask(std::string(40, 'M') + " /search HTTP/1.1\r\n" + body), StartsWith("HTTP/1.1 501 "));
    co_await site.server.close();
}

ASYNC_TEST(HttpRefused, is_no_absolute_form_without_a_path) {
    Application app;
    app.router().add_get("/", [](Request& request) {
        return Response::text(std::string(request.path_qs()) + " " + request.url().str() + " " +
                              std::string(request.query("q", "-")));
    });
    TestServer server(app);
    co_await server.start();
    WebClient client = co_await WebClient::connect(server.port());
    for (const auto& [target, expected] : std::vector<std::pair<std::string, std::string>>{
             {"http://x?q=1", "/?q=1 http://x/?q=1 1"},
             {"http://x", "/ http://x/ -"},
             {"http://x/?q=1", "/?q=1 http://x/?q=1 1"},
             {"http://x:81?q=/", "/?q=/ http://x:81/?q=/ /"},
         }) {
        const WebReply reply = co_await client.ask(target);
        EXPECT_EQ(reply.body, expected) << target;
    }
    co_await client.closed();
    co_await server.close();
}

Coro<> expect_no_expectation_of_http_1_0(bool with_middleware) {
    Site site;
    if (with_middleware) {
        site.app.add_middleware([](Request& request, http::Next next) -> Coro<Response> {
            Response response = co_await next(request);
            co_return response;
        });
    }
    co_await site.server.start();
    for (const char* expectation : {"100-continue", "miracles"}) {
        const std::string all =
            co_await converse(site.server.port(), "POST /echo HTTP/1.0\r\nExpect: " + std::string(expectation) +
                                                      "\r\nContent-Length: 3\r\n\r\nabc");
        EXPECT_THAT(all, StartsWith("HTTP/1.1 200 "));
        EXPECT_THAT(all, EndsWith("\r\n\r\nabc"));
    }
    co_await site.server.close();
}

ASYNC_TEST(HttpRefused, is_no_expectation_of_http_1_0) {
    co_await expect_no_expectation_of_http_1_0(false);
    co_await expect_no_expectation_of_http_1_0(true);
}

ASYNC_TEST(HttpRefused, is_a_host_or_coding_without_a_value) {
    Site site;
    co_await site.server.start();
    for (const char* head : {"GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / HTTP/1.1\r\nHost: \t \r\n\r\n",
                             "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n",
                             "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n"}) {
        EXPECT_THAT(co_await converse(site.server.port(), head), StartsWith("HTTP/1.1 400 ")) << head;
    }
    co_await site.server.close();
}

}  // namespace
}  // namespace aio::test
