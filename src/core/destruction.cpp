// Destroys futures, tasks and coroutines whose last handle was dropped on a deep stack: one after the other, in a loop.
#include <aio/core/destruction.hpp>

#include <aio/base/assert.hpp>

#include "core/loop_state.hpp"

namespace aio::detail {

constinit thread_local Destruction destruction [[gnu::tls_model("initial-exec")]];

void Destruction::destroy(FutureBase& dropped) noexcept {
    AIO_ASSERT(deep());
    if (floor_ == UINTPTR_MAX) {
        begin_here();
        return dropped.destroy_now();
    }
    if (dropped.kind == Kind::task && (dropped.flags & kTask)) {
        TaskLink& task = static_cast<TaskBase&>(dropped);
        task.previous = nullptr;
        (tasks_ ? last_task_->previous : tasks_) = &task;
        last_task_ = &task;
    } else {
        dropped.next_ready = nullptr;
        (others_ ? last_other_->next_ready : others_) = &dropped;
        last_other_ = &dropped;
    }
    if (destroying_) return;
    destroying_ = true;
    while (FutureBase* first = next()) first->destroy_now();
    destroying_ = false;
}

FutureBase* Destruction::next() noexcept {
    if (tasks_) return &static_cast<TaskBase&>(*std::exchange(tasks_, tasks_->previous));
    if (others_) return &static_cast<FutureBase&>(*std::exchange(others_, others_->next_ready));
    return nullptr;
}

}  // namespace aio::detail
