// server_hostname: what goes into the handshake, and what is looked for in the certificate; and which of OpenSSL's
// errors a message is made of.
#include "io/tls/peer_name.hpp"

#include <aio/core/task.hpp>

#include "io/tls/errors.hpp"
#include "io/tls/tls_manual_peer.hpp"

#include <openssl/err.h>

#include <cerrno>

namespace aio::test {
namespace {

using aio::detail::take_ssl_failure;
using aio::detail::tls_peer_name;
using testing::HasSubstr;

TEST(TlsPeerName, is_what_a_certificate_has) {
    EXPECT_EQ(tls_peer_name(""), "");
    EXPECT_EQ(tls_peer_name("example.org"), "example.org");
    EXPECT_EQ(tls_peer_name("127.0.0.1"), "127.0.0.1");
    EXPECT_EQ(tls_peer_name("::1"), "::1");
}

TEST(TlsPeerName, has_no_dot_at_its_end) {
    EXPECT_EQ(tls_peer_name("example.org."), "example.org");
    EXPECT_EQ(tls_peer_name("localhost."), "localhost");
    EXPECT_THROW(tls_peer_name("example.org.."), ValueError);
}

TEST(TlsPeerName, has_no_zone) {
    EXPECT_EQ(tls_peer_name("fe80::1%eth0"), "fe80::1");
    EXPECT_EQ(tls_peer_name("fe80::1%1"), "fe80::1");
    EXPECT_EQ(tls_peer_name("100%.example"), "100%.example");  // no address
}

TEST(TlsPeerName, is_ascii) {
    EXPECT_EQ(tls_peer_name("bücher.example"), "xn--bcher-kva.example");
    EXPECT_EQ(tls_peer_name("BÜCHER.example."), "xn--bcher-kva.example");
    EXPECT_EQ(tls_peer_name("bücher。example。"), "xn--bcher-kva.example");  // U+3002, which stands for a dot
    EXPECT_EQ(tls_peer_name("xn--bcher-kva.example"), "xn--bcher-kva.example");
}

TEST(TlsPeerName, that_no_host_can_have_is_refused) {
    using std::string_literals::operator""s;
    EXPECT_THROW(tls_peer_name(".example.org"), ValueError);
    EXPECT_THROW(tls_peer_name("."), ValueError);
    EXPECT_THROW(tls_peer_name("example\0.org"s), ValueError);
    const std::string what = expect_error<ValueError>([] { tls_peer_name("\xff\xfe.example"); });
    EXPECT_THAT(what, HasSubstr("is not a valid internationalised host name"));
}

ASYNC_TEST(TlsPeerName, goes_into_the_handshake_as_the_certificate_has_it) {
    std::vector<std::string> asked;
    const ssl::SSLContext listening = server_context("idn");
    listening.set_servername_callback([&asked](std::string_view name) -> std::optional<ssl::SSLContext> {
        asked.emplace_back(name);
        return std::nullopt;
    });
    Server server = co_await tls_echo_server(listening);
    const ssl::SSLContext context = client_context();
    for (const char* name : {"bücher.example", "bücher.example.", "xn--bcher-kva.example"}) {
        const ConnectionOptions options{.ssl = context, .server_hostname = name};
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), options);
        EXPECT_EQ(writer.ssl_object().server_hostname(), "xn--bcher-kva.example");
        writer.close();
        co_await writer.wait_closed();
    }
    EXPECT_EQ(asked, (std::vector<std::string>(3, "xn--bcher-kva.example")));
    co_await stop(server);
}

ASYNC_TEST(TlsPeerName, with_a_zone_is_an_address) {
    Server server = co_await tls_echo_server(server_context());
    EXPECT_THAT(co_await refused<ssl::SSLCertVerificationError>(server.port(), client_context(), "fe80::1%lo"),
                HasSubstr("fe80::1"));
    const ssl::SSLContext context = client_context();
    const ConnectionOptions options{.ssl = context, .server_hostname = "::1%lo"};
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), options);
    EXPECT_EQ(writer.ssl_object().server_hostname(), "::1");
    writer.close();
    co_await writer.wait_closed();
    co_await stop(server);
}

// --- errors ------------------------------------------------------------------------------------------------

TEST(TlsErrors, name_the_newest_that_says_something) {
    ERR_clear_error();
    ERR_raise(ERR_LIB_RSA, 100);
    ERR_raise(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED);
    EXPECT_TRUE(take_ssl_failure().is(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED));
    ERR_raise(ERR_LIB_PEM, 108);
    ERR_raise(ERR_LIB_SSL, ERR_R_PEM_LIB);
    EXPECT_EQ(take_ssl_failure().reason, "NO_START_LINE");
    ERR_raise(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
    ERR_raise(ERR_LIB_SSL, ERR_R_INTERNAL_ERROR);
    EXPECT_EQ(take_ssl_failure().reason, "NO_SHARED_CIPHER");
    ERR_raise(ERR_LIB_SSL, ERR_R_PEM_LIB);
    EXPECT_EQ(take_ssl_failure().text, "PEM lib");
    EXPECT_EQ(take_ssl_failure().code, 0ul);
}

TEST(TlsErrors, of_the_system_tell_most) {
    ERR_clear_error();
    ERR_raise(ERR_LIB_SYS, ENOENT);
    ERR_raise(ERR_LIB_BIO, BIO_R_NO_SUCH_FILE);
    ERR_raise(ERR_LIB_SSL, ERR_R_SYS_LIB);
    EXPECT_EQ(take_ssl_failure().system_error, ENOENT);
    EXPECT_EQ(ERR_peek_error(), 0ul);
}

TEST(TlsErrors, of_memory_are_bad_alloc) {
    ERR_clear_error();
    ERR_raise(ERR_LIB_SSL, ERR_R_MALLOC_FAILURE);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
    EXPECT_THROW(take_ssl_failure(), std::bad_alloc);
    EXPECT_EQ(ERR_peek_error(), 0ul);
}

}  // namespace
}  // namespace aio::test
