// Rows of a result, and their values: aio/db/row.hpp describes them.
//
//     aio::pg::Rows rows = co_await connection.fetch("SELECT id, name FROM users");
//     for (const aio::pg::Row& row : rows) fmt::print("{} {}\n", row.get<int>("id"), row.get<std::string>("name"));
//     auto [id, name] = rows[0].as<int, std::string>();
#pragma once

#include <aio/db/column_names.hpp>
#include <aio/db/row.hpp>
#include <aio/pg/codec.hpp>
#include <aio/pg/codec_containers.hpp>
#include <aio/pg/codec_time.hpp>
#include <aio/pg/value.hpp>

#include <cstddef>
#include <cstdint>

namespace aio::pg {

namespace detail {

struct ResultData;

// Which of a statement's rows are kept.
enum class RowsWanted : std::uint8_t { none, first, all };

// What rows are made of (aio/db/row.hpp).
struct Result {
    using Data = ResultData;
    static const db::detail::ColumnNames& names_of(const ResultData& data) noexcept;
    static std::size_t rows_of(const ResultData& data) noexcept;
    // Errors: db::ColumnError.
    static Value value_at(const ResultData& data, std::size_t row, std::size_t column);
};

}  // namespace detail

using Row = db::BasicRow<detail::Result>;
using Rows = db::BasicRows<detail::Result>;

}  // namespace aio::pg
