// Option files: my.cnf.
//
// Source: MySQL 8.0 manual, 4.2.2.2 (option files).
#pragma once

#include "db/mysql/conninfo/options.hpp"

#include <string_view>

namespace aio::mysql::conninfo {

// The options of the groups [client], [client-server] and `group`, in the order of the file. Those that are none of ours are
// skipped, as the servers' own clients skip each other's; so are !include lines. Errors: ConninfoError for a line that is no option.
Options parse_option_file(std::string_view text, std::string_view group);

}  // namespace aio::mysql::conninfo
