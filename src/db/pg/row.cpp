// Values are found in the bytes of a row each time they are asked for: rows of few columns are scanned faster than indexed.
#include <aio/pg/row.hpp>

#include "db/pg/session/result_data.hpp"
#include "db/pg/wire/row.hpp"

#include <stdexcept>

namespace aio::pg {

namespace detail {

std::size_t columns_of(const ResultData& data) noexcept {
    return data.statement ? data.statement->columns.size() : 0;
}
std::size_t rows_of(const ResultData& data) noexcept { return data.starts.size(); }

Value value_at(const ResultData& data, std::size_t row, std::size_t column) {
    const std::string_view name = column_name(data, column);  // checks that it is there
    const Column& described = data.statement->columns[column];
    const char* at = data.bytes.data() + data.starts[row] + 2;  // behind the number of columns
    for (std::size_t i = 0; i < column; ++i) wire::decode_value(at);
    return {described.type,         *described.resolved,    described.format,
            wire::decode_value(at), *data.statement->types, name};
}

std::size_t column_named(const ResultData& data, std::string_view name) {
    const std::size_t count = columns_of(data);
    for (std::size_t i = 0; i < count; ++i) {
        if (data.statement->columns[i].name == name) return i;
    }
    throw db::ColumnError("the result has no column \"" + std::string(name) + "\"");
}

std::string_view column_name(const ResultData& data, std::size_t column) {
    if (column >= columns_of(data)) {
        throw db::ColumnError("the result has " + std::to_string(columns_of(data)) +
                              " columns, and none with the number " + std::to_string(column) +
                              " (they are counted from 0)");
    }
    return data.statement->columns[column].name;
}

}  // namespace detail

void Row::check_size(std::size_t wanted) const {
    if (wanted == size()) return;
    throw db::ColumnError("the row has " + std::to_string(size()) + " columns, not " + std::to_string(wanted));
}

Row Rows::operator[](std::size_t row) const {
    if (row >= size()) throw std::out_of_range("Rows: row " + std::to_string(row) + " of " + std::to_string(size()));
    return Row(data_, row);
}

}  // namespace aio::pg
