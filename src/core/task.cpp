// Tasks: their extras, the end of a coroutine, and creation. task_cancel.cpp has their cancellation.
#include <aio/core/task.hpp>

#include <aio/core/event_loop.hpp>

#include "base/describe.hpp"
#include "core/loop_state.hpp"
#include "core/observe.hpp"
#include "core/symbols.hpp"
#include "core/task_extras.hpp"

#include <cxxabi.h>
#include <execinfo.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

namespace aio {

namespace detail {

void throw_used_up(const char* operation) {
    throw RuntimeError(std::string(operation) +
                       ": cannot reuse already awaited coroutine: it was awaited, made a task, or moved from; "
                       "call its function again");
}

namespace {

// The coroutine's first line, or in optimised programs where it is called.
std::string user_of_this_header() {
    constexpr int kMostInlined = 8;  // constructors of promises, which optimised programs have none of
    void* callers[kMostInlined] = {};
    const int count = ::backtrace(callers, kMostInlined);
    std::string place;
    for (int i = 2; i < count; ++i) {
        place = describe_call(callers[i]);
        if (place.find("aio/core/") == place.npos) break;
    }
    return place;
}

}  // namespace

void refuse_frame() {
    throw RuntimeError("g++ 12 has compiled a coroutine wrongly, the one at " + user_of_this_header() +
                       " or one that is called there: it awaits in the condition of an if, while or switch, and "
                       "declares no variable "
                       "outside of its blocks. Name the result (docs/compilers.md): const bool found = co_await ...; "
                       "if (found) ...");
}

void throw_empty_handle(const char* operation) {
    throw RuntimeError(std::string(operation) +
                       ": this handle names no task or future: it was default-constructed, or moved from");
}

TaskExtras& TaskBase::extras() {
    if (!(flags & kExtras)) {
        auto* extras = new TaskExtras;
        extras->id = id_;
        extras_ = extras;
        flags |= kExtras;
    }
    return *extras_;
}

void TaskBase::dispose() noexcept {
    if (exception_live()) exception_.~exception_ptr();
    if (flags & kExtras) delete extras_;
}

ContextSlot* TaskBase::extras_context() noexcept {
    return extras_->shared_context ? extras_->shared_context.get() : &extras_->context;
}

const ContextSlot* context_of(TaskBase* task) noexcept {
    const ContextSlot* slot = task->context_slot();
    return slot ? slot : &ContextSlot::none;
}

ContextSlot& TaskBase::writable_context() {
    extras();
    return *extras_context();
}

// Without memory for it, the task starts in an empty context: its creation must not fail half-way.
void TaskBase::inherit_context() noexcept {
    const ContextSlot& creator = read_context();
    if (!creator.map) return;
    try {
        extras().context = creator;
    } catch (const std::bad_alloc&) {}
}

std::uint64_t TaskBase::id() const noexcept { return (flags & kExtras) ? extras_->id : id_; }

std::string TaskBase::name() const {
    if ((flags & kExtras) && !extras_->name.empty()) return extras_->name;
    return "Task-" + std::to_string(id());
}
void TaskBase::set_name(std::string_view name) { extras().name = name; }

void TaskBase::set_context(const Context& context) { extras().shared_context = context.slot(); }
Context TaskBase::context() const {
    if (!(flags & kExtras)) return Context();
    if (extras_->shared_context) return Context(extras_->shared_context);
    Context context;
    *context.slot() = extras_->context;
    return context;
}

// --- the end of a coroutine --------------------------------------------------------------------------------

namespace {

enum class ErrorKind { ordinary, cancelled, exit };

ErrorKind classify(const std::type_info* type) noexcept {
    if (!type) return ErrorKind::ordinary;
    if (*type == typeid(CancelledError)) return ErrorKind::cancelled;
    if (*type == typeid(KeyboardInterrupt) || *type == typeid(SystemExit)) return ErrorKind::exit;
    return ErrorKind::ordinary;
}

const std::type_info* type_of(const std::exception_ptr& error) noexcept {
    return error ? error.__cxa_exception_type() : nullptr;
}

}  // namespace

void TaskBase::store_current_exception() noexcept {
    flags |= kThrew;
    new (&exception_) std::exception_ptr(std::current_exception());
    TaskBase* task = current.task;
    if (!task || classify(type_of(exception_)) == ErrorKind::cancelled) return;
    try {
        TaskExtras& extras = task->extras();
        if (extras.traced != exception_) {
            extras.traceback.clear();
            extras.traced = exception_;
        }
        extras.traceback.push_back(where_);
    } catch (const std::bad_alloc&) {
        // The exception matters more than its traceback.
    }
}

void TaskBase::ended_without_result() noexcept {
    try {
        throw RuntimeError("the coroutine '" + function_name(where().function_name()) +
                           "' ended without co_return, so its Coro<T> has no result: end every path with co_return");
    } catch (...) {
        store_current_exception();
    }
}

void TaskBase::extend_traceback(FutureBase& source) noexcept {
    if (source.kind != Kind::task) {
        const auto* remote = static_cast<const FutureObject&>(source).remote_traceback();
        if (!remote || remote->empty()) return;
        try {
            TaskExtras& mine = extras();
            mine.traced = source.exception();
            mine.traceback.clear();
            for (const std::source_location& place : *remote) {
                mine.traceback.push_back(std::bit_cast<const void*>(place));
            }
        } catch (const std::bad_alloc&) {}
        return;
    }
    if (!(source.flags & kExtras)) return;
    const auto& other = static_cast<const TaskBase&>(source);
    try {
        TaskExtras& mine = extras();
        mine.traced = other.extras_->traced;
        mine.traceback = other.extras_->traceback;
    } catch (const std::bad_alloc&) {}
}

void TaskBase::after_unusual_step() {
    if (!(flags & kEnded)) {
        // cancel() came while it ran: what it waits on now is cancelled at once, unless it only yielded.
        Waiter* const waits = waiter();
        if (!waits) return;
        const std::string message = take_cancel_message();
        if (waits->cancel_wait(message)) {
            flags &= static_cast<std::uint8_t>(~kMustCancel);
        } else {
            set_cancel_message(message);
        }
        return;
    }
    unlink();
    current.task = nullptr;  // for the destructors of the frame's parameters
    LoopState& state = LoopState::of(*loop());
    if (!(flags & kThrew)) {
        // It returned in the very step in which it was cancelled (semantics 12).
        ++state.tasks_cancelled;
        finish_cancelled(cancelled_error(take_cancel_message()));
        return leave_loop();
    }
    std::exception_ptr error = std::exchange(exception_, nullptr);
    const ErrorKind kind = classify(type_of(error));
    if (kind == ErrorKind::cancelled) {
        ++state.tasks_cancelled;
        finish_cancelled(std::move(error));
        return leave_loop();
    }
    ++state.tasks_failed;
    finish_with(error);
    if (kind == ErrorKind::ordinary) return leave_loop();
    mark_retrieved();
    leave_loop();
    std::rethrow_exception(error);  // out of the loop
}

// Innermost first, as unwinding would: each frame is taken from the object in its awaiter's frame that owns it.
void TaskBase::abandon() noexcept {
    forget_waiter();
    TaskBase* inner = innermost();
    while (inner && inner != this) {
        TaskBase* outer = inner->awaiter();
        if (CoroOwner* owner = inner->owned_by) {
            owner->coroutine_ = nullptr;
            inner->frame().destroy();
        }
        inner = outer;
    }
    leaf_ = frame().address();
}

void CoroOwner::destroy_unfinished() noexcept {
    if (!coroutine_->owned_by) report_never_awaited(*coroutine_);
    coroutine_->destroy_frame();
}

// --- creation ----------------------------------------------------------------------------------------------

void step_now(TaskBase& task) {
    const Current saved = current;
    if (saved.task) saved.task->link();  // so that all_tasks() finds it, though it is not the current one
    current.loop = task.loop();
    current.context = nullptr;
    current.inline_depth = 0;
    struct Restore {
        const Current& saved;
        ~Restore() { current = saved; }
    } restore{saved};
    task.step();
}

void prepare_task(TaskBase& task, LoopCore& loop, const TaskOptions& options) {
    if (loop.closed) throw RuntimeError("create_task: the event loop is closed");
    if (loop.debug && loop.running && current.loop != &loop) {
        throw RuntimeError(
            "Non-thread-safe operation: create_task was called from a thread other than the loop's; use "
            "run_coroutine_threadsafe");
    }
    // What can fail comes before the task exists.
    std::unique_ptr<TaskExtras> extras;
    if (!options.name.empty() || options.context) {
        extras = std::make_unique<TaskExtras>();
        extras->name = options.name;
        extras->context = read_context();
        if (options.context) extras->shared_context = options.context->slot();
    }
    task.become_task(loop);
    task.link();                                      // a factory may see it before it is in the ready queue
    if (extras) task.adopt_extras(extras.release());  // in place of what become_task inherited
}

void start_task(TaskBase& task, LoopCore& loop, bool eagerly) {
    try {
        LoopState& state = LoopState::of(loop);
        if (state.task_factory) state.task_factory(*loop.owner, AnyTask(FutureRef<TaskBase>::share(&task)));
        if (eagerly && !task.started()) step_now(task);
    } catch (...) {
        if (!task.done() && !task.started()) {
            task.unlink();
            task.release();  // the loop's reference
        }
        throw;
    }
    if (!task.started()) loop.ready.push(&task);
}

void link_all(LoopCore& loop) noexcept {
    const auto link = [](Ready* item) {
        for (; item; item = item->next_ready) {
            item->kind == Kind::task ? static_cast<TaskBase*>(item)->link()
                                     : static_cast<Callback*>(item)->link_tasks();
        }
    };
    link(loop.rest_of_pass);
    link(loop.ready.first());
    if (current.task && current.loop == &loop) current.task->link();
}

void TaskBase::adopt_extras(TaskExtras* extras) noexcept {
    extras->id = id();
    if (flags & kExtras) delete extras_;
    extras_ = extras;
    flags |= kExtras;
}

}  // namespace detail

void eager_task_factory(EventLoop&, AnyTask task) { detail::step_now(*task.base()); }

AnyTask current_task() {
    detail::require_loop();
    detail::TaskBase* task = detail::current.task;
    return task ? AnyTask(detail::FutureRef<detail::TaskBase>::share(task)) : AnyTask();
}

std::vector<AnyTask> all_tasks(EventLoop& loop) {
    std::vector<AnyTask> tasks;
    detail::link_all(loop.core());
    detail::TaskLink& head = loop.core().tasks;
    for (detail::TaskLink* link = head.next; link != &head; link = link->next) {
        tasks.emplace_back(detail::FutureRef<detail::TaskBase>::share(static_cast<detail::TaskBase*>(link)));
    }
    const auto older = [](const AnyTask& a, const AnyTask& b) { return a.base()->id() < b.base()->id(); };
    std::sort(tasks.begin(), tasks.end(), older);
    return tasks;
}

std::vector<AnyTask> all_tasks() { return all_tasks(get_running_loop()); }

}  // namespace aio
