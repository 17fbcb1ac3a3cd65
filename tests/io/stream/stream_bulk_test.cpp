// Streams that bring much: they receive straight into their buffer, and go back when little comes.
#include <aio/base/error.hpp>
#include <aio/core/timeout.hpp>

#include "io/stream/peer_link.hpp"

namespace aio::test {
namespace {

constexpr std::size_t kBurst = 3 << 20;

// Bursts, with single bytes between them.
Coro<> send_in_turns(StreamReader, StreamWriter writer) {
    const std::string data = pattern(kBurst);
    for (int turn = 0; turn < 2; ++turn) {
        writer.write(data);
        co_await writer.drain();
        for (int i = 0; i < 50; ++i) {
            writer.write("x");
            co_await aio::sleep(0s);
        }
    }
    writer.close();
}

ASYNC_TEST(StreamBulk, begins_and_ends_as_often_as_it_likes, kOnce) {
    auto& server = keep<Server>(co_await start_server(send_in_turns, "127.0.0.1", 0));
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    const std::string data = pattern(kBurst);
    for (int turn = 0; turn < 2; ++turn) {
        EXPECT_TRUE(co_await reader.readexactly(kBurst) == data);
        EXPECT_EQ(co_await reader.readexactly(50), std::string(50, 'x'));
    }
    EXPECT_EQ(co_await reader.read(), "");
    EXPECT_TRUE(reader.at_eof());
    co_await end(server, writer);
}

Coro<std::string> read_exactly(StreamReader reader, std::size_t size) { co_return co_await reader.readexactly(size); }

ASYNC_TEST(StreamBulk, a_cancelled_read_loses_nothing, kOnce) {
    auto& server = keep<Server>(co_await start_server(send_in_turns, "127.0.0.1", 0));
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    std::string all = co_await reader.readexactly(kBurst / 2);
    Task<std::string> reading = create_task(read_exactly(reader, 2 * kBurst + 1000));
    while (reader.stream()->unread() < kBurst / 4) co_await aio::sleep(0s);
    reading.cancel();
    EXPECT_THROW(co_await reading, CancelledError);
    all += co_await reader.read();
    const std::string turn = pattern(kBurst) + std::string(50, 'x');
    EXPECT_TRUE(all == turn + turn);
    co_await end(server, writer);
}

Coro<> count_passes(std::size_t* passes) {
    for (;; ++*passes) co_await aio::sleep(0s);
}

// However fast the peer is.
ASYNC_TEST(StreamBulk, others_have_their_turn, kOnce) {
    if (simulated()) CO_SKIP();
    constexpr std::size_t kMuch = 4 * kLarge;
    const Link link = co_await link_with_peer({"tcp"}, "source", kMuch);
    std::size_t passes = 0, size = 0;
    Task<> other = create_task(count_passes(&passes));
    while (true) {
        const std::string_view piece = co_await link.reader.read_view(1 << 20);
        if (piece.empty()) break;
        size += piece.size();
    }
    EXPECT_EQ(size, kMuch);
    EXPECT_GT(passes, kMuch / (1 << 20));
    other.cancel();
    co_await link.end();
}

ASYNC_TEST(StreamBulk, a_peer_that_resets_is_an_error, kOnce) {
    auto handler = [](StreamReader, StreamWriter writer) -> Coro<> {
        writer.write(pattern(kBurst));
        co_await writer.drain();
        writer.abort();
    };
    auto& server = keep<Server>(co_await start_server(handler, "127.0.0.1", 0));
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    std::size_t size = 0;
    try {
        while (true) {
            const std::string_view piece = co_await reader.read_view(1000);
            if (piece.empty()) break;
            size += piece.size();
        }
    } catch (const ConnectionResetError&) {
        // Of what was buffered when it aborted some may be missing.
    }
    EXPECT_LE(size, kBurst);
    EXPECT_GT(size, 0u);
    co_await end(server, writer);
}

}  // namespace
}  // namespace aio::test
