// Which C++ type fits which type of SQLite.
//
//     SQLite     C++ (the first is the usual one)
//     INTEGER    any integer; bool, for 0 and 1; double, if no digit is lost
//     REAL       double; float, to the nearest; any integer, if the value is one
//     TEXT       std::string, std::string_view (a view of the row), enums with AIO_DB_ENUM, nlohmann::json
//                std::chrono::year_month_day, std::chrono::sys_days: "2026-11-30"
//                std::chrono::sys_time<D>, in UTC: "2026-11-30 15:04:05.250", as SQLite's datetime() writes it, with as many
//                digits as D has; an offset ("Z", "+02:00") is read
//                std::chrono::local_time<D>: the same, never with an offset
//                std::chrono::hh_mm_ss<D>: "15:04:05"
//     BLOB       std::vector<std::byte>, std::span<const std::byte> (a view of the row)
//     NULL       std::optional<T>; nullptr or std::nullopt to pass it
//
// A number that does not fit is an error, never truncated, and a time is never rounded when it is read. SQLite has no NaN and would
// store NULL: passing one is an error. std::string is text; pass bytes as std::span<const std::byte>.
#pragma once

#include <aio/db/enum_names.hpp>
#include <aio/sqlite/value.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio::sqlite {

namespace detail {

template <class T>
concept Character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
                    std::same_as<T, char16_t> || std::same_as<T, char32_t>;
template <class T>
concept Integer = std::integral<T> && !Character<T> && !std::same_as<T, bool>;

bool read_bool(const Value& value, NameOf name);
std::int64_t read_integer(const Value& value, std::int64_t min, std::int64_t max, NameOf name);
double read_real(const Value& value, NameOf name);
std::string_view read_text(const Value& value, NameOf name);
std::string_view read_blob(const Value& value, NameOf name);
void encode_unsigned(Encoder& encoder, std::uint64_t value);

}  // namespace detail

template <>
struct Codec<bool> {
    static bool decode(const Value& value) { return detail::read_bool(value, &db::type_name<bool>); }
    static void encode(Encoder& encoder, bool value) noexcept { encoder.write_integer(value); }
};

template <detail::Integer T>
struct Codec<T> {
    static T decode(const Value& value) {
        using Limits = std::numeric_limits<T>;
        constexpr std::int64_t kMax = std::cmp_less(INT64_MAX, Limits::max()) ? INT64_MAX : Limits::max();
        return static_cast<T>(detail::read_integer(value, Limits::min(), kMax, &db::type_name<T>));
    }
    static void encode(Encoder& encoder, T value) {
        if constexpr (std::is_signed_v<T>) {
            encoder.write_integer(value);
        } else {
            detail::encode_unsigned(encoder, value);
        }
    }
};

template <std::floating_point T>
    requires(sizeof(T) <= sizeof(double))
struct Codec<T> {
    static T decode(const Value& value) { return static_cast<T>(detail::read_real(value, &db::type_name<T>)); }
    static void encode(Encoder& encoder, T value) { encoder.write_real(value); }
};

template <>
struct Codec<std::string> {
    static std::string decode(const Value& value) {
        return std::string(detail::read_text(value, &db::type_name<std::string>));
    }
    static void encode(Encoder& encoder, const std::string& value) { encoder.write_text(value); }
};

template <>
struct Codec<std::string_view> {
    static std::string_view decode(const Value& value) {
        return detail::read_text(value, &db::type_name<std::string_view>);
    }
    static void encode(Encoder& encoder, std::string_view value) { encoder.write_text(value); }
};

// Literals are passed as pointers.
template <class T>
    requires(std::same_as<T, const char*> || std::same_as<T, char*>)
struct Codec<T> {
    static void encode(Encoder& encoder, const char* value) {
        value ? encoder.write_text(value) : encoder.write_null();
    }
};

template <db::NamedEnum E>
struct Codec<E> {
    static E decode(const Value& value) {
        const std::string_view label = detail::read_text(value, &db::type_name<E>);
        if (const std::optional<E> result = db::enum_value<E>(label)) return *result;
        detail::throw_out_of_range(value, label, &db::type_name<E>);
    }
    static void encode(Encoder& encoder, E value) {
        if (const std::optional<std::string_view> label = db::enum_label(value)) return encoder.write_text(*label);
        detail::throw_out_of_range(encoder, "an enumerator of " + db::type_name<E>() + " without a label");
    }
};

template <>
struct Codec<std::span<const std::byte>> {
    static std::span<const std::byte> decode(const Value& value) {
        const std::string_view bytes = detail::read_blob(value, &db::type_name<std::span<const std::byte>>);
        return std::as_bytes(std::span(bytes.data(), bytes.size()));
    }
    static void encode(Encoder& encoder, std::span<const std::byte> value) {
        encoder.write_blob({reinterpret_cast<const char*>(value.data()), value.size()});
    }
};

template <>
struct Codec<std::vector<std::byte>> {
    static std::vector<std::byte> decode(const Value& value) {
        const std::string_view bytes = detail::read_blob(value, &db::type_name<std::vector<std::byte>>);
        const auto* const data = reinterpret_cast<const std::byte*>(bytes.data());
        return std::vector<std::byte>(data, data + bytes.size());
    }
    static void encode(Encoder& encoder, const std::vector<std::byte>& value) {
        Codec<std::span<const std::byte>>::encode(encoder, value);
    }
};

template <class T>
struct Codec<std::optional<T>> {
    static void encode(Encoder& encoder, const std::optional<T>& value) {
        value ? encoder.encode(*value) : encoder.write_null();
    }
};

template <class T>
    requires(std::same_as<T, std::nullptr_t> || std::same_as<T, std::nullopt_t>)
struct Codec<T> {
    static void encode(Encoder& encoder, T) noexcept { encoder.write_null(); }
};

// A value of a type that is known only at run time, as it was read.
template <>
struct Codec<Value> {
    static Value decode(const Value& value) noexcept { return value; }
    static void encode(Encoder& encoder, const Value& value);
};

template <class T>
void Encoder::encode(const T& value) {
    static_assert(
        requires { Codec<T>::encode(*this, value); },
        "aio::sqlite: this type cannot be passed: specialize aio::sqlite::Codec for it");
    Codec<T>::encode(*this, value);
}

}  // namespace aio::sqlite
