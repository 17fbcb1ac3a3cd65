// EventLoop: runs callbacks and tasks, waits for timers and I/O.
//
// Programs rarely touch it: aio::run() makes one, and create_task, sleep, streams... use the running one. One
// loop runs on one thread; everything here is for that thread, except call_soon_threadsafe().
//
// One pass: poll the backend (without blocking when something is ready); add the timers that are due; run exactly the
// callbacks and tasks that are ready at that moment. Those that become ready meanwhile wait for the next pass.
// A busy loop does not pay a poll per pass: see kPassesPerPoll in src/core/event_loop.cpp.
// Source: asyncio.BaseEventLoop, CPython 3.12 base_events.py. Drawn in docs/design.md.
#pragma once

#include <aio/base/function.hpp>
#include <aio/core/awaitable.hpp>
#include <aio/core/handle.hpp>
#include <aio/core/loop_statistics.hpp>
#include <aio/core/watchdog_option.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aio {

// The argument of an exception handler: asyncio's context dict.
struct ExceptionContext {
    std::string message;                          // what happened: "Task exception was never retrieved"
    std::exception_ptr exception;                 // null for reports without one
    AnyTask task;                                 // the task concerned, if any
    std::string future;                           // a description of the future concerned, if it is no task
    std::string handle;                           // a description of the callback concerned, if any
    std::vector<std::source_location> traceback;  // where the exception passed, innermost frame first
    std::string source;                           // where the object was created, in debug mode
};

// The text that the default handler logs: "Task exception was never retrieved\ntask: ...\nTraceback...".
std::string format_report(const ExceptionContext& context);

// The options of an EventLoop.
struct LoopOptions {
    bool debug = false;                // as set_debug(true); AIO_DEBUG=1 in the environment does it too
    std::string_view backend = {};     // "io_uring", "epoll" or "sim"; default: AIO_BACKEND, else the best there is
    Duration busy_poll = Duration(0);  // spin this long on the backend before sleeping in it
    std::uint64_t shuffle_seed = 0;    // not 0: run each pass in an order drawn from this seed (for tests)
    WatchdogOption watchdog = {};      // such as 50ms: reports loops that are blocked for longer
};

class Executor;
class AnyAsyncGenerator;

namespace detail {
struct LoopState;
class Backend;
void run_until_task_done(EventLoop& loop, FutureBase& task);
}  // namespace detail

// An event loop: asyncio.BaseEventLoop. While it runs, create_task, sleep and all other functions on its thread use it.
class EventLoop {
public:
    // Errors: OSError when the backend cannot be made (out of descriptors; io_uring was asked for and is not
    // available); ValueError for an unknown name.
    explicit EventLoop(LoopOptions options = {});
    explicit EventLoop(std::unique_ptr<detail::Backend> backend, LoopOptions options = {});
    ~EventLoop();  // close(), unless it was called
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    // --- running ---------------------------------------------------------------------------------------

    // Runs until stop(). Errors: RuntimeError when closed, running, or when another loop runs on this thread;
    // KeyboardInterrupt and SystemExit from a task or callback, after which it can be run again.
    void run_forever();

    // Runs until `awaitable` is done and returns its result. Errors: its exception; RuntimeError when the loop
    // was stopped before; ValueError for a future or task of another loop.
    template <class A>
        requires detail::TaskSource<A>
    auto run_until_complete(A&& awaitable);

    // Ends run_forever() after the current pass.
    void stop() noexcept;
    // Whether run_forever() or run_until_complete() is being executed.
    bool is_running() const noexcept;
    // Whether close() was called.
    bool is_closed() const noexcept;
    // Frees timers, watches, signal handlers and the backend. Tasks that are not done are destroyed and reported. No
    // effect the second time. Errors: RuntimeError while running.
    void close();

    // --- scheduling ------------------------------------------------------------------------------------

