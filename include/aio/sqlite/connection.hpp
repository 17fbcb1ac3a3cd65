// A connection to an SQLite database: the shape of aio::pg, for a file in this process.
//
//     auto db = co_await aio::sqlite::connect("notes.db");
//     co_await db.execute("INSERT INTO users(name, born) VALUES(?, ?)", "Bob", 1984y / 3 / 1);
//     for (const auto& row : co_await db.fetch("SELECT id, name FROM users WHERE id > ?", 0)) ...
//     auto count = co_await db.fetchval<std::int64_t>("SELECT count(*) FROM users");
//
// SQLite's calls block, so each connection has a thread, and the loop never waits for a disk or a lock. Arguments are bound, never
// inserted into the text. Statements are compiled when they are first used. Several tasks may use a connection at the same time:
// their statements are queued, run in order, and each fails alone; those that come together share the way to the thread and back.
// During a transaction, all statements on the connection belong to it.
//
// *Cancel*, for all functions that run a statement: one that has not begun is never begun; one that runs is interrupted, without
// waiting for it, and another statement is never hit. Outside of a transaction, an interrupted statement changes nothing. Inside,
// SQLite may roll the whole transaction back; what follows in its body then throws db::TransactionError. *Errors*: db::DatabaseError
// and its subclasses (aio/db/errors.hpp), whose report() has SQLite's extended result code; db::InterfaceError if the connection is
// closed; ValueError if an argument cannot be converted (aio/db/conversion_error.hpp), and then nothing was run; std::bad_alloc.
// Thread rule: the loop's thread.
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/core/coro.hpp>
#include <aio/db/errors.hpp>
#include <aio/db/pipeline.hpp>
#include <aio/db/sql.hpp>
#include <aio/sqlite/backup.hpp>
#include <aio/sqlite/blob.hpp>
#include <aio/sqlite/cursor.hpp>
#include <aio/sqlite/execution.hpp>
#include <aio/sqlite/functions.hpp>
#include <aio/sqlite/prepared_statement.hpp>
#include <aio/sqlite/row.hpp>
#include <aio/sqlite/transaction.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::sqlite {

// What limit() sets: https://www.sqlite.org/c3ref/c_limit_attached.html describes them.
enum class Limit : std::uint8_t {
    length,  // of a text, a blob or a row, in bytes
    sql_length,
    column,
    expression_depth,
    compound_select,
    vdbe_op,
    function_argument,
    attached,
    like_pattern_length,
    variable_number,
    trigger_depth,
    worker_threads
};

namespace detail {

Coro<> add_function(SharedSession session, std::string name, Scalar function, FunctionOptions options);
Coro<> add_aggregate(SharedSession session, std::string name, Aggregate aggregate, FunctionOptions options);
Coro<> add_collation(SharedSession session, std::string name, Collation compare);

template <class... Args>
Coro<> run_generated(SharedSession session, std::string sql, AsyncGenerator<std::tuple<Args...>> sets) {
    constexpr std::size_t kMostSets = 500, kMostBytes = 65'536;  // of a hop to the thread
    auto run_all = [&]() -> Coro<> {
        bool is_over = false;
        while (!is_over) {
            Request request(sql, RowsWanted::none);
            request.is_many = true;
            Parameters& parameters = request.parameters;
            while (!is_over && parameters.sets() < kMostSets && parameters.bytes().size() < kMostBytes) {
                const std::optional<std::tuple<Args...>> set = co_await sets.next();
                is_over = !set;
                const auto add = [&](const auto&... args) { parameters.add_set(args...); };
                if (set) std::apply(add, *set);
            }
            if (parameters.sets() > 0) co_await run_for_nothing(session, std::move(request));
        }
    };
    co_await in_transaction<void>(session, run_all, TransactionOptions());
}

}  // namespace detail

