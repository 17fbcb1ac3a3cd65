// Codecs of std::chrono's types. PostgreSQL counts microseconds; other periods are converted.
#pragma once

#include <aio/pg/codec.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <ratio>
#include <utility>

namespace aio::pg {

namespace detail {

using Microseconds = std::chrono::microseconds;

template <class D>
concept IntegralDuration = std::integral<typename D::rep>;

// The nearest number of microseconds; the ends of D are those of Microseconds. Nothing: it is beyond them.
template <IntegralDuration D>
constexpr std::optional<Microseconds> to_microseconds(D value) noexcept {
    if (value == D::max()) return Microseconds::max();
    if (value == D::min()) return Microseconds::min();
    using Wide = std::chrono::duration<std::int64_t, typename D::period>;
    const Wide wide(value.count());
    if constexpr (std::ratio_less_v<std::micro, typename D::period>) {  // coarser
        if (wide > std::chrono::duration_cast<Wide>(Microseconds::max())) return std::nullopt;
        if (wide < std::chrono::duration_cast<Wide>(Microseconds::min())) return std::nullopt;
        return std::chrono::duration_cast<Microseconds>(wide);
    } else {
        return std::chrono::round<Microseconds>(wide);
    }
}

// The same number in D; its ends are those of Microseconds. Nothing: D cannot hold it exactly.
template <IntegralDuration D>
constexpr std::optional<D> from_microseconds(Microseconds value) noexcept {
    if (value == Microseconds::max()) return D::max();
    if (value == Microseconds::min()) return D::min();
    using Wide = std::chrono::duration<std::int64_t, typename D::period>;
    if constexpr (std::ratio_less_v<std::micro, typename D::period>) {
        const Wide wide = std::chrono::duration_cast<Wide>(value);
        if (std::chrono::duration_cast<Microseconds>(wide) != value) return std::nullopt;
        if (!std::in_range<typename D::rep>(wide.count())) return std::nullopt;
        return D(static_cast<typename D::rep>(wide.count()));
    } else {
        if (value > std::chrono::duration_cast<Microseconds>(Wide::max())) return std::nullopt;
        if (value < std::chrono::duration_cast<Microseconds>(Wide::min())) return std::nullopt;
        const Wide wide = std::chrono::duration_cast<Wide>(value);
        if (!std::in_range<typename D::rep>(wide.count())) return std::nullopt;
        return D(static_cast<typename D::rep>(wide.count()));
    }
}

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
