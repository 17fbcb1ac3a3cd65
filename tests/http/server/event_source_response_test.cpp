// Server-sent events as they leave the server.
#include <aio/core/select.hpp>
#include <aio/http.hpp>
#include <aio/sync/event.hpp>
#include <aio/sync/queue.hpp>

#include "http/server/web_client.hpp"
#include "http/wire/coding.hpp"

namespace aio::test {
namespace {

using http::Application, http::EventSourceResponse, http::Request, http::Response, http::TestServer;
using testing::HasSubstr, testing::StartsWith;

// Serves `handler` at "/", also to HEAD.
struct Events {
    template <class F>
    explicit Events(F handler, http::RunnerOptions options = {}) : server(app, options) {
        app.router().add_get("/", handler);
    }
    Coro<WebClient> open(std::string headers = "") {
        co_await server.start();
        WebClient client = co_await WebClient::connect(server.port());
        client.get("/", headers);
        co_return client;
    }
    Coro<> end(WebClient& client) {
        co_await client.closed();
        co_await server.close();
    }

    Application app;
    TestServer server;
};

ASYNC_TEST(EventSourceResponse, sends_events_and_their_fields) {
    auto handler = [](Request& request) -> Coro<Response> {
        EventSourceResponse events;
        EXPECT_FALSE(events.is_connected());
        EXPECT_EQ(expect_error<RuntimeError>([&] { static_cast<void>(events.send("x")); }),
                  "EventSourceResponse.send: call prepare() first");
        co_await events.prepare(request);
        EXPECT_TRUE(events.is_connected());
        EXPECT_EQ(events.last_event_id(), "41");
        co_await events.send("one\ntwo", {.event = "tick", .id = "42", .retry = 1500us});
        co_await events.send_comment("a comment");
        co_await events.send("");
        EXPECT_THROW(static_cast<void>(events.send("", {.event = "a\nb"})), ValueError);
        EXPECT_THROW(static_cast<void>(events.send("", {.id = "a\rb"})), ValueError);
        EXPECT_THROW(static_cast<void>(events.send("", {.retry = -1ns})), ValueError);
        co_await events.write_eof();
        EXPECT_THROW(static_cast<void>(events.send("late")), RuntimeError);
        EXPECT_FALSE(events.is_connected());
        co_return events;
    };
    Events events(handler);
    WebClient client = co_await events.open("Last-Event-ID: 41\r\n");
    const WebReply reply = co_await client.reply();
    EXPECT_EQ(reply.header("Content-Type"), "text/event-stream");
    EXPECT_EQ(reply.header("Cache-Control"), "no-cache");
    EXPECT_EQ(reply.header("X-Accel-Buffering"), "no");
    EXPECT_EQ(reply.header("Transfer-Encoding"), "chunked");
    EXPECT_EQ(reply.body, "event: tick\nid: 42\nretry: 2\ndata: one\ndata: two\n\n: a comment\n\ndata: \n\n");
    client.get("/", "Last-Event-ID: 41\r\n");  // the connection is still good
    EXPECT_EQ((co_await client.reply()).status, 200);
    co_await events.end(client);
}

ASYNC_TEST(EventSourceResponse, sends_each_event_at_once_also_when_it_is_compressed) {
    for (const char* coding : {"gzip", "br", "zstd", "deflate"}) {
        Queue<std::string>& queue = keep<Queue<std::string>>();
        auto handler = [&queue](Request& request) -> Coro<Response> {
            EventSourceResponse events;
            events.enable_compression();
            co_await events.prepare(request);
            while (true) {
                const std::string text = co_await queue.get();
                if (text.empty()) break;
                co_await events.send(text);
            }
            co_return events;
        };
        Events events(handler);
        WebClient client = co_await events.open("Accept-Encoding: " + std::string(coding) + "\r\n");
        EXPECT_THAT(co_await client.reader().readuntil("\r\n\r\n"), HasSubstr("Content-Encoding: "));
        http::wire::Decoder decoder(*http::wire::parse_coding(coding));
        for (const char* text : {"first", "second", "third"}) {
            queue.put_nowait(text);
            std::string plain;
            while (!plain.ends_with("\n\n")) {
                const std::string size = co_await client.reader().readuntil("\r\n");
                const std::string chunk =
                    co_await client.reader().readexactly(std::strtol(size.c_str(), nullptr, 16) + 2);
                std::string_view input(chunk.data(), chunk.size() - 2);
                for (std::string_view piece = decoder.decode(input); !piece.empty(); piece = decoder.decode(input)) {
                    plain += piece;
                }
            }
            EXPECT_EQ(plain, "data: " + std::string(text) + "\n\n") << coding;
        }
        queue.put_nowait("");
        co_await events.end(client);
    }
}

ASYNC_TEST(EventSourceResponse, sends_comments_while_there_are_no_events) {
    auto handler = [](Request& request) -> Coro<Response> {
        EventSourceResponse events;
        EXPECT_EQ(events.ping_interval(), 15s);
        events.set_ping_interval(20ms);
        co_await events.prepare(request);
        co_await events.send("a");
        co_await events.wait();
        co_return events;
    };
    Events events(handler);
    WebClient client = co_await events.open();
    for (const char* expected : {"data: a\n\n", ": ping\n\n", ": ping\n\n"}) {
        EXPECT_THAT(co_await client.reader().readuntil("\n\n\r\n"), HasSubstr(expected));
    }
    co_await events.end(client);
}

ASYNC_TEST(EventSourceResponse, notices_a_client_that_goes) {
    Event& noticed = keep<Event>();
    auto handler = [&noticed](Request& request) -> Coro<Response> {
        EventSourceResponse events;
        events.set_ping_interval(0s);
        co_await events.prepare(request);
        EXPECT_TRUE(events.is_connected());
        Queue<int> never;
        const auto first = co_await select(never.get(), events.wait());
        EXPECT_EQ(first.index(), 1u);
        EXPECT_FALSE(events.is_connected());
        noticed.set();
        co_return events;
    };
    Events events(handler);
    WebClient client = co_await events.open();
    co_await client.reader().readuntil("\r\n\r\n");
    co_await client.closed();
    co_await noticed.wait();
    co_await events.server.close();
}

ASYNC_TEST(EventSourceResponse, waits_for_a_client_that_does_not_read) {
    std::size_t& sent = keep<std::size_t>(0);
    auto handler = [&sent](Request& request) -> Coro<Response> {
        EventSourceResponse events;
        co_await events.prepare(request);
        const std::string data(100'000, 'x');
        for (; sent < 1000; ++sent) co_await events.send(data);
        co_return events;
    };
    Events events(handler);
    WebClient client = co_await events.open();
    co_await client.reader().readuntil("\r\n\r\n");
    std::size_t before = 1;
    while (before != sent) {  // as long as the system takes something
        before = sent;
        co_await sleep(50ms);
    }
    EXPECT_LT(sent, 1000u);
    client.writer().abort();
    co_await events.end(client);
}

ASYNC_TEST(EventSourceResponse, ends_when_another_task_wants_it) {
    Event& started = keep<Event>();
    EventSourceResponse*& open = keep<EventSourceResponse*>(nullptr);
    auto handler = [&](Request& request) -> Coro<Response> {
        EventSourceResponse events;
        co_await events.prepare(request);
        open = &events;
        started.set();
        co_await events.wait();
        co_await events.send("bye");
        co_return events;
    };
    Events events(handler);
    WebClient client = co_await events.open();
    co_await started.wait();
    open->stop_streaming();
    EXPECT_EQ((co_await client.reply()).body, "data: bye\n\n");
    co_await events.end(client);
}

ASYNC_TEST(EventSourceResponse, answers_head_without_a_stream) {
    auto handler = [](Request& request) -> Coro<Response> {
        EventSourceResponse events;
        co_await events.prepare(request);
        while (true) co_await events.send("for ever");
        co_return events;
    };
    Events events(handler);
    co_await events.server.start();
    WebClient client = co_await WebClient::connect(events.server.port());
    client.send("HEAD / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    const WebReply reply = co_await client.reply(true);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Content-Type"), "text/event-stream");
    co_await events.end(client);
}

ASYNC_TEST(EventSourceResponse, goes_to_clients_of_http_1_0_until_the_connection_closes) {
    auto handler = [](Request& request) -> Coro<Response> {
        EventSourceResponse events;
        co_await events.prepare(request);
        co_await events.send("a");
        co_return events;
    };
    Events events(handler);
    co_await events.server.start();
    const std::string all = co_await converse(events.server.port(), "GET / HTTP/1.0\r\n\r\n");
    EXPECT_THAT(all, testing::EndsWith("\r\n\r\ndata: a\n\n"));
    co_await events.server.close();
}

ASYNC_TEST(EventSourceResponse, is_not_for_a_mocked_request) {
    auto mocked = http::make_mocked_request("GET", "/");
    EventSourceResponse events;
    co_await expect_throws<RuntimeError>(events.prepare(mocked.request()));
    co_await expect_throws<RuntimeError>(events.wait());
    events.stop_streaming();
}

}  // namespace

// Extremes: http::EventSourceResponse::set_ping_interval(interval), http::EventFields::retry
ASYNC_TEST(Extremes, of_server_sent_events) {
    EventSourceResponse refused;
    EXPECT_THROW(refused.set_ping_interval(-1ns), ValueError);
    EXPECT_THROW(refused.set_ping_interval(Duration::min()), ValueError);
    for (const Duration interval : {Duration(0), Duration(1), Duration::max()}) {
        auto handler = [interval](Request& request) -> Coro<Response> {
            EventSourceResponse events;
            events.set_ping_interval(interval);
            co_await events.prepare(request);
            for (const Duration retry : {Duration(0), Duration(1), Duration::max()}) {
                co_await events.send("", {.retry = retry});
            }
            co_return events;
        };
        Events events(handler);
        WebClient client = co_await events.open();
        EXPECT_THAT((co_await client.reply()).body, HasSubstr("retry: 4611686018428\n"));
        co_await events.end(client);
    }
}

}  // namespace aio::test
