// Server: listening, handlers, and the end of both.
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>
#include <aio/io/server.hpp>

#include "support/async_test.hpp"
#include "support/peers.hpp"

#include <unistd.h>

namespace aio::test {
namespace {

// CPython: test_streams.test_unhandled_exceptions
ASYNC_TEST(Server, reports_what_a_handler_throws_and_closes_its_connection) {
    auto fail = [](StreamReader, StreamWriter) -> Coro<> {
        throw ZeroDivision("division by zero");
        co_return;
    };
    Server server = co_await start_server(fail, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    EXPECT_EQ(co_await reader.read(), "");
    co_await end(server, writer);
    const std::vector<Report> reports = take_reports();
    CO_ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].message, "Unhandled exception in client_connected_cb");
    EXPECT_THAT(reports[0].what, testing::EndsWith("ZeroDivision: division by zero"));
}

ASYNC_TEST(Server, closes_the_connection_of_a_cancelled_handler) {
    auto handlers = std::make_shared<std::vector<AnyTask>>();
    auto hang = [handlers](StreamReader, StreamWriter) -> Coro<> {
        handlers->push_back(current_task());
        co_await aio::sleep(1h);
    };
    Server server = co_await start_server(hang, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    for (int i = 0; i < 1000 && handlers->empty(); ++i) co_await aio::sleep(1ms);
    CO_ASSERT_FALSE(handlers->empty());
    handlers->at(0).cancel();
    EXPECT_EQ(co_await reader.read(), "");
    co_await end(server, writer);
}

ASYNC_TEST(Server, serves_many_at_once) {
    Server server = co_await start_server(echo_bytes, "127.0.0.1", 0, {.backlog = 1000});
    std::vector<Task<>> clients;
    const int port = server.port();
    for (std::size_t i = 0; i < scaled(200); ++i) {
        clients.push_back(create_task([](int number, int at) -> Coro<> {
            auto [reader, writer] = co_await open_connection("127.0.0.1", at);
            const std::string message(static_cast<std::size_t>(1000 + 37 * number),
                                      static_cast<char>('a' + number % 26));
            writer.write(message);
            EXPECT_EQ(co_await reader.readexactly(static_cast<std::ptrdiff_t>(message.size())), message);
            writer.close();
            co_await writer.wait_closed();
        }(static_cast<int>(i), port)));
    }
    for (auto& client : clients) co_await client;
    server.close();
    co_await server.wait_closed();
}

ASYNC_TEST(Server, wait_closed_waits_for_connections) {  // semantics 47
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("served\n");
    EXPECT_EQ(co_await reader.readline(), "served\n");
    auto closed = create_task(server.wait_closed());
    server.close();
    co_await aio::sleep(5ms);
    EXPECT_FALSE(closed.done());
    writer.write("still served\n");
    EXPECT_EQ(co_await reader.readline(), "still served\n");
    writer.close();
    co_await writer.wait_closed();
    co_await closed;
}

ASYNC_TEST(Server, close_clients_ends_their_connections) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("x\n");
    co_await reader.readline();
    server.close();
    server.close_clients();
    EXPECT_EQ(co_await reader.read(), "");
    co_await server.wait_closed();
    co_await end(server, writer);
}

ASYNC_TEST(Server, abort_clients_drops_what_they_are_owed) {
    auto pour = [](StreamReader, StreamWriter writer) -> Coro<> {
        writer.write(std::string(16 << 20, 'x'));
        co_await writer.wait_closed();
    };
    Server server = co_await start_server(pour, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    co_await reader.readexactly(1);
    server.close();
    server.abort_clients();
    co_await server.wait_closed();
    writer.abort();
    co_await end(server, writer);
}

ASYNC_TEST(Server, serve_forever_ends_when_it_is_cancelled) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0, {.start_serving = false});
    EXPECT_FALSE(server.is_serving());
    auto serving = create_task(server.serve_forever());
    co_await run_passes(1);
    EXPECT_TRUE(server.is_serving());
    co_await expect_throws<RuntimeError>(server.serve_forever());
    serving.cancel();
    co_await wait_for_all(serving);
    EXPECT_TRUE(serving.cancelled());
    EXPECT_FALSE(server.is_serving());
    co_await expect_throws<RuntimeError>(server.serve_forever());
}

