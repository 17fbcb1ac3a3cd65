// Task<T>: a coroutine that the loop runs, beside whoever started it.
//
//     aio::Task<int> task = aio::create_task(square(3), {.name = "three"});
//     ...                                            // both go on
//     int nine = co_await task;
//
// A Task is a handle: copies name the same task, and dropping all of them does not stop it (the loop keeps
// running tasks alive). It is a future too: everything that takes one takes the other.
//
// Cancellation is a request, and counted: cancel() makes the task's current await throw CancelledError, once;
// the coroutine may clean up, or even go on. timeout() and TaskGroup use the count to tell their own request
// from their caller's (uncancel).
//
// Thread rule: a task belongs to its loop's thread. Source: asyncio.Task, CPython 3.12 tasks.py.
#pragma once

#include <aio/core/future.hpp>

#include <optional>
#include <vector>

namespace aio {

// How to start a task. Trivially destructible, so that `{.name = ...}` is safe inside a co_await expression
// on g++ 12 (docs/compilers.md).
struct TaskOptions {
    std::string_view name = {};        // default: "Task-<n>"
    const Context* context = nullptr;  // run in this context itself, not in a copy of the current one
    bool eager_start = false;          // take the first step now, inside create_task
};

namespace detail {

// `co_await task` of one whose type is not known: that it has ended, or its exception.
class EndAwaiter final : public FutureWaiter {
public:
    explicit EndAwaiter(TaskBase* task) : FutureWaiter(task) {
        if (!task) [[unlikely]]
            throw_empty_handle();
        task->retain();
    }
    ~EndAwaiter() {
        deregister();
        future_->release();
    }
    void await_resume() { check_resumed(); }
};

}  // namespace detail

// A task whose result type does not matter here: what all_tasks() and current_task() give, and what tasks of different types
// are together, in a std::vector<AnyTask> for wait(), gather() or as_completed(). It is a future of void: its result is that
// it has ended.
class AnyTask : public detail::FutureHandle<AnyTask, detail::TaskBase, void> {
public:
    AnyTask() noexcept = default;
    explicit AnyTask(detail::FutureRef<detail::TaskBase> state) noexcept : FutureHandle(std::move(state)) {}

    // Errors: InvalidStateError while pending, CancelledError when cancelled, or the task's exception.
    void result() const { state_->check_value(); }
    detail::EndAwaiter operator co_await() const { return detail::EndAwaiter(state_.get()); }

    // Cancellation requests so far, less those taken back.
    unsigned cancelling() const noexcept { return state_->cancelling(); }
    // Takes one request back and returns how many are left. At 0 a request not yet delivered is dropped.
    unsigned uncancel() const noexcept { return state_->uncancel(); }
    std::string get_name() const { return state_->name(); }
    void set_name(std::string_view name) const { state_->set_name(name); }
    // Where the task is suspended, innermost frame first; after a failure, where the exception passed. With a limit,
    // that many of a stack's innermost frames, or of a traceback's outermost ones, as in Python.
    std::vector<std::source_location> get_stack(std::optional<std::size_t> limit = std::nullopt) const;
    // The same as text, outermost frame first, in the form of Python's tracebacks, to the logger or into `file`:
    // anything that takes a string by <<, such as std::cerr. Errors: what `file` throws.
    void print_stack(std::optional<std::size_t> limit = std::nullopt) const;
    template <class File>
        requires requires(File& file, const std::string& text) { file << text; }
    void print_stack(File& file, std::optional<std::size_t> limit = std::nullopt) const {
        file << stack_text(limit) + "\n";
    }

    detail::TaskBase* base() const noexcept { return state_.get(); }

private:
    std::string stack_text(std::optional<std::size_t> limit) const;
};

template <class T = void>
class Task : public detail::FutureHandle<Task<T>, detail::CoroPromise<T>, T> {
    using State = detail::CoroPromise<T>;
    using Base = detail::FutureHandle<Task<T>, State, T>;

public:
    Task() noexcept = default;  // names no task: assign one before use
    explicit Task(detail::FutureRef<State> state) noexcept : Base(std::move(state)) {}

