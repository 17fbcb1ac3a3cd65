// What a statement returned, as it came. Internal.
#pragma once

#include <aio/mysql/execution.hpp>
#include <aio/mysql/value.hpp>

#include "db/mysql/session/columns.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aio::mysql::detail {

struct ResultData {
    std::shared_ptr<const Columns> columns;  // null: no rows
    Format format = Format::text;
    std::string bytes;                // the rows' packets, one after the other
    std::vector<std::size_t> starts;  // of each row in bytes
    ExecuteResult done = {};
    bool has_more = false;     // a cursor was not read to its end
    bool has_outputs = false;  // it has the OUT parameters of a procedure

    void add_row(std::string_view payload) {
        starts.push_back(bytes.size());
        bytes.append(payload);
    }
};

}  // namespace aio::mysql::detail
