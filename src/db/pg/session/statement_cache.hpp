// Prepared statements of a session, by their SQL: the ones that were used last are kept. Internal.
#pragma once

#include <aio/pg/type.hpp>
#include <aio/sync/event.hpp>

#include "db/pg/wire/frontend.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aio::pg::detail {

struct Column {
    std::string name;
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
    std::shared_ptr<const TypeCatalog> types;  // that formats and resolved types come from
    std::vector<wire::Format> result_formats;  // of columns; one for all if they are the same
    bool may_want_data = false;                // it is perhaps a COPY FROM STDIN
    bool has_records = false;                  // a column's values may have composites in them
    std::uint64_t schema = 0;                  // Session::schema() when its types were looked up
    std::exception_ptr error;                  // the server refused it
    Event described;                           // set once all this is known
};

class StatementCache {
public:
    explicit StatementCache(std::size_t size) noexcept : size_(size) {}

    // Null: it is not there. It counts as used.
    std::shared_ptr<Statement> find(std::string_view sql);
    // Others, which nobody uses at the moment, make room. Their names go to `closed`.
    void insert(std::shared_ptr<Statement> statement, std::vector<std::string>& closed);
    // The server refused it.
    void remove(const Statement& statement) noexcept;
    // It is forgotten, and closed on the server when the next one is inserted, unless somebody uses it.
    void drop(const Statement& statement) noexcept;
    void drop_all() noexcept;
    // The server cannot run it any more, and so perhaps others: if it is here, all are dropped.
    void retire(const Statement& outdated) noexcept;

private:
    using Entries = std::list<std::shared_ptr<Statement>>;
    using Index = std::unordered_map<std::string_view, Entries::iterator>;

    Index::iterator find_same(const Statement& statement) noexcept;  // the end: it is not there

    std::size_t size_;
    Entries entries_;  // the one that was used last is the first
    Entries retired_;
    Index by_sql_;
};

}  // namespace aio::pg::detail
