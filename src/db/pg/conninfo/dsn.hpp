// Connection strings in both forms of libpq's: URIs, and "host=localhost user='me'".
// Source: PostgreSQL 18 manual, section 34.1.1; src/interfaces/libpq/fe-connect.c: conninfo_parse(), conninfo_uri_parse().
#pragma once

#include "db/pg/conninfo/options.hpp"

#include <string_view>

namespace aio::pg::conninfo {

// The options of a connection string, which is a URI if it begins with postgresql:// or postgres://. Errors: ConninfoError,
// which names the part that is wrong, but does not repeat the text: there may be a password in it.
Options parse_dsn(std::string_view dsn);

}  // namespace aio::pg::conninfo
