// What a statement returns, and what it is on the server. Internal.
#pragma once

#include <aio/db/column_names.hpp>
#include <aio/mysql/type.hpp>
#include <aio/sync/event.hpp>

#include "db/mysql/wire/row.hpp"
#include "db/mysql/wire/server_packets.hpp"
#include "db/statement_cache.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aio::mysql::detail {

struct Column {
    std::string table;
    ColumnType type = {};
};

// Shared by the results that have the same.
struct Columns {
    std::vector<Column> list;
    db::detail::ColumnNames names;
    std::vector<wire::Width> widths;
    std::string definitions;        // the packets that they were made of, one after the other
    std::vector<std::size_t> ends;  // of each of them

    void add(std::string_view payload);
    void clear() noexcept {
        list.clear();
        names.clear();
        widths.clear();
        definitions.clear();
        ends.clear();
    }
};

// Takes the definitions of a result's columns. They come with each result, and are nearly always those of the last one: then
// nothing is read or allocated.
class ColumnsTaker {
public:
    // known: of the statement's last result, or null.
    void begin(std::size_t count, std::shared_ptr<const Columns> known);
    void take(std::string_view payload);
    // Once all were taken.
    const std::shared_ptr<const Columns>& columns() const noexcept { return known_; }

private:
    std::size_t count_ = 0;
    std::size_t taken_ = 0;
    std::shared_ptr<const Columns> known_;  // as long as they are the same
    std::shared_ptr<Columns> fresh_;
};

// A statement that the server keeps.
struct Statement {
    std::string sql;
    std::uint32_t id = 0;
    std::size_t parameters = 0;
    std::vector<ColumnType> parameter_types;         // as far as the server tells
    mutable std::shared_ptr<const Columns> columns;  // of its last result, or as the server expects them
    std::uint64_t generation = 0;                    // of its session: a reset forgets all statements
    std::exception_ptr error;                        // the server refused it
    Event described;                                 // set once all this is known
};

using StatementCache = db::detail::StatementCache<Statement>;

}  // namespace aio::mysql::detail
