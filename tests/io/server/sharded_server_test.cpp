// start_sharded_server: one server on several loops.
#include <aio/io/sharded_server.hpp>

#include <aio/core/gather.hpp>
#include <aio/core/run.hpp>
#include <aio/core/timeout.hpp>

#include "support/async_test.hpp"
#include "support/peers.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace aio::test {

namespace {

Coro<> echo_and_close(StreamReader reader, StreamWriter writer) {
    auto lines = reader.lines();
    while (auto line = co_await lines.next()) {
        writer.write(*line);
        co_await writer.drain();
    }
    writer.close();
    co_await writer.wait_closed();
}

Coro<std::string> ask(int port, std::string question) {
    auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    writer.write(question + "\n");
    std::string answer = co_await reader.readline();
    writer.close();
    co_await writer.wait_closed();
    co_return answer;
}

// How many connections each thread has served.
struct Tally {
    std::mutex mutex;
    std::map<std::thread::id, int> served;

    std::size_t loops() {
        std::lock_guard lock(mutex);
        return served.size();
    }
};

}  // namespace

ASYNC_TEST(ShardedServer, all_loops_serve_on_one_port, kOnce) {
    if (simulated()) CO_SKIP();
    auto& tally = keep<Tally>();
    auto& group = keep<LoopGroup>(LoopGroupOptions{.size = 2});
    auto handle = [&tally](StreamReader reader, StreamWriter writer) {
        {
            std::lock_guard lock(tally.mutex);
            ++tally.served[std::this_thread::get_id()];
        }
        return echo_and_close(std::move(reader), std::move(writer));
    };
    ShardedServer server = co_await start_sharded_server(group, handle, "127.0.0.1", 0);
    EXPECT_GT(server.port(), 0);
    EXPECT_EQ(server.serving(), 2u);
    constexpr int kConnections = 64;  // that one loop gets them all: once in 2^63
    std::vector<Coro<std::string>> clients;
    for (int i = 0; i < kConnections; ++i) clients.push_back(ask(server.port(), std::to_string(i)));
    const std::vector<std::string> answers = co_await gather(std::move(clients));
    for (int i = 0; i < kConnections; ++i) {
        EXPECT_EQ(answers[static_cast<std::size_t>(i)], std::to_string(i) + "\n");
    }
    server.close();
    co_await server.wait_closed();
    EXPECT_EQ(server.serving(), 0u);
    EXPECT_EQ(tally.loops(), 2u);
    co_await expect_throws<ConnectionRefusedError>(ask(server.port(), "anybody?"));
}

ASYNC_TEST(ShardedServer, closing_lets_connections_end_by_themselves, kOnce) {
    if (simulated()) CO_SKIP();
    auto& group = keep<LoopGroup>(LoopGroupOptions{.size = 2});
    ShardedServer server = co_await start_sharded_server(group, echo_and_close, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("a\n");
    EXPECT_EQ(co_await reader.readline(), "a\n");
    server.close();
    writer.write("b\n");
    EXPECT_EQ(co_await reader.readline(), "b\n");
    co_await expect_throws<TimeoutError>(aio::wait_for(server.wait_closed(), 20ms));
    writer.close();
    co_await server.wait_closed();
}

ASYNC_TEST(ShardedServer, clients_can_be_closed_with_it, kOnce) {
    if (simulated()) CO_SKIP();
    auto& group = keep<LoopGroup>(LoopGroupOptions{.size = 2});
    ShardedServer server = co_await start_sharded_server(group, echo_and_close, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("a\n");
    EXPECT_EQ(co_await reader.readline(), "a\n");
    server.close_clients();
    EXPECT_EQ(co_await reader.read(), "");
    server.close();
    co_await server.wait_closed();
    writer.close();
}

ASYNC_TEST(ShardedServer, serves_until_it_is_cancelled, kOnce) {
    if (simulated()) CO_SKIP();
    auto& group = keep<LoopGroup>(LoopGroupOptions{.size = 2});
    ShardedServer server = co_await start_sharded_server(group, echo_and_close, "127.0.0.1", 0);
    Task<> serving = create_task(server.serve_forever());
    EXPECT_EQ(co_await ask(server.port(), "x"), "x\n");
    serving.cancel();
    co_await expect_throws<CancelledError>(serving);
    EXPECT_EQ(server.serving(), 0u);
}

ASYNC_TEST(ShardedServer, serve_forever_that_is_cancelled_closes_idle_clients, kOnce) {
    if (simulated()) CO_SKIP();
    auto& group = keep<LoopGroup>(LoopGroupOptions{.size = 2});
    ShardedServer server = co_await start_sharded_server(group, echo_lines, "127.0.0.1", 0);
    Task<> serving = create_task(server.serve_forever());
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("hello\n");
    EXPECT_EQ(co_await reader.readline(), "hello\n");
    serving.cancel();
    EXPECT_EQ(co_await reader.read(), "");
    writer.close();
    co_await writer.wait_closed();
    co_await expect_throws<CancelledError>(serving);
}

ASYNC_TEST(ShardedServer, last_handle_closes_it, kOnce) {
    if (simulated()) CO_SKIP();
    auto& group = keep<LoopGroup>(LoopGroupOptions{.size = 2});
    int port = 0;
    {
        const ShardedServer server = co_await start_sharded_server(group, echo_and_close, "127.0.0.1", 0);
        port = server.port();
    }
    for (bool refused = false; !refused;) {
        try {
            co_await ask(port, "x");
        } catch (const ConnectionRefusedError&) {
            refused = true;
        } catch (const OSError&) {  // it was accepted, and closed
        }
    }
}

ASYNC_TEST(ShardedServer, port_that_is_taken_is_an_error_and_nobody_listens, kOnce) {
#if defined(__SANITIZE_THREAD__)
    CO_SKIP();  // libstdc++ counts the references to an exception where the sanitizer does not look
#endif
    if (simulated()) CO_SKIP();
    auto& group = keep<LoopGroup>(LoopGroupOptions{.size = 2});
    Server taken = co_await start_server(echo_and_close, "127.0.0.1", 0);
    co_await expect_throws<OSError>(start_sharded_server(group, echo_and_close, "127.0.0.1", taken.port()));
    EXPECT_EQ(co_await ask(taken.port(), "x"), "x\n");
    taken.close();
    co_await taken.wait_closed();
}

ASYNC_TEST(ShardedServer, stopping_the_group_closes_it_and_its_connections, kOnce) {
    if (simulated()) CO_SKIP();
    auto& group = keep<LoopGroup>(LoopGroupOptions{.size = 2});
    ShardedServer server = co_await start_sharded_server(group, echo_and_close, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("a\n");
    EXPECT_EQ(co_await reader.readline(), "a\n");
    co_await get_running_loop().run_in_executor(nullptr, [&group] { group.stop(); });
    EXPECT_EQ(co_await reader.read(), "");
    co_await server.wait_closed();
    server.close();
    writer.close();
    co_await get_running_loop().shutdown_default_executor();
}

}  // namespace aio::test