// A handle: copies name the same connection. Dropping all of them terminates it.
class Connection {
public:
    // For the library.
    explicit Connection(detail::SharedSession session) noexcept : session_(std::move(session)) {}

    // Runs a statement. Result: what it changed. Without arguments: any number of statements, separated by semicolons; each is a
    // transaction of its own unless they contain BEGIN, and an error ends the run: what was run before it stays. The result is
    // then that of the last one.
    template <class... Args>
    Coro<ExecuteResult> execute(db::SQLiteSql<Args...> sql, Args... args) const {
        if constexpr (sizeof...(Args) == 0) {
            return detail::run_script(session_, std::string(sql.text()));
        } else {
            return detail::run_for_changes(session_,
                                           detail::request_for(detail::RowsWanted::none, sql.text(), args...));
        }
    }
    // All rows.
    template <class... Args>
    Coro<Rows> fetch(db::SQLiteSql<Args...> sql, Args... args) const {
        return db::detail::rows_after<detail::Result>(
            detail::run_request(session_, detail::request_for(detail::RowsWanted::all, sql.text(), args...)));
    }
    // All rows as structs (aio/db/aggregate.hpp): `fetch_as<User>("SELECT id, name FROM users")`. Errors: also db::ColumnError if
    // the columns do not fit the fields.
    template <class T, class... Args>
    Coro<std::vector<T>> fetch_as(db::SQLiteSql<Args...> sql, Args... args) const {
        return db::detail::structs_after<detail::Result, T>(
            detail::run_request(session_, detail::request_for(detail::RowsWanted::all, sql.text(), args...)));
    }
    // The first row; nullopt if there is none.
    template <class... Args>
    Coro<std::optional<Row>> fetchrow(db::SQLiteSql<Args...> sql, Args... args) const {
        return db::detail::first_row_after<detail::Result>(
            detail::run_request(session_, detail::request_for(detail::RowsWanted::first, sql.text(), args...)));
    }
    // The first column of the first row, as a T. Errors: also db::NoRowError when there is no row, unless T is a
    // std::optional, which is then empty.
    template <class T, class... Args>
    Coro<T> fetchval(db::SQLiteSql<Args...> sql, Args... args) const {
        return db::detail::value_after<detail::Result, T>(
            detail::run_request(session_, detail::request_for(detail::RowsWanted::first, sql.text(), args...)));
    }
    // Runs a statement once for each tuple of `sets`, for example a std::vector of std::tuple: all of them, or none if one
    // fails. All are encoded by the call, and run in one hop to the thread.
    template <class Sets>
    Coro<> executemany(detail::SqlForSets<Sets> sql, const Sets& sets) const {
        return detail::run_for_nothing(session_,
                                       detail::request_for_many(detail::RowsWanted::none, sql.text(), sets));
    }
    // The same with the sets of a generator, AsyncGenerator<std::tuple<...>>, in bounded memory. They are run some hundred at a time,
    // in a transaction, or a savepoint inside of one: what other tasks run on this connection meanwhile belongs to it. Nothing is
    // stored if the generator throws. Cancel: nothing is stored.
    template <class... Args>
    Coro<> executemany(db::SQLiteSql<Args...> sql, AsyncGenerator<std::tuple<Args...>> sets) const {
        return detail::run_generated(session_, std::string(sql.text()), std::move(sets));
    }
    // As the first. Result: the rows of all executions in order, for example those of INSERT … RETURNING.
    template <class Sets>
    Coro<Rows> fetchmany(detail::SqlForSets<Sets> sql, const Sets& sets) const {
        return db::detail::rows_after<detail::Result>(
            detail::run_request(session_, detail::request_for_many(detail::RowsWanted::all, sql.text(), sets)));
    }
    // The rows one by one, in bounded memory (cursor.hpp).
    template <class... Args>
    AsyncGenerator<Row> cursor(db::SQLiteSql<Args...> sql, Args... args) const {
        return detail::read_cursor(session_, detail::request_for(detail::RowsWanted::all, sql.text(), args...));
    }
    // Compiles a statement, which stays in the cache as long as it is held and describes its columns.
    Coro<PreparedStatement> prepare(db::RuntimeSql sql) const;
    Coro<PreparedStatement> prepare(std::string_view sql) const { return prepare(db::runtime(sql)); }