    // Calls `function(args...)` in the next pass, in a copy of the current context.
    // Errors: RuntimeError when closed, or in debug mode from another thread; std::bad_alloc.
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>&, std::decay_t<Args>...>
    Handle call_soon(F&& function, Args&&... args) {
        return soon(detail::make_call(std::forward<F>(function), std::forward<Args>(args)...));
    }
    template <class F>
        requires std::invocable<std::decay_t<F>&>
    Handle call_soon(F&& function, const Context& context) {
        detail::Call* call = detail::make_call(std::forward<F>(function));
        call->context = *context.slot();
        return soon(call);
    }
    // The same from any thread: wakes the loop. Lock-free.
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>&, std::decay_t<Args>...>
    Handle call_soon_threadsafe(F&& function, Args&&... args) {
        return soon_threadsafe(detail::make_call(std::forward<F>(function), std::forward<Args>(args)...));
    }
    // Calls `function(args...)` once `delay` has passed, or at `when` on the loop's clock, in a copy of the current
    // context. Calls that are due at the same time run in the order of registration. Errors: those of call_soon().
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>&, std::decay_t<Args>...>
    TimerHandle call_later(Duration delay, F&& function, Args&&... args) {
        return at(detail::after(time(), delay),
                  detail::make_call(std::forward<F>(function), std::forward<Args>(args)...));
    }
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>&, std::decay_t<Args>...>
    TimerHandle call_at(When when, F&& function, Args&&... args) {
        return at(when, detail::make_call(std::forward<F>(function), std::forward<Args>(args)...));
    }
    // The loop's clock: monotonic; virtual on the sim backend. asyncio.loop.time.
    TimePoint time() const noexcept;

    // A pending future of this loop. asyncio.loop.create_future.
    template <class T = void>
    Future<T> create_future() {
        return Future<T>(*this);
    }
    // As aio::create_task(), for this loop, which need not run yet. Result: a Task; its first step is in the next pass.
    // Errors: RuntimeError when closed, or in debug mode from another thread; std::bad_alloc.
    template <class A>
        requires detail::TaskSource<A>
    auto create_task(A&& awaitable, TaskOptions options = {}) {
        return detail::create_task_on(core(), detail::as_coro(std::forward<A>(awaitable)), options);
    }
    // Called with each new task after its name and context are set, before its first step; null: none. An eager
    // factory starts it at once: set_task_factory(aio::eager_task_factory).
    using TaskFactory = void (*)(EventLoop&, AnyTask);
    void set_task_factory(TaskFactory factory) noexcept;
    TaskFactory get_task_factory() const noexcept;

    // --- file descriptors, signals -----------------------------------------------------------------------

    // Calls `function()` each time `fd` is readable (writable), until removed. Replaces an earlier one.
    // Errors: OSError when `fd` is not open; RuntimeError when closed, or when a stream, server or datagram endpoint of
    // this loop uses `fd`.
    template <class F>
    void add_reader(int fd, F function) {
        watch(fd, false, detail::make_call(std::move(function)));
    }
    template <class F>
    void add_writer(int fd, F function) {
        watch(fd, true, detail::make_call(std::move(function)));
    }
    // Ends the calls. Result: false when there was none.
    bool remove_reader(int fd);
    bool remove_writer(int fd);

    // Calls `function()` as a loop callback each time the process gets `signal`. Replaces an earlier one.
    // Errors: ValueError for a signal that cannot be caught, or is none; RuntimeError when closed, when another loop
    // handles it, or outside the main thread.
    template <class F>
    void add_signal_handler(int signal, F function) {
        handle_signal(signal, detail::make_call(std::move(function)));
    }
    // Restores the disposition from before. Result: false when this loop has no handler for it. Errors: ValueError.
    bool remove_signal_handler(int signal);

    // --- executors: members of <aio/sync/threads.hpp> -----------------------------------------------------

    // Calls `function(args...)` on a thread of `executor` (null: the default executor). Result: a Future of its result.
    // Cancel: the awaiter resumes in the next pass; a call that has begun runs to its end and its result is dropped,
    // another is never made. Errors: RuntimeError when the loop is closed or the executor is shut down.
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
    auto run_in_executor(Executor* executor, F&& function, Args&&... args);
    // The same for a pool that is no Executor but whose submit() returns a ConcurrentFuture: ProcessPoolExecutor.
    template <class Pool, class F, class... Args>
        requires requires(Pool& pool) { typename Pool::submits_by_itself; }
    auto run_in_executor(Pool* pool, F&& function, Args&&... args);
    // The executor of to_thread() and run_in_executor(nullptr, ...). Null: a ThreadPoolExecutor is made at the next
    // use, as at the first.
    void set_default_executor(std::shared_ptr<Executor> executor);
    // The present one; null when none is set and none was needed so far.
    const std::shared_ptr<Executor>& default_executor() const noexcept;
    // Shuts the default executor down and waits until its threads have ended. After `timeout` it logs a warning and
    // returns. From now on run_in_executor(nullptr, ...) throws RuntimeError.
    Coro<> shutdown_default_executor(std::optional<Duration> timeout = std::nullopt);
    // Awaits aclose() of every asynchronous generator that has started and not ended; an exception of one is reported.
    // From now on no generator of this loop can start.
    Coro<> shutdown_asyncgens();

