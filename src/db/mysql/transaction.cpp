// The statements of transactions that are MySQL's own; db/transaction_block.hpp has the others.
#include <aio/mysql/transaction.hpp>

#include "db/mysql/session/run.hpp"
#include "db/mysql/session/session.hpp"
#include "db/transaction_block.hpp"

#include <utility>

template class aio::db::detail::TransactionBlock<aio::mysql::detail::Transactions>;

namespace aio::mysql::detail {

std::string Transactions::begin_command(const TransactionOptions& options) {
    static constexpr const char* kIsolation[] = {"", "READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ",
                                                 "SERIALIZABLE"};
    std::string command;
    if (options.isolation != Isolation::server_default) {
        command +=
            std::string("SET TRANSACTION ISOLATION LEVEL ") + kIsolation[static_cast<int>(options.isolation)] + "; ";
    }
    command += "START TRANSACTION";
    if (options.consistent_snapshot) command += " WITH CONSISTENT SNAPSHOT";
    if (options.readonly) command += options.consistent_snapshot ? ", READ ONLY" : " READ ONLY";
    return command;
}

std::string Transactions::new_savepoint(Session& session) { return session.new_name(); }

bool Transactions::was_rolled_back(const Session& session) noexcept { return session.was_rolled_back(); }
void Transactions::outermost_ended(Session& session) noexcept { session.forget_rollback(); }

Coro<> Transactions::run(SharedSession session, std::string_view command, Exchange::Effect effect) {
    return run_script(std::move(session), std::string(command), Exchange::Dropped::stays, effect);
}

void Transactions::post(Session& session, std::string command, Exchange::Effect effect) {
    // A savepoint's rollback may fail, when there is no transaction any more.
    post_script(session, std::move(command), effect == Exchange::Effect::ends, effect);
}

}  // namespace aio::mysql::detail
