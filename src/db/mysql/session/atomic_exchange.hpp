// Exchanges whose commands take effect together or not at all: in a transaction of their own, or behind a savepoint. Internal.
#pragma once

#include "db/mysql/session/result_exchange.hpp"
#include "db/mysql/session/session.hpp"
#include "db/mysql/wire/client_packets.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace aio::mysql::detail {

// Its results: of START TRANSACTION or SAVEPOINT, of the commands, and of what ends them.
class AtomicExchange : public ResultExchange {
protected:
    AtomicExchange(Session& session, Format format, RowsWanted wanted)
        : ResultExchange(session, format, wanted, Dropped::stops,
                         session.is_in_transaction() ? Effect::none : Effect::ends),
          session_(session) {}

    // Appends the commands, and says of each what expects() says.
    virtual void write_commands(std::string& output) = 0;

    // It is alone: all that was sent before it has been answered, and the session knows whether a transaction is open.
    void write(std::string& output) final {
        const bool is_inside = (session_.status() & wire::kInTransaction) != 0;
        savepoint_ = is_inside ? session_.new_name() : std::string();
        const std::string begin = is_inside ? "SAVEPOINT " + savepoint_ : "START TRANSACTION";
        expects(wire::append_command(output, wire::Command::query, begin));
        write_commands(output);
    }
    bool write_more(std::string& output) final {
        if (std::exchange(is_ending_, true)) return false;
        std::string end = savepoint_.empty() ? "COMMIT" : "RELEASE SAVEPOINT " + savepoint_;
        if (!is_wanted()) end = savepoint_.empty() ? "ROLLBACK" : "ROLLBACK TO SAVEPOINT " + savepoint_;
        expects(wire::append_command(output, wire::Command::query, end));
        return true;
    }
    bool received(Session& session, std::string_view payload) final {
        // What is not rolled back would belong to the next transaction of the connection.
        if (is_ending_ && !is_wanted() && wire::begins_with(payload, wire::kErrorHeader)) session.abort();
        return ResultExchange::received(session, payload);
    }
    bool is_alone() const noexcept final { return true; }  // others would come into its transaction
    bool may_repeat() const noexcept final { return false; }
    Session& session() noexcept { return session_; }

private:
    Session& session_;
    std::string savepoint_;  // its name, or empty
    bool is_ending_ = false;
};

}  // namespace aio::mysql::detail
