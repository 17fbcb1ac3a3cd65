// A connection to a PostgreSQL server: asyncpg's, in C++.
//
//     auto connection = co_await aio::pg::connect("postgresql://user@host/database");
//     co_await connection.execute("INSERT INTO users(name, born) VALUES($1, $2)", "Bob", 1984y / 3 / 1);
//     for (const auto& row : co_await connection.fetch("SELECT id, name FROM users WHERE id > $1", 0)) ...
//     auto count = co_await connection.fetchval<std::int64_t>("SELECT count(*) FROM users");
//
// Arguments are bound, never inserted into the text. A statement is prepared when it is first used, and then takes one round
// trip. Several tasks may use a connection at the same time: their statements are sent without waiting for each other's
// answers, and each fails alone. During a transaction, all statements on the connection belong to it.
//
// *Cancel*, for all functions that run a statement: a statement that has not been sent is never sent; one that the server is
// executing is stopped there, without waiting for it, and may have taken effect; the connection stays usable. *Errors*:
// db::DatabaseError and its subclasses (aio/db/errors.hpp) from the server; db::InterfaceError and OSError if the connection is
// closed or lost; ValueError if an argument cannot be converted (aio/db/conversion_error.hpp), and then nothing was sent.
// Thread rule: the loop's thread. Source: asyncpg 0.30.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/errors.hpp>
#include <aio/db/pipeline.hpp>
#include <aio/db/sql.hpp>
#include <aio/pg/copy.hpp>
#include <aio/pg/cursor.hpp>
#include <aio/pg/execution.hpp>
#include <aio/pg/notification.hpp>
#include <aio/pg/prepared_statement.hpp>
#include <aio/pg/query_logger.hpp>
#include <aio/pg/row.hpp>
#include <aio/pg/transaction.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::pg {

namespace detail {

// Restores what Connection::reset() promises, but for an open transaction.
inline constexpr std::string_view kResetScript = "SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL";

Coro<std::string> run_script_text(SharedSession session, std::string sql);

}  // namespace detail

// A handle: copies name the same connection. Dropping all of them aborts it.
class Connection {
public:
    // For the library.
    explicit Connection(detail::SharedSession session) noexcept : session_(std::move(session)) {}

    // Runs a statement. Result: the server's command tag, "INSERT 0 1". Without arguments: any number of statements, separated
    // by semicolons, in one transaction unless they contain BEGIN or COMMIT; the result is that of the last one.
    template <class... Args>
    Coro<std::string> execute(db::Sql<Args...> sql, Args... args) const {
        if constexpr (sizeof...(Args) == 0) {
            return detail::run_script_text(session_, std::string(sql.text()));
        } else {
            return detail::tag_after(run(detail::RowsWanted::none, sql.text(), std::move(args)...));
        }
    }
    // All rows.
    template <class... Args>
    Coro<Rows> fetch(db::Sql<Args...> sql, Args... args) const {
        return db::detail::rows_after<detail::Result>(run(detail::RowsWanted::all, sql.text(), std::move(args)...));
    }
    // All rows as structs (aio/db/aggregate.hpp): `fetch_as<User>("SELECT id, name FROM users")`. Errors: also db::ColumnError if
    // the columns do not fit the fields.
    template <class T, class... Args>
    Coro<std::vector<T>> fetch_as(db::Sql<Args...> sql, Args... args) const {
        return db::detail::structs_after<detail::Result, T>(
            run(detail::RowsWanted::all, sql.text(), std::move(args)...));
    }
    // The first row; nullopt if there is none.
    template <class... Args>
    Coro<std::optional<Row>> fetchrow(db::Sql<Args...> sql, Args... args) const {
        return db::detail::first_row_after<detail::Result>(
            run(detail::RowsWanted::first, sql.text(), std::move(args)...));
    }
    // The first column of the first row, as a T. Errors: also db::NoRowError when there is no row, unless T is a
    // std::optional, which is then empty.
    template <class T, class... Args>
    Coro<T> fetchval(db::Sql<Args...> sql, Args... args) const {
        return db::detail::value_after<detail::Result, T>(
            run(detail::RowsWanted::first, sql.text(), std::move(args)...));
    }
    // Runs a statement once for each tuple of `sets`, for example a std::vector of std::tuple: all of them, or none if one
    // fails. All are encoded before the first is sent.
    template <class Sets>
    Coro<> executemany(detail::SqlForSets<Sets> sql, Sets sets) const {
        return detail::nothing_after(
            detail::run_many(session_, sql.text(), detail::RowsWanted::none, std::move(sets)));
    }
    // The same. Result: the rows of all executions in order, for example those of INSERT … RETURNING.
    template <class Sets>
    Coro<Rows> fetchmany(detail::SqlForSets<Sets> sql, Sets sets) const {
        return db::detail::rows_after<detail::Result>(
            detail::run_many(session_, sql.text(), detail::RowsWanted::all, std::move(sets)));
    }
    // The rows one by one, in bounded memory (cursor.hpp). It needs a transaction, and ends with it. Errors:
    // db::InterfaceError outside a transaction.
    template <class... Args>
    AsyncGenerator<Row> cursor(db::Sql<Args...> sql, Args... args) const {
        return detail::read_cursor<Args...>(session_, std::string(sql.text()), std::move(args)...);
    }
    // A cursor that is positioned by hand (cursor.hpp). Errors: also db::InterfaceError outside a transaction.
    template <class... Args>
    Coro<Cursor> open_cursor(db::Sql<Args...> sql, Args... args) const {
        return detail::open_cursor(session_, sql.text(), std::move(args)...);
    }
    // Prepares a statement, which stays in the cache as long as it is held and describes its types.
    Coro<PreparedStatement> prepare(db::RuntimeSql sql) const;
    Coro<PreparedStatement> prepare(std::string_view sql) const { return prepare(db::runtime(sql)); }

