// TLS while only the beginning of a handshake message has come: a ticket of several records, the first one sent at
// once and the rest later. OpenSSL encrypts nothing then, and nothing that was written may get lost for it.
#include <aio/core/task.hpp>

#include "io/tls/filter.hpp"
#include "io/tls/tls_manual_peer.hpp"

namespace aio::test {
namespace {

using testing::HasSubstr;

constexpr std::size_t kLittle = 600;  // bytes of the tickets that come at once: more than a record, less than two

// A server whose tickets hold the client's certificate, and so take several records of 512 bytes.
ssl::SSLContext server_with_large_tickets() {
    const ssl::SSLContext context = server_context();
    context.load_verify_locations(pki().pem("ca"));
    context.set_verify_mode(ssl::CERT_REQUIRED);
    SSL_CTX_set_max_send_fragment(context.context()->get(), 512);
    return context;
}

ssl::SSLContext client_with_certificate() {
    const ssl::SSLContext context = client_context();
    context.load_cert_chain(pki().pem("client"), pki().key("client"));
    return context;
}

// A server whose handler plays the peer: the handshake is over, and of the tickets only the beginning was sent.
template <class Play>
Coro<Server> server_with_half_a_ticket(Play play) {
    auto handle = [play](StreamReader reader, StreamWriter writer) -> Coro<> {
        ManualPeer peer(std::move(reader), std::move(writer), server_with_large_tickets());
        co_await peer.handshake_holding_behind(kLittle);
        co_await play(peer);
    };
    co_return co_await start_server(handle, "127.0.0.1", 0);
}

Coro<StreamPair> connect_to(Server server) {
    co_return co_await open_connection("127.0.0.1", server.port(), over_tls(client_with_certificate()));
}

// Until this end has received the beginning.
Coro<> half_received(StreamWriter writer) {
    SSL* const ssl = static_cast<aio::detail::TlsFilter*>(writer.stream()->filter())->engine().ssl();
    while (SSL_in_init(ssl) == 0) co_await aio::sleep(1ms);
}

ASYNC_TEST(TlsHalfMessage, what_is_written_meanwhile_goes_out_behind_it) {
    static constexpr std::size_t kMuch = 300'000;
    Future<> written;
    auto play = [written](ManualPeer& peer) -> Coro<> {
        co_await written;
        peer.let_go();
        std::string all;
        while (all.size() < kMuch) {
            const std::string piece = co_await peer.read();
            CO_ASSERT_NE(piece, "");
            all += piece;
        }
        EXPECT_TRUE(all == std::string(kMuch, 'x'));
        peer.close_notify();
        co_await peer.read();
    };
    Server server = co_await server_with_half_a_ticket(play);
    auto [reader, writer] = co_await connect_to(server);
    co_await half_received(writer);
    writer.write(std::string(kMuch, 'x'));
    co_await run_passes(5);
    EXPECT_GE(writer.get_write_buffer_size(), kMuch);
    written.set_result();
    EXPECT_EQ(co_await reader.read(), "");
    writer.close();
    co_await writer.wait_closed();
    co_await stop(server);
}

ASYNC_TEST(TlsHalfMessage, close_notify_goes_out_behind_it) {
    Future<> closed;
    auto play = [closed](ManualPeer& peer) -> Coro<> {
        co_await closed;
        peer.let_go();
        EXPECT_EQ(co_await peer.read_all(), "the last words");
        EXPECT_TRUE(peer.got_close_notify());
        peer.close_notify();
        co_await peer.reader().read();
    };
    Server server = co_await server_with_half_a_ticket(play);
    auto [reader, writer] = co_await connect_to(server);
    co_await half_received(writer);
    writer.write("the last words");
    writer.close();
    co_await run_passes(5);
    closed.set_result();
    co_await writer.wait_closed();
    co_await stop(server);
}

ASYNC_TEST(TlsHalfMessage, that_never_ends_does_not_hold_a_closing_connection, kOnce) {
    auto play = [](ManualPeer& peer) -> Coro<> { co_await peer.reader().read(); };
    Server server = co_await server_with_half_a_ticket(play);
    auto [reader, writer] = co_await open_connection(
        "127.0.0.1", server.port(),
        {.ssl = client_with_certificate(), .server_hostname = "localhost", .ssl_shutdown_timeout = 50ms});
    co_await half_received(writer);
    writer.write("never sent");
    writer.close();
    EXPECT_THAT(co_await expect_throws<TimeoutError>(writer.wait_closed()), HasSubstr("SSL shutdown timed out"));
    co_await stop(server);
}

ASYNC_TEST(TlsHalfMessage, in_which_the_connection_ends_loses_what_was_written_with_an_error) {
    Future<> written;
    auto play = [written](ManualPeer& peer) -> Coro<> {
        co_await written;
        peer.writer().write_eof();
        co_await peer.reader().read();
    };
    Server server = co_await server_with_half_a_ticket(play);
    auto [reader, writer] = co_await connect_to(server);
    co_await half_received(writer);
    writer.write("never sent");
    co_await run_passes(5);
    written.set_result();
    EXPECT_THAT(co_await expect_throws<ConnectionResetError>(writer.wait_closed()),
                HasSubstr("in the middle of a handshake message"));
    co_await stop(server);
}

ASYNC_TEST(TlsHalfMessage, in_which_the_connection_ends_ends_one_that_is_closing) {
    Future<> closed;
    auto play = [closed](ManualPeer& peer) -> Coro<> {
        co_await closed;
        peer.writer().write_eof();
        co_await peer.reader().read();
    };
    Server server = co_await server_with_half_a_ticket(play);
    auto [reader, writer] = co_await connect_to(server);
    co_await half_received(writer);
    writer.close();
    co_await run_passes(5);
    const Stopwatch watch;
    closed.set_result();
    co_await writer.wait_closed();
    EXPECT_LT(watch.elapsed(), 10s);
    co_await stop(server);
}

// The inner client's first words are written while the outer connection takes none.
ASYNC_TEST(TlsHalfMessage, tls_inside_tls_begins_behind_it) {
    Future<> begun;
    auto play = [begun](ManualPeer& peer) -> Coro<> {
        co_await begun;
        peer.let_go();
        // The inner server's engine, over what the outer one decrypts.
        aio::detail::TlsEngine::Setup setup;
        setup.context = server_context("second").context();
        setup.server_side = true;
        aio::detail::TlsEngine inner(std::move(setup), "the tested end");
        aio::detail::ByteBuffer plain;
        std::string cipher;
        bool shaken = false;
        while (plain.size() < 5) {
            cipher = co_await peer.read();
            CO_ASSERT_FALSE(cipher.empty());
            inner.give(cipher);
            if (!shaken) shaken = inner.handshake();
            if (shaken) inner.read(plain);
            peer.write(inner.output().view());
            inner.output().release();
        }
        EXPECT_EQ(plain.view(), "hello");
        inner.write("world", 5);
        peer.write(inner.output().view());
        co_await peer.read();  // the other one closes
        peer.writer().abort();
    };
    Server server = co_await server_with_half_a_ticket(play);
    auto [reader, writer] = co_await connect_to(server);
    co_await half_received(writer);
    Task<> securing = create_task(writer.start_tls(client_context(), {.server_hostname = "second.example"}));
    co_await run_passes(5);
    EXPECT_FALSE(securing.done());
    begun.set_result();
    co_await securing;
    writer.write("hello");
    EXPECT_EQ(co_await reader.readexactly(5), "world");
    writer.abort();
    co_await writer.wait_closed();
    co_await stop(server);
}

// What goes out below, in the clear of the outer connection, comes before the inner handshake.
ASYNC_TEST(TlsHalfMessage, what_was_written_before_start_tls_goes_first) {
    Future<> begun;
    auto play = [begun](ManualPeer& peer) -> Coro<> {
        co_await begun;
        peer.let_go();
        std::string all;
        while (all.size() < 9) {
            const std::string piece = co_await peer.read();
            CO_ASSERT_NE(piece, "");
            all += piece;
        }
        EXPECT_EQ(all.substr(0, 8), "in front");
        EXPECT_EQ(all[8], '\x16') << "and then a handshake";
        peer.writer().abort();
    };
    Server server = co_await server_with_half_a_ticket(play);
    auto [reader, writer] = co_await connect_to(server);
    co_await half_received(writer);
    writer.write("in front");
    Task<> securing = create_task(writer.start_tls(client_context(), {.server_hostname = "second.example"}));
    co_await run_passes(5);
    begun.set_result();
    co_await expect_throws<ConnectionError>(securing);
    co_await stop(server);
}

}  // namespace
}  // namespace aio::test