    std::string name() const { return this->state_->name(); }
    std::string get_name() const { return this->state_->name(); }
    void set_name(std::string_view name) const { this->state_->set_name(name); }

    unsigned cancelling() const noexcept { return this->state_->cancelling(); }
    unsigned uncancel() const noexcept { return this->state_->uncancel(); }

    // The context the task runs in.
    Context get_context() const { return this->state_->context(); }
    // AnyTask's.
    std::vector<std::source_location> get_stack(std::optional<std::size_t> limit = std::nullopt) const {
        return AnyTask(*this).get_stack(limit);
    }
    void print_stack(std::optional<std::size_t> limit = std::nullopt) const { AnyTask(*this).print_stack(limit); }
    template <class File>
        requires requires(File& file, const std::string& text) { file << text; }
    void print_stack(File& file, std::optional<std::size_t> limit = std::nullopt) const {
        AnyTask(*this).print_stack(file, limit);
    }

    operator AnyTask() const noexcept {
        return AnyTask(detail::FutureRef<detail::TaskBase>::share(this->state_.get()));
    }

    detail::SharedAwaiter<State, T> operator co_await() const& {
        return detail::SharedAwaiter<State, T>(this->state_.get());
    }
    detail::OwningAwaiter<State, T> operator co_await() && {
        return detail::OwningAwaiter<State, T>(std::move(this->state_));
    }
};

namespace detail {

// Slow parts of create_task: options, a loop's task factory, wrong thread.
// Makes `coroutine` a task, or throws and leaves it as it was.
void prepare_task(TaskBase& coroutine, LoopCore& loop, const TaskOptions& options);
// Shows it to the factory, and schedules it or takes its first step. Errors: what the factory throws, and what
// leaves the loop; a task that did not start is given up then.
void start_task(TaskBase& task, LoopCore& loop, bool eagerly);

template <class T>
Task<T> create_task_on(LoopCore& loop, Coro<T> coro, const TaskOptions& options) {
    if (!coro.unused()) throw_used_up("create_task");
    auto* promise = static_cast<CoroPromise<T>*>(coro.coroutine());
    prepare_task(*promise, loop, options);
    coro.release();
    Task<T> task{FutureRef<CoroPromise<T>>(promise)};
    start_task(*promise, loop, options.eager_start);
    return task;
}

// Out of create_task's way.
template <class T>
[[gnu::noinline, gnu::cold]] Task<T> create_unusual_task(Coro<T>& coro) {
    return create_task_on(require_loop(), std::move(coro), {});
}

}  // namespace detail

// Schedules `coro` to run as a task of the running loop; its first step is in the next pass.
// Errors: RuntimeError when no loop runs on this thread, or when `coro` was awaited already, or moved from.
template <class T>
[[gnu::always_inline]] inline Task<T> create_task(Coro<T> coro) {
    detail::LoopCore* loop = detail::current.loop;
    if (!loop || loop->custom_task_factory || !coro.unused()) [[unlikely]]
        return detail::create_unusual_task(coro);
    auto* promise = static_cast<detail::CoroPromise<T>*>(coro.release());
    promise->schedule_as_task(*loop);
    return Task<T>(detail::FutureRef<detail::CoroPromise<T>>(promise));
}
template <class T>
Task<T> create_task(Coro<T> coro, TaskOptions options) {
    return detail::create_task_on(detail::require_loop(), std::move(coro), options);
}

// The task that is running, or an empty handle in a loop callback. Errors: RuntimeError when no loop runs.
AnyTask current_task();

// The tasks of the running loop that are not done, oldest first.
std::vector<AnyTask> all_tasks();
std::vector<AnyTask> all_tasks(EventLoop& loop);

}  // namespace aio

template <class T>
struct std::hash<aio::Task<T>> {
    std::size_t operator()(const aio::Task<T>& task) const noexcept {
        return std::hash<const aio::detail::FutureBase*>()(task.base());
    }
};
template <>
struct std::hash<aio::AnyTask> {
    std::size_t operator()(const aio::AnyTask& task) const noexcept {
        return std::hash<const aio::detail::FutureBase*>()(task.base());
    }
};
