// Connections: open_connection and start_server against each other.
#include <aio/core/task.hpp>
#include <aio/io/server.hpp>

#include "support/async_test.hpp"
#include "support/peers.hpp"

#include <unistd.h>

namespace aio::test {
namespace {

ASYNC_TEST(StreamConnection, talks_to_a_server) {
    // CPython: test_streams.test_open_connection, test_events.test_create_connection
    Server server = co_await start_server(serve_page, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    co_await expect_page(reader, writer);
    co_await end(server, writer);
}

ASYNC_TEST(StreamConnection, talks_to_a_unix_server) {  // CPython: test_streams.test_open_unix_connection
    const std::string path = fresh_socket_path();
    Server server = co_await start_unix_server(serve_page, path);
    auto [reader, writer] = co_await open_unix_connection(path);
    EXPECT_EQ(writer.peername().path, path);
    co_await expect_page(reader, writer);
    co_await end(server, writer);
}

ASYNC_TEST(StreamConnection,
           breaks_with_what_set_exception_was_given) {  // CPython: test_streams.test_open_connection_error
    Server server = co_await start_server(serve_page, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    reader.set_exception(ZeroDivision("division by zero"));
    EXPECT_EQ(co_await expect_throws<ZeroDivision>(reader.read()), "division by zero");
    EXPECT_EQ(co_await expect_throws<ZeroDivision>(writer.drain()), "division by zero");
    co_await end(server, writer);
}

ASYNC_TEST(StreamConnection, echoes_lines_over_tcp) {  // CPython: test_streams.test_start_server
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("hello world!\n");
    EXPECT_EQ(co_await reader.readline(), "hello world!\n");
    co_await end(server, writer);
    EXPECT_FALSE(server.is_serving());
}

ASYNC_TEST(StreamConnection, tells_whether_data_wait) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    EXPECT_FALSE(reader.has_data());
    writer.write("one\ntwo\n");
    EXPECT_EQ(co_await reader.readexactly(1), "o");
    EXPECT_TRUE(reader.has_data());
    EXPECT_EQ(co_await reader.readexactly(7), "ne\ntwo\n");
    EXPECT_FALSE(reader.has_data());
    co_await end(server, writer);
}

ASYNC_TEST(StreamConnection, echoes_lines_over_a_unix_socket) {  // CPython: test_streams.test_start_unix_server
    const std::string path = fresh_socket_path();
    Server server = co_await start_unix_server(echo_lines, path);
    auto [reader, writer] = co_await open_unix_connection(path);
    writer.write("hello world!\n");
    EXPECT_EQ(co_await reader.readline(), "hello world!\n");
    co_await end(server, writer);
    EXPECT_NE(::access(path.c_str(), F_OK), 0) << "the path is left behind";
}

ASYNC_TEST(StreamConnection, close_ends_it) {  // CPython: test_streams.test_wait_closed_on_close
    Server server = co_await start_server(serve_page, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(co_await reader.readline(), "HTTP/1.0 200 OK\r\n");
    EXPECT_THAT(co_await reader.read(), testing::EndsWith("\r\n\r\nTest message"));
    EXPECT_FALSE(writer.is_closing());
    writer.close();
    EXPECT_TRUE(writer.is_closing());
    EXPECT_FALSE(writer.closed());
    co_await writer.wait_closed();
    EXPECT_TRUE(writer.closed());
    EXPECT_EQ(writer.fileno(), -1);
    co_await end(server, writer);
}

// CPython: test_streams.test_wait_closed_on_close_with_unread_data
ASYNC_TEST(StreamConnection, close_does_not_wait_for_unread_data) {
    Server server = co_await start_server(serve_page, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(co_await reader.readline(), "HTTP/1.0 200 OK\r\n");
    writer.close();
    co_await writer.wait_closed();
    co_await end(server, writer);
}

ASYNC_TEST(StreamConnection, is_used_with_drain_and_wait_closed) {  // CPython: test_streams.test_async_writer_api
    Server server = co_await start_server(serve_page, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("GET / HTTP/1.0\r\n\r\n");
    co_await writer.drain();
    EXPECT_EQ(co_await reader.readline(), "HTTP/1.0 200 OK\r\n");
    EXPECT_THAT(co_await reader.read(), testing::EndsWith("Test message"));
    writer.close();
    co_await writer.wait_closed();
    co_await end(server, writer);
}

// CPython: test_streams.test_async_writer_api_exception_after_close
ASYNC_TEST(StreamConnection, drain_after_close_throws) {  // semantics 43
    Server server = co_await start_server(serve_page, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("GET / HTTP/1.0\r\n\r\n");
    co_await reader.read();
    writer.close();
    writer.write("data");
    co_await expect_throws<ConnectionResetError>(writer.drain());
    co_await end(server, writer);
}

// CPython: test_streams.test_eof_feed_when_closing_writer
ASYNC_TEST(StreamConnection, closing_the_writer_ends_the_reader) {
    Server server = co_await start_server(serve_page, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.close();
    co_await writer.wait_closed();
    EXPECT_TRUE(reader.at_eof());
    EXPECT_EQ(co_await reader.read(), "");
    co_await end(server, writer);
}

ASYNC_TEST(StreamConnection, dropping_the_handles_closes_it) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    {
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        writer.write("sent all the same\n");
    }
    server.close();
    co_await server.wait_closed();
}

ASYNC_TEST(StreamConnection, half_closed_it_can_still_be_read) {
    Server server = co_await start_server(count_bytes, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    EXPECT_TRUE(writer.can_write_eof());
    writer.write("12345");
    writer.write_eof();
    EXPECT_THROW(writer.write("6"), RuntimeError);
    EXPECT_EQ(co_await reader.read(), "5 bytes");
    co_await end(server, writer);
}

ASYNC_TEST(StreamConnection, knows_both_addresses) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    EXPECT_EQ(writer.peername().str(), "127.0.0.1:" + std::to_string(server.port()));
    EXPECT_EQ(writer.sockname().host, "127.0.0.1");
    EXPECT_NE(writer.fileno(), -1);
    co_await end(server, writer);
    EXPECT_EQ(writer.peername().host, "127.0.0.1");
    EXPECT_EQ(writer.sockname(), Address());
}

ASYNC_TEST(StreamConnection, refused_says_what_was_attempted) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    const int port = server.port();
    server.close();
    co_await server.wait_closed();
    EXPECT_EQ(co_await expect_throws<ConnectionRefusedError>(open_connection("127.0.0.1", port)),
              "connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused (errno 111)");
}

ASYNC_TEST(StreamConnection, an_impossible_port_is_refused) {
    co_await expect_throws<ValueError>(open_connection("127.0.0.1", 65536));
    co_await expect_throws<ValueError>(open_connection("127.0.0.1", -1));
    co_await expect_throws<ValueError>(start_server(echo_lines, "127.0.0.1", 65536));
}

ASYNC_TEST(StreamConnection, connects_from_a_given_address) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), {.local_host = "127.0.0.2"});
    EXPECT_EQ(writer.sockname().host, "127.0.0.2");
    co_await end(server, writer);
}

ASYNC_TEST(StreamConnection, a_cancelled_connect_leaves_nothing) {
    // A backlog of one that nobody accepts from: the third connection waits on every backend but TCP's kernel.
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0, {.start_serving = false});
    auto connecting = create_task(open_connection("127.0.0.1", server.port()));
    co_await run_passes(1);
    connecting.cancel();
    co_await wait_for_all(connecting);
    EXPECT_TRUE(connecting.done());
    server.close();
    co_await server.wait_closed();
}

ASYNC_TEST(StreamConnection, reset_by_the_peer_ends_the_read) {
    Server server = co_await start_server(reset_at_once, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("x");
    const std::string what = co_await expect_throws<ConnectionResetError>(reader.read());
    EXPECT_EQ(what, "receive from " + writer.peername().str() + ": Connection reset by peer (errno 104)");
    co_await expect_throws<ConnectionResetError>(writer.drain());
    co_await expect_throws<ConnectionResetError>(writer.wait_closed());
    server.close();
    co_await server.wait_closed();
}

}  // namespace
}  // namespace aio::test
