// SSLContext: loading, and what cannot be loaded.
#include "support/tls_peers.hpp"

#include <fstream>

namespace aio::test {
namespace {

using testing::HasSubstr;

TEST(TlsContext, verifies_by_default_if_it_is_a_clients) {
    const ssl::SSLContext client = ssl::create_default_context();
    EXPECT_EQ(client.protocol(), ssl::PROTOCOL_TLS_CLIENT);
    EXPECT_EQ(client.verify_mode(), ssl::CERT_REQUIRED);
    EXPECT_TRUE(client.check_hostname());
    EXPECT_EQ(client.verify_flags() & ssl::VERIFY_X509_STRICT, ssl::VERIFY_X509_STRICT);
    EXPECT_EQ(client.minimum_version(), ssl::TLSVersion::TLSv1_2);
    EXPECT_EQ(client.maximum_version(), ssl::TLSVersion::MAXIMUM_SUPPORTED);
    const ssl::SSLContext server = ssl::create_default_context(ssl::Purpose::CLIENT_AUTH);
    EXPECT_EQ(server.protocol(), ssl::PROTOCOL_TLS_SERVER);
    EXPECT_EQ(server.verify_mode(), ssl::CERT_NONE);
    EXPECT_FALSE(server.check_hostname());
    EXPECT_TRUE(ssl::SSLContext(client) == client);
}

TEST(TlsContext, a_missing_file_is_an_os_error) {
    const ssl::SSLContext context(ssl::PROTOCOL_TLS_SERVER);
    EXPECT_THAT(expect_error<OSError>([&] { context.load_cert_chain("/nowhere.pem"); }),
                HasSubstr("load_cert_chain: certificate '/nowhere.pem': No such file or directory (errno 2)"));
    EXPECT_THAT(expect_error<OSError>([&] { context.load_cert_chain(pki().pem("localhost"), "/nowhere.key"); }),
                HasSubstr("load_cert_chain: private key '/nowhere.key': No such file or directory"));
    EXPECT_THAT(expect_error<OSError>([&] { context.load_verify_locations("/nowhere.pem"); }),
                HasSubstr("load_verify_locations: cafile '/nowhere.pem': No such file or directory"));
    EXPECT_THROW(context.load_verify_locations(""), ValueError);
}

TEST(TlsContext, a_file_that_holds_something_else_is_an_ssl_error) {
    const std::string path = pki().path("nonsense.pem");
    std::ofstream(path) << "this is no certificate\n";
    const ssl::SSLContext context(ssl::PROTOCOL_TLS_SERVER);
    EXPECT_THAT(expect_error<ssl::SSLError>([&] { context.load_cert_chain(path); }), HasSubstr("NO_START_LINE"));
    EXPECT_THAT(expect_error<ssl::SSLError>([&] { context.load_verify_locations(path); }), HasSubstr("nonsense.pem"));
    EXPECT_THAT(expect_error<ssl::SSLError>([&] { context.load_verify_locations("", "", "neither"); }),
                HasSubstr("cadata has no certificate in PEM or DER format"));
}

TEST(TlsContext, the_key_must_be_the_certificates) {
    const ssl::SSLContext context(ssl::PROTOCOL_TLS_SERVER);
    EXPECT_THAT(
        expect_error<ssl::SSLError>([&] { context.load_cert_chain(pki().pem("localhost"), pki().key("second")); }),
        HasSubstr("key values mismatch"));
}

TEST(TlsContext, an_encrypted_key_needs_its_password) {
    const ssl::SSLContext context(ssl::PROTOCOL_TLS_SERVER);
    const std::string certificate = pki().pem("localhost"), key = pki().key("encrypted");
    context.load_cert_chain(certificate, key, "opensesame");
    EXPECT_THAT(expect_error<ssl::SSLError>([&] { context.load_cert_chain(certificate, key, "guess"); }),
                HasSubstr("encrypted.key': the password does not decrypt the private key"));
    EXPECT_THAT(expect_error<ssl::SSLError>([&] { context.load_cert_chain(certificate, key); }),
                HasSubstr("the private key is encrypted, and needs a password"));
}

TEST(TlsContext, verify_flags_are_replaced) {
    const ssl::SSLContext context(ssl::PROTOCOL_TLS_CLIENT);
    context.set_verify_flags(ssl::VERIFY_CRL_CHECK_CHAIN);
    EXPECT_EQ(context.verify_flags() & ssl::VERIFY_CRL_CHECK_CHAIN, ssl::VERIFY_CRL_CHECK_CHAIN);
    context.set_verify_flags(ssl::VERIFY_DEFAULT);
    EXPECT_EQ(context.verify_flags() & ssl::VERIFY_CRL_CHECK_CHAIN, 0u);
}

}  // namespace
}  // namespace aio::test
