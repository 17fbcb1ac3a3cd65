// What a statement returned, as it came. Internal.
#pragma once

#include <aio/mysql/execution.hpp>
#include <aio/mysql/value.hpp>

#include "db/mysql/session/columns.hpp"
#include "db/mysql/wire/row.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aio::mysql::detail {

struct ResultData {
    std::shared_ptr<const Columns> columns;  // null: no rows
    Format format = Format::text;
    ExecuteResult done = {};
    bool has_more = false;     // a cursor was not read to its end
    bool has_outputs = false;  // it has the OUT parameters of a procedure

    std::size_t rows() const noexcept { return starts_.size(); }
    // Of all rows.
    std::size_t bytes() const noexcept { return bytes_.size(); }
    // A row's packet.
    const char* row(std::size_t row) const noexcept { return bytes_.data() + starts_[row]; }
    // Where a value is, as wire::take_text_value() or take_binary_value() takes it.
    const char* place(std::size_t row, std::size_t column) const noexcept {
        return this->row(row) + places_[row * columns->list.size() + column];
    }

    // Errors: wire::ProtocolError.
    void add_row(std::string_view payload) {
        const std::size_t count = columns->list.size(), begin = places_.size();
        places_.resize(begin + count);
        check_row(payload, places_.data() + begin);
        starts_.push_back(bytes_.size());
        bytes_.append(payload);
    }
    // Errors: wire::ProtocolError. places: see wire::check_text_row().
    void check_row(std::string_view payload, std::uint32_t* places = nullptr) const {
        if (format == Format::binary) {
            wire::check_binary_row(payload, columns->widths, places);
        } else {
            wire::check_text_row(payload, columns->list.size(), places);
        }
    }
    // The rows of another one with the same columns.
    void add_rows(const ResultData& other) {
        for (const std::size_t start : other.starts_) starts_.push_back(bytes_.size() + start);
        bytes_.append(other.bytes_);
        places_.insert(places_.end(), other.places_.begin(), other.places_.end());
    }

private:
    std::string bytes_;                  // the rows' packets, one after the other
    std::vector<std::size_t> starts_;    // of each row in bytes_
    std::vector<std::uint32_t> places_;  // of each value in its row
};

}  // namespace aio::mysql::detail
