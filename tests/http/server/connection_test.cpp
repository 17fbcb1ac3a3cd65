// A connection of the server: what comes in, in which order it is answered, and how it ends.
#include "http/server/site.hpp"

namespace aio::test {
namespace {

using testing::HasSubstr, testing::StartsWith;

ASYNC_TEST(HttpConnection, answers_a_request) {
    Site site;
    co_await site.server.start();
    const WebReply reply = co_await fetch(site.server.port(), "/hello/you");
    EXPECT_EQ(reply.status_line, "HTTP/1.1 200 OK");
    EXPECT_EQ(reply.body, "Hello, you");
    EXPECT_EQ(reply.header("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(reply.header("Content-Length"), "10");
    EXPECT_EQ(reply.header("Connection"), "close");
    EXPECT_THAT(reply.header("Server"), StartsWith("aiocpp/"));
    EXPECT_THAT(reply.header("Date"), testing::EndsWith(" GMT"));
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, stays_open_between_requests) {
    Site site;
    co_await site.server.start();
    WebClient client = co_await WebClient::connect(site.server.port());
    for (int i = 0; i < 5; ++i) {
        const WebReply reply = co_await client.ask("/hello/again");
        EXPECT_EQ(reply.body, "Hello, again");
        EXPECT_EQ(reply.header("Connection"), "");
    }
    EXPECT_EQ(site.server.runner().connections(), 1u);
    co_await client.closed();
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, answers_pipelined_requests_in_their_order) {
    Site site;
    co_await site.server.start();
    WebClient client = co_await WebClient::connect(site.server.port());
    std::string requests;
    for (int i = 0; i < 20; ++i) {
        requests += "GET /hello/" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    }
    client.send(requests);
    for (int i = 0; i < 20; ++i) {
        const WebReply reply = co_await client.reply();
        EXPECT_EQ(reply.body, "Hello, " + std::to_string(i));
    }
    co_await client.closed();
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, reads_requests_that_come_byte_by_byte) {
    Site site;
    co_await site.server.start();
    WebClient client = co_await WebClient::connect(site.server.port());
    const std::string request = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde";
    for (const char c : request) {
        client.send({&c, 1});
        co_await run_passes(2);
    }
    const WebReply reply = co_await client.reply();
    EXPECT_EQ(reply.body, "abcde");
    co_await client.closed();
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, reads_chunked_bodies) {
    Site site;
    co_await site.server.start();
    const std::string all = co_await converse(site.server.port(),
                                              "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                                              "Connection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n");
    EXPECT_THAT(all, testing::EndsWith("\r\n\r\nabcde"));
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, drops_a_body_that_the_handler_did_not_read) {
    Site site;
    co_await site.server.start();
    WebClient client = co_await WebClient::connect(site.server.port());
    const std::string body(300'000, 'x');
    client.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + body);
    const WebReply first = co_await client.reply();
    EXPECT_EQ(first.body, "did not look");
    const WebReply second = co_await client.ask("/hello/next");
    EXPECT_EQ(second.body, "Hello, next");
    co_await client.closed();
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, does_not_read_for_ever_what_nobody_wants) {
    Site site;
    co_await site.server.start();
    for (const char* head : {"POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                             "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                             "GET / HTTP/1.1\r\nBad line\r\n\r\n"}) {
        WebClient client = co_await WebClient::connect(site.server.port());
        client.send(head);
        const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
        std::size_t sent = 0;
        try {
            for (; sent < 100'000'000; sent += chunk.size()) {
                client.send(chunk);
                co_await client.writer().drain();
            }
        } catch (const OSError&) {
            // The server has closed.
        }
        EXPECT_LT(sent, 50'000'000u) << head;
        client.writer().abort();
    }
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, lets_clients_send_the_body_whose_length_was_refused) {
    Site site;
    co_await site.server.start();
    const std::string body(15'000'000, 'x');
    const std::string all = co_await converse(
        site.server.port(), "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
                                std::to_string(body.size()) + "\r\n\r\n" + body);
    EXPECT_THAT(all, StartsWith("HTTP/1.1 413 "));
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, answers_head_as_get_without_the_body) {
    Site site;
    co_await site.server.start();
    WebClient client = co_await WebClient::connect(site.server.port());
    client.send("HEAD /hello/you HTTP/1.1\r\nHost: a\r\n\r\n");
    const WebReply reply = co_await client.reply(true);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Content-Length"), "10");
    const WebReply next = co_await client.ask("/hello/you");
    EXPECT_EQ(next.body, "Hello, you");
    co_await client.closed();
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, a_handler_of_head_says_how_long_get_would_be) {
    http::Application app;
    app.router().add_head("/big",
                          [](http::Request&) { return http::Response().header("Content-Length", "20000000"); });
    app.router().add_head("/bad", [](http::Request&) { return http::Response().header("Content-Length", "long"); });
    http::TestServer server(app);
    co_await server.start();
    WebClient client = co_await WebClient::connect(server.port());
    client.send("HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n");
    const WebReply reply = co_await client.reply(true);
    EXPECT_EQ(reply.header("Content-Length"), "20000000");
    client.send("HEAD /bad HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const WebReply bad = co_await client.reply(true);
    EXPECT_EQ(bad.header("Content-Length"), "0");
    co_await client.closed();
    co_await server.close();
}

ASYNC_TEST(HttpConnection, closes_after_http_1_0_unless_asked_to_stay) {
    Site site;
    co_await site.server.start();
    const std::string all = co_await converse(site.server.port(), "GET /hello/old HTTP/1.0\r\n\r\n");
    EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
    WebClient client = co_await WebClient::connect(site.server.port());
    client.send("GET /hello/old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const WebReply reply = co_await client.reply();
    EXPECT_EQ(reply.header("Connection"), "keep-alive");
    const WebReply second = co_await client.ask("/hello/again");
    EXPECT_EQ(second.body, "Hello, again");
    co_await client.closed();
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, refuses_what_is_no_http_and_closes) {
    struct Case {
        std::string bytes;
        int status;
    };
    const std::vector<Case> cases = {
        {"what is this\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400},
        {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'a') + "\r\n\r\n", 431},
        {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
        {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {"GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nConnection: close\r\n\r\n", 417},
    };
    Site site;
    co_await site.server.start();
    for (const Case& each : cases) {
        const std::string all = co_await converse(site.server.port(), each.bytes);
        const WebReply reply = parse_reply(all);
        EXPECT_EQ(reply.status, each.status) << each.bytes.substr(0, 60) << " -> " << all;
        EXPECT_EQ(reply.header("Connection"), "close");
    }
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, refuses_a_body_beyond_the_limit) {
    Site site;
    co_await site.server.start();
    const std::string announced = co_await converse(
        site.server.port(), "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(announced, StartsWith("HTTP/1.1 413 "));
    const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    std::string chunks = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    for (int i = 0; i < 20; ++i) chunks += chunk;
    const std::string streamed = co_await converse(site.server.port(), chunks + "0\r\n\r\n");
    EXPECT_THAT(streamed, StartsWith("HTTP/1.1 413 "));
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, answers_500_for_a_bug_and_reports_it) {
    Site site;
    co_await site.server.start();
    const WebReply reply = co_await fetch(site.server.port(), "/fail");
    EXPECT_EQ(reply.status, 500);
    EXPECT_THAT(reply.body, HasSubstr("Server got itself in trouble"));
    EXPECT_THAT(reply.body, testing::Not(HasSubstr("a bug")));
    const std::vector<Report> reports = take_reports();
    CO_ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].message, "Error handling request GET /fail");
    EXPECT_THAT(reports[0].what, HasSubstr("a bug"));
    EXPECT_THAT(reports[0].text, testing::ContainsRegex("Traceback \\(most recent call last\\):\n"
                                                        "  File \".*site.hpp\", .*in fail.*\n.*a bug"));
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, answers_404_and_405_with_allow) {
    Site site;
    co_await site.server.start();
    const WebReply missing = co_await fetch(site.server.port(), "/nothing");
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(missing.body, "404: Not Found");
    const WebReply refused = co_await fetch(site.server.port(), "/echo");
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.header("Allow"), "POST");
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, sends_100_continue_when_the_body_is_wanted) {
    Site site;
    co_await site.server.start();
    WebClient client = co_await WebClient::connect(site.server.port());
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    const WebReply interim = co_await client.reply();
    EXPECT_EQ(interim.status, 100);
    client.send("abc");
    const WebReply reply = co_await client.reply();
    EXPECT_EQ(reply.body, "abc");
    co_await client.closed();
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, sends_no_100_continue_for_a_body_that_nobody_wants) {
    Site site;
    co_await site.server.start();
    const std::string request =
        "POST /ignore HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    WebClient client = co_await WebClient::connect(site.server.port());
    client.send(request);
    const WebReply reply = co_await client.reply();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Connection"), "close");
    co_await client.closed();
    co_await site.server.close();
}

ASYNC_TEST(HttpConnection, asks_the_expect_hook_first) {
    Application app;
    http::RouteOptions options;
    options.expect([](Request& request) -> Coro<> {
        if (request.headers().contains("X-No")) throw http::HTTPForbidden("not you");
        co_return;
    });
    app.router().add_post("/", site::echo, options);
    TestServer server(app);
    co_await server.start();
    WebClient client = co_await WebClient::connect(server.port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nX-No: 1\r\nContent-Length: 3\r\n\r\n");
    const WebReply reply = co_await client.reply();
    EXPECT_EQ(reply.status, 403);
    EXPECT_EQ(reply.body, "not you");
    co_await client.closed();
    co_await server.close();
}

ASYNC_TEST(HttpConnection, can_be_taken_over_by_another_protocol) {
    Application app;
    app.router().add_get("/", [](Request& request) -> Coro<Response> {
        http::Headers headers;
        headers.add("Upgrade", "echo");
        auto up = co_await request.upgrade(headers);
        std::string all = up.received;
        while (all.size() < 6) all += co_await up.reader.read(100);
        up.writer.write(all);
        co_await up.writer.drain();
        co_return Response();
    });
    TestServer server(app);
    co_await server.start();
    WebClient client = co_await WebClient::connect(server.port());
    client.get("/", "Connection: upgrade\r\nUpgrade: echo\r\n");
    client.send("abc");
    const WebReply reply = co_await client.reply();
    EXPECT_EQ(reply.status, 101);
    EXPECT_EQ(reply.header("Connection"), "upgrade");
    EXPECT_EQ(reply.header("Upgrade"), "echo");
    client.send("def");
    EXPECT_EQ(co_await client.rest(), "abcdef");
    co_await client.closed();
    co_await server.close();
}

}  // namespace
}  // namespace aio::test
