// Server-sent events as a client receives them: connections, reconnections, what ends them.
#include <aio/sync/queue.hpp>

#include "http/client/fake_host.hpp"

namespace aio::test {
namespace {

using http::ClientSession, http::EventSource, http::MessageEvent, http::ReadyState, http::sse_connect;
using testing::HasSubstr;

const std::string kType = "Content-Type: text/event-stream; charset=utf-8\r\n";

// A response of events that ends with them.
Reply stream(std::string_view events) { return answer(events, kType); }

// "type#id:data" of the next event, or "(end)".
Coro<std::string> next(EventSource& source) {
    const std::optional<MessageEvent> event = co_await source.next();
    if (!event) co_return "(end)";
    co_return event->type + (event->last_event_id.empty() ? "" : "#" + event->last_event_id) + ":" + event->data;
}

ASYNC_TEST(EventSource, reads_events_until_the_answer_to_a_post_ends) {
    FakeHost& host = *co_await FakeHost::open(
        [](const RawRequest&) { return stream(": hello\n\nevent: token\ndata: a\n\ndata: b\nid: 7\n\ndata: lost"); });
    ClientSession session;
    EventSource source = sse_connect(session.post(host.url("/chat")).data("{}", "application/json"));
    EXPECT_EQ(source.ready_state(), ReadyState::connecting);
    EXPECT_EQ(host.requests.size(), 0u);
    const std::optional<MessageEvent> first = co_await source.next();
    CO_ASSERT_TRUE(first);
    EXPECT_EQ(first->type, "token");
    EXPECT_EQ(first->data, "a");
    EXPECT_EQ(first->origin, "http://127.0.0.1:" + std::to_string(host.port()));
    EXPECT_EQ(source.ready_state(), ReadyState::open);
    EXPECT_EQ(source.url(), host.url("/chat"));
    EXPECT_EQ(co_await next(source), "message#7:b");
    EXPECT_EQ(co_await next(source), "(end)");
    EXPECT_EQ(co_await next(source), "(end)");
    EXPECT_EQ(source.ready_state(), ReadyState::closed);
    EXPECT_EQ(source.connections(), 1u);
    CO_ASSERT_EQ(host.requests.size(), 1u);
    EXPECT_EQ(host.requests[0].method, "POST");
    EXPECT_EQ(host.requests[0].body, "{}");
    EXPECT_EQ(host.requests[0].header("accept"), "text/event-stream");
    EXPECT_EQ(host.requests[0].header("last-event-id"), "(none)");
    co_await end(session, host);
}

ASYNC_TEST(EventSource, connects_again_with_the_last_id_until_204) {
    FakeHost& host = *co_await FakeHost::open([n = 0](const RawRequest&) mutable -> Reply {
        ++n;
        if (n == 1) return stream("retry: 20\nid: 1\ndata: a\n\nid: 2\ndata: lost");
        if (n == 2) return Reply("HTTP/1.1 200 OK\r\n" + kType + "Content-Length: 500\r\n\r\ndata: b\n\n", true);
        if (n == 3) return Reply("", true);  // no response at all
        if (n == 4) return answer("", "", "503 Service Unavailable");
        return answer("", "", "204 No Content");
    });
    ClientSession session;
    EventSource source = session.sse_connect(host.url("/"), {.last_event_id = "0"});
    EXPECT_EQ(source.reconnection_time(), Duration(5s));
    EXPECT_EQ(co_await next(source), "message#1:a");
    EXPECT_EQ(source.reconnection_time(), Duration(20ms));
    const Stopwatch watch;
    EXPECT_EQ(co_await next(source), "message#1:b");
    EXPECT_GE(watch.elapsed(), 20ms);
    EXPECT_TRUE(!virtual_time() || watch.elapsed() <= 25ms);
    EXPECT_EQ(co_await next(source), "(end)");
    EXPECT_TRUE(!virtual_time() || watch.elapsed() >= (20 + 20 + 20 + 40) * 1ms);  // longer after an attempt in vain
    EXPECT_EQ(source.connections(), 2u);
    EXPECT_EQ(source.last_event_id(), "1");
    CO_ASSERT_EQ(host.requests.size(), 5u);
    EXPECT_EQ(host.requests[0].header("last-event-id"), "0");
    for (std::size_t i = 1; i < 5; ++i) EXPECT_EQ(host.requests[i].header("last-event-id"), "1");
    co_await end(session, host);
}

ASYNC_TEST(EventSource, gives_up_after_so_many_attempts) {
    ClientSession session;
    const http::URL nobody("http://127.0.0.1:" + std::to_string(co_await unused_port()));
    EventSource source = session.sse_connect(nobody, {.reconnection_time = 1ms, .max_connect_retry = 3});
    co_await expect_throws<http::ClientConnectorError>(source.next());
    EXPECT_EQ(source.ready_state(), ReadyState::closed);
    EXPECT_EQ(co_await next(source), "(end)");
    EventSource none = session.sse_connect(nobody, {.max_connect_retry = 0});
    co_await expect_throws<http::ClientConnectorError>(none.next());
    EventSource once = session.sse_connect(nobody, {.reconnect = false});
    co_await expect_throws<http::ClientConnectorError>(once.next());
    co_await session.close();
}

ASYNC_TEST(EventSource, refuses_what_is_no_stream_of_events) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.target == "/html") return answer("<p>", "Content-Type: text/html\r\n");
        if (request.target == "/none") return answer("data: a\n\n");
        if (request.target == "/503") return answer("", kType, "503 Service Unavailable");
        if (request.target == "/loop") return redirect("302 Found", "/loop");
        return answer("", kType, "404 Not Found");
    });
    ClientSession session;
    EventSource html = session.sse_connect(host.url("/html"));
    EXPECT_THAT(co_await expect_throws<http::ContentTypeError>(html.next()), HasSubstr("'text/html'"));
    EventSource none = session.sse_connect(host.url("/none"));
    co_await expect_throws<http::ContentTypeError>(none.next());
    EventSource missing = session.sse_connect(host.url("/404"));
    EXPECT_THAT(co_await expect_throws<http::ClientResponseError>(missing.next()), HasSubstr("404"));
    EventSource down = session.sse_connect(host.url("/503"));
    EXPECT_THAT(co_await expect_throws<http::ClientResponseError>(down.next()), HasSubstr("503"));
    EventSource loop = session.sse_connect(host.url("/loop"));
    co_await expect_throws<http::TooManyRedirects>(loop.next());
    co_await end(session, host);
}

