// X.509 certificates: what users and messages see of them.
#pragma once

#include <aio/io/ssl.hpp>

#include <openssl/x509.h>

#include <string>

namespace aio::detail {

// Errors: std::bad_alloc.
ssl::Certificate describe_certificate(X509* certificate);

// Why `certificate` (may be null), `depth` steps above the peer's own, was refused: "Hostname mismatch, certificate is
// not valid for 'example.org' (it is valid for: example.com)". `wanted`: the name or address it should be valid for.
std::string describe_refusal(int verify_code, X509* certificate, int depth, const std::string& wanted);

}  // namespace aio::detail
