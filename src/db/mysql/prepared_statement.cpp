// What a prepared statement tells of itself.
#include <aio/mysql/prepared_statement.hpp>

#include "db/mysql/session/columns.hpp"

namespace aio::mysql {

detail::KeptSql::operator std::string_view() const noexcept { return statement->sql; }

std::string_view PreparedStatement::get_query() const noexcept { return statement_->sql; }

std::size_t PreparedStatement::get_parameter_count() const noexcept { return statement_->parameters; }

std::vector<Attribute> PreparedStatement::get_attributes() const {
    std::vector<Attribute> attributes;
    if (!statement_->columns) return attributes;
    const detail::Columns& columns = *statement_->columns;
    for (std::size_t i = 0; i < columns.list.size(); ++i) {
        const detail::Column& column = columns.list[i];
        attributes.push_back({std::string(columns.names[i]), column.table, column.type});
    }
    return attributes;
}

}  // namespace aio::mysql
