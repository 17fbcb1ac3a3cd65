// AsyncLimiter: when there is room in the bucket, and who is let in.
//
// One timer serves all waiters: it is armed for the first one, which alone is known to be next. Whatever changes that (a
// waiter is let in, or is cancelled) looks again.
#include <aio/sync/limiter.hpp>

#include "core/loop_state.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace aio {

namespace detail {

namespace {

std::string text_of(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.15g", number);
    return text;
}

double seconds(Duration duration) noexcept { return std::chrono::duration<double>(duration).count(); }

}  // namespace

// --- the bucket ------------------------------------------------------------------------------------------------

LeakyBucket::LeakyBucket(double max_rate, Duration time_period) : max_rate_(max_rate), time_period_(time_period) {
    if (!(max_rate > 0) || std::isinf(max_rate)) {
        throw ValueError("AsyncLimiter: the rate is " + text_of(max_rate) + "; it must be a positive number");
    }
    if (time_period <= Duration(0)) {
        throw ValueError("AsyncLimiter: the period is " + text_of(seconds(time_period)) + " s; it must be positive");
    }
}

// When an amount poured in now begins to leak: at most a full bucket from now, even if another loop's clock was ahead.
TimePoint LeakyBucket::begin(TimePoint now) const noexcept {
    return std::clamp(empty_at_, now, after(now, time_period_));
}

// In nanoseconds. Multiplied before dividing, which is exact for the usual numbers. Only the whole part is added to the
// bucket; the fraction is kept for later, so that three thirds fill a bucket of three.
long double LeakyBucket::cost(TimePoint now, double amount) const noexcept {
    const auto period = static_cast<long double>(time_period_.count());
    return std::min(period * amount / max_rate_, period) + (empty_at_ > now ? fraction_ : 0);
}

double LeakyBucket::level(TimePoint now) const noexcept {
    const Duration left = begin(now) - now;
    return static_cast<double>(left.count()) / static_cast<double>(time_period_.count()) * max_rate_;
}

Duration LeakyBucket::wait(TimePoint now, double amount) const noexcept {
    const Duration left = begin(now) - now;
    const auto more = static_cast<Duration::rep>(cost(now, amount));
    return std::max(Duration(left.count() - (time_period_.count() - more)), Duration(0));
}

Duration LeakyBucket::pour(TimePoint now, double amount) noexcept {
    const long double more = cost(now, amount);
    const Duration whole(static_cast<Duration::rep>(more));
    empty_at_ = after(begin(now), whole);
    fraction_ = more - static_cast<long double>(whole.count());
    return whole;
}

// --- who waits -------------------------------------------------------------------------------------------------

bool LimiterWaiter::await_ready() const noexcept {
    const TimePoint now = LoopState::of(*current.loop).backend->now();
    if (!limiter_.has_room(now, amount_)) return false;
    limiter_.bucket_.pour(now, amount_);
    return true;
}

void LimiterWaiter::await_suspend(std::coroutine_handle<> frame) {
    enter(limiter_.waiters_, frame);
    limiter_.let_in();
}

// It was let in. Cancelled since, it gives back what it took, and those behind it move up.
void LimiterWaiter::resumed() {
    if (given_up_) {
        check_cancelled();
        throw std::bad_alloc();
    }
    if (!woken_and_cancelled()) return;
    limiter_.bucket_.take_back(poured_);
    limiter_.let_in();
    throw_cancelled(*task_);
}

bool LimiterWaiter::cancel_wait(std::string_view message) noexcept {
    const bool listed = flags & kListed;  // else the limiter is gone
    ListWaiter::cancel_wait(message);
    if (listed) limiter_.let_in();
    return true;
}

void LimiterWaiter::give_up() noexcept {
    leave();
    given_up_ = true;
    wake();
}

}  // namespace detail

AsyncLimiter::AsyncLimiter(double max_rate, Duration time_period) : bucket_(max_rate, time_period) {}

void AsyncLimiter::refuse(double amount) const {
    throw ValueError("AsyncLimiter.acquire: cannot acquire " + detail::text_of(amount) +
                     "; an amount is at least 0, and at most the maximum rate, " + detail::text_of(max_rate()));
}

bool AsyncLimiter::has_room(TimePoint now, double amount) const noexcept {
    return waiters_.empty() && woken_.empty() && bucket_.wait(now, amount) == Duration(0);
}

bool AsyncLimiter::has_capacity(double amount) const {
    check(amount);
    return has_room(get_running_loop().time(), amount);
}

void AsyncLimiter::let_in() noexcept {
    while (!waiters_.empty()) {
        auto& first = static_cast<detail::LimiterWaiter&>(waiters_.first());
        EventLoop& loop = *first.task()->loop()->owner;
        const TimePoint now = loop.time();
        const Duration wait = bucket_.wait(now, first.amount());
        if (wait > Duration(0)) {
            if (arm(loop, detail::after(now, wait))) return;
            first.give_up();
        } else {
            first.poured(bucket_.pour(now, first.amount()));
            waiters_.wake_first_into(woken_);
        }
    }
    timer_.cancel();
    timer_ = TimerHandle();
}

bool AsyncLimiter::arm(EventLoop& loop, TimePoint when) noexcept {
    // One that was dropped by a loop that closed is in no queue.
    if (timer_ && timer_.call()->in_timer_queue && timer_.when() == when) return true;
    try {
        const TimerHandle timer = loop.call_at(when, [this] {
            timer_ = TimerHandle();
            let_in();
        });
        timer_.cancel();
        timer_ = timer;
        return true;
    } catch (const std::exception&) {
        return false;  // no memory, or a loop that is being closed
    }
}

AsyncLimiterStatistics AsyncLimiter::statistics() const {
    return {bucket_.level(get_running_loop().time()), waiters_.size() + woken_.size()};
}

std::string AsyncLimiter::describe() const {
    std::string text = "<AsyncLimiter max_rate: " + detail::text_of(max_rate()) +
                       ", time_period: " + detail::text_of(detail::seconds(time_period())) + " s";
    const std::size_t waiters = waiters_.size() + woken_.size();
    if (waiters > 0) text += ", waiters: " + std::to_string(waiters);
    return text + ">";
}

}  // namespace aio
