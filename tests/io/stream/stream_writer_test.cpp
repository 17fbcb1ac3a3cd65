// StreamWriter: buffering, flow control, the end of a connection.
#include <aio/core/task.hpp>
#include <aio/core/task_group.hpp>
#include <aio/io/server.hpp>

#include "support/async_test.hpp"
#include "support/peers.hpp"

namespace aio::test {
namespace {

// A peer that accepts, and reads nothing until it is told to. Shared: a handler may outlive a test that fails.
struct LazyPeer {
    Future<> go_on;
    std::size_t bytes = 0;
};

Coro<> read_late(std::shared_ptr<LazyPeer> peer, StreamReader reader, [[maybe_unused]] StreamWriter writer) {
    co_await peer->go_on;
    peer->bytes = (co_await reader.read_view()).size();
}

auto handler_of(std::shared_ptr<LazyPeer> peer) {
    return [peer](StreamReader reader, StreamWriter writer) {
        return read_late(peer, std::move(reader), std::move(writer));
    };
}

// Fills what the kernel (or the simulation) buffers, and the writer's own buffer with more than the kernel could
// take when it enlarges its own.
std::size_t fill(const StreamWriter& writer) {
    const std::string block(1'000'000, 'b');
    const std::size_t enough = rerunning() ? 1'000'000 : 48'000'000;
    std::size_t written = 0;
    while (writer.get_write_buffer_size() <= enough && !writer.is_closing()) {
        writer.write(block);
        written += block.size();
    }
    return written;
}

ASYNC_TEST(StreamWriter, drain_waits_for_a_peer_that_does_not_read) {  // semantics 42
    auto peer = std::make_shared<LazyPeer>();
    auto handler = handler_of(peer);
    Server server = co_await start_server(handler, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    const std::size_t written = fill(writer);
    auto draining = create_task(writer.drain());
    co_await aio::sleep(20ms);
    EXPECT_FALSE(draining.done());
    peer->go_on.set_result();
    co_await draining;
    EXPECT_LE(writer.get_write_buffer_size(), 16u * 1024);
    co_await end(server, writer);
    co_await run_passes(2);
    EXPECT_EQ(peer->bytes, written);
}

ASYNC_TEST(StreamWriter, any_number_of_tasks_may_drain) {  // CPython: test_streams.test_multiple_drain
    // semantics 43
    auto peer = std::make_shared<LazyPeer>();
    auto handler = handler_of(peer);
    Server server = co_await start_server(handler, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    fill(writer);
    std::vector<Task<>> drains;
    for (int i = 0; i < 10; ++i) drains.push_back(create_task(writer.drain()));
    co_await run_passes(2);
    drains[3].cancel();
    peer->go_on.set_result();
    for (std::size_t i = 0; i < drains.size(); ++i) {
        if (i != 3) co_await drains[i];
    }
    EXPECT_TRUE(drains[3].cancelled());
    co_await end(server, writer);
}

ASYNC_TEST(StreamWriter,
           write_and_drain_in_a_loop_see_the_lost_connection) {  // CPython: test_streams.test_drain_raises
    auto close_at_once = [](StreamReader, StreamWriter writer) { writer.abort(); };
    Server server = co_await start_server(close_at_once, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    bool lost = false;
    try {
        while (true) {
            writer.write("foo\n");
            co_await writer.drain();
        }
    } catch (const ConnectionError&) {
        lost = true;
    }
    EXPECT_TRUE(lost);
    server.close();
    co_await server.wait_closed();
}

ASYNC_TEST(StreamWriter, writes_of_one_pass_go_out_together) {
    auto pieces = std::make_shared<Log>();
    auto handler = [pieces](StreamReader reader, StreamWriter) -> Coro<> {
        while (true) {
            std::string piece = co_await reader.read(1000);
            if (piece.empty()) co_return;
            pieces->push_back(std::move(piece));
        }
    };
    Server server = co_await start_server(handler, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("one ");
    writer.writelines(std::vector<std::string>{"two ", "three "});
    co_await writer.drain();
    writer.write("four");
    EXPECT_EQ(writer.get_write_buffer_size(), 18u);
    co_await end(server, writer);
    co_await run_passes(2);
    EXPECT_EQ(*pieces, Log{"one two three four"});
}

ASYNC_TEST(StreamWriter, high_water_zero_makes_drain_wait_until_all_is_sent) {  // semantics 42
    Server server = co_await start_server(count_bytes, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    EXPECT_THROW(writer.set_write_buffer_limits(1, 2), ValueError);
    writer.set_write_buffer_limits(0);
    for (int i = 0; i < 10; ++i) {
        writer.write("0123456789");
        co_await writer.drain();
        EXPECT_EQ(writer.get_write_buffer_size(), 0u);
    }
    writer.write_eof();
    EXPECT_EQ(co_await reader.read(), "100 bytes");
    co_await end(server, writer);
}

ASYNC_TEST(StreamWriter, close_sends_what_is_buffered_first) {  // semantics 46
    auto peer = std::make_shared<LazyPeer>();
    auto handler = handler_of(peer);
    Server server = co_await start_server(handler, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    const std::size_t written = fill(writer);
    writer.close();
    co_await run_passes(3);
    peer->go_on.set_result();
    co_await writer.wait_closed();
    server.close();
    co_await server.wait_closed();
    co_await run_passes(2);
    EXPECT_EQ(peer->bytes, written);
}

ASYNC_TEST(StreamWriter, abort_drops_what_is_buffered) {  // semantics 46
    auto peer = std::make_shared<LazyPeer>();
    auto handler = handler_of(peer);
    Server server = co_await start_server(handler, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    const std::size_t written = fill(writer);
    writer.abort();
    co_await writer.wait_closed();
    peer->go_on.set_result();
    server.close();
    co_await server.wait_closed();
    co_await run_passes(2);
    EXPECT_LT(peer->bytes, written);
}

ASYNC_TEST(StreamWriter, writes_after_the_loss_are_silent_until_the_fifth) {  // semantics 46
    Server server = co_await start_server(count_bytes, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.abort();
    co_await writer.wait_closed();
    for (int i = 0; i < 4; ++i) writer.write("x");
    EXPECT_EQ(take_logs(), Log());
    writer.write("x");
    EXPECT_EQ(take_logs(), Log{"StreamWriter.write: the connection to " + writer.peername().str() + " is lost"});
    server.close();
    co_await server.wait_closed();
}

ASYNC_TEST(StreamWriter, reading_pauses_at_twice_the_limit_and_resumes) {  // semantics 44
    static const std::string block(10'000, 'x');
    auto handler = [](StreamReader, StreamWriter writer) -> Coro<> {
        for (int i = 0; i < 200; ++i) {
            writer.write(block);
            co_await writer.drain();
        }
    };
    Server server = co_await start_server(handler, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), {.limit = 1000});
    co_await aio::sleep(20ms);
    EXPECT_TRUE(reader.stream()->reading_paused());
    std::size_t seen = 0;
    while (!reader.at_eof()) seen += (co_await reader.read_view(999)).size();
    EXPECT_EQ(seen, 200u * block.size());
    co_await end(server, writer);
}

ASYNC_TEST(StreamWriter, without_a_transport_refuses) {
    StreamReader reader;
    StreamWriter writer(reader.stream());
    EXPECT_THROW(writer.write("x"), RuntimeError);
    EXPECT_THROW(writer.close(), RuntimeError);
    EXPECT_FALSE(writer.can_write_eof());
    co_return;
}

}  // namespace
}  // namespace aio::test
