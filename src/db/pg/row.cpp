// Values are found by their places, which were noted when the row was checked.
#include <aio/pg/row.hpp>

#include "db/pg/session/result_data.hpp"
#include "db/pg/wire/row.hpp"

namespace aio::pg::detail {

const db::detail::ColumnNames& Result::names_of(const ResultData& data) noexcept {
    return data.statement ? data.statement->names : db::detail::ColumnNames::none();
}
std::size_t Result::rows_of(const ResultData& data) noexcept { return data.rows(); }

Value Result::value_at(const ResultData& data, std::size_t row, std::size_t column) {
    const std::string_view name = names_of(data).at(column);  // checks that it is there
    const Statement& statement = *data.statement;
    const Column& described = statement.columns[column];
    const char* at = data.place(row, column);
    return {described.type, *described.resolved, described.format, wire::decode_value(at), *statement.types, name};
}

}  // namespace aio::pg::detail
