// sendfile() over streams, sock_sendfile() over sockets of the program's own.
#include <aio/core/task.hpp>
#include <aio/io/sendfile.hpp>
#include <aio/io/sock.hpp>

#include "io/descriptors.hpp"
#include "io/sock/raw_sockets.hpp"
#include "support/async_test.hpp"
#include "support/peers.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <numeric>

namespace aio::test {
namespace {

// A file with these contents, positioned at its beginning.
Socket file_with(const std::string& contents) {
    Socket file(::memfd_create("sendfile", MFD_CLOEXEC));
    EXPECT_EQ(::write(file.fileno(), contents.data(), contents.size()), static_cast<ssize_t>(contents.size()));
    ::lseek(file.fileno(), 0, SEEK_SET);
    return file;
}

off_t position(const Socket& file) { return ::lseek(file.fileno(), 0, SEEK_CUR); }

// More than the kernel buffers.
std::size_t large() { return rerunning() ? 300'000 : 12'000'000; }

// A server that collects what one client sends.
struct Collector {
    std::string all;
    Future<> go_on, done;
};

Coro<> collect(std::shared_ptr<Collector> collector, StreamReader reader, StreamWriter writer) {
    co_await collector->go_on;
    collector->all = co_await reader.read();
    if (!collector->done.done()) collector->done.set_result();
    writer.close();
}

struct Connection {
    std::shared_ptr<Collector> peer = std::make_shared<Collector>();
    std::optional<Server> server;
    std::optional<StreamPair> ends;
    StreamWriter& writer() { return ends->second; }
};

Coro<> open(Connection& connection, bool reads_at_once = true) {
    auto peer = connection.peer;
    auto handler = [peer](StreamReader reader, StreamWriter writer) {
        return collect(peer, std::move(reader), std::move(writer));
    };
    connection.server = co_await start_server(handler, "127.0.0.1", 0);
    connection.ends = co_await open_connection("127.0.0.1", connection.server->port());
    if (reads_at_once) peer->go_on.set_result();
}

// Ends the stream; what the server got.
Coro<std::string> finish(Connection& connection) {
    if (!connection.writer().is_closing()) connection.writer().write_eof();
    co_await connection.peer->done;
    co_await end(*connection.server, connection.writer());
    co_return connection.peer->all;
}

ASYNC_TEST(Sendfile, sends_a_whole_file_after_what_was_written, kOnce) {  // CPython: test_sendfile.test_sendfile
    // CPython: test_sendfile.test_sendfile_pre_and_post_data
    const std::string contents = numbers(large());
    auto& file = keep<Socket>(file_with(contents));
    auto& connection = keep<Connection>();
    co_await open(connection);
    connection.writer().write("before ");
    EXPECT_EQ(co_await sendfile(connection.writer(), file.fileno()), contents.size());
    EXPECT_EQ(position(file), static_cast<off_t>(contents.size()));
    connection.writer().write(" after");
    EXPECT_TRUE(co_await finish(connection) == "before " + contents + " after");
}

ASYNC_TEST(Sendfile, sends_a_part_of_a_file, kOnce) {  // CPython: test_sendfile.test_sendfile_partial
    const std::string contents = numbers(100'000);
    auto& file = keep<Socket>(file_with(contents));
    auto& connection = keep<Connection>();
    co_await open(connection);
    EXPECT_EQ(co_await sendfile(connection.writer(), file.fileno(), {.offset = 1000, .count = 2000}), 2000u);
    EXPECT_EQ(position(file), 3000);
    EXPECT_EQ(co_await finish(connection), contents.substr(1000, 2000));
}

ASYNC_TEST(Sendfile, tells_when_the_file_is_shorter_than_asked_for, kOnce) {
    auto& file = keep<Socket>(file_with("short"));
    auto& connection = keep<Connection>();
    co_await open(connection);
    EXPECT_EQ(co_await sendfile(connection.writer(), file.fileno(), {.offset = 2, .count = 5000}), 3u);
    EXPECT_EQ(co_await sendfile(connection.writer(), file.fileno(), {.offset = 5000}), 0u);
    EXPECT_EQ(co_await finish(connection), "ort");
}

ASYNC_TEST(Sendfile, of_an_empty_file_sends_nothing, kOnce) {  // CPython: test_sendfile.test_sock_sendfile_zero_size
    auto& file = keep<Socket>(file_with(""));
    auto& connection = keep<Connection>();
    co_await open(connection);
    EXPECT_EQ(co_await sendfile(connection.writer(), file.fileno()), 0u);
    EXPECT_EQ(position(file), 0);
    EXPECT_EQ(co_await finish(connection), "");
}

ASYNC_TEST(Sendfile, waits_for_a_peer_that_does_not_read_and_refuses_writes_meanwhile, kOnce) {
    const std::string contents = numbers(large());
    auto& file = keep<Socket>(file_with(contents));
    auto& connection = keep<Connection>();
    co_await open(connection, false);
    // On sim there is no kernel to copy: a file is written like other data.
    const std::string big(simulated() ? 0 : 1'000'000, 'b');
    connection.writer().write(big);
    auto sending = create_task(sendfile(connection.writer(), file.fileno()));
    co_await aio::sleep(50ms);
    EXPECT_FALSE(sending.done());
    if (!simulated()) {
        EXPECT_THROW(connection.writer().write("no"), RuntimeError);
        EXPECT_THROW(connection.writer().write_eof(), RuntimeError);
        co_await expect_throws<RuntimeError>(sendfile(connection.writer(), file.fileno()));
    }
    connection.peer->go_on.set_result();
    EXPECT_EQ(co_await sending, contents.size());
    EXPECT_TRUE(co_await finish(connection) == big + contents);
}

ASYNC_TEST(Sendfile, that_is_cancelled_leaves_the_stream_usable_and_the_position_right, kOnce) {
    const std::string contents = numbers(large());
    auto& file = keep<Socket>(file_with(contents));
    auto& connection = keep<Connection>();
    co_await open(connection, false);
    auto sending = create_task(sendfile(connection.writer(), file.fileno()));
    co_await aio::sleep(50ms);
    sending.cancel();
    co_await wait_for_all(sending);
    EXPECT_TRUE(sending.cancelled());
    const auto sent = static_cast<std::size_t>(position(file));
    EXPECT_GT(sent, 0u);
    EXPECT_LT(sent, contents.size());
    connection.writer().write("END");
    connection.peer->go_on.set_result();
    EXPECT_TRUE(co_await finish(connection) == contents.substr(0, sent) + "END");
}

Coro<> expect_ended_by(void (*what)(Connection&)) {
    auto& file = keep<Socket>(file_with(numbers(large())));
    auto& connection = keep<Connection>();
    co_await open(connection, false);
    auto sending = create_task(sendfile(connection.writer(), file.fileno()));
    co_await aio::sleep(50ms);
    what(connection);
    co_await expect_throws<ConnectionError>(sending);
    connection.server->abort_clients();
    connection.peer->go_on.set_result();
    connection.writer().abort();
    connection.server->close();
    co_await connection.server->wait_closed();
    co_await run_passes(3);
    try {
        co_await connection.writer().wait_closed();
    } catch (const ConnectionError&) {
        // What ended it.
    }
    take_reports();
}

ASYNC_TEST(Sendfile, ends_when_the_stream_is_aborted, kOnce) {
    co_await expect_ended_by([](Connection& connection) { connection.writer().abort(); });
}

ASYNC_TEST(Sendfile, ends_when_the_stream_is_closed, kOnce) {
    if (simulated()) CO_SKIP();  // what is in the write buffer goes out first, to a peer that never reads
    co_await expect_ended_by([](Connection& connection) { connection.writer().close(); });
}

ASYNC_TEST(Sendfile, ends_when_the_peer_resets_the_connection, kOnce) {
    // CPython: test_sendfile.test_sendfile_close_peer_in_the_middle_of_receiving
    co_await expect_ended_by([](Connection& connection) { connection.server->abort_clients(); });
}

ASYNC_TEST(Sendfile, on_a_closing_stream_is_refused,
           kOnce) {  // CPython: test_sendfile.test_sendfile_for_closing_transp
    auto& file = keep<Socket>(file_with("data"));
    auto& connection = keep<Connection>();
    co_await open(connection);
    connection.writer().close();
    co_await expect_throws<RuntimeError>(sendfile(connection.writer(), file.fileno()));
    EXPECT_EQ(position(file), 0);
    co_await finish(connection);
}

ASYNC_TEST(Sendfile, arguments_that_make_no_sense_are_refused, kOnce) {  // CPython: test_sendfile.test_zero_count
    auto& file = keep<Socket>(file_with("data"));
    auto& connection = keep<Connection>();
    co_await open(connection);
    co_await expect_throws<ValueError>(sendfile(connection.writer(), file.fileno(), {.count = 0}));
    co_await expect_throws<OSError>(sendfile(connection.writer(), -1));
    co_await finish(connection);
}

ASYNC_TEST(Sendfile, falls_back_to_reading_what_the_kernel_cannot_copy, kOnce) {
    // CPython: test_sendfile.test_sendfile_fallback_prevents_bare_write
    int ends[2];
    CO_ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    auto& pipe = keep<Socket>(ends[0]);
    CO_ASSERT_EQ(::write(ends[1], "through a pipe", 14), 14);
    ::close(ends[1]);
    auto& connection = keep<Connection>();
    co_await open(connection);
    co_await expect_throws<SendfileNotAvailableError>(
        sendfile(connection.writer(), pipe.fileno(), {.fallback = false}));
    EXPECT_EQ(co_await sendfile(connection.writer(), pipe.fileno()), 14u);
    EXPECT_EQ(co_await finish(connection), "through a pipe");
}

// --- sockets of the program's own ----------------------------------------------------------------------------

ASYNC_TEST(SockSendfile, sends_a_file) {  // CPython: test_sendfile.test_sock_sendfile_success
    const std::string contents = numbers(large());
    auto& file = keep<Socket>(file_with(contents));
    auto& pair = keep<std::pair<Socket, Socket>>(raw_pair());
    auto receiving = create_task(read_all(pair.second.fileno()));
    EXPECT_EQ(co_await sock_sendfile(pair.first.fileno(), file.fileno()), contents.size());
    EXPECT_EQ(position(file), static_cast<off_t>(contents.size()));
    pair.first.close();
    EXPECT_TRUE(co_await receiving == contents);
}

ASYNC_TEST(SockSendfile, sends_a_part_of_a_file) {
    // CPython: test_sendfile.test_sock_sendfile_with_offset_and_count
    const std::string contents = numbers(10'000);
    auto& file = keep<Socket>(file_with(contents));
    auto& pair = keep<std::pair<Socket, Socket>>(raw_pair());
    auto receiving = create_task(read_all(pair.second.fileno()));
    EXPECT_EQ(co_await sock_sendfile(pair.first.fileno(), file.fileno(), 1000, 2000), 2000u);
    EXPECT_EQ(position(file), 3000);
    pair.first.close();
    EXPECT_EQ(co_await receiving, contents.substr(1000, 2000));
}

ASYNC_TEST(SockSendfile, that_is_cancelled_leaves_the_position_where_it_was_sent) {
    // CPython: test_sendfile.test_sock_sendfile_cancel
    const std::string contents = numbers(2'000'000);
    auto& file = keep<Socket>(file_with(contents));
    auto& pair = keep<std::pair<Socket, Socket>>(raw_pair());
    auto sending = create_task(sock_sendfile(pair.first.fileno(), file.fileno()));
    co_await aio::sleep(10ms);
    EXPECT_FALSE(sending.done());
    sending.cancel();
    co_await wait_for_all(sending);
    const auto sent = static_cast<std::size_t>(position(file));
    EXPECT_GT(sent, 0u);
    auto receiving = create_task(read_all(pair.second.fileno()));
    co_await aio::sleep(5ms);
    pair.first.close();
    EXPECT_TRUE(co_await receiving == contents.substr(0, sent));
}

ASYNC_TEST(SockSendfile, ends_when_the_peer_is_gone) {
    auto& file = keep<Socket>(file_with(numbers(2'000'000)));
    auto& pair = keep<std::pair<Socket, Socket>>(raw_pair());
    auto sending = create_task(sock_sendfile(pair.first.fileno(), file.fileno()));
    co_await aio::sleep(10ms);
    pair.second.close();
    co_await expect_throws<ConnectionError>(sending);
}

ASYNC_TEST(SockSendfile, what_is_no_stream_or_blocks_is_refused) {  // CPython: test_sendfile.test_nonstream_socket
    // CPython: test_sendfile.test_blocking_socket
    auto& file = keep<Socket>(file_with("data"));
    auto& pair = keep<std::pair<Socket, Socket>>(raw_pair(SOCK_DGRAM));
    co_await expect_throws<ValueError>(sock_sendfile(pair.first.fileno(), file.fileno()));
    auto& blocking = keep<Sockets>();
    co_await expect_throws<ValueError>(sock_sendfile(blocking.fd[0], file.fileno()));
}

ASYNC_TEST(SockSendfile, falls_back_to_reading_what_the_kernel_cannot_copy, kOnce) {
    // CPython: test_sendfile.test_sock_sendfile_fallback
    int ends[2];
    CO_ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    auto& pipe = keep<Socket>(ends[0]);
    CO_ASSERT_EQ(::write(ends[1], "through a pipe", 14), 14);
    ::close(ends[1]);
    auto& pair = keep<std::pair<Socket, Socket>>(raw_pair());
    co_await expect_throws<SendfileNotAvailableError>(
        sock_sendfile(pair.first.fileno(), pipe.fileno(), 0, std::nullopt, false));
    EXPECT_EQ(co_await sock_sendfile(pair.first.fileno(), pipe.fileno()), 14u);
    EXPECT_EQ(co_await sock_recv(pair.second.fileno(), 100), "through a pipe");
}

}  // namespace
}  // namespace aio::test
