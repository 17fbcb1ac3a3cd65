// The password file, ~/.pgpass. Source: PostgreSQL 18 manual, section 34.16; fe-connect.c: passwordFromFile().
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aio::pg::conninfo {

// What a password file is looked up for. `host`: as given; of a socket in one of the default directories, localhost.
struct PassFileKey {
    std::string_view host, port, database, user;
};

// The password in the first line of `text` that fits: host:port:database:user:password, where * stands for anything, and
// a backslash makes the next character, : or \, one of the field.
std::optional<std::string> find_password(std::string_view text, const PassFileKey& key);

// Why a password file is not used, for a warning; nothing if it is. `mode`: st_mode of its stat().
std::optional<std::string> pass_file_problem(std::string_view path, unsigned mode);

}  // namespace aio::pg::conninfo
