// Connections to the server, as far as they are the same for sessions and for requests to stop a statement. Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/io/stream.hpp>

#include "db/mysql/session/options.hpp"
#include "db/mysql/session/session.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace aio::mysql::detail {

// Connects, with TLS as the options want it, and authenticates. `identity.address`: that of a session's server, so that a name
// with several is not looked up once more; empty: the options' host, and it is filled in. Errors: OSError, ssl::SSLError;
// db::DatabaseError that the server answers with; db::InterfaceError for a server that is not trusted, or is none.
Coro<StreamPair> log_in(std::shared_ptr<const SessionOptions> options, Session::Identity& identity,
                        wire::StatusFlags& status);

// KILL QUERY. Returns when the server has answered it, also with an error. Errors: as log_in().
Coro<> send_kill(std::shared_ptr<const SessionOptions> options, std::string address, std::uint32_t connection);

}  // namespace aio::mysql::detail
