// open_connection() for who knows the addresses already.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/io/dns.hpp>
#include <aio/io/stream.hpp>

#include <string>
#include <vector>

namespace aio::detail {

// Connects to the first of `addresses` (at least one) that answers; `wanted` names the destination in messages. With
// ssl there must be a server_hostname. Options, Cancel, Errors: as open_connection().
Coro<StreamPair> open_addresses(std::vector<AddressInfo> addresses, std::string wanted, ConnectionOptions options);

}  // namespace aio::detail
