// Rows and their descriptions: views of a message's body that are checked as a whole first, and then read without further
// checks. Nothing is allocated.
//
// Source: PostgreSQL 17 manual, 53.7 (DataRow, RowDescription).
#pragma once

#include "db/pg/wire/frontend.hpp"
#include "db/pg/wire/integers.hpp"
#include "db/pg/wire/message_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

namespace aio::pg::wire {

// A column of a result.
struct Field {
    std::string_view name;
    std::uint32_t table = 0;    // its OID; 0 if the field is no column of a table
    std::int16_t column = 0;    // its attribute number there; 0 likewise
    std::uint32_t type = 0;     // an OID
    std::int16_t size = 0;      // of the type; negative if it varies (pg_type.typlen)
    std::int32_t modifier = 0;  // pg_attribute.atttypmod
    Format format = Format::text;
};

// What is common to both: `Decode` makes a T of the bytes at a place, and moves the place to the next one.
template <class T, T (*Decode)(const char*& at)>
class BodyList {
public:
    class Iterator {
    public:
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;

        Iterator() = default;
        Iterator(const char* at, std::size_t left) noexcept : at_(at), left_(left) {}
        T operator*() const noexcept {
            const char* at = at_;
            return Decode(at);
        }
        Iterator& operator++() noexcept {
            Decode(at_);
            --left_;
            return *this;
        }
        Iterator operator++(int) noexcept {
            Iterator before = *this;
            ++*this;
            return before;
        }
        bool operator==(const Iterator& other) const noexcept { return left_ == other.left_; }

    private:
        const char* at_ = nullptr;
        std::size_t left_ = 0;
    };

    BodyList() = default;
    BodyList(const char* at, std::size_t size) noexcept : at_(at), size_(size) {}

    std::size_t size() const noexcept { return size_; }
    Iterator begin() const noexcept { return {at_, size_}; }
    Iterator end() const noexcept { return {nullptr, 0}; }

private:
    const char* at_ = nullptr;
    std::size_t size_ = 0;
};

using Value = std::optional<std::string_view>;  // a column's bytes, or SQL's NULL

Field decode_field(const char*& at) noexcept;

inline Value decode_value(const char*& at) noexcept {
    const std::uint32_t size = load_u32(at);
    at += 4;
    if (size == ~std::uint32_t{0}) return std::nullopt;
    const std::string_view bytes(at, size);
    at += size;
    return bytes;
}

using RowDescription = BodyList<Field, decode_field>;
using DataRow = BodyList<Value, decode_value>;

// Errors: ProtocolError.
RowDescription parse_row_description(const Message& message);
// columns: of the RowDescription. places: room for as many numbers, which become where each value is in the body, as
// decode_value() takes it; or null. Errors: ProtocolError, also for another number of columns.
DataRow parse_data_row(const Message& message, std::size_t columns, std::uint32_t* places = nullptr);

}  // namespace aio::pg::wire
