// What the codecs of codec.hpp call: functions that know neither templates nor, with few exceptions, the C++ type.
//
// Each read_ function checks that the type of the column is one that it can handle, and throws db::TypeMismatchError otherwise.
// Not for programs.
#pragma once

#include <aio/db/numeric.hpp>
#include <aio/mysql/value.hpp>
#include <aio/mysql/values.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aio::mysql::detail {

bool read_bool(const Value& value, NameOf name);
std::int64_t read_signed(const Value& value, std::int64_t min, std::int64_t max, NameOf name);
std::uint64_t read_unsigned(const Value& value, std::uint64_t max, NameOf name);
double read_double(const Value& value, NameOf name);
float read_float(const Value& value, NameOf name);
Numeric read_numeric(const Value& value, NameOf name);

// A view of the row.
std::string_view read_text(const Value& value, NameOf name);
// Also of types that have a text form: DECIMAL, dates, times.
std::string read_string(const Value& value);
std::string_view read_bytes(const Value& value, NameOf name);

// All values of a date, the zero date too.
DateTime read_datetime(const Value& value, NameOf name);
std::chrono::sys_days read_days(const Value& value, NameOf name);
// Since 1970, without a time zone. Errors: also db::OutOfRangeError for the zero date.
std::chrono::microseconds read_local_time(const Value& value, NameOf name);
// A TIME: up to 838:59:59, with a sign.
std::chrono::microseconds read_duration(const Value& value, NameOf name);

// `size`: in bytes.
void encode_integer(Encoder& encoder, std::uint64_t bits, std::size_t size, bool is_unsigned);
void encode_double(Encoder& encoder, double value);
void encode_float(Encoder& encoder, float value);
// Errors: db::OutOfRangeError for what is no finite number.
void encode_numeric(Encoder& encoder, const Numeric& value);
void encode_text(Encoder& encoder, std::string_view value);
void encode_bytes(Encoder& encoder, std::string_view value);
void encode_days(Encoder& encoder, std::chrono::sys_days value);
void encode_date(Encoder& encoder, std::chrono::year_month_day value);
void encode_datetime(Encoder& encoder, const DateTime& value);
void encode_local_time(Encoder& encoder, std::chrono::microseconds since_1970);
void encode_duration(Encoder& encoder, std::chrono::microseconds value);

// Throws if arrays and objects are deeper than a parser may recurse.
void check_json_depth(const Value& value, std::string_view text);

}  // namespace aio::mysql::detail
