// Numbers and times of WebSockets at their ends. The rule and its check: tools/extremes.py.
#include "http/websocket/chat.hpp"

#include <nlohmann/json.hpp>

#include <climits>

namespace aio::test {
namespace {

using testing::HasSubstr;

// What comes back for a message of `size` bytes from a server with these options; nothing: what it closed with.
Coro<std::string> echoed(WSOptions options, std::size_t size, int bits = 0) {
    Chat chat({}, options);
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect().compress(bits);
    EXPECT_EQ(ws.compressed(), bits != 0);
    co_await ws.send_bytes(std::string(size, 'x'));
    const WSMessage message = co_await ws.receive();
    co_await ws.close();
    co_await chat.client.close();
    co_return message.type == WSMsgType::binary ? message.data : std::to_string(message.close_code);
}

}  // namespace

// Extremes: http::WSConnect::max_msg_size(bytes), http::WSOptions::max_msg_size
ASYNC_TEST(Extremes, of_messages) {
    for (const int bits : {0, 15}) {
        for (const std::uint64_t most : {std::uint64_t{0}, UINT64_MAX, UINT64_MAX - 1, std::uint64_t{1} << 63}) {
            EXPECT_EQ((co_await echoed({.max_msg_size = most}, 10'000, bits)).size(), 10'000u) << most;
        }
        EXPECT_EQ(co_await echoed({.max_msg_size = 1}, 0, bits), "");
        EXPECT_EQ(co_await echoed({.max_msg_size = 1}, 2, bits), "1009");
    }
    EXPECT_EQ(co_await echoed({.max_msg_size = 1}, 1), "x");
    Chat chat;
    co_await chat.client.start();
    for (const std::uint64_t most : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
        ClientWebSocketResponse ws = co_await chat.connect().max_msg_size(most);
        co_await ws.send_str("ab");
        const WSMessage message = co_await ws.receive();
        EXPECT_EQ(message.type, most == 1 ? WSMsgType::error : WSMsgType::text);
        co_await ws.close();
        co_await ws.close();
    }
    co_await chat.client.close();
}

// Extremes: http::WSConnect::compress(window_bits), http::WSOptions::compress
ASYNC_TEST(Extremes, of_windows) {
    Chat chat;
    co_await chat.client.start();
    for (const int bits : {INT_MIN, -1, 1, 8, 16, INT_MAX}) {
        EXPECT_THAT(expect_error<ValueError>([&] { chat.connect().compress(bits); }),
                    HasSubstr("must be between 9 and 15"));
        WSOptions options;
        options.compress = bits;
        EXPECT_THROW(chat.connect().options(options), ValueError);
        EXPECT_THROW(WebSocketResponse{options}, ValueError);
    }
    for (const int bits : {0, 9, 15}) EXPECT_EQ((co_await echoed({.compress = bits}, 100)).size(), 100u);
    co_await chat.client.close();
}

// Extremes: http::WSConnect::heartbeat(interval), http::WSOptions::heartbeat
ASYNC_TEST(Extremes, of_heartbeats) {
    for (const Duration none : {Duration::min(), Duration(-1), Duration(0), Duration::max()}) {
        Chat chat({}, {.heartbeat = none});
        co_await chat.client.start();
        ClientWebSocketResponse ws = co_await chat.connect().heartbeat(none).autoping(false);
        co_await expect_throws<TimeoutError>(ws.receive(50ms));
        co_await ws.send_str("alive");
        EXPECT_EQ(co_await ws.receive_str(), "alive") << "no ping came";
        co_await ws.close();
        co_await chat.client.close();
    }
}

// Extremes: http::WSConnect::receive_timeout(limit), http::WSOptions::receive_timeout,
//     http::WebSocket::receive(timeout), http::WebSocket::receive_str(timeout),
//     http::WebSocket::receive_bytes(timeout), http::WebSocket::receive_json(timeout)
ASYNC_TEST(Extremes, of_receiving) {
    Chat chat;
    co_await chat.client.start();
    for (const Duration over : {Duration::min(), Duration(-1), Duration(0), Duration(1)}) {
        ClientWebSocketResponse ws = co_await chat.connect().receive_timeout(over);
        co_await expect_throws<TimeoutError>(ws.receive());
        co_await expect_throws<TimeoutError>(ws.receive(over));
        co_await expect_throws<TimeoutError>(ws.receive_str(over));
        co_await expect_throws<TimeoutError>(ws.receive_bytes(over));
        co_await expect_throws<TimeoutError>(ws.receive_json(over));
        co_await ws.send_str("1");
        EXPECT_EQ(co_await ws.receive_str(Duration::max()), "1") << "nothing is lost";
        co_await ws.close();
    }
    ClientWebSocketResponse ws = co_await chat.connect().receive_timeout(Duration::max());
    co_await ws.send_str("1");
    EXPECT_EQ(co_await ws.receive_str(), "1");
    co_await ws.close();
    co_await chat.client.close();
}

// Extremes: http::WSConnect::close_timeout(limit), http::WSOptions::close_timeout, http::WebSocket::close(code),
//     http::WSMessage::WSMessage(code), http::WSConnect::timeout(total)
ASYNC_TEST(Extremes, of_closing) {
    Chat chat;
    co_await chat.client.start();
    for (const std::uint16_t code : {0, 1, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535}) {
        ClientWebSocketResponse ws = co_await chat.connect();
        EXPECT_THAT(co_await expect_throws<ValueError>(ws.close(code)), HasSubstr("may not be sent")) << code;
        co_await ws.close();
        EXPECT_EQ(WSMessage(WSMsgType::close, "", code).close_code, code);
    }
    for (const std::uint16_t code : {1000, 1014, 3000, 4999}) {
        ClientWebSocketResponse ws = co_await chat.connect().timeout(Duration::max());
        EXPECT_TRUE(co_await ws.close(code));
        EXPECT_EQ(ws.close_code(), code);
        EXPECT_FALSE(co_await ws.close(code)) << "the second time";
    }
    for (const Duration limit : {Duration::min(), Duration(0), Duration::max()}) {
        ClientWebSocketResponse ws = co_await chat.connect().close_timeout(limit);
        EXPECT_TRUE(co_await ws.close());
        EXPECT_EQ(ws.close_code(), limit == Duration::max() ? 1000 : 1006) << "it did not wait for the answer";
    }
    co_await chat.client.close();
}

}  // namespace aio::test
