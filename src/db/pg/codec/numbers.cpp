// bool, integers, floating-point numbers, numeric and money: their bytes, and which C++ number fits which of them. The class
// Numeric: numeric.cpp.
//
// Source: PostgreSQL 17, the *send and *recv functions of src/backend/utils/adt: bool.c, int.c, int8.c, oid.c, xid.c,
// float.c, numeric.c, cash.c.
#include <aio/pg/codec_functions.hpp>

#include "db/numeric_parts.hpp"
#include "db/pg/codec/big_endian.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace aio::pg::detail {

using db::detail::kMostScale;
using db::detail::kNumericBase;

namespace {

// The sign word of a numeric.
constexpr std::uint16_t kPositive = 0x0000, kNegative = 0x4000, kNaN = 0xC000, kInfinity = 0xD000,
                        kMinusInfinity = 0xF000;

// The largest power of two up to which every integer is a double.
constexpr std::uint64_t kExactDouble = std::uint64_t{1} << 53;

template <class T>
T parse_text(const Value& value, NameOf name) {
    T result{};
    const std::string_view text = value.bytes();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
    if (error == std::errc::result_out_of_range) throw_out_of_range(value, text, name);
    if (error != std::errc() || end != text.data() + text.size()) throw_malformed(value, "its text is no number");
    return result;
}

std::string to_text(WideInteger value) {
    return value.negative ? std::to_string(static_cast<std::int64_t>(value.bits)) : std::to_string(value.bits);
}

template <class T>
std::string to_text(T value) {
    std::array<char, 32> text;
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

WideInteger wide(std::int64_t value) noexcept { return {static_cast<std::uint64_t>(value), value < 0}; }

WideInteger read_text_integer(const Value& value, NameOf name) {
    if (value.bytes().starts_with('-')) return wide(parse_text<std::int64_t>(value, name));
    return {parse_text<std::uint64_t>(value, name), false};
}

// An integer of any type that has integers.
WideInteger read_integer(const Value& value, NameOf name) {
    const Layout layout = value.type().layout;
    const bool is_integer = layout == Layout::int2 || layout == Layout::int4 || layout == Layout::int8 ||
                            layout == Layout::oid || layout == Layout::xid8;
    if (is_integer && value.format() == Format::text) return read_text_integer(value, name);
    switch (layout) {
        case Layout::int2: return wide(read_number<std::int16_t>(value));
        case Layout::int4: return wide(read_number<std::int32_t>(value));
        case Layout::int8: return wide(read_number<std::int64_t>(value));
        case Layout::oid: return {read_number<std::uint32_t>(value), false};
        case Layout::xid8: return {read_number<std::uint64_t>(value), false};
        case Layout::numeric: {
            const Numeric number = read_numeric(value, name);
            if (const std::optional<WideInteger> result = to_wide_integer(number.parts())) return *result;
            throw_out_of_range(value, number.to_string(), name);
        }
        default: throw_mismatch(value, name);
    }
}

double exact_double(const Value& value, NameOf name) {
    const WideInteger number = read_integer(value, name);
    const std::uint64_t magnitude = number.negative ? 0 - number.bits : number.bits;
    if (magnitude > kExactDouble) throw_out_of_range(value, to_text(number), name);
    return number.negative ? -static_cast<double>(magnitude) : static_cast<double>(magnitude);
}

template <std::integral T>
void encode_as(Encoder& encoder, WideInteger value) {
    bool fits = false;
    if constexpr (std::is_signed_v<T>) {
        fits =
            value.negative ? std::in_range<T>(static_cast<std::int64_t>(value.bits)) : std::in_range<T>(value.bits);
    } else {
        fits = !value.negative && std::in_range<T>(value.bits);
    }
    if (!fits) throw_out_of_range(encoder, to_text(value));
    append_big_endian(encoder.output(), static_cast<T>(value.bits));
}

// `most`: the largest power of two up to which every integer is exact.
double exact_parameter(const Encoder& encoder, WideInteger value, std::uint64_t most) {
    const std::uint64_t magnitude = value.negative ? 0 - value.bits : value.bits;
    if (magnitude > most) throw_out_of_range(encoder, to_text(value) + " exactly");
    return value.negative ? -static_cast<double>(magnitude) : static_cast<double>(magnitude);
}

void append_float(std::string& output, float value) {
    append_big_endian(output, std::bit_cast<std::uint32_t>(value));
}

std::uint16_t sign_word(const NumericParts& parts) noexcept {
    switch (parts.kind) {
        case NumericParts::Kind::nan: return kNaN;
        case NumericParts::Kind::infinity: return parts.negative ? kMinusInfinity : kInfinity;
        case NumericParts::Kind::finite: break;
    }
    return parts.negative ? kNegative : kPositive;
}

void take_sign(const Value& value, NumericParts& parts, std::uint16_t sign) {
    parts.negative = sign == kNegative || sign == kMinusInfinity;
    if (sign == kNaN) {
        parts.kind = NumericParts::Kind::nan;
    } else if (sign == kInfinity || sign == kMinusInfinity) {
        parts.kind = NumericParts::Kind::infinity;
    } else if (sign != kPositive && sign != kNegative) {
        throw_malformed(value, "its sign is unknown");
    }
}

Numeric parse_numeric_text(const Value& value) {
    try {
        return Numeric(value.bytes());
    } catch (const ValueError& error) {
        throw_malformed(value, error.what());
    }
}

void append_numeric(std::string& output, const NumericParts& parts) {
    append_big_endian(output, static_cast<std::uint16_t>(parts.digits.size()));
    append_big_endian(output, static_cast<std::int16_t>(parts.weight));
    append_big_endian(output, sign_word(parts));
    append_big_endian(output, parts.scale);
    for (const std::uint16_t digit : parts.digits) append_big_endian(output, digit);
}

}  // namespace

bool read_bool(const Value& value, NameOf name) {
    if (value.type().layout != Layout::boolean) throw_mismatch(value, name);
    const std::string_view bytes = value.bytes();
    if (value.format() == Format::text) {
        if (bytes != "t" && bytes != "f") throw_malformed(value, "it is neither t nor f");
        return bytes == "t";
    }
    if (bytes.size() != 1) throw_malformed(value, "it is not one byte");
    return bytes[0] != 0;
}

std::int64_t read_signed(const Value& value, std::int64_t min, std::int64_t max, NameOf name) {
    const WideInteger number = read_integer(value, name);
    const auto result = static_cast<std::int64_t>(number.bits);
    const bool fits = number.negative ? result >= min : number.bits <= static_cast<std::uint64_t>(max);
    if (!fits) throw_out_of_range(value, to_text(number), name);
    return result;
}

std::uint64_t read_unsigned(const Value& value, std::uint64_t max, NameOf name) {
    const WideInteger number = read_integer(value, name);
    if (number.negative || number.bits > max) throw_out_of_range(value, to_text(number), name);
    return number.bits;
}

double read_double(const Value& value, NameOf name) {
    switch (value.type().layout) {
        case Layout::float8:
            if (value.format() == Format::text) return parse_text<double>(value, name);
            return std::bit_cast<double>(read_number<std::uint64_t>(value));
        case Layout::float4: return read_float(value, name);
        case Layout::numeric: return read_numeric(value, name).to_double();
        default: return exact_double(value, name);
    }
}

float read_float(const Value& value, NameOf name) {
    if (value.type().layout != Layout::float4) throw_mismatch(value, name);
    if (value.format() == Format::text) return parse_text<float>(value, name);
    return std::bit_cast<float>(read_number<std::uint32_t>(value));
}

Numeric read_numeric(const Value& value, NameOf name) {
    if (value.type().layout != Layout::numeric) throw_mismatch(value, name);
    if (value.format() == Format::text) return parse_numeric_text(value);
    Input input(value);
    const auto count = input.take<std::uint16_t>();
    NumericParts parts;
    parts.weight = input.take<std::int16_t>();
    take_sign(value, parts, input.take<std::uint16_t>());
    parts.scale = input.take<std::uint16_t>();
    if (parts.scale > kMostScale) throw_malformed(value, "it has too many digits behind the point");
    if (input.rest().size() != std::size_t{2} * count) throw_malformed(value, "the number of its digits is wrong");
    if (parts.kind != NumericParts::Kind::finite) {
        parts.scale = 0;  // infinities come with 32
        return Numeric(std::move(parts));
    }
    parts.digits.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto digit = input.take<std::uint16_t>();
        if (digit >= kNumericBase) throw_malformed(value, "one of its digits is above 9999");
        parts.digits.push_back(digit);
    }
    Numeric result(std::move(parts));
    if (needed_scale(result.parts()) > result.scale()) throw_malformed(value, "it has digits behind its last one");
    return result;
}

