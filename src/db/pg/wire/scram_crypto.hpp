// SHA-256, HMAC and base64, for SCRAM.
#pragma once

#include "db/pg/wire/secret.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace aio::pg::wire {

inline constexpr std::size_t kSha256Size = 32;

// Errors: AuthenticationError if OpenSSL fails.
Secret sha256(std::string_view bytes);
Secret hmac_sha256(std::string_view key, std::string_view bytes);
std::string random_bytes(std::size_t size);

std::string base64(std::string_view bytes);
// Nothing if it is not what base64() writes.
std::optional<std::string> unbase64(std::string_view text);

// In a time that does not depend on the bytes.
bool is_same(std::string_view a, std::string_view b) noexcept;

// "…: <OpenSSL's reason>". Empties OpenSSL's queue of errors.
[[noreturn]] void throw_openssl_error(const std::string& attempted);

}  // namespace aio::pg::wire