ASYNC_TEST(Server, serve_forever_that_is_cancelled_closes_idle_clients) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    auto serving = create_task(server.serve_forever());
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("hello\n");
    EXPECT_EQ(co_await reader.readline(), "hello\n");
    serving.cancel();
    EXPECT_EQ(co_await reader.read(), "") << "the end of the stream";
    writer.close();
    co_await writer.wait_closed();
    co_await expect_throws<CancelledError>(serving);
}

// What a handler refers to may be a variable of the coroutine that serves.
ASYNC_TEST(Server, serve_forever_that_is_cancelled_waits_for_handlers) {
    int& running = keep<int>(0);
    const auto stubborn = [&running](StreamReader reader, StreamWriter) -> Coro<> {
        struct Count {
            int& count;
            explicit Count(int& c) : count(++c) {}
            ~Count() { --count; }
        } counted(running);
        co_await reader.read();   // the end of the stream
        co_await aio::sleep(1h);  // and still goes on
    };
    Server server = co_await start_server(stubborn, "127.0.0.1", 0, {.shutdown_timeout = 20ms});
    auto serving = create_task(server.serve_forever());
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    while (running == 0) co_await aio::sleep(1ms);
    serving.cancel();
    co_await expect_throws<CancelledError>(std::move(serving));
    EXPECT_EQ(running, 0);
    writer.close();
    co_await writer.wait_closed();
}

ASYNC_TEST(Server, serve_forever_that_is_cancelled_as_the_server_is_closed_closes_idle_clients) {
    for (const bool cancelled_first : {true, false}) {
        Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
        auto serving = create_task(server.serve_forever());
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        writer.write("hello\n");
        EXPECT_EQ(co_await reader.readline(), "hello\n");
        if (cancelled_first) serving.cancel();
        server.close();
        if (!cancelled_first) serving.cancel();
        EXPECT_EQ(co_await reader.read(), "");
        writer.close();
        co_await writer.wait_closed();
        co_await expect_throws<CancelledError>(serving);
    }
}

// It gets all that was written to it, if it takes it.
// Extremes: ServerOptions::shutdown_timeout
ASYNC_TEST(Server, serve_forever_that_is_cancelled_lets_slow_clients_have_what_was_written) {
    const std::size_t much = simulated() ? 1'000'000 : 48'000'000;  // more than the kernel holds
    auto pour = [much](StreamReader reader, StreamWriter writer) -> Coro<> {
        writer.write(std::string(much, 'x'));
        co_await reader.read();
    };
    Server server = co_await start_server(pour, "127.0.0.1", 0, {.shutdown_timeout = Duration::max()});
    auto serving = create_task(server.serve_forever());
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    co_await reader.readexactly(1);
    serving.cancel();
    co_await run_passes(10);
    EXPECT_FALSE(serving.done());
    EXPECT_EQ((co_await reader.read()).size(), much - 1);
    writer.close();
    co_await writer.wait_closed();
    co_await expect_throws<CancelledError>(serving);
}

ASYNC_TEST(Server, serve_forever_that_is_cancelled_drops_clients_that_take_nothing) {
    const std::size_t much = simulated() ? 1'000'000 : 64'000'000;
    auto pour = [much](StreamReader reader, StreamWriter writer) -> Coro<> {
        writer.write(std::string(much, 'x'));
        co_await reader.read();
    };
    for (const Duration limit : {Duration::min(), Duration(0), Duration(50ms)}) {
        const ServerOptions options{.shutdown_timeout = limit};
        Server server = co_await start_server(pour, "127.0.0.1", 0, options);
        auto serving = create_task(server.serve_forever());
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), {.limit = 1000});
        co_await reader.readexactly(1);
        serving.cancel();
        co_await expect_throws<CancelledError>(serving);
        writer.abort();
    }
}

ASYNC_TEST(Server, close_ends_serve_forever) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    auto serving = create_task(server.serve_forever());
    co_await run_passes(1);
    server.close();
    co_await wait_for_all(serving);
    EXPECT_TRUE(serving.cancelled());
}