    // --- errors and debugging ------------------------------------------------------------------------------

    // The type of an exception handler, which may be called from a destructor.
    using ExceptionHandler = detail::Function<void(EventLoop&, const ExceptionContext&)>;
    // Replaces the default handler; null restores it. An exception of the handler is logged and not passed on.
    void set_exception_handler(ExceptionHandler handler);
    // The handler that was set; empty when the default one is in use.
    const ExceptionHandler& get_exception_handler() const noexcept;
    // Passes `context` to the handler, or to the default one, as the library does with an error that no task receives.
    void call_exception_handler(const ExceptionContext& context) noexcept;
    // Logs format_report(context) through the logger hook (aio/core/log.hpp).
    void default_exception_handler(const ExceptionContext& context);

    // Debug mode: reports slow callbacks, coroutines that are never awaited, and objects that are dropped unclosed;
    // refuses call_soon() and the like from other threads; starts the watchdog with slow_callback_duration, if it is in the
    // program (aio/debug/watchdog.hpp). Off unless LoopOptions or AIO_DEBUG turn it on.
    void set_debug(bool on) noexcept;
    bool get_debug() const noexcept;
    // In debug mode, a callback or step that takes at least this long is logged. Default: 100 ms.
    void set_slow_callback_duration(Duration duration) noexcept;
    Duration slow_callback_duration() const noexcept;

    // What the loop has done so far. Thread rule: the loop's thread. Errors: std::bad_alloc.
    LoopStatistics statistics() const;
    // Whether each step is timed for LoopStatistics::longest_step: two readings of the clock for each, about 40 ns. Default: false.
    void set_measure_steps(bool on) noexcept;

    // "io_uring", "epoll" or "sim"; "closed" after close().
    std::string_view backend_name() const noexcept;
    // Why epoll is in use in place of io_uring, e.g. "io_uring_setup: Operation not permitted"; empty when io_uring is
    // in use or the backend was chosen by name.
    const std::string& backend_fallback_reason() const noexcept;

    // For the library: its inner parts.
    detail::LoopCore& core() const noexcept;
    detail::LoopState& state() const noexcept { return *state_; }

private:
    friend void detail::run_until_task_done(EventLoop& loop, detail::FutureBase& task);
    Handle soon(detail::Call* call);
    Handle soon_threadsafe(detail::Call* call);
    TimerHandle at(TimePoint when, detail::Call* call);
    void watch(int fd, bool writable, detail::Call* call);
    void handle_signal(int signal, detail::Call* call);
    void run_until_done(detail::FutureBase& future, bool owned);

    detail::LoopState* state_;
};

// The loop that runs on this thread: asyncio.get_running_loop. Errors: RuntimeError when there is none.
EventLoop& get_running_loop();
// The same, or null.
EventLoop* running_loop() noexcept;

// A task factory that takes each task's first step inside create_task (asyncio.eager_task_factory).
void eager_task_factory(EventLoop& loop, AnyTask task);

// ---------------------------------------------------------------------------------------------------------

template <class A>
    requires detail::TaskSource<A>
auto EventLoop::run_until_complete(A&& awaitable) {
    using Plain = std::remove_cvref_t<A>;
    if constexpr (detail::FutureLike<Plain>) {
        Plain future(std::forward<A>(awaitable));
        run_until_done(*future.base(), false);
        return detail::take_value<typename Plain::value_type>(*future.state(), 1);
    } else {
        auto task = create_task(std::forward<A>(awaitable));
        run_until_done(*task.base(), true);
        return detail::take_value<typename decltype(task)::value_type>(*task.state(), 1);
    }
}

}  // namespace aio
