// Where a task is suspended, or where its exception passed: get_stack() and print_stack().
// Source: _task_get_stack, _task_print_stack, CPython 3.12 base_tasks.py.
#include <aio/base/format_exception.hpp>
#include <aio/core/log.hpp>
#include <aio/core/task.hpp>

#include "base/describe.hpp"
#include "base/per_thread.hpp"
#include "core/observe.hpp"
#include "core/private_offset.hpp"
#include "core/task_extras.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>

namespace aio {

namespace detail {

AIO_PRIVATE_OFFSET(TaskExtrasPlace, &TaskBase::extras_);

namespace {

// What a std::source_location points to, with g++ and clang.
struct Place {
    const char* file;
    const char* function;
    unsigned line, column;
};

// The function that `place` is in, without a line: before a coroutine's first await, g++ gives the line of its closing
// brace. Each is created once and never freed, as source locations are static.
const void* without_line(const void* place) {
    static NeverDestroyed<std::mutex> mutex;
    static NeverDestroyed<std::unordered_map<const void*, Place>> places;
    const std::lock_guard lock(*mutex);
    const auto [entry, added] = (*places).try_emplace(place, *static_cast<const Place*>(place));
    entry->second.line = entry->second.column = 0;
    return &entry->second;
}

}  // namespace

std::vector<std::source_location> TaskBase::traceback() const {
    std::vector<std::source_location> frames;
    if (!(flags & kExtras)) return frames;
    for (const void* where : extras_->traceback) {
        const auto address = reinterpret_cast<std::uintptr_t>(where);
        if (address & kNotYetAwaited) {
            where = without_line(reinterpret_cast<const void*>(address & ~kNotYetAwaited));
        }
        frames.push_back(std::bit_cast<std::source_location>(where));
    }
    return frames;
}

std::vector<std::source_location> traceback_of(const TaskBase& task, const std::exception_ptr& error) {
    if (!(task.flags & kExtras)) return {};
    const char* const place = reinterpret_cast<const char*>(&task) + private_offset(TaskExtrasPlace{});
    return (*reinterpret_cast<TaskExtras* const*>(place))->traced == error ? task.traceback()
                                                                           : std::vector<std::source_location>();
}

}  // namespace detail

std::vector<std::source_location> AnyTask::get_stack(std::optional<std::size_t> limit) const {
    std::vector<std::source_location> stack;
    if (named("get_stack()").done()) {
        if (state_->state == detail::State::finished) return stack;  // a traceback is of an exception that it caught
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
    if (!stack.empty()) {
        text += " (most recent call last):";
        text += failed ? detail::describe_traceback(stack) : detail::describe_frames(stack);
    }
    if (failed) text += "\n" + format_exception(state_->stored_exception());
    return text;
}

void AnyTask::print_stack(std::optional<std::size_t> limit) const { detail::log(LogLevel::info, stack_text(limit)); }

}  // namespace aio
