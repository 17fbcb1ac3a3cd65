// sleep(), sleep_until(): the awaiter in the frame is its own entry in the timer queue.
#include <aio/core/sleep.hpp>

#include "core/loop_state.hpp"
#include "core/observe.hpp"

namespace aio::detail {

namespace {

constexpr std::uint8_t kGivenUp = 16;  // in a SleepWaiter's flags: it was cancelled when its timer had fired already

}  // namespace

bool remove_timer(LoopCore& loop, Callback& timer) noexcept {
    TimerQueue& timers = LoopState::of(loop).timers;
    if (!timers.holds(timer)) return false;
    timers.remove(timer);
    return true;
}

void SleepWaiter::arm(std::coroutine_handle<> frame) {
    LoopState& state = LoopState::of(*current.task->loop());
    arm_at(frame, after(state.backend->now(), Duration(delay_ns_)));
}

void SleepWaiter::suspend_until(std::coroutine_handle<> frame) {
    const TimePoint when{std::chrono::nanoseconds(delay_ns_)};
    if (when <= LoopState::of(*current.task->loop()).backend->now()) return Yield().await_suspend(frame);
    arm_at(frame, when);
}

void SleepWaiter::arm_at(std::coroutine_handle<> frame, TimePoint when) {
    LoopState::of(*current.task->loop()).timers.push(*this, when);
    suspend(frame);
    flags |= kArmed;
}

void SleepWaiter::disarm() noexcept {
    TimerQueue& timers = LoopState::of(*task_->loop()).timers;
    if (timers.holds(*this)) timers.remove(*this);  // not when it fired and the loop closes before it ran
    flags &= static_cast<std::uint8_t>(~kArmed);
}

void SleepWaiter::run() {
    flags &= static_cast<std::uint8_t>(~kArmed);
    if (!(flags & kGivenUp)) wake();
}

bool SleepWaiter::cancel_wait(std::string_view message) noexcept {
    if (LoopState::of(*task_->loop()).timers.holds(*this)) {
        disarm();
        wake_cancelled(message);
    } else {
        // The timer fired in this very pass, and this waiter is in the ready queue. It stays there, to do nothing; the task
        // is stepped in the next pass, before those whose sleeps are over with this one.
        flags |= kGivenUp;
        wake_cancelled(message);
    }
    return true;
}

}  // namespace aio::detail
