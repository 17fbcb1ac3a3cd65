// Durations of any period as microseconds, which databases count in. Internal.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <ratio>
#include <utility>

namespace aio::db::detail {

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

}  // namespace aio::db::detail
