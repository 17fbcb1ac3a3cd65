// `aiocpp serve`: the files of a directory, over HTTP.
#pragma once

#include "cli/serve_options.hpp"

namespace aio::cli {

// Serves until Ctrl-C or SIGTERM. Result: an ExitStatus.
int serve(const ServeOptions& options);

}  // namespace aio::cli
