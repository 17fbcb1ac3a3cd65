// The servers to try, and the password for each.
#pragma once

#include "db/pg/conninfo/options.hpp"
#include "db/pg/conninfo/parameters.hpp"
#include "db/pg/conninfo/surroundings.hpp"

#include <vector>

namespace aio::pg::conninfo {

// From the lists host, hostaddr and port. Errors: ConninfoError.
std::vector<Host> read_hosts(const Options& options);

// Sets the password of each host: the option's, or the one that the password file has for it. A password file that others may
// read is not used, and becomes a warning; one that is missing, or may not be read, is ignored.
void find_passwords(ConnectionParameters& parameters, const Options& options, const Surroundings& surroundings);

}  // namespace aio::pg::conninfo
