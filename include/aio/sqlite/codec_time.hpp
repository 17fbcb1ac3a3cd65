// Codecs of std::chrono's types: dates and times as ISO 8601 text, the form in which SQLite's own functions read and write them.
//
// The text of equal types has equal length, so that it sorts like the times. Years are 0 to 9999.
#pragma once

#include <aio/sqlite/codec.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

namespace aio::sqlite {

namespace detail {

template <class D>
concept IntegralDuration = std::integral<typename D::rep>;

// Seconds since 1970 or since midnight, and what is left of a second. Of a date: days since 1970.
struct Moment {
    std::int64_t seconds = 0;
    std::int32_t nanoseconds = 0;  // from 0 on, also before 1970
};

// What a text may have.
enum class TimeLayout : std::uint8_t { date, utc, local, time_of_day };

Moment read_moment(const Value& value, TimeLayout layout, NameOf name);
// `digits`: of a second, 0 to 9.
void encode_moment(Encoder& encoder, Moment moment, TimeLayout layout, int digits);
[[noreturn]] void throw_too_fine(const Value& value, NameOf name);

template <IntegralDuration D>
struct MomentOf {
    static constexpr int kDigits = std::chrono::hh_mm_ss<D>::fractional_width;
    static_assert(kDigits <= 9, "aio::sqlite: times have at most nine digits of a second");

    static Moment make(D value) noexcept {
        const auto seconds = std::chrono::floor<std::chrono::duration<std::int64_t>>(value);
        const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(value - seconds);
        return {seconds.count(), static_cast<std::int32_t>(rest.count())};
    }
    static D read(const Value& value, Moment moment, NameOf name) {
        using Seconds = std::chrono::duration<std::int64_t>;
        const Seconds seconds(moment.seconds);
        const auto end = std::chrono::duration_cast<std::chrono::duration<long double>>(D::max());
        const auto begin = std::chrono::duration_cast<std::chrono::duration<long double>>(D::min());
        if (seconds + Seconds(1) > end || seconds < begin) throw_too_fine(value, name);
        const D result = std::chrono::duration_cast<D>(seconds) +
                         std::chrono::duration_cast<D>(std::chrono::nanoseconds(moment.nanoseconds));
        const Moment back = make(result);
        if (back.seconds != moment.seconds || back.nanoseconds != moment.nanoseconds) throw_too_fine(value, name);
        return result;
    }
};

template <class Clock, class D, TimeLayout kLayout>
struct TimePointCodec {
    using T = std::chrono::time_point<Clock, D>;
    static T decode(const Value& value) {
        const Moment moment = read_moment(value, kLayout, &db::type_name<T>);
        return T(MomentOf<D>::read(value, moment, &db::type_name<T>));
    }
    static void encode(Encoder& encoder, T value) {
        encode_moment(encoder, MomentOf<D>::make(value.time_since_epoch()), kLayout, MomentOf<D>::kDigits);
    }
};

}  // namespace detail

template <>
struct Codec<std::chrono::sys_days> {
    using T = std::chrono::sys_days;
    static T decode(const Value& value) {
        const auto moment = detail::read_moment(value, detail::TimeLayout::date, &db::type_name<T>);
        return T(std::chrono::days(moment.seconds));
    }
    static void encode(Encoder& encoder, T value) {
        detail::encode_moment(encoder, {value.time_since_epoch().count(), 0}, detail::TimeLayout::date, 0);
    }
};

template <>
struct Codec<std::chrono::year_month_day> {
    static std::chrono::year_month_day decode(const Value& value) {
        return Codec<std::chrono::sys_days>::decode(value);
    }
    static void encode(Encoder& encoder, std::chrono::year_month_day value) {
        if (!value.ok()) detail::throw_out_of_range(encoder, "a date that no calendar has");
        Codec<std::chrono::sys_days>::encode(encoder, value);
    }
};

template <detail::IntegralDuration D>
    requires(!std::same_as<D, std::chrono::days>)
struct Codec<std::chrono::sys_time<D>>
    : detail::TimePointCodec<std::chrono::system_clock, D, detail::TimeLayout::utc> {};

template <detail::IntegralDuration D>
struct Codec<std::chrono::local_time<D>>
    : detail::TimePointCodec<std::chrono::local_t, D, detail::TimeLayout::local> {};

template <detail::IntegralDuration D>
struct Codec<std::chrono::hh_mm_ss<D>> {
    using T = std::chrono::hh_mm_ss<D>;
    static T decode(const Value& value) {
        const auto moment = detail::read_moment(value, detail::TimeLayout::time_of_day, &db::type_name<T>);
        return T(detail::MomentOf<D>::read(value, moment, &db::type_name<T>));
    }
    static void encode(Encoder& encoder, const T& value) {
        using P = typename T::precision;
        detail::encode_moment(encoder, detail::MomentOf<P>::make(value.to_duration()),
                              detail::TimeLayout::time_of_day, detail::MomentOf<P>::kDigits);
    }
};

}  // namespace aio::sqlite
