// What two ends agree on: sessions, application protocols, names; and the secrets' log.
#include <aio/core/task.hpp>

#include "support/tls_peers.hpp"

#include <fstream>
#include <sstream>

namespace aio::test {
namespace {

using testing::HasSubstr;

// Connects, echoes a byte, and gives what is left of it.
struct Visit {
    bool reused = false;
    std::string protocol, version;
    ssl::SSLSession session;
    std::string subject;
};
Coro<Visit> visit(int port, ssl::SSLContext context, ssl::SSLSession session = {}, std::string name = "localhost") {
    auto [reader, writer] = co_await open_connection(
        "127.0.0.1", port, {.ssl = context, .server_hostname = name, .ssl_session = session ? &session : nullptr});
    writer.write("x");
    EXPECT_EQ(co_await reader.readexactly(1), "x");
    Visit seen;
    const ssl::SSLObject tls = writer.ssl_object();
    seen.reused = tls.session_reused();
    seen.protocol = tls.selected_alpn_protocol();
    seen.version = tls.version();
    seen.session = tls.session();
    if (const auto certificate = tls.getpeercert()) seen.subject = certificate->subject;
    writer.close();
    co_await writer.wait_closed();
    co_return seen;
}

Coro<> expect_resumption(ssl::TLSVersion version, std::string name) {
    const ssl::SSLContext listening = server_context(), context = client_context();
    listening.set_maximum_version(version);
    Server server = co_await tls_echo_server(listening);
    const Visit first = co_await visit(server.port(), context);
    EXPECT_EQ(first.version, name);
    EXPECT_FALSE(first.reused);
    CO_ASSERT_TRUE(first.session);
    EXPECT_TRUE(first.session.has_ticket());
    EXPECT_GT(first.session.timeout(), 60s);
    const Visit second = co_await visit(server.port(), context, first.session);
    EXPECT_TRUE(second.reused);
    EXPECT_EQ(second.subject, "CN=localhost");
    EXPECT_EQ(listening.session_stats().hits, 1);
    // It is good for this host, and this context.
    EXPECT_THAT(co_await expect_throws<ValueError>(visit(server.port(), context, first.session, "127.0.0.1")),
                HasSubstr("it is for 'localhost', not for '127.0.0.1'"));
    EXPECT_THAT(co_await expect_throws<ValueError>(visit(server.port(), client_context(), first.session)),
                HasSubstr("a different SSLContext"));
    co_await stop(server);
}

ASYNC_TEST(TlsSession, is_resumed) { co_await expect_resumption(ssl::TLSVersion::TLSv1_3, "TLSv1.3"); }
ASYNC_TEST(TlsSession, is_resumed_with_version_1_2) {
    co_await expect_resumption(ssl::TLSVersion::TLSv1_2, "TLSv1.2");
}

ASYNC_TEST(TlsSession, a_server_that_gives_no_tickets_is_not_resumed) {
    const ssl::SSLContext listening = server_context(), context = client_context();
    EXPECT_EQ(listening.num_tickets(), 2u);
    listening.set_num_tickets(0);
    Server server = co_await tls_echo_server(listening);
    EXPECT_FALSE((co_await visit(server.port(), context)).session);
    co_await stop(server);
}

ASYNC_TEST(TlsSession, another_server_does_not_know_it_and_a_full_handshake_follows) {
    const ssl::SSLContext context = client_context();
    Server first = co_await tls_echo_server(server_context());
    Server second = co_await tls_echo_server(server_context());
    const Visit before = co_await visit(first.port(), context);
    EXPECT_FALSE((co_await visit(second.port(), context, before.session)).reused);
    co_await stop(first);
    co_await stop(second);
}

ASYNC_TEST(TlsSession, the_server_chooses_the_application_protocol) {
    const ssl::SSLContext listening = server_context(), context = client_context();
    listening.set_alpn_protocols({"h2", "http/1.1"});
    context.set_alpn_protocols({"http/1.1", "h2"});
    Server server = co_await tls_echo_server(listening);
    EXPECT_EQ((co_await visit(server.port(), context)).protocol, "h2");
    context.set_alpn_protocols({"gopher"});
    EXPECT_EQ((co_await visit(server.port(), context)).protocol, "");
    context.set_alpn_protocols({});
    EXPECT_EQ((co_await visit(server.port(), context)).protocol, "");
    co_await stop(server);
    EXPECT_THROW(context.set_alpn_protocols({""}), ValueError);
    EXPECT_THROW(context.set_alpn_protocols({std::string(256, 'x')}), ValueError);
}

ASYNC_TEST(TlsSession, the_name_that_is_asked_for_chooses_the_certificate) {
    const ssl::SSLContext listening = server_context(), second = server_context("second");
    std::vector<std::string> asked;
    listening.set_servername_callback([&](std::string_view name) -> std::optional<ssl::SSLContext> {
        asked.emplace_back(name);
        if (name == "forbidden.example") throw ValueError("no such host");
        if (name == "second.example") return second;
        return std::nullopt;
    });
    Server server = co_await tls_echo_server(listening);
    const int port = server.port();
    EXPECT_EQ((co_await visit(port, client_context(), {}, "second.example")).subject, "CN=second");
    EXPECT_EQ((co_await visit(port, client_context(), {}, "localhost")).subject, "CN=localhost");
    EXPECT_EQ((co_await visit(port, client_context(), {}, "127.0.0.1")).subject, "CN=localhost");
    EXPECT_THAT(co_await refused<ssl::SSLError>(port, client_context(), "forbidden.example"),
                HasSubstr("unrecognized name"));
    EXPECT_EQ(asked, (std::vector<std::string>{"second.example", "localhost", "", "forbidden.example"}));
    co_await stop(server);
    EXPECT_THROW(client_context().set_servername_callback(nullptr), ValueError);
}

// The chosen context decides whom it lets in.
ASYNC_TEST(TlsSession, the_chosen_context_may_ask_for_a_certificate) {
    const ssl::SSLContext listening = server_context(), second = server_context("second");
    second.load_verify_locations(pki().pem("ca"));
    second.set_verify_mode(ssl::CERT_REQUIRED);
    listening.set_servername_callback([=](std::string_view name) -> std::optional<ssl::SSLContext> {
        if (name == "second.example") return second;
        return std::nullopt;
    });
    Server server = co_await tls_echo_server(listening);
    EXPECT_THAT(co_await expect_throws<ssl::SSLError>(visit(server.port(), client_context(), {}, "second.example")),
                HasSubstr("certificate required"));
    const ssl::SSLContext known = client_context();
    known.load_cert_chain(pki().pem("client"), pki().key("client"));
    EXPECT_EQ((co_await visit(server.port(), known, {}, "second.example")).subject, "CN=second");
    co_await stop(server);
}

ASYNC_TEST(TlsSession, the_secrets_can_be_logged) {
    const std::string path = pki().path("keys.log");
    const ssl::SSLContext context = client_context();
    context.set_keylog_filename(path);
    EXPECT_EQ(context.keylog_filename(), path);
    Server server = co_await tls_echo_server(server_context());
    co_await visit(server.port(), context);
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    EXPECT_THAT(text.str(), HasSubstr("CLIENT_HANDSHAKE_TRAFFIC_SECRET "));
    context.set_keylog_filename("");
    co_await stop(server);
    EXPECT_THROW(context.set_keylog_filename("/nowhere/at/all"), OSError);
}

ASYNC_TEST(TlsSession, the_ciphers_of_version_1_2_can_be_chosen) {
    const ssl::SSLContext context = client_context();
    context.set_ciphers("ECDHE-ECDSA-CHACHA20-POLY1305");
    context.set_maximum_version(ssl::TLSVersion::TLSv1_2);
    EXPECT_THAT(context.get_ciphers(), testing::Contains("ECDHE-ECDSA-CHACHA20-POLY1305"));
    Server server = co_await tls_echo_server(server_context());
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(context));
    EXPECT_EQ(writer.ssl_object().cipher()->name, "ECDHE-ECDSA-CHACHA20-POLY1305");
    EXPECT_EQ(writer.ssl_object().cipher()->secret_bits, 256);
    co_await end(server, writer);
    EXPECT_THROW(context.set_ciphers("no such cipher"), ssl::SSLError);
}

}  // namespace
}  // namespace aio::test
