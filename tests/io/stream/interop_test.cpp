// Our server against other people's clients, on the real backends.
#include <aio/core/task.hpp>
#include <aio/io/server.hpp>

#include "io/protocol/protocols.hpp"
#include "support/async_test.hpp"
#include "support/command.hpp"
#include "support/peers.hpp"

#include <algorithm>
#include <cstdlib>

namespace aio::test {
namespace {

std::string python_client(const std::string& mode, int port) {
    return "exec /usr/bin/python3 " + interop_script("echo_client.py") + " " + mode + " " + std::to_string(port);
}

// The largest write buffer that any connection has had.
std::size_t most_buffered = 0;

Coro<> echo_and_measure(StreamReader reader, StreamWriter writer) {
    try {
        while (true) {
            const std::string_view data = co_await reader.read_view(65536);
            if (data.empty()) co_return;
            writer.write(data);
            most_buffered = std::max(most_buffered, writer.get_write_buffer_size());
            co_await writer.drain();
        }
    } catch (const ConnectionError&) {
        // The client reset the connection: its own affair.
    }
}

Coro<> expect_served_by(Server server, std::string mode) {
    EXPECT_EQ(co_await run_command(python_client(mode, server.port())), 0) << mode;
    server.close();
    co_await server.wait_closed();
    co_await run_passes(2);
}

Coro<> expect_served(std::string mode) {
    Server server = co_await start_server(echo_and_measure, "127.0.0.1", 0, {.backlog = 1000});
    co_await expect_served_by(std::move(server), mode);
}

// The same with protocols in place of streams.
template <class Factory>
Coro<> expect_served_with(Factory factory, std::string mode) {
    Server server = co_await create_server(factory, "127.0.0.1", 0, {.backlog = 1000});
    co_await expect_served_by(std::move(server), mode);
}

#define SKIP_IN_SIMULATION() \
    if (simulated()) CO_SKIP()

ASYNC_TEST(Interop, serves_a_thousand_asyncio_clients_at_once, kOnce) {
    SKIP_IN_SIMULATION();
    co_await expect_served("asyncio");
}

ASYNC_TEST(Interop, serves_a_thousand_uvloop_clients_at_once, kOnce) {
    SKIP_IN_SIMULATION();
    SKIP_UNLESS("/usr/bin/python3 -c 'import uvloop'");
    co_await expect_served("uvloop");
}

ASYNC_TEST(Interop, serves_a_client_that_sends_one_byte_at_a_time, kOnce) {
    SKIP_IN_SIMULATION();
    co_await expect_served("one_byte");
}

ASYNC_TEST(Interop, survives_clients_that_reset_their_connections, kOnce) {
    SKIP_IN_SIMULATION();
    co_await expect_served("reset");
}

ASYNC_TEST(Interop, a_client_that_never_reads_costs_bounded_memory, kOnce) {
    SKIP_IN_SIMULATION();
    most_buffered = 0;
    co_await expect_served("never_reads");
    EXPECT_GT(most_buffered, 0u);
    EXPECT_LE(most_buffered, 4u * 65536);
}

class BufferedEcho : public BufferedProtocol {
public:
    void connection_made(Transport transport) override { transport_ = transport; }
    std::span<char> get_buffer(std::size_t) override { return buffer_; }
    // What came before a reset is given away in pieces, and writes after the loss are warned about.
    void buffer_updated(std::size_t size) override {
        if (!transport_.is_closing()) transport_.write({buffer_, size});
    }
    void pause_writing() override { transport_.pause_reading(); }
    void resume_writing() override { transport_.resume_reading(); }

private:
    Transport transport_;
    char buffer_[4096];
};

ASYNC_TEST(Interop, serves_a_thousand_asyncio_clients_with_protocols, kOnce) {
    SKIP_IN_SIMULATION();
    co_await expect_served_with(make_echo, "asyncio");
    co_await expect_served_with([] { return std::make_unique<BufferedEcho>(); }, "asyncio");
}

ASYNC_TEST(Interop, protocols_serve_clients_that_send_bytes_one_by_one_or_reset, kOnce) {
    SKIP_IN_SIMULATION();
    co_await expect_served_with(make_echo, "one_byte");
    co_await expect_served_with(make_echo, "reset");
    co_await expect_served_with([] { return std::make_unique<BufferedEcho>(); }, "reset");
}

ASYNC_TEST(Interop, echoes_what_netcat_sends, kOnce) {
    SKIP_IN_SIMULATION();
    Server server = co_await start_server(echo_bytes, "127.0.0.1", 0);
    const std::string port = std::to_string(server.port());
    const std::string command = "f=$(mktemp) && head -c 3000000 /dev/urandom >$f && nc -N 127.0.0.1 " + port +
                                " <$f | cmp - $f; r=$?; rm $f; exit $r";
    EXPECT_EQ(co_await run_command(command), 0);
    server.close();
    co_await server.wait_closed();
    co_await run_passes(2);
}

}  // namespace
}  // namespace aio::test
