// Values are read from the cells of a result.
#include <aio/sqlite/row.hpp>

#include "db/sqlite/engine/result_data.hpp"

#include <string>

namespace aio::sqlite::detail {

std::size_t Result::columns_of(const ResultData& data) noexcept { return data.columns ? data.columns->size() : 0; }
std::size_t Result::rows_of(const ResultData& data) noexcept { return data.rows; }

Value Result::value_at(const ResultData& data, std::size_t row, std::size_t column) {
    const std::string_view name = column_name(data, column);  // checks that it is there
    return {data.cells[row * data.columns->size() + column], data.bytes.data(), name};
}

std::size_t Result::column_named(const ResultData& data, std::string_view name) {
    const std::size_t count = columns_of(data);
    for (std::size_t i = 0; i < count; ++i) {
        if ((*data.columns)[i] == name) return i;
    }
    throw db::ColumnError("the result has no column \"" + std::string(name) + "\"");
}

std::string_view Result::column_name(const ResultData& data, std::size_t column) {
    if (column >= columns_of(data)) {
        throw db::ColumnError("the result has " + std::to_string(columns_of(data)) +
                              " columns, and none with the number " + std::to_string(column) +
                              " (they are counted from 0)");
    }
    return (*data.columns)[column];
}

}  // namespace aio::sqlite::detail
