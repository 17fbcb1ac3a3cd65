// Protocols over TLS: the same calls, after the handshake; and TLS from the middle of a connection on.
#include "io/descriptors.hpp"
#include "io/protocol/protocols.hpp"
#include "support/tls_peers.hpp"

namespace aio::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ASYNC_TEST(TlsTransport, connects_a_protocol_to_a_protocol) {
    auto& record = keep_record();
    const ssl::SSLContext context = server_context();
    Server server = co_await create_server(make_echo, "127.0.0.1", 0, {.ssl = context});
    const MakerOf<> maker(record);
    const ssl::SSLContext trusting = client_context();
    auto [transport, protocol] = co_await create_connection(maker, "127.0.0.1", server.port(), over_tls(trusting));
    EXPECT_EQ(transport.ssl_object().version(), "TLSv1.3");
    EXPECT_FALSE(transport.can_write_eof());
    EXPECT_EQ(transport.get_write_buffer_limits().second, 512u * 1024);
    transport.write("hello");
    co_await record.received(5);
    EXPECT_EQ(record.data, "hello");
    transport.close();
    co_await record.lost();
    EXPECT_FALSE(record.error);
    EXPECT_THAT(record.calls, ElementsAre("made", "data", "lost"));
    co_await finish(server);
}

ASYNC_TEST(TlsTransport, is_set_upon_sockets_that_are_connected, kOnce) {
    if (simulated()) CO_SKIP();
    auto& record = keep_record();
    auto& sockets = keep<Sockets>();
    const ssl::SSLContext context = server_context(), trusting = client_context();
    auto serving = create_task(connect_accepted_socket(make_echo, sockets.take(1), {.ssl = context}));
    const MakerOf<> maker(record);
    auto [transport, protocol] =
        co_await connect_accepted_socket(maker, sockets.take(0), {.ssl = trusting, .server_hostname = "localhost"});
    transport.write("hello");
    co_await record.received(5);
    EXPECT_EQ(record.data, "hello");
    EXPECT_EQ(transport.ssl_object().version(), "TLSv1.3");
    transport.close();
    co_await record.lost();
    const Transport other = (co_await serving).first;
    while (other.get_protocol()) co_await aio::sleep(1ms);
}

ASYNC_TEST(TlsTransport, is_not_made_when_the_handshake_fails) {
    auto& record = keep_record();
    const ssl::SSLContext context = server_context("expired");
    Server server = co_await create_server(make_echo, "127.0.0.1", 0, {.ssl = context});
    const MakerOf<> maker(record);
    const ssl::SSLContext trusting = client_context();
    co_await expect_throws<ssl::SSLCertVerificationError>(
        create_connection(maker, "127.0.0.1", server.port(), over_tls(trusting)));
    EXPECT_TRUE(record.calls.empty());
    co_await finish(server);
}

std::size_t much_over_tls() { return rerunning() ? 30'000 : 300'000; }

Coro<> send_and_close(StreamReader, StreamWriter writer) {
    writer.write(std::string(much_over_tls(), 'x'));
    writer.close();
    co_await writer.wait_closed();
}

template <class P>
Coro<> expect_everything() {
    auto& record = keep_record();
    const ssl::SSLContext context = server_context();
    Server server = co_await start_server(send_and_close, "127.0.0.1", 0, {.ssl = context});
    const MakerOf<P> maker(record);
    const ssl::SSLContext trusting = client_context();
    auto [transport, protocol] = co_await create_connection(maker, "127.0.0.1", server.port(), over_tls(trusting));
    co_await record.lost();
    EXPECT_EQ(record.data.size(), much_over_tls());
    EXPECT_FALSE(record.error);
    EXPECT_THAT(record.calls, ElementsAre("made", "data", "eof", "lost"));
    co_await finish(server);
}

ASYNC_TEST(TlsTransport, gets_everything_before_the_end) { co_await expect_everything<Recorder>(); }
ASYNC_TEST(TlsTransport, gets_everything_into_buffers) { co_await expect_everything<BufferedRecorder<1000>>(); }

// A true eof_received() changes nothing: there is no half-closed state.
class KeepingOpen : public Recorder {
public:
    explicit KeepingOpen(Record& record) : Recorder(record) { keep_open = true; }
};
ASYNC_TEST(TlsTransport, closes_at_its_end_whatever_eof_received_gives) { co_await expect_everything<KeepingOpen>(); }

