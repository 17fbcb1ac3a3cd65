// What is sent around the body of a transaction: BEGIN, COMMIT and ROLLBACK, or the statements of a savepoint inside of another one.
// Of databases whose sessions are told so in SQL. Internal.
#pragma once

#include <aio/core/coro.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>

namespace aio::db::detail {

// What a statement does to its session's transaction, as far as the driver knows.
enum class TransactionEffect : std::uint8_t { none, begins, ends };

// Driver: Session and Options, which have `isolation` and `readonly`; static functions:
//     std::string begin_command(const Options&)
//     std::string new_savepoint(Session&)                 a name
//     bool was_rolled_back(const Session&) noexcept       by the server, though the body still runs
//     void outermost_ended(Session&) noexcept
//     Coro<Answer> run(shared Session, std::string_view command, TransactionEffect), which takes place even if its task is cancelled
//     void post(Session&, std::string command, TransactionEffect), the same without waiting
//     std::exception_ptr failure_of_commit(const Answer&), unless run() returns a Coro<>
template <class Driver>
class TransactionBlock {
public:
    using Session = typename Driver::Session;
    using Options = typename Driver::Options;

    // Errors: db::InterfaceError when it is inside of one and wants what a savepoint cannot have.
    TransactionBlock(std::shared_ptr<Session> session, const Options& options);
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
    bool is_savepoint() const noexcept { return !savepoint_.empty(); }
    // A savepoint begins and ends no transaction.
    TransactionEffect effect(TransactionEffect of_outermost) const noexcept {
        return is_savepoint() ? TransactionEffect::none : of_outermost;
    }
    std::string rollback_command() const;
    bool is_over() const noexcept;

    std::shared_ptr<Session> session_;
    Options options_;
    TransactionBlock* outer_;  // that began before it and is open; session_ knows the last one
    std::string savepoint_;    // its name, or empty
    bool is_begun_ = false;    // and neither COMMIT nor ROLLBACK was sent
};

}  // namespace aio::db::detail
