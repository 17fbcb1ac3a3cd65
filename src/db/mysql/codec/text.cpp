// Text, bytes and JSON.
#include <aio/mysql/codec_functions.hpp>

#include "db/json_depth.hpp"
#include "db/mysql/wire/integers.hpp"

#include <cstdio>

namespace aio::mysql::detail {

std::string_view read_text(const Value& value, NameOf name) {
    const Kind kind = value.type().kind();
    if (kind != Kind::text && kind != Kind::decimal) throw_mismatch(value, name);
    return value.bytes();
}

namespace {

constexpr NameOf kString = &db::type_name<std::string>;

// "-838:59:59.000001".
std::string duration_text(std::chrono::microseconds time) {
    const std::uint64_t all =
        time.count() < 0 ? 0 - static_cast<std::uint64_t>(time.count()) : static_cast<std::uint64_t>(time.count());
    char text[64];
    const auto part = [&](std::uint64_t unit, std::uint64_t modulus) {
        return static_cast<unsigned long long>(all / unit % modulus);
    };
    std::snprintf(text, sizeof text, "%s%02llu:%02llu:%02llu", time.count() < 0 ? "-" : "",
                  static_cast<unsigned long long>(all / 3'600'000'000), part(60'000'000, 60), part(1'000'000, 60));
    std::string result = text;
    if (all % 1'000'000 != 0) {
        std::snprintf(text, sizeof text, ".%06llu", part(1, 1'000'000));
        result += text;
    }
    return result;
}

}  // namespace

std::string read_string(const Value& value) {
    if (value.format() == Format::text) {
        const Kind kind = value.type().kind();
        if (kind == Kind::date || kind == Kind::datetime || kind == Kind::time) return std::string(value.bytes());
    }
    switch (value.type().kind()) {
        case Kind::date: return read_datetime(value, kString).to_string().substr(0, 10);
        case Kind::datetime: return read_datetime(value, kString).to_string();
        case Kind::time: return duration_text(read_duration(value, kString));
        default: return std::string(read_text(value, kString));
    }
}

std::string_view read_bytes(const Value& value, NameOf name) {
    const Kind kind = value.type().kind();
    if (kind != Kind::text && kind != Kind::bits) throw_mismatch(value, name);
    return value.bytes();
}

void encode_text(Encoder& encoder, std::string_view value) {
    encoder.set_type(FieldType::var_string);
    encoder.append_text(value);
}

void encode_bytes(Encoder& encoder, std::string_view value) {
    encoder.set_type(FieldType::blob);
    encoder.append_text(value);
}

void check_json_depth(const Value& value, std::string_view text) {
    if (db::detail::is_deep_json(text)) throw_malformed(value, db::detail::kDeepJSON);
}

}  // namespace aio::mysql::detail
