// Values are found in the bytes of a row each time they are asked for: rows of few columns are scanned faster than indexed.
#include <aio/mysql/row.hpp>

#include "db/mysql/session/result_data.hpp"
#include "db/mysql/wire/row.hpp"

namespace aio::mysql::detail {

std::size_t Result::columns_of(const ResultData& data) noexcept {
    return data.columns ? data.columns->list.size() : 0;
}
std::size_t Result::rows_of(const ResultData& data) noexcept { return data.starts.size(); }

Value Result::value_at(const ResultData& data, std::size_t row, std::size_t column) {
    const std::string_view name = column_name(data, column);  // checks that it is there
    const ColumnType& type = data.columns->list[column].type;
    const char* const begin = data.bytes.data() + data.starts[row];
    if (data.format == Format::text) {
        const char* at = begin;
        for (std::size_t i = 0; i < column; ++i) wire::take_text_value(at);
        return {type, Format::text, wire::take_text_value(at), name};
    }
    if (wire::is_binary_null(begin, column)) return {type, Format::binary, std::nullopt, name};
    const std::vector<wire::Width>& widths = data.columns->widths;
    const char* at = wire::binary_values(begin, widths.size());
    for (std::size_t i = 0; i < column; ++i) {
        if (!wire::is_binary_null(begin, i)) wire::take_binary_value(at, widths[i]);
    }
    return {type, Format::binary, wire::take_binary_value(at, widths[column]), name};
}

std::size_t Result::column_named(const ResultData& data, std::string_view name) {
    const std::size_t count = columns_of(data);
    for (std::size_t i = 0; i < count; ++i) {
        if (data.columns->list[i].name == name) return i;
    }
    throw db::ColumnError("the result has no column \"" + std::string(name) + "\"");
}

std::string_view Result::column_name(const ResultData& data, std::size_t column) {
    if (column < columns_of(data)) return data.columns->list[column].name;
    throw db::ColumnError("the result has " + std::to_string(columns_of(data)) +
                          " columns, and none with the number " + std::to_string(column) +
                          " (they are counted from 0)");
}

}  // namespace aio::mysql::detail
