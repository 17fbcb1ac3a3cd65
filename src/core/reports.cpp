// What is reported, through the loop's exception handler or, without a loop, the logger.
#include <aio/base/format_exception.hpp>
#include <aio/core/await_check.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/core/log.hpp>

#include "base/describe.hpp"
#include "core/observe.hpp"
#include "core/symbols.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace aio {

std::string format_report(const ExceptionContext& context) {
    std::string text = context.message.empty() ? "Unhandled exception in event loop" : context.message;
    if (context.task) text += "\ntask: " + detail::describe_task(*context.task.base());
    if (!context.future.empty()) text += "\nfuture: " + context.future;
    if (!context.handle.empty()) text += "\nhandle: " + context.handle;
    if (!context.source.empty()) text += "\n" + context.source;
    if (context.exception) return text + "\n" + format_exception(context.exception, context.traceback);
    if (context.traceback.empty()) return text;
    return text + "\nStack (most recent call last):" + detail::describe_frames(context.traceback);
}

void EventLoop::default_exception_handler(const ExceptionContext& context) {
    detail::log(LogLevel::error, format_report(context));
}

void EventLoop::set_exception_handler(ExceptionHandler handler) { state_->exception_handler = std::move(handler); }
const EventLoop::ExceptionHandler& EventLoop::get_exception_handler() const noexcept {
    return state_->exception_handler;
}

void EventLoop::call_exception_handler(const ExceptionContext& context) noexcept {
    try {
        if (!state_->exception_handler) return default_exception_handler(context);
        try {
            const ExceptionHandler handler = state_->exception_handler;  // it may replace itself
            handler(*this, context);
        } catch (...) {
            ExceptionContext broken;
            broken.message = "Unhandled error in exception handler while it handled: " + context.message;
            broken.exception = std::current_exception();
            default_exception_handler(broken);
        }
    } catch (...) {
        detail::log(LogLevel::error, "Exception in default exception handler");
    }
}

namespace detail {

namespace {

void report_on(LoopCore* core, const ExceptionContext& context) noexcept {
    if (EventLoop* loop = live_loop(core)) return loop->call_exception_handler(context);
    try {
        log(LogLevel::error, format_report(context));
    } catch (const std::bad_alloc&) {
        log(LogLevel::error, "out of memory while reporting an error");
    }
}

bool debug_mode() noexcept {
    if (current.loop) return current.loop->debug;
    const char* value = std::getenv("AIO_DEBUG");
    return value && *value && std::strcmp(value, "0") != 0;
}

// Reports happen in destructors and wake-ups: without memory for one, a plain line must do.
template <class Body>
void guarded(const char* fallback, Body&& body) noexcept {
    try {
        body();
    } catch (...) {
        log(LogLevel::error, fallback);
    }
}

}  // namespace

void report(LoopCore* loop, const ExceptionContext& context) noexcept { report_on(loop, context); }

void report_callback_exception(const char* name, const std::type_info* type, std::exception_ptr error) noexcept {
    guarded("Exception in callback", [&] {
        ExceptionContext context;
        context.handle = type ? "<Handle " + describe_type(*type) + ">" : std::string("<") + name + ">";
        context.message = "Exception in callback " + context.handle;
        context.exception = std::move(error);
        report_on(current.loop, context);
    });
}

void log_dropped(std::string text) {
    if (TaskBase* task = current.task) text += "\n  dropped in " + describe_task(*task);
    log(LogLevel::warning, text);
}

void report_unretrieved(FutureBase& future) noexcept {
    guarded("Future exception was never retrieved", [&] {
        future.mark_retrieved();
        ExceptionContext context;
        context.exception = future.exception();
        if (future.kind == Kind::task) {
            auto& task = static_cast<TaskBase&>(future);
            context.message = "Task exception was never retrieved";
            context.traceback = task.traceback();
            context.task = AnyTask(FutureRef<TaskBase>::share(&task));
            report_on(future.loop(), context);
        } else {
            context.message = "Future exception was never retrieved";
            context.future = describe_future(future);
            report_on(future.loop(), context);
        }
    });
}

void report_destroyed_pending(TaskBase& task) noexcept {
    guarded("Task was destroyed but it is pending!", [&] {
        ExceptionContext context;
        context.message = "Task was destroyed but it is pending!";
        context.task = AnyTask(FutureRef<TaskBase>::share(&task));
        context.traceback = context.task.get_stack();
        report_on(task.loop(), context);
    });
}

void report_never_called(std::size_t callbacks) noexcept {
    if (!debug_mode()) return;
    guarded("AsyncExitStack was dropped without aclose()", [&] {
        log_dropped("AsyncExitStack was dropped without aclose(): " + std::to_string(callbacks) +
                    " exits were never called");
    });
}

// Not inlined: the return address is in the function that drops it.
[[gnu::noinline]] void report_never_awaited(const char* call) noexcept {
    if (!debug_mode()) return;
    const void* const dropped_at = __builtin_return_address(0);
    guarded("an awaitable was never awaited", [&] {
        log_dropped("'" + std::string(call) + "' was never awaited\n  dropped at " + describe_call(dropped_at));
    });
}

void report_never_awaited(TaskBase& coroutine) noexcept {
    if (!debug_mode()) return;
    guarded("a coroutine was never awaited", [&] {
        const std::source_location& where = coroutine.where();
        std::string text = "coroutine '" + function_name(where.function_name()) +
                           "' was never awaited\n  defined at " + describe_location(where);
        text += "\n  created at " + describe_call(coroutine.created_at());
        log_dropped(std::move(text));
    });
}

}  // namespace detail

}  // namespace aio
