// The errors thrown when an object is awaited in a loop other than its own, which could not wake the task.
#include <aio/core/waiter.hpp>

#include "core/observe.hpp"

namespace aio::detail {

void throw_other_loop(const char* what, const FutureBase& future) {
    throw RuntimeError(std::string(what) + ": " + describe_future(future) +
                       " is attached to a different loop; hand results over with run_coroutine_threadsafe()");
}

void FutureWaiter::refuse() {
    TaskBase& task = *current.task;
    if (future_ == &task) throw RuntimeError("Task cannot await on itself: " + task.name());
    throw RuntimeError(describe_task(task) + " got " + describe_future(*future_) +
                       " attached to a different loop; hand results over with run_coroutine_threadsafe()");
}

void Waiter::throw_other_loop() const {
    throw RuntimeError(describe_task(*current.task) + " got something attached to a different loop (" + name() +
                       "); use it in the loop that it was made in");
}

}  // namespace aio::detail
