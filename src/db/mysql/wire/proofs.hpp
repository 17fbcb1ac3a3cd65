// The proofs of a password that MySQL's and MariaDB's authentication plugins want. OpenSSL does the cryptography.
//
// Source: MySQL 8.0 source documentation, "Native Authentication", "Caching_sha2_password information"; MariaDB 10.11,
// plugin/auth_ed25519.
#pragma once

#include <string>
#include <string_view>

namespace aio::mysql::wire {

// All: an empty password has an empty proof. Errors: std::bad_alloc; RuntimeError if OpenSSL cannot do it.

// mysql_native_password: 20 bytes.
std::string native_proof(std::string_view password, std::string_view scramble);
// caching_sha2_password: 32 bytes.
std::string caching_sha2_proof(std::string_view password, std::string_view scramble);
// client_ed25519: a signature of the scramble, 64 bytes; also of an empty password.
std::string ed25519_proof(std::string_view password, std::string_view scramble);
// The password itself, for a connection without TLS: under the server's public key (PEM), with the scramble over it. Errors:
// also AuthenticationError for what is no public key of RSA.
std::string rsa_proof(std::string_view password, std::string_view scramble, std::string_view public_key);

}  // namespace aio::mysql::wire
