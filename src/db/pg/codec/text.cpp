// Text, json, "char", bytea, uuid, bit strings, and void.
//
// Source: PostgreSQL 17, src/backend/utils/adt: varlena.c (textsend, byteasend), char.c, jsonb.c and jsonpath.c (a version
// byte in front of the text), uuid.c, varbit.c.
#include <aio/pg/codec_functions.hpp>

#include "db/json_depth.hpp"
#include "db/pg/codec/big_endian.hpp"
#include "db/pg/codec/hex.hpp"

#include <limits>
#include <utility>

namespace aio::pg::detail {

namespace {

// Of jsonb and jsonpath.
constexpr char kVersion = 1;

std::string_view without_version(const Value& value) {
    if (!value.bytes().starts_with(kVersion)) throw_malformed(value, "its version is not 1");
    return value.bytes().substr(1);
}

bool has_version(Layout layout) noexcept {
    return layout == Layout::versioned_json || layout == Layout::versioned_text;
}

std::string from_hex(const Value& value) {
    std::string_view text = value.bytes();
    if (!text.starts_with("\\x") || text.size() % 2 != 0) throw_malformed(value, "it is not in the hex format");
    text.remove_prefix(2);
    std::string result;
    result.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_value(text[i]), low = hex_value(text[i + 1]);
        if (high < 0 || low < 0) throw_malformed(value, "it is not in the hex format");
        result += static_cast<char>(high << 4 | low);
    }
    return result;
}

// Runs a constructor from text on an argument; its error becomes one that names the parameter.
template <class T>
T parse_argument(const Encoder& encoder, std::string_view text) {
    try {
        return T(text);
    } catch (const ValueError& error) {
        throw db::OutOfRangeError(encoder.describe() + " (" + encoder.catalog().name(encoder.oid()) +
                                  "): " + error.what());
    }
}

}  // namespace

std::string_view read_text(const Value& value, NameOf name) {
    if (value.format() == Format::text) return value.bytes();
    switch (value.type().layout) {
        case Layout::text:
        case Layout::json: return value.bytes();
        case Layout::versioned_json:
        case Layout::versioned_text: return without_version(value);
        case Layout::letter: return read_letter(value, name) == '\0' ? std::string_view() : value.bytes();
        default: throw_mismatch(value, name);
    }
}

std::string read_string(const Value& value) {
    if (value.format() == Format::binary) {
        if (value.type().layout == Layout::numeric)
            return read_numeric(value, &db::type_name<std::string>).to_string();
        if (value.type().layout == Layout::uuid) return read_uuid(value, &db::type_name<std::string>).to_string();
    }
    return std::string(read_text(value, &db::type_name<std::string>));
}

std::string_view read_json_text(const Value& value, NameOf name) {
    const Layout layout = value.type().layout;
    if (layout != Layout::json && layout != Layout::versioned_json && layout != Layout::text) {
        throw_mismatch(value, name);
    }
    return read_text(value, name);
}

void check_json_depth(const Value& value, std::string_view text) {
    if (db::detail::is_deep_json(text)) throw_malformed(value, db::detail::kDeepJSON);
}

char read_letter(const Value& value, NameOf name) {
    if (value.type().layout != Layout::letter) throw_mismatch(value, name);
    if (value.format() == Format::text && value.bytes().empty()) return '\0';
    if (value.bytes().size() != 1) throw_malformed(value, "it is not one byte");
    return value.bytes()[0];
}

std::string_view read_bytes(const Value& value, NameOf name) {
    expect_layout(value, Layout::bytes, name);
    return value.bytes();
}

std::string read_byte_string(const Value& value, NameOf name) {
    const bool is_text = value.format() == Format::text && value.type().layout == Layout::bytes;
    return is_text ? from_hex(value) : std::string(read_bytes(value, name));
}

Uuid read_uuid(const Value& value, NameOf name) {
    if (value.type().layout != Layout::uuid) throw_mismatch(value, name);
    if (value.format() == Format::text) {
        try {
            return Uuid(value.bytes());
        } catch (const ValueError& error) {
            throw_malformed(value, error.what());
        }
    }
    Uuid result;
    Input input(value);
    for (std::uint8_t& byte : result.bytes) byte = input.take<std::uint8_t>();
    input.finish();
    return result;
}

BitString read_bits(const Value& value, NameOf name) {
    expect_layout(value, Layout::bits, name);
    Input input(value);
    const auto size = input.take<std::int32_t>();
    if (size < 0 || (static_cast<std::size_t>(size) + 7) / 8 != input.rest().size()) {
        throw_malformed(value, "the number of its bits is wrong");
    }
    return BitString(std::string(input.rest()), static_cast<std::size_t>(size));
}

void read_nothing(const Value& value, NameOf name) {
    if (value.type().layout != Layout::nothing) throw_mismatch(value, name);
}

void encode_text(Encoder& encoder, std::string_view value, NameOf name) {
    const Layout layout = encoder.type().layout;
    if (encoder.format() == Format::binary) {
        if (layout == Layout::numeric) return encode_numeric(encoder, parse_argument<Numeric>(encoder, value));
        if (layout == Layout::uuid) return encode_uuid(encoder, parse_argument<Uuid>(encoder, value));
        if (layout == Layout::letter && value.size() > 1) {
            throw_out_of_range(encoder, "'" + std::string(value.substr(0, 20)) + "', which is not one byte");
        }
        if (layout == Layout::letter && value.empty()) return encode_letter(encoder, '\0');
        if (has_version(layout)) {
            encoder.output() += kVersion;
        } else if (layout != Layout::text && layout != Layout::json && layout != Layout::letter) {
            throw_mismatch(encoder, name);
        }
    }
    encoder.output() += value;
}

void encode_json_text(Encoder& encoder, std::string_view value, NameOf name) {
    const Layout layout = encoder.type().layout;
    const bool unknown = encoder.oid() == 0;  // the server decides
    if (layout != Layout::json && layout != Layout::versioned_json && layout != Layout::text && !unknown) {
        throw_mismatch(encoder, name);
    }
    encode_text(encoder, value, name);
}

void encode_letter(Encoder& encoder, char value) {
    expect_layout(encoder, Layout::letter, &db::type_name<char>);
    encoder.output() += value;
}

void encode_bytes(Encoder& encoder, std::string_view value, NameOf name) {
    expect_layout(encoder, Layout::bytes, name);
    encoder.output() += value;
}

void encode_uuid(Encoder& encoder, const Uuid& value) {
    expect_layout(encoder, Layout::uuid, &db::type_name<Uuid>);
    encoder.output().append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
}

void encode_bits(Encoder& encoder, const BitString& value) {
    expect_layout(encoder, Layout::bits, &db::type_name<BitString>);
    if (!std::in_range<std::int32_t>(value.size())) {
        throw_out_of_range(encoder, std::to_string(value.size()) + " bits");
    }
    append_big_endian(encoder.output(), static_cast<std::int32_t>(value.size()));
    encoder.output() += value.bytes();
}

}  // namespace aio::pg::detail
