// run(): the whole life of an asynchronous program.
//
//     int main() { aio::run(async_main()); }
//
// It makes an event loop, runs the coroutine in it, and cleans up: the remaining tasks are cancelled and waited for,
// their errors are reported; asynchronous generators are closed, the threads of the default
// executor joined, the loop closed.
//
// On the main thread Ctrl-C and SIGTERM cancel the main task, unless the program handles them itself. If the task ends
// by that, run() throws KeyboardInterrupt, or SystemExit(143). A second Ctrl-C interrupts at once; a second SIGTERM
// that arrives more than a second later ends the process at once. An exception that is not caught ends the process
// after the clean-up: by SIGINT or SIGTERM, with the status of a SystemExit, or, for an error,
// with a report and std::abort().
// Source: asyncio.run and Runner, CPython 3.12 runners.py; SIGTERM is ours.
#pragma once

#include <aio/core/event_loop.hpp>

#include <memory>
#include <optional>

namespace aio {

// The options of run() and Runner.
struct RunOptions {
    std::optional<bool> debug = std::nullopt;  // default: AIO_DEBUG in the environment
    std::string_view backend = {};             // "io_uring", "epoll", "sim"; default: AIO_BACKEND, else the best
    Duration busy_poll = Duration(0);          // spin this long on the kernel before sleeping in it
    bool handle_signals = true;                // Ctrl-C and SIGTERM cancel the main task
    std::unique_ptr<EventLoop> (*loop_factory)() = nullptr;  // makes the loop, in place of backend and busy_poll
    WatchdogOption watchdog = {};  // such as 50ms: reports loops that are blocked for longer
};

// Several run()s on one loop, with the clean-up of run() done once, in close(). asyncio.Runner.
//
//     aio::Runner runner;
//     runner.run(prepare());
//     runner.run(serve());
class Runner {
public:
    // The loop is made at its first use.
    explicit Runner(RunOptions options = {}) noexcept : options_(options) {}
    ~Runner();  // close()
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    // Runs `awaitable` in this runner's loop, in `context` or the runner's own. Result: its result.
    // Errors: its exception; KeyboardInterrupt, SystemExit; RuntimeError inside a running loop, or after close().
    template <class A>
        requires detail::TaskSource<A>
    auto run(A&& awaitable, const Context* context = nullptr) {
        check_can_run();
        if (!context && context_) context = &*context_;
        auto task = get_loop().create_task(std::forward<A>(awaitable), {.context = context});
        run_task(AnyTask(task), context);
        return detail::take_value<typename decltype(task)::value_type>(*task.state(), 1);
    }

    // The loop, made at the first use. Errors: RuntimeError after close(); those of EventLoop's constructor.
    EventLoop& get_loop();
    // The clean-up of run(): cancels and awaits the remaining tasks, closes generators, executor and loop. It waits for
    // the threads of the default executor for 5 minutes at most. No effect the second time.
    void close();

private:
    void check_can_run();
    void run_task(AnyTask task, const Context* context);

    RunOptions options_;
    std::unique_ptr<EventLoop> loop_;
    std::optional<Context> context_;  // that of the first task, once it has ended
    bool closed_ = false;
};

namespace detail {

// An exception without a handler unwinds nothing: so the clean-up of run() does not rely on a destructor.
template <class A>
auto run_and_close(Runner& runner, A&& awaitable) {
    try {
        return runner.run(std::forward<A>(awaitable));
    } catch (...) {
        runner.close();
        throw;
    }
}

}  // namespace detail

// Runs `awaitable`, or the Coro that `function(args...)` returns, in a new loop, as above: asyncio.run.
// Result: its result. Errors: its exception; KeyboardInterrupt, SystemExit; RuntimeError inside a running loop.
template <class A>
    requires detail::TaskSource<A>
auto run(A&& awaitable, RunOptions options = {}) {
    Runner runner(options);
    return detail::run_and_close(runner, std::forward<A>(awaitable));
}
template <class F, class First, class... Rest>
    requires(!std::same_as<std::remove_cvref_t<First>, RunOptions> &&
             detail::CoroutineFunction<std::decay_t<F>, std::decay_t<First>, std::decay_t<Rest>...>)
auto run(F&& function, First&& first, Rest&&... rest) {
    Runner runner;
    return detail::run_and_close(runner, detail::call_in_frame(std::decay_t<F>(std::forward<F>(function)),
                                                               std::decay_t<First>(std::forward<First>(first)),
                                                               std::decay_t<Rest>(std::forward<Rest>(rest))...));
}

}  // namespace aio
