// interval(): a ticker.
//
//     aio::Interval ticker = aio::interval(2s);
//     while (true) {
//         co_await ticker.tick();                 // at once, and then every two seconds,
//         co_await poll_the_device();             // however long this takes
//     }
//
// Unlike a loop around sleep(2s), it does not drift: ticks are counted from the first one. MissedTickBehavior decides
// about ticks that were missed because the work took longer (period 2 s; the second piece of work takes 5 s):
//
//     due at        0    2    4    6    8    10   12
//     burst         0    2    7    7    8    10   12      all of them, as fast as possible
//     delay         0    2    7    9    11   13           a period after the late one
//     skip          0    2    7    8    10   12           the next one that is not missed yet
//
// Thread rule: a loop's thread only. Source: tokio::time::interval, tokio 1.
#pragma once

#include <aio/core/sleep.hpp>
#include <aio/sync/lock.hpp>

#include <cstdint>

namespace aio {

class Interval;

// The treatment of missed ticks, as above. A tick counts as missed when it is more than 5 ms late, or
// a period, if that is shorter.
enum class MissedTickBehavior : std::uint8_t { burst, delay, skip };

namespace detail {

class TickAwaiter final : public SleepWaiter {
public:
    explicit TickAwaiter(Interval& interval) noexcept;
    void await_suspend(std::coroutine_handle<> frame) { suspend_until(frame); }
    TimePoint await_resume();
    static constexpr const char* kCall = "Interval.tick()";
    const char* name() const noexcept override { return kCall; }

private:
    Interval& interval_;
    TimePoint due_;
};

}  // namespace detail

// Ticks at regular moments: tokio's Interval. interval() and interval_at() make one.
class Interval {
public:
    // Ticks at `start`, on the loop's clock, and then every `period`. Errors: ValueError for a
    // period that is not positive.
    Interval(TimePoint start, Duration period);

    // Waits until the next tick is due. Result: the moment when it was due.
    // Resumes: in the pass after it was due; a tick that is due already takes one pass of the loop, as sleep(0). Tasks
    // that wait at the same time get the same tick. Cancel: the tick is not consumed. The
    // Interval must outlive the await.
    detail::Operand<detail::TickAwaiter, Interval> tick() noexcept {
        return detail::Operand<detail::TickAwaiter, Interval>(*this);
    }

    // The time between two ticks.
    Duration period() const noexcept { return period_; }
    // The treatment of missed ticks: burst, unless it was set. A change takes effect at the next tick.
    MissedTickBehavior missed_tick_behavior() const noexcept { return missed_; }
    void set_missed_tick_behavior(MissedTickBehavior behavior) noexcept { missed_ = behavior; }
    // When the next tick is due.
    TimePoint when() const noexcept { return next_; }
    // The next tick is due a period from now. A task that is waiting already still waits for the old one.
    // Errors: RuntimeError when no loop runs.
    void reset();

private:
    friend class detail::TickAwaiter;
    void ticked(TimePoint due);

    TimePoint next_;
    Duration period_;
    MissedTickBehavior missed_ = MissedTickBehavior::burst;
};

// The first tick is due now. Errors: ValueError for a period that is not positive; RuntimeError when no loop runs.
Interval interval(Duration period);
// The first tick is due at `start`, on the loop's clock. Errors: ValueError for a period that is not positive.
Interval interval_at(TimePoint start, Duration period);

// ---------------------------------------------------------------------------------------------------------

namespace detail {

inline TickAwaiter::TickAwaiter(Interval& interval) noexcept
    : SleepWaiter(Until{}, interval.next_), interval_(interval), due_(interval.next_) {}

inline TimePoint TickAwaiter::await_resume() {
    SleepWaiter::await_resume();
    interval_.ticked(due_);
    return due_;
}

}  // namespace detail

}  // namespace aio
