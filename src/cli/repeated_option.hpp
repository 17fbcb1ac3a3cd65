// An option that takes one value each time it is given, as curl's -H does.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace aio::cli {

inline CLI::Option* add_repeated(CLI::App& command, const char* names, std::vector<std::string>& values,
                                 const char* help) {
    return command.add_option(names, values, help)->allow_extra_args(false)->type_size(1);
}

}  // namespace aio::cli
