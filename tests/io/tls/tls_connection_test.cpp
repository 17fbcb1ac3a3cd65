// Streams over TLS: open_connection and start_server against each other.
#include <aio/core/task.hpp>
#include <aio/core/timeout.hpp>

#include "core/loop_state.hpp"
#include "support/tls_peers.hpp"

#include <openssl/rand.h>

#include <random>

namespace aio::test {
namespace {

// CPython: test_ssl.test_create_server_ssl_verified, test_streams.test_open_connection_no_loop_ssl
ASYNC_TEST(Tls, talks_to_a_server_whose_certificate_it_trusts) {
    Server server = co_await start_server(serve_page, "127.0.0.1", 0, {.ssl = server_context()});
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(client_context()));
    const ssl::SSLObject tls = writer.ssl_object();
    CO_ASSERT_TRUE(tls);
    EXPECT_EQ(tls.version(), "TLSv1.3");
    EXPECT_EQ(tls.cipher()->protocol, "TLSv1.3");
    EXPECT_GE(tls.cipher()->secret_bits, 128);
    EXPECT_FALSE(tls.cipher()->name.empty());
    EXPECT_FALSE(tls.server_side());
    EXPECT_EQ(tls.server_hostname(), "localhost");
    EXPECT_EQ(tls.selected_alpn_protocol(), "");
    EXPECT_FALSE(tls.session_reused());
    const std::optional<ssl::Certificate> certificate = tls.getpeercert();
    CO_ASSERT_TRUE(certificate.has_value());
    EXPECT_EQ(certificate->subject, "CN=localhost");
    EXPECT_EQ(certificate->issuer, "CN=aio test CA");
    EXPECT_EQ(certificate->version, 3);
    EXPECT_EQ(certificate->serial_number.substr(0, 1), "1");
    const auto now = std::chrono::system_clock::now();
    EXPECT_LT(certificate->not_before, now);
    EXPECT_GT(certificate->not_after, now + std::chrono::hours(24 * 29));
    using Names = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(certificate->subject_alt_name,
              (Names{{"DNS", "localhost"}, {"IP Address", "127.0.0.1"}, {"IP Address", "::1"}}));
    EXPECT_GT(certificate->der.size(), 200u);
    co_await expect_page(reader, writer);
    EXPECT_TRUE(tls.received_close_notify());
    co_await stop(server);
}

ASYNC_TEST(Tls, talks_over_a_unix_socket) {
    const std::string path = fresh_socket_path();
    Server server = co_await start_unix_server(echo_lines, path, {.ssl = server_context()});
    auto [reader, writer] = co_await open_unix_connection(path, over_tls(client_context()));
    writer.write("hello\n");
    EXPECT_EQ(co_await reader.readline(), "hello\n");
    co_await end(server, writer);
}

ASYNC_TEST(Tls, a_numeric_host_is_looked_for_among_the_certificates_addresses) {
    Server server = co_await tls_echo_server(server_context());
    const ssl::SSLContext context = client_context();
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), {.ssl = context});
    EXPECT_EQ(writer.ssl_object().server_hostname(), "127.0.0.1");
    writer.write("x");
    EXPECT_EQ(co_await reader.readexactly(1), "x");
    co_await end(server, writer);
}

ASYNC_TEST(Tls, a_temporary_context_in_the_call_is_kept) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0, {.ssl = server_context()});
    auto opening = create_task(open_connection(
        "127.0.0.1", server.port(), {.ssl = client_context(), .server_hostname = std::string("localhost")}));
    auto [reader, writer] = co_await std::move(opening);
    writer.write("kept\n");
    EXPECT_EQ(co_await reader.readline(), "kept\n");
    co_await end(server, writer);
}

ASYNC_TEST(Tls,
           a_context_goes_with_its_last_connection) {  // CPython: test_sslproto.test_create_connection_memory_leak
    std::weak_ptr<aio::detail::TlsContext> client, listening;
    {
        const ssl::SSLContext server_side = server_context(), client_side = client_context();
        client = client_side.context();
        listening = server_side.context();
        Server server = co_await tls_echo_server(server_side);
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(client_side));
        writer.write("hello");
        EXPECT_EQ(co_await reader.readexactly(5), "hello");
        co_await end(server, writer);
    }
    co_await run_passes(3);
    EXPECT_TRUE(client.expired());
    EXPECT_TRUE(listening.expired());
}

ASYNC_TEST(Tls, serves_many_at_once) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0, {.backlog = 200, .ssl = server_context()});
    const ssl::SSLContext context = client_context();
    std::vector<Task<>> clients;
    const int count = rerunning() ? 3 : 40;
    for (int i = 0; i < count; ++i) {
        clients.push_back(create_task([](int number, int port, ssl::SSLContext shared) -> Coro<> {
            auto [reader, writer] = co_await open_connection("127.0.0.1", port, over_tls(shared));
            const std::string line = std::string(static_cast<std::size_t>(500 * number), 'a') + "\n";
            writer.write(line);
            EXPECT_EQ(co_await reader.readline(), line);
            writer.close();
            co_await writer.wait_closed();
        }(i, server.port(), context)));
    }
    for (Task<>& client : clients) co_await client;
    EXPECT_EQ(context.session_stats().connect_good, count);
    co_await stop(server);
}

