// The parts of Connection that do not depend on types. session/ brings them to the thread, engine/ does the work.
#include <aio/sqlite/connection.hpp>

#include <aio/base/error.hpp>
#include <aio/db/errors.hpp>

#include "db/sqlite/session/session.hpp"

#include <memory>
#include <string>
#include <utility>

namespace aio::sqlite {

namespace detail {

Coro<SharedResult> run_request(SharedSession session, Request request) {
    if (request.error) std::rethrow_exception(request.error);
    auto run = [request = std::move(request)](Database& database) { return database.run(request); };
    const auto job = make_job(std::move(run));
    session->submit(*job);
    co_await session->finished(*job);
    co_return job->take();
}

Coro<> run_for_nothing(SharedSession session, Request request) {
    co_await run_request(std::move(session), std::move(request));
}

namespace {

ExecuteResult changes_of(const ResultData& result) noexcept { return {result.changes, result.last_insert_rowid}; }

Coro<PreparedStatement> prepare(SharedSession session, std::string sql) {
    auto description = co_await prepare_statement(session, std::move(sql));
    const db::detail::Lease lease = session->lease();
    co_return PreparedStatement(std::move(session), std::move(description), lease);
}

Coro<> roll_back_all(SharedSession session) {
    co_await perform(
        session, [](Database& database) { database.roll_back_all(); }, Job::Dropped::stays, Job::Effect::ends);
}

}  // namespace

Coro<ExecuteResult> run_for_changes(SharedSession session, Request request) {
    const SharedResult result = co_await run_request(std::move(session), std::move(request));
    co_return changes_of(*result);
}

Coro<ExecuteResult> run_script(SharedSession session, std::string sql) {
    auto run = [sql = std::move(sql)](Database& database) { return database.run_script(sql); };
    const SharedResult result = co_await perform(std::move(session), std::move(run));
    co_return changes_of(*result);
}

Coro<std::shared_ptr<const Description>> prepare_statement(SharedSession session, std::string sql) {
    auto describe = [sql = std::move(sql)](Database& database) { return database.describe(sql); };
    co_return co_await perform(std::move(session), std::move(describe));
}

Coro<> add_function(SharedSession session, std::string name, Scalar function, FunctionOptions options) {
    auto add = [name, function, options](Database& database) { database.add_function(name, function, options); };
    co_await perform(std::move(session), std::move(add));
}

Coro<> add_aggregate(SharedSession session, std::string name, Aggregate aggregate, FunctionOptions options) {
    auto add = [name, aggregate, options](Database& database) { database.add_aggregate(name, aggregate, options); };
    co_await perform(std::move(session), std::move(add));
}

Coro<> add_collation(SharedSession session, std::string name, Collation compare) {
    auto add = [name, compare](Database& database) { database.add_collation(name, compare); };
    co_await perform(std::move(session), std::move(add));
}

}  // namespace detail

Coro<PreparedStatement> Connection::prepare(db::RuntimeSql sql) const {
    return detail::prepare(session_, std::string(sql.text));
}

Coro<int> Connection::limit(Limit limit, int value) const {
    auto set = [limit, value](detail::Database& database) { return database.limit(static_cast<int>(limit), value); };
    return detail::perform(session_, std::move(set));
}

Coro<> Connection::reset() const { return detail::roll_back_all(session_); }
bool Connection::is_in_transaction() const noexcept { return session_->is_in_transaction(); }
Coro<> Connection::close() const { return detail::Session::close(session_); }
void Connection::terminate() const noexcept { session_->abort(); }
bool Connection::is_closed() const noexcept { return !session_->is_open(); }

}  // namespace aio::sqlite
