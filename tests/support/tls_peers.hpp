// Certificates for tests, made when they are first asked for, and contexts with them.
#pragma once

#include <aio/io/server.hpp>
#include <aio/io/ssl.hpp>

#include "support/async_test.hpp"
#include "support/peers.hpp"

#include <string>

namespace aio::test {

// Who a certificate is for, and what is wrong with it. All keys are on the curve P-256.
struct Pki {
    std::string folder;

    // PEM files in `folder`: NAME.pem holds the certificate (and its chain), NAME.key its private key.
    std::string path(const std::string& name) const { return folder + "/" + name; }
    std::string pem(const std::string& name) const { return path(name + ".pem"); }
    std::string key(const std::string& name) const { return path(name + ".key"); }
};

// ca            the authority that clients trust
// localhost     localhost, 127.0.0.1, ::1
// expired       the same, until yesterday
// future        the same, from tomorrow
// wrong_host    other.example and *.wild.example
// no_names      no subject alternative name, CN=localhost
// self_signed   localhost, signed by itself
// stranger      localhost, signed by an authority that clients do not trust (stranger_ca)
// intermediate  localhost, signed by an intermediate authority, which comes with it
// revoked       localhost, in the list of crl.pem
// client        a client's
// client_revoked
// client_stranger  a client's, signed by stranger_ca
// idn           bücher.example, as xn--bcher-kva.example
// second        second.example
// encrypted.key is localhost's key, encrypted with "opensesame".
const Pki& pki();

// Trusts ca, verifies strictly.
ssl::SSLContext client_context();
ssl::SSLContext server_context(const std::string& name = "localhost");

// The options that name `context`, and "localhost" as the server.
ConnectionOptions over_tls(const ssl::SSLContext& context);

// Echoes what comes over TLS on 127.0.0.1.
Coro<Server> tls_echo_server(ssl::SSLContext context);

// The what() of the E that connecting to `port` fails with.
template <class E>
Coro<std::string> refused(int port, ssl::SSLContext context, std::string name = "localhost") {
    co_return co_await expect_throws<E>(
        open_connection("127.0.0.1", port, {.ssl = context, .server_hostname = name}));
}

Coro<> stop(Server server);

}  // namespace aio::test
