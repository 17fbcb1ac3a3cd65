// Which C++ type fits which type of MySQL and MariaDB.
//
//     MySQL                                 C++ (the first is the usual one)
//     TINYINT(1), BOOL                      bool (0 and 1), any integer
//     TINYINT … BIGINT, UNSIGNED too        any integer; double, if no digit is lost
//     YEAR                                  any integer, std::chrono::year
//     BIT                                   any integer, bool, bytes
//     FLOAT                                 float, double
//     DOUBLE                                double; reading a float would lose digits
//     DECIMAL                               Numeric, std::string, double (nearest), any integer (if it is one)
//     CHAR, VARCHAR, TEXT, ENUM, SET        std::string, std::string_view (a view of the row), enums with AIO_DB_ENUM
//     JSON                                  the same, nlohmann::json
//     BINARY, VARBINARY, BLOB, geometry     std::vector<std::byte>, std::span<const std::byte> (a view), Bytes
//     DATE                                  std::chrono::year_month_day, std::chrono::sys_days, DateTime
//     DATETIME                              std::chrono::local_time<D>, DateTime
//     TIMESTAMP                             the same; std::chrono::sys_time<D> if the session's time_zone is '+00:00'
//     TIME                                  any duration, std::chrono::hh_mm_ss<D>
//     any of them, or NULL                  std::optional<T>; nullptr or std::nullopt to pass NULL
//
// std::string also takes the text form of DECIMAL, dates and times. The zero date is a db::OutOfRangeError, unless it is read as
// a DateTime. A number that does not fit is an error, never truncated. A time finer than a microsecond is rounded to the nearest
// when it is passed, and never when it is read. An argument has the type of its C++ type; the server converts it.
#pragma once

#include <aio/db/enum_names.hpp>
#include <aio/mysql/codec_functions.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace aio::mysql {

namespace detail {

template <class T>
concept Character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
                    std::same_as<T, char16_t> || std::same_as<T, char32_t>;
template <class T>
concept Integer = std::integral<T> && !Character<T> && !std::same_as<T, bool>;

// A codec of two functions.
template <class T, auto kRead, auto kEncode>
struct PlainCodec {
    static T decode(const Value& value) { return T(kRead(value, &db::type_name<T>)); }
    static void encode(Encoder& encoder, const T& value) { kEncode(encoder, value); }
};

}  // namespace detail

// --- numbers ---------------------------------------------------------------------------------------------------------

template <>
struct Codec<bool> {
    static bool decode(const Value& value) { return detail::read_bool(value, &db::type_name<bool>); }
    static void encode(Encoder& encoder, bool value) { detail::encode_integer(encoder, value ? 1 : 0, 1, false); }
};

template <detail::Integer T>
struct Codec<T> {
    static T decode(const Value& value) {
        using Limits = std::numeric_limits<T>;
        if constexpr (std::is_signed_v<T>) {
            return static_cast<T>(detail::read_signed(value, Limits::min(), Limits::max(), &db::type_name<T>));
        } else {
            return static_cast<T>(detail::read_unsigned(value, Limits::max(), &db::type_name<T>));
        }
    }
    static void encode(Encoder& encoder, T value) {
        detail::encode_integer(encoder, static_cast<std::uint64_t>(value), sizeof(T), std::is_unsigned_v<T>);
    }
};

template <>
struct Codec<double> : detail::PlainCodec<double, detail::read_double, detail::encode_double> {};
template <>
struct Codec<float> : detail::PlainCodec<float, detail::read_float, detail::encode_float> {};
// Also of integers.
template <>
struct Codec<Numeric> : detail::PlainCodec<Numeric, detail::read_numeric, detail::encode_numeric> {};

// --- text and bytes --------------------------------------------------------------------------------------------------

template <>
struct Codec<std::string_view> : detail::PlainCodec<std::string_view, detail::read_text, detail::encode_text> {};

template <>
struct Codec<std::string> {
    static std::string decode(const Value& value) { return detail::read_string(value); }
    static void encode(Encoder& encoder, const std::string& value) { detail::encode_text(encoder, value); }
};

// A C++ enum with labels: AIO_DB_ENUM.
template <db::NamedEnum E>
struct Codec<E> {
    static E decode(const Value& value) {
        const std::string_view label = detail::read_text(value, &db::type_name<E>);
        if (const std::optional<E> found = db::enum_value<E>(label)) return *found;
        detail::throw_out_of_range(value, "'" + std::string(label) + "'", &db::type_name<E>);
    }
    static void encode(Encoder& encoder, E value) {
        const std::optional<std::string_view> label = db::enum_label(value);
        if (!label) {
            detail::throw_out_of_range(encoder, std::to_string(static_cast<long long>(value)) +
                                                    ", which has no label in " + db::type_name<E>());
        }
        detail::encode_text(encoder, *label);
    }
};

template <>
struct Codec<Bytes> {
    static Bytes decode(const Value& value) {
        return Bytes(std::string(detail::read_bytes(value, &db::type_name<Bytes>)));
    }
    static void encode(Encoder& encoder, const Bytes& value) { detail::encode_bytes(encoder, value.data); }
};

template <>
struct Codec<std::span<const std::byte>> {
    static std::span<const std::byte> decode(const Value& value) {
        const std::string_view bytes = detail::read_bytes(value, &db::type_name<std::span<const std::byte>>);
        return std::as_bytes(std::span(bytes.data(), bytes.size()));
    }
    static void encode(Encoder& encoder, std::span<const std::byte> value) {
        detail::encode_bytes(encoder, {reinterpret_cast<const char*>(value.data()), value.size()});
    }
};

template <>
struct Codec<std::vector<std::byte>> {
    static std::vector<std::byte> decode(const Value& value) {
        const std::span<const std::byte> view = Codec<std::span<const std::byte>>::decode(value);
        return {view.begin(), view.end()};
    }
    static void encode(Encoder& encoder, const std::vector<std::byte>& value) {
        Codec<std::span<const std::byte>>::encode(encoder, value);
    }
};

template <>
struct Codec<DateTime> : detail::PlainCodec<DateTime, detail::read_datetime, detail::encode_datetime> {};

}  // namespace aio::mysql
