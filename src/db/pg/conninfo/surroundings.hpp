// What a connection's options depend on besides the program: the environment, the user, files. Here is all of conninfo's I/O.
#pragma once

#include <aio/base/function.hpp>

#include "db/pg/conninfo/options.hpp"

#include <optional>
#include <string>

namespace aio::pg::conninfo {

struct FileText {
    std::string text;   // empty unless it is a plain file
    unsigned mode = 0;  // st_mode
};

struct Surroundings {
    Environment environment;
    std::string user;  // of the process; empty if it has no name
    std::string home;  // empty if there is none
    // Nothing: there is no such file, or it may not be read.
    aio::detail::Function<std::optional<FileText>(const std::string& path)> read_file;
};

// Those of this process. It reads the environment and the user database.
Surroundings surroundings_of_process();

}  // namespace aio::pg::conninfo