    // Collects statements, and sends them to the thread together (aio/db/pipeline.hpp).
    db::Pipeline<Connection, db::Dialect::sqlite> pipeline() const {
        return db::Pipeline<Connection, db::Dialect::sqlite>(*this);
    }

    // Runs `body`, a function that returns a Coro, in a transaction. It is committed when the body returns, and rolled back when
    // the body throws, also CancelledError. Inside a transaction: a savepoint. Result: the body's. *Cancel* during the commit:
    // it takes place, and is not waited for. *Errors*: also db::LockNotAvailableError if the lock was not given in busy_timeout;
    // db::TransactionError if SQLite rolled back by itself, as it does when a disk is full; db::InterfaceError if transactions of
    // several tasks overlap, since a connection has only one at a time.
    template <class F>
    auto transaction(F body, TransactionOptions options = {}) const {
        return detail::in_transaction<typename std::invoke_result_t<F&>::value_type>(session_, std::move(body),
                                                                                     options);
    }
    // Whether a transaction is open.
    bool is_in_transaction() const noexcept;

    // A blob or text of a row, by the row's rowid.
    Coro<Blob> open_blob(std::string_view table, std::string_view column, std::int64_t rowid,
                         BlobOptions options = {}) const;

    // Adds a function, an aggregate with a State of its own for each group, or a collation, or replaces one (functions.hpp). Errors:
    // db::OperationalError if a statement is using the one to be replaced.
    template <class F>
    Coro<> create_function(std::string name, F function, FunctionOptions options = {}) const {
        return detail::add_function(session_, std::move(name), detail::scalar_of(std::move(function)), options);
    }
    template <class State, class Step, class Finish>
    Coro<> create_aggregate(std::string name, Step step, Finish finish, FunctionOptions options = {}) const {
        auto aggregate = detail::aggregate_of<State>(std::move(step), std::move(finish));
        return detail::add_aggregate(session_, std::move(name), std::move(aggregate), options);
    }
    // `compare(a, b)` is below, equal to or above 0, as std::string_view::compare() is.
    template <class F>
    Coro<> create_collation(std::string name, F compare) const {
        return detail::add_collation(session_, std::move(name), detail::Collation(std::move(compare)));
    }

    // Copies the database, while others use it, to a file, which is replaced, or into another connection, whose own statements wait
    // meanwhile (backup.hpp). *Cancel*: the copy ends, and the target is as it was before. *Errors*: also ValueError for a
    // connection with itself, and what `progress` throws. It is called after each step, on the loop's thread; it must not wait for
    // a statement on the target.
    Coro<> backup(std::string_view path, BackupOptions options = {},
                  std::function<void(BackupProgress)> progress = {}) const;
    Coro<> backup(Connection target, BackupOptions options = {},
                  std::function<void(BackupProgress)> progress = {}) const;

    // Sets a limit, as a defence against statements that are not trusted. Result: the one before. A negative `value` only reads it.
    Coro<int> limit(Limit limit, int value) const;

    // Rolls back an open transaction. For pools.
    Coro<> reset() const;

    // Waits for the statements that were begun, closes the database and ends the thread. Cancel: it is terminated. Open cursors
    // and blobs are closed.
    Coro<> close() const;
    // Closes the database without waiting. Running statements are interrupted and fail; a transaction is rolled back.
    void terminate() const noexcept;
    bool is_closed() const noexcept;

    // For the library.
    const detail::SharedSession& session() const noexcept { return session_; }

private:
    detail::SharedSession session_;
};

}  // namespace aio::sqlite
