// Rows: they are checked as a whole when they come, and then read without further checks. Nothing is allocated.
//
// Source: MySQL 8.0 source documentation, "Text Resultset Row", "Binary Protocol Resultset Row", "Binary Protocol Value".
#pragma once

#include "db/mysql/wire/integers.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace aio::mysql::wire {

// How a value of a binary row is laid out.
enum class Width : std::uint8_t {
    none,  // no bytes: NULL
    one,   // an integer of one byte…
    two,
    four,
    eight,
    date,      // a byte of length, and 0, 4, 7 or 11 more
    time,      // and 0, 8 or 12 more
    variable,  // a length of variable size, and the bytes
    unknown    // of a type that this client does not know
};
// `type`: of a column's definition.
Width width_of(std::uint8_t type) noexcept;

using Value = std::optional<std::string_view>;  // a column's bytes, or SQL's NULL

// Of the text protocol. Takes the value at `at`, and moves on. Precondition: the row was checked.
inline Value take_text_value(const char*& at) noexcept {
    const auto first = static_cast<unsigned char>(*at++);
    if (first == 0xfb) return std::nullopt;
    std::size_t size = first;
    if (first > 0xfb) {
        const std::size_t bytes = first == 0xfc ? 2 : first == 0xfd ? 3 : 8;
        size = static_cast<std::size_t>(load(at, bytes));
        at += bytes;
    }
    const std::string_view value(at, size);
    at += size;
    return value;
}

// Of the binary protocol; the value is not NULL.
std::string_view take_binary_value(const char*& at, Width width) noexcept;
// Whether the value at `column` is NULL.
inline bool is_binary_null(const char* row, std::size_t column) noexcept {
    const std::size_t bit = column + 2;
    return (static_cast<unsigned char>(row[1 + bit / 8]) >> (bit % 8) & 1) != 0;
}
// Where the values begin: behind the row's header and its bits for NULL.
inline const char* binary_values(const char* row, std::size_t columns) noexcept {
    return row + 1 + (columns + 9) / 8;
}

// places: room for as many numbers as there are columns, which become where each value is in the row; or null. Errors:
// ProtocolError unless there are exactly as many values.
void check_text_row(std::string_view payload, std::size_t columns, std::uint32_t* places = nullptr);
// The same. Errors: ProtocolError, also for dates and times of an impossible length.
void check_binary_row(std::string_view payload, std::span<const Width> columns, std::uint32_t* places = nullptr);

}  // namespace aio::mysql::wire
