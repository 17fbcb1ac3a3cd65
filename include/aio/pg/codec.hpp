// Which C++ type fits which PostgreSQL type.
//
//     PostgreSQL                            C++ (the first is the usual one)
//     bool                                  bool
//     int2, int4, int8                      any integer; double, if no digit is lost
//     oid, xid, cid, xid8, regclass...      any integer
//     float4                                float, double
//     float8                                double; reading a float would lose digits
//     numeric                               Numeric, std::string, double (nearest), any integer (if it is one)
//     money                                 Money
//     text, varchar, bpchar, name, xml      std::string, std::string_view (a view of the row), enums with AIO_DB_ENUM
//     enums, citext, any type without a     the same; what has no known binary format travels as text
//       known binary format (tsvector...)
//     "char"                                char, std::string
//     json, jsonb                           std::string, std::string_view, nlohmann::json
//     bytea                                 std::vector<std::byte>, std::span<const std::byte> (a view), Bytes
//     uuid                                  Uuid, std::string
//     date                                  std::chrono::year_month_day, std::chrono::sys_days (infinities: max() and min())
//     timestamptz                           std::chrono::sys_time<D> (infinities: max() and min())
//     timestamp                             std::chrono::local_time<D> (the same)
//     time                                  std::chrono::hh_mm_ss<D>, any duration (since midnight)
//     timetz                                TimeTz
//     interval                              Interval, any duration (without months; a day has 24 hours)
//     inet, cidr                            Inet
//     macaddr, macaddr8                     MacAddress, MacAddress8
//     bit, varbit                           BitString
//     point, line, lseg, box, path...       Point, Line, LineSegment, Box, Path, Polygon, Circle
//     pg_lsn, tid                           Lsn, Tid
//     T[]                                   std::vector<T>, vectors of vectors, std::array, Array<T>; std::span<const T>
//                                           to pass; std::optional<T> inside where elements may be NULL
//     composites                            std::tuple, Record (a view), structs with AIO_DB_COLUMNS
//     ranges, multiranges                   Range<T>, std::vector<Range<T>>
//     hstore                                std::map<std::string, std::optional<std::string>>
//     void                                  std::monostate
//     a domain over any of them             as its base
//     any of them, or NULL                  std::optional<T>; nullptr or std::nullopt to pass NULL
//
// A number that does not fit is an error, never truncated. A time finer than a microsecond, or a double for a float4, is rounded
// to the nearest value when it is passed, as the server does. Times are never rounded when they are read: now() does not fit
// sys_seconds, except by chance; read it as sys_time<microseconds>.
#pragma once

#include <aio/db/enum_names.hpp>
#include <aio/pg/codec_functions.hpp>

#include <array>
#include <bit>
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
#include <utility>
#include <variant>
#include <vector>

namespace aio::pg {

namespace detail {

template <class T>
concept Character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
                    std::same_as<T, char16_t> || std::same_as<T, char32_t>;
template <class T>
concept Integer = std::integral<T> && !Character<T> && !std::same_as<T, bool>;

template <std::size_t Size, bool Signed>
constexpr Oid integer_oid() {
    constexpr std::size_t kNeeded = Signed ? Size : 2 * Size;  // an unsigned one needs the next type
    return kNeeded <= 2 ? 21 : kNeeded <= 4 ? 23 : kNeeded <= 8 ? 20 : 1700;
}

}  // namespace detail

// --- numbers ---------------------------------------------------------------------------------------------------------

template <>
struct Codec<bool> {
    static constexpr Oid kOid = 16;
    static bool decode(const Value& value) { return detail::read_bool(value, &db::type_name<bool>); }
    static void encode(Encoder& encoder, bool value) { detail::encode_bool(encoder, value); }
};

template <detail::Integer T>
struct Codec<T> {
    static constexpr Oid kOid = detail::integer_oid<sizeof(T), std::is_signed_v<T>>();
    static T decode(const Value& value) {
        using Limits = std::numeric_limits<T>;
        if constexpr (std::is_signed_v<T>) {
            return static_cast<T>(detail::read_signed(value, Limits::min(), Limits::max(), &db::type_name<T>));
        } else {
            return static_cast<T>(detail::read_unsigned(value, Limits::max(), &db::type_name<T>));
        }
    }
    static void encode(Encoder& encoder, T value) {
        detail::encode_integer(encoder, {static_cast<std::uint64_t>(value), std::cmp_less(value, 0)},
                               &db::type_name<T>);
    }
};

template <>
struct Codec<double> {
    static constexpr Oid kOid = 701;
    static double decode(const Value& value) { return detail::read_double(value, &db::type_name<double>); }
    static void encode(Encoder& encoder, double value) { detail::encode_double(encoder, value); }
};

template <>
struct Codec<float> {
    static constexpr Oid kOid = 700;
    static float decode(const Value& value) { return detail::read_float(value, &db::type_name<float>); }
    static void encode(Encoder& encoder, float value) { detail::encode_float(encoder, value); }
};

// --- text and bytes --------------------------------------------------------------------------------------------------

// A parameter that is text takes its type from the statement, so these have no kOid.
template <>
struct Codec<std::string_view> {
    static std::string_view decode(const Value& value) {
        return detail::read_text(value, &db::type_name<std::string_view>);
    }
    static void encode(Encoder& encoder, std::string_view value) {
        detail::encode_text(encoder, value, &db::type_name<std::string_view>);
    }
};

template <>
struct Codec<std::string> {
    static std::string decode(const Value& value) { return detail::read_string(value); }
    static void encode(Encoder& encoder, const std::string& value) {
        detail::encode_text(encoder, value, &db::type_name<std::string>);
    }
};

template <>
struct Codec<char> {
    static constexpr Oid kOid = 18;
    static char decode(const Value& value) { return detail::read_letter(value, &db::type_name<char>); }
    static void encode(Encoder& encoder, char value) { detail::encode_letter(encoder, value); }
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
        detail::encode_text(encoder, *label, &db::type_name<E>);
    }
};