// Bytes that repeat only after a megabyte, cut at random places.
struct Bulk {
    std::string block;
    std::minstd_rand random{20240229};
    explicit Bulk(std::size_t size) : block(size, '\0') {
        RAND_bytes(reinterpret_cast<unsigned char*>(block.data()), static_cast<int>(size));
    }
    std::size_t chunk() { return std::uniform_int_distribution<std::size_t>(1, 200'000)(random); }
};

Coro<> pour(StreamWriter writer, std::shared_ptr<Bulk> bulk, std::size_t total) {
    std::size_t sent = 0;
    while (sent < total) {
        const std::size_t at = sent % bulk->block.size();
        const std::size_t count = std::min({bulk->chunk(), total - sent, bulk->block.size() - at});
        writer.write(std::string_view(bulk->block).substr(at, count));
        sent += count;
        co_await writer.drain();
    }
}

Coro<> expect_bulk(StreamReader reader, std::shared_ptr<Bulk> bulk, std::size_t total) {
    std::size_t seen = 0;
    bool same = true;
    while (seen < total && same) {
        const std::size_t at = seen % bulk->block.size();
        const std::string_view data =
            co_await reader.read_view(static_cast<std::ptrdiff_t>(std::min(total - seen, bulk->block.size() - at)));
        if (data.empty()) break;
        same = data == std::string_view(bulk->block).substr(at, data.size());
        seen += data.size();
    }
    EXPECT_TRUE(same) << "the bytes before " << seen << " differ";
    EXPECT_EQ(seen, total);
}

Coro<> exchange_bulk(std::size_t total, ssl::TLSVersion version) {
    const ssl::SSLContext listening = server_context();
    listening.set_maximum_version(version);
    Server server = co_await tls_echo_server(listening);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(client_context()));
    const auto bulk = std::make_shared<Bulk>(1 << 20);
    auto pouring = create_task(pour(writer, bulk, total));
    co_await expect_bulk(reader, bulk, total);
    co_await pouring;
    co_await end(server, writer);
}

ASYNC_TEST(Tls, carries_16_megabytes_both_ways_byte_by_byte) {
    co_await exchange_bulk(rerunning() ? 1 << 20 : 16 << 20, ssl::TLSVersion::TLSv1_3);
}
ASYNC_TEST(Tls, carries_16_megabytes_both_ways_with_version_1_2) {
    co_await exchange_bulk(rerunning() ? 1 << 20 : 16 << 20, ssl::TLSVersion::TLSv1_2);
}
ASYNC_TEST(Tls, carries_100_megabytes_both_ways, kOnce) {
    if (simulated()) CO_SKIP();
    co_await exchange_bulk(100 << 20, ssl::TLSVersion::TLSv1_3);
}

ASYNC_TEST(Tls, one_write_of_many_megabytes_arrives_whole) {
    std::string data(rerunning() ? 300'000 : 5'000'000, 'x');
    for (std::size_t i = 0; i < data.size(); i += 4099) data[i] = static_cast<char>('a' + i % 26);
    Server server = co_await tls_echo_server(server_context());
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(client_context()));
    writer.write(data);
    EXPECT_TRUE(co_await reader.readexactly(static_cast<std::ptrdiff_t>(data.size())) == data);
    co_await end(server, writer);
}

ASYNC_TEST(Tls, drain_waits_above_512_kilobytes) {  // semantics 48
    auto silent = [](StreamReader, StreamWriter writer) -> Coro<> { co_await writer.wait_closed(); };
    Server server = co_await start_server(silent, "127.0.0.1", 0, {.ssl = server_context()});
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(client_context()));
    for (int blocks = 0; writer.get_write_buffer_size() <= 512 * 1024; ++blocks) {
        CO_ASSERT_LE(blocks, 1000);
        auto drained = create_task(writer.drain());
        co_await run_passes(3);
        EXPECT_TRUE(drained.done());
        writer.write(std::string(64 * 1024, 'x'));
    }
    auto drained = create_task(writer.drain());
    co_await run_passes(10);
    EXPECT_FALSE(drained.done());
    writer.abort();
    server.abort_clients();
    co_await wait_for_all(drained);
    co_await end(server, writer);
}

