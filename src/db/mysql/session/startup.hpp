// How a session begins. Internal.
#pragma once

#include <aio/core/coro.hpp>

#include "db/mysql/session/options.hpp"
#include "db/mysql/session/session.hpp"

#include <memory>

namespace aio::mysql::detail {

// Connects, authenticates and runs the initial statements. Cancel: the connection is closed. Errors: those of log_in(), and the
// server's. The result's copies share an owner: the last one aborts the connection, unless it is closed.
Coro<std::shared_ptr<Session>> open_session(std::shared_ptr<const SessionOptions> options);

}  // namespace aio::mysql::detail
