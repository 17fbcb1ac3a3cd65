// Integers, floating-point numbers, decimals and bits, in both formats.
//
// Source: MySQL 8.0 source documentation, "Binary Protocol Value".
#include <aio/base/error.hpp>
#include <aio/mysql/codec_functions.hpp>

#include "db/mysql/wire/integers.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

namespace aio::mysql::detail {

namespace {

// The largest power of two up to which every integer is a double.
constexpr std::uint64_t kExactDouble = std::uint64_t{1} << 53;

using db::detail::WideInteger;

std::string to_text(WideInteger value) {
    return value.negative ? std::to_string(static_cast<std::int64_t>(value.bits)) : std::to_string(value.bits);
}

template <class T>
T parse_number(const Value& value, std::string_view text, NameOf name) {
    T result{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
    if (error == std::errc::result_out_of_range) throw_out_of_range(value, text, name);
    if (error != std::errc() || end != text.data() + text.size()) throw_malformed(value, "its text is no number");
    return result;
}

WideInteger parse_integer(const Value& value, std::string_view text, NameOf name) {
    if (!text.starts_with('-')) return {parse_number<std::uint64_t>(value, text, name), false};
    const auto number = parse_number<std::int64_t>(value, text, name);
    return {static_cast<std::uint64_t>(number), number < 0};
}

// The sums of integers are decimals.
WideInteger parse_decimal(const Value& value, NameOf name) {
    const std::string_view text = value.bytes();
    const std::size_t point = text.find('.');
    if (point != text.npos && text.find_first_not_of('0', point + 1) != text.npos)
        throw_out_of_range(value, text, name);
    return parse_integer(value, text.substr(0, point), name);
}

// The most significant byte comes first, in both formats.
WideInteger read_bits(const Value& value, NameOf name) {
    std::uint64_t bits = 0;
    if (value.bytes().size() > 8)
        throw_out_of_range(value, std::to_string(value.bytes().size()) + " bytes long", name);
    for (const char c : value.bytes()) bits = bits << 8 | static_cast<unsigned char>(c);
    return {bits, false};
}

WideInteger read_binary_integer(const Value& value) {
    const std::string_view bytes = value.bytes();
    if (bytes.empty() || bytes.size() > 8) throw_malformed(value, "it is no integer");
    std::uint64_t bits = wire::load(bytes.data(), bytes.size());
    if (value.type().is_unsigned()) return {bits, false};
    const unsigned shift = 64 - 8 * static_cast<unsigned>(bytes.size());
    bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(bits << shift) >> shift);  // extends the sign
    return {bits, static_cast<std::int64_t>(bits) < 0};
}

// An integer of any type that has integers.
WideInteger read_integer(const Value& value, NameOf name) {
    switch (value.type().kind()) {
        case Kind::integer:
            return value.format() == Format::binary ? read_binary_integer(value)
                                                    : parse_integer(value, value.bytes(), name);
        case Kind::bits: return read_bits(value, name);
        case Kind::decimal: return parse_decimal(value, name);
        default: throw_mismatch(value, name);
    }
}

template <class T>
void append_real(std::string& output, T value) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    wire::append_int(output, std::bit_cast<Bits>(value), sizeof(T));
}

}  // namespace

bool read_bool(const Value& value, NameOf name) {
    const WideInteger number = read_integer(value, name);
    if (number.negative || number.bits > 1) throw_out_of_range(value, to_text(number), name);
    return number.bits == 1;
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
    switch (value.type().kind()) {
        case Kind::real:
            if (value.type().type == FieldType::float_) return read_float(value, name);
            if (value.format() == Format::text) return parse_number<double>(value, value.bytes(), name);
            if (value.bytes().size() != 8) throw_malformed(value, "it is not 8 bytes long");
            return std::bit_cast<double>(wire::load_u64(value.bytes().data()));
        case Kind::decimal: return parse_number<double>(value, value.bytes(), name);
        default: break;
    }
    const WideInteger number = read_integer(value, name);
    const std::uint64_t magnitude = number.negative ? 0 - number.bits : number.bits;
    if (magnitude > kExactDouble) throw_out_of_range(value, to_text(number), name);
    return number.negative ? -static_cast<double>(magnitude) : static_cast<double>(magnitude);
}

float read_float(const Value& value, NameOf name) {
    if (value.type().type != FieldType::float_) throw_mismatch(value, name);
    if (value.format() == Format::text) return parse_number<float>(value, value.bytes(), name);
    if (value.bytes().size() != 4) throw_malformed(value, "it is not 4 bytes long");
    return std::bit_cast<float>(wire::load_u32(value.bytes().data()));
}

void encode_integer(Encoder& encoder, std::uint64_t bits, std::size_t size, bool is_unsigned) {
    const FieldType type = size == 1   ? FieldType::tiny_int
                           : size == 2 ? FieldType::small_int
                           : size == 4 ? FieldType::int_
                                       : FieldType::big_int;
    encoder.set_type(type, is_unsigned);
    wire::append_int(encoder.output(), bits, size);
}

void encode_double(Encoder& encoder, double value) {
    if (!std::isfinite(value)) throw_out_of_range(encoder, "not a finite number");
    encoder.set_type(FieldType::double_);
    append_real(encoder.output(), value);
}

void encode_float(Encoder& encoder, float value) {
    if (!std::isfinite(value)) throw_out_of_range(encoder, "not a finite number");
    encoder.set_type(FieldType::float_);
    append_real(encoder.output(), value);
}

Numeric read_numeric(const Value& value, NameOf name) {
    if (value.type().kind() == Kind::decimal) {
        try {
            return Numeric(value.bytes());
        } catch (const ValueError&) {
            throw_malformed(value, "its text is no number");
        }
    }
    const WideInteger number = read_integer(value, name);
    return number.negative ? Numeric(static_cast<std::int64_t>(number.bits)) : Numeric(number.bits);
}

// A DECIMAL has at most 65 digits; the server refuses more, or rounds them.
void encode_numeric(Encoder& encoder, const Numeric& value) {
    if (!value.is_finite()) throw_out_of_range(encoder, "not a finite number");
    encoder.set_type(FieldType::new_decimal);
    encoder.append_text(value.to_string());
}

}  // namespace aio::mysql::detail
