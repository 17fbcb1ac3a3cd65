// Connection service files. Source: PostgreSQL 18 manual, section 34.17; fe-connect.c: parseServiceFile().
#pragma once

#include "db/pg/conninfo/options.hpp"

#include <optional>
#include <string_view>

namespace aio::pg::conninfo {

// The options of [service]; nothing if there is no such section. `path`: for messages. Errors: ConninfoError.
std::optional<Options> find_service(std::string_view text, std::string_view service, std::string_view path);

}  // namespace aio::pg::conninfo
