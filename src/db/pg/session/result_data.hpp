// What a statement returned, as it came. Internal.
#pragma once

#include "db/pg/session/statement_cache.hpp"
#include "db/pg/wire/row.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace aio::pg::detail {

struct ResultData {
    std::shared_ptr<const Statement> statement;  // its columns and types; null: no rows
    std::string tag;                             // "INSERT 0 1"
    bool has_more = false;                       // the portal was not read to its end

    std::size_t rows() const noexcept { return rows_; }
    // Of all rows.
    std::size_t bytes() const noexcept { return bytes_.size(); }
    // Where a value is, as wire::decode_value() takes it.
    const char* place(std::size_t row, std::size_t column) const noexcept {
        return bytes_.data() + (row == 0 ? 0 : starts_[row - 1]) + places_[row * statement->columns.size() + column];
    }

    // Errors: wire::ProtocolError.
    void add_row(const wire::Message& message) {
        const std::size_t columns = statement->columns.size(), begin = places_.size();
        places_.resize(begin + columns);
        wire::parse_data_row(message, columns, places_.data() + begin);
        if (rows_ > 0) starts_.push_back(bytes_.size());
        bytes_.append(message.body);
        ++rows_;
    }
    void clear_rows() noexcept {
        bytes_.clear();
        starts_.clear();
        places_.clear();
        rows_ = 0;
    }

private:
    std::string bytes_;  // the bodies of DataRow messages, one after the other
    std::size_t rows_ = 0;
    std::vector<std::size_t> starts_;    // of each row in bytes_ but the first, which is often the only one
    std::vector<std::uint32_t> places_;  // of each value in its row
};

}  // namespace aio::pg::detail
