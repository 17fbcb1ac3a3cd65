// Streams of every kind, in both roles, with their other end in another process: large data, readers that are slow or
// stop, and ends of every sort. What a peer in the same loop does wakes that loop, and hides what it forgot.
#include <aio/base/error.hpp>
#include <aio/core/gather.hpp>

#include "io/stream/peer_link.hpp"

namespace aio::test {
namespace {

// Reads to the end, slowly if told so: the stream must stop receiving and begin again.
Coro<std::string> read_all(StreamReader reader, bool slowly = false) {
    std::string all;
    while (true) {
        const std::string piece = co_await reader.read(slowly ? 1000 : 65536);
        if (piece.empty()) co_return all;
        all += piece;
        if (slowly) co_await aio::sleep(0s);
    }
}

// The same, and how it ended: what was read, and an empty string or the error.
Coro<std::pair<std::string, std::string>> read_until_it_breaks(StreamReader reader) {
    std::string all;
    std::string error;
    try {
        while (true) {
            const std::string piece = co_await reader.read(65536);
            if (piece.empty()) break;
            all += piece;
        }
    } catch (const OSError& failure) {
        error = failure.what();
    }
    co_return std::make_pair(std::move(all), std::move(error));
}

// How a stream ends whose peer is gone: well. Only a TLS server's tickets may lie unread at its client, and then the
// kernel resets the connection.
void expect_plain_end(const LinkKind& kind, const std::string& error) {
    if (kind.encrypted() && kind.server) {
        EXPECT_THAT(error, testing::AnyOf("", testing::HasSubstr("Connection reset by peer")));
    } else {
        EXPECT_EQ(error, "");
    }
}

Coro<> drain(StreamWriter writer) { co_await writer.drain(); }

Coro<> write_and_end(StreamWriter writer, std::string data) {
    writer.write(data);
    co_await writer.drain();
    if (writer.can_write_eof()) writer.write_eof();
}

// --- large data --------------------------------------------------------------------------------------------

OVER_EACH_LINK(one_large_write_arrives_whole) {
    const Link link = co_await link_with_peer(kind, "sink", kLarge);
    link.writer.write(pattern(kLarge));
    co_await link.writer.drain();
    co_await link.end();
}

OVER_EACH_LINK(many_small_writes_without_drain_arrive_whole) {
    const Link link = co_await link_with_peer(kind, "sink", kLarge);
    const std::string data = pattern(kLarge);
    for (std::size_t at = 0; at < kLarge; at += 10'000) link.writer.write(std::string_view(data).substr(at, 10'000));
    co_await link.writer.drain();
    co_await link.end();
}

OVER_EACH_LINK(a_reader_that_sips_gets_everything) {
    const Link link = co_await link_with_peer(kind, "sip", kLarge / 4);
    link.writer.write(pattern(kLarge / 4));
    co_await link.writer.drain();
    co_await link.end();
}

OVER_EACH_LINK(a_reader_that_stopped_gets_the_rest_once_it_goes_on) {
    const Link link = co_await link_with_peer(kind, "sink", kLarge);
    link.stop_peer();
    link.writer.write(pattern(kLarge));
    Task<> drained = create_task(drain, link.writer);
    co_await link.filled();
    EXPECT_FALSE(drained.done());
    link.continue_peer();
    co_await drained;
    co_await link.end();
}

OVER_EACH_LINK(what_was_written_before_close_reaches_a_reader_that_had_stopped) {
    const Link link = co_await link_with_peer(kind, "sink", kLarge);
    link.stop_peer();
    link.writer.write(pattern(kLarge));
    co_await link.filled();
    link.writer.close();
    link.continue_peer();
    co_await link.end();
}

OVER_EACH_LINK(large_data_are_read_whole) {
    const Link link = co_await link_with_peer(kind, "source", kLarge);
    EXPECT_TRUE(co_await read_all(link.reader) == pattern(kLarge));
    co_await link.end();
}

OVER_EACH_LINK(large_data_are_read_whole_slowly) {
    const Link link = co_await link_with_peer(kind, "source", kLarge / 4, {.limit = 2000});
    EXPECT_TRUE(co_await read_all(link.reader, true) == pattern(kLarge / 4));
    co_await link.end();
}

OVER_EACH_LINK(large_data_go_both_ways_at_once) {
    const Link link = co_await link_with_peer(kind, "echo");
    Task<> sent = create_task(write_and_end, link.writer, pattern(kLarge));
    EXPECT_TRUE(co_await link.reader.readexactly(kLarge) == pattern(kLarge));
    co_await sent;
    co_await link.end();
}

OVER_EACH_LINK(bytes_come_and_go_one_by_one) {
    const Link link = co_await link_with_peer(kind, "drip", 300);
    while (true) {
        const std::string byte = co_await link.reader.read(65536);
        if (byte.empty()) break;
        link.writer.write(byte);
    }
    co_await link.end();
}

// --- abrupt ends -------------------------------------------------------------------------------------------

OVER_EACH_LINK(a_reset_ends_a_read) {
    const Link link = co_await link_with_peer(kind, "reset");
    link.writer.write("two bytes at least");
    const auto [data, error] = co_await read_until_it_breaks(link.reader);
    EXPECT_EQ(data, "");
    if (kind.stream == "pipe") {
        EXPECT_EQ(error, "");  // there is no such thing
    } else {
        EXPECT_THAT(error, testing::HasSubstr("Connection reset by peer"));
    }
    co_await link.end_broken();
}

OVER_EACH_LINK(an_end_without_a_word_ends_the_stream_behind_what_came) {
    const Link link = co_await link_with_peer(kind, "cut", 100'000);
    const auto [data, error] = co_await read_until_it_breaks(link.reader);
    EXPECT_TRUE(data == pattern(100'000));
    expect_plain_end(kind, error);
    co_await link.end_broken();
}

OVER_EACH_LINK(an_end_in_the_middle_of_a_record_is_an_error_where_that_is_asked_for) {
    if (!kind.encrypted() || kind.server) co_return;  // nobody else can ask
    const Link link = co_await link_with_peer(kind, "cut", 100'000, {.suppress_ragged_eofs = false});
    const auto [data, error] = co_await read_until_it_breaks(link.reader);
    EXPECT_TRUE(data == pattern(100'000));
    EXPECT_THAT(error, testing::HasSubstr("UNEXPECTED_EOF_WHILE_READING"));
    co_await link.end_broken();
}

OVER_EACH_LINK(a_peer_that_is_killed_ends_a_read) {
    const Link link = co_await link_with_peer(kind, "stall", 100'000);
    EXPECT_TRUE(co_await link.reader.readexactly(100'000) == pattern(100'000));
    link.peer.kill();
    const auto [data, error] = co_await read_until_it_breaks(link.reader);
    EXPECT_EQ(data, "");
    expect_plain_end(kind, error);
    co_await link.end_broken();
}

OVER_EACH_LINK(a_peer_that_is_killed_in_the_middle_of_its_sending_ends_a_read) {
    const Link link = co_await link_with_peer(kind, "source", 1 << 30);
    const std::string begun = co_await link.reader.readexactly(1'000'000);
    EXPECT_TRUE(begun == pattern(1'000'000));
    link.peer.kill();
    const auto [data, error] = co_await read_until_it_breaks(link.reader);
    EXPECT_TRUE(begun + data == pattern(begun.size() + data.size()));
    expect_plain_end(kind, error);
    co_await link.end_broken();
}

OVER_EACH_LINK(a_peer_that_is_killed_ends_a_drain) {
    const Link link = co_await link_with_peer(kind, "stall");
    link.writer.write(pattern(kLarge));
    Task<> drained = create_task(drain, link.writer);
    co_await link.filled();
    EXPECT_FALSE(drained.done());
    link.peer.kill();
    co_await expect_throws<ConnectionError>(drained);
    co_await link.end_broken();
}

OVER_EACH_LINK(abort_ends_a_stream_whose_peer_reads_nothing) {
    const Link link = co_await link_with_peer(kind, "stall");
    link.writer.write(pattern(kLarge));
    co_await link.filled();
    link.writer.abort();
    co_await link.writer.wait_closed();
    link.peer.kill();
    co_await link.end_broken();
}

}  // namespace
}  // namespace aio::test
