// The statements of transactions: START TRANSACTION, COMMIT and ROLLBACK, or those of a savepoint.
#include <aio/mysql/transaction.hpp>

#include <aio/base/error.hpp>
#include <aio/db/errors.hpp>

#include "db/mysql/session/run.hpp"

#include <utility>

namespace aio::mysql::detail {

TransactionBlock::TransactionBlock(SharedSession session, const TransactionOptions& options)
    : session_(std::move(session)), options_(options), outer_(session_->innermost) {
    // A START TRANSACTION of ours may be under way; one of the user's own is seen once it is answered.
    const bool is_inside = outer_ || session_->is_in_transaction();
    if (is_inside) {
        const TransactionOptions around = outer_ ? outer_->options_ : TransactionOptions();
        if (options.isolation != Isolation::server_default && options.isolation != around.isolation) {
            throw db::InterfaceError("transaction: its isolation differs from that of the transaction around it");
        }
        if (options.readonly && !around.readonly) {
            throw db::InterfaceError("transaction: it cannot be read-only inside of a transaction that is not");
        }
        options_ = around;
        savepoint_ = session_->new_name();
    }
    session_->innermost = this;
}

TransactionBlock::~TransactionBlock() {
    if (is_begun_) post_roll_back();  // there was no memory to do it as usual
    for (TransactionBlock** at = &session_->innermost; *at; at = &(*at)->outer_) {
        if (*at != this) continue;
        *at = outer_;
        break;
    }
    if (!session_->innermost) session_->forget_rollback();
}

namespace {

Exchange::Effect effect_of(const std::string& savepoint, Exchange::Effect effect) noexcept {
    return savepoint.empty() ? effect : Exchange::Effect::none;
}

}  // namespace

Coro<std::exception_ptr> TransactionBlock::begin() {
    static constexpr const char* kIsolation[] = {"", "READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ",
                                                 "SERIALIZABLE"};
    std::string command = "SAVEPOINT " + savepoint_;
    if (savepoint_.empty()) {
        command.clear();
        if (options_.isolation != Isolation::server_default) {
            command += std::string("SET TRANSACTION ISOLATION LEVEL ") +
                       kIsolation[static_cast<int>(options_.isolation)] + "; ";
        }
        command += "START TRANSACTION";
        if (options_.consistent_snapshot) command += " WITH CONSISTENT SNAPSHOT";
        if (options_.readonly) command += options_.consistent_snapshot ? ", READ ONLY" : " READ ONLY";
    }
    is_begun_ = true;
    try {
        co_await run_script(session_, command, Exchange::Dropped::stays,
                            effect_of(savepoint_, Exchange::Effect::begins));
    } catch (const CancelledError&) {
        co_return std::current_exception();
    } catch (const Error&) {
        is_begun_ = false;
        throw;
    }
    co_return nullptr;
}

Coro<> TransactionBlock::commit() {
    std::exception_ptr failure;
    if (session_->innermost != this) {
        failure = std::make_exception_ptr(
            db::InterfaceError("transaction: another one was begun inside of it and is still open; tasks that "
                               "need transactions at the same time need a connection each"));
    } else {
        try {
            // Refused if the server has rolled back meanwhile.
            const std::string command = savepoint_.empty() ? "COMMIT" : "RELEASE SAVEPOINT " + savepoint_;
            co_await run_script(session_, command, Exchange::Dropped::stays,
                                effect_of(savepoint_, Exchange::Effect::ends));
            is_begun_ = false;
        } catch (const CancelledError&) {
            is_begun_ = false;  // it takes place
            throw;
        } catch (const Error&) {
            failure = std::current_exception();
        }
    }
    if (!failure) co_return;
    co_await roll_back();
    std::rethrow_exception(failure);
}

std::string TransactionBlock::rollback_command() const {
    return savepoint_.empty() ? "ROLLBACK"
                              : "ROLLBACK TO SAVEPOINT " + savepoint_ + "; RELEASE SAVEPOINT " + savepoint_;
}

bool TransactionBlock::is_over() const noexcept {
    return !session_->is_open() || session_->was_rolled_back() ||
           (savepoint_.empty() && session_->is_idle() && !session_->is_in_transaction());
}

Coro<> TransactionBlock::roll_back() {
    if (is_over()) {
        is_begun_ = false;
        co_return;
    }
    try {
        const std::string command = rollback_command();
        co_await run_script(session_, command, Exchange::Dropped::stays,
                            effect_of(savepoint_, Exchange::Effect::ends));
    } catch (const Error&) {
        // The server, or the loss of the connection, has rolled it back.
    }
    is_begun_ = false;
}

void TransactionBlock::post_roll_back() noexcept {
    is_begun_ = false;
    if (is_over()) return;
    try {
        post_script(*session_, rollback_command(), savepoint_.empty(), effect_of(savepoint_, Exchange::Effect::ends));
    } catch (...) {
        session_->abort();  // no memory: it must not stay open
    }
}

}  // namespace aio::mysql::detail
