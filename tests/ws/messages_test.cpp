// Messages that are received whole and by their fragments, before and after they come, and around the end of the connection.
#include "ws/ends.hpp"

namespace aio::test {
namespace {

using ws::ConnectionClosed, ws::MessageType;

// Receives a message in one of the two ways: "text:abcd".
Coro<std::string> received(ws::Connection connection, bool streaming) {
    if (!streaming) {
        const ws::Message message = co_await connection.recv();
        co_return (message.is_text() ? "text:" : "binary:") + message.data();
    }
    ws::Fragments fragments = connection.recv_streaming();
    std::string all;
    while (auto fragment = co_await fragments.next()) all += "[" + *fragment + "]";
    co_return (fragments.type() == MessageType::text ? "text:" : "binary:") + all;
}

// When the message comes: before it is asked for, after, or a part of it before.
enum class When { already, not_yet, partly };

// websockets: test_messages.test_get_text_message_already_received, test_messages.test_get_text_message_not_received_yet
// websockets: test_messages.test_get_binary_message_already_received, test_messages.test_get_binary_message_not_received_yet
// websockets: test_messages.test_get_fragmented_text_message_already_received
// websockets: test_messages.test_get_fragmented_binary_message_already_received
// websockets: test_messages.test_get_fragmented_text_message_not_received_yet
// websockets: test_messages.test_get_fragmented_binary_message_not_received_yet
// websockets: test_messages.test_get_fragmented_text_message_being_received
// websockets: test_messages.test_get_fragmented_binary_message_being_received
// websockets: test_messages.test_get_iter_text_message_already_received
// websockets: test_messages.test_get_iter_binary_message_already_received
// websockets: test_messages.test_get_iter_text_message_not_received_yet
// websockets: test_messages.test_get_iter_binary_message_not_received_yet
// websockets: test_messages.test_get_iter_fragmented_text_message_already_received
// websockets: test_messages.test_get_iter_fragmented_binary_message_already_received
// websockets: test_messages.test_get_iter_fragmented_text_message_not_received_yet
// websockets: test_messages.test_get_iter_fragmented_binary_message_not_received_yet
// websockets: test_messages.test_get_iter_fragmented_text_message_being_received
// websockets: test_messages.test_get_iter_fragmented_binary_message_being_received
// websockets: test_messages.test_put_then_get, test_messages.test_get_then_put
ASYNC_TEST(WSMessages, come_before_or_after_they_are_asked_for) {
    co_await on_both_sides([](Ends ends) -> Coro<> {
        for (const WSOpcode type : {WSOpcode::text, WSOpcode::binary}) {
            for (const bool streaming : {false, true}) {
                for (const bool fragmented : {false, true}) {
                    for (const When when : {When::already, When::not_yet, When::partly}) {
                        if (when == When::partly && !fragmented) continue;
                        std::optional<Task<std::string>> task;
                        if (when == When::not_yet) {
                            task = create_task(received(ends.ours, streaming));
                            co_await run_passes(3);
                        }
                        ends.raw.frame(type, "ab", !fragmented);
                        if (when == When::partly) {
                            co_await ends.all_is_read();
                            task = create_task(received(ends.ours, streaming));
                            co_await run_passes(3);
                        }
                        if (fragmented) ends.raw.frame(WSOpcode::continuation, "cd");
                        if (when == When::already) {
                            co_await ends.all_is_read();
                            task = create_task(received(ends.ours, streaming));
                        }
                        const std::string data =
                            fragmented ? (streaming ? "[ab][cd]" : "abcd") : (streaming ? "[ab]" : "ab");
                        EXPECT_EQ(co_await *task, (type == WSOpcode::text ? "text:" : "binary:") + data)
                            << streaming << fragmented << static_cast<int>(when);
                    }
                }
            }
        }
    });
}

// websockets: test_messages.test_get_fails_when_interrupted_by_close
// websockets: test_messages.test_get_iter_fails_when_interrupted_by_close
// websockets: test_messages.test_get_fails_after_close, test_messages.test_get_iter_fails_after_close
// websockets: test_messages.test_get_queued_message_after_close, test_messages.test_get_iter_queued_message_after_close
// websockets: test_messages.test_get_queued_fragmented_message_after_close
// websockets: test_messages.test_get_iter_queued_fragmented_message_after_close
// websockets: test_messages.test_get_partially_queued_fragmented_message_after_close
// websockets: test_messages.test_get_iter_partially_queued_fragmented_message_after_close
ASYNC_TEST(WSMessages, that_were_complete_are_received_after_the_end) {
    for (const bool streaming : {false, true}) {
        co_await on_both_sides([streaming](Ends ends) -> Coro<> {  // interrupted
            auto receiving = create_task(received(ends.ours, streaming));
            co_await run_passes(3);
            ends.raw.close_frame(1000);
            co_await expect_throws<ConnectionClosed>(receiving);
            co_await expect_throws<ConnectionClosed>(received(ends.ours, streaming));
        });
        co_await on_both_sides([streaming](Ends ends) -> Coro<> {  // queued
            ends.raw.frame(WSOpcode::text, "whole");
            ends.raw.frame(WSOpcode::text, "frag", false);
            ends.raw.frame(WSOpcode::continuation, "ments");
            ends.raw.frame(WSOpcode::text, "part", false);
            ends.raw.close_frame(1000);
            ends.raw.writer().write_eof();
            co_await ends.ours.wait_closed();
            EXPECT_EQ(co_await received(ends.ours, streaming), streaming ? "text:[whole]" : "text:whole");
            EXPECT_EQ(co_await received(ends.ours, streaming), streaming ? "text:[frag][ments]" : "text:fragments");
            co_await expect_throws<ConnectionClosed>(received(ends.ours, streaming));
        });
    }
}

// Whether our end reads: it answers a ping. It has time for that.
Coro<bool> reads(Ends ends) {
    ends.raw.frame(WSOpcode::ping, "");
    for (int i = 0; i < 20 && !ends.raw.reader().has_data(); ++i) co_await sleep(1ms);
    const bool answered = ends.raw.reader().has_data();
    if (answered) {
        EXPECT_EQ(co_await ends.frame(), "8a:");
    }
    co_return answered;
}

// websockets: test_messages.test_put_does_not_pause_reading, test_messages.test_get_does_not_resume_reading
// websockets: test_messages.test_get_iter_does_not_resume_reading, test_messages.test_get_iter_resumes_reading
// websockets: test_messages.test_set_high_water_mark, test_messages.test_set_low_water_mark
// websockets: test_messages.test_set_high_and_low_water_marks, test_messages.test_unset_high_and_low_water_marks
// websockets: test_messages.test_set_invalid_high_water_mark, test_messages.test_set_invalid_low_water_mark
// websockets: test_connection.test_max_queue_tuple
ASYNC_TEST(WSMessages, pause_reading_between_the_marks_of_the_queue) {
    if (!virtual_time()) CO_SKIP();  // it waits for what does not come
    for (const bool streaming : {false, true}) {
        ws::Options options;
        options.max_queue = 4;
        options.max_queue_low = 2;
        co_await on_both_sides(
            [streaming](Ends ends) -> Coro<> {
                for (int i = 0; i < 3; ++i) {
                    ends.raw.frame(WSOpcode::text, "x");
                    EXPECT_TRUE(co_await reads(ends)) << i;
                }
                ends.raw.frame(WSOpcode::text, "x");
                EXPECT_FALSE(co_await reads(ends)) << "four are queued";
                co_await received(ends.ours, streaming);
                for (int i = 0; i < 20; ++i) co_await sleep(1ms);
                EXPECT_FALSE(ends.raw.reader().has_data()) << "three are queued";
                co_await received(ends.ours, streaming);
                EXPECT_EQ(co_await ends.frame(), "8a:") << "two are queued";
                EXPECT_TRUE(co_await reads(ends));
            },
            options);
    }
    ws::Options wrong;
    wrong.max_queue = 0;
    EXPECT_THROW(static_cast<void>(ws::connect("ws://localhost/", wrong)), ValueError);
    wrong.max_queue = 4;
    wrong.max_queue_low = 5;
    EXPECT_THROW(static_cast<void>(ws::serve(echo_all, "localhost", 0, wrong)), ValueError);
}

}  // namespace
}  // namespace aio::test
