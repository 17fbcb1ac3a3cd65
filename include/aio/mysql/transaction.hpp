// Transactions: what Connection::transaction() takes.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/transaction_block.hpp>
#include <aio/db/transaction_body.hpp>
#include <aio/mysql/execution.hpp>

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace aio::mysql {

// The isolation of a transaction.
enum class Isolation : std::uint8_t {
    server_default,
    read_uncommitted,
    read_committed,
    repeatable_read,
    serializable
};

// The options of a transaction.
struct TransactionOptions {
    Isolation isolation = Isolation::server_default;
    bool readonly = false;
    bool consistent_snapshot = false;  // reads see the database as it is when the transaction begins
};

namespace detail {

// What aio/db/transaction_block.hpp wants to know.
struct Transactions {
    using Session = detail::Session;
    using Options = TransactionOptions;
    static std::string begin_command(const TransactionOptions& options);
    static std::string new_savepoint(Session& session);
    static bool was_rolled_back(const Session& session) noexcept;
    static void outermost_ended(Session& session) noexcept;
    static Coro<> run(SharedSession session, std::string_view command, db::detail::TransactionEffect effect);
    static void post(Session& session, std::string command, db::detail::TransactionEffect effect);
};

using TransactionBlock = db::detail::TransactionBlock<Transactions>;

template <class T, class F>
Coro<T> in_transaction(SharedSession session, F body, TransactionOptions options) {
    TransactionBlock block(std::move(session), options);
    co_return co_await db::detail::run_in_block<T>(block, body);
}

}  // namespace detail

}  // namespace aio::mysql

// In the library.
extern template class aio::db::detail::TransactionBlock<aio::mysql::detail::Transactions>;
