// Where a task stands, or where its exception passed: get_stack() and print_stack().
// Source: _task_get_stack, _task_print_stack, CPython 3.12 base_tasks.py.
#include <aio/core/log.hpp>
#include <aio/core/task.hpp>

#include "core/observe.hpp"

#include <algorithm>

namespace aio {

std::vector<std::source_location> AnyTask::get_stack(std::optional<std::size_t> limit) const {
    std::vector<std::source_location> stack;
    if (state_->done()) {
        stack = state_->traceback();
        if (limit && *limit < stack.size())
            stack.erase(stack.begin(), stack.end() - static_cast<std::ptrdiff_t>(*limit));
        return stack;
    }
    for (detail::TaskBase* frame = state_->innermost(); frame; frame = frame->awaiter()) {
        if (limit && stack.size() >= *limit) break;
        stack.push_back(frame->where());
    }
    return stack;
}

std::string AnyTask::stack_text(std::optional<std::size_t> limit) const {
    const std::vector<std::source_location> stack = get_stack(limit);
    const bool failed = state_->state == detail::State::failed;
    const std::string task = " for " + detail::describe_task(*state_);
    std::string text = (stack.empty() ? "No stack" : failed ? "Traceback" : "Stack") + task;
    if (!stack.empty()) text += " (most recent call last):" + detail::describe_frames(stack);
    if (failed) text += "\n" + detail::describe_exception(state_->stored_exception());
    return text;
}

void AnyTask::print_stack(std::optional<std::size_t> limit) const { detail::log(LogLevel::info, stack_text(limit)); }

}  // namespace aio