class PausingNow : public Recorder {
public:
    using Recorder::Recorder;
    void data_received(std::string_view data) override {
        Recorder::data_received(data);
        const Transport transport = record_.transport;
        transport.pause_reading();
        get_running_loop().call_later(1ms, [transport] { transport.resume_reading(); });
    }
};
ASYNC_TEST(TlsTransport, that_pauses_at_its_end_loses_nothing) { co_await expect_everything<PausingNow>(); }

// --- from the middle on ------------------------------------------------------------------------------------

constexpr StartTlsOptions kLocalhost{.server_hostname = "localhost"};

// Agrees to TLS with a line in the clear, and then sends back what comes.
class Upgrading : public EchoProtocol {
public:
    explicit Upgrading(const ssl::SSLContext& context) : context_(context) {}
    void connection_made(Transport transport) override {
        EchoProtocol::connection_made(transport);
        transport_ = transport;
    }
    void data_received(std::string_view data) override {
        if (upgraded_) return EchoProtocol::data_received(data);
        EXPECT_EQ(data, "STARTTLS\n");
        transport_.write("go ahead\n");
        upgraded_ = true;
        upgrade_ = create_task(transport_.start_tls(context_));
    }
    void connection_lost(std::exception_ptr) override { transport_ = Transport(); }

private:
    ssl::SSLContext context_;
    Transport transport_;
    Task<> upgrade_;
    bool upgraded_ = false;
};

ASYNC_TEST(TlsTransport, begins_in_the_middle_of_a_connection) {
    auto& record = keep_record();
    const ssl::SSLContext context = server_context();
    const auto upgrading = [&context] { return std::make_unique<Upgrading>(context); };
    Server server = co_await create_server(upgrading, "127.0.0.1", 0);
    const MakerOf<> maker(record);
    auto [transport, protocol] = co_await create_connection(maker, "127.0.0.1", server.port());
    EXPECT_FALSE(transport.ssl_object());
    transport.write("STARTTLS\n");
    co_await record.received(9);
    co_await transport.start_tls(client_context(), kLocalhost);
    EXPECT_EQ(transport.ssl_object().version(), "TLSv1.3");
    transport.write("secret");
    co_await record.received(15);
    EXPECT_EQ(record.data, "go ahead\nsecret");
    transport.close();
    co_await record.lost();
    EXPECT_FALSE(record.error);
    co_await finish(server);
}

// The same with the bytes read by a BufferedProtocol.
ASYNC_TEST(TlsTransport, begins_in_the_middle_of_a_connection_that_is_read_into_buffers) {
    auto& record = keep_record();
    const ssl::SSLContext context = server_context();
    const auto upgrading = [&context] { return std::make_unique<Upgrading>(context); };
    Server server = co_await create_server(upgrading, "127.0.0.1", 0);
    const MakerOf<BufferedRecorder<100>> maker(record);
    auto [transport, protocol] = co_await create_connection(maker, "127.0.0.1", server.port());
    transport.write("STARTTLS\n");
    co_await record.received(9);
    co_await transport.start_tls(client_context(), kLocalhost);
    transport.write("secret");
    co_await record.received(15);
    EXPECT_EQ(record.data, "go ahead\nsecret");
    transport.close();
    co_await record.lost();
    co_await finish(server);
}

Coro<> no_tls(StreamReader reader, StreamWriter writer) {
    co_await reader.read(1);
    writer.write("certainly not\n");
    try {
        co_await reader.read();
    } catch (const ConnectionError&) {
        // The client hung up.
    }
}

ASYNC_TEST(TlsTransport, that_fails_in_the_middle_is_lost_with_the_reason) {
    auto& record = keep_record();
    auto ends = co_await connected_to(no_tls, record);
    co_await expect_throws<ssl::SSLError>(ends.transport.start_tls(client_context(), kLocalhost));
    co_await record.lost();
    EXPECT_THAT(record.calls, ElementsAre("made", "lost")) << "what is no TLS never reaches the protocol";
    expect_is<ssl::SSLError>(record.error);
    co_await finish(ends.server);
}

ASYNC_TEST(TlsTransport, that_nobody_awaits_goes_on_in_the_clear) {
    auto& record = keep_record();
    Server server = co_await create_server(make_echo, "127.0.0.1", 0);
    const MakerOf<> maker(record);
    auto [transport, protocol] = co_await create_connection(maker, "127.0.0.1", server.port());
    transport.write("hello");
    {
        const auto never = transport.start_tls(client_context(), kLocalhost);
        co_await settle();
        co_await aio::sleep(1ms);
        EXPECT_TRUE(record.data.empty());
    }
    co_await record.received(5);
    EXPECT_EQ(record.data, "hello");
    transport.close();
    co_await record.lost();
    co_await finish(server);
}

}  // namespace
}  // namespace aio::test
