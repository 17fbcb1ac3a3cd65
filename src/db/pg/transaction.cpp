// The statements of transactions that are PostgreSQL's own; db/transaction_block.hpp has the others.
#include <aio/pg/transaction.hpp>

#include <aio/db/errors.hpp>

#include "db/pg/session/script.hpp"
#include "db/pg/session/session.hpp"
#include "db/transaction_block.hpp"

#include <utility>

template class aio::db::detail::TransactionBlock<aio::pg::detail::Transactions>;

namespace aio::pg::detail {

std::string Transactions::begin_command(const TransactionOptions& options) {
    static constexpr const char* kIsolation[] = {"", " ISOLATION LEVEL READ COMMITTED",
                                                 " ISOLATION LEVEL REPEATABLE READ", " ISOLATION LEVEL SERIALIZABLE"};
    std::string command = "BEGIN";
    command += kIsolation[static_cast<int>(options.isolation)];
    if (options.readonly) command += " READ ONLY";
    if (options.deferrable) command += " DEFERRABLE";
    return command;
}

std::string Transactions::new_savepoint(Session& session) { return session.new_name('p'); }

// Whatever a transaction that has failed is asked for is refused until it is rolled back.
bool Transactions::was_rolled_back(const Session&) noexcept { return false; }
void Transactions::outermost_ended(Session&) noexcept {}

Coro<std::string> Transactions::run(SharedSession session, std::string_view command, Exchange::Effect effect) {
    return run_script(std::move(session), command, Exchange::Dropped::stays, effect);
}

void Transactions::post(Session& session, std::string command, Exchange::Effect effect) {
    post_script(session, command, true, effect);
}

std::exception_ptr Transactions::failure_of_commit(const std::string& tag) {
    if (tag != "ROLLBACK") return nullptr;
    db::ErrorReport report;
    report.severity = "ERROR";
    report.sqlstate = "25P02";
    report.message = "the transaction was rolled back, not committed, because a statement in it had failed";
    return db::make_database_error(std::move(report));
}

}  // namespace aio::pg::detail