template <>
struct Codec<Bytes> {
    static constexpr Oid kOid = 17;
    static Bytes decode(const Value& value) { return Bytes(detail::read_byte_string(value, &db::type_name<Bytes>)); }
    static void encode(Encoder& encoder, const Bytes& value) {
        detail::encode_bytes(encoder, value.data, &db::type_name<Bytes>);
    }
};

template <>
struct Codec<std::span<const std::byte>> {
    static constexpr Oid kOid = 17;
    static std::span<const std::byte> decode(const Value& value) {
        const std::string_view bytes = detail::read_bytes(value, &db::type_name<std::span<const std::byte>>);
        return std::as_bytes(std::span(bytes.data(), bytes.size()));
    }
    static void encode(Encoder& encoder, std::span<const std::byte> value) {
        detail::encode_bytes(encoder, {reinterpret_cast<const char*>(value.data()), value.size()},
                             &db::type_name<std::span<const std::byte>>);
    }
};

template <>
struct Codec<std::vector<std::byte>> {
    static constexpr Oid kOid = 17;
    static std::vector<std::byte> decode(const Value& value) {
        const std::string bytes = detail::read_byte_string(value, &db::type_name<std::vector<std::byte>>);
        const auto view = std::as_bytes(std::span(bytes));
        return {view.begin(), view.end()};
    }
    static void encode(Encoder& encoder, const std::vector<std::byte>& value) {
        Codec<std::span<const std::byte>>::encode(encoder, value);
    }
};

// --- types of values.hpp ---------------------------------------------------------------------------------------------

namespace detail {

// A codec of two functions.
template <class T, Oid kType, auto kRead, auto kEncode>
struct PlainCodec {
    static constexpr Oid kOid = kType;
    static T decode(const Value& value) { return kRead(value, &db::type_name<T>); }
    static void encode(Encoder& encoder, const T& value) { kEncode(encoder, value); }
};

// A shape that is nothing but coordinates.
template <class T, Oid kType, Layout kLayout>
struct ShapeCodec {
    static constexpr Oid kOid = kType;
    static constexpr std::size_t kNumbers = sizeof(T) / sizeof(double);
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) == kNumbers * sizeof(double));

    static T decode(const Value& value) {
        std::array<double, kNumbers> numbers;
        read_coordinates(value, kLayout, numbers, &db::type_name<T>);
        return std::bit_cast<T>(numbers);
    }
    static void encode(Encoder& encoder, const T& value) {
        encode_coordinates(encoder, kLayout, std::bit_cast<std::array<double, kNumbers>>(value), &db::type_name<T>);
    }
};

}  // namespace detail

// clang-format off
template <> struct Codec<Numeric> : detail::PlainCodec<Numeric, 1700, detail::read_numeric, detail::encode_numeric> {};
template <> struct Codec<Money> : detail::PlainCodec<Money, 790, detail::read_money, detail::encode_money> {};
template <> struct Codec<Uuid> : detail::PlainCodec<Uuid, 2950, detail::read_uuid, detail::encode_uuid> {};
template <> struct Codec<BitString> : detail::PlainCodec<BitString, 1562, detail::read_bits, detail::encode_bits> {};
template <> struct Codec<TimeTz> : detail::PlainCodec<TimeTz, 1266, detail::read_timetz, detail::encode_timetz> {};
template <> struct Codec<Interval> : detail::PlainCodec<Interval, 1186, detail::read_interval, detail::encode_interval> {};
template <> struct Codec<Inet> : detail::PlainCodec<Inet, 869, detail::read_inet, detail::encode_inet> {};
template <> struct Codec<Path> : detail::PlainCodec<Path, 602, detail::read_path, detail::encode_path> {};
template <> struct Codec<Polygon> : detail::PlainCodec<Polygon, 604, detail::read_polygon, detail::encode_polygon> {};
template <> struct Codec<Lsn> : detail::PlainCodec<Lsn, 3220, detail::read_lsn, detail::encode_lsn> {};
template <> struct Codec<Tid> : detail::PlainCodec<Tid, 27, detail::read_tid, detail::encode_tid> {};
template <> struct Codec<Point> : detail::ShapeCodec<Point, 600, Layout::point> {};
template <> struct Codec<Line> : detail::ShapeCodec<Line, 628, Layout::line> {};
template <> struct Codec<LineSegment> : detail::ShapeCodec<LineSegment, 601, Layout::lseg> {};
template <> struct Codec<Box> : detail::ShapeCodec<Box, 603, Layout::box> {};
template <> struct Codec<Circle> : detail::ShapeCodec<Circle, 718, Layout::circle> {};
// clang-format on

template <std::size_t N>
    requires(N == 6 || N == 8)
struct Codec<BasicMacAddress<N>> {
    static constexpr Oid kOid = N == 6 ? 829 : 774;
    static BasicMacAddress<N> decode(const Value& value) {
        BasicMacAddress<N> address;
        detail::read_mac_address(value, address.bytes, &db::type_name<BasicMacAddress<N>>);
        return address;
    }
    static void encode(Encoder& encoder, const BasicMacAddress<N>& value) {
        detail::encode_mac_address(encoder, value.bytes, &db::type_name<BasicMacAddress<N>>);
    }
};

// void, which functions without a result return.
template <>
struct Codec<std::monostate> {
    static std::monostate decode(const Value& value) {
        detail::read_nothing(value, &db::type_name<std::monostate>);
        return {};
    }
};

}  // namespace aio::pg
