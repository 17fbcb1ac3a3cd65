// start_tls: from a plain connection to one over TLS, in its middle.
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>

#include "io/tls/tls_manual_peer.hpp"

namespace aio::test {
namespace {

using testing::HasSubstr;

constexpr StartTlsOptions kLocalhost{.server_hostname = "localhost"};

// A line in the clear, its echo, and TLS.
Coro<> upgrade_and_echo(StreamReader reader, StreamWriter writer) {
    const std::string line = co_await reader.readline();
    writer.write(line);
    co_await writer.drain();
    EXPECT_FALSE(writer.ssl_object());
    co_await writer.start_tls(server_context());
    EXPECT_TRUE(writer.ssl_object().server_side());
    writer.write(co_await reader.readline());
    co_await writer.drain();
    writer.close();
    co_await writer.wait_closed();
}

ASYNC_TEST(StartTls, secures_a_connection_in_its_middle) {  // CPython: test_streams.test_start_tls
    Server server = co_await start_server(upgrade_and_echo, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("hello world 1!\n");
    co_await writer.drain();
    EXPECT_EQ(co_await reader.readline(), "hello world 1!\n");
    EXPECT_FALSE(writer.ssl_object());
    co_await writer.start_tls(client_context(), kLocalhost);
    EXPECT_EQ(writer.ssl_object().version(), "TLSv1.3");
    EXPECT_EQ(writer.ssl_object().server_hostname(), "localhost");
    writer.write("hello world 2!\n");
    co_await writer.drain();
    EXPECT_EQ(co_await reader.readline(), "hello world 2!\n");
    EXPECT_EQ(co_await reader.read(), "");
    co_await end(server, writer);
}

ASYNC_TEST(StartTls, what_was_written_before_goes_first_and_in_the_clear) {
    auto handle = [](StreamReader reader, StreamWriter writer) -> Coro<> {
        EXPECT_EQ(co_await reader.readexactly(300'000), std::string(300'000, 'p'));
        co_await writer.start_tls(server_context());
        EXPECT_EQ(co_await reader.readline(), "secret\n");
        writer.write("answer\n");
        co_await reader.read();
    };
    Server server = co_await start_server(handle, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write(std::string(300'000, 'p'));
    auto securing = create_task(writer.start_tls(client_context(), kLocalhost));
    co_await run_passes(1);
    writer.write("secret\n");  // during the handshake: encrypted
    co_await securing;
    EXPECT_EQ(co_await reader.readline(), "answer\n");
    co_await end(server, writer);
}

// What came behind the command, before TLS began, goes to TLS.
ASYNC_TEST(StartTls, a_client_may_send_its_hello_at_once) {
    Server server = co_await start_server(upgrade_and_echo, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    ManualPeer client(reader, writer, client_context());
    writer.write("STARTTLS\n");
    client.begin();  // the hello is out with the command
    EXPECT_EQ(co_await reader.readline(), "STARTTLS\n");
    co_await client.handshake();
    client.write("hello\n");
    EXPECT_EQ(co_await client.read(), "hello\n");
    EXPECT_EQ(co_await client.read(), "");
    client.close_notify();
    co_await end(server, writer);
}

// CVE-2011-0411 and its kin: commands sent in the clear behind STARTTLS must not be taken for encrypted ones.
ASYNC_TEST(StartTls, commands_smuggled_in_behind_the_request_break_the_handshake) {
    auto handle = [](StreamReader reader, StreamWriter writer) -> Coro<> {
        EXPECT_EQ(co_await reader.readline(), "STARTTLS\n");
        co_await aio::sleep(10ms);
        writer.write("go ahead\n");
        co_await expect_throws<ssl::SSLError>(writer.start_tls(server_context()));
        co_await expect_throws<ssl::SSLError>(reader.readline());
        EXPECT_TRUE(writer.is_closing());
    };
    Server server = co_await start_server(handle, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write("STARTTLS\nDELETE everything\n");
    try {
        while (!(co_await reader.read(100)).empty()) {}
    } catch (const ConnectionError&) {}
    co_await end(server, writer);
}

// CPython: test_ssl.test_start_tls_slow_client_cancel
ASYNC_TEST(StartTls, cancelled_it_closes_the_connection) {
    auto handle = [](StreamReader reader, StreamWriter) -> Coro<> {
        EXPECT_EQ((co_await reader.readexactly(100'000)).size(), 100'000u);
        try {
            co_await reader.read();
        } catch (const ConnectionError&) {}
    };
    Server server = co_await start_server(handle, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write(std::string(100'000, '1'));
    co_await expect_throws<TimeoutError>(wait_for(writer.start_tls(client_context(), kLocalhost), 50ms));
    EXPECT_TRUE(writer.is_closing());
    co_await writer.wait_closed();
    co_await end(server, writer);
}

ASYNC_TEST(StartTls, verifies_as_a_new_connection_would) {
    Server server = co_await start_server(
        [](StreamReader, StreamWriter writer) -> Coro<> {
            try {
                co_await writer.start_tls(server_context("wrong_host"));
            } catch (const OSError&) {
                // The client refuses.
            }
        },
        "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    EXPECT_THAT(co_await expect_throws<ssl::SSLCertVerificationError>(writer.start_tls(client_context(), kLocalhost)),
                HasSubstr("Hostname mismatch"));
    EXPECT_TRUE(writer.is_closing());
    co_await expect_throws<ssl::SSLCertVerificationError>(reader.read());
    co_await expect_throws<ssl::SSLCertVerificationError>(writer.wait_closed());
    co_await stop(server);
}

ASYNC_TEST(StartTls, is_refused_where_it_makes_no_sense) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    EXPECT_EQ(co_await expect_throws<ValueError>(writer.start_tls(client_context())),
              "check_hostname requires server_hostname");
    EXPECT_THAT(co_await expect_throws<ValueError>(writer.start_tls(server_context())),
                HasSubstr("a client needs a client's SSLContext"));
    co_await expect_throws<ValueError>(
        writer.start_tls(client_context(), {.server_hostname = "localhost", .ssl_handshake_timeout = 0s}));
    EXPECT_FALSE(writer.is_closing());
    writer.write("none of this hurts\n");
    EXPECT_EQ(co_await reader.readline(), "none of this hurts\n");
    writer.close();
    co_await expect_throws<ConnectionResetError>(writer.start_tls(client_context(), kLocalhost));
    co_await end(server, writer);
    const StreamReader fed;
    co_await expect_throws<RuntimeError>(StreamWriter(fed.stream()).start_tls(client_context(), kLocalhost));
}

// CPython: test_ssl.test_create_server_ssl_over_ssl
ASYNC_TEST(StartTls, works_inside_tls) {
    static const std::size_t kMuch = rerunning() ? 100'000 : 1'000'000;
    auto handle = [](StreamReader reader, StreamWriter writer) -> Coro<> {
        EXPECT_FALSE(writer.ssl_object().getpeercert().has_value());
        co_await writer.start_tls(server_context("second"));
        const std::string data = co_await reader.readexactly(static_cast<std::ptrdiff_t>(kMuch));
        writer.write("OK");
        EXPECT_EQ(data, std::string(kMuch, 'A'));
        EXPECT_EQ(co_await reader.readexactly(10), "BBBBBBBBBB");
        writer.write("SPAM");
        co_await writer.drain();
        writer.close();
        co_await writer.wait_closed();
    };
    Server server = co_await start_server(handle, "127.0.0.1", 0, {.ssl = server_context()});
    for (int i = 0; i < (rerunning() ? 2 : 5); ++i) {
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(client_context()));
        co_await writer.start_tls(client_context(), {.server_hostname = "second.example"});
        EXPECT_EQ(writer.ssl_object().getpeercert()->subject, "CN=second");
        writer.write(std::string(kMuch, 'A'));
        EXPECT_EQ(co_await reader.readexactly(2), "OK");
        writer.write("BBBBBBBBBB");
        EXPECT_EQ(co_await reader.readexactly(4), "SPAM");
        EXPECT_EQ(co_await reader.read(), "");
        writer.close();
        co_await writer.wait_closed();
    }
    co_await stop(server);
}

ASYNC_TEST(StartTls, inside_tls_it_may_fail_or_be_cancelled) {
    auto handle = [](StreamReader reader, StreamWriter writer) -> Coro<> {
        writer.write("this is no handshake, though it is encrypted");
        try {
            co_await reader.read();
        } catch (const OSError&) {}
    };
    Server server = co_await start_server(handle, "127.0.0.1", 0, {.ssl = server_context()});
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(client_context()));
    EXPECT_THAT(co_await expect_throws<ssl::SSLError>(writer.start_tls(client_context(), kLocalhost)),
                HasSubstr("wrong version number"));
    co_await stop(server);
}

}  // namespace
}  // namespace aio::test
