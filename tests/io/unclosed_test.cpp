// Debug mode: what is dropped while it is open is reported. It closes all the same.
#include <aio/core/task.hpp>
#include <aio/io/datagram.hpp>
#include <aio/io/server.hpp>

#include "support/async_test.hpp"
#include "support/peers.hpp"

#include <stdexcept>

namespace aio::test {
namespace {

// Debug mode for a block.
class DebugMode {
public:
    DebugMode() { loop_.set_debug(true); }
    ~DebugMode() { loop_.set_debug(false); }

private:
    EventLoop& loop_ = get_running_loop();
};

ASYNC_TEST(Unclosed, connection_is_reported_with_the_task_that_dropped_it) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    const int port = server.port();
    {
        const DebugMode debug;
        auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    }
    const std::string report =
        "unclosed transport, connected to 127.0.0.1:" + std::to_string(port) + "\n  dropped in ";
    EXPECT_THAT(take_logs(), testing::ElementsAre(testing::StartsWith(report)));
    server.close();
    co_await server.wait_closed();
}

ASYNC_TEST(Unclosed, connection_is_not_reported_once_it_is_closing) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    {
        const DebugMode debug;
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        writer.close();
    }
    server.close();
    co_await server.wait_closed();
    EXPECT_EQ(take_logs(), Log{});
}

ASYNC_TEST(Unclosed, connection_is_not_reported_when_an_exception_drops_it) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    const int port = server.port();
    const auto fails = [port]() -> Coro<> {
        const DebugMode debug;
        auto [reader, writer] = co_await open_connection("127.0.0.1", port);
        throw std::runtime_error("something else");
    };
    co_await expect_throws<std::runtime_error>(fails());
    server.close();
    co_await server.wait_closed();
    EXPECT_EQ(take_logs(), Log{});
}

ASYNC_TEST(Unclosed, server_is_reported) {
    std::string report;
    {
        const DebugMode debug;
        const Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
        report = "unclosed server, listening at 127.0.0.1:" + std::to_string(server.port()) + "\n  dropped in ";
    }
    EXPECT_THAT(take_logs(), testing::ElementsAre(testing::StartsWith(report)));
    co_await settle();
}

ASYNC_TEST(Unclosed, datagram_endpoint_is_reported) {
    {
        const DebugMode debug;
        co_await create_datagram_endpoint({.local_addr = {"127.0.0.1", 0}});
    }
    EXPECT_THAT(take_logs(),
                testing::ElementsAre(testing::StartsWith("unclosed datagram endpoint, bound to 127.0.0.1:")));
    co_await settle();
}

}  // namespace
}  // namespace aio::test
