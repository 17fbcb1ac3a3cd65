// Values of SQLite in C++ and back: numbers, text, bytes. codec_time.cpp has the times.
#include <aio/sqlite/codec.hpp>
#include <aio/sqlite/json.hpp>
#include <aio/sqlite/parameters.hpp>

#include "db/json_depth.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>

namespace aio::sqlite {

namespace {

constexpr std::size_t kMostBytes = 0x7FFF'FFFE;  // of a text or a blob

const char* name_of(Type type) noexcept {
    static constexpr const char* kNames[] = {"NULL", "INTEGER", "REAL", "TEXT", "BLOB"};
    return kNames[static_cast<std::size_t>(type)];
}

const char* usual_type(Type type) noexcept {
    static constexpr const char* kNames[] = {"std::optional", "std::int64_t", "double", "std::string",
                                             "std::vector<std::byte>"};
    return kNames[static_cast<std::size_t>(type)];
}

// "1.5": the shortest text that is read back as the same number.
std::string text_of(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.17g", value);
    return text;
}

}  // namespace

std::string Value::describe() const {
    if (place_.find(' ') != place_.npos) return std::string(place_);
    return "column \"" + std::string(place_) + '"';
}

std::string Encoder::describe() const {
    if (parameter_ > 0) return "?" + std::to_string(parameter_);
    const bool has_sign = name_.empty() || name_[0] == ':' || name_[0] == '@' || name_[0] == '$';
    return (has_sign || name_.find(' ') != name_.npos ? "" : ":") + std::string(name_);
}

void Encoder::write_integer(std::int64_t value) noexcept {
    cell_.type = Type::integer;
    cell_.integer = value;
}

void Encoder::write_real(double value) {
    if (std::isnan(value)) detail::throw_out_of_range(*this, "NaN, which SQLite would store as NULL,");
    cell_.type = Type::real;
    cell_.real = value;
}

void Encoder::write_bytes(Type type, std::string_view bytes) {
    if (bytes.size() > kMostBytes) detail::throw_out_of_range(*this, std::to_string(bytes.size()) + " bytes");
    cell_.offset = bytes_.size();
    bytes_.append(bytes);
    cell_.size = static_cast<std::uint32_t>(bytes.size());
    cell_.type = type;
}

void Codec<Value>::encode(Encoder& encoder, const Value& value) {
    switch (value.type()) {
        case Type::null: return encoder.write_null();
        case Type::integer: return encoder.write_integer(value.integer());
        case Type::real: return encoder.write_real(value.real());
        case Type::text: return encoder.write_text(value.bytes());
        case Type::blob: return encoder.write_blob(value.bytes());
    }
}

namespace detail {

void throw_null(const Value& value, NameOf name) {
    throw db::NullValueError(value.describe() + " is NULL, which " + name() +
                             " cannot hold; read it as std::optional<" + name() + ">");
}

void throw_mismatch(const Value& value, NameOf name) {
    throw db::TypeMismatchError(value.describe() + " is " + name_of(value.type()) + ", which cannot be read as " +
                                name() + "; read it as " + usual_type(value.type()));
}

void throw_out_of_range(const Value& value, std::string_view what, NameOf name) {
    throw db::OutOfRangeError(value.describe() + " is " + std::string(what) + ", which does not fit into " + name());
}

void throw_out_of_range(const Encoder& encoder, std::string_view what) {
    throw db::OutOfRangeError(encoder.describe() + " is " + std::string(what) + " and cannot be passed to SQLite");
}

void throw_malformed(const Value& value, std::string_view why) {
    throw db::MalformedValueError(value.describe() + " cannot be read: " + std::string(why));
}

bool read_bool(const Value& value, NameOf name) {
    if (value.type() != Type::integer) throw_mismatch(value, name);
    if (value.integer() != 0 && value.integer() != 1) {
        throw_out_of_range(value, std::to_string(value.integer()), name);
    }
    return value.integer() == 1;
}

std::int64_t read_integer(const Value& value, std::int64_t min, std::int64_t max, NameOf name) {
    std::int64_t result = 0;
    if (value.type() == Type::real) {
        const double real = value.real();
        constexpr double kEnd = 9'223'372'036'854'775'808.0;  // 2^63
        if (!(real >= -kEnd && real < kEnd) || std::trunc(real) != real) {
            throw_out_of_range(value, text_of(real), name);
        }
        result = static_cast<std::int64_t>(real);
    } else if (value.type() == Type::integer) {
        result = value.integer();
    } else {
        throw_mismatch(value, name);
    }
    if (result < min || result > max) throw_out_of_range(value, std::to_string(result), name);
    return result;
}

double read_real(const Value& value, NameOf name) {
    if (value.type() == Type::real) return value.real();
    if (value.type() != Type::integer) throw_mismatch(value, name);
    const auto real = static_cast<double>(value.integer());
    constexpr double kEnd = 9'223'372'036'854'775'808.0;
    if (real >= kEnd || static_cast<std::int64_t>(real) != value.integer()) {
        throw_out_of_range(value, std::to_string(value.integer()), name);
    }
    return real;
}

std::string_view read_text(const Value& value, NameOf name) {
    if (value.type() != Type::text) throw_mismatch(value, name);
    return value.bytes();
}

std::string_view read_blob(const Value& value, NameOf name) {
    if (value.type() != Type::blob) throw_mismatch(value, name);
    return value.bytes();
}

void encode_unsigned(Encoder& encoder, std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        throw_out_of_range(encoder, std::to_string(value) + ", above the greatest INTEGER,");
    }
    encoder.write_integer(static_cast<std::int64_t>(value));
}

std::string_view read_json_text(const Value& value, NameOf name) {
    const std::string_view text = read_text(value, name);
    if (db::detail::is_deep_json(text)) throw_malformed(value, db::detail::kDeepJSON);
    return text;
}

void Parameters::add_name(std::size_t number, std::string_view name) {
    if (sets_ == 1) {
        names_.resize(per_set_);
        names_[number - 1] = name;
        return;
    }
    if (names_[number - 1] != name) {
        throw ValueError("the arguments of all sets must have the same names: the first set has \"" +
                         names_[number - 1] + "\", set " + std::to_string(sets_) + " has \"" + std::string(name) +
                         '"');
    }
}

}  // namespace detail

}  // namespace aio::sqlite
