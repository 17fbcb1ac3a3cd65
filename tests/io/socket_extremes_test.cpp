// Sizes of datagrams, of calls on raw sockets and of sendfile, and times and numbers of TLS, at their ends. The rule and
// its check: tools/extremes.py.
#include <aio/core/timeout.hpp>
#include <aio/io/datagram.hpp>
#include <aio/io/sendfile.hpp>
#include <aio/io/sock.hpp>

#include "io/files/file_fixture.hpp"
#include "support/tls_peers.hpp"

#include <netinet/in.h>
#include <openssl/x509_vfy.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace aio::test {
namespace {

using testing::HasSubstr;

constexpr std::size_t kLargestOverUdp = 65507;  // of IPv4: 65535 less the headers
constexpr int kNoDescriptors[] = {INT_MIN, -1, 1'000'000, INT_MAX};

Coro<DatagramEndpoint> local_endpoint(std::size_t receive_limit = 256 * 1024) {
    return create_datagram_endpoint({.local_addr = {"127.0.0.1", 0}, .receive_limit = receive_limit});
}

Coro<> close_endpoint(DatagramEndpoint endpoint) {
    endpoint.close();
    co_await endpoint.wait_closed();
}

std::pair<Socket, Socket> socket_pair(int type = SOCK_STREAM) {
    int fds[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    return {Socket(fds[0]), Socket(fds[1])};
}

// The code() of the OSError that `awaitable` throws; 0 without one.
template <class A>
Coro<int> errno_of(A awaitable) {
    try {
        static_cast<void>(co_await std::move(awaitable));
    } catch (const OSError& error) {
        co_return error.code();
    }
    co_return 0;
}

}  // namespace

// --- datagrams ------------------------------------------------------------------------------------------------

ASYNC_TEST(Extremes, of_datagrams, kOnce) {
    DatagramEndpoint to = co_await local_endpoint();
    DatagramEndpoint from = co_await create_datagram_endpoint({.remote_addr = to.sockname()});
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kLargestOverUdp}) {
        const std::string sent(size, 'x');
        from.sendto(sent);
        auto [data, sender] = co_await to.recvfrom();
        EXPECT_EQ(data.size(), size);
    }
    for (const std::size_t size : {kLargestOverUdp + 1, std::size_t{65536}, std::size_t{1'000'000}}) {
        const std::string sent(size, 'x');
        from.sendto(sent);
        EXPECT_EQ(co_await errno_of(from.recvfrom()), EMSGSIZE) << size;
    }
    // More than 32 bits can count. Nobody looks at its bytes.
    const std::size_t huge = std::size_t{1} << 32;
    void* const nothing = ::mmap(nullptr, huge, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (nothing != MAP_FAILED) {
        from.sendto({static_cast<const char*>(nothing), huge});
        EXPECT_EQ(co_await errno_of(from.recvfrom()), EMSGSIZE);
        ::munmap(nothing, huge);
    }
    from.sendto("still there");
    auto [data, sender] = co_await to.recvfrom();
    EXPECT_EQ(data, "still there");
    co_await close_endpoint(from);
    co_await close_endpoint(to);
}

// Extremes: DatagramOptions::receive_limit
ASYNC_TEST(Extremes, of_what_is_kept_of_datagrams, kOnce) {
    EXPECT_THAT(co_await expect_throws<ValueError>(local_endpoint(0)), HasSubstr("must be positive"));
    for (const std::size_t limit : {std::size_t{1}, SIZE_MAX}) {
        DatagramEndpoint to = co_await local_endpoint(limit);
        DatagramEndpoint from = co_await create_datagram_endpoint({.remote_addr = to.sockname()});
        for (const std::string text : {"one", "two", "three"}) from.sendto(text);
        for (const std::string text : {"one", "two", "three"}) {
            auto [data, sender] = co_await to.recvfrom();
            EXPECT_EQ(data, text);
        }
        co_await close_endpoint(from);
        co_await close_endpoint(to);
    }
}

