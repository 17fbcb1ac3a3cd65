// How a session begins. Internal.
#pragma once

#include <aio/core/coro.hpp>

#include "db/pg/session/options.hpp"
#include "db/pg/session/session.hpp"

#include <memory>

namespace aio::pg::detail {

// Connects and authenticates. Cancel: the connection is closed. Errors: those of dial(); db::DatabaseError that the server
// answers with (db::AuthenticationError: wrong password); db::InterfaceError for a server that is not trusted, or is none.
// The result's copies share an owner: the last one aborts the connection, unless it is closed.
Coro<std::shared_ptr<Session>> open_session(std::shared_ptr<const SessionOptions> options);

}  // namespace aio::pg::detail