ASYNC_TEST(EventSource, follows_redirects_with_the_body_of_a_post) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.target == "/old") return redirect("307 Temporary Redirect", "/new");
        return stream("data: " + request.body + "\n\n");
    });
    ClientSession session;
    EventSource source = sse_connect(session.post(host.url("/old")).data("asked"));
    EXPECT_EQ(co_await next(source), "message:asked");
    EXPECT_EQ(source.url(), host.url("/new"));
    EXPECT_EQ(co_await next(source), "(end)");
    co_await end(session, host);
}

ASYNC_TEST(EventSource, sends_a_post_again_only_when_it_is_told_to) {
    FakeHost& host = *co_await FakeHost::open([n = 0](const RawRequest& request) mutable -> Reply {
        if (++n < 3) return stream("data: " + request.body + "\n\n");
        return answer("", "", "204 No Content");
    });
    ClientSession session;
    const http::EventSourceOptions again{.reconnect = true, .reconnection_time = 0s};
    EventSource source = sse_connect(session.post(host.url("/")).data("x"), again);
    EXPECT_EQ(co_await next(source), "message:x");
    EXPECT_EQ(co_await next(source), "message:x");
    EXPECT_EQ(co_await next(source), "(end)");
    auto once = []() -> AsyncGenerator<std::string> { co_yield "once"; };
    FakeHost& other =
        *co_await FakeHost::open([](const RawRequest& r) { return stream("data: " + r.body + "\n\n"); });
    EventSource used_up = sse_connect(session.post(other.url("/")).data(once()), again);
    EXPECT_EQ(co_await next(used_up), "message:once");
    EXPECT_EQ(co_await next(used_up), "(end)");  // its body cannot be sent again
    co_await end(session, host);
    co_await other.stop();
}

