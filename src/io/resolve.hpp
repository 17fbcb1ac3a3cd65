// From host names to addresses.
#pragma once

#include <aio/core/coro.hpp>

#include "io/raw_address.hpp"

#include <string>
#include <vector>

namespace aio::detail {

// The addresses of `host`, in the order in which they are to be tried; at least one. A numeric address is taken
// as it is, anything else is looked up by getaddrinfo on a thread of the default executor. An empty host: every
// interface if `passive`, else this machine. Cancel: the lookup goes on and its result is dropped. Errors: GaiError.
Coro<std::vector<RawAddress>> resolve(std::string host, int port, bool passive);

}  // namespace aio::detail