// Extremes: DatagramEndpoint::set_write_buffer_limits(high), DatagramEndpoint::set_write_buffer_limits(low)
ASYNC_TEST(Extremes, of_water_marks_of_datagrams, kOnce) {
    DatagramEndpoint to = co_await local_endpoint();
    DatagramEndpoint from = co_await create_datagram_endpoint({.remote_addr = to.sockname()});
    for (const std::size_t high : {std::size_t{0}, std::size_t{1}, SIZE_MAX}) {
        for (const std::size_t low : {std::size_t{0}, high}) {
            from.set_write_buffer_limits(high, low);
            from.sendto("abc");
            co_await from.drain();
        }
        from.set_write_buffer_limits(high);
        if (high == SIZE_MAX) continue;
        EXPECT_THROW(from.set_write_buffer_limits(high, SIZE_MAX), ValueError);
    }
    co_await close_endpoint(from);
    co_await close_endpoint(from);
    co_await close_endpoint(to);
}

// Extremes: DatagramOptions::family, DatagramEndpoint::setsockopt(level), DatagramEndpoint::setsockopt(option),
//     DatagramEndpoint::getsockopt(level), DatagramEndpoint::getsockopt(option)
ASYNC_TEST(Extremes, of_families_and_options_of_datagrams, kOnce) {
    for (const int none : {INT_MIN, -1, INT_MAX}) {
        EXPECT_NE(co_await errno_of(create_datagram_endpoint({.family = none})), 0);
        co_await expect_throws<ValueError>(
            create_datagram_endpoint({.local_addr = {"127.0.0.1", 0}, .family = none}));
    }
    co_await expect_throws<ValueError>(create_datagram_endpoint({.family = 0}));
    for (const int port : {INT_MIN, -1, 65536, INT_MAX}) {
        co_await expect_throws<ValueError>(create_datagram_endpoint({.local_addr = {"127.0.0.1", port}}));
        co_await expect_throws<ValueError>(create_datagram_endpoint({.remote_addr = {"127.0.0.1", port}}));
    }
    DatagramEndpoint endpoint = co_await local_endpoint();
    if (!simulated()) {
        for (const int none : {INT_MIN, -1, INT_MAX}) {
            EXPECT_THROW(endpoint.setsockopt(none, SO_RCVBUF, 1), OSError);
            EXPECT_THROW(endpoint.setsockopt(SOL_SOCKET, none, 1), OSError);
            EXPECT_THROW(endpoint.getsockopt(none, SO_RCVBUF), OSError);
            EXPECT_THROW(endpoint.getsockopt(SOL_SOCKET, none), OSError);
        }
    }
    for (const int port : {INT_MIN, -1, 65536, INT_MAX}) {
        EXPECT_THROW(endpoint.sendto("x", Address{"127.0.0.1", port, {}}), ValueError);
    }
    co_await close_endpoint(endpoint);
}

// --- sockets of one's own -------------------------------------------------------------------------------------

// Extremes: sock_recv(size), sock_recvfrom(size), sock_recvfrom_into(size)
ASYNC_TEST(Extremes, of_receiving, kOnce) {
    auto [out, in] = socket_pair(SOCK_DGRAM);
    const int from = in.fileno(), to = out.fileno();
    for (const std::size_t size : {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 - 1, SIZE_MAX / 8}) {
        co_await sock_sendall(from, "abc");
        co_await expect_throws<std::bad_alloc>(sock_recv(to, size));
        co_await expect_throws<std::bad_alloc>(sock_recvfrom(to, size));
        EXPECT_EQ(co_await sock_recv(to, 10), "abc") << "it was not lost";
    }
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{10}}) {
        co_await sock_sendall(from, "abc");
        EXPECT_EQ((co_await sock_recv(to, size)).size(), std::min<std::size_t>(size, 3));
        co_await sock_sendall(from, "abc");
        EXPECT_EQ((co_await sock_recvfrom(to, size)).first.size(), std::min<std::size_t>(size, 3));
    }
    char buffer[2];
    co_await expect_throws<ValueError>(sock_recvfrom_into(to, buffer, 3));
    co_await expect_throws<ValueError>(sock_recvfrom_into(to, buffer, SIZE_MAX));
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
        co_await sock_sendall(from, "abc");
        EXPECT_EQ((co_await sock_recvfrom_into(to, buffer, size)).first, size == 0 ? 2u : size);
    }
    co_await sock_sendall(from, "abc");
    EXPECT_EQ(co_await sock_recv_into(to, std::span<char>()), 0u);
}

