// Several hosts at one address, each with its own rules of whom to let in: what one of them has granted, a session too,
// counts for nothing with another (CVE-2025-23419). The client here is an attacker who has OpenSSL do what he wants.
#include <aio/core/task.hpp>

#include "io/tls/tls_manual_peer.hpp"

#include <map>
#include <vector>

namespace aio::test {
namespace {

using aio::detail::Owned;
using testing::HasSubstr;

using Session = Owned<SSL_SESSION, SSL_SESSION_free>;

// How a session comes back to the server.
enum class Way { ticket_1_3, ticket_1_2, id_1_2 };

struct Client {
    ssl::SSLContext context;
    Way way;
};

Client client_of(Way way, const std::string& certificate) {
    const ssl::SSLContext context(ssl::PROTOCOL_TLS_CLIENT);
    context.set_check_hostname(false);
    context.set_verify_mode(ssl::CERT_NONE);
    if (!certificate.empty()) context.load_cert_chain(pki().pem(certificate), pki().key(certificate));
    if (way != Way::ticket_1_3) context.set_maximum_version(ssl::TLSVersion::TLSv1_2);
    return Client{context, way};
}

// What the server saw of a client: its certificate's subject, "nobody", or "refused".
struct HostVisit {
    std::string seen;
    bool reused = false;
    Session session;
};

Coro<HostVisit> visit_host(int port, const Client& client, std::string name, SSL_SESSION* session) {
    auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    ManualPeer peer(reader, writer, client.context);
    SSL_set_tlsext_host_name(peer.ssl(), name.c_str());
    if (client.way == Way::id_1_2) SSL_set_options(peer.ssl(), SSL_OP_NO_TICKET);
    if (session) SSL_set_session(peer.ssl(), session);
    HostVisit result;
    try {
        co_await peer.handshake();
        result.seen = co_await peer.read_all();
        peer.close_notify();
    } catch (const OSError&) {
        result.seen = "refused";
    }
    result.reused = SSL_session_reused(peer.ssl()) == 1;
    result.session.reset(SSL_get1_session(peer.ssl()));
    writer.abort();
    co_return result;
}

// Tells the client whom it takes it for, and which host it asked for.
Coro<> tell(StreamReader, StreamWriter writer) {
    const ssl::SSLObject tls = writer.ssl_object();
    const auto certificate = tls.getpeercert();
    writer.write(tls.server_hostname() + " sees " + (certificate ? certificate->subject : "nobody"));
    writer.close();
    try {
        co_await writer.wait_closed();
    } catch (const OSError&) {
        // The client has seen enough.
    }
}

using Hosts = std::map<std::string, ssl::SSLContext>;

ssl::SSLContext host(ssl::VerifyMode mode, const std::string& authority) {
    const ssl::SSLContext context = server_context();
    if (!authority.empty()) context.load_verify_locations(pki().pem(authority));
    context.set_verify_mode(mode);
    return context;
}

// By the name that is asked for; other names get `otherwise`.
Coro<Server> serve(Hosts hosts, ssl::SSLContext otherwise) {
    otherwise.set_servername_callback([hosts](std::string_view name) -> std::optional<ssl::SSLContext> {
        const auto found = hosts.find(std::string(name));
        return found == hosts.end() ? std::nullopt : std::optional(found->second);
    });
    co_return co_await start_server(tell, "127.0.0.1", 0, {.ssl = otherwise});
}

Hosts every_kind_of_host() {
    return {{"open.example", host(ssl::CERT_NONE, "")},
            {"optional.example", host(ssl::CERT_OPTIONAL, "ca")},
            {"members.example", host(ssl::CERT_REQUIRED, "ca")},
            {"partners.example", host(ssl::CERT_REQUIRED, "stranger_ca")},
            {"both.example", host(ssl::CERT_REQUIRED, "ca")}};
}

// From each host to each other, and back to the same: a session of another one changes nothing.
Coro<> expect_that_sessions_do_not_cross(Way way, std::string certificate, ssl::SSLContext otherwise) {
    Server server = co_await serve(every_kind_of_host(), otherwise);
    std::vector<std::string> names = {"unknown.example"};
    for (const auto& [name, context] : every_kind_of_host()) names.push_back(name);
    const Client client = client_of(way, certificate);
    std::map<std::string, HostVisit> fresh;
    for (const std::string& name : names) {
        HostVisit seen = co_await visit_host(server.port(), client, name, nullptr);
        fresh.emplace(name, std::move(seen));
    }
    for (const auto& [first, granted] : fresh) {
        if (granted.seen == "refused") continue;
        for (const auto& [second, expected] : fresh) {
            const HostVisit resumed = co_await visit_host(server.port(), client, second, granted.session.get());
            const std::string pair = "from " + first + " to " + second + " with '" + certificate + "'";
            EXPECT_EQ(resumed.seen, expected.seen) << pair;
            EXPECT_EQ(resumed.reused, first == second) << pair;
        }
    }
    co_await stop(server);
}

Coro<> expect_that_sessions_do_not_cross(Way way) {
    for (const char* certificate : {"", "client", "client_stranger"}) {
        co_await expect_that_sessions_do_not_cross(way, certificate, host(ssl::CERT_NONE, ""));
        co_await expect_that_sessions_do_not_cross(way, certificate, host(ssl::CERT_REQUIRED, "ca"));
    }
}

ASYNC_TEST(TlsVirtualHosts, do_not_take_each_others_tickets, kOnce) {
    co_await expect_that_sessions_do_not_cross(Way::ticket_1_3);
}

ASYNC_TEST(TlsVirtualHosts, do_not_take_each_others_tickets_of_version_1_2, kOnce) {
    co_await expect_that_sessions_do_not_cross(Way::ticket_1_2);
}

ASYNC_TEST(TlsVirtualHosts, do_not_take_each_others_session_ids, kOnce) {
    co_await expect_that_sessions_do_not_cross(Way::id_1_2);
}

// One context for several names: RFC 6066 3 wants a full handshake for another name all the same.
ASYNC_TEST(TlsVirtualHosts, with_one_context_resume_for_the_same_name_only) {
    Server server = co_await start_server(tell, "127.0.0.1", 0, {.ssl = server_context()});
    for (const Way way : {Way::ticket_1_3, Way::ticket_1_2, Way::id_1_2}) {
        const Client client = client_of(way, "");
        const HostVisit first = co_await visit_host(server.port(), client, "one.example", nullptr);
        const HostVisit same = co_await visit_host(server.port(), client, "ONE.example", first.session.get());
        EXPECT_TRUE(same.reused);
        const HostVisit other = co_await visit_host(server.port(), client, "two.example", first.session.get());
        EXPECT_FALSE(other.reused);
        EXPECT_EQ(other.seen, "two.example sees nobody");
    }
    co_await stop(server);
}

ASYNC_TEST(TlsVirtualHosts, whose_rules_were_tightened_forget_what_they_granted) {
    for (const Way way : {Way::ticket_1_3, Way::ticket_1_2, Way::id_1_2}) {
        const ssl::SSLContext context = server_context();
        Server server = co_await start_server(tell, "127.0.0.1", 0, {.ssl = context});
        const Client client = client_of(way, "client_stranger");
        const HostVisit before = co_await visit_host(server.port(), client, "one.example", nullptr);
        EXPECT_EQ(before.seen, "one.example sees nobody");
        context.load_verify_locations(pki().pem("ca"));
        context.set_verify_mode(ssl::CERT_REQUIRED);
        const HostVisit after = co_await visit_host(server.port(), client, "one.example", before.session.get());
        EXPECT_EQ(after.seen, "refused");
        co_await stop(server);
    }
}

ASYNC_TEST(TlsVirtualHosts, may_ask_for_a_version_of_their_own) {
    const ssl::SSLContext modern = server_context();
    modern.set_minimum_version(ssl::TLSVersion::TLSv1_3);
    Hosts hosts;
    hosts.emplace("modern.example", modern);
    Server server = co_await serve(hosts, server_context());
    const Client old = client_of(Way::ticket_1_2, "");
    EXPECT_EQ((co_await visit_host(server.port(), old, "other.example", nullptr)).seen, "other.example sees nobody");
    EXPECT_EQ((co_await visit_host(server.port(), old, "modern.example", nullptr)).seen, "refused");
    co_await stop(server);
}

// The server has no use for the key share that came, and asks for another hello: which asks for another host.
ASYNC_TEST(TlsVirtualHosts, cannot_be_changed_between_two_hellos) {
    const ssl::SSLContext listening = server_context();
    SSL_CTX_set1_groups_list(listening.context()->get(), "P-384");
    int asked = 0;
    listening.set_servername_callback([&asked](std::string_view) -> std::optional<ssl::SSLContext> {
        ++asked;
        return std::nullopt;
    });
    Server server = co_await start_server(tell, "127.0.0.1", 0, {.ssl = listening});
    const Client client = client_of(Way::ticket_1_3, "");
    EXPECT_EQ((co_await visit_host(server.port(), client, "open.example", nullptr)).seen, "open.example sees nobody");
    EXPECT_EQ(asked, 1);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    ManualPeer peer(reader, writer, client.context);
    SSL_set_tlsext_host_name(peer.ssl(), "open.example");
    peer.begin();
    SSL_set_tlsext_host_name(peer.ssl(), "members.example");
    EXPECT_THAT(co_await expect_throws<ssl::SSLError>(peer.handshake()), HasSubstr("unrecognized name"));
    writer.abort();
    co_await stop(server);
}

// A client, too, does not take for verified what it did not verify.
ASYNC_TEST(TlsSession, of_a_context_that_began_to_verify_is_not_resumed) {
    Server server = co_await tls_echo_server(server_context("stranger"));
    const ssl::SSLContext context = client_context();
    context.set_check_hostname(false);
    context.set_verify_mode(ssl::CERT_NONE);
    ssl::SSLSession session;
    {
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(context));
        writer.write("x");
        EXPECT_EQ(co_await reader.readexactly(1), "x");
        session = writer.ssl_object().session();
        CO_ASSERT_TRUE(session);
        writer.close();
        co_await writer.wait_closed();
    }
    context.set_verify_mode(ssl::CERT_REQUIRED);
    co_await expect_throws<ssl::SSLCertVerificationError>(open_connection(
        "127.0.0.1", server.port(), {.ssl = context, .server_hostname = "localhost", .ssl_session = &session}));
    co_await stop(server);
}

}  // namespace
}  // namespace aio::test
