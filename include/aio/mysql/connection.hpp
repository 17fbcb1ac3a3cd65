// A connection to a MySQL or MariaDB server: aiomysql's, with the functions of aio::pg.
//
//     auto connection = co_await aio::mysql::connect("mysql://user@host/database");
//     co_await connection.execute("INSERT INTO users(name, born) VALUES(?, ?)", "Bob", 1984y / 3 / 1);
//     for (const auto& row : co_await connection.fetch("SELECT id, name FROM users WHERE id > ?", 0)) ...
//     auto count = co_await connection.fetchval<std::int64_t>("SELECT count(*) FROM users");
//
// Arguments are bound, never inserted into the text. A statement with arguments is prepared when it is first used, and then takes one
// round trip; one without is sent as it is. Several tasks may use a connection at the same time: their statements are sent without
// waiting for each other's answers, and each fails alone. During a transaction, all statements on the connection belong to it.
//
// *Cancel*, for all functions that run a statement: a statement that has not been sent is never sent; one that the server is
// executing is stopped there (KILL QUERY), without waiting for it, and may have taken effect; the connection stays usable.
// *Errors*: db::DatabaseError and its subclasses (aio/db/errors.hpp) from the server; db::InterfaceError and OSError if the
// connection is closed or lost; ValueError if an argument cannot be converted (aio/db/conversion_error.hpp), and then nothing was
// sent. Thread rule: the loop's thread. Source: aiomysql 0.2.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/errors.hpp>
#include <aio/db/pipeline.hpp>
#include <aio/db/sql.hpp>
#include <aio/mysql/cursor.hpp>
#include <aio/mysql/execution.hpp>
#include <aio/mysql/load_data.hpp>
#include <aio/mysql/prepared_statement.hpp>
#include <aio/mysql/row.hpp>
#include <aio/mysql/transaction.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::mysql {

namespace detail {

// What the handles of a connection share: reconnecting exchanges the session.
struct Link {
    SharedSession session;
};

}  // namespace detail

// A warning of the last statement.
struct Warning {
    std::string level;  // "Note", "Warning", "Error"
    std::int32_t code;  // as in ErrorReport
    std::string message;
};

// A handle: copies name the same connection. Dropping all of them aborts it.
class Connection {
public:
    // For the library.
    explicit Connection(std::shared_ptr<detail::Link> link) noexcept : link_(std::move(link)) {}

    // Runs a statement. Result: how many rows it affected, and more. Without arguments: any number of statements, separated
    // by semicolons; the result is that of the last one, and an error ends them: those before it took place.
    template <class... Args>
    Coro<ExecuteResult> execute(db::MySQLSql<Args...> sql, Args... args) const {
        return detail::done_after(run(detail::RowsWanted::none, sql.text(), std::move(args)...));
    }
    // All rows; of several results, those of the first one that has rows.
    template <class... Args>
    Coro<Rows> fetch(db::MySQLSql<Args...> sql, Args... args) const {
        return db::detail::rows_after<detail::Result>(run(detail::RowsWanted::all, sql.text(), std::move(args)...));
    }
    // All rows as structs (aio/db/aggregate.hpp): `fetch_as<User>("SELECT id, name FROM users")`. Errors: also db::ColumnError if
    // the columns do not fit the fields.
    template <class T, class... Args>
    Coro<std::vector<T>> fetch_as(db::MySQLSql<Args...> sql, Args... args) const {
        return db::detail::structs_after<detail::Result, T>(
            run(detail::RowsWanted::all, sql.text(), std::move(args)...));
    }
    // The first row; nullopt if there is none.
    template <class... Args>
    Coro<std::optional<Row>> fetchrow(db::MySQLSql<Args...> sql, Args... args) const {
        return db::detail::first_row_after<detail::Result>(
            run(detail::RowsWanted::first, sql.text(), std::move(args)...));
    }
    // The first column of the first row, as a T. Errors: also db::NoRowError when there is no row, unless T is a
    // std::optional, which is then empty.
    template <class T, class... Args>
    Coro<T> fetchval(db::MySQLSql<Args...> sql, Args... args) const {
        return db::detail::value_after<detail::Result, T>(
            run(detail::RowsWanted::first, sql.text(), std::move(args)...));
    }
    // The rows of each result that has rows: of several statements without arguments, or of a procedure (CALL), the OUT parameters of
    // which are the last result if it was called with arguments.
    template <class... Args>
    Coro<std::vector<Rows>> fetchsets(db::MySQLSql<Args...> sql, Args... args) const {
        if constexpr (sizeof...(Args) == 0) {
            return detail::sets_after(detail::run_text_for_sets(link_->session, std::string(sql.text())));
        } else {
            return detail::sets_after(detail::run_for_sets_with(link_->session, sql.text(), std::move(args)...));
        }
    }
    // Runs a statement once for each tuple of `sets`, for example a std::vector of std::tuple: all of them, or none if one fails
    // (in tables that have transactions). All are encoded before the first is sent. Result: the sum of the affected rows.
    template <class Sets>
    Coro<ExecuteResult> executemany(detail::SqlForSets<Sets> sql, Sets sets) const {
        return detail::done_after(
            detail::run_many(link_->session, sql.text(), detail::RowsWanted::none, std::move(sets)));
    }
    // The same. Result: the rows of all executions in order, for example those of INSERT … RETURNING.
    template <class Sets>
    Coro<Rows> fetchmany(detail::SqlForSets<Sets> sql, Sets sets) const {
        return db::detail::rows_after<detail::Result>(
            detail::run_many(link_->session, sql.text(), detail::RowsWanted::all, std::move(sets)));
    }
    // The rows one by one, in bounded memory (cursor.hpp).
    template <class... Args>
    AsyncGenerator<Row> cursor(db::MySQLSql<Args...> sql, Args... args) const {
        return detail::read_cursor<Args...>(link_->session, std::string(sql.text()), std::move(args)...);
    }
    // LOAD DATA LOCAL INFILE, with what `source` has in place of the file: a text, a std::filesystem::path or a generator
    // (load_data.hpp). Result: the rows that were stored. Errors: also db::InterfaceError unless the connection was made with
    // local_infile; those of the source.
    template <class Source>
    Coro<ExecuteResult> load_data(std::string_view sql, Source source) const {
        return detail::done_after(detail::load_data(link_->session, std::string(sql), std::move(source)));
    }
    // Prepares a statement, which stays in the cache as long as it is held and describes its columns.
    Coro<PreparedStatement> prepare(db::RuntimeSql sql) const;
    Coro<PreparedStatement> prepare(std::string_view sql) const { return prepare(db::runtime(sql)); }

