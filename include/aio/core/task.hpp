// Task<T>: a coroutine that the loop runs concurrently with the others.
//
//     aio::Task<int> task = aio::create_task(square(3), {.name = "three"});
//     ...                                            // both run
//     int nine = co_await task;
//
// A Task is a handle: copies name the same task, and dropping all of them does not stop it (the loop keeps
// running tasks alive). It is a future too: everything that takes one takes the other.
//
// Cancellation is a counted request: cancel() makes the task's current await throw CancelledError, once; the coroutine
// may clean up, or even continue. with_timeout() and TaskGroup use the count to distinguish their own request from
// another (uncancel).
//
// Thread rule: a task belongs to its loop's thread. Source: asyncio.Task, CPython 3.12 tasks.py.
#pragma once

#include <aio/core/future.hpp>

#include <optional>
#include <vector>

namespace aio {

// The options of create_task(). Trivially destructible, so that `{.name = ...}` is safe inside a co_await expression
// on g++ 12 (docs/compilers.md).
struct TaskOptions {
    std::string_view name = {};        // default: "Task-<n>"
    const Context* context = nullptr;  // run in this context itself, not in a copy of the current one
    bool eager_start = false;          // take the first step now, inside create_task
};

namespace detail {

// `co_await task` of an AnyTask: void when it has ended, or its exception.
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

// A task whose result type does not matter: all_tasks() and current_task() return it, and a std::vector<AnyTask> holds
// tasks of different types for wait(), gather() or as_completed(). It is a future of void: awaiting it returns when the
// task has ended, or throws its exception.
class AnyTask : public detail::FutureHandle<AnyTask, detail::TaskBase, void> {
public:
    AnyTask() noexcept = default;
    explicit AnyTask(detail::FutureRef<detail::TaskBase> state) noexcept : FutureHandle(std::move(state)) {}

    // Returns if the task has ended normally. Errors: InvalidStateError while pending, CancelledError when cancelled,
    // or the task's exception.
    void result() const { named("result()").check_value(); }
    detail::EndAwaiter operator co_await() const { return detail::EndAwaiter(state_.get()); }

    // The number of cancel() calls so far, less those of uncancel(). asyncio.Task.cancelling.
    unsigned cancelling() const { return named("cancelling()").cancelling(); }
    // Takes one request back. Result: the number that is left; at 0 a request that is not yet delivered is dropped.
    unsigned uncancel() const { return named("uncancel()").uncancel(); }
    // The name from TaskOptions or set_name(), else "Task-<n>".
    std::string get_name() const { return named("get_name()").name(); }
    void set_name(std::string_view name) const { named("set_name()").set_name(name); }
    // The places at which the task is suspended, innermost frame first; after a failure, those that the exception
    // passed. With a limit: that many of the innermost frames of a stack, or of the
    // outermost ones of a traceback, as in Python.
    std::vector<std::source_location> get_stack(std::optional<std::size_t> limit = std::nullopt) const;
    // Writes the same as text, outermost frame first, in the form of Python's tracebacks, to the logger or to `file`,
    // which is anything that takes a string by <<, such as std::cerr. Errors: those of `file`.
    void print_stack(std::optional<std::size_t> limit = std::nullopt) const;
    template <class File>
        requires requires(File& file, const std::string& text) { file << text; }
    void print_stack(File& file, std::optional<std::size_t> limit = std::nullopt) const {
        file << stack_text(limit) + "\n";
    }

    // For the library: the state behind the handle.
    detail::TaskBase* base() const noexcept { return state_.get(); }

private:
    std::string stack_text(std::optional<std::size_t> limit) const;
};

// A coroutine that the loop runs, and the future of its result: asyncio.Task. `co_await task` waits until it has ended
// and resumes in the pass after that; of a task that has ended it does not suspend. Cancelling the
// waiting task cancels this one.
template <class T = void>
class Task : public detail::FutureHandle<Task<T>, detail::CoroPromise<T>, T> {
    using State = detail::CoroPromise<T>;
    using Base = detail::FutureHandle<Task<T>, State, T>;

public:
    Task() noexcept = default;  // names no task: assign one before use
    explicit Task(detail::FutureRef<State> state) noexcept : Base(std::move(state)) {}

    // As AnyTask's.
    std::string name() const { return this->named("name()").name(); }
    std::string get_name() const { return this->named("get_name()").name(); }
    void set_name(std::string_view name) const { this->named("set_name()").set_name(name); }

    // As AnyTask's.
    unsigned cancelling() const { return this->named("cancelling()").cancelling(); }
    unsigned uncancel() const { return this->named("uncancel()").uncancel(); }

    // The context in which the task runs: the one from TaskOptions itself, else a copy of the task's own.
    Context get_context() const { return this->named("get_context()").context(); }
    // As AnyTask's.
    std::vector<std::source_location> get_stack(std::optional<std::size_t> limit = std::nullopt) const {
        return AnyTask(*this).get_stack(limit);
    }
    void print_stack(std::optional<std::size_t> limit = std::nullopt) const { AnyTask(*this).print_stack(limit); }
    template <class File>
        requires requires(File& file, const std::string& text) { file << text; }
    void print_stack(File& file, std::optional<std::size_t> limit = std::nullopt) const {
        AnyTask(*this).print_stack(file, limit);
    }

    // A handle of the same task without its type.
    operator AnyTask() const noexcept { return AnyTask(detail::FutureRef<detail::TaskBase>(this->state_)); }

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
// Passes it to the factory, and schedules it or takes its first step. Errors: those of the factory, and exceptions that
// leave the loop; a task that did not start is then dropped.
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

// Schedules `coro` to run as a task of the running loop; its first step is in the next pass. asyncio.create_task.
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

// The task that is running, or an empty handle in a loop callback: asyncio.current_task. Errors:
// RuntimeError when no loop runs.
AnyTask current_task();

// The tasks of the running loop, or of `loop`, that are not done, oldest first: asyncio.all_tasks. Errors: RuntimeError
// when no loop is given and none runs.
std::vector<AnyTask> all_tasks();
std::vector<AnyTask> all_tasks(EventLoop& loop);

}  // namespace aio

template <class T>
struct std::hash<aio::Task<T>> {
    std::size_t operator()(const aio::Task<T>& task) const noexcept {
        return std::hash<const aio::detail::FutureBase*>()(task.state());
    }
};
template <>
struct std::hash<aio::AnyTask> {
    std::size_t operator()(const aio::AnyTask& task) const noexcept {
        return std::hash<const aio::detail::FutureBase*>()(task.state());
    }
};
