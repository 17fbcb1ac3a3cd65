// ws::Connection between two ends of ours: receiving, sending, closing; and what a cancellation leaves.
#include "ws/pair.hpp"

#include <array>
#include <vector>

namespace aio::test {
namespace {

using testing::ElementsAre, testing::HasSubstr;
using ws::ConcurrencyError, ws::ConnectionClosedError, ws::ConnectionClosedOK, ws::MessageType;

// --- messages --------------------------------------------------------------------------------------------------------

// websockets: test_connection.test_recv_text, test_connection.test_recv_binary, test_connection.test_send_text
// websockets: test_connection.test_send_binary, test_connection.test_send_text_from_bytes
// websockets: test_connection.test_send_binary_from_str, test_connection.test_state, test_connection.test_request
// websockets: test_connection.test_response, test_connection.test_id
// websockets: test_connection.test_local_address, test_connection.test_remote_address
// websockets: asyncio.test_client.test_connection, asyncio.test_server.test_connection
ASYNC_TEST(WSConnection, messages_go_both_ways) {
    const auto pair = co_await Pair::open();
    ws::Connection& client = *pair->client;
    ws::Connection& remote = *pair->remote;
    EXPECT_EQ(client.state(), ws::State::open);
    EXPECT_EQ(client.path(), "/path?query");
    EXPECT_EQ(remote.path(), "/path?query");
    EXPECT_EQ(client.response().status, 101);
    EXPECT_EQ(remote.request_headers().get("Upgrade", ""), "websocket");
    EXPECT_EQ(client.id().size(), 36u);
    EXPECT_NE(client.id(), remote.id());
    EXPECT_EQ(client.close_code(), std::nullopt);
    EXPECT_EQ(client.exception(), nullptr);
    EXPECT_EQ(client.remote_address().port, pair->server.port());
    EXPECT_EQ(client.remote_address(), remote.local_address());
    EXPECT_EQ(client.local_address(), remote.remote_address());
    co_await client.send("caf\xC3\xA9");
    const ws::Message text = co_await remote.recv();
    EXPECT_TRUE(text.is_text());
    EXPECT_EQ(text.text(), "caf\xC3\xA9");
    const std::array<std::byte, 3> bytes = {std::byte{0}, std::byte{255}, std::byte{7}};
    co_await remote.send(bytes);
    const ws::Message binary = co_await client.recv();
    EXPECT_EQ(binary.type(), MessageType::binary);
    EXPECT_EQ(binary.data(), std::string("\0\xff\a", 3));
    co_await client.send(binary);
    EXPECT_EQ(co_await remote.recv(), binary);
    EXPECT_THROW(static_cast<void>(client.send("\xff")), ValueError);
    co_await pair->close();
}

// websockets: test_connection.test_aiter_text, test_connection.test_aiter_binary, test_connection.test_aiter_mixed
// websockets: test_connection.test_aiter_connection_closed_ok
ASYNC_TEST(WSConnection, a_loop_ends_when_the_connection_closes_in_good_order) {
    const auto server = co_await ws::serve(echo_all, "127.0.0.1", 0);
    ws::Connection client = co_await ws::connect(server.url());
    for (const int size : {0, 1, 125, 126, 65535, 65536, 300'000}) {
        const std::string data(static_cast<std::size_t>(size), 'x');
        co_await client.send(data);
        const ws::Message echoed = co_await client.recv();
        EXPECT_TRUE(echoed.text() == data) << size;
        co_await client.send_bytes(data);
        const ws::MessageView view = co_await client.recv_view();
        EXPECT_TRUE(view.data == data && view.type == MessageType::binary) << size;
    }
    co_await client.close();
    const auto last = co_await client.next();
    EXPECT_FALSE(last);
    EXPECT_EQ(client.state(), ws::State::closed);
    auto closing = server;
    closing.close();
    co_await closing.wait_closed();
}

// websockets: test_connection.test_send_fragmented_text, test_connection.test_send_fragmented_binary
// websockets: test_connection.test_recv_fragmented_text, test_connection.test_recv_fragmented_binary
// websockets: test_connection.test_send_async_fragmented_text, test_connection.test_send_async_fragmented_binary
// websockets: test_connection.test_send_empty_iterable, test_connection.test_send_empty_async_iterable
// websockets: test_connection.test_recv_streaming_text, test_connection.test_recv_streaming_binary
// websockets: test_connection.test_recv_streaming_fragmented_text
// websockets: test_connection.test_recv_streaming_fragmented_binary
// websockets: asyncio.test_client.test_compression_is_enabled, asyncio.test_server.test_compression_is_enabled
ASYNC_TEST(WSConnection, messages_are_sent_and_received_in_fragments) {
    for (const bool deflate : {false, true}) {
        ws::Options options;
        options.deflate.enabled = deflate;
        const auto pair = co_await Pair::open(options);
        ws::Connection& client = *pair->client;
        ws::Connection& remote = *pair->remote;
        EXPECT_EQ(client.compressed(), deflate);
        const std::vector<std::string> pieces = {"one ", "", "two ", "three"};
        co_await client.send(pieces);
        EXPECT_EQ((co_await remote.recv()).text(), "one two three");
        co_await client.send(pieces, MessageType::binary);
        ws::Fragments fragments = remote.recv_streaming();
        std::vector<std::string> seen;
        while (auto fragment = co_await fragments.next()) seen.push_back(*std::move(fragment));
        EXPECT_EQ(fragments.type(), MessageType::binary);
        EXPECT_THAT(seen, ElementsAre("one ", "", "two ", "three"));
        const auto generate = []() -> AsyncGenerator<std::string> {
            co_yield "g1";
            co_await sleep(1ms);
            co_yield "g2";
        };
        co_await client.send(generate());
        EXPECT_EQ((co_await remote.recv()).text(), "g1g2");
        const std::vector<std::string> none;
        co_await client.send(none);
        const auto nothing = []() -> AsyncGenerator<std::string> { co_return; };
        co_await client.send(nothing());
        co_await client.send("after nothing");
        EXPECT_EQ((co_await remote.recv()).text(), "after nothing");
        co_await pair->close();
    }
}

// websockets: test_connection.test_send_while_send_blocked, test_connection.test_send_while_send_async_blocked
ASYNC_TEST(WSConnection, what_others_send_waits_for_the_end_of_a_message_in_fragments) {
    const auto pair = co_await Pair::open();
    ws::Connection& client = *pair->client;
    Event go_on;
    const auto generate = [&go_on]() -> AsyncGenerator<std::string> {
        co_yield "a";
        co_await go_on.wait();
        co_yield "b";
    };
    auto sending = create_task(client.send(generate()));
    co_await run_passes(3);
    const auto send_other = [&client]() -> Coro<> { co_await client.send("other"); };
    auto other = create_task(send_other());
    const std::vector<ws::Connection> all = {client};
    EXPECT_EQ(ws::broadcast(all, "skipped"),
              0u);  // websockets: test_connection.test_broadcast_skips_connection_with_send_blocked
    co_await run_passes(3);
    EXPECT_FALSE(other.done());
    go_on.set();
    co_await sending;
    co_await other;
    EXPECT_EQ((co_await pair->remote->recv()).text(), "ab");
    EXPECT_EQ((co_await pair->remote->recv()).text(), "other");
    co_await pair->close();
}

// --- cancellation and concurrency ------------------------------------------------------------------------------------

// websockets: test_connection.test_recv_cancellation_before_receiving
// websockets: test_connection.test_recv_cancellation_while_receiving, test_messages.test_cancel_get_after_first_frame
// websockets: test_connection.test_recv_streaming_cancellation_before_receiving
// websockets: test_messages.test_cancel_get_before_first_frame
ASYNC_TEST(WSConnection, a_cancelled_recv_loses_nothing) {
    const auto pair = co_await Pair::open();
    ws::Connection& client = *pair->client;
    auto receiving = create_task(client.recv());
    co_await run_passes(3);
    receiving.cancel();
    co_await expect_throws<CancelledError>(receiving);
    Event go_on;
    const auto generate = [&go_on]() -> AsyncGenerator<std::string> {
        co_yield "first ";
        co_await go_on.wait();
        co_yield "second";
    };
    auto sending = create_task(pair->remote->send(generate()));
    receiving = create_task(client.recv());
    const auto last_pong = co_await pair->remote->ping();  // the first fragment is there by now
    EXPECT_GE(last_pong, Duration(0));
    receiving.cancel();
    co_await expect_throws<CancelledError>(receiving);
    go_on.set();
    co_await sending;
    EXPECT_EQ((co_await client.recv()).text(), "first second");
    co_await pair->close();
}

// websockets: test_connection.test_recv_streaming_cancellation_while_receiving
// websockets: test_messages.test_cancel_get_iter_after_first_frame
ASYNC_TEST(WSConnection, a_cancelled_stream_goes_on_where_it_was) {
    const auto pair = co_await Pair::open();
    ws::Connection& client = *pair->client;
    Event go_on;
    const auto generate = [&go_on]() -> AsyncGenerator<std::string> {
        co_yield "first";
        co_await go_on.wait();
        co_yield "second";
    };
    auto sending = create_task(pair->remote->send(generate()));
    ws::Fragments fragments = client.recv_streaming();
    EXPECT_EQ(*(co_await fragments.next()), "first");
    auto next = create_task(fragments.next());
    co_await run_passes(3);
    next.cancel();
    co_await expect_throws<CancelledError>(next);
    EXPECT_THAT(co_await expect_throws<ConcurrencyError>(client.recv()), HasSubstr("was not read to its end"));
    go_on.set();
    co_await sending;
    EXPECT_EQ(*(co_await fragments.next()), "second");
    EXPECT_EQ(*(co_await fragments.next()), "");
    EXPECT_FALSE(co_await fragments.next());
    co_await pair->close();
}

// websockets: test_connection.test_recv_during_recv, test_connection.test_recv_during_recv_streaming
// websockets: test_connection.test_recv_streaming_during_recv, test_messages.test_get_fails_when_get_is_running
// websockets: test_connection.test_recv_streaming_during_recv_streaming
// websockets: test_messages.test_get_fails_when_get_iter_is_running, test_messages.test_get_iter_fails_when_get_is_running
// websockets: test_messages.test_get_iter_fails_when_get_iter_is_running
ASYNC_TEST(WSConnection, one_task_receives_at_a_time) {
    const auto pair = co_await Pair::open();
    ws::Connection& client = *pair->client;
    auto receiving = create_task(client.recv());
    co_await run_passes(3);
    co_await expect_throws<ConcurrencyError>(client.recv());
    co_await expect_throws<ConcurrencyError>(client.recv_streaming().next());
    co_await pair->remote->send("for the first");
    EXPECT_EQ((co_await receiving).text(), "for the first");
    ws::Fragments fragments = client.recv_streaming();
    auto streaming = create_task(fragments.next());
    co_await run_passes(3);
    co_await expect_throws<ConcurrencyError>(client.recv());
    co_await expect_throws<ConcurrencyError>(client.recv_streaming().next());
    co_await pair->remote->send("for the second");
    EXPECT_EQ(co_await streaming, "for the second");
    co_await pair->close();
}

// The issue: a cancelled send of fragments closes the connection rather than send garbage.
ASYNC_TEST(WSConnection, a_cancelled_message_in_fragments_ends_the_connection) {
    const auto pair = co_await Pair::open();
    ws::Connection& client = *pair->client;
    const auto generate = []() -> AsyncGenerator<std::string> {
        co_yield "begun";
        co_await sleep(1h);
    };
    auto sending = create_task(client.send(generate()));
    co_await run_passes(3);
    sending.cancel();
    co_await expect_throws<CancelledError>(sending);
    EXPECT_THAT(co_await expect_throws<ConnectionClosedError>(client.recv()),
                HasSubstr("sent 1011 (internal error) error in fragmented message"));
    const std::string told = co_await expect_throws<ConnectionClosedError>(pair->remote->recv());
    EXPECT_THAT(told, HasSubstr("received 1011 (internal error) error in fragmented message; then sent 1011"));
    co_await pair->close();
}

// --- closing ---------------------------------------------------------------------------------------------------------

// websockets: test_connection.test_close, test_connection.test_close_explicit_code_reason
// websockets: test_connection.test_recv_connection_closed_ok, test_connection.test_recv_connection_closed_error
// websockets: test_connection.test_send_connection_closed_ok, test_connection.test_close_idempotency
// websockets: test_connection.test_close_code, test_connection.test_close_reason, test_connection.test_wait_closed
// websockets: test_connection.test_close_preserves_queued_messages, test_connection.test_aiter_connection_closed_error
// websockets: test_connection.test_send_connection_closed_error, test_connection.test_recv_streaming_connection_closed_ok
ASYNC_TEST(WSConnection, closing_tells_both_sides_code_and_reason) {
    for (const std::uint16_t code : {1000, 4001}) {
        const auto pair = co_await Pair::open();
        ws::Connection& client = *pair->client;
        ws::Connection& remote = *pair->remote;
        co_await remote.send("before");
        auto waiting = create_task(remote.wait_closed());
        co_await client.close(code, "bye");
        co_await waiting;
        EXPECT_EQ(client.close_code(), code);
        EXPECT_EQ(remote.close_code(), code);
        EXPECT_EQ(remote.close_reason(), "bye");
        EXPECT_EQ((co_await client.recv()).text(), "before") << "what came before is kept";
        if (code == 1000) {
            EXPECT_THAT(co_await expect_throws<ConnectionClosedOK>(client.recv()),
                        HasSubstr("sent 1000 (OK) bye; then received 1000 (OK) bye"));
            co_await expect_throws<ConnectionClosedOK>(remote.recv_streaming().next());
            EXPECT_THROW(static_cast<void>(remote.send("late")), ConnectionClosedOK);
            EXPECT_FALSE(co_await remote.next());
        } else {
            EXPECT_THAT(co_await expect_throws<ConnectionClosedError>(remote.recv()),
                        HasSubstr("received 4001 (private use) bye; then sent 4001 (private use) bye"));
            co_await expect_throws<ConnectionClosedError>(client.next());
            EXPECT_THROW(static_cast<void>(client.send("late")), ConnectionClosedError);
        }
        co_await client.close();
        co_await pair->close();
    }
}

// websockets: test_connection.test_close_during_recv, test_connection.test_close_during_recv_streaming
ASYNC_TEST(WSConnection, closing_ends_a_waiting_recv) {
    const auto pair = co_await Pair::open();
    auto receiving = create_task(pair->client->recv());
    co_await run_passes(3);
    co_await pair->client->close();
    co_await expect_throws<ConnectionClosedOK>(receiving);
    co_await pair->close();
}

// websockets: test_connection.test_close_timeout_waiting_for_close_frame, test_connection.test_close_timeout
ASYNC_TEST(WSConnection, a_peer_that_does_not_close_is_aborted) {
    const auto host = co_await RawHost::open([](RawEnd& end) -> Coro<> { co_await end.reader().read(); });
    ws::Connection client = co_await ws::connect(host->url(), {.close_timeout = 30ms});
    co_await client.close();
    EXPECT_EQ(client.close_code(), 1006);
    EXPECT_THAT(co_await expect_throws<ConnectionClosedError>(client.recv()),
                HasSubstr("sent 1000 (OK); no close frame received"));
    co_await host->close();
}

// websockets: test_connection.test_close_timeout_waiting_for_connection_closed
// websockets: test_connection.test_close_waits_for_connection_closed
ASYNC_TEST(WSConnection, a_client_lets_the_server_close_first_but_not_for_ever) {
    const auto host = co_await RawHost::open([](RawEnd& end) -> Coro<> {
        const auto close = co_await end.next();
        end.close_frame(close->close_code);
        co_await end.reader().read();
    });
    ws::Connection client = co_await ws::connect(host->url(), {.close_timeout = 30ms});
    co_await client.close();
    EXPECT_EQ(client.close_code(), 1000);
    co_await host->close();
}

// websockets: test_connection.test_recv_non_utf8_text, test_protocol.test_client_receives_eof_inside_frame
ASYNC_TEST(WSConnection, a_broken_connection_and_a_wrong_frame_are_errors) {
    const auto gone = co_await RawHost::open([](RawEnd& end) -> Coro<> {
        end.bytes("\x82\x05half");
        co_return;
    });
    ws::Connection client = co_await ws::connect(gone->url());
    EXPECT_THAT(co_await expect_throws<ConnectionClosedError>(client.recv()),
                HasSubstr("no close frame received or sent"));
    co_await client.wait_closed();
    co_await gone->close();
    std::optional<WSEvent> told;
    const auto wrong = co_await RawHost::open([&told](RawEnd& end) -> Coro<> {
        end.bytes("\x81\x02\xff\xff");
        told = co_await end.next();
        co_await end.reader().read();
    });
    client = co_await ws::connect(wrong->url());
    EXPECT_THAT(co_await expect_throws<ConnectionClosedError>(client.recv()),
                HasSubstr("sent 1007 (invalid frame payload data); no close frame received"));
    co_await client.wait_closed();
    co_await wrong->close();
    CO_ASSERT_TRUE(told);
    EXPECT_EQ(told->close_code, 1007);
}

}  // namespace
}  // namespace aio::test
