// The statements of transactions. engine/blocks.cpp has them.
#include <aio/sqlite/transaction.hpp>

#include <aio/base/error.hpp>
#include <aio/db/errors.hpp>

#include "db/sqlite/session/session.hpp"

#include <utility>

namespace aio::sqlite::detail {

TransactionBlock::TransactionBlock(SharedSession session, const TransactionOptions& options)
    : session_(std::move(session)),
      options_(options),
      outer_(session_->innermost),
      number_(session_->new_number()),
      // A BEGIN of ours may be under way; one of the user's is seen once it has ended.
      is_savepoint_(outer_ != nullptr || session_->is_in_transaction()) {
    session_->innermost = this;
}

TransactionBlock::~TransactionBlock() {
    for (TransactionBlock** at = &session_->innermost; *at; at = &(*at)->outer_) {
        if (*at != this) continue;
        *at = outer_;
        return;
    }
}

namespace {

Job::Effect effect_of(bool is_savepoint, Job::Effect effect) noexcept {
    return is_savepoint ? Job::Effect::none : effect;
}

}  // namespace

Coro<std::exception_ptr> TransactionBlock::begin() {
    auto begin = [number = number_, is_savepoint = is_savepoint_, options = options_](Database& database) {
        database.begin_block(number, is_savepoint, options);
    };
    try {
        co_await perform(session_, begin, Job::Dropped::stays, effect_of(is_savepoint_, Job::Effect::begins));
    } catch (const CancelledError&) {
        co_return std::current_exception();
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
        auto commit = [number = number_, is_savepoint = is_savepoint_](Database& database) {
            database.commit_block(number, is_savepoint);
        };
        try {
            co_await perform(session_, commit, Job::Dropped::stays, effect_of(is_savepoint_, Job::Effect::ends));
        } catch (const Error&) {
            failure = std::current_exception();
        } catch (const std::bad_alloc&) {
            failure = std::current_exception();
        }
    }
    if (!failure) co_return;
    co_await roll_back();
    std::rethrow_exception(failure);
}

Coro<> TransactionBlock::roll_back() {
    if (!session_->is_open()) co_return;
    auto roll_back = [number = number_, is_savepoint = is_savepoint_](Database& database) {
        database.roll_back_block(number, is_savepoint);
    };
    co_await perform(session_, roll_back, Job::Dropped::stays, effect_of(is_savepoint_, Job::Effect::ends));
}

void TransactionBlock::post_roll_back() noexcept {
    if (!session_->is_open()) return;
    try {
        auto roll_back = [number = number_, is_savepoint = is_savepoint_](Database& database) {
            database.roll_back_block(number, is_savepoint);
        };
        const auto job = make_job(roll_back, Job::Dropped::stays, effect_of(is_savepoint_, Job::Effect::ends));
        session_->try_submit(*job);
    } catch (...) {
        session_->abort();  // no memory: it must not stay open
    }
}

}  // namespace aio::sqlite::detail