// Memory stays bounded when the program does not read: what is received is kept only as far as the reader's limit
// allows, and the socket then.
ASYNC_TEST(Tls, an_unread_stream_stops_receiving) {
    auto flood = [](StreamReader, StreamWriter writer) -> Coro<> {
        try {
            while (true) {
                writer.write(std::string(100'000, 'x'));
                co_await writer.drain();
            }
        } catch (const ConnectionError&) {}
    };
    Server server = co_await start_server(flood, "127.0.0.1", 0, {.ssl = server_context()});
    auto [reader, writer] = co_await open_connection(
        "127.0.0.1", server.port(), {.limit = 10'000, .ssl = client_context(), .server_hostname = "localhost"});
    for (int i = 0; i < 2000 && !reader.stream()->reading_paused(); ++i) co_await aio::sleep(1ms);
    EXPECT_TRUE(reader.stream()->reading_paused());
    for (int i = 0; i < 50; ++i) co_await reader.readexactly(100'000);
    writer.abort();
    co_await end(server, writer);
}

ASYNC_TEST(Tls, cannot_end_one_direction_only) {
    Server server = co_await tls_echo_server(server_context());
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(client_context()));
    EXPECT_FALSE(writer.can_write_eof());
    EXPECT_THROW(writer.write_eof(), RuntimeError);
    co_await end(server, writer);
}

ASYNC_TEST(Tls, a_plain_connection_has_no_ssl_object) {
    Server server = co_await start_server(echo_lines, "127.0.0.1", 0);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    EXPECT_FALSE(writer.ssl_object());
    EXPECT_THROW(writer.ssl_object().version(), RuntimeError);
    co_await end(server, writer);
}

ASYNC_TEST(Tls, an_error_of_the_handler_is_reported_and_ends_its_connection) {
    auto fail = [](StreamReader reader, StreamWriter) -> Coro<> {
        co_await reader.readexactly(1);
        throw ZeroDivision("division by zero");
    };
    Server server = co_await start_server(fail, "127.0.0.1", 0, {.ssl = server_context()});
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(client_context()));
    writer.write("x");
    EXPECT_EQ(co_await reader.read(), "");
    co_await end(server, writer);
    EXPECT_EQ(take_report_messages(), Log{"Unhandled exception in client_connected_cb"});
}

ASYNC_TEST(Tls, dropping_the_handles_closes_it) {
    Server server = co_await start_server(count_bytes, "127.0.0.1", 0, {.ssl = server_context()});
    {
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(client_context()));
        writer.write("sent all the same");
    }
    co_await stop(server);
}

ASYNC_TEST(Tls, options_that_make_no_sense_are_refused) {
    const ssl::SSLContext client = client_context(), server = server_context();
    using Options = ConnectionOptions;
    const auto refuse = [](Options options) {
        return expect_throws<ValueError>(open_connection("127.0.0.1", 1, options));
    };
    EXPECT_EQ(co_await refuse({.server_hostname = "x"}),
              "open_connection: server_hostname is only meaningful with ssl");
    EXPECT_EQ(co_await refuse({.ssl_handshake_timeout = 1s}),
              "open_connection: ssl_handshake_timeout is only meaningful with ssl");
    EXPECT_EQ(co_await refuse({.ssl_shutdown_timeout = 1s}),
              "open_connection: ssl_shutdown_timeout is only meaningful with ssl");
    EXPECT_EQ(co_await refuse({.ssl = client, .server_hostname = ""}), "check_hostname requires server_hostname");
    EXPECT_THAT(co_await refuse({.ssl = client, .server_hostname = ".example"}), testing::HasSubstr("a dot"));
    EXPECT_THAT(co_await refuse({.ssl = server}), testing::HasSubstr("a client needs a client's SSLContext"));
    EXPECT_THAT(co_await expect_throws<ValueError>(open_connection("", 1, {.ssl = client})),
                testing::HasSubstr("without a host"));
    EXPECT_THAT(co_await expect_throws<ValueError>(open_unix_connection("/x", {.ssl = client})),
                testing::HasSubstr("without a host"));
    EXPECT_EQ(co_await expect_throws<ValueError>(start_server(echo_lines, "127.0.0.1", 0, {.ssl = true})),
              "Server side SSL needs a valid SSLContext");
    EXPECT_THAT(co_await expect_throws<ValueError>(start_server(echo_lines, "127.0.0.1", 0, {.ssl = client})),
                testing::HasSubstr("a server needs a server's SSLContext"));
    EXPECT_THAT(
        co_await expect_throws<ValueError>(start_server(echo_lines, "127.0.0.1", 0, {.ssl_shutdown_timeout = 1s})),
        testing::HasSubstr("only meaningful with ssl"));
}

// CPython: test_sslproto.test_handshake_timeout_zero
ASYNC_TEST(Tls, time_limits_must_be_positive) {
    const ssl::SSLContext client = client_context();
    EXPECT_THAT(co_await expect_throws<ValueError>(
                    open_connection("127.0.0.1", 1, {.ssl = client, .ssl_handshake_timeout = 0s})),
                testing::HasSubstr("ssl_handshake_timeout should be a positive number"));
    EXPECT_THAT(co_await expect_throws<ValueError>(
                    open_connection("127.0.0.1", 1, {.ssl = client, .ssl_shutdown_timeout = -1s})),
                testing::HasSubstr("ssl_shutdown_timeout should be a positive number"));
}

}  // namespace
}  // namespace aio::test
