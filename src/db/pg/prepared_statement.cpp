// What a prepared statement tells of itself.
#include <aio/pg/prepared_statement.hpp>

#include "db/pg/session/session.hpp"
#include "db/pg/session/statement_cache.hpp"

namespace aio::pg {

detail::KeptSql::operator std::string_view() const noexcept { return statement->sql; }

std::string_view PreparedStatement::get_query() const noexcept { return statement_->sql; }

std::vector<std::string> PreparedStatement::get_parameters() const {
    std::vector<std::string> names;
    for (const Oid oid : statement_->parameters) names.push_back(session_->types()->name(oid));
    return names;
}

std::vector<Attribute> PreparedStatement::get_attributes() const {
    std::vector<Attribute> attributes;
    for (std::size_t i = 0; i < statement_->columns.size(); ++i) {
        const Oid type = statement_->columns[i].type;
        attributes.push_back({std::string(statement_->names[i]), type, session_->types()->name(type)});
    }
    return attributes;
}

}  // namespace aio::pg