Money read_money(const Value& value, NameOf name) {
    expect_layout(value, Layout::money, name);
    return {read_number<std::int64_t>(value)};
}

void encode_bool(Encoder& encoder, bool value) {
    expect_layout(encoder, Layout::boolean, &db::type_name<bool>);
    encoder.output() += static_cast<char>(value);
}

void encode_integer(Encoder& encoder, WideInteger value, NameOf name) {
    switch (encoder.type().layout) {
        case Layout::int2: return encode_as<std::int16_t>(encoder, value);
        case Layout::int4: return encode_as<std::int32_t>(encoder, value);
        case Layout::int8: return encode_as<std::int64_t>(encoder, value);
        case Layout::oid: return encode_as<std::uint32_t>(encoder, value);
        case Layout::xid8: return encode_as<std::uint64_t>(encoder, value);
        case Layout::float4:
            return append_float(encoder.output(), static_cast<float>(exact_parameter(encoder, value, 1U << 24)));
        case Layout::float8: return append_double(encoder.output(), exact_parameter(encoder, value, kExactDouble));
        case Layout::numeric: {
            const Numeric number =
                value.negative ? Numeric(static_cast<std::int64_t>(value.bits)) : Numeric(value.bits);
            return append_numeric(encoder.output(), number.parts());
        }
        default: throw_mismatch(encoder, name);
    }
}

