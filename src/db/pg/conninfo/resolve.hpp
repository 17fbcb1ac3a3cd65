// From a connection string, options, the environment and files to the parameters of a connection.
//
// In this order, the first that has an option counts: the program's options, the connection string, the service that they or
// PGSERVICE name, the environment, the defaults.
//
// Differences from libpq: without any host, the sockets in /run/postgresql and /tmp and then localhost are tried, because no
// directory is compiled in; an unknown option is passed to the server as a setting, unless it looks like a slip.
#pragma once

#include "db/pg/conninfo/options.hpp"
#include "db/pg/conninfo/parameters.hpp"
#include "db/pg/conninfo/surroundings.hpp"

#include <string_view>

namespace aio::pg::conninfo {

// Errors: ConninfoError, which names the option, its value (unless it is a password) and what is allowed.
ConnectionParameters resolve(std::string_view dsn, const Options& options, const Surroundings& surroundings);

}  // namespace aio::pg::conninfo
