// Transactions: what Connection::transaction() takes.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/transaction_body.hpp>
#include <aio/sqlite/execution.hpp>

#include <cstdint>
#include <exception>
#include <utility>

namespace aio::sqlite {

// When a transaction takes the database's only write lock.
enum class TransactionMode : std::uint8_t {
    automatic,  // immediate; deferred on a connection that is read-only
    deferred,   // when it first writes, which fails if another connection wrote since it first read
    immediate,  // at once, waiting for busy_timeout
    exclusive   // the same, and without WAL nobody else can read
};

// The options of a transaction.
struct TransactionOptions {
    TransactionMode mode = TransactionMode::automatic;
    bool readonly = false;  // statements in it that write fail; automatic is deferred then
};

namespace detail {

// What is run around a body: BEGIN, COMMIT and ROLLBACK, or the statements of a savepoint inside of another one.
class TransactionBlock {
public:
    TransactionBlock(SharedSession session, const TransactionOptions& options);
    TransactionBlock(const TransactionBlock&) = delete;
    ~TransactionBlock();

    // Each takes place even if its task is cancelled. Result: CancelledError, which came meanwhile, or null.
    Coro<std::exception_ptr> begin();
    // Errors: also db::TransactionError when SQLite has rolled back; db::InterfaceError when one that began inside of this one is
    // still open.
    Coro<> commit();
    // Errors are not told: whoever rolls back has another to tell.
    Coro<> roll_back();

    // The same without waiting, for a task that was cancelled: what comes next on the connection is behind it.
    void post_roll_back() noexcept;

private:
    SharedSession session_;
    TransactionOptions options_;
    TransactionBlock* outer_;  // that began before it and is open; session_ knows the last one
    std::uint64_t number_;     // of the session's blocks
    bool is_savepoint_;
};

template <class T, class F>
Coro<T> in_transaction(SharedSession session, F body, TransactionOptions options) {
    TransactionBlock block(std::move(session), options);
    co_return co_await db::detail::run_in_block<T>(block, body);
}

}  // namespace detail

}  // namespace aio::sqlite
