// Rows of a result: aio/db/row.hpp describes them.
#pragma once

#include <aio/db/row.hpp>
#include <aio/mysql/codec.hpp>
#include <aio/mysql/codec_time.hpp>
#include <aio/mysql/json.hpp>
#include <aio/mysql/value.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace aio::mysql {

namespace detail {

struct ResultData;

// Which of a statement's rows are kept.
enum class RowsWanted : std::uint8_t { none, first, all };

std::size_t columns_of(const ResultData& data) noexcept;
std::size_t rows_of(const ResultData& data) noexcept;
// Errors: db::ColumnError.
Value value_at(const ResultData& data, std::size_t row, std::size_t column);
std::size_t column_named(const ResultData& data, std::string_view name);
std::string_view column_name(const ResultData& data, std::size_t column);

}  // namespace detail

using Row = db::BasicRow<detail::ResultData>;
using Rows = db::BasicRows<detail::ResultData>;

}  // namespace aio::mysql
