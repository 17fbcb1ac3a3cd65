// The loop's clock: monotonic (CLOCK_MONOTONIC), in nanoseconds; virtual on the sim backend.
#pragma once

#include <chrono>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace aio {

// A moment on the loop's clock, EventLoop::time(). TimePoint::max() means never.
using TimePoint = std::chrono::steady_clock::time_point;

namespace detail {
// Errors: ValueError, always.
[[noreturn]] void throw_duration_not_a_number();
}  // namespace detail

// The type of every delay and timeout of this library: nanoseconds, made of any std::chrono::duration, floating-point
// ones too. A longer duration than max(), such as hours::max() or an infinity, becomes max(), which is 146 years: short
// enough that the clock never overflows, so that it means "for ever" as any delay. Negative infinity becomes min().
class Duration : public std::chrono::nanoseconds {
public:
    static constexpr Duration max() noexcept { return Duration(kMost); }   // 146 years, which means for ever
    static constexpr Duration min() noexcept { return Duration(-kMost); }  // -146 years
    static constexpr Duration zero() noexcept { return Duration(0); }

    Duration() = default;
    // A count of nanoseconds.
    constexpr explicit Duration(rep nanoseconds_count) noexcept : duration(nanoseconds_count) {}
    template <class Ticks>
        requires std::is_floating_point_v<Ticks>
    explicit Duration(Ticks) = delete;
    // Any duration, rounded toward zero to nanoseconds. Errors: ValueError for a floating-point one that is NaN.
    template <class Rep, class Period>
    constexpr Duration(const std::chrono::duration<Rep, Period>& other) noexcept(std::is_integral_v<Rep>)
        : duration(saturated<Rep, std::ratio_divide<Period, std::nano>>(other.count())) {}

private:
    static constexpr rep kMost = INT64_MAX / 2;

    // `count` units of Unit nanoseconds.
    template <class Rep, class Unit>
    static constexpr rep saturated(const Rep& count) noexcept(std::is_integral_v<Rep>) {
        if constexpr (std::is_integral_v<Rep>) {
            if constexpr (Unit::den != 1) return saturated<Rep, std::ratio<Unit::num>>(count / Rep(Unit::den));
            constexpr rep most = kMost / Unit::num;
            if (std::cmp_greater(count, most)) return kMost;
            if (std::cmp_less(count, -most)) return -kMost;
            return static_cast<rep>(count) * Unit::num;
        } else {
            const auto exact = static_cast<long double>(count) * Unit::num / Unit::den;
            if (exact != exact) detail::throw_duration_not_a_number();
            if (exact >= static_cast<long double>(kMost)) return kMost;
            if (exact <= -static_cast<long double>(kMost)) return -kMost;
            return static_cast<rep>(exact);
        }
    }
};

// The type of every parameter that is a moment on the loop's clock: a TimePoint, or one of coarser or floating-point ticks,
// such as `loop.time() + 0.5s`. Errors: ValueError for one that is NaN.
class When {
public:
    constexpr When(TimePoint when) noexcept : when_(when) {}
    template <class Ticks>
    constexpr When(const std::chrono::time_point<std::chrono::steady_clock, Ticks>& when)
        : when_(Duration(when.time_since_epoch())) {}

    constexpr operator TimePoint() const noexcept { return when_; }

private:
    TimePoint when_;
};

namespace detail {

// `from` + `delay`. A virtual clock may be anywhere: the latest is right before TimePoint::max(), which is never.
constexpr TimePoint after(TimePoint from, Duration delay) noexcept {
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(from.time_since_epoch().count(), delay.count(), &sum)) {
        return TimePoint(std::chrono::nanoseconds(sum));
    }
    return delay.count() > 0 ? TimePoint::max() - std::chrono::nanoseconds(1) : TimePoint::min();
}

}  // namespace detail

}  // namespace aio