ASYNC_TEST(EventSource, limits_the_size_of_an_event) {
    FakeHost& host = *co_await FakeHost::open(
        [](const RawRequest&) { return stream("data: small\n\ndata: " + std::string(2000, 'x') + "\n\n"); });
    ClientSession session;
    EventSource source = session.sse_connect(host.url("/"), {.max_event_size = 1000});
    EXPECT_EQ(co_await next(source), "message:small");
    const std::string text = co_await expect_throws<http::EventTooLargeError>(source.next());
    EXPECT_THAT(text, HasSubstr("longer than 1000 bytes"));
    EXPECT_EQ(source.ready_state(), ReadyState::closed);
    co_await end(session, host);
}

// A host whose first connection gets a response that stays open, and what `events` brings.
Coro<FakeHost*> open_stream(Queue<std::string>& events) {
    co_return co_await FakeHost::talking(
        [&events](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            if (!co_await self.read(reader)) co_return;
            writer.write("HTTP/1.1 200 OK\r\n" + kType + "\r\n");
            while (true) {
                const std::string text = co_await events.get();
                if (text.empty()) break;
                writer.write(text);
            }
            writer.close();
        });
}

ASYNC_TEST(EventSource, loses_no_event_when_a_wait_is_cancelled) {
    Queue<std::string>& events = keep<Queue<std::string>>();
    FakeHost& host = *co_await open_stream(events);
    ClientSession session;
    EventSource& source = keep<EventSource>(session.sse_connect(host.url("/"), {.reconnect = false}));
    events.put_nowait("data: a\n\ndata: half");
    EXPECT_EQ(co_await next(source), "message:a");
    const auto wait_for_one = [&source]() -> Coro<std::string> { return next(source); };
    auto waiting = create_task(wait_for_one);
    co_await settle();
    co_await expect_throws<RuntimeError>(source.next());  // one at a time
    waiting.cancel();
    co_await expect_throws<CancelledError>(waiting);
    events.put_nowait(" and half\n\n");
    EXPECT_EQ(co_await next(source), "message:half and half");
    events.put_nowait("");
    EXPECT_EQ(co_await next(source), "(end)");
    co_await end(session, host);
}

ASYNC_TEST(EventSource, can_be_closed_while_it_waits) {
    Queue<std::string>& events = keep<Queue<std::string>>();
    FakeHost& host = *co_await open_stream(events);
    ClientSession session;
    EventSource& source = keep<EventSource>(session.sse_connect(host.url("/")));
    events.put_nowait("data: a\n\n");
    EXPECT_EQ(co_await next(source), "message:a");
    const auto wait_for_one = [&source]() -> Coro<std::string> { return next(source); };
    auto reading = create_task(wait_for_one);
    co_await settle();
    source.close();
    EXPECT_EQ(co_await reading, "(end)");
    EXPECT_EQ(reading.cancelling(), 0u);
    EXPECT_EQ(session.connector().statistics().acquired, 0u);
    // While it waits to connect again.
    const http::URL nobody("http://127.0.0.1:" + std::to_string(co_await unused_port()));
    source = session.sse_connect(nobody, {.reconnection_time = 1h, .max_reconnection_time = 1h});
    auto connecting = create_task(wait_for_one);
    while (pending_timers() == 0 || session.connector().statistics().acquired > 0) co_await sleep(1ms);
    source.close();
    EXPECT_EQ(co_await connecting, "(end)");
    // Destroyed, in place of closed; and one that was never used.
    auto other = std::make_unique<EventSource>(session.sse_connect(nobody, {.reconnection_time = 1h}));
    auto orphan = create_task(other->next());
    co_await sleep(20ms);
    other.reset();
    EXPECT_FALSE((co_await orphan).has_value());
    session.sse_connect(nobody).close();
    events.put_nowait("");
    co_await end(session, host);
}