ASYNC_TEST(Extremes, of_sending_nothing, kOnce) {
    auto [a, b] = socket_pair();
    co_await sock_sendall(a.fileno(), "");
    co_await sock_sendall(a.fileno(), "abc");
    EXPECT_EQ(co_await sock_recv(b.fileno(), 10), "abc");
    a.close();
    a.close();
    EXPECT_EQ(co_await sock_recv(b.fileno(), 10), "");
    EXPECT_EQ(co_await sock_recv(b.fileno(), 10), "");
}

// Extremes: sock_recv(fd), sock_recv_into(fd), sock_recvfrom(fd), sock_recvfrom_into(fd), sock_sendall(fd),
//     sock_sendto(fd), sock_connect(fd), sock_accept(fd), sock_sendfile(fd), sock_sendfile(file), Socket::Socket(fd)
ASYNC_TEST(Extremes, of_descriptors_of_sockets, kOnce) {
    char buffer[1];
    for (const int fd : kNoDescriptors) {
        EXPECT_EQ(co_await errno_of(sock_recv(fd, 1)), EBADF);
        EXPECT_EQ(co_await errno_of(sock_recv_into(fd, buffer)), EBADF);
        EXPECT_EQ(co_await errno_of(sock_recvfrom(fd, 1)), EBADF);
        EXPECT_EQ(co_await errno_of(sock_recvfrom_into(fd, buffer)), EBADF);
        EXPECT_EQ(co_await errno_of(sock_sendall(fd, "x")), EBADF);
        EXPECT_EQ(co_await errno_of(sock_sendto(fd, "x", {"127.0.0.1", 1})), EBADF);
        EXPECT_EQ(co_await errno_of(sock_connect(fd, {"127.0.0.1", 1})), EBADF);
        EXPECT_EQ(co_await errno_of(sock_accept(fd)), EBADF);
        EXPECT_EQ(co_await errno_of(sock_sendfile(fd, 0)), EBADF);
        auto [a, b] = socket_pair();
        EXPECT_EQ(co_await errno_of(sock_sendfile(a.fileno(), fd)), EBADF);
        EXPECT_EQ(Socket(fd).detach(), fd) << "a handle of nothing, which closes nothing";
    }
}

// --- files that are sent --------------------------------------------------------------------------------------

// Extremes: sock_sendfile(offset), sock_sendfile(count)
ASYNC_TEST(Extremes, of_files_that_are_sent_by_hand, kOnce) {
    const Scratch scratch;
    const detail::UniqueFd file(::open(scratch.with("0123456789").c_str(), O_RDONLY | O_CLOEXEC));
    auto [a, b] = socket_pair();
    const int to = a.fileno();
    co_await expect_throws<ValueError>(sock_sendfile(to, file.get(), 0, 0));
    EXPECT_EQ(co_await sock_sendfile(to, file.get(), 0, 1), 1u);
    EXPECT_EQ(co_await sock_sendfile(to, file.get(), 1, SIZE_MAX), 9u);
    EXPECT_EQ(co_await sock_sendfile(to, file.get(), 10), 0u);
    EXPECT_EQ(co_await sock_sendfile(to, file.get(), 11), 0u);
    for (const std::uint64_t offset : {std::uint64_t{INT64_MAX}, std::uint64_t{INT64_MAX} + 1, UINT64_MAX}) {
        EXPECT_EQ(co_await errno_of(sock_sendfile(to, file.get(), offset)), EINVAL);
    }
    EXPECT_EQ(co_await sock_recv(b.fileno(), 100), "0123456789");
}

