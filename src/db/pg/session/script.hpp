// Scripts on a session: any number of statements, without arguments. Internal.
#pragma once

#include <aio/core/coro.hpp>

#include "db/pg/session/exchange.hpp"
#include "db/pg/session/session.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace aio::pg::detail {

// In one transaction if the statements have none of their own. Result: what the server says was done by the last one.
Coro<std::string> run_script(std::shared_ptr<Session> session, std::string_view sql,
                             Exchange::Dropped dropped = Exchange::Dropped::stops,
                             Exchange::Effect effect = Exchange::Effect::none);

// Whether nothing is left of a statement, or of a script, when the server has stopped it: none begins with what may commit on
// its own.
bool leaves_nothing(std::string_view sql);

// Whether it may leave something behind in its session that a reset would remove: settings, listeners, locks, cursors.
bool may_change_session(std::string_view sql);

// Whether it may be a COPY FROM STDIN, after which the server takes for data what comes.
bool may_want_data(std::string_view sql);

// Rolls back what is open, and runs `script`; an error of it ends the connection. Nobody waits for it. Errors:
// db::InterfaceError when the connection is closed; std::bad_alloc.
void reset_session(Session& session, std::string_view script);
// Runs a script that nobody waits for, and whose errors nobody sees; of a vital one they end the connection. Errors: as
// reset_session().
void post_script(Session& session, std::string_view script, bool is_vital = false,
                 Exchange::Effect effect = Exchange::Effect::none);

}  // namespace aio::pg::detail
