// Transactions: what Connection::transaction() takes.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/transaction_body.hpp>
#include <aio/pg/execution.hpp>

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace aio::pg {

// The isolation of a transaction.
enum class Isolation : std::uint8_t { server_default, read_committed, repeatable_read, serializable };

// The options of a transaction: asyncpg's transaction().
struct TransactionOptions {
    Isolation isolation = Isolation::server_default;
    bool readonly = false;
    bool deferrable = false;  // with serializable and readonly: waits until it cannot cause or suffer a conflict
};

namespace detail {

// What is sent around a body: BEGIN, COMMIT and ROLLBACK, or the statements of a savepoint inside of another one.
class TransactionBlock {
public:
    // Errors: db::InterfaceError when it is inside of one and wants what a savepoint cannot have.
    TransactionBlock(SharedSession session, const TransactionOptions& options);
    TransactionBlock(const TransactionBlock&) = delete;
    ~TransactionBlock();  // rolls back what is still open, without waiting

    // Each takes place even if its task is cancelled. Result: CancelledError, which came meanwhile, or null.
    Coro<std::exception_ptr> begin();
    // Errors: also db::TransactionError when the server has rolled back; db::InterfaceError when one that began inside of this
    // one is still open.
    Coro<> commit();
    // Errors of the server's are not told: whoever rolls back has another to tell.
    Coro<> roll_back();

    // The same without waiting, for a task that was cancelled: what comes next on the connection is behind it.
    void post_roll_back() noexcept;

private:
    std::string rollback_command() const;
    bool is_over() const noexcept;

    SharedSession session_;
    TransactionOptions options_;
    TransactionBlock* outer_;  // that began before it and is open; session_ knows the last one
    std::string savepoint_;    // its name, or empty
    bool is_begun_ = false;    // and neither COMMIT nor ROLLBACK was sent
};

template <class T, class F>
Coro<T> in_transaction(detail::SharedSession session, F body, TransactionOptions options) {
    TransactionBlock block(std::move(session), options);
    co_return co_await db::detail::run_in_block<T>(block, body);
}

}  // namespace detail

}  // namespace aio::pg
