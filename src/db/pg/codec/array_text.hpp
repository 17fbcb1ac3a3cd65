// The text format of arrays, {1,NULL,"a \"b\""}: arrays of types without a binary format come in it.
// Source: PostgreSQL 17 manual, section 8.15.6; src/backend/utils/adt/arrayfuncs.c: array_out().
#pragma once

#include <aio/pg/containers.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace aio::pg::detail {

// The parts of an array's text, one by one.
class ArrayText {
public:
    enum class Token { open, close, separator, element, null, end, broken };

    ArrayText(std::string_view text, char delimiter) noexcept : rest_(text), delimiter_(delimiter) {}

    Token next();
    // Of the element that was read last: a view of the text, or of this object if it had to be unescaped.
    std::string_view element() const noexcept { return element_; }
    bool is_unescaped() const noexcept { return unescaped_; }
    std::string_view rest() const noexcept { return rest_; }

private:
    Token quoted();
    Token unquoted();

    std::string_view rest_;
    std::string_view element_;
    std::string buffer_;
    bool unescaped_ = false;
    char delimiter_;
};

// Takes the bounds "[0:2][1:3]=" off the front of `text`, if there are any. Result: whether they are in order.
bool take_array_bounds(std::string_view& text, std::span<Dimension> dimensions) noexcept;

// Measures an array: the sizes of `dimensions`. Result: the number of dimensions; nothing if the text is not an array, is
// not rectangular, or has more dimensions. There are at most kMostDimensions.
std::optional<std::size_t> measure_array_text(std::string_view text, char delimiter, std::span<Dimension> dimensions);

}  // namespace aio::pg::detail
