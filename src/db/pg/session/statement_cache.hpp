// What the server knows of a statement, and the cache of a session. Internal.
#pragma once

#include <aio/db/column_names.hpp>
#include <aio/pg/type.hpp>
#include <aio/sync/event.hpp>

#include "db/pg/wire/frontend.hpp"
#include "db/statement_cache.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aio::pg::detail {

struct Column {
    Oid type = 0;
    Format format = Format::text;
    const Type* resolved = nullptr;  // in the statement's catalog; a domain's base
};

// What the server knows of a statement. Shared with the results that came from it.
struct Statement {
    std::string name;  // on the server
    std::string sql;
    std::vector<Oid> parameters;
    std::vector<Column> columns;
    db::detail::ColumnNames names;             // of them
    std::shared_ptr<const TypeCatalog> types;  // that formats and resolved types come from
    std::vector<wire::Format> result_formats;  // of columns; one for all if they are the same
    bool may_want_data = false;                // it is perhaps a COPY FROM STDIN
    bool has_records = false;                  // a column's values may have composites in them
    std::uint64_t schema = 0;                  // Session::schema() when its types were looked up
    std::exception_ptr error;                  // the server refused it
    Event described;                           // set once all this is known
};

class StatementCache : public db::detail::StatementCache<Statement> {
    using Base = db::detail::StatementCache<Statement>;

public:
    using Base::Base;

    // Others, which nobody uses at the moment, make room. Their names go to `closed`.
    void insert(std::shared_ptr<Statement> statement, std::vector<std::string>& closed) {
        closed.reserve(most_closed());
        Base::insert(std::move(statement), [&](Statement& each) { closed.push_back(std::move(each.name)); });
    }
};

}  // namespace aio::pg::detail
