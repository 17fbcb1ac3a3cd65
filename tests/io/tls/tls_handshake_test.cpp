// Handshakes that do not come to a good end, on both sides.
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>
#include <aio/core/wait.hpp>

#include "core/loop_state.hpp"
#include "io/tls/tls_manual_peer.hpp"

namespace aio::test {
namespace {

using testing::HasSubstr;

// Answers with `words` after the first bytes have come, then waits for the end.
Coro<Server> server_that_says(std::string words) {
    auto say = [words](StreamReader reader, StreamWriter writer) -> Coro<> {
        co_await reader.read_view(1000);
        writer.write(words);
        try {
            co_await reader.read();
        } catch (const ConnectionError&) {}
    };
    co_return co_await start_server(say, "127.0.0.1", 0);
}

Coro<> read_to_the_end(StreamReader reader, StreamWriter) {
    try {
        co_await reader.read();
    } catch (const ConnectionError&) {}
}

// CPython: test_sslproto.test_handshake_timeout, test_ssl.test_create_connection_ssl_slow_handshake
ASYNC_TEST(TlsHandshake, a_server_that_says_nothing_is_given_up) {
    Server server = co_await start_server(read_to_the_end, "127.0.0.1", 0);
    const Stopwatch watch;
    const std::string what = co_await expect_throws<ConnectionAbortedError>(
        open_connection("127.0.0.1", server.port(),
                        {.ssl = client_context(), .server_hostname = "localhost", .ssl_handshake_timeout = 100ms}));
    EXPECT_THAT(what, HasSubstr("TLS handshake with 'localhost' at 127.0.0.1:"));
    EXPECT_THAT(what, HasSubstr("SSL handshake is taking longer than 0.1 seconds: aborting the connection"));
    EXPECT_GE(watch.elapsed(), 100ms);
    EXPECT_EQ(pending_timers(), 0u);
    co_await stop(server);
}

ASYNC_TEST(TlsHandshake, the_default_limit_is_60_seconds, kOnce) {  // semantics 48
    if (!virtual_time()) CO_SKIP();
    Server server = co_await start_server(read_to_the_end, "127.0.0.1", 0);
    const Stopwatch watch;
    const std::string what = co_await expect_throws<ConnectionAbortedError>(
        open_connection("127.0.0.1", server.port(), over_tls(client_context())));
    EXPECT_THAT(what, HasSubstr("longer than 60.0 seconds"));
    watch.expect(60s);
    co_await stop(server);
}

ASYNC_TEST(TlsHandshake, a_client_that_says_nothing_is_given_up) {
    Server server =
        co_await start_server(echo_lines, "127.0.0.1", 0, {.ssl = server_context(), .ssl_handshake_timeout = 100ms});
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    EXPECT_EQ(co_await reader.read(), "");
    co_await end(server, writer);
}

// Tells how many of OpenSSL's connections there are.
class Connections {
public:
    static long count() {
        static const int index = SSL_get_ex_new_index(0, nullptr, made, nullptr, gone);
        static_cast<void>(index);
        return living;
    }

private:
    static void made(void*, void*, CRYPTO_EX_DATA*, int, long, void*) { ++living; }
    static void gone(void*, void*, CRYPTO_EX_DATA*, int, long, void*) { --living; }
    static inline long living = 0;
};

// A connection costs 40 KB once OpenSSL has begun with it.
ASYNC_TEST(TlsHandshake, begins_with_the_clients_first_byte, kOnce) {
    const long before = Connections::count();
    Server server = co_await tls_echo_server(server_context());
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    auto [other_reader, other_writer] = co_await open_connection("127.0.0.1", server.port());
    other_writer.write("\x16");
    while (Connections::count() == before) co_await aio::sleep(1ms);
    co_await settle();
    EXPECT_EQ(Connections::count() - before, 1);
    other_writer.abort();
    writer.abort();
    co_await stop(server);
    EXPECT_EQ(Connections::count(), before);
}

ASYNC_TEST(TlsHandshake, a_client_that_stops_in_the_middle_is_given_up) {
    Server server =
        co_await start_server(echo_lines, "127.0.0.1", 0, {.ssl = server_context(), .ssl_handshake_timeout = 100ms});
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    auto& peer = keep<ManualPeer>(reader, writer, client_context());
    auto shaking = create_task(peer.handshake());
    co_await run_passes(2);  // its ClientHello is out, and that was all
    shaking.cancel();
    co_await wait_for_all(shaking);
    try {
        co_await reader.read();
    } catch (const ConnectionError&) {
        // What the server said was not read.
    }
    co_await end(server, writer);
}

// CPython: test_ssl.test_ssl_handshake_connection_lost
ASYNC_TEST(TlsHandshake, a_server_that_hangs_up_resets_the_connection) {
    auto hang_up = [](StreamReader reader, StreamWriter writer) -> Coro<> {
        co_await reader.read_view(1000);
        writer.close();
    };
    Server server = co_await start_server(hang_up, "127.0.0.1", 0);
    EXPECT_THAT(co_await refused<ConnectionResetError>(server.port(), client_context()), HasSubstr("TLS handshake"));
    co_await stop(server);
}

ASYNC_TEST(TlsHandshake, a_server_that_speaks_http_is_recognised) {
    Server server = co_await server_that_says("HTTP/1.1 400 Bad Request\r\n\r\n");
    const std::string what = co_await refused<ssl::SSLError>(server.port(), client_context());
    EXPECT_THAT(what, HasSubstr("[SSL: WRONG_VERSION_NUMBER] wrong version number; the server speaks plain HTTP"));
    co_await stop(server);
}

ASYNC_TEST(TlsHandshake, a_server_that_does_not_speak_tls_is_quoted) {
    Server server = co_await server_that_says("SSH-2.0-OpenSSH_9.2\r\n");
    EXPECT_THAT(co_await refused<ssl::SSLError>(server.port(), client_context()),
                HasSubstr("the peer does not speak TLS: it began with 'SSH-2.0-OpenSSH_'"));
    co_await stop(server);
}

// What a TLS server logs of a client that says `words`, in debug mode.
Coro<Log> logged_for(std::string words) {
    get_running_loop().set_debug(true);
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0, {.ssl = server_context()});
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write(words);
    try {
        co_await reader.read();
    } catch (const ConnectionError&) {}
    co_await end(server, writer);
    get_running_loop().set_debug(false);
    co_return take_logs();
}

ASYNC_TEST(TlsHandshake, a_server_logs_what_a_client_spoke_instead_of_tls) {
    Log logs = co_await logged_for("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CO_ASSERT_EQ(logs.size(), 1u);
    EXPECT_THAT(logs[0], HasSubstr("SSL handshake failed: aio::ssl::SSLError: TLS handshake with 127.0.0.1:"));
    EXPECT_THAT(logs[0],
                HasSubstr("[SSL: HTTP_REQUEST] http request; the client speaks plain HTTP to this TLS port"));
    logs = co_await logged_for("CONNECT example.org:443 HTTP/1.1\r\n\r\n");
    CO_ASSERT_EQ(logs.size(), 1u);
    EXPECT_THAT(logs[0], HasSubstr("takes this TLS port for an HTTP proxy"));
}

ASYNC_TEST(TlsHandshake, garbage_costs_a_server_one_connection_and_no_word) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0, {.ssl = server_context()});
    for (const unsigned seed : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u}) {
        std::string garbage(5000, '\0');
        for (std::size_t i = 0; i < garbage.size(); ++i) {
            garbage[i] = static_cast<char>((i * 7919 + seed * 104729) >> (seed % 7));
        }
        if (seed > 4) garbage.replace(0, 5, {"\x16\x03\x01\x02\x00", 5});  // the frame of a ClientHello
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        writer.write(garbage);
        try {
            co_await reader.read();
        } catch (const ConnectionError&) {}
        writer.abort();
    }
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(client_context()));
    writer.write("still here\n");
    EXPECT_EQ(co_await reader.readline(), "still here\n");
    co_await end(server, writer);
}

