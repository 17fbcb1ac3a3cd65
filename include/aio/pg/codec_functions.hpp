// What the codecs of codec.hpp call: functions that know neither templates nor, with few exceptions, the C++ type.
//
// Each read_ and encode_ function checks that the type of the value, or parameter, is one that it can handle, and throws
// db::TypeMismatchError otherwise. Not for programs.
#pragma once

#include <aio/db/numeric.hpp>
#include <aio/pg/containers.hpp>
#include <aio/pg/value.hpp>
#include <aio/pg/values.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace aio::pg::detail {

using db::detail::NumericParts;
using db::detail::WideInteger;

// --- numbers ---------------------------------------------------------------------------------------------------------

bool read_bool(const Value& value, NameOf name);
std::int64_t read_signed(const Value& value, std::int64_t min, std::int64_t max, NameOf name);
std::uint64_t read_unsigned(const Value& value, std::uint64_t max, NameOf name);
double read_double(const Value& value, NameOf name);
float read_float(const Value& value, NameOf name);
Numeric read_numeric(const Value& value, NameOf name);
Money read_money(const Value& value, NameOf name);

void encode_bool(Encoder& encoder, bool value);
void encode_integer(Encoder& encoder, WideInteger value, NameOf name);
void encode_double(Encoder& encoder, double value);
void encode_float(Encoder& encoder, float value);
void encode_numeric(Encoder& encoder, const Numeric& value);
void encode_money(Encoder& encoder, Money value);

// --- text and bytes --------------------------------------------------------------------------------------------------

// A view of the row.
std::string_view read_text(const Value& value, NameOf name);
// Also of types that have a text form: numeric, uuid.
std::string read_string(const Value& value);
// The text of json, jsonb or of any text.
std::string_view read_json_text(const Value& value, NameOf name);
// Throws if arrays and objects are deeper than a parser may recurse.
void check_json_depth(const Value& value, std::string_view text);
char read_letter(const Value& value, NameOf name);
std::string_view read_bytes(const Value& value, NameOf name);
// In text format too.
std::string read_byte_string(const Value& value, NameOf name);
Uuid read_uuid(const Value& value, NameOf name);
BitString read_bits(const Value& value, NameOf name);

void encode_text(Encoder& encoder, std::string_view value, NameOf name);
void encode_json_text(Encoder& encoder, std::string_view value, NameOf name);
void encode_letter(Encoder& encoder, char value);
void encode_bytes(Encoder& encoder, std::string_view value, NameOf name);
void encode_uuid(Encoder& encoder, const Uuid& value);
void encode_bits(Encoder& encoder, const BitString& value);

// --- dates and times -------------------------------------------------------------------------------------------------

// Infinities are the ends of the type: sys_days::max(), and of microseconds.
std::chrono::sys_days read_days(const Value& value, NameOf name);
std::chrono::year_month_day read_date(const Value& value, NameOf name);
// Since 1970; `layout` is timestamp or timestamptz.
std::chrono::microseconds read_timestamp(const Value& value, Layout layout, NameOf name);
std::chrono::microseconds read_time(const Value& value, NameOf name);
// A time of day, or an interval without months.
std::chrono::microseconds read_duration(const Value& value, NameOf name);
TimeTz read_timetz(const Value& value, NameOf name);
Interval read_interval(const Value& value, NameOf name);

void encode_days(Encoder& encoder, std::chrono::sys_days value, NameOf name);
void encode_date(Encoder& encoder, std::chrono::year_month_day value);
void encode_timestamp(Encoder& encoder, std::chrono::microseconds value, Layout layout, NameOf name);
void encode_time(Encoder& encoder, std::chrono::microseconds value, NameOf name);
void encode_duration(Encoder& encoder, std::chrono::microseconds value, NameOf name);
void encode_timetz(Encoder& encoder, const TimeTz& value);
void encode_interval(Encoder& encoder, const Interval& value);

// --- addresses, shapes, positions ------------------------------------------------------------------------------------

Inet read_inet(const Value& value, NameOf name);
void encode_inet(Encoder& encoder, const Inet& value);
// Of 6 or 8 bytes.
void read_mac_address(const Value& value, std::span<std::uint8_t> bytes, NameOf name);
void encode_mac_address(Encoder& encoder, std::span<const std::uint8_t> bytes, NameOf name);
// A shape of a fixed number of coordinates.
void read_coordinates(const Value& value, Layout layout, std::span<double> numbers, NameOf name);
void encode_coordinates(Encoder& encoder, Layout layout, std::span<const double> numbers, NameOf name);
Path read_path(const Value& value, NameOf name);
Polygon read_polygon(const Value& value, NameOf name);
void encode_path(Encoder& encoder, const Path& value);
void encode_polygon(Encoder& encoder, const Polygon& value);
Lsn read_lsn(const Value& value, NameOf name);
Tid read_tid(const Value& value, NameOf name);
void encode_lsn(Encoder& encoder, Lsn value);
void encode_tid(Encoder& encoder, Tid value);
// void, the type of functions without a result.
void read_nothing(const Value& value, NameOf name);

