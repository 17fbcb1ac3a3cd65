// The functions of TransactionBlock, for the source of each driver that instantiates it. Internal.
#pragma once

#include <aio/base/error.hpp>
#include <aio/db/errors.hpp>
#include <aio/db/transaction_block.hpp>

#include <exception>
#include <string>
#include <utility>

namespace aio::db::detail {

template <class Driver>
TransactionBlock<Driver>::TransactionBlock(std::shared_ptr<Session> session, const Options& options)
    : session_(std::move(session)), options_(options), outer_(session_->innermost) {
    // A BEGIN of ours may be under way; one in a script of the user's is seen once it is answered.
    const bool is_inside = outer_ || session_->is_in_transaction();
    if (is_inside) {
        const Options around = outer_ ? outer_->options_ : Options();
        if (options.isolation != Options().isolation && options.isolation != around.isolation) {
            throw InterfaceError("transaction: its isolation differs from that of the transaction around it");
        }
        if (options.readonly && !around.readonly) {
            throw InterfaceError("transaction: it cannot be read-only inside of a transaction that is not");
        }
        options_ = around;
        savepoint_ = Driver::new_savepoint(*session_);
    }
    session_->innermost = this;
}

template <class Driver>
TransactionBlock<Driver>::~TransactionBlock() {
    if (is_begun_) post_roll_back();  // there was no memory to do it as usual
    for (TransactionBlock** at = &session_->innermost; *at; at = &(*at)->outer_) {
        if (*at != this) continue;
        *at = outer_;
        break;
    }
    if (!session_->innermost) Driver::outermost_ended(*session_);
}

template <class Driver>
Coro<std::exception_ptr> TransactionBlock<Driver>::begin() {
    const std::string command = is_savepoint() ? "SAVEPOINT " + savepoint_ : Driver::begin_command(options_);
    is_begun_ = true;
    try {
        co_await Driver::run(session_, command, effect(TransactionEffect::begins));
    } catch (const CancelledError&) {
        co_return std::current_exception();
    } catch (const Error&) {
        is_begun_ = false;
        throw;
    }
    co_return nullptr;
}

template <class Driver>
Coro<> TransactionBlock<Driver>::commit() {
    std::exception_ptr failure;
    if (session_->innermost != this) {
        failure = std::make_exception_ptr(
            InterfaceError("transaction: another one was begun inside of it and is still open; tasks that "
                           "need transactions at the same time need a connection each"));
    } else {
        // Refused if the server has rolled back meanwhile.
        const std::string command = is_savepoint() ? "RELEASE SAVEPOINT " + savepoint_ : "COMMIT";
        try {
            auto answered = Driver::run(session_, command, effect(TransactionEffect::ends));
            if constexpr (requires { Driver::failure_of_commit({}); }) {
                const auto answer = co_await std::move(answered);
                if (!is_savepoint()) failure = Driver::failure_of_commit(answer);
            } else {
                co_await std::move(answered);
            }
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

template <class Driver>
std::string TransactionBlock<Driver>::rollback_command() const {
    return is_savepoint() ? "ROLLBACK TO SAVEPOINT " + savepoint_ + "; RELEASE SAVEPOINT " + savepoint_ : "ROLLBACK";
}

template <class Driver>
bool TransactionBlock<Driver>::is_over() const noexcept {
    return !session_->is_open() || Driver::was_rolled_back(*session_) ||
           (!is_savepoint() && session_->is_idle() && !session_->is_in_transaction());
}

template <class Driver>
Coro<> TransactionBlock<Driver>::roll_back() {
    if (is_over()) {
        is_begun_ = false;
        co_return;
    }
    try {
        const std::string command = rollback_command();
        co_await Driver::run(session_, command, effect(TransactionEffect::ends));
    } catch (const Error&) {
        // The server, or the loss of the connection, has rolled it back.
    }
    is_begun_ = false;
}

template <class Driver>
void TransactionBlock<Driver>::post_roll_back() noexcept {
    is_begun_ = false;
    if (is_over()) return;
    try {
        Driver::post(*session_, rollback_command(), effect(TransactionEffect::ends));
    } catch (...) {
        session_->abort();  // no memory: it must not stay open
    }
}

}  // namespace aio::db::detail