// Extremes: SendfileOptions::offset, SendfileOptions::count, sendfile(file)
ASYNC_TEST(Extremes, of_files_that_are_sent, kOnce) {
    const Scratch scratch;
    const detail::UniqueFd file(::open(scratch.with("0123456789").c_str(), O_RDONLY | O_CLOEXEC));
    Server server = co_await start_server(count_bytes, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    co_await expect_throws<ValueError>(sendfile(writer, file.get(), {.count = 0}));
    EXPECT_EQ(co_await sendfile(writer, file.get(), {.count = 1}), 1u);
    EXPECT_EQ(co_await sendfile(writer, file.get(), {.offset = 1, .count = SIZE_MAX}), 9u);
    EXPECT_EQ(co_await sendfile(writer, file.get(), {.offset = 11}), 0u);
    for (const std::uint64_t offset : {std::uint64_t{INT64_MAX}, std::uint64_t{INT64_MAX} + 1, UINT64_MAX}) {
        EXPECT_EQ(co_await errno_of(sendfile(writer, file.get(), {.offset = offset})), EINVAL);
    }
    for (const int fd : kNoDescriptors) EXPECT_EQ(co_await errno_of(sendfile(writer, fd)), EBADF);
    writer.write_eof();
    EXPECT_EQ(co_await reader.read(), "10 bytes");
    co_await end(server, writer);
}

// --- TLS ------------------------------------------------------------------------------------------------------

// Extremes: ConnectionOptions::ssl_handshake_timeout, ConnectionOptions::ssl_shutdown_timeout,
//     ServerOptions::ssl_handshake_timeout, ServerOptions::ssl_shutdown_timeout,
//     StartTlsOptions::ssl_handshake_timeout, StartTlsOptions::ssl_shutdown_timeout
ASYNC_TEST(Extremes, of_times_of_tls, kOnce) {
    const ssl::SSLContext ours = client_context(), theirs = server_context();
    Server server = co_await tls_echo_server(theirs);
    for (const Duration below : {Duration::min(), Duration(-1), Duration(0)}) {
        const ServerOptions late{.ssl = theirs, .ssl_handshake_timeout = below};
        co_await expect_throws<ValueError>(start_server(echo_bytes, "127.0.0.1", 0, late));
        const ServerOptions last{.ssl = theirs, .ssl_shutdown_timeout = below};
        co_await expect_throws<ValueError>(start_server(echo_bytes, "127.0.0.1", 0, last));
        ConnectionOptions options = over_tls(ours);
        options.ssl_handshake_timeout = below;
        co_await expect_throws<ValueError>(open_connection("127.0.0.1", server.port(), options));
        options = over_tls(ours);
        options.ssl_shutdown_timeout = below;
        co_await expect_throws<ValueError>(open_connection("127.0.0.1", server.port(), options));
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        const StartTlsOptions start{.server_hostname = "localhost", .ssl_handshake_timeout = below};
        co_await expect_throws<ValueError>(writer.start_tls(ours, start));
        writer.abort();
    }
    for (const Duration time : {Duration(1h), Duration::max()}) {
        ConnectionOptions options = over_tls(ours);
        options.ssl_handshake_timeout = options.ssl_shutdown_timeout = time;
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), options);
        writer.write("abc");
        EXPECT_EQ(co_await reader.readexactly(3), "abc");
        writer.close();
        co_await writer.wait_closed();
    }
    co_await stop(server);
}

// Extremes: ssl::SSLContext::set_num_tickets(count), ssl::SSLContext::set_verify_flags(flags)
ASYNC_TEST(Extremes, of_contexts_of_tls, kOnce) {
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{255}}) {
        const ssl::SSLContext context = server_context();
        context.set_num_tickets(count);
        EXPECT_EQ(context.num_tickets(), count);
        Server server = co_await tls_echo_server(context);
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(client_context()));
        writer.write("abc");
        EXPECT_EQ(co_await reader.readexactly(3), "abc");
        co_await end(server, writer);
    }
    const ssl::SSLContext context = server_context();
    for (const std::size_t count : {std::size_t{256}, SIZE_MAX}) {
        EXPECT_THAT(expect_error<ValueError>([&] { context.set_num_tickets(count); }),
                    HasSubstr("255 is the maximum"));
    }
    for (const unsigned long flags : {0ul, static_cast<unsigned long>(X509_V_FLAG_X509_STRICT), ~0ul}) {
        context.set_verify_flags(flags);
        context.set_verify_flags(0);
        EXPECT_EQ(context.verify_flags() & X509_V_FLAG_X509_STRICT, 0u);
    }
}

}  // namespace aio::test
