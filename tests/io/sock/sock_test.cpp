// sock_recv, sock_sendall and the others: calls on sockets of the program's own.
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>
#include <aio/io/sock.hpp>

#include "io/sock/raw_sockets.hpp"
#include "support/async_test.hpp"
#include "support/peers.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <numeric>

namespace aio::test {
namespace {

// All sockets here are the kernel's, on the sim backend too.

Socket raw_socket(int family = AF_INET, int type = SOCK_STREAM) {
    return Socket(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

// Bound to a free port of 127.0.0.1.
Socket bound_socket(int type) {
    Socket socket = raw_socket(AF_INET, type);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket.fileno(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return socket;
}

Socket listening_socket(int backlog = 16) {
    Socket socket = bound_socket(SOCK_STREAM);
    EXPECT_EQ(::listen(socket.fileno(), backlog), 0);
    return socket;
}

int port_of(const Socket& socket) {
    sockaddr_in address = {};
    socklen_t length = sizeof address;
    ::getsockname(socket.fileno(), reinterpret_cast<sockaddr*>(&address), &length);
    return ntohs(address.sin_port);
}

// Accepts once, reads a request up to its empty line, and gives CPython's test page.
Coro<> serve_one_page(int listener) {
    auto [connection, peer] = co_await sock_accept(listener);
    std::string request;
    while (request.find("\r\n\r\n") == std::string::npos) request += co_await sock_recv(connection.fileno(), 1000);
    co_await sock_sendall(connection.fileno(), "HTTP/1.0 200 OK\r\n\r\nTest message");
}

ASYNC_TEST(Sock, a_client_fetches_a_page) {  // CPython: test_sock_lowlevel.test_sock_client_ops
    auto& listener = keep<Socket>(listening_socket());
    Task<> server = create_task(serve_one_page(listener.fileno()));
    auto& client = keep<Socket>(raw_socket());
    co_await sock_connect(client.fileno(), {"127.0.0.1", port_of(listener)});
    co_await sock_sendall(client.fileno(), "GET / HTTP/1.0\r\n\r\n");
    EXPECT_THAT(co_await read_all(client.fileno()), testing::StartsWith("HTTP/1.0 200 OK"));
    co_await server;
}

ASYNC_TEST(Sock, a_client_receives_into_memory_of_its_own) {  // CPython: test_sock_lowlevel.test_sock_client_ops
    auto& listener = keep<Socket>(listening_socket());
    Task<> server = create_task(serve_one_page(listener.fileno()));
    auto& client = keep<Socket>(raw_socket());
    co_await sock_connect(client.fileno(), {"localhost", port_of(listener)});
    co_await sock_sendall(client.fileno(), "GET / HTTP/1.0\r\n\r\n");
    auto& memory = keep<std::array<char, 1024>>();
    std::size_t size = 0;
    while (const std::size_t more = co_await sock_recv_into(client.fileno(), std::span(memory).subspan(size))) {
        size += more;
    }
    EXPECT_EQ(std::string_view(memory.data(), size), "HTTP/1.0 200 OK\r\n\r\nTest message");
    co_await server;
}

ASYNC_TEST(Sock, a_client_talks_over_a_path) {  // CPython: test_sock_lowlevel.test_unix_sock_client_ops
    const std::string path = fresh_socket_path();
    auto& listener = keep<Socket>(raw_socket(AF_UNIX));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    CO_ASSERT_EQ(::bind(listener.fileno(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::listen(listener.fileno(), 4);
    Task<> server = create_task(serve_one_page(listener.fileno()));
    auto& client = keep<Socket>(raw_socket(AF_UNIX));
    co_await sock_connect(client.fileno(), path);
    co_await sock_sendall(client.fileno(), "GET / HTTP/1.0\r\n\r\n");
    EXPECT_THAT(co_await read_all(client.fileno()), testing::EndsWith("Test message"));
    co_await server;
    ::unlink(path.c_str());
}

ASYNC_TEST(Sock, nobody_listening_is_an_error) {  // CPython: test_sock_lowlevel.test_sock_client_fail
    int port = 0;
    {
        const Socket gone = bound_socket(SOCK_STREAM);
        port = port_of(gone);
    }
    auto& client = keep<Socket>(raw_socket());
    const std::string what =
        co_await expect_throws<ConnectionRefusedError>(sock_connect(client.fileno(), {"127.0.0.1", port}));
    EXPECT_THAT(what, testing::HasSubstr("connect to 127.0.0.1:" + std::to_string(port)));
}

// A cancelled receive and a following one do not take each other's place.
ASYNC_TEST(Sock, receives_race_with_their_cancellation) {  // CPython: test_sock_lowlevel.test_sock_client_racing
    auto& pair = keep<std::pair<Socket, Socket>>(raw_pair());
    const int a = pair.first.fileno(), b = pair.second.fileno();
    for (int round = 0; round < 5; ++round) {
        auto receiving = create_task(sock_recv(a, 100));
        co_await run_passes(round);
        receiving.cancel();
        co_await sock_sendall(b, "data");
        auto again = create_task(sock_recv(a, 100));
        co_await wait_for_all(receiving);
        EXPECT_TRUE(receiving.cancelled());
        EXPECT_EQ(co_await again, "data");
    }
    // The same for sending into a full socket.
    const std::string block(300'000, 'b');
    auto sending = create_task(sock_sendall(b, block));
    co_await aio::sleep(5ms);
    sending.cancel();
    co_await wait_for_all(sending);
    auto next = create_task(sock_sendall(b, "end"));
    std::string all;
    while (!all.ends_with("end")) all += co_await sock_recv(a, 100'000);
    co_await next;
}

ASYNC_TEST(Sock, connects_race_with_their_cancellation) {
    // CPython: test_sock_lowlevel.test_sock_client_connect_racing
    auto& listener = keep<Socket>(listening_socket());
    for (int passes = 0; passes < 3; ++passes) {
        auto& client = keep<Socket>(raw_socket());
        auto connecting = create_task(sock_connect(client.fileno(), {"127.0.0.1", port_of(listener)}));
        co_await run_passes(passes);
        connecting.cancel();
        co_await wait_for_all(connecting);
        auto& other = keep<Socket>(raw_socket());
        co_await sock_connect(other.fileno(), {"127.0.0.1", port_of(listener)});
        int port = 0;
        while (port != port_of(other)) {
            auto [connection, peer] = co_await sock_accept(listener.fileno());
            port = peer.port;
        }
    }
}

Coro<> send_and_end(Socket socket, std::string data) {
    co_await sock_sendall(socket.fileno(), std::move(data));
    socket.close();
}

ASYNC_TEST(Sock, sends_and_receives_a_lot) {  // CPython: test_sock_lowlevel.test_huge_content
    const std::string all = numbers(rerunning() ? 500'000 : 20'000'000);
    auto& pair = keep<std::pair<Socket, Socket>>(raw_pair());
    Task<> sending = create_task(send_and_end(std::move(pair.first), all));
    std::string received;
    while (true) {
        const std::string piece = co_await sock_recv(pair.second.fileno(), 1'000'000);
        if (piece.empty()) break;
        received += piece;
    }
    EXPECT_TRUE(received == all);
    co_await sending;
}

ASYNC_TEST(Sock, receives_a_lot_into_one_buffer) {  // CPython: test_sock_lowlevel.test_huge_content_recvinto
    const std::string all = numbers(rerunning() ? 500'000 : 20'000'000);
    auto& pair = keep<std::pair<Socket, Socket>>(raw_pair());
    Task<> sending = create_task(send_and_end(std::move(pair.first), all));
    auto& received = keep<std::string>(all.size(), '\0');
    std::size_t size = 0;
    while (size < all.size()) {
        const std::span<char> rest = std::span<char>(received).subspan(size);
        const std::size_t more = co_await sock_recv_into(pair.second.fileno(), rest);
        if (more == 0) break;
        size += more;
    }
    EXPECT_TRUE(received == all);
    co_await sending;
}

ASYNC_TEST(Sock, accepts_a_connection) {  // CPython: test_sock_lowlevel.test_sock_accept
    auto& listener = keep<Socket>(listening_socket());
    auto& client = keep<Socket>(raw_socket());
    auto accepting = create_task(sock_accept(listener.fileno()));
    co_await run_passes(2);
    co_await sock_connect(client.fileno(), {"127.0.0.1", port_of(listener)});
    auto [connection, peer] = co_await std::move(accepting);
    EXPECT_EQ(peer, (Address{"127.0.0.1", port_of(client), {}}));
    EXPECT_NE(::fcntl(connection.fileno(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(connection.fileno(), F_GETFD) & FD_CLOEXEC, 0);
}

ASYNC_TEST(Sock,
           a_cancelled_accept_leaves_the_socket_usable) {  // CPython: test_sock_lowlevel.test_cancel_sock_accept
    auto& listener = keep<Socket>(listening_socket(1));
    auto accepting = create_task(sock_accept(listener.fileno()));
    co_await run_passes(2);
    accepting.cancel();
    co_await wait_for_all(accepting);
    EXPECT_TRUE(accepting.cancelled());
    auto& client = keep<Socket>(raw_socket());
    co_await sock_connect(client.fileno(), {"127.0.0.1", port_of(listener)});
    auto [connection, peer] = co_await sock_accept(listener.fileno());
    EXPECT_EQ(peer.port, port_of(client));
}

ASYNC_TEST(Sock, receives_datagrams_with_their_sender) {  // CPython: test_sock_lowlevel.test_recvfrom
    // CPython: test_sock_lowlevel.test_recvfrom_into
    auto& server = keep<Socket>(bound_socket(SOCK_DGRAM));
    auto& client = keep<Socket>(bound_socket(SOCK_DGRAM));
    const Address to{"127.0.0.1", port_of(server), {}};
    EXPECT_EQ(co_await sock_sendto(client.fileno(), "hello there", to), 11u);
    auto [data, from] = co_await sock_recvfrom(server.fileno(), 4096);
    EXPECT_EQ(data, "hello there");
    EXPECT_EQ(from, (Address{"127.0.0.1", port_of(client), {}}));
    auto& memory = keep<std::array<char, 64>>();
    auto receiving = create_task(sock_recvfrom_into(server.fileno(), std::span(memory), 5));
    co_await run_passes(2);
    EXPECT_EQ(co_await sock_sendto(client.fileno(), "truncated", to), 9u);
    auto [size, sender] = co_await receiving;
    EXPECT_EQ(std::string_view(memory.data(), size), "trunc");
    EXPECT_EQ(sender, from);
    co_await expect_throws<ValueError>(sock_recvfrom_into(server.fileno(), std::span(memory), 65));
}

ASYNC_TEST(Sock, sendto_waits_for_room) {  // CPython: test_sock_lowlevel.test_sendto_blocking
    auto& pair = keep<std::pair<Socket, Socket>>(raw_pair(SOCK_DGRAM));
    auto& receiver = pair.second;
    const char filler[1000] = {};
    int sent = 0;
    while (::send(pair.first.fileno(), filler, sizeof filler, 0) > 0) ++sent;
    CO_ASSERT_GE(sent, 1);
    auto sending = create_task([&pair]() -> Coro<> {  // the pair's sockets have no names
        co_await sock_sendall(pair.first.fileno(), "the last");
    });
    co_await aio::sleep(5ms);
    EXPECT_FALSE(sending.done());
    std::string last;
    while (last != "the last") last = (co_await sock_recvfrom(receiver.fileno(), 2000)).first;
    co_await sending;
}

ASYNC_TEST(Sock, a_blocking_socket_is_refused) {  // CPython: test_sock_lowlevel.test_sock_client_ops
    auto& socket = keep<Socket>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int fd = socket.fileno();
    auto& memory = keep<std::array<char, 8>>();
    const std::string what = co_await expect_throws<ValueError>(sock_recv(fd, 10));
    EXPECT_THAT(what, testing::HasSubstr("the socket must be non-blocking"));
    co_await expect_throws<ValueError>(sock_recv_into(fd, std::span(memory)));
    co_await expect_throws<ValueError>(sock_recvfrom(fd, 10));
    co_await expect_throws<ValueError>(sock_recvfrom_into(fd, std::span(memory)));
    co_await expect_throws<ValueError>(sock_sendall(fd, "x"));
    co_await expect_throws<ValueError>(sock_sendto(fd, "x", {"127.0.0.1", 9}));
    co_await expect_throws<ValueError>(sock_connect(fd, {"127.0.0.1", 9}));
    co_await expect_throws<ValueError>(sock_accept(fd));
}

ASYNC_TEST(Sock, a_descriptor_that_is_not_open_is_an_error) {
    co_await expect_throws<OSError>(sock_recv(-1, 10));
    co_await expect_throws<OSError>(sock_sendall(999'999, "x"));
}

ASYNC_TEST(Sock, two_may_not_wait_for_one_descriptor) {
    auto& pair = keep<std::pair<Socket, Socket>>(raw_pair());
    const int fd = pair.first.fileno();
    auto first = create_task(sock_recv(fd, 10));
    co_await run_passes(2);
    co_await expect_throws<RuntimeError>(sock_recv(fd, 10));
    co_await sock_sendall(fd, "the other direction is free");
    co_await sock_sendall(pair.second.fileno(), "one");
    EXPECT_EQ(co_await first, "one");
    EventLoop& loop = get_running_loop();
    loop.add_reader(fd, [] {});
    co_await expect_throws<RuntimeError>(sock_recv(fd, 10));
    EXPECT_TRUE(loop.remove_reader(fd));
    co_await run_passes(3);
}

ASYNC_TEST(Sock, a_descriptor_that_a_stream_owns_is_refused, kOnce) {
    if (simulated()) CO_SKIP();  // its streams have no descriptor that could be named
    auto& pair = keep<std::pair<Socket, Socket>>(raw_pair());
    auto [reader, writer] = co_await connect_accepted_socket(pair.first.detach());
    co_await expect_throws<RuntimeError>(sock_recv(writer.fileno(), 10));
    co_await expect_throws<RuntimeError>(connect_accepted_socket(writer.fileno()));
    EXPECT_THROW(get_running_loop().add_writer(writer.fileno(), [] {}), RuntimeError);
    writer.close();
    co_await writer.wait_closed();
}

ASYNC_TEST(Sock, names_and_addresses_of_another_family_do_not_fit) {
    auto& socket = keep<Socket>(raw_socket());
    co_await expect_throws<GaiError>(sock_connect(socket.fileno(), {"::1", 9}));
    co_await expect_throws<ValueError>(sock_connect(socket.fileno(), {"127.0.0.1", 65'536}));
    co_await expect_throws<ValueError>(sock_connect(socket.fileno(), AddressView()));
    co_await expect_throws<ValueError>(sock_sendto(socket.fileno(), "x", {"localhost", 9}));
}

ASYNC_TEST(Sock, a_socket_closes_its_descriptor_unless_it_was_given_away) {
    int fd = -1, given = -1;
    {
        Socket socket = raw_socket(), other = raw_socket();
        fd = socket.fileno();
        Socket moved = std::move(socket);
        EXPECT_EQ(socket.fileno(), -1);  // NOLINT: moved from
        EXPECT_EQ(moved.fileno(), fd);
        given = other.detach();
    }
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
    EXPECT_GE(::fcntl(given, F_GETFD), 0);
    ::close(given);
    co_return;
}

ASYNC_TEST(Sock, an_accepted_socket_becomes_a_stream, kOnce) {
    if (simulated()) CO_SKIP();
    auto& listener = keep<Socket>(listening_socket());
    auto& client = keep<Socket>(raw_socket());
    co_await sock_connect(client.fileno(), {"127.0.0.1", port_of(listener)});
    auto [connection, peer] = co_await sock_accept(listener.fileno());
    auto [reader, writer] = co_await connect_accepted_socket(connection.detach());
    EXPECT_EQ(writer.peername(), peer);
    co_await sock_sendall(client.fileno(), "a line\n");
    EXPECT_EQ(co_await reader.readline(), "a line\n");
    writer.write("an answer");
    writer.close();
    co_await writer.wait_closed();
    EXPECT_EQ(co_await read_all(client.fileno()), "an answer");
}

ASYNC_TEST(Sock, only_stream_sockets_become_streams) {
    auto& datagrams = keep<Socket>(raw_socket(AF_INET, SOCK_DGRAM));
    co_await expect_throws<ValueError>(connect_accepted_socket(datagrams.fileno()));
    auto& file = keep<Socket>(::open("/dev/null", O_RDWR | O_CLOEXEC));
    co_await expect_throws<ValueError>(connect_accepted_socket(file.fileno()));
    EXPECT_GE(::fcntl(datagrams.fileno(), F_GETFD), 0);
}

}  // namespace
}  // namespace aio::test
