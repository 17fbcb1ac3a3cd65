// The way back from a foreign awaitable, which may resume its handle on any thread, to the task's own loop; that loop's
// state is retained until then. Which types count as awaitable, and how they are called, is in the header.
#include <aio/core/foreign.hpp>

#include "core/loop_state.hpp"

namespace aio::detail {

ForeignResume ForeignWaiter::wait(ForeignWaiter* waiter) {
    waiter->resumed();
    co_return;
}

std::coroutine_handle<> ForeignWaiter::begin(std::coroutine_handle<> frame) {
    wakeup_ = wait(this).handle;
    suspend(frame);
    loop_ = task_->loop();
    LoopState::of(loop_)->retain_external();
    return wakeup_;
}

void ForeignWaiter::resumed() noexcept {
    LoopState* loop = LoopState::of(loop_);
    wakeup_ = nullptr;  // the frame destroys itself when wait() returns
    loop_ = nullptr;
    if (current.loop == loop) {
        loop->ready.push(this);
    } else {
        post(*loop, *this);  // refused when the loop is closed: then the task was destroyed as well
    }
    loop->release_external();
}

void ForeignWaiter::abandon() noexcept {
    task_->forget_waiter();
    std::exchange(wakeup_, nullptr).destroy();
    LoopState::of(std::exchange(loop_, nullptr))->release_external();
}

ForeignWaiter::~ForeignWaiter() {
    if (!wakeup_) return;
    wakeup_.destroy();
    LoopState::of(loop_)->release_external();
}

}  // namespace aio::detail
