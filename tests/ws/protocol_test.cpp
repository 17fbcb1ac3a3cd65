// What our end sends, and what it makes of the peer's end, frame by frame, as a client and as a server.
#include "ws/ends.hpp"

namespace aio::test {
namespace {

using testing::HasSubstr;
using ws::ConnectionClosed, ws::ConnectionClosedError, ws::ConnectionClosedOK, ws::State;

const std::string k1000 = "88:\3\xe8", k1001 = "88:\3\xe9", k1002 = "88:\3\xea", k1011 = "88:\3\xf3";

// websockets: test_protocol.test_client_sends_fragmented_text, test_protocol.test_server_sends_fragmented_text
// websockets: test_protocol.test_client_sends_fragmented_binary, test_protocol.test_server_sends_fragmented_binary
// websockets: test_protocol.test_client_sends_ping, test_protocol.test_server_sends_ping
// websockets: test_protocol.test_client_sends_ping_with_data, test_protocol.test_server_sends_ping_with_data
// websockets: test_protocol.test_client_sends_pong, test_protocol.test_server_sends_pong
// websockets: test_protocol.test_client_sends_pong_with_data, test_protocol.test_server_sends_pong_with_data
// websockets: test_connection.test_pong_explicit_text, test_protocol.test_client_default, test_protocol.test_server_default
// websockets: test_frames.test_non_ascii_text_unmasked, test_frames.test_non_ascii_text_masked
ASYNC_TEST(WSProtocol, what_is_sent_is_one_frame_or_the_frames_of_its_fragments) {
    co_await on_both_sides([](Ends ends) -> Coro<> {
        const std::vector<std::string> pieces = {"a", "b", "c"};
        const std::string bytes("\0\xfe", 2), accented = "\303\251\n";
        EXPECT_EQ(ends.ours.state(), State::open);
        co_await ends.ours.send(accented);
        EXPECT_EQ(co_await ends.frame(), "81:" + accented);
        co_await ends.ours.send(pieces);
        for (const char* expected : {"01:a", "00:b", "80:c"}) EXPECT_EQ(co_await ends.frame(), expected);
        co_await ends.ours.send(pieces, ws::MessageType::binary);
        for (const char* expected : {"02:a", "00:b", "80:c"}) EXPECT_EQ(co_await ends.frame(), expected);
        for (const std::string& data : list(std::string("data"), std::string("line\n"), bytes)) {
            static_cast<void>(ends.ours.ping(data));
            EXPECT_EQ(co_await ends.frame(), "89:" + data);
            co_await ends.ours.pong(data);
            EXPECT_EQ(co_await ends.frame(), "8a:" + data);
        }
        static_cast<void>(ends.ours.ping());
        const std::string random = co_await ends.frame();
        EXPECT_TRUE(random.starts_with("89:"));
        EXPECT_EQ(random.size(), 3u + 4);
        co_await ends.ours.pong();
        EXPECT_EQ(co_await ends.frame(), "8a:");
    });
}

// websockets: test_protocol.test_client_send_ping_pong_in_fragmented_message
// websockets: test_protocol.test_server_send_ping_pong_in_fragmented_message
// websockets: test_protocol.test_client_send_close_in_fragmented_message
// websockets: test_protocol.test_server_send_close_in_fragmented_message
// websockets: test_protocol.test_client_sends_continuation_after_sending_close
// websockets: test_protocol.test_server_sends_continuation_after_sending_close
// websockets: test_connection.test_close_during_send
ASYNC_TEST(WSProtocol, control_frames_go_between_fragments) {
    co_await on_both_sides([](Ends ends) -> Coro<> {
        Event go_on;
        const auto generate = [&go_on]() -> AsyncGenerator<std::string> {
            co_yield "a";
            co_await go_on.wait();
            co_yield "b";
        };
        auto sending = create_task(ends.ours.send(generate()));
        EXPECT_EQ(co_await ends.frame(), "01:a");
        static_cast<void>(ends.ours.ping("in"));
        co_await ends.ours.pong("out");
        EXPECT_EQ(co_await ends.frame(), "89:in");
        EXPECT_EQ(co_await ends.frame(), "8a:out");
        auto closing = create_task(ends.ours.close(1001));
        EXPECT_EQ(co_await ends.frame(), k1011 + "close during fragmented message");
        go_on.set();
        co_await expect_throws<ConnectionClosed>(sending);
        ends.raw.close_frame(1001);
        ends.raw.writer().write_eof();
        co_await closing;
        EXPECT_EQ(co_await ends.raw.reader().read(), "") << "no fragment follows a close frame";
    });
}

// websockets: test_protocol.test_client_sends_close, test_protocol.test_server_sends_close
// websockets: test_protocol.test_client_sends_close_with_code, test_protocol.test_server_sends_close_with_code
// websockets: test_protocol.test_client_sends_close_with_code_and_reason
// websockets: test_protocol.test_server_sends_close_with_code_and_reason
// websockets: test_protocol.test_client_sends_close_with_reason_only
// websockets: test_protocol.test_server_sends_close_with_reason_only
// websockets: test_protocol.test_client_sends_close_then_receives_close
// websockets: test_protocol.test_server_sends_close_then_receives_close
// websockets: test_protocol.test_client_sends_close_twice, test_protocol.test_server_sends_close_twice
// websockets: test_protocol.test_client_sends_close_after_connection_is_closed
// websockets: test_protocol.test_server_sends_close_after_connection_is_closed
// websockets: test_protocol.test_client_sends_text_after_sending_close
// websockets: test_protocol.test_server_sends_text_after_sending_close
// websockets: test_protocol.test_client_sends_binary_after_sending_close
// websockets: test_protocol.test_server_sends_binary_after_sending_close
// websockets: test_protocol.test_client_sends_ping_after_sending_close
// websockets: test_protocol.test_server_sends_ping_after_sending_close
// websockets: test_protocol.test_client_sends_pong_after_sending_close
// websockets: test_protocol.test_server_sends_pong_after_sending_close
// websockets: test_protocol.test_client_sends_ping_after_connection_is_closed
// websockets: test_protocol.test_server_sends_ping_after_connection_is_closed
// websockets: test_protocol.test_client_sends_pong_after_connection_is_closed
// websockets: test_protocol.test_server_sends_pong_after_connection_is_closed
// websockets: test_protocol.test_close_code, test_protocol.test_close_reason
// websockets: test_protocol.test_close_code_not_available_yet, test_protocol.test_close_reason_not_available_yet
// websockets: test_connection.test_close_waits_for_close_frame
// websockets: test_connection.test_broadcast_skips_closing_connection
ASYNC_TEST(WSProtocol, nothing_is_sent_behind_a_close_frame) {
    const auto refuses_all = [](ws::Connection& ours) {
        EXPECT_THROW(static_cast<void>(ours.send("late")), ConnectionClosed);
        EXPECT_THROW(static_cast<void>(ours.send_bytes("late")), ConnectionClosed);
        EXPECT_THROW(static_cast<void>(ours.ping()), ConnectionClosed);
        EXPECT_THROW(static_cast<void>(ours.pong()), ConnectionClosed);
    };
    co_await on_both_sides([&](Ends ends) -> Coro<> {
        EXPECT_FALSE(ends.ours.close_code());
        EXPECT_FALSE(ends.ours.close_reason());
        co_await expect_throws<ValueError>(ends.ours.close(1005, "because"));
        auto closing = create_task(ends.ours.close(1001, "bye"));
        EXPECT_EQ(co_await ends.frame(), k1001 + "bye");
        EXPECT_EQ(ends.ours.state(), State::closing);
        refuses_all(ends.ours);
        const std::vector<ws::Connection> one(1, ends.ours);
        EXPECT_EQ(ws::broadcast(one, "late"), 0u);
        auto again = create_task(ends.ours.close(1000));
        co_await run_passes(3);
        EXPECT_FALSE(closing.done()) << "it waits for the peer's";
        ends.raw.close_frame(1000, "good bye");
        ends.raw.writer().write_eof();
        co_await closing;
        co_await again;
        EXPECT_EQ(ends.ours.state(), State::closed);
        EXPECT_EQ(ends.ours.close_code(), 1000);
        EXPECT_EQ(ends.ours.close_reason(), "good bye");
        refuses_all(ends.ours);
        co_await ends.ours.close(1001);
        EXPECT_EQ(co_await ends.raw.reader().read(), "") << "one close frame is sent";
    });
}

// websockets: test_protocol.test_close_code_not_provided, test_protocol.test_close_reason_not_provided
// websockets: test_protocol.test_client_receives_pong_after_receiving_close
// websockets: test_protocol.test_server_receives_pong_after_receiving_close
// websockets: test_protocol.test_client_receives_continuation_after_receiving_close
// websockets: test_protocol.test_server_receives_continuation_after_receiving_close
// websockets: test_protocol.test_client_receives_close_then_eof, test_protocol.test_server_receives_close_then_eof
ASYNC_TEST(WSProtocol, what_comes_behind_a_close_frame_is_ignored) {
    co_await on_both_sides([](Ends ends) -> Coro<> {
        ends.raw.frame(WSOpcode::close, "");
        ends.raw.frame(WSOpcode::pong, "x");
        ends.raw.frame(WSOpcode::ping, "x");
        ends.raw.frame(WSOpcode::continuation, "x");
        EXPECT_EQ(co_await ends.frame(), "88:");
        ends.raw.writer().write_eof();
        EXPECT_EQ(co_await ends.raw.reader().read(), "");
        EXPECT_THAT(co_await expect_throws<ConnectionClosedOK>(ends.ours.recv()), HasSubstr("received 1005"));
        EXPECT_EQ(ends.ours.close_code(), 1005);
        EXPECT_EQ(ends.ours.close_reason(), "");
    });
}

// websockets: test_protocol.test_client_receives_eof, test_protocol.test_server_receives_eof
// websockets: test_protocol.test_client_receives_eof_between_frames
// websockets: test_protocol.test_server_receives_eof_between_frames
// websockets: test_protocol.test_server_receives_eof_inside_frame
// websockets: test_protocol.test_close_code_not_available, test_protocol.test_close_reason_not_available
// websockets: test_connection.test_recv_streaming_connection_closed_error
ASYNC_TEST(WSProtocol, an_end_without_a_close_frame_is_an_error) {
    for (const char* const before : {"", "\x81", "complete"}) {
        co_await on_both_sides([before](Ends ends) -> Coro<> {
            const bool complete = std::string_view(before) == "complete";
            if (complete) {
                ends.raw.frame(WSOpcode::text, before);
            } else {
                ends.raw.bytes(before);
            }
            ends.raw.writer().write_eof();
            if (complete) {
                EXPECT_EQ((co_await ends.ours.recv()).text(), before);
            }
            ws::Fragments fragments = ends.ours.recv_streaming();
            EXPECT_THAT(co_await expect_throws<ConnectionClosedError>(fragments.next()),
                        HasSubstr("no close frame received or sent"));
            EXPECT_EQ(ends.ours.close_code(), 1006);
            EXPECT_EQ(ends.ours.close_reason(), "");
        });
    }
}

// websockets: test_protocol.test_client_sends_close_then_receives_eof
// websockets: test_protocol.test_server_sends_close_then_receives_eof
ASYNC_TEST(WSProtocol, an_end_in_place_of_the_peers_close_frame_is_an_error) {
    co_await on_both_sides([](Ends ends) -> Coro<> {
        auto closing = create_task(ends.ours.close());
        EXPECT_EQ(co_await ends.frame(), k1000);
        ends.raw.writer().write_eof();
        co_await closing;
        EXPECT_THAT(co_await expect_throws<ConnectionClosedError>(ends.ours.recv()),
                    HasSubstr("sent 1000 (OK); no close frame received"));
        EXPECT_EQ(ends.ours.close_code(), 1006);
    });
}

// websockets: test_protocol.test_client_fails_connection, test_protocol.test_server_fails_connection
// websockets: test_connection.test_recv_streaming_non_utf8_text
ASYNC_TEST(WSProtocol, a_wrong_frame_ends_the_connection_with_its_reason) {
    co_await on_both_sides([](Ends ends) -> Coro<> {
        ends.raw.frame(WSOpcode::text, "\xff");
        ws::Fragments fragments = ends.ours.recv_streaming();
        EXPECT_THAT(co_await expect_throws<ConnectionClosedError>(fragments.next()), HasSubstr("sent 1007"));
        EXPECT_TRUE((co_await ends.frame()).starts_with("88:\3\xef"));
        EXPECT_EQ(co_await ends.raw.reader().read(), "");
    });
    co_await on_both_sides([](Ends ends) -> Coro<> {
        ends.raw.frame(WSOpcode::continuation, "of nothing");
        EXPECT_TRUE((co_await ends.frame()).starts_with(k1002));
        EXPECT_EQ(co_await ends.raw.reader().read(), "");
    });
}

// websockets: test_protocol.test_client_receives_text_without_size_limit
// websockets: test_protocol.test_server_receives_text_without_size_limit
// websockets: test_protocol.test_client_receives_fragmented_text_without_size_limit
// websockets: test_protocol.test_server_receives_fragmented_text_without_size_limit
// websockets: test_connection.test_max_queue_none
ASYNC_TEST(WSProtocol, limits_can_be_switched_off) {
    ws::Options options;
    options.max_size = 0;
    options.max_queue = SIZE_MAX;
    co_await on_both_sides(
        [](Ends ends) -> Coro<> {
            const std::string large(1'100'000, 'x');
            ends.raw.frame(WSOpcode::text, large);
            ends.raw.frame(WSOpcode::text, large, false);
            ends.raw.frame(WSOpcode::continuation, large);
            EXPECT_EQ((co_await ends.ours.recv()).size(), large.size());
            EXPECT_EQ((co_await ends.ours.recv()).size(), 2 * large.size());
            for (int i = 0; i < 100; ++i) ends.raw.frame(WSOpcode::text, "queued");
            co_await ends.all_is_read();
            for (int i = 0; i < 100; ++i) EXPECT_EQ((co_await ends.ours.recv()).text(), "queued");
        },
        options);
}

}  // namespace
}  // namespace aio::test