    // Collects statements, and sends them together (aio/db/pipeline.hpp).
    db::Pipeline<Connection, db::Dialect::postgresql> pipeline() const {
        return db::Pipeline<Connection, db::Dialect::postgresql>(*this);
    }

    // Runs `body`, a function that returns a Coro, in a transaction. It is committed when the body returns, and rolled back when
    // the body throws, also CancelledError. Inside a transaction: a savepoint. Result: the body's. *Cancel* during the commit:
    // it takes place, and is not waited for. *Errors*: also db::TransactionError if a statement failed and the body returned nevertheless;
    // db::InterfaceError if transactions of several tasks overlap, since a connection has only one at a time.
    template <class F>
    auto transaction(F body, TransactionOptions options = {}) const {
        return detail::in_transaction<typename std::invoke_result_t<F&>::value_type>(session_, std::move(body),
                                                                                     options);
    }
    // Whether a transaction is open, or has failed and has not been rolled back yet.
    bool is_in_transaction() const noexcept;

    // COPY, out of the database (copy_from_…) and into it (copy_to_…); copy.hpp describes sinks, sources and options. Result:
    // "COPY 5". If the task is cancelled or a sink or source throws, the server stops and stores nothing.
    template <class Sink>
    Coro<std::string> copy_from_query(std::string_view query, Sink sink, CopyOptions options = {}) const {
        return detail::copy_out(session_, detail::copy_out_of_query(query, options), std::move(sink));
    }
    // The same for a query with placeholders. COPY has no parameters: the server makes literals of the arguments, in up to three
    // more round trips. Errors: also db::ArgumentCountError.
    template <class... Args, class Sink>
    Coro<std::string> copy_from_query(std::string_view query, std::tuple<Args...> args, Sink sink,
                                      CopyOptions options = {}) const {
        return detail::copy_out_with(session_, std::string(query), detail::copy_out_end(options), std::move(args),
                                     std::move(sink));
    }
    template <class Sink>
    Coro<std::string> copy_from_table(std::string_view table, Sink sink, CopyOptions options = {}) const {
        return detail::copy_out(session_, detail::copy_out_of_table(table, options), std::move(sink));
    }
    template <class Source>
    Coro<std::string> copy_to_table(std::string_view table, Source source, CopyOptions options = {}) const {
        return detail::copy_in(session_, detail::copy_into_table(table, options), std::move(source));
    }
    // The same for tuples, which are sent in the server's binary format. Errors: also db::InterfaceError for a column whose
    // binary format is unknown, and those of the conversions.
    template <class Records>
    Coro<std::string> copy_records_to_table(std::string_view table, Records records, CopyOptions options = {}) const {
        options.format = CopyFormat::binary;
        return detail::copy_records(session_, detail::select_columns(table, options),
                                    detail::copy_into_table(table, options), std::move(records));
    }

    // Rolls back an open transaction, and restores the session as it was after connect(): settings, cursors, listeners,
    // advisory locks.
    Coro<> reset() const;
    // Forgets the database's types and the prepared statements. Call it after ALTER TYPE or a change of search_path.
    void reload_schema_state() const;

    // Sends LISTEN, and calls `listener` with each notification on the channel until it is removed. It is called on the loop's
    // thread and must not block; its exceptions are passed to the loop's exception handler. Errors: the server's.
    Coro<Listener> add_listener(std::string channel, std::function<void(const Notification&)> listener) const;
    // Sends `UNLISTEN` for the last listener of a channel. Does nothing if it was removed before or the connection is closed.
    Coro<> remove_listener(Listener listener) const;
    // The notifications on a channel; LISTEN is sent by the first next(). Errors: db::InterfaceError if the connection is closed
    // or lost, or if more than 10,000 notifications were not taken.
    AsyncGenerator<Notification> notifications(std::string channel) const;
    // Calls `listener` with each notice or warning of the server, instead of the log. Empty: the log again.
    void set_notice_listener(std::function<void(const db::ErrorReport&)> listener) const;
    // Calls `listener` once, when the connection is closed or lost.
    // Result: its number, for remove_termination_listener().
    std::uint64_t add_termination_listener(std::function<void()> listener) const;
    void remove_termination_listener(std::uint64_t number) const noexcept;

    // Calls `logger` after each statement of execute(), fetch() and the like, prepared statements and transactions
    // (query_logger.hpp), until it is removed; reset() and pools keep it. On the loop's thread; its exceptions are passed to the
    // loop's exception handler. Result: its number, for remove_query_logger(), which does nothing for a number that there is not.
    std::uint64_t add_query_logger(std::function<void(const LoggedQuery&)> logger) const;
    void remove_query_logger(std::uint64_t number) const noexcept;
    // The same, until the result is destroyed.
    QueryLogger query_logger(std::function<void(const LoggedQuery&)> logger) const;

    // Waits for the statements that are running, and closes the connection. Cancel: the connection is aborted.
    Coro<> close() const;
    // Aborts the connection. Running statements fail.
    void terminate() const noexcept;
    bool is_closed() const noexcept;

    // A setting that the server reports: "server_version", "TimeZone"; "" if it does not.
    std::string_view setting(std::string_view name) const noexcept;
    // The process id of the server's backend, as in pg_stat_activity.
    std::uint32_t get_server_pid() const noexcept;
    // For the library.
    const detail::SharedSession& session() const noexcept { return session_; }

private:
    template <class... Args>
    Coro<detail::SharedResult> run(detail::RowsWanted wanted, std::string_view sql, Args... args) const {
        return detail::run_with(session_, sql, detail::execution_for(wanted), std::move(args)...);
    }

    detail::SharedSession session_;
};

}  // namespace aio::pg