ASYNC_TEST(Server, an_address_in_use_is_refused) {  // CPython: test_events.test_create_server_addr_in_use
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    const int port = server.port();
    const std::string what = co_await expect_throws<OSError>(start_server(echo_lines, "127.0.0.1", port));
    const std::string where = "127.0.0.1:" + std::to_string(port);
    EXPECT_THAT(what, testing::AnyOf("bind " + where + ": Address already in use (errno 98)",
                                     "listen on " + where + ": Address already in use (errno 98)"));
    server.close();
    co_await server.wait_closed();
}

ASYNC_TEST(Server, the_port_is_free_as_soon_as_it_is_closed) {  // CPython: test_events.test_server_close
    Server first = co_await start_server(echo_lines, "127.0.0.1", 0);
    const int port = first.port();
    first.close();
    co_await expect_throws<ConnectionRefusedError>(open_connection("127.0.0.1", port));
    Server second = co_await start_server(echo_lines, "127.0.0.1", port);
    EXPECT_EQ(second.port(), port);
    second.close();
    co_await first.wait_closed();
    co_await second.wait_closed();
}

ASYNC_TEST(Server, several_may_share_a_port_if_all_agree) {  // CPython: test_events.test_create_server_reuse_port
    Server first = co_await start_server(echo_lines, "127.0.0.1", 0, {.reuse_port = true});
    Server second = co_await start_server(echo_lines, "127.0.0.1", first.port(), {.reuse_port = true});
    EXPECT_EQ(first.port(), second.port());
    first.close();
    second.close();
    co_await first.wait_closed();
    co_await second.wait_closed();
}

ASYNC_TEST(Server, without_a_host_listens_on_every_interface) {
    Server server = co_await start_server(echo_lines, "", 0);
    CO_ASSERT_TRUE(!server.sockets().empty());
    EXPECT_THAT(server.sockets()[0].host, testing::AnyOf("0.0.0.0", "::"));
    server.close();
    EXPECT_TRUE(server.sockets().empty());
    co_await server.wait_closed();
}

ASYNC_TEST(Server, listens_on_several_hosts_at_each_address_once) {
    const std::vector<std::string> hosts{"127.0.0.1", "127.0.0.2", "127.0.0.1"};
    Server server = co_await start_server(echo_lines, hosts, 0);
    CO_ASSERT_EQ(server.sockets().size(), 2u);
    for (const Address& address : server.sockets()) {
        auto [reader, writer] = co_await open_connection(address.host, address.port);
        writer.write("hello\n");
        EXPECT_EQ(co_await reader.readline(), "hello\n");
        writer.close();
        co_await writer.wait_closed();
    }
    const std::vector<std::string> none;
    co_await expect_throws<ValueError>(start_server(echo_lines, none, 0));
    server.close();
    co_await server.wait_closed();
}

ASYNC_TEST(Server, a_plain_function_can_be_the_handler) {
    auto kept = std::make_shared<std::vector<StreamWriter>>();
    auto greet = [kept](StreamReader, StreamWriter writer) {
        writer.write("hello");
        kept->push_back(std::move(writer));
    };
    Server server = co_await start_server(greet, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    EXPECT_EQ(co_await reader.readexactly(5), "hello");
    kept->clear();
    EXPECT_EQ(co_await reader.read(), "");
    co_await end(server, writer);
}

ASYNC_TEST(Server, replaces_a_socket_that_was_left_behind) {
    const std::string path = fresh_socket_path();
    Server first = co_await start_unix_server(echo_lines, path);
    // The simulation knows no files, so that nothing can be removed there.
    const std::string same = simulated() ? fresh_socket_path() : path;
    Server second = co_await start_unix_server(echo_lines, same);
    first.close();
    co_await first.wait_closed();
    // The path is the second one's now: closing the first left it alone.
    EXPECT_TRUE(simulated() || ::access(path.c_str(), F_OK) == 0);
    second.close();
    co_await second.wait_closed();
    EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

ASYNC_TEST(Server, dropping_the_last_handle_stops_listening) {
    int port = 0;
    {
        Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
        port = server.port();
    }
    co_await expect_throws<ConnectionRefusedError>(open_connection("127.0.0.1", port));
}

}  // namespace
}  // namespace aio::test