ASYNC_TEST(EventSource, limits_the_time_to_connect_and_the_silence) {
    FakeHost& silent =
        *co_await FakeHost::talking([](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            const auto request = co_await self.read(reader);
            if (request && request->target == "/quiet")
                writer.write("HTTP/1.1 200 OK\r\n" + kType + "\r\ndata: a\n\n");
            co_await reader.read();
            writer.close();
        });
    ClientSession session;
    EventSource never = sse_connect(session.get(silent.url("/")).timeout(20ms), {.reconnect = false});
    EXPECT_THAT(co_await expect_throws<http::ServerTimeoutError>(never.next()), HasSubstr("without a response"));
    http::ClientTimeout limits;
    limits.total = virtual_time() ? Duration(50ms) : Duration(10s);  // not for the stream
    limits.sock_read = virtual_time() ? Duration(100ms) : Duration(500ms);
    EventSource quiet = sse_connect(session.get(silent.url("/quiet")).timeout(limits), {.reconnect = false});
    EXPECT_EQ(co_await next(quiet), "message:a");
    const Stopwatch watch;
    co_await expect_throws<http::SocketTimeoutError>(quiet.next());
    EXPECT_GE(watch.elapsed(), *limits.sock_read / 2);
    co_await end(session, silent);
}

ASYNC_TEST(EventSource, ends_with_its_session) {
    Queue<std::string>& events = keep<Queue<std::string>>();
    FakeHost& host = *co_await open_stream(events);
    ClientSession session;
    EventSource& source = keep<EventSource>(session.sse_connect(host.url("/")));
    auto waiting = create_task([&source]() -> Coro<std::string> { return next(source); });
    while (source.ready_state() != ReadyState::open) co_await sleep(1ms);
    co_await session.close();
    co_await expect_throws<http::ClientConnectionError>(waiting);
    EXPECT_EQ(source.ready_state(), ReadyState::closed);
    events.put_nowait("");
    co_await host.stop();
}

}  // namespace

// Extremes: http::EventSourceOptions::reconnection_time, http::EventSourceOptions::max_reconnection_time,
//     http::EventSourceOptions::max_connect_retry, http::EventSourceOptions::max_event_size
ASYNC_TEST(Extremes, of_event_sources, kOnce) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return stream("data\n\n"); });
    ClientSession session;
    for (const Duration time : {Duration::min(), Duration(-1), Duration(0), Duration(1)}) {
        for (const auto& options :
             {http::EventSourceOptions{.reconnection_time = time, .max_connect_retry = SIZE_MAX},
              http::EventSourceOptions{.max_reconnection_time = time, .max_connect_retry = 0}}) {
            EventSource source = session.sse_connect(host.url("/"), options);
            EXPECT_GE(source.reconnection_time(), Duration(0));
            for (int i = 0; i < 3; ++i) EXPECT_EQ(co_await next(source), "message:");
            EXPECT_EQ(source.connections(), 3u);
        }
    }
    EventSource& source = keep<EventSource>(session.sse_connect(
        host.url("/"), {.reconnection_time = Duration::max(), .max_reconnection_time = Duration::max()}));
    EXPECT_EQ(co_await next(source), "message:");
    auto never = create_task([&source]() -> Coro<std::string> { return next(source); });
    co_await sleep(20ms);
    EXPECT_FALSE(never.done());
    source.close();
    EXPECT_EQ(co_await never, "(end)");
    for (const std::size_t size : {std::size_t(0), std::size_t(1), SIZE_MAX}) {
        EventSource small = session.sse_connect(host.url("/"), {.max_event_size = size});
        EXPECT_EQ(co_await next(small), "message:");
    }
    EXPECT_THROW(static_cast<void>(session.sse_connect(host.url("/"), {.last_event_id = "a\nb"})), ValueError);
    co_await end(session, host);
}

}  // namespace aio::test
