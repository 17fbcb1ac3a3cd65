// How WebSockets begin, and which do not: the server with requests as bytes, the client with answers as bytes.
#include "http/websocket/chat.hpp"

#include "http/client/fake_host.hpp"
#include "http/server/web_client.hpp"
#include "http/wire/ws_handshake.hpp"

namespace aio::test {
namespace {

using http::WSServerHandshakeError;
using testing::HasSubstr;

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";

// --- the server ------------------------------------------------------------------------------------------------------

std::string asking(std::string_view instead = "", std::string_view by = "") {
    std::string headers =
        "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
        std::string(kKey) + "\r\n";
    if (!instead.empty()) headers.replace(headers.find(instead), instead.size(), by);
    return headers;
}

ASYNC_TEST(WebSocketHandshake, the_server_agrees) {  // RFC 6455 section 1.3
    Chat chat({}, {}, {"v2", "v1"});
    co_await chat.client.start();
    WebClient client = co_await WebClient::connect(chat.client.port());
    client.get("/ws",
               asking() + "Sec-WebSocket-Protocol: v1, v2\r\nSec-WebSocket-Extensions: permessage-deflate\r\n");
    const WebReply reply = co_await client.reply();
    EXPECT_EQ(reply.status, 101);
    EXPECT_EQ(reply.header("Upgrade"), "websocket");
    EXPECT_EQ(reply.header("Connection"), "upgrade");
    EXPECT_EQ(reply.header("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(reply.header("Sec-WebSocket-Protocol"), "v2");
    EXPECT_EQ(reply.header("Sec-WebSocket-Extensions"), "permessage-deflate");
    client.close();
    co_await chat.client.close();
}

ASYNC_TEST(WebSocketHandshake, the_server_reads_what_came_with_the_request) {
    Chat chat;
    co_await chat.client.start();
    WebClient client = co_await WebClient::connect(chat.client.port());
    client.send("GET /ws HTTP/1.1\r\nHost: a\r\n" + asking() + "\r\n\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    EXPECT_EQ((co_await client.reply()).status, 101);
    EXPECT_EQ(co_await client.reader().readexactly(7), "\x81\x05Hello");
    client.close();
    co_await chat.client.close();
}

ASYNC_TEST(WebSocketHandshake, the_server_refuses) {  // test_web_websocket.py: test_protocol_...
    Chat chat({}, {}, {}, {"https://good.example"});
    co_await chat.client.start();
    WebClient client = co_await WebClient::connect(chat.client.port());
    const auto status = [&](std::string headers) -> Coro<int> {
        const WebReply reply = co_await client.ask("/ws", std::move(headers));
        co_return reply.status;
    };
    EXPECT_EQ(co_await status(""), 400);
    EXPECT_EQ(co_await status(asking("websocket", "h2c")), 400);
    EXPECT_EQ(co_await status(asking("keep-alive, Upgrade", "keep-alive")), 400);
    EXPECT_EQ(co_await status(asking(kKey, "short")), 400);
    EXPECT_EQ(co_await status(asking() + "Origin: https://evil.example\r\n"), 403);
    const WebReply old = co_await client.ask("/ws", asking("13", "8"));
    EXPECT_EQ(old.status, 426);
    EXPECT_EQ(old.header("Sec-WebSocket-Version"), "13");
    const int good = co_await status(asking() + "Origin: https://good.example\r\n");
    EXPECT_EQ(good, 101);
    client.close();
    co_await chat.client.close();
}

ASYNC_TEST(WebSocketHandshake, can_be_asked_before) {  // test_can_prepare_ok, test_can_prepare_unknown_protocol
    http::Headers headers;
    headers.set("Upgrade", "WebSocket").set("Connection", "Upgrade").set("Sec-WebSocket-Version", "13");
    headers.set("Sec-WebSocket-Key", kKey).set("Sec-WebSocket-Protocol", "chat");
    auto good = http::make_mocked_request("GET", "/", headers);
    auto bad = http::make_mocked_request("GET", "/");
    const WebSocketResponse ws(WSOptions(), {"chat"});
    EXPECT_TRUE(ws.can_prepare(good.request()));
    EXPECT_EQ(ws.can_prepare(good.request()).protocol, "chat");
    EXPECT_FALSE(ws.can_prepare(bad.request()));
    WebSocketResponse early;
    co_await expect_throws<RuntimeError>(early.next());
    EXPECT_THROW(static_cast<void>(early.send_str("x")), RuntimeError);
}

// --- the client ------------------------------------------------------------------------------------------------------

// The answer to `request` with `instead` in place of one of its headers' lines.
std::string agreeing(const RawRequest& request, std::string_view more = "", std::string_view without = "") {
    std::string text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n";
    text += "Sec-WebSocket-Accept: " + http::wire::ws_accept(request.header("Sec-WebSocket-Key")) + "\r\n";
    if (!without.empty()) {
        const std::size_t at = text.find(without);
        text.erase(at, text.find("\r\n", at) + 2 - at);
    }
    return text + std::string(more) + "\r\n";
}

ASYNC_TEST(WebSocketHandshake, the_client_asks_for_what_it_was_told) {
    FakeHost* host = co_await FakeHost::open(
        [](const RawRequest& request) { return Reply(agreeing(request, "Sec-WebSocket-Protocol: b\r\n"), true); });
    http::ClientSession session;
    const std::string url = "ws://127.0.0.1:" + std::to_string(host->port()) + "/chat";
    {
        auto ws = co_await session.ws_connect(url)
                      .protocol("a")
                      .protocol("b")
                      .origin("https://o")
                      .param("q", "1")
                      .compress();
        EXPECT_EQ(ws.protocol(), "b");
        EXPECT_FALSE(ws.compressed()) << "the server did not answer the offer";
    }
    const RawRequest& asked = host->requests.at(0);
    EXPECT_EQ(asked.method, "GET");
    EXPECT_EQ(asked.target, "/chat?q=1");
    EXPECT_EQ(asked.header("Upgrade"), "websocket");
    EXPECT_EQ(asked.header("Connection"), "Upgrade");
    EXPECT_EQ(asked.header("Sec-WebSocket-Version"), "13");
    EXPECT_EQ(asked.header("Sec-WebSocket-Protocol"), "a, b");
    EXPECT_EQ(asked.header("Sec-WebSocket-Extensions"), "permessage-deflate; client_max_window_bits");
    EXPECT_EQ(asked.header("Origin"), "https://o");
    EXPECT_TRUE(http::wire::is_ws_key(asked.header("Sec-WebSocket-Key")));
    EXPECT_EQ(asked.header("Content-Length"), "(none)");
    co_await end(session, *host);
}

ASYNC_TEST(WebSocketHandshake,
           the_client_refuses_what_is_no_agreement) {  // test_client_ws.py: test_ws_connect_err_...
    struct Case {
        const char* more;
        const char* without;
        const char* complaint;
    };
    static constexpr Case kCases[] = {
        {"", "Upgrade", "Invalid upgrade header"},
        {"", "Connection", "Invalid connection header"},
        {"", "Sec-WebSocket-Accept", "Invalid challenge response"},
        {"Sec-WebSocket-Protocol: other\r\n", "", "A subprotocol that was not offered: other"},
        {"Sec-WebSocket-Extensions: permessage-deflate\r\n", "", "Extensions that were not offered"},
    };
    std::size_t next = 0;
    FakeHost* host = co_await FakeHost::open([&](const RawRequest& request) {
        if (next == std::size(kCases)) return Reply(answer("no", "", "404 Not Found"));
        const Case& now = kCases[next++];
        return Reply(agreeing(request, now.more, now.without), true);
    });
    http::ClientSession session;
    for (const Case& expected : kCases) {
        EXPECT_THAT(co_await expect_throws<WSServerHandshakeError>(session.ws_connect(host->url()).protocol("chat")),
                    HasSubstr(expected.complaint));
    }
    EXPECT_THAT(co_await expect_throws<WSServerHandshakeError>(session.ws_connect(host->url())),
                HasSubstr("Invalid response status"));
    co_await end(session, *host);
}

ASYNC_TEST(WebSocketHandshake, the_client_tells_a_server_what_it_did_wrong) {
    std::string heard;
    auto told = std::make_shared<Noted>();
    FakeHost* host = co_await FakeHost::talking(
        [&heard, told](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            std::optional<RawRequest> request = co_await self.read(reader);
            writer.write(agreeing(*request) + "\x83\x01x");  // an opcode that there is not
            heard = co_await reader.readexactly(8);
            told->done.set_result();
            writer.close();
        });
    http::ClientSession session;
    {
        auto ws = co_await session.ws_connect(host->url());
        const WSMessage message = co_await ws.receive();
        EXPECT_EQ(message.type, WSMsgType::error);
        EXPECT_EQ(ws.close_code(), 1002);
        EXPECT_EQ((co_await ws.receive()).type, WSMsgType::closed);
        co_await told->done;
    }
    CO_ASSERT_TRUE(heard.size() == 8);
    EXPECT_EQ(heard.substr(0, 2), "\x88\x82");
    EXPECT_EQ(static_cast<unsigned char>(heard[6] ^ heard[2]), 1002 >> 8);
    EXPECT_EQ(static_cast<unsigned char>(heard[7] ^ heard[3]), 1002 & 255);
    co_await end(session, *host);
}

ASYNC_TEST(WebSocketHandshake, options_that_make_no_sense_are_refused_at_once) {
    http::ClientSession session;
    EXPECT_THROW(static_cast<void>(session.ws_connect("ws://127.0.0.1/").compress(8)), ValueError);
    EXPECT_THROW(static_cast<void>(session.ws_connect("ws://127.0.0.1/").protocol("a b")), ValueError);
    EXPECT_THROW(static_cast<void>(session.ws_connect("ws://127.0.0.1/").header("a", "b\n")), ValueError);
    co_await session.close();
}

}  // namespace
}  // namespace aio::test
