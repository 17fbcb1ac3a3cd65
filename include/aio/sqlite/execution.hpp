// How a statement and its arguments get to a connection's thread: what connections, prepared statements and pools share. Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/results.hpp>
#include <aio/db/sql.hpp>
#include <aio/sqlite/parameters.hpp>
#include <aio/sqlite/row.hpp>

#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace aio::sqlite {

// What a statement did.
struct ExecuteResult {
    std::int64_t changes;            // rows that it inserted, updated or deleted itself, without those of triggers
    std::int64_t last_insert_rowid;  // of the connection's last INSERT so far
};

namespace detail {

class Session;
using SharedSession = std::shared_ptr<Session>;
using SharedResult = db::detail::SharedResult<Result>;

// A statement and its arguments, on their way to the thread.
struct Request {
    std::string sql;
    Parameters parameters;
    RowsWanted wanted = RowsWanted::all;
    bool is_many = false;      // once for each set, all or none
    std::exception_ptr error;  // an argument cannot be converted: thrown when the request is awaited

    Request(std::string_view the_sql, RowsWanted the_wanted) : sql(the_sql), wanted(the_wanted) {}
};

template <class... Args>
Request request_for(RowsWanted wanted, std::string_view sql, const Args&... args) {
    Request request(sql, wanted);
    try {
        request.parameters.add_set(args...);
    } catch (...) {
        request.error = std::current_exception();
    }
    return request;
}

template <class Set>
struct SqlForTuple;
template <class... Args>
struct SqlForTuple<std::tuple<Args...>> {
    using type = db::SQLiteSql<Args...>;
};
// The text of a statement with as many placeholders as the tuples of Sets have values.
template <class Sets>
using SqlForSets = typename SqlForTuple<std::remove_cvref_t<decltype(*std::begin(std::declval<Sets&>()))>>::type;

// Once for each tuple of `sets`.
template <class Sets>
Request request_for_many(RowsWanted wanted, std::string_view sql, const Sets& sets) {
    Request request(sql, wanted);
    request.is_many = true;
    try {
        const auto add = [&](const auto&... args) { request.parameters.add_set(args...); };
        for (const auto& set : sets) std::apply(add, set);
    } catch (...) {
        request.error = std::current_exception();
    }
    return request;
}

// Errors: the database's; those of the arguments' conversion, and then nothing was run.
Coro<SharedResult> run_request(SharedSession session, Request request);
Coro<> run_for_nothing(SharedSession session, Request request);
Coro<ExecuteResult> run_for_changes(SharedSession session, Request request);
Coro<ExecuteResult> run_script(SharedSession session, std::string sql);

}  // namespace detail

}  // namespace aio::sqlite
