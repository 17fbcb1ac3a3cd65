// The end of connections over TLS: who says close_notify when, and what if not.
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>

#include "core/loop_state.hpp"
#include "io/tls/tls_manual_peer.hpp"

namespace aio::test {
namespace {

using testing::HasSubstr;

// A server whose handler plays the peer by hand.
template <class Play>
Coro<Server> manual_server(Play play) {
    auto handle = [play](StreamReader reader, StreamWriter writer) -> Coro<> {
        ManualPeer peer(std::move(reader), std::move(writer), server_context());
        co_await peer.handshake();
        co_await play(peer);
    };
    co_return co_await start_server(handle, "127.0.0.1", 0);
}

Coro<StreamPair> connect_to(Server server, Duration shutdown_timeout = 30s) {
    co_return co_await open_connection(
        "127.0.0.1", server.port(),
        {.ssl = client_context(), .server_hostname = "localhost", .ssl_shutdown_timeout = shutdown_timeout});
}

// CPython: test_ssl.test_shutdown_cleanly
ASYNC_TEST(TlsShutdown, the_peers_close_notify_ends_the_stream) {
    auto play = [](ManualPeer& peer) -> Coro<> {
        for (std::size_t size = 0; size < 100'000;) {
            const std::string data = co_await peer.read();
            if (data.empty()) co_return;
            size += data.size();
        }
        peer.write("OK");
        peer.close_notify();
        EXPECT_EQ(co_await peer.read(), "");
        EXPECT_TRUE(peer.got_close_notify());
    };
    Server server = co_await manual_server(play);
    auto [reader, writer] = co_await connect_to(server);
    writer.write(std::string(100'000, 'A'));
    EXPECT_EQ(co_await reader.readexactly(2), "OK");
    EXPECT_EQ(co_await reader.read(), "");
    EXPECT_TRUE(writer.is_closing());
    EXPECT_TRUE(writer.ssl_object().received_close_notify());
    writer.close();
    co_await writer.wait_closed();
    co_await stop(server);
}

// CPython: test_ssl.test_flush_before_shutdown
ASYNC_TEST(TlsShutdown, close_sends_what_was_written_before) {
    const std::size_t total = 4 << 20;
    auto play = [total](ManualPeer& peer) -> Coro<> {
        EXPECT_EQ(co_await peer.read(), "ping");
        peer.write("pong");
        co_await aio::sleep(20ms);  // the sender's buffers fill
        EXPECT_EQ((co_await peer.read_all()).size(), total);
        EXPECT_TRUE(peer.got_close_notify());
        peer.close_notify();
    };
    Server server = co_await manual_server(play);
    auto [reader, writer] = co_await connect_to(server);
    writer.write("ping");
    EXPECT_EQ(co_await reader.readexactly(4), "pong");
    for (std::size_t sent = 0; sent < total; sent += 128 * 1024) writer.write(std::string(128 * 1024, 'x'));
    writer.close();
    co_await writer.wait_closed();
    EXPECT_EQ(co_await reader.read(), "");
    co_await stop(server);
}

// CPython: test_ssl.test_remote_shutdown_receives_trailing_data
ASYNC_TEST(TlsShutdown, after_the_peers_close_notify_what_was_written_is_still_sent) {
    const std::size_t total = 2 << 20;
    auto play = [total](ManualPeer& peer) -> Coro<> {
        EXPECT_EQ(co_await peer.read(), "ping");
        peer.write("pong");
        co_await aio::sleep(20ms);
        peer.close_notify();
        EXPECT_EQ((co_await peer.read_all()).size(), total);
        EXPECT_TRUE(peer.got_close_notify());
    };
    Server server = co_await manual_server(play);
    auto [reader, writer] = co_await connect_to(server);
    writer.write("ping");
    EXPECT_EQ(co_await reader.readexactly(4), "pong");
    writer.write(std::string(total, 'x'));
    EXPECT_EQ(co_await reader.read(), "");
    EXPECT_TRUE(writer.is_closing());
    writer.write("dropped");
    co_await writer.wait_closed();
    co_await stop(server);
}

// The same when the peer ends its direction without close_notify, as CPython's test has it too.
ASYNC_TEST(TlsShutdown, after_the_sockets_end_what_was_written_is_still_sent) {
    const std::size_t total = 2 << 20;
    auto play = [total](ManualPeer& peer) -> Coro<> {
        EXPECT_EQ(co_await peer.read(), "ping");
        peer.write("pong");
        co_await aio::sleep(20ms);
        peer.writer().write_eof();
        EXPECT_EQ((co_await peer.read_all()).size(), total);
    };
    Server server = co_await manual_server(play);
    auto [reader, writer] = co_await connect_to(server);
    writer.write("ping");
    EXPECT_EQ(co_await reader.readexactly(4), "pong");
    writer.write(std::string(total, 'x'));
    EXPECT_EQ(co_await reader.read(), "");
    EXPECT_FALSE(writer.ssl_object().received_close_notify());
    co_await writer.wait_closed();
    co_await stop(server);
}

Coro<> say_and_hang_up(ManualPeer& peer) {
    peer.write("half of the mes");
    peer.writer().close();
    co_await peer.writer().wait_closed();
}

ASYNC_TEST(TlsShutdown, an_end_without_close_notify_is_an_end_unless_asked) {
    Server server = co_await manual_server(say_and_hang_up);
    auto [reader, writer] = co_await connect_to(server);
    EXPECT_EQ(co_await reader.read(), "half of the mes");
    EXPECT_FALSE(writer.ssl_object().received_close_notify());
    co_await writer.wait_closed();
    auto [wary_reader, wary_writer] = co_await open_connection(
        "127.0.0.1", server.port(),
        {.ssl = client_context(), .server_hostname = "localhost", .suppress_ragged_eofs = false});
    EXPECT_THAT(co_await expect_throws<ssl::SSLEOFError>(wary_reader.read()), HasSubstr("may be incomplete"));
    co_await expect_throws<ssl::SSLEOFError>(wary_writer.wait_closed());
    co_await stop(server);
}

Coro<> never_answer(ManualPeer& peer) {
    while (!(co_await peer.read()).empty()) {}
    EXPECT_TRUE(peer.got_close_notify());
    co_await peer.reader().read();  // the socket's end
}

ASYNC_TEST(TlsShutdown, a_peer_that_does_not_answer_close_notify_is_given_up) {  // semantics 48
    Server server = co_await manual_server(never_answer);
    auto [reader, writer] = co_await connect_to(server, 50ms);
    writer.write("hello");
    writer.close();
    const Stopwatch watch;
    EXPECT_THAT(co_await expect_throws<TimeoutError>(writer.wait_closed()),
                HasSubstr("SSL shutdown timed out: no close_notify within 0.05 seconds"));
    EXPECT_GE(watch.elapsed(), 40ms);
    co_await stop(server);
}

ASYNC_TEST(TlsShutdown, the_default_limit_is_30_seconds, kOnce) {  // semantics 48
    if (!virtual_time()) CO_SKIP();
    Server server = co_await manual_server(never_answer);
    auto [reader, writer] = co_await connect_to(server);
    const Stopwatch watch;
    writer.close();
    co_await expect_throws<TimeoutError>(writer.wait_closed());
    watch.expect(30s);
    co_await stop(server);
}

ASYNC_TEST(TlsShutdown, a_slow_peer_is_not_given_up_while_it_makes_progress, kOnce) {
    if (!virtual_time()) CO_SKIP();
    static constexpr std::size_t total = 1 << 20;
    auto play = [](ManualPeer& peer) -> Coro<> {
        std::size_t seen = 0;
        while (seen < total) {
            seen += (co_await peer.read()).size();
            co_await aio::sleep(5s);
        }
        EXPECT_EQ(co_await peer.read(), "");
        peer.close_notify();
    };
    Server server = co_await manual_server(play);
    auto [reader, writer] = co_await connect_to(server);
    const Stopwatch watch;
    writer.write(std::string(total, 'x'));
    writer.close();
    co_await writer.wait_closed();
    EXPECT_GT(watch.elapsed(), 60s);
    co_await stop(server);
}

// It makes this end answer, for ever: that is no progress.
ASYNC_TEST(TlsShutdown, a_peer_that_only_asks_for_new_keys_is_given_up, kOnce) {
    if (!virtual_time()) CO_SKIP();
    Future<> ended;
    auto play = [ended](ManualPeer& peer) -> Coro<> {
        while (!(co_await peer.read()).empty()) {}
        try {
            for (int i = 0; i < 100; ++i) {
                peer.update_keys();
                co_await aio::sleep(500ms);
                if (peer.writer().is_closing()) break;
            }
        } catch (const OSError&) {
            // Given up, as it should be.
        }
        ended.set_result();
    };
    Server server = co_await manual_server(play);
    auto [reader, writer] = co_await connect_to(server, 2s);
    const Stopwatch watch;
    writer.write("bye");
    writer.close();
    co_await expect_throws<TimeoutError>(writer.wait_closed());
    EXPECT_LT(watch.elapsed(), 3s);
    co_await ended;
    co_await stop(server);
}

ASYNC_TEST(TlsShutdown, close_ends_a_read_that_waits_before_the_peer_answers) {
    Server server = co_await manual_server(never_answer);
    auto [reader, writer] = co_await connect_to(server, 50ms);
    Task<std::string> waiting =
        create_task([](StreamReader from) -> Coro<std::string> { co_return co_await from.read(); }, reader);
    co_await run_passes(3);
    writer.close();
    co_await run_passes(3);
    EXPECT_TRUE(waiting.done());
    EXPECT_EQ(co_await waiting, "");
    co_await expect_throws<TimeoutError>(writer.wait_closed());
    co_await stop(server);
}

// CPython: test_ssl.test_shutdown_timeout_handler_leak
ASYNC_TEST(TlsShutdown, leaves_no_timer_and_no_context) {
    std::weak_ptr<aio::detail::TlsContext> context;
    auto play = [](ManualPeer& peer) -> Coro<> {
        co_await peer.read();
        peer.writer().close();
    };
    Server server = co_await manual_server(play);
    {
        const ssl::SSLContext mine = client_context();
        context = mine.context();
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(mine));
        writer.close();
        co_await writer.wait_closed();
    }
    EXPECT_TRUE(context.expired());
    EXPECT_EQ(pending_timers(), 0u);
    co_await stop(server);
}

// CPython: test_sslproto.test_data_received_after_closing
ASYNC_TEST(TlsShutdown, data_that_comes_after_close_is_dropped) {
    auto play = [](ManualPeer& peer) -> Coro<> {
        EXPECT_EQ(co_await peer.read(), "");
        EXPECT_TRUE(peer.got_close_notify());
        for (int i = 0; i < 20; ++i) peer.write(std::string(10'000, 'x'));
        co_await peer.writer().drain();
        peer.close_notify();
    };
    Server server = co_await manual_server(play);
    auto [reader, writer] = co_await connect_to(server);
    writer.close();
    co_await writer.wait_closed();
    EXPECT_EQ(co_await reader.read(), "");
    co_await stop(server);
}

// CPython: test_sslproto.test_write_after_closing
ASYNC_TEST(TlsShutdown, what_is_written_after_close_is_dropped_and_from_the_fifth_time_with_a_warning) {
    auto play = [](ManualPeer& peer) -> Coro<> {
        EXPECT_EQ(co_await peer.read_all(), "before");
        peer.close_notify();
    };
    Server server = co_await manual_server(play);
    auto [reader, writer] = co_await connect_to(server);
    writer.write("before");
    writer.close();
    for (int i = 0; i < 5; ++i) writer.write("after");
    EXPECT_EQ(take_logs().size(), 1u);
    co_await writer.wait_closed();
    co_await stop(server);
}

ASYNC_TEST(TlsShutdown, abort_ends_it_at_once) {
    auto play = [](ManualPeer& peer) -> Coro<> {
        peer.write("ready");
        try {
            co_await peer.reader().read();
        } catch (const ConnectionError&) {}
    };
    Server server = co_await manual_server(play);
    auto [reader, writer] = co_await connect_to(server);
    EXPECT_EQ(co_await reader.readexactly(5), "ready");
    writer.write("dropped, or not");
    const Stopwatch watch;
    writer.abort();
    co_await writer.wait_closed();
    EXPECT_LT(watch.elapsed(), 10s);
    co_await stop(server);
}

// CPython: test_ssl.test_start_tls_client_corrupted_ssl
ASYNC_TEST(TlsShutdown, corrupted_data_break_the_connection) {
    auto play = [](ManualPeer& peer) -> Coro<> {
        peer.write("A\n");
        EXPECT_EQ(co_await peer.read(), "B");
        peer.writer().write("please corrupt the SSL connection");
        try {
            co_await peer.reader().read();
        } catch (const ConnectionError&) {}
    };
    Server server = co_await manual_server(play);
    auto [reader, writer] = co_await connect_to(server);
    EXPECT_EQ(co_await reader.readline(), "A\n");
    writer.write("B");
    EXPECT_THAT(co_await expect_throws<ssl::SSLError>(reader.readline()), HasSubstr("TLS connection with"));
    writer.close();
    co_await expect_throws<ssl::SSLError>(writer.wait_closed());
    co_await stop(server);
}

ASYNC_TEST(TlsShutdown, a_reset_in_the_middle_is_an_error) {
    auto play = [](ManualPeer& peer) -> Coro<> {
        EXPECT_EQ(co_await peer.read(), "x");
        const linger at_once{1, 0};
        get_running_loop().state().backend->set_option(peer.writer().fileno(), SOL_SOCKET, SO_LINGER, &at_once,
                                                       sizeof at_once);
        peer.writer().abort();
    };
    Server server = co_await manual_server(play);
    auto [reader, writer] = co_await connect_to(server);
    writer.write("x");
    co_await expect_throws<ConnectionResetError>(reader.read());
    co_await expect_throws<ConnectionResetError>(writer.wait_closed());
    co_await stop(server);
}

ASYNC_TEST(TlsShutdown, both_ends_may_close_at_once) {
    auto close_first = [](StreamReader, StreamWriter writer) -> Coro<> {
        writer.write("bye");
        writer.close();
        co_await writer.wait_closed();
    };
    Server server = co_await start_server(close_first, "127.0.0.1", 0, {.ssl = server_context()});
    for (int i = 0; i < (rerunning() ? 2 : 20); ++i) {
        auto [reader, writer] = co_await connect_to(server);
        writer.write("me too");
        writer.close();
        co_await writer.wait_closed();
    }
    co_await stop(server);
}

ASYNC_TEST(TlsShutdown, close_after_reading_was_paused_still_ends) {
    auto pour = [](StreamReader, StreamWriter writer) -> Coro<> {
        writer.write(std::string(rerunning() ? 1 << 20 : 8 << 20, 'x'));
        writer.close();
        co_await writer.wait_closed();
    };
    Server server = co_await start_server(pour, "127.0.0.1", 0, {.ssl = server_context()});
    auto [reader, writer] = co_await open_connection(
        "127.0.0.1", server.port(), {.limit = 1000, .ssl = client_context(), .server_hostname = "localhost"});
    for (int i = 0; i < 2000 && !reader.stream()->reading_paused(); ++i) co_await aio::sleep(1ms);
    EXPECT_TRUE(reader.stream()->reading_paused());
    writer.close();
    co_await writer.wait_closed();
    co_await stop(server);
}

ASYNC_TEST(TlsShutdown, closing_the_clients_of_a_server_tells_them) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0, {.ssl = server_context()});
    auto [reader, writer] = co_await connect_to(server);
    writer.write("x\n");
    EXPECT_EQ(co_await reader.readline(), "x\n");
    server.close();
    server.close_clients();
    EXPECT_EQ(co_await reader.read(), "");
    EXPECT_TRUE(writer.ssl_object().received_close_notify());
    co_await server.wait_closed();
    co_await writer.wait_closed();
}

}  // namespace
}  // namespace aio::test
