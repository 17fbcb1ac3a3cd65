// The handler of Router::add_static().
#pragma once

#include <aio/http/server/router.hpp>

#include <string>

namespace aio::http::detail {

// Errors: OSError when there is no such directory.
HandlerFunction static_handler(std::string directory, const StaticOptions& options);

}  // namespace aio::http::detail
