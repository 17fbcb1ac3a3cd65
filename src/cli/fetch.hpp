// `aiocpp fetch`: many downloads at the same time.
#pragma once

#include "cli/fetch_options.hpp"

namespace aio::cli {

// Fetches all of them. Result: an ExitStatus, that of the first URL that failed. Ctrl-C and SIGTERM end it in good
// order: what came is kept.
int fetch(const FetchOptions& options);

}  // namespace aio::cli
