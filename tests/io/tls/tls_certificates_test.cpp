// Which certificates are accepted, and for whom: what curl and browsers decide is what we decide. All are made by a
// throw-away authority (support/tls_peers.cpp).
#include <aio/core/task.hpp>

#include "support/tls_peers.hpp"

#include <vector>

namespace aio::test {
namespace {

using testing::HasSubstr;

// Why a client refuses the certificate `name` of a server that it calls `host`; empty: it does not.
Coro<std::string> verdict(std::string name, std::string host) {
    const ssl::SSLContext listening(ssl::PROTOCOL_TLS_SERVER);
    listening.set_ciphers("ALL:@SECLEVEL=0");
    listening.load_cert_chain(pki().pem(name), pki().key(name));
    Server server = co_await tls_echo_server(listening);
    std::string why;
    try {
        const ssl::SSLContext context = client_context();
        const ConnectionOptions options{.ssl = context, .server_hostname = host};
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), options);
        writer.close();
        co_await writer.wait_closed();
    } catch (const ssl::SSLCertVerificationError& refusal) {
        why = refusal.verify_message();
        EXPECT_NE(refusal.verify_code(), 0);
    }
    co_await stop(server);
    co_return why;
}

struct Case {
    const char* certificate;
    const char* host;
    const char* refusal;  // null: accepted
};

Coro<> check(std::vector<Case> cases) {
    for (const Case& c : cases) {
        const std::string why = co_await verdict(c.certificate, c.host);
        if (c.refusal) {
            EXPECT_THAT(why, HasSubstr(c.refusal)) << c.certificate << " for " << c.host;
        } else {
            EXPECT_EQ(why, "") << c.certificate << " for " << c.host;
        }
    }
}

ASYNC_TEST(TlsCertificates, chains_must_lead_to_the_authority, kOnce) {
    std::vector<Case> cases = {
        {"localhost", "localhost", nullptr},
        {"intermediate", "localhost", nullptr},
        {"no_chain", "localhost", "unable to get local issuer certificate"},
        {"stranger", "localhost", "unable to get local issuer certificate"},
        {"self_signed", "localhost", "self-signed certificate"},
        {"below_a_leaf", "localhost", "invalid CA certificate"},
        {"expired_authority", "localhost", "certificate has expired"},
        {"expired", "localhost", "certificate has expired"},
        {"future", "localhost", "certificate is not yet valid"},
    };
    co_await check(std::move(cases));
}

ASYNC_TEST(TlsCertificates, must_be_meant_for_this_use, kOnce) {
    std::vector<Case> cases = {
        {"for_servers", "localhost", nullptr},
        {"for_clients", "localhost", "unsuitable certificate purpose"},
        {"inside_constraint", "www.allowed.example", nullptr},
        {"outside_constraint", "localhost", "permitted subtree violation"},
        {"outside_address_constraint", "127.0.0.1", "permitted subtree violation"},
        {"unknown_critical", "localhost", "unhandled critical extension"},
        {"weak_key", "localhost", "EE certificate key too weak"},
        {"must_staple", "localhost", nullptr},  // nobody asks for OCSP answers: as curl without --cert-status
    };
    co_await check(std::move(cases));
}

ASYNC_TEST(TlsCertificates, are_valid_for_the_names_they_have, kOnce) {
    const char* mismatch = "Hostname mismatch";
    std::vector<Case> cases = {
        {"localhost", "LOCALHOST", nullptr},          {"localhost", "localhost.", nullptr},
        {"localhost", "127.0.0.1", nullptr},          {"localhost", "::1", nullptr},
        {"localhost", "0:0:0:0:0:0:0:1", nullptr},    {"localhost", "127.0.0.2", "IP address mismatch"},
        {"localhost", "localhost.example", mismatch}, {"localhost", "xlocalhost", mismatch},
        {"no_names", "localhost", mismatch},          {"address_as_name", "127.0.0.1", "IP address mismatch"},
        {"idn", "bücher.example", nullptr},           {"idn", "bucher.example", mismatch},
        {"wild", "a.wild.example", nullptr},          {"wild", "A.Wild.Example", nullptr},
        {"wild", "wild.example", mismatch},           {"wild", "a.b.wild.example", mismatch},
        {"wild", "a.b.deep.example", mismatch},       {"wild", "top.example", mismatch},
        {"wild", "foo.part.example", mismatch},
    };
    co_await check(std::move(cases));
}

// What a server that asks for certificates thinks of `name`; empty: it lets it in.
Coro<bool> lets_in(std::string name, ssl::VerifyMode mode) {
    const ssl::SSLContext listening = server_context();
    listening.load_verify_locations(pki().pem("ca"));
    listening.load_verify_locations(pki().pem("crl"));
    listening.set_verify_flags(listening.verify_flags() | ssl::VERIFY_CRL_CHECK_LEAF);
    listening.set_verify_mode(mode);
    Server server = co_await tls_echo_server(listening);
    const ssl::SSLContext context = client_context();
    if (!name.empty()) context.load_cert_chain(pki().pem(name), pki().key(name));
    bool served = false;
    try {
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(context));
        writer.write("x");
        served = co_await reader.read(1) == "x";
        writer.close();
        co_await writer.wait_closed();
    } catch (const OSError&) {
        // It does not.
    }
    co_await stop(server);
    co_return served;
}

ASYNC_TEST(TlsCertificates, of_clients_are_looked_at_as_strictly, kOnce) {
    for (const ssl::VerifyMode mode : {ssl::CERT_OPTIONAL, ssl::CERT_REQUIRED}) {
        EXPECT_EQ(co_await lets_in("", mode), mode == ssl::CERT_OPTIONAL);
        EXPECT_TRUE(co_await lets_in("client", mode));
        for (const char* name :
             {"client_stranger", "client_revoked", "client_expired", "self_signed", "for_servers", "no_chain"}) {
            EXPECT_FALSE(co_await lets_in(name, mode)) << name;
        }
        EXPECT_TRUE(co_await lets_in("for_clients", mode));
    }
}

}  // namespace
}  // namespace aio::test
