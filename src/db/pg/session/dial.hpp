// Connections to the server, as far as they are the same for sessions and for cancel requests. Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/io/stream.hpp>

#include "db/pg/session/options.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace aio::pg::detail {

// The transport is connected, and encrypted as the options want. `address`: that of a session's server, so that a name with
// several is not looked up once more; empty: the options' host. Errors: OSError, ssl::SSLError; db::InterfaceError when the
// server refuses TLS that is required; ProtocolError.
Coro<StreamPair> dial(const SessionOptions& options, std::string address = {});

// Returns when the server has closed the request's connection: then its signal was sent. Errors: as dial().
Coro<> send_cancel_request(const SessionOptions& options, std::string address, std::uint32_t process,
                           const std::string& key);

}  // namespace aio::pg::detail
