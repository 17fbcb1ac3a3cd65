// Values are found by their places, which were noted when the row was checked.
#include <aio/mysql/row.hpp>

#include "db/mysql/session/result_data.hpp"
#include "db/mysql/wire/row.hpp"

namespace aio::mysql::detail {

const db::detail::ColumnNames& Result::names_of(const ResultData& data) noexcept {
    return data.columns ? data.columns->names : db::detail::ColumnNames::none();
}
std::size_t Result::rows_of(const ResultData& data) noexcept { return data.rows(); }

Value Result::value_at(const ResultData& data, std::size_t row, std::size_t column) {
    const std::string_view name = names_of(data).at(column);  // checks that it is there
    const ColumnType& type = data.columns->list[column].type;
    const char* at = data.place(row, column);
    if (data.format == Format::text) return {type, Format::text, wire::take_text_value(at), name};
    if (wire::is_binary_null(data.row(row), column)) return {type, Format::binary, std::nullopt, name};
    return {type, Format::binary, wire::take_binary_value(at, data.columns->widths[column]), name};
}

}  // namespace aio::mysql::detail
