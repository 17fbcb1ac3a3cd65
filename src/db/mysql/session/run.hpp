// Runs of statements: prepared ones, and scripts in the text protocol. Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/mysql/execution.hpp>

#include "db/mysql/session/columns.hpp"
#include "db/mysql/session/exchange.hpp"
#include "db/mysql/session/result_exchange.hpp"
#include "db/mysql/session/session.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace aio::mysql::detail {

// A statement of the cache, which is prepared if it is new. Cancel: it is prepared all the same. Errors: the server's.
Coro<std::shared_ptr<const Statement>> prepare(Session& session, std::string_view sql);
// One that is not in the cache: for a cursor, of which a statement has only one. Whoever asked for it closes it.
Coro<std::shared_ptr<const Statement>> prepare_alone(Session& session, std::string_view sql);

// SQL in the text protocol: any number of statements.
class TextExchange : public ResultExchange {
public:
    TextExchange(Session& session, std::string sql, RowsWanted wanted, Dropped dropped = Dropped::stops,
                 Effect effect = Effect::none)
        : ResultExchange(session, Format::text, wanted, dropped, effect),
          sql_(std::move(sql)),
          begins_(effect == Effect::begins) {}

protected:
    void write(std::string& output) override;
    bool may_repeat() const noexcept override { return begins_ || leaves_nothing(sql_); }
    std::string_view statement() const noexcept override { return sql_; }

private:
    std::string sql_;
    bool begins_;  // a transaction, which may be begun once more
};

// For the driver's own statements. Result: none.
Coro<> run_script(std::shared_ptr<Session> session, std::string sql,
                  Exchange::Dropped dropped = Exchange::Dropped::stops,
                  Exchange::Effect effect = Exchange::Effect::none);
// Runs a script that nobody waits for, and whose errors nobody sees; of a vital one they end the connection. Errors:
// db::InterfaceError when the connection is closed; std::bad_alloc.
void post_script(Session& session, std::string sql, bool is_vital = false,
                 Exchange::Effect effect = Exchange::Effect::none);

// COM_RESET_CONNECTION, and what belongs to each session: the character set, autocommit, init_command. The server forgets all
// prepared statements. Nobody waits for it; an error ends the connection. Errors: as post_script().
void post_reset(Session& session);
Coro<> reset(std::shared_ptr<Session> session);
// What is sent after connecting, or empty.
std::string initial_script(const SessionOptions& options, wire::StatusFlags status);

}  // namespace aio::mysql::detail