// --- arrays ----------------------------------------------------------------------------------------------------------

inline constexpr std::size_t kMostDimensions = 6;

// The elements of an array, in either format, one after the other.
class ArrayReader {
public:
    // views: what is read from the elements are views of them. An element with escapes, in text format, is refused.
    ArrayReader(const Value& value, bool views, NameOf name);

    std::span<const Dimension> dimensions() const noexcept { return {dimensions_.data(), rank_}; }
    std::size_t size() const noexcept { return size_; }
    // The next element, valid until the one after it is read. Precondition: fewer than size() were read.
    Value next();
    // After the last one: nothing may be left.
    void finish() const;

private:
    void read_binary_header();
    void read_text_header();
    void count_text_elements();
    std::optional<std::string_view> next_text();

    const Value& array_;
    NameOf name_;
    bool views_;
    std::string_view rest_;
    std::string unescaped_;
    Oid element_ = 0;
    std::array<Dimension, kMostDimensions> dimensions_;
    std::size_t rank_ = 0;
    std::size_t size_ = 0;
};

// The type of the elements of the array to be encoded. Errors: db::TypeMismatchError.
Oid array_element(const Encoder& encoder, NameOf name);
// What comes in front of the elements. `count` must be the product of the sizes.
void encode_array_header(Encoder& encoder, std::span<const Dimension> dimensions, std::size_t count, bool has_null);
[[noreturn]] void throw_not_rectangular(const Encoder& encoder);
[[noreturn]] void throw_wrong_rank(const Value& value, std::size_t rank, NameOf name);

// --- composites, ranges, hstore --------------------------------------------------------------------------------------

// Takes the next value off `rest`: four bytes of length, and as many more. Nothing: NULL.
std::optional<std::string_view> take_field(const Value& value, std::string_view& rest);

// The fields of a composite, one after the other.
class RecordReader {
public:
    RecordReader(const Value& value, NameOf name);

    std::size_t size() const noexcept { return size_; }
    // Precondition: fewer than size() were read.
    Value next();
    void finish() const;
    [[noreturn]] void throw_wrong_size(std::size_t wanted) const;

private:
    const Value& record_;
    NameOf name_;
    std::string_view rest_;
    std::size_t size_ = 0;
};

// Whether the fields are those that the catalogue has, by number and types; also for a record whose fields have no names.
// Errors: db::MalformedValueError.
bool has_known_fields(const Value& record);

// Writes the number of fields. Errors: db::TypeMismatchError, if the parameter has another number, or is no composite.
std::span<const TypeField> encode_record_header(Encoder& encoder, std::size_t count, NameOf name);
void encode_record_field_type(Encoder& encoder, Oid oid);
// The index of the field with this name. Errors: db::ColumnError.
std::size_t field_index(const Type& type, std::string_view name, const std::string& where);

struct RangeParts {
    bool empty = false;
    bool lower_inclusive = false, upper_inclusive = false;
    std::optional<Value> lower, upper;
};
RangeParts read_range(const Value& value, NameOf name);
// Writes the flags; returns the type of the bounds.
Oid encode_range_flags(Encoder& encoder, bool empty, bool has_lower, bool has_upper, bool lower_inclusive,
                       bool upper_inclusive, NameOf name);
// The number of ranges; `rest` is behind it.
std::size_t read_multirange_size(const Value& value, std::string_view& rest, NameOf name);
// Takes the next range; the last one must leave nothing.
Value next_range(const Value& value, std::string_view& rest, bool last);
// Writes the number; returns the type of the ranges.
Oid encode_multirange_header(Encoder& encoder, std::size_t count);

struct HstoreReader {
    HstoreReader(const Value& value, NameOf name);

    std::size_t size = 0;
    // The next pair. Precondition: fewer than size were read.
    std::pair<std::string_view, std::optional<std::string_view>> next();
    void finish() const;

private:
    const Value& value_;
    std::string_view rest_;
};
void encode_hstore_header(Encoder& encoder, std::size_t count, NameOf name);
void append_hstore_text(Encoder& encoder, std::optional<std::string_view> text);

}  // namespace aio::pg::detail
