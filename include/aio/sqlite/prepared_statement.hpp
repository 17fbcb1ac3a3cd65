// A statement that the connection keeps compiled:
//
//     auto by_id = co_await db.prepare("SELECT name FROM users WHERE id = ?");
//     auto name = co_await by_id.fetchval<std::string>(7);
//
// Connections compile and keep all statements by themselves (ConnectOptions::statement_cache_size); this one also describes its
// parameters and columns. *Errors* of all executions: those of Connection's functions; db::ArgumentCountError for a wrong number
// of arguments, which is not checked at compile time here.
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/core/coro.hpp>
#include <aio/db/lease.hpp>
#include <aio/sqlite/cursor.hpp>
#include <aio/sqlite/execution.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::sqlite {

// What a statement returns.
struct Attribute {
    std::string name;       // of the column
    std::string type_name;  // as the table declares it: "INTEGER"; empty for an expression
};

namespace detail {

// What a statement that was prepared is. Held, it stays in the cache.
struct Description {
    std::string sql;
    std::vector<std::string> parameters;  // ":id"; "" for a "?"
    std::vector<Attribute> columns;
    bool is_readonly = false;
};

Coro<std::shared_ptr<const Description>> prepare_statement(SharedSession session, std::string sql);

}  // namespace detail

// A handle: copies name the same statement, which is valid as long as its connection, and until that is given back to its pool.
// Errors of all executions: also db::InterfaceError after that.
class PreparedStatement {
public:
    // For the library.
    PreparedStatement(detail::SharedSession session, std::shared_ptr<const detail::Description> description,
                      db::detail::Lease lease) noexcept
        : session_(std::move(session)), description_(std::move(description)), lease_(lease) {}

    // As Connection's functions of these names.
    template <class... Args>
    Coro<ExecuteResult> execute(Args... args) const {
        return detail::run_for_changes(session(), request(detail::RowsWanted::none, args...));
    }
    template <class... Args>
    Coro<Rows> fetch(Args... args) const {
        return db::detail::rows_after<detail::Result>(
            detail::run_request(session(), request(detail::RowsWanted::all, args...)));
    }
    template <class T, class... Args>
    Coro<std::vector<T>> fetch_as(Args... args) const {
        return db::detail::structs_after<detail::Result, T>(
            detail::run_request(session(), request(detail::RowsWanted::all, args...)));
    }
    template <class... Args>
    Coro<std::optional<Row>> fetchrow(Args... args) const {
        return db::detail::first_row_after<detail::Result>(
            detail::run_request(session(), request(detail::RowsWanted::first, args...)));
    }
    template <class T, class... Args>
    Coro<T> fetchval(Args... args) const {
        return db::detail::value_after<detail::Result, T>(
            detail::run_request(session(), request(detail::RowsWanted::first, args...)));
    }
    template <class Sets>
    Coro<> executemany(const Sets& sets) const {
        return detail::run_for_nothing(session(),
                                       detail::request_for_many(detail::RowsWanted::none, get_query(), sets));
    }
    template <class Sets>
    Coro<Rows> fetchmany(const Sets& sets) const {
        return db::detail::rows_after<detail::Result>(
            detail::run_request(session(), detail::request_for_many(detail::RowsWanted::all, get_query(), sets)));
    }
    template <class... Args>
    AsyncGenerator<Row> cursor(Args... args) const {
        return detail::read_cursor(session(), request(detail::RowsWanted::all, args...));
    }

    // Its SQL.
    std::string_view get_query() const noexcept { return description_->sql; }
    // The names of its parameters with their signs, ":id"; empty for those without a name. SQLite's have no type.
    const std::vector<std::string>& get_parameters() const noexcept { return description_->parameters; }
    // Its columns.
    const std::vector<Attribute>& get_attributes() const noexcept { return description_->columns; }
    // Whether it changes nothing in the database.
    bool is_readonly() const noexcept { return description_->is_readonly; }

private:
    // Errors: db::InterfaceError once its connection was given back to a pool.
    const detail::SharedSession& session() const {
        lease_.check("PreparedStatement");
        return session_;
    }
    template <class... Args>
    detail::Request request(detail::RowsWanted wanted, const Args&... args) const {
        return detail::request_for(wanted, get_query(), args...);
    }

    detail::SharedSession session_;
    std::shared_ptr<const detail::Description> description_;
    db::detail::Lease lease_;
};

}  // namespace aio::sqlite
