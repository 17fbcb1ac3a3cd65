// What few tasks have, beside their frames. Internal to task.cpp and task_cancel.cpp.
#pragma once

#include <aio/core/context.hpp>
#include <aio/core/frame_pool.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <vector>

namespace aio::detail {

// What few tasks have: a name, a context, a message for CancelledError, a traceback.
struct TaskExtras {
    static void* operator new(std::size_t bytes) { return frame_pool.allocate(bytes); }
    static void operator delete(void* extras, std::size_t bytes) noexcept { frame_pool.deallocate(extras, bytes); }

    std::uint64_t id = 0;
    std::string name;
    std::string cancel_message;
    std::exception_ptr wait_error;  // instead of CancelledError
    ContextSlot context;
    std::shared_ptr<ContextSlot> shared_context;  // takes its place: TaskOptions::context
    // The exception that the traceback belongs to, held so that its address is not reused.
    std::exception_ptr traced;
    // What __builtin_source_location() gave, plus one for frames that had not awaited yet.
    std::vector<const void*> traceback;
    unsigned further_cancels = 0;  // beyond those that cancel_requests can count
};

class TaskBase;
// Where `error` has passed in this task, innermost frame first; empty if the task's traceback is of another one.
// Errors: std::bad_alloc.
std::vector<std::source_location> traceback_of(const TaskBase& task, const std::exception_ptr& error);

// Null, which stands for a plain CancelledError, also when there is no memory for the message.
std::exception_ptr cancelled_error(const std::string& message) noexcept;

}  // namespace aio::detail
