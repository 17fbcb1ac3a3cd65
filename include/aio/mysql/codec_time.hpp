// Codecs of std::chrono's types. MySQL counts microseconds; other periods are converted.
#pragma once

#include <aio/db/microseconds.hpp>
#include <aio/mysql/codec.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>

namespace aio::mysql {

namespace detail {

using db::detail::IntegralDuration;
using Microseconds = std::chrono::microseconds;

template <class D>
D exactly(const Value& value, Microseconds read, NameOf name) {
    if (const std::optional<D> result = db::detail::from_microseconds<D>(read)) return *result;
    throw_out_of_range(value, std::to_string(read.count()) + " microseconds", name);
}

template <class D>
Microseconds rounded(const Encoder& encoder, D value) {
    if (const std::optional<Microseconds> result = db::detail::to_microseconds(value)) return *result;
    throw_out_of_range(encoder, std::to_string(value.count()) + " (" + db::type_name<D>() + ")");
}

template <class Clock, class D>
struct TimePointCodec {
    using T = std::chrono::time_point<Clock, D>;

    static T decode(const Value& value) {
        return T(exactly<D>(value, read_local_time(value, &db::type_name<T>), &db::type_name<T>));
    }
    static void encode(Encoder& encoder, T value) {
        encode_local_time(encoder, rounded(encoder, value.time_since_epoch()));
    }
};

}  // namespace detail

template <>
struct Codec<std::chrono::sys_days>
    : detail::PlainCodec<std::chrono::sys_days, detail::read_days, detail::encode_days> {};

template <>
struct Codec<std::chrono::year_month_day>
    : detail::PlainCodec<std::chrono::year_month_day, detail::read_days, detail::encode_date> {};

template <>
struct Codec<std::chrono::year> {
    static std::chrono::year decode(const Value& value) { return std::chrono::year(value.get<std::int16_t>()); }
    static void encode(Encoder& encoder, std::chrono::year value) { encoder.encode(static_cast<int>(value)); }
};

template <detail::IntegralDuration D>
    requires(!std::same_as<D, std::chrono::days>)
struct Codec<std::chrono::sys_time<D>> : detail::TimePointCodec<std::chrono::system_clock, D> {};

template <detail::IntegralDuration D>
struct Codec<std::chrono::local_time<D>> : detail::TimePointCodec<std::chrono::local_t, D> {};

template <detail::IntegralDuration D>
struct Codec<std::chrono::hh_mm_ss<D>> {
    using T = std::chrono::hh_mm_ss<D>;
    static T decode(const Value& value) {
        return T(detail::exactly<D>(value, detail::read_duration(value, &db::type_name<T>), &db::type_name<T>));
    }
    static void encode(Encoder& encoder, const T& value) {
        detail::encode_duration(encoder, detail::rounded(encoder, value.to_duration()));
    }
};

template <class Rep, class Period>
    requires std::integral<Rep>
struct Codec<std::chrono::duration<Rep, Period>> {
    using D = std::chrono::duration<Rep, Period>;
    static D decode(const Value& value) {
        return detail::exactly<D>(value, detail::read_duration(value, &db::type_name<D>), &db::type_name<D>);
    }
    static void encode(Encoder& encoder, D value) {
        detail::encode_duration(encoder, detail::rounded(encoder, value));
    }
};

}  // namespace aio::mysql