void encode_double(Encoder& encoder, double value) {
    switch (encoder.type().layout) {
        case Layout::float8: return append_double(encoder.output(), value);
        case Layout::float4: {
            const auto rounded = static_cast<float>(value);
            if (std::isinf(rounded) && !std::isinf(value)) throw_out_of_range(encoder, to_text(value));
            return append_float(encoder.output(), rounded);
        }
        case Layout::numeric: return append_numeric(encoder.output(), Numeric(value).parts());
        default: throw_mismatch(encoder, &db::type_name<double>);
    }
}

void encode_float(Encoder& encoder, float value) {
    switch (encoder.type().layout) {
        case Layout::float8: return append_double(encoder.output(), value);
        case Layout::float4: return append_float(encoder.output(), value);
        case Layout::numeric: {  // 0.1f is 0.1, not what its double is
            const Numeric number = std::isfinite(value) ? Numeric(to_text(value)) : Numeric(double{value});
            return append_numeric(encoder.output(), number.parts());
        }
        default: throw_mismatch(encoder, &db::type_name<float>);
    }
}

void encode_numeric(Encoder& encoder, const Numeric& value) {
    expect_layout(encoder, Layout::numeric, &db::type_name<Numeric>);
    append_numeric(encoder.output(), value.parts());
}

void encode_money(Encoder& encoder, Money value) {
    expect_layout(encoder, Layout::money, &db::type_name<Money>);
    append_big_endian(encoder.output(), value.units);
}

}  // namespace aio::pg::detail
