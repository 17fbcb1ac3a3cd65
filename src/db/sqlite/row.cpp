// Values are read from the cells of a result.
#include <aio/sqlite/row.hpp>

#include "db/sqlite/engine/result_data.hpp"

namespace aio::sqlite::detail {

const db::detail::ColumnNames& Result::names_of(const ResultData& data) noexcept {
    return data.columns ? *data.columns : db::detail::ColumnNames::none();
}
std::size_t Result::rows_of(const ResultData& data) noexcept { return data.rows; }

Value Result::value_at(const ResultData& data, std::size_t row, std::size_t column) {
    const std::string_view name = names_of(data).at(column);  // checks that it is there
    return {data.cells[row * data.columns->size() + column], data.bytes.data(), name};
}

}  // namespace aio::sqlite::detail
