// What a statement returned. Internal.
#pragma once

#include <aio/db/column_names.hpp>
#include <aio/sqlite/row.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace aio::sqlite::detail {

struct ResultData {
    std::shared_ptr<const db::detail::ColumnNames> columns;  // their names; null: no rows
    std::vector<Cell> cells;                                 // row by row
    std::string bytes;                                       // of text and blobs
    std::size_t rows = 0;
    std::int64_t changes = 0;
    std::int64_t last_insert_rowid = 0;
    bool has_more = false;  // a cursor that is not at its end

    std::size_t memory() const noexcept { return bytes.size() + cells.size() * sizeof(Cell); }
};

}  // namespace aio::sqlite::detail
