// sleep(): the awaiter in the frame is its own entry in the timer queue.
#include <aio/core/sleep.hpp>

#include "core/loop_state.hpp"
#include "core/observe.hpp"

namespace aio::detail {

namespace {

constexpr std::uint8_t kGivenUp = 16;  // in a SleepAwaiter's flags: it was cancelled when its timer had fired already

}  // namespace

bool remove_timer(LoopCore& loop, Callback& timer) noexcept {
    TimerQueue& timers = LoopState::of(loop).timers;
    if (!timers.holds(timer)) return false;
    timers.remove(timer);
    return true;
}

void SleepAwaiter::arm(std::coroutine_handle<> frame) {
    LoopState& state = LoopState::of(*current.task->loop());
    state.timers.push(*this, after(state.backend->now(), Duration(delay_ns_)));
    suspend(frame);
    flags |= kArmed;
}

void SleepAwaiter::disarm() noexcept {
    TimerQueue& timers = LoopState::of(*task_->loop()).timers;
    if (timers.holds(*this)) timers.remove(*this);  // not when it fired and the loop closes before it ran
    flags &= static_cast<std::uint8_t>(~kArmed);
}

void SleepAwaiter::run() {
    flags &= static_cast<std::uint8_t>(~kArmed);
    if (!(flags & kGivenUp)) wake();
}

bool SleepAwaiter::cancel_wait(std::string_view message) noexcept {
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
