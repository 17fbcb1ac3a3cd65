// What a statement returned, as it came. Internal.
#pragma once

#include "db/pg/session/statement_cache.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aio::pg::detail {

struct ResultData {
    std::shared_ptr<const Statement> statement;  // its columns and types; null: no rows
    std::string bytes;                           // the bodies of DataRow messages, one after the other
    std::vector<std::size_t> starts;             // of each row in bytes
    std::string tag;                             // "INSERT 0 1"
    bool has_more = false;                       // the portal was not read to its end

    // The body of a DataRow.
    void add_row(std::string_view body) {
        starts.push_back(bytes.size());
        bytes.append(body);
    }
};

}  // namespace aio::pg::detail
