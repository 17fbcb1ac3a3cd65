// interval(): when the next tick is due.
#include <aio/sync/interval.hpp>

#include <aio/base/error.hpp>
#include <aio/core/event_loop.hpp>

#include <algorithm>
#include <string>

namespace aio {

namespace {

constexpr Duration kLate = std::chrono::milliseconds(5);

// The first multiple of `period` after `due` that is later than `now`. Unsigned: `due` may be any moment at all.
TimePoint next_multiple(TimePoint due, TimePoint now, Duration period) noexcept {
    const auto late = static_cast<std::uint64_t>(now.time_since_epoch().count()) -
                      static_cast<std::uint64_t>(due.time_since_epoch().count());
    return detail::after(now, period) -
           Duration(static_cast<Duration::rep>(late % static_cast<std::uint64_t>(period.count())));
}

}  // namespace

Interval::Interval(TimePoint start, Duration period) : next_(start), period_(period) {
    if (period <= Duration(0)) {
        throw ValueError("interval: the period is " + std::to_string(period.count()) + " ns; it must be positive");
    }
}

void Interval::ticked(TimePoint due) {
    if (next_ != due) return;  // another task had this tick, or reset() was called meanwhile
    const TimePoint now = get_running_loop().time();
    const bool missed = now > detail::after(due, std::min(kLate, period_));
    if (!missed || missed_ == MissedTickBehavior::burst) {
        next_ = detail::after(due, period_);
    } else if (missed_ == MissedTickBehavior::delay) {
        next_ = detail::after(now, period_);
    } else {
        next_ = next_multiple(due, now, period_);
    }
}

void Interval::reset() { next_ = detail::after(get_running_loop().time(), period_); }

Interval interval(Duration period) { return Interval(get_running_loop().time(), period); }
Interval interval_at(TimePoint start, Duration period) { return Interval(start, period); }

}  // namespace aio
