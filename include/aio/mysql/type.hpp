// The types of MySQL's and MariaDB's columns. Only codecs and PreparedStatement's descriptions need this header.
//
// Source: MySQL 8.0 source documentation, "enum_field_types", "Column Definition Flags".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace aio::mysql {

// The type of a column, or of an argument, as the protocol numbers it.
enum class FieldType : std::uint8_t {
    decimal = 0,
    tiny_int = 1,
    small_int = 2,
    int_ = 3,
    float_ = 4,
    double_ = 5,
    null = 6,
    timestamp = 7,
    big_int = 8,
    medium_int = 9,
    date = 10,
    time = 11,
    datetime = 12,
    year = 13,
    new_date = 14,
    varchar = 15,
    bit = 16,
    vector = 242,
    json = 245,
    new_decimal = 246,
    enumeration = 247,
    set = 248,
    tiny_blob = 249,
    medium_blob = 250,
    long_blob = 251,
    blob = 252,
    var_string = 253,
    string = 254,
    geometry = 255
};

// What values of several types have in common: how they are read.
enum class Kind : std::uint8_t { integer, real, decimal, text, bits, date, datetime, time, null };

namespace detail {

constexpr Kind kind_of(FieldType type) noexcept {
    switch (type) {
        case FieldType::tiny_int:
        case FieldType::small_int:
        case FieldType::medium_int:
        case FieldType::int_:
        case FieldType::big_int:
        case FieldType::year: return Kind::integer;
        case FieldType::float_:
        case FieldType::double_: return Kind::real;
        case FieldType::decimal:
        case FieldType::new_decimal: return Kind::decimal;
        case FieldType::bit: return Kind::bits;
        case FieldType::date:
        case FieldType::new_date: return Kind::date;
        case FieldType::datetime:
        case FieldType::timestamp: return Kind::datetime;
        case FieldType::time: return Kind::time;
        case FieldType::null: return Kind::null;
        default: return Kind::text;
    }
}

// By the type's number: each value that is read is looked up.
inline constexpr std::array<Kind, 256> kKinds = [] {
    std::array<Kind, 256> kinds{};
    for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] = kind_of(static_cast<FieldType>(i));
    return kinds;
}();

}  // namespace detail

// The type of a column.
struct ColumnType {
    FieldType type;
    std::uint16_t flags;    // kUnsigned…
    std::uint16_t charset;  // a number of the server's; 63: bytes
    std::uint32_t length;   // the largest, in bytes as the server counts them
    std::uint8_t decimals;  // digits behind the point

    static constexpr std::uint16_t kNotNull = 1, kUnsigned = 32, kBinary = 128, kEnum = 256, kSet = 2048;

    bool is_unsigned() const noexcept { return (flags & kUnsigned) != 0; }
    // Whether it holds bytes: BLOB, BINARY, geometry.
    bool is_bytes() const noexcept { return charset == 63 && kind() == Kind::text; }
    // What its values are.
    Kind kind() const noexcept { return detail::kKinds[static_cast<std::uint8_t>(type)]; }
    // As SQL writes it: "BIGINT UNSIGNED", "VARCHAR".
    std::string name() const;
};

}  // namespace aio::mysql
