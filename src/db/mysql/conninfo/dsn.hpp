// Connection strings: mysql://user:password@host:3306/database?option=value.
#pragma once

#include "db/mysql/conninfo/options.hpp"

#include <string_view>

namespace aio::mysql::conninfo {

// The schemes mysql and mariadb. Parts may be percent-encoded, and an IPv6 address is in brackets. Empty: no options. Errors:
// ConninfoError.
Options parse_dsn(std::string_view dsn);

}  // namespace aio::mysql::conninfo
