// run(): the whole life of an asynchronous program.
//
//     int main() { aio::run(async_main()); }
//
// It makes an event loop, runs the coroutine in it, and leaves nothing behind: the tasks that are left are
// cancelled and waited for, their errors reported; asynchronous generators are closed, the default executor's
// threads joined, the loop closed.
//
// On the main thread Ctrl-C and SIGTERM cancel the main task, unless the program handles them itself. When that ended it,
// run() throws KeyboardInterrupt, or SystemExit(143). Pressed twice, Ctrl-C interrupts at once; SIGTERM ends the process at
// once when it comes again after a second. What nobody catches ends the process when all has been cleaned up: by SIGINT or
// SIGTERM, with the status of a SystemExit, or, for an error, with a report and std::abort().
// Source: asyncio.run and Runner, CPython 3.12 runners.py; SIGTERM is ours.
#pragma once

#include <aio/core/event_loop.hpp>

#include <memory>
#include <optional>

namespace aio {

struct RunOptions {
    std::optional<bool> debug = std::nullopt;  // default: AIO_DEBUG in the environment
    std::string_view backend = {};             // "io_uring", "epoll", "sim"; default: AIO_BACKEND, else the best
    Duration busy_poll = Duration(0);          // spin this long on the kernel before sleeping in it
    bool handle_signals = true;                // Ctrl-C and SIGTERM cancel the main task
    std::unique_ptr<EventLoop> (*loop_factory)() = nullptr;
};

// Several run()s on one loop, with what run() does at the end done once, in close().
//
//     aio::Runner runner;
//     runner.run(prepare());
//     runner.run(serve());
class Runner {
public:
    explicit Runner(RunOptions options = {}) noexcept : options_(options) {}
    ~Runner();  // close()
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    // Runs `awaitable` in this runner's loop, in `context` or the runner's own. Result: its result.
    // Errors: what it throws; KeyboardInterrupt, SystemExit; RuntimeError inside a running loop, or after close().
    template <class A>
        requires detail::TaskSource<A>
    auto run(A&& awaitable, const Context* context = nullptr) {
        check_can_run();
        if (!context && context_) context = &*context_;
        auto task = get_loop().create_task(std::forward<A>(awaitable), {.context = context});
        run_task(AnyTask(task), context);
        return detail::take_value<typename decltype(task)::value_type>(*task.state(), 1);
    }

    // The loop, made at the first use. Errors: RuntimeError after close().
    EventLoop& get_loop();
    // No effect the second time.
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

// What nobody catches unwinds nothing: so the end of run() does not wait for a destructor.
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

// Result: the coroutine's. Errors: what it throws; KeyboardInterrupt, SystemExit; RuntimeError inside a running loop.
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