// Each prefix of a good client's first flight, and then the end.
ASYNC_TEST(TlsHandshake, truncated_it_ends_the_connection_only) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0, {.ssl = server_context()});
    aio::detail::TlsEngine client({.context = client_context().context(),
                                   .server_side = false,
                                   .check_hostname = true,
                                   .server_hostname = "localhost",
                                   .session = nullptr},
                                  "");
    EXPECT_FALSE(client.handshake());
    const std::string hello(client.output().view());
    for (std::size_t size = 0; size < hello.size(); size += rerunning() ? 100 : 13) {
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        writer.write(std::string_view(hello).substr(0, size));
        writer.write_eof();
        EXPECT_EQ(co_await reader.read(), "");
        writer.close();
        co_await writer.wait_closed();
    }
    co_await stop(server);
}

ASYNC_TEST(TlsHandshake, byte_by_byte_it_succeeds) {
    auto trickle = [](StreamReader from, StreamWriter to) -> Coro<> {
        while (true) {
            const std::string data = co_await from.read(rerunning() ? 50 : 1);
            if (data.empty()) break;
            to.write(data);
            co_await run_passes(1);
        }
        to.close();
    };
    Server server = co_await tls_echo_server(server_context());
    auto relay = [&](StreamReader near_reader, StreamWriter near_writer) -> Coro<> {
        auto [far_reader, far_writer] = co_await open_connection("127.0.0.1", server.port());
        auto there = create_task(trickle, near_reader, far_writer);
        auto back = create_task(trickle, far_reader, near_writer);
        co_await there;
        co_await back;
    };
    Server between = co_await start_server(relay, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", between.port(), over_tls(client_context()));
    writer.write("one by one");
    EXPECT_EQ(co_await reader.readexactly(10), "one by one");
    writer.close();
    co_await writer.wait_closed();
    co_await stop(between);
    co_await stop(server);
}

ASYNC_TEST(TlsHandshake, two_ends_without_a_common_version_do_not_connect) {
    const ssl::SSLContext old = server_context(), modern = client_context();
    old.set_maximum_version(ssl::TLSVersion::TLSv1_2);
    modern.set_minimum_version(ssl::TLSVersion::TLSv1_3);
    EXPECT_EQ(modern.minimum_version(), ssl::TLSVersion::TLSv1_3);
    EXPECT_EQ(old.maximum_version(), ssl::TLSVersion::TLSv1_2);
    Server server = co_await tls_echo_server(old);
    EXPECT_THAT(co_await refused<ssl::SSLError>(server.port(), modern), HasSubstr("protocol version"));
    co_await stop(server);
}

// CPython: test_ssl.test_handshake_timeout_handler_leak
ASYNC_TEST(TlsHandshake, cancelled_it_leaves_nothing) {
    std::weak_ptr<aio::detail::TlsContext> context;
    Server server = co_await start_server(read_to_the_end, "127.0.0.1", 0);
    {
        const ssl::SSLContext mine = client_context();
        context = mine.context();
        auto opening = create_task(open_connection("127.0.0.1", server.port(), over_tls(mine)));
        co_await expect_throws<TimeoutError>(wait_for(opening, 50ms));
        EXPECT_TRUE(opening.cancelled());
    }
    co_await stop(server);
    EXPECT_TRUE(context.expired());
    EXPECT_EQ(pending_timers(), 0u);
}

// Cancelled after one pass, after two...: wherever it stands, nothing is left (the harness looks), and the server
// goes on.
ASYNC_TEST(TlsHandshake, can_be_cancelled_at_each_step) {
    Server server = co_await tls_echo_server(server_context());
    const ssl::SSLContext context = client_context();
    bool completed = false;
    for (int passes = 0; passes < 2000 && !completed; ++passes) {
        auto opening = create_task(open_connection("127.0.0.1", server.port(), over_tls(context)));
        for (int i = 0; i < passes && !opening.done(); ++i) co_await aio::sleep(simulated() ? 1us : 50us);
        completed = opening.done();
        opening.cancel();
        co_await wait_for_all(opening);
        EXPECT_EQ(opening.cancelled(), !completed);
    }
    EXPECT_TRUE(completed);
    co_await stop(server);
}

// CPython: test_sslproto.test_close_during_handshake
ASYNC_TEST(TlsHandshake, a_server_that_is_closed_ends_those_under_way) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0, {.ssl = server_context()});
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    co_await aio::sleep(10ms);
    server.close();
    auto closed = create_task(server.wait_closed());
    co_await run_passes(5);
    EXPECT_FALSE(closed.done()) << "a handshake under way is a connection";
    server.close_clients();
    co_await closed;
    EXPECT_EQ(co_await reader.read(), "");
    co_await end(server, writer);
}

ASYNC_TEST(TlsHandshake, the_loop_may_close_in_the_middle, kOnce) {
    Server& server = keep<Server>(co_await start_server(read_to_the_end, "127.0.0.1", 0));
    create_task(open_connection("127.0.0.1", server.port(), over_tls(client_context())));
    co_await run_passes(3);
    for (const AnyTask& task : all_tasks()) {
        if (!(task == current_task())) task.cancel();
    }
    co_await run_passes(5);
    server.close();
}

}  // namespace
}  // namespace aio::test
