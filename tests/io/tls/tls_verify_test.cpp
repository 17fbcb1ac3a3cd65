// Certificates that must be refused, each with its own error, and those that must not.
#include "support/tls_peers.hpp"

#include <openssl/x509_vfy.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace aio::test {
namespace {

using testing::HasSubstr;

// What connecting to a server with `certificate` fails with.
Coro<ssl::SSLCertVerificationError> refusal(std::string certificate, ssl::SSLContext context,
                                            std::string name = "localhost") {
    Server server = co_await tls_echo_server(server_context(certificate));
    std::optional<ssl::SSLCertVerificationError> refused;
    try {
        co_await open_connection("127.0.0.1", server.port(), {.ssl = context, .server_hostname = name});
    } catch (const ssl::SSLCertVerificationError& error) {
        refused = error;
    }
    co_await stop(server);
    if (!refused) throw std::runtime_error("the certificate of " + certificate + " was not refused");
    co_return *refused;
}

Coro<> expect_accepted(std::string certificate, ssl::SSLContext context, std::string name = "localhost") {
    Server server = co_await tls_echo_server(server_context(certificate));
    auto [reader, writer] =
        co_await open_connection("127.0.0.1", server.port(), {.ssl = context, .server_hostname = name});
    writer.write("x");
    EXPECT_EQ(co_await reader.readexactly(1), "x");
    co_await end(server, writer);
}

ASYNC_TEST(TlsVerify, an_expired_certificate_is_refused) {
    const ssl::SSLCertVerificationError error = co_await refusal("expired", client_context());
    EXPECT_EQ(error.verify_code(), X509_V_ERR_CERT_HAS_EXPIRED);
    EXPECT_THAT(error.verify_message(), testing::StartsWith("certificate has expired (notAfter="));
    EXPECT_THAT(error.what(), HasSubstr("TLS handshake with 'localhost' at 127.0.0.1:"));
    EXPECT_THAT(error.what(), HasSubstr("certificate verify failed: certificate has expired"));
    EXPECT_EQ(error.reason(), "CERTIFICATE_VERIFY_FAILED");
    EXPECT_EQ(error.library(), "SSL");
}

ASYNC_TEST(TlsVerify, a_certificate_of_tomorrow_is_refused) {
    const ssl::SSLCertVerificationError error = co_await refusal("future", client_context());
    EXPECT_EQ(error.verify_code(), X509_V_ERR_CERT_NOT_YET_VALID);
    EXPECT_THAT(error.verify_message(), HasSubstr("not yet valid (notBefore="));
}

// CPython: test_ssl.test_create_server_ssl_match_failed
ASYNC_TEST(TlsVerify, a_certificate_for_another_host_is_refused) {
    const ssl::SSLCertVerificationError error = co_await refusal("wrong_host", client_context());
    EXPECT_EQ(error.verify_code(), X509_V_ERR_HOSTNAME_MISMATCH);
    EXPECT_EQ(error.verify_message(),
              "Hostname mismatch, certificate is not valid for 'localhost' (it is valid for: "
              "other.example, *.wild.example)");
}

ASYNC_TEST(TlsVerify, a_certificate_for_another_address_is_refused) {
    const ssl::SSLCertVerificationError error = co_await refusal("wrong_host", client_context(), "127.0.0.1");
    EXPECT_EQ(error.verify_code(), X509_V_ERR_IP_ADDRESS_MISMATCH);
    EXPECT_THAT(error.verify_message(), HasSubstr("not valid for '127.0.0.1'"));
    EXPECT_THAT((co_await refusal("localhost", client_context(), "127.0.0.2")).verify_message(),
                HasSubstr("localhost, 127.0.0.1, ::1"));
}

ASYNC_TEST(TlsVerify, the_common_name_does_not_count) {
    const ssl::SSLCertVerificationError error = co_await refusal("no_names", client_context());
    EXPECT_EQ(error.verify_code(), X509_V_ERR_HOSTNAME_MISMATCH);
    EXPECT_THAT(error.verify_message(), HasSubstr("it is valid for no host"));
}

// CPython: test_ssl.test_create_server_ssl_verify_failed, test_ssl.test_create_connection_ssl_failed_certificate
ASYNC_TEST(TlsVerify, a_certificate_that_signed_itself_is_refused) {
    const ssl::SSLCertVerificationError error = co_await refusal("self_signed", client_context());
    EXPECT_EQ(error.verify_code(), X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    EXPECT_THAT(error.verify_message(), HasSubstr("self-signed certificate, subject 'CN=localhost'"));
}

ASYNC_TEST(TlsVerify, an_unknown_authority_is_refused) {
    const ssl::SSLCertVerificationError error = co_await refusal("stranger", client_context());
    EXPECT_EQ(error.verify_code(), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    EXPECT_THAT(error.verify_message(), HasSubstr("unable to get local issuer certificate"));
    EXPECT_THAT(error.verify_message(), HasSubstr("issuer 'CN=Stranger CA'"));
}

ASYNC_TEST(TlsVerify, with_ssl_true_the_systems_authorities_count) {
    Server server = co_await tls_echo_server(server_context());
    const std::string what = co_await expect_throws<ssl::SSLCertVerificationError>(
        open_connection("127.0.0.1", server.port(), {.ssl = true, .server_hostname = "localhost"}));
    EXPECT_THAT(what, HasSubstr("unable to get local issuer certificate"));
    // Without a name there is nothing to compare, but the chain still counts.
    co_await expect_throws<ssl::SSLCertVerificationError>(
        open_connection("127.0.0.1", server.port(), {.ssl = true, .server_hostname = ""}));
    co_await stop(server);
}

ASYNC_TEST(TlsVerify, a_revoked_certificate_is_refused_where_the_list_is_asked) {
    const ssl::SSLContext context = client_context();
    co_await expect_accepted("revoked", context);
    context.set_verify_flags(context.verify_flags() | ssl::VERIFY_CRL_CHECK_LEAF);
    ssl::SSLCertVerificationError error = co_await refusal("localhost", context);
    EXPECT_EQ(error.verify_code(), X509_V_ERR_UNABLE_TO_GET_CRL);
    context.load_verify_locations(pki().pem("crl"));
    error = co_await refusal("revoked", context);
    EXPECT_EQ(error.verify_code(), X509_V_ERR_CERT_REVOKED);
    EXPECT_THAT(error.verify_message(), HasSubstr("certificate revoked, subject 'CN=revoked'"));
    co_await expect_accepted("localhost", context);
}

ASYNC_TEST(TlsVerify, a_chain_over_an_intermediate_authority_is_accepted) {
    co_await expect_accepted("intermediate", client_context());
}

ASYNC_TEST(TlsVerify, a_wildcard_stands_for_one_label) {
    co_await expect_accepted("wrong_host", client_context(), "a.wild.example");
    co_await expect_accepted("wrong_host", client_context(), "OTHER.example");
    for (const char* name : {"wild.example", "a.b.wild.example", "other.example.org"}) {
        EXPECT_EQ((co_await refusal("wrong_host", client_context(), name)).verify_code(),
                  X509_V_ERR_HOSTNAME_MISMATCH)
            << name;
    }
}

ASYNC_TEST(TlsVerify, without_check_hostname_the_name_is_not_compared) {
    const ssl::SSLContext context = client_context();
    context.set_check_hostname(false);
    co_await expect_accepted("wrong_host", context);
    co_await expect_accepted("wrong_host", context, "");
    EXPECT_EQ((co_await refusal("stranger", context)).verify_code(), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

ASYNC_TEST(TlsVerify, with_cert_none_anything_is_accepted) {
    const ssl::SSLContext context(ssl::PROTOCOL_TLS_CLIENT);
    EXPECT_THROW(context.set_verify_mode(ssl::CERT_NONE), ValueError);
    context.set_check_hostname(false);
    context.set_verify_mode(ssl::CERT_NONE);
    co_await expect_accepted("expired", context, "whatever.example");
    context.set_check_hostname(true);
    EXPECT_EQ(context.verify_mode(), ssl::CERT_REQUIRED);
}

ASYNC_TEST(TlsVerify, authorities_may_come_as_text_or_bytes) {
    std::stringstream text;
    text << std::ifstream(pki().pem("ca")).rdbuf();
    const ssl::SSLContext from_text = ssl::create_default_context(ssl::Purpose::SERVER_AUTH, "", "", text.str());
    Server server = co_await tls_echo_server(server_context());
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(from_text));
    co_await end(server, writer);
    // A certificate that is trusted directly needs no authority (VERIFY_X509_PARTIAL_CHAIN).
    const std::string der = writer.ssl_object().getpeercert()->der;
    co_await expect_accepted("localhost", ssl::create_default_context(ssl::Purpose::SERVER_AUTH, "", "", der));
}

// --- client certificates -----------------------------------------------------------------------------------

ssl::SSLContext asking_server() {
    const ssl::SSLContext context = server_context();
    context.load_verify_locations(pki().pem("ca"));
    context.set_verify_mode(ssl::CERT_REQUIRED);
    return context;
}

Coro<> say_who(StreamReader reader, StreamWriter writer) {
    const std::optional<ssl::Certificate> certificate = writer.ssl_object().getpeercert();
    writer.write(certificate ? certificate->subject + "\n" : "nobody\n");
    co_await writer.drain();
    co_await reader.read();
    writer.close();
}

Coro<std::string> who_am_i(ssl::SSLContext listening, ssl::SSLContext mine) {
    Server server = co_await start_server(say_who, "127.0.0.1", 0, {.ssl = listening});
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), over_tls(mine));
    std::string answer;
    std::exception_ptr failed;
    try {
        answer = co_await reader.readline();
    } catch (const OSError&) {
        failed = std::current_exception();
    }
    writer.abort();
    co_await stop(server);
    if (failed) std::rethrow_exception(failed);
    co_return answer;
}

ASYNC_TEST(TlsVerify, a_server_sees_its_clients_certificate) {
    const ssl::SSLContext client = client_context();
    client.load_cert_chain(pki().pem("client"), pki().key("client"));
    EXPECT_EQ(co_await who_am_i(asking_server(), client), "CN=a client\n");
}

ASYNC_TEST(TlsVerify, a_client_without_the_required_certificate_is_refused) {
    const std::string what = co_await expect_throws<ssl::SSLError>(who_am_i(asking_server(), client_context()));
    EXPECT_THAT(what, HasSubstr("certificate required"));
    const ssl::SSLContext optional = asking_server();
    optional.set_verify_mode(ssl::CERT_OPTIONAL);
    EXPECT_EQ(optional.verify_mode(), ssl::CERT_OPTIONAL);
    EXPECT_EQ(co_await who_am_i(optional, client_context()), "nobody\n");
}

ASYNC_TEST(TlsVerify, bad_client_certificates_are_refused) {
    const ssl::SSLContext checking = asking_server();
    checking.load_verify_locations(pki().pem("crl"));
    checking.set_verify_flags(checking.verify_flags() | ssl::VERIFY_CRL_CHECK_LEAF);
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"client_revoked", "certificate revoked"}, {"self_signed", "unknown ca"}, {"expired", "certificate expired"}};
    for (const auto& [name, alert] : cases) {
        const ssl::SSLContext client = client_context();
        client.load_cert_chain(pki().pem(name), pki().key(name));
        EXPECT_THAT(co_await expect_throws<ssl::SSLError>(who_am_i(checking, client)), HasSubstr(alert));
    }
}

}  // namespace
}  // namespace aio::test
