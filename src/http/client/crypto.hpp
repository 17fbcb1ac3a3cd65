// TLS contexts of clients, and what else http needs of OpenSSL.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/client/client_options.hpp>
#include <aio/io/ssl.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace aio::http::detail {

// What `how` means; nothing: the default context of the process.
std::optional<ssl::SSLContext> tls_context(const ClientSSL& how);
// The default one, that of `.ssl = true`, for who needs it as an object.
Coro<ssl::SSLContext> default_tls_context();

std::string sha256(std::string_view data);
// Lower-case hexadecimal digits of a digest: "md5", "sha256", "sha512-256". Errors: RuntimeError when OpenSSL has it not.
std::string hex_digest(const char* algorithm, std::string_view data);

}  // namespace aio::http::detail
