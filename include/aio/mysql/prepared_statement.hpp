// A statement that the server keeps ready:
//
//     auto by_id = co_await connection.prepare("SELECT name FROM users WHERE id = ?");
//     auto name = co_await by_id.fetchval<std::string>(7);
//
// Connections prepare and keep all statements with arguments by themselves (ConnectOptions::statement_cache_size); this one also
// describes its parameters and columns. *Errors* of all executions: those of Connection's functions; db::ArgumentCountError for a
// wrong number of arguments, which is not checked at compile time here.
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/core/coro.hpp>
#include <aio/db/lease.hpp>
#include <aio/mysql/cursor.hpp>
#include <aio/mysql/execution.hpp>
#include <aio/mysql/row.hpp>
#include <aio/mysql/type.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::mysql {

namespace detail {

// The SQL of a statement that it keeps.
struct KeptSql {
    std::shared_ptr<const Statement> statement;
    operator std::string_view() const noexcept;
};

}  // namespace detail

// What a statement returns.
struct Attribute {
    std::string name;   // of the column
    std::string table;  // that it comes from, or empty
    ColumnType type;
};

// A handle: copies name the same statement, which is valid as long as its connection, and until that is given back to its pool.
// Errors of all executions: also db::InterfaceError after that.
class PreparedStatement {
public:
    // For the library.
    PreparedStatement(detail::SharedSession session, std::shared_ptr<const detail::Statement> statement,
                      db::detail::Lease lease) noexcept
        : session_(std::move(session)), statement_(std::move(statement)), lease_(lease) {}

    // As Connection's functions of these names.
    template <class... Args>
    Coro<ExecuteResult> execute(Args... args) const {
        return detail::done_after(run(detail::RowsWanted::none, std::move(args)...));
    }
    template <class... Args>
    Coro<Rows> fetch(Args... args) const {
        return db::detail::rows_after<detail::Result>(run(detail::RowsWanted::all, std::move(args)...));
    }
    template <class... Args>
    Coro<std::optional<Row>> fetchrow(Args... args) const {
        return db::detail::first_row_after<detail::Result>(run(detail::RowsWanted::first, std::move(args)...));
    }
    template <class T, class... Args>
    Coro<T> fetchval(Args... args) const {
        return db::detail::value_after<detail::Result, T>(run(detail::RowsWanted::first, std::move(args)...));
    }
    template <class Sets>
    Coro<ExecuteResult> executemany(Sets sets) const {
        return detail::done_after(run_many(detail::RowsWanted::none, std::move(sets)));
    }
    template <class Sets>
    Coro<Rows> fetchmany(Sets sets) const {
        return db::detail::rows_after<detail::Result>(run_many(detail::RowsWanted::all, std::move(sets)));
    }
    template <class... Args>
    AsyncGenerator<Row> cursor(Args... args) const {
        return detail::read_cursor<Args...>(session(), std::string(get_query()), std::move(args)...);
    }

    // Its SQL.
    std::string_view get_query() const noexcept;
    // The number of its parameters. Their types depend on the arguments.
    std::size_t get_parameter_count() const noexcept;
    // Its columns; empty if it returns no rows.
    std::vector<Attribute> get_attributes() const;

private:
    // Errors: db::InterfaceError once its connection was given back to a pool.
    const detail::SharedSession& session() const {
        lease_.check("PreparedStatement");
        return session_;
    }
    template <class Sets>
    Coro<detail::SharedResult> run_many(detail::RowsWanted wanted, Sets sets) const {
        return detail::run_many(session(), detail::KeptSql{statement_}, wanted, std::move(sets));
    }
    template <class... Args>
    Coro<detail::SharedResult> run(detail::RowsWanted wanted, Args... args) const {
        return detail::run_with(session(), detail::KeptSql{statement_}, wanted, std::move(args)...);
    }

    detail::SharedSession session_;
    std::shared_ptr<const detail::Statement> statement_;
    db::detail::Lease lease_;
};

}  // namespace aio::mysql
