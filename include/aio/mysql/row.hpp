// Rows of a result: aio/db/row.hpp describes them.
#pragma once

#include <aio/db/column_names.hpp>
#include <aio/db/row.hpp>
#include <aio/mysql/codec.hpp>
#include <aio/mysql/codec_time.hpp>
#include <aio/mysql/json.hpp>
#include <aio/mysql/value.hpp>

#include <cstddef>
#include <cstdint>

namespace aio::mysql {

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

}  // namespace aio::mysql
