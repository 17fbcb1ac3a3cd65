// How aiohttp's flavour ends: handlers that return, fail or are shut down; peers that break, do not read or are dead, also while
// nobody receives; and what a session's close() waits for.
#include "http/client/fake_host.hpp"
#include "http/websocket/chat.hpp"
#include "http/wire/ws_handshake.hpp"

namespace aio::test {
namespace {

std::string accepting(const RawRequest& request) {
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: " +
           http::wire::ws_accept(request.header("Sec-WebSocket-Key")) + "\r\n\r\n";
}

// A server of an application with one WebSocket, run by an AppRunner of its own.
struct Runner {
    explicit Runner(Chat::Talk talk, WSOptions options = {}, http::RunnerOptions how = {}) : chat(talk, options) {
        runner.emplace(chat.app, how);
    }
    Coro<> start() {
        co_await runner->setup();
        site.emplace(*runner, "127.0.0.1", 0);
        co_await site->start();
    }
    std::string url() const { return "ws://127.0.0.1:" + std::to_string(site->port()) + "/ws"; }

    Chat chat;
    std::optional<http::AppRunner> runner;
    std::optional<http::TCPSite> site;
};

ASYNC_TEST(WebSocketEnd, a_handler_that_returns_has_said_all_and_closes_with_1000) {
    auto talk = [](WebSocketResponse& ws) -> Coro<> {
        static_cast<void>(ws.send_str("one"));
        static_cast<void>(ws.send_bytes(std::string(300'000, 'x')));
        co_return;
    };
    Chat chat(talk);
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect();
    EXPECT_EQ(co_await ws.receive_str(), "one");
    EXPECT_EQ((co_await ws.receive_bytes()).size(), 300'000u);
    const WSMessage last = co_await ws.receive();
    EXPECT_EQ(last.type, WSMsgType::close);
    EXPECT_EQ(last.close_code, 1000);
    co_await chat.client.close();
}

ASYNC_TEST(WebSocketEnd, a_handler_that_throws_is_reported_and_closes_with_1011) {
    auto talk = [](WebSocketResponse& ws) -> Coro<> {
        co_await ws.receive();
        throw std::runtime_error("the handler's");
    };
    Chat chat(talk);
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect();
    co_await ws.send_str("go");
    EXPECT_EQ((co_await ws.receive()).close_code, 1011);
    co_await chat.client.close();
    const std::vector<Report> reports = take_reports();
    CO_ASSERT_TRUE(reports.size() == 1);
    EXPECT_EQ(reports[0].what, "std::runtime_error: the handler's");
}

ASYNC_TEST(WebSocketEnd, a_shutdown_closes_every_client_with_1001) {
    Runner server(echo_messages);
    co_await server.start();
    http::ClientSession session;
    ClientWebSocketResponse a = co_await session.ws_connect(server.url());
    ClientWebSocketResponse b = co_await session.ws_connect(server.url());
    co_await a.send_str("here");
    EXPECT_EQ(co_await a.receive_str(), "here");
    auto cleaning = create_task(server.runner->cleanup());
    for (ClientWebSocketResponse* one : {&a, &b}) {
        const WSMessage message = co_await one->receive();
        EXPECT_EQ(message.type, WSMsgType::close);
        EXPECT_EQ(message.close_code, 1001);
    }
    co_await cleaning;
    co_await session.close();
}

// An un-awaited sender does not hide that its client reads nothing.
ASYNC_TEST(WebSocketEnd, a_client_that_does_not_read_is_dropped_however_much_is_sent) {
    if (!simulated()) co_return;  // it takes seconds
    auto noted = std::make_shared<Noted>();
    auto talk = [noted](WebSocketResponse& ws) -> Coro<> {
        int count = 0;
        while (!ws.closed() && count < 1000) {
            try {
                static_cast<void>(ws.send_bytes(std::string(10'000, 'x')));
            } catch (const ConnectionResetError&) {
                break;
            }
            co_await sleep(100ms);
            ++count;
        }
        noted->text = count < 1000 ? "dropped" : "kept";
        noted->done.set_result();
    };
    http::RunnerOptions options;
    options.send_timeout = 3s;
    Runner server(talk, {}, options);
    co_await server.start();
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.site->port(), {.limit = 1024});
    writer.write(
        "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    co_await noted->done;
    EXPECT_EQ(noted->text, "dropped");
    writer.abort();
    co_await server.runner->cleanup();
}

ASYNC_TEST(WebSocketEnd, pings_are_answered_while_nobody_receives) {
    auto noted = std::make_shared<Noted>();
    auto talk = [noted](WebSocketResponse& ws) -> Coro<> {
        static_cast<void>(co_await ws.receive());  // the pong
        noted->done.set_result();
        co_await ws.receive();
    };
    Chat chat(talk, {.autoping = false});
    co_await chat.client.start();
    auto heard = [](WebSocketResponse& ws) -> Coro<> { co_await ws.ping("p"); };
    Chat asking([noted, heard](WebSocketResponse& ws) -> Coro<> {
        co_await heard(ws);
        co_await noted->done;
    });
    ClientWebSocketResponse ws = co_await chat.connect();
    co_await ws.pong("unasked");
    co_await noted->done;
    co_await ws.close();
    co_await chat.client.close();
}

ASYNC_TEST(WebSocketEnd, a_heartbeat_finds_the_dead_while_nobody_receives) {
    FakeHost* host =
        co_await FakeHost::talking([](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            const std::optional<RawRequest> request = co_await self.read(reader);
            writer.write(accepting(*request));
            co_await reader.read();  // says nothing
            writer.close();
        });
    http::ClientSession session;
    {
        auto ws = co_await session.ws_connect(host->url()).heartbeat(20ms);
        while (!ws.closed()) co_await sleep(5ms);
        EXPECT_EQ(ws.close_code(), 1006);
        co_await expect_throws<http::SocketTimeoutError>([&ws]() -> Coro<> {
            std::rethrow_exception(ws.exception());
            co_return;
        }());
        EXPECT_EQ((co_await ws.receive()).type, WSMsgType::error);
    }
    co_await end(session, *host);
}

ASYNC_TEST(WebSocketEnd, a_heartbeat_keeps_a_live_connection_while_nobody_receives) {
    Chat chat({}, {.heartbeat = 20ms});
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect().heartbeat(20ms);
    co_await sleep(200ms);
    EXPECT_FALSE(ws.closed());
    co_await ws.send_str("alive");
    EXPECT_EQ(co_await ws.receive_str(), "alive");
    co_await ws.close();
    co_await chat.client.close();
}

// The connection breaks while a pong waits for room: an `error`, no exception.
ASYNC_TEST(WebSocketEnd, a_connection_that_breaks_under_a_pong_is_an_error_message) {
    FakeHost* host =
        co_await FakeHost::talking([](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            const std::optional<RawRequest> request = co_await self.read(reader);
            writer.write(accepting(*request));
            for (int i = 0; i < 50; ++i) writer.write("\x89\x7d" + std::string(125, 'p'));
            co_await reader.readexactly(6);
            writer.abort();
        });
    http::ClientSession session;
    {
        auto ws = co_await session.ws_connect(host->url());
        static_cast<void>(ws.send_bytes(std::string(4'000'000, 'x')));  // beyond the high-water mark
        const WSMessage message = co_await ws.receive();
        EXPECT_TRUE(message.type == WSMsgType::error || message.type == WSMsgType::closed);
        EXPECT_TRUE(ws.closed());
        EXPECT_EQ(ws.close_code(), 1006);
    }
    co_await end(session, *host);
}

ASYNC_TEST(WebSocketEnd, a_peer_that_goes_without_a_word) {  // test_receive_eofstream_in_reader
    FakeHost* host =
        co_await FakeHost::talking([](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            const std::optional<RawRequest> request = co_await self.read(reader);
            writer.write(accepting(*request));
            co_await reader.readexactly(8);
            writer.close();
        });
    http::ClientSession session;
    {
        auto ws = co_await session.ws_connect(host->url());
        co_await ws.send_str("go");
        EXPECT_EQ((co_await ws.receive()).type, WSMsgType::closed);
        EXPECT_EQ(ws.close_code(), 1006);
        EXPECT_TRUE(ws.closed());
    }
    co_await end(session, *host);
}

// After its close frame a side that fails the connection ends its direction: the peer need not end first.
ASYNC_TEST(WebSocketEnd, a_side_that_fails_the_connection_ends_it_without_waiting) {
    auto noted = std::make_shared<Noted>();
    FakeHost* host =
        co_await FakeHost::talking([noted](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            const std::optional<RawRequest> request = co_await self.read(reader);
            writer.write(accepting(*request) + "\x83\x01x");
            noted->text = co_await reader.read();  // up to the end of their direction
            noted->done.set_result();
            writer.close();
        });
    http::ClientSession session;
    {
        auto ws = co_await session.ws_connect(host->url());
        const Stopwatch watch;
        EXPECT_EQ((co_await ws.receive()).type, WSMsgType::error);
        co_await noted->done;
        EXPECT_LT(watch.elapsed(), 900ms);
        EXPECT_EQ(noted->text.size(), 8u) << "a close frame with a code";
        EXPECT_EQ(ws.close_code(), 1002);
    }
    co_await end(session, *host);
}

ASYNC_TEST(WebSocketEnd, a_session_waits_for_the_sockets_of_dropped_websockets) {
    Chat chat;
    co_await chat.client.start();
    http::ClientSession session;
    { auto ws = co_await session.ws_connect("ws://127.0.0.1:" + std::to_string(chat.client.port()) + "/ws"); }
    co_await session.close();
    co_await chat.client.close();  // and the test looks whether a descriptor is left
}

}  // namespace
}  // namespace aio::test
