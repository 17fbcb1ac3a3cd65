// WebSockets between our client and our server: messages, closing, time. Names in comments: aiohttp's own tests.
#include "http/websocket/chat.hpp"

#include <nlohmann/json.hpp>

namespace aio::test {
namespace {

using testing::HasSubstr;

// --- messages --------------------------------------------------------------------------------------------------------

ASYNC_TEST(WebSocket, text_and_bytes_come_back) {  // test_send_recv_text, test_send_recv_bytes
    Chat chat;
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect();
    EXPECT_EQ(ws.headers().get("X-Greeting"), "hi");
    EXPECT_EQ(ws.headers().get("Set-Cookie"), "seen=yes; Path=/");
    EXPECT_FALSE(ws.compressed());
    for (const std::size_t size : {0, 1, 125, 126, 65535, 65536, 1'000'000}) {
        const std::string text(scaled(size), 'x');
        co_await ws.send_str(text);
        EXPECT_EQ(co_await ws.receive_str(), text);
        co_await ws.send_bytes(text);
        EXPECT_EQ(co_await ws.receive_bytes(), text);
    }
    const nlohmann::json question = {{"answer", 42}};
    co_await ws.send_json(question);
    const nlohmann::json back = co_await ws.receive_json();
    EXPECT_EQ(back["answer"], 42);
    EXPECT_TRUE(co_await ws.close());
    EXPECT_EQ(ws.close_code(), 1000);
    EXPECT_TRUE(ws.closed());
    co_await chat.client.close();
}

ASYNC_TEST(WebSocket, packed_messages_come_back) {  // test_receive_text_compressed and others
    Chat chat;
    co_await chat.client.start();
    for (const int bits : {9, 12, 15}) {
        ClientWebSocketResponse ws = co_await chat.connect().compress(bits);
        EXPECT_TRUE(ws.compressed());
        for (int i = 0; i < 3; ++i) {
            const std::string text(scaled(100'000), static_cast<char>('a' + i));
            co_await ws.send_str(text);
            EXPECT_EQ(co_await ws.receive_str(), text);
            co_await ws.send_bytes("");
            EXPECT_EQ(co_await ws.receive_bytes(), "");
        }
        co_await ws.close();
    }
    co_await chat.client.close();
}

ASYNC_TEST(WebSocket, many_messages_sent_at_once_stay_in_order) {
    Chat chat;
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect();
    const std::size_t count = scaled(2000);
    for (std::size_t i = 0; i < count; ++i) static_cast<void>(ws.send_str(std::to_string(i)));
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(co_await ws.receive_str(), std::to_string(i));
    co_await ws.close();
    co_await chat.client.close();
}

ASYNC_TEST(WebSocket, a_message_of_another_type_is_told) {  // test_send_recv_text_type_error
    Chat chat;
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect();
    co_await ws.send_bytes("x");
    co_await expect_throws<http::WSMessageTypeError>(ws.receive_str());
    EXPECT_THROW(static_cast<void>(ws.send_str("\xff")), ValueError);
    EXPECT_THROW(static_cast<void>(ws.ping(std::string(126, 'x'))), ValueError);
    co_await ws.close();
    EXPECT_THROW(static_cast<void>(ws.send_str("late")), ConnectionResetError);
    co_await chat.client.close();
}

ASYNC_TEST(WebSocket, pings_are_answered_by_whoever_receives) {  // test_ping_pong, test_ping_pong_manual
    Chat chat;
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect().autoping(false);
    co_await ws.ping("are you there");
    WSMessage message = co_await ws.receive();
    EXPECT_EQ(message.type, WSMsgType::pong);
    EXPECT_EQ(message.data, "are you there");
    co_await ws.pong("unasked");
    co_await ws.send_str("after");
    EXPECT_EQ(co_await ws.receive_str(), "after");
    co_await ws.close();
    co_await chat.client.close();
}

// --- receiving -------------------------------------------------------------------------------------------------------

ASYNC_TEST(WebSocket, a_cancelled_receive_loses_nothing) {
    Chat chat;
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect();
    auto receiving = create_task(ws.receive_str());
    co_await run_passes(3);
    receiving.cancel();
    co_await expect_throws<CancelledError>(receiving);
    co_await ws.send_str("one");
    EXPECT_EQ(co_await ws.receive_str(), "one");
    co_await ws.close();
    co_await chat.client.close();
}

ASYNC_TEST(WebSocket, receiving_has_a_time_limit) {  // test_receive_timeout, test_custom_receive_timeout
    Chat chat;
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect().receive_timeout(20ms);
    co_await expect_throws<TimeoutError>(ws.receive());
    co_await expect_throws<TimeoutError>(ws.receive(10ms));
    co_await ws.send_str("still here");
    EXPECT_EQ(co_await ws.receive_str(1h), "still here");
    co_await ws.close();
    co_await chat.client.close();
}

ASYNC_TEST(WebSocket, two_cannot_receive_at_once) {  // test_concurrent_receive
    Chat chat;
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect();
    auto receiving = create_task(ws.receive_str());
    co_await run_passes(3);
    co_await expect_throws<RuntimeError>(ws.receive());
    co_await ws.send_str("for the first");
    EXPECT_EQ(co_await receiving, "for the first");
    co_await ws.close();
    co_await chat.client.close();
}

// --- closing ---------------------------------------------------------------------------------------------------------

ASYNC_TEST(WebSocket, the_server_closes_with_code_and_reason) {  // test_close_from_server
    auto talk = [](WebSocketResponse& ws) -> Coro<> { co_await ws.close(4001, "enough"); };
    Chat chat(talk);
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect();
    WSMessage message = co_await ws.receive();
    EXPECT_EQ(message.type, WSMsgType::close);
    EXPECT_EQ(message.close_code, 4001);
    EXPECT_EQ(message.data, "enough");
    EXPECT_TRUE(ws.closed());
    EXPECT_EQ(ws.close_code(), 4001);
    EXPECT_FALSE(co_await ws.close()) << "it did so by itself";
    for (int i = 0; i < 4; ++i) EXPECT_EQ((co_await ws.receive()).type, WSMsgType::closed);
    co_await expect_throws<RuntimeError>(ws.receive());  // test_receive_eofstream_in_reader's limit
    co_await chat.client.close();
}

ASYNC_TEST(WebSocket, the_client_closes_with_code_and_reason) {
    auto noted = std::make_shared<Noted>();
    auto talk = [noted](WebSocketResponse& ws) -> Coro<> {
        WSMessage message = co_await ws.receive();
        noted->text =
            message.data + " " + std::to_string(message.close_code) + " " + std::to_string(*ws.close_code());
        noted->done.set_result();
    };
    Chat chat(talk);
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect();
    co_await ws.close(3000, "bye");
    EXPECT_EQ(ws.close_code(), 3000);
    co_await noted->done;
    EXPECT_EQ(noted->text, "bye 3000 3000");
    co_await chat.client.close();
}

ASYNC_TEST(WebSocket, without_autoclose_the_user_answers) {  // test_close_manual
    auto talk = [](WebSocketResponse& ws) -> Coro<> { co_await ws.close(1001); };
    Chat chat(talk);
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect().autoclose(false);
    EXPECT_EQ((co_await ws.receive()).close_code, 1001);
    EXPECT_FALSE(ws.closed());
    EXPECT_TRUE(co_await ws.close());
    EXPECT_EQ(ws.close_code(), 1001);
    co_await chat.client.close();
}

ASYNC_TEST(WebSocket, closing_ends_another_tasks_receive) {  // test_concurrent_close
    Chat chat;
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect();
    auto receiving = create_task(ws.receive());
    co_await run_passes(3);
    EXPECT_TRUE(co_await ws.close());
    EXPECT_EQ((co_await receiving).type, WSMsgType::closing);
    EXPECT_EQ(ws.close_code(), 1000);
    co_await chat.client.close();
}

ASYNC_TEST(WebSocket, what_was_said_before_the_answer_is_dropped) {  // test_close_exc
    auto talk = [](WebSocketResponse& ws) -> Coro<> {
        for (int i = 0; i < 100; ++i) co_await ws.send_str("noise");
        co_await ws.receive();
    };
    Chat chat(talk);
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect();
    EXPECT_TRUE(co_await ws.close());
    EXPECT_EQ(ws.close_code(), 1000);
    co_await chat.client.close();
}

ASYNC_TEST(WebSocket, a_peer_that_does_not_answer_is_not_waited_for_long) {  // test_close_timeout
    auto noted = std::make_shared<Noted>();
    auto talk = [noted](WebSocketResponse&) -> Coro<> { co_await noted->done; };
    Chat chat(talk, {.autoclose = false});
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect().close_timeout(30ms);
    const Stopwatch watch;
    EXPECT_TRUE(co_await ws.close());
    watch.expect(30ms);
    EXPECT_EQ(ws.close_code(), 1006);
    noted->done.set_result();
    co_await chat.client.close();
}

ASYNC_TEST(WebSocket, codes_that_may_not_be_sent_are_refused) {
    Chat chat;
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect();
    for (const int code : {0, 999, 1005, 1006, 1015, 5000}) {
        co_await expect_throws<ValueError>(ws.close(static_cast<std::uint16_t>(code)));
    }
    co_await expect_throws<ValueError>(ws.close(1000, std::string(124, 'x')));
    co_await expect_throws<ValueError>(ws.close(1000, "\xC3"));
    EXPECT_TRUE(co_await ws.close(1000, std::string(123, 'x')));
    co_await chat.client.close();
}

ASYNC_TEST(WebSocket, one_that_is_dropped_open_is_aborted) {
    auto noted = std::make_shared<Noted>();
    auto talk = [noted](WebSocketResponse& ws) -> Coro<> {
        co_await ws.receive();
        noted->text = std::to_string(*ws.close_code());
        noted->done.set_result();
    };
    Chat chat(talk);
    co_await chat.client.start();
    { ClientWebSocketResponse ws = co_await chat.connect(); }
    co_await noted->done;
    EXPECT_EQ(noted->text, "1006");
    co_await chat.client.close();
}

// --- limits and time -------------------------------------------------------------------------------------------------

ASYNC_TEST(WebSocket, a_message_beyond_the_limit_is_refused) {  // test_max_msg_size
    auto noted = std::make_shared<Noted>();
    WSOptions options = {};
    options.max_msg_size = 1000;
    auto talk = [noted](WebSocketResponse& ws) -> Coro<> {
        const WSMessage message = co_await ws.receive();
        noted->text = message.type == WSMsgType::error ? "error" : "something else";
        noted->done.set_result();
    };
    Chat chat(talk, options);
    co_await chat.client.start();
    for (const int bits : {0, 15}) {
        noted->done = Future<>();
        ClientWebSocketResponse ws = co_await chat.connect().compress(bits);
        co_await ws.send_bytes(std::string(1001, 'x'));
        EXPECT_EQ((co_await ws.receive()).close_code, 1009);
        co_await noted->done;
        EXPECT_EQ(noted->text, "error");
    }
    co_await chat.client.close();
}

ASYNC_TEST(WebSocket, a_heartbeat_keeps_a_quiet_connection) {  // test_heartbeat
    Chat chat;
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect().heartbeat(20ms);
    co_await expect_throws<TimeoutError>(ws.receive(300ms));
    co_await ws.send_str("alive");
    EXPECT_EQ(co_await ws.receive_str(), "alive");
    co_await ws.close();
    co_await chat.client.close();
}

ASYNC_TEST(WebSocket, a_heartbeat_finds_the_dead) {  // test_heartbeat_no_pong
    auto noted = std::make_shared<Noted>();
    auto talk = [noted](WebSocketResponse&) -> Coro<> { co_await noted->done; };
    Chat chat(talk, {.autoping = false});  // answers no ping
    co_await chat.client.start();
    ClientWebSocketResponse ws = co_await chat.connect().heartbeat(40ms);
    const Stopwatch watch;
    const WSMessage message = co_await ws.receive();
    watch.expect(60ms);
    EXPECT_EQ(message.type, WSMsgType::error);
    EXPECT_EQ(ws.close_code(), 1006);
    EXPECT_THROW(std::rethrow_exception(ws.exception()), http::SocketTimeoutError);
    EXPECT_THROW(std::rethrow_exception(message.error), http::SocketTimeoutError);
    noted->done.set_result();
    co_await chat.client.close();
}

}  // namespace
}  // namespace aio::test
