// The answer to AuthenticationMD5Password.
//
// Source: PostgreSQL 17 manual, 53.2.1.
#pragma once

#include "db/pg/wire/secret.hpp"

#include <string_view>

namespace aio::pg::wire {

// "md5" and 32 digits: md5(md5(password + user) + salt). It is a secret: as long as the password is the same, whoever has the
// inner half can log in. salt: of the Authentication message, four bytes.
// Errors: AuthenticationError if OpenSSL does not offer MD5 (FIPS mode).
Secret md5_password(std::string_view user, std::string_view password, std::string_view salt);

}  // namespace aio::pg::wire
