// Codecs of std::chrono's types. PostgreSQL counts microseconds; other periods are converted.
#pragma once

#include <aio/db/microseconds.hpp>
#include <aio/pg/codec.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace aio::pg {

namespace detail {

using Microseconds = std::chrono::microseconds;

using db::detail::from_microseconds;
using db::detail::IntegralDuration;
using db::detail::to_microseconds;

template <class D>
D exactly(const Value& value, Microseconds read, NameOf name) {
    if (const std::optional<D> result = from_microseconds<D>(read)) return *result;
    throw_out_of_range(value, std::to_string(read.count()) + " microseconds", name);
}

template <class D>
Microseconds rounded(const Encoder& encoder, D value) {
    if (const std::optional<Microseconds> result = to_microseconds(value)) return *result;
    throw_out_of_range(encoder, std::to_string(value.count()) + " (" + db::type_name<D>() + ")");
}

template <class Clock, class D, Layout kLayout, Oid kType>
struct TimePointCodec {
    using T = std::chrono::time_point<Clock, D>;
    static constexpr Oid kOid = kType;

    static T decode(const Value& value) {
        const Microseconds read = read_timestamp(value, kLayout, &db::type_name<T>);
        return T(exactly<D>(value, read, &db::type_name<T>));
    }
    static void encode(Encoder& encoder, T value) {
        encode_timestamp(encoder, rounded(encoder, value.time_since_epoch()), kLayout, &db::type_name<T>);
    }
};

}  // namespace detail

template <>
struct Codec<std::chrono::sys_days> {
    static constexpr Oid kOid = 1082;
    static std::chrono::sys_days decode(const Value& value) {
        return detail::read_days(value, &db::type_name<std::chrono::sys_days>);
    }
    static void encode(Encoder& encoder, std::chrono::sys_days value) {
        detail::encode_days(encoder, value, &db::type_name<std::chrono::sys_days>);
    }
};

template <>
struct Codec<std::chrono::year_month_day>
    : detail::PlainCodec<std::chrono::year_month_day, 1082, detail::read_date, detail::encode_date> {};

template <detail::IntegralDuration D>
    requires(!std::same_as<D, std::chrono::days>)
struct Codec<std::chrono::sys_time<D>>
    : detail::TimePointCodec<std::chrono::system_clock, D, Layout::timestamptz, 1184> {};

template <detail::IntegralDuration D>
struct Codec<std::chrono::local_time<D>> : detail::TimePointCodec<std::chrono::local_t, D, Layout::timestamp, 1114> {
};

template <detail::IntegralDuration D>
struct Codec<std::chrono::hh_mm_ss<D>> {
    using T = std::chrono::hh_mm_ss<D>;
    static constexpr Oid kOid = 1083;
    static T decode(const Value& value) {
        const detail::Microseconds read = detail::read_time(value, &db::type_name<T>);
        return T(detail::exactly<D>(value, read, &db::type_name<T>));
    }
    static void encode(Encoder& encoder, const T& value) {
        detail::encode_time(encoder, detail::rounded(encoder, value.to_duration()), &db::type_name<T>);
    }
};

template <class Rep, class Period>
    requires std::integral<Rep>
struct Codec<std::chrono::duration<Rep, Period>> {
    using D = std::chrono::duration<Rep, Period>;
    static constexpr Oid kOid = 1186;
    static D decode(const Value& value) {
        return detail::exactly<D>(value, detail::read_duration(value, &db::type_name<D>), &db::type_name<D>);
    }
    static void encode(Encoder& encoder, D value) {
        detail::encode_duration(encoder, detail::rounded(encoder, value), &db::type_name<D>);
    }
};

}  // namespace aio::pg
