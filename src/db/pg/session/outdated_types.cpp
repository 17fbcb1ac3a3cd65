// Values are walked as their codecs would read them.
#include "db/pg/session/outdated_types.hpp"

#include <aio/db/conversion_error.hpp>
#include <aio/pg/codec_functions.hpp>
#include <aio/pg/row.hpp>
#include <aio/sync/event.hpp>

#include "db/pg/session/learn_types.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace aio::pg::detail {

namespace {

// Values nest as deep as their types do, which end; one of a server that says otherwise is not followed.
constexpr int kMostNestedValues = 32;

bool holds_records(Oid oid, const TypeCatalog& types, int depth) {
    if (depth > kMostNestedValues) return false;
    const Type& type = types.resolve(oid);
    switch (type.layout) {
        case Layout::record: return true;
        case Layout::array:
        case Layout::range:
        case Layout::multirange:
            return type.kind == TypeKind::pseudo || holds_records(type.element, types, depth + 1);
        default: return false;
    }
}

class Walk {
public:
    // Errors: db::ConversionError for a malformed value.
    void visit(const Value& value, int depth) {
        if (value.is_null() || value.format() != Format::binary || depth > kMostNestedValues) return;
        switch (value.type().layout) {
            case Layout::record: return visit_record(value, depth);
            case Layout::array: return visit_array(value, depth);
            case Layout::range: return visit_range(value, depth);
            case Layout::multirange: return visit_multirange(value, depth);
            default: break;
        }
        if (!value.catalog().find(value.oid())) add(value.oid());
    }

    std::vector<Oid> found;

private:
    void add(Oid oid) {
        if (std::ranges::find(found, oid) == found.end()) found.push_back(oid);
    }
    void visit_record(const Value& value, int depth) {
        if (!has_known_fields(value)) add(value.type().oid);
        RecordReader reader(value, &db::type_name<Value>);
        for (std::size_t i = 0; i < reader.size(); ++i) visit(reader.next(), depth + 1);
    }
    void visit_array(const Value& value, int depth) {
        ArrayReader reader(value, false, &db::type_name<Value>);
        for (std::size_t i = 0; i < reader.size(); ++i) visit(reader.next(), depth + 1);
    }
    void visit_range(const Value& value, int depth) {
        const RangeParts parts = read_range(value, &db::type_name<Value>);
        if (parts.lower) visit(*parts.lower, depth + 1);
        if (parts.upper) visit(*parts.upper, depth + 1);
    }
    void visit_multirange(const Value& value, int depth) {
        std::string_view rest;
        const std::size_t size = read_multirange_size(value, rest, &db::type_name<Value>);
        for (std::size_t i = 0; i < size; ++i) visit(next_range(value, rest, i + 1 == size), depth + 1);
    }
};

// The statement of rows that are there already, which keep their formats.
std::shared_ptr<const Statement> with_types(const Statement& old, std::shared_ptr<const TypeCatalog> types) {
    auto statement = std::make_shared<Statement>();
    statement->sql = old.sql;
    statement->parameters = old.parameters;
    statement->columns = old.columns;
    statement->names = old.names;
    for (Column& column : statement->columns) column.resolved = &types->resolve(column.type);
    statement->has_records = old.has_records;
    statement->types = std::move(types);
    return statement;
}

}  // namespace

bool may_hold_records(Oid oid, const TypeCatalog& types) { return holds_records(oid, types, 0); }

std::vector<Oid> outdated_types(const ResultData& result) {
    Walk walk;
    if (!result.statement->has_records) return std::move(walk.found);
    const std::vector<Column>& columns = result.statement->columns;
    for (std::size_t column = 0; column < columns.size(); ++column) {
        if (!may_hold_records(columns[column].type, *result.statement->types)) continue;
        for (std::size_t row = 0; row < Result::rows_of(result); ++row) {
            try {
                walk.visit(Result::value_at(result, row, column), 0);
            } catch (const db::ConversionError&) {
                // Whoever reads the value is told.
            }
        }
    }
    return std::move(walk.found);
}

Coro<> learn_anew(Session& session, std::vector<Oid> outdated, ResultData& result) {
    session.statements().drop_all();  // the formats of their columns may have changed as well
    std::uint64_t schema = 0;
    do {
        schema = session.schema();
        const auto learnt = std::make_shared<Event>();  // which may be set when nobody waits any more
        try {
            learn_types(session, outdated, [learnt](bool) { learnt->set(); });
        } catch (const Error&) {
            co_return;  // the connection was lost after the last row
        }
        co_await learnt->wait();
    } while (schema != session.schema());  // they were to be forgotten meanwhile
    result.statement = with_types(*result.statement, session.types());
}

}  // namespace aio::pg::detail
