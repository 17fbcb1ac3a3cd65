// Reports, and the pass of a loop that is watched (debug mode, shuffled order, test doors). Internal to src.
#pragma once

#include <aio/core/event_loop.hpp>
#include <aio/core/log.hpp>

#include "core/loop_state.hpp"

#include <exception>
#include <typeinfo>

namespace aio::detail {

// lifecycle.cpp
std::unique_ptr<Backend> choose_backend(LoopState& state, std::string_view wanted);
void loop_created(LoopState& state);
void close_loop(LoopState& state) noexcept;
// Whether `core` belongs to a loop that exists and is not closed.
EventLoop* live_loop(LoopCore* core) noexcept;

// The pass of a loop with `observed` set: times each callback, shuffles, calls before_step.
void run_observed(LoopState& state, Ready* batch);
// Logs a poll that ended late by slow_callback_duration: what it read and wrote, or the machine, is slow.
void report_slow_poll(LoopState& state, TimePoint start, TimePoint deadline) noexcept;

// False when it stands there no more, because it is due.
bool remove_timer(LoopCore& loop, Callback& timer) noexcept;

// reports.cpp
// A warning about what the running task dropped; names the task. Errors: std::bad_alloc.
void log_dropped(std::string text);
void report(LoopCore* loop, const ExceptionContext& context) noexcept;
void report_callback_exception(const char* name, const std::type_info* type, std::exception_ptr error) noexcept;
void report_unretrieved(FutureBase& future) noexcept;
void report_destroyed_pending(TaskBase& task) noexcept;
void report_never_awaited(TaskBase& coroutine) noexcept;
void report_never_called(std::size_t callbacks) noexcept;
// In debug mode logs "unclosed <what describe() returns>", of what was dropped while it is open; not when an exception
// passes by, which is trouble enough and explains it.
template <class F>
void report_unclosed(const LoopCore& loop, const F& describe) noexcept {
    if (!loop.debug || std::uncaught_exceptions() > 0) return;
    try {
        log_dropped("unclosed " + describe());
    } catch (const std::bad_alloc&) {
        log(LogLevel::warning, "something was dropped without being closed");
    }
}

// describe.cpp
std::string describe_task(TaskBase& task);
std::string describe_future(const FutureBase& future);

}  // namespace aio::detail
