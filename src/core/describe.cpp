// How tasks and futures are written in reports; base/describe.cpp has exceptions and places.
#include "base/describe.hpp"
#include "core/observe.hpp"

namespace aio::detail {

namespace {

// The state of a future as Python's repr spells it.
std::string describe_state(const FutureBase& future) {
    switch (future.state) {
        case State::pending: return "pending";
        case State::finished: return "finished";
        case State::failed: return "finished with an exception";
        case State::cancelled: return "cancelled";
    }
    return "";
}

}  // namespace

std::string describe_task(TaskBase& task) {
    std::string text = "<Task " + describe_state(task) + " name='" + task.name() + "'";
    if (task.done()) {
        // The location of the root frame's last await, or of the coroutine itself, contains its function's name.
        text += " coro=" + function_name(task.where().function_name()) + "()";
        return text + ">";
    }
    text += " coro=" + function_name(task.where().function_name()) + "() at " + describe_location(task.where());
    if (Waiter* waiter = task.waiter(); waiter && task.started()) {
        text +=
            std::string(" waits for ") + (waiter->awaited() ? describe_future(*waiter->awaited()) : waiter->name());
    }
    return text + ">";
}

std::string describe_future(const FutureBase& future) {
    if (future.kind == Kind::task) {
        return "<Task name='" + static_cast<const TaskBase&>(future).name() + "'>";
    }
    return "<" + std::string(static_cast<const FutureObject&>(future).describe()) + " " + describe_state(future) +
           ">";
}

}  // namespace aio::detail