    // Collects statements, and sends them together (aio/db/pipeline.hpp).
    db::Pipeline<Connection, db::Dialect::mysql> pipeline() const {
        return db::Pipeline<Connection, db::Dialect::mysql>(*this);
    }

    // Runs `body`, a function that returns a Coro, in a transaction. It is committed when the body returns, and rolled back when
    // the body throws, also CancelledError. Inside a transaction: a savepoint. Result: the body's. *Cancel* during the commit:
    // it takes place, and is not waited for. *Errors*: also db::TransactionError if the server has rolled back because of a
    // deadlock and the body returned nevertheless; db::InterfaceError if transactions of several tasks overlap, since a connection
    // has only one at a time. Statements that define tables commit by themselves, in MySQL.
    template <class F>
    auto transaction(F body, TransactionOptions options = {}) const {
        return detail::in_transaction<typename std::invoke_result_t<F&>::value_type>(link_->session, std::move(body),
                                                                                     options);
    }
    // Whether a transaction is open.
    bool is_in_transaction() const noexcept;

    // Waits for an answer of the server. reconnect: a connection that was lost is replaced by a new one, with nothing of the old
    // session. Errors: those of connect(), or why the connection was lost.
    Coro<> ping(bool reconnect = true) const;
    // Makes `database` the one that names without one refer to.
    Coro<> select_db(std::string database) const;
    // What the server has to say of the last statement on the connection.
    Coro<std::vector<Warning>> show_warnings() const;
    // Ends another connection of this server, by its get_thread_id().
    Coro<> kill(std::uint64_t thread_id) const;
    // Rolls back an open transaction, and restores the session as it was after connect(): variables, locks, temporary tables. The
    // prepared statements are lost, and prepared anew when they are used.
    Coro<> reset() const;

    // Calls `listener` once, when the connection is closed or lost.
    void add_termination_listener(std::function<void()> listener) const;
    // Waits for the statements that are running, and closes the connection. Cancel: the connection is aborted.
    Coro<> close() const;
    // Aborts the connection. Running statements fail.
    void terminate() const noexcept;
    bool is_closed() const noexcept;

    // "10.11.6-MariaDB", "8.0.36".
    std::string_view get_server_info() const noexcept;
    bool is_mariadb() const noexcept;
    // The number of the connection on the server, as in SHOW PROCESSLIST.
    std::uint64_t get_thread_id() const noexcept;
    // For the library.
    const detail::SharedSession& session() const noexcept { return link_->session; }
    const std::shared_ptr<detail::Link>& link() const noexcept { return link_; }

private:
    template <class... Args>
    Coro<detail::SharedResult> run(detail::RowsWanted wanted, std::string_view sql, Args... args) const {
        if constexpr (sizeof...(Args) == 0) {
            return detail::run_text(link_->session, std::string(sql), wanted);
        } else {
            return detail::run_with(link_->session, sql, wanted, std::move(args)...);
        }
    }

    std::shared_ptr<detail::Link> link_;
};

}  // namespace aio::mysql
