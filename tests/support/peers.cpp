#include "support/peers.hpp"

#include "core/loop_state.hpp"
#include "support/async_test.hpp"

#include <unistd.h>

#include <atomic>

namespace aio::test {

Coro<> serve_page(StreamReader reader, StreamWriter writer) {
    std::string_view line = "first";
    while (line != "\r\n") {
        line = co_await reader.readline_view();
        if (line.empty()) co_return;
    }
    writer.write("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n");
    writer.write("Test message");
    writer.close();
    co_await writer.wait_closed();
}

Coro<> expect_page(StreamReader reader, StreamWriter writer) {
    writer.write("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(co_await reader.readline(), "HTTP/1.0 200 OK\r\n");
    EXPECT_THAT(co_await reader.read(), testing::EndsWith("\r\n\r\nTest message"));
    writer.close();
    co_await writer.wait_closed();
}

Coro<> echo_lines(StreamReader reader, StreamWriter writer) {
    while (true) {
        const std::string_view line = co_await reader.readline_view();
        if (line.empty()) co_return;
        writer.write(line);
        co_await writer.drain();
    }
}

Coro<> echo_bytes(StreamReader reader, StreamWriter writer) {
    while (true) {
        const std::string_view data = co_await reader.read_view(65536);
        if (data.empty()) co_return;
        writer.write(data);
        co_await writer.drain();
    }
}

Coro<> count_bytes(StreamReader reader, StreamWriter writer) {
    const std::string all = co_await reader.read();
    writer.write(std::to_string(all.size()) + " bytes");
}

Coro<> reset_at_once(StreamReader reader, StreamWriter writer) {
    co_await reader.readexactly(1);
    const linger at_once{1, 0};
    get_running_loop().state().backend->set_option(writer.fileno(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    writer.abort();
}

Coro<> end(Server server, StreamWriter writer) {
    writer.close();
    server.close();
    co_await writer.wait_closed();
    co_await server.wait_closed();
}

std::string fresh_socket_path() {
    static std::atomic<int> count = 0;
    return "/tmp/aio-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

}  // namespace aio::test
