// What connections and prepared statements make of a result, whatever the database. Internal.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/db/aggregate.hpp>
#include <aio/db/row.hpp>
#include <aio/db/type_name.hpp>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace aio::db::detail {

// Of fetchval() without a row, and a T that cannot say so.
[[noreturn]] void throw_no_row();

// Result: see BasicRow.
template <class Result>
using SharedResult = std::shared_ptr<const typename Result::Data>;

template <class Result>
Coro<BasicRows<Result>> rows_after(Coro<SharedResult<Result>> run) {
    co_return BasicRows<Result>(co_await std::move(run));
}

// Errors: ColumnError; those of the conversions.
template <class Result, Aggregate T>
Coro<std::vector<T>> structs_after(Coro<SharedResult<Result>> run) {
    const BasicRows<Result> rows(co_await std::move(run));
    co_return from_rows<T>(rows);
}

template <class Result>
Coro<std::optional<BasicRow<Result>>> first_row_after(Coro<SharedResult<Result>> run) {
    SharedResult<Result> result = co_await std::move(run);
    if (Result::rows_of(*result) == 0) co_return std::nullopt;
    co_return BasicRow<Result>(std::move(result), 0);
}

// Errors: ColumnError without a row, unless T is a std::optional; those of the conversion.
template <class Result, class T>
Coro<T> value_after(Coro<SharedResult<Result>> run) {
    const SharedResult<Result> result = co_await std::move(run);
    if (Result::rows_of(*result) == 0) {
        if constexpr (is_optional<T>) {
            co_return std::nullopt;
        } else {
            throw_no_row();
        }
    }
    co_return Result::value_at(*result, 0, 0).template get<T>();
}

}  // namespace aio::db::detail
