// EventLoop: runs callbacks and tasks, waits for timers and I/O.
//
// Programs rarely touch it: aio::run() makes one, and create_task, sleep, streams... use the running one. One
// loop runs on one thread; everything here is for that thread, except call_soon_threadsafe() and what says so.
//
// One pass: take what is ready; poll the backend (without blocking when something is ready); move the timers
// that are due; run exactly what was ready at that moment. What gets ready meanwhile waits for the next pass.
// A busy loop does not pay a poll per pass: see kPassesPerPoll in src/core/event_loop.cpp.
// Source: asyncio.BaseEventLoop, CPython 3.12 base_events.py. Drawn in docs/design.md.
#pragma once

#include <aio/base/function.hpp>
#include <aio/core/awaitable.hpp>
#include <aio/core/handle.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aio {

// What an exception handler is told (the context dict of asyncio).
struct ExceptionContext {
    std::string message;
    std::exception_ptr exception;                 // null for reports without one
    AnyTask task;                                 // the task concerned, if any
    std::string future;                           // a description of the future concerned, if it is no task
    std::string handle;                           // a description of the callback concerned, if any
    std::vector<std::source_location> traceback;  // where the exception passed, innermost frame first
    std::string source;                           // where the object was created, in debug mode
};

// "Task exception was never retrieved\ntask: ...\nTraceback...": what the default handler logs.
std::string format_report(const ExceptionContext& context);

struct LoopOptions {
    bool debug = false;                // as set_debug(true); AIO_DEBUG=1 in the environment does it too
    std::string_view backend = {};     // "io_uring", "epoll" or "sim"; default: AIO_BACKEND, else the best there is
    Duration busy_poll = Duration(0);  // spin this long on the backend before sleeping in it
    std::uint64_t shuffle_seed = 0;    // not 0: run each pass in an order drawn from this seed (for tests)
};

class Executor;
class AnyAsyncGenerator;

namespace detail {
struct LoopState;
class Backend;
void run_until_task_done(EventLoop& loop, FutureBase& task);
}  // namespace detail

class EventLoop {
public:
    // Errors: OSError when no backend can be had (out of descriptors); ValueError for an unknown name.
    explicit EventLoop(LoopOptions options = {});
    explicit EventLoop(std::unique_ptr<detail::Backend> backend, LoopOptions options = {});
    ~EventLoop();  // close(), unless it was called
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    // --- running ---------------------------------------------------------------------------------------

    // Runs until stop(). Errors: RuntimeError when closed, running, or when another loop runs on this thread.
    void run_forever();

    // Runs until `awaitable` is done and returns its result. Errors: its exception; RuntimeError when the loop
    // was stopped before; ValueError for a future or task of another loop.
    template <class A>
        requires detail::TaskSource<A>
    auto run_until_complete(A&& awaitable);

    // Ends run_forever() after the current pass.
    void stop() noexcept;
    bool is_running() const noexcept;
    bool is_closed() const noexcept;
    // Releases everything. Tasks that are not done are destroyed, and reported. Errors: RuntimeError while running.
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
    // Calls it after `delay`, or at `when` on the loop's clock. Calls that are due at the same time run in the
    // order in which they were asked for.
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>&, std::decay_t<Args>...>
    TimerHandle call_later(Duration delay, F&& function, Args&&... args) {
        return at(detail::after(time(), delay),
                  detail::make_call(std::forward<F>(function), std::forward<Args>(args)...));
    }
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>&, std::decay_t<Args>...>
    TimerHandle call_at(TimePoint when, F&& function, Args&&... args) {
        return at(when, detail::make_call(std::forward<F>(function), std::forward<Args>(args)...));
    }
    // The loop's clock: monotonic; virtual on the sim backend.
    TimePoint time() const noexcept;

    template <class T = void>
    Future<T> create_future() {
        return Future<T>(*this);
    }
    template <class A>
        requires detail::TaskSource<A>
    auto create_task(A&& awaitable, TaskOptions options = {}) {
        return detail::create_task_on(core(), detail::as_coro(std::forward<A>(awaitable)), options);
    }
    // Called with each new task after it got its name and context, before its first step; null: none. An eager
    // factory starts it at once: set_task_factory(aio::eager_task_factory).
    using TaskFactory = void (*)(EventLoop&, AnyTask);
    void set_task_factory(TaskFactory factory) noexcept;
    TaskFactory get_task_factory() const noexcept;

    // --- file descriptors, signals -----------------------------------------------------------------------

    // Calls `function()` each time `fd` is readable (writable), until removed. Replaces an earlier one.
    // Errors: OSError when the descriptor cannot be watched.
    template <class F>
    void add_reader(int fd, F function) {
        watch(fd, false, detail::make_call(std::move(function)));
    }
    template <class F>
    void add_writer(int fd, F function) {
        watch(fd, true, detail::make_call(std::move(function)));
    }
    // False when there was none.
    bool remove_reader(int fd);
    bool remove_writer(int fd);

    // Calls `function()` as a loop callback when the process gets `signal`. Main thread only.
    // Errors: ValueError for a signal that cannot be caught; RuntimeError when another loop handles it.
    template <class F>
    void add_signal_handler(int signal, F function) {
        handle_signal(signal, detail::make_call(std::move(function)));
    }
    bool remove_signal_handler(int signal);

    // --- executors: members of <aio/sync/threads.hpp> -----------------------------------------------------

    // Calls `function(args...)` on a thread of `executor` (null: the default executor) and returns a Future of
    // its result. Cancelling the future frees the awaiter at once; the call goes on and its result is dropped.
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
    auto run_in_executor(Executor* executor, F&& function, Args&&... args);
    // The same for what is no Executor but has a submit() that gives a ConcurrentFuture: ProcessPoolExecutor.
    template <class Pool, class F, class... Args>
        requires requires(Pool& pool) { typename Pool::submits_by_itself; }
    auto run_in_executor(Pool* pool, F&& function, Args&&... args);
    void set_default_executor(std::shared_ptr<Executor> executor);
    const std::shared_ptr<Executor>& default_executor() const noexcept;
    // Waits for the default executor's threads to end their work; it takes no more. Past `timeout` it reports
    // a warning and stops waiting. Errors: RuntimeError from run_in_executor afterwards.
    Coro<> shutdown_default_executor(std::optional<Duration> timeout = std::nullopt);
    // aclose()s every asynchronous generator that was started and not finished.
    Coro<> shutdown_asyncgens();

    // --- errors and debugging ------------------------------------------------------------------------------

    using ExceptionHandler = detail::Function<void(EventLoop&, const ExceptionContext&)>;
    // Replaces the default handler; null restores it. What a handler throws is reported, and ends there.
    void set_exception_handler(ExceptionHandler handler);
    const ExceptionHandler& get_exception_handler() const noexcept;
    void call_exception_handler(const ExceptionContext& context) noexcept;
    // Logs format_report(context) through the logger hook (aio/core/log.hpp).
    void default_exception_handler(const ExceptionContext& context);

    void set_debug(bool on) noexcept;
    bool get_debug() const noexcept;
    // In debug mode, a callback or step that takes at least this long is logged. Default: 100 ms.
    void set_slow_callback_duration(Duration duration) noexcept;
    Duration slow_callback_duration() const noexcept;

    // "io_uring", "epoll" or "sim".
    std::string_view backend_name() const noexcept;
    // Why io_uring is not in use, e.g. "io_uring_setup: Operation not permitted"; empty when nothing fell back.
    const std::string& backend_fallback_reason() const noexcept;

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

// The loop that runs on this thread. Errors: RuntimeError when there is none.
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
