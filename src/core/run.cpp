// run() and Runner: a loop for one main task, and the orderly end; run_until_complete(). exit_signals.cpp has Ctrl-C and SIGTERM.
#include <aio/core/run.hpp>

#include <aio/core/log.hpp>
#include <aio/core/wait.hpp>

#include "core/cancellation.hpp"
#include "core/exit_signals.hpp"
#include "core/log_parts.hpp"
#include "core/loop_state.hpp"
#include "core/observe.hpp"

#include <exception>

namespace aio {

namespace {

constexpr Duration kExecutorShutdown = std::chrono::minutes(5);
constexpr int kLastRounds = 100;

// --- the end -----------------------------------------------------------------------------------------------

Coro<> wait_for_all(std::vector<AnyTask> tasks) {
    for (const AnyTask& task : tasks) {
        while (!task.done()) {
            Future<> ended;
            auto* signal = new detail::DoneSignal(ended);  // deletes itself
            task.base()->add_callback(*signal);
            co_await ended;
        }
    }
}

// False when there are none.
bool cancel_all_tasks(EventLoop& loop) {
    std::vector<AnyTask> tasks = all_tasks(loop);
    if (tasks.empty()) return false;
    {
        const detail::CancelWave wave;
        for (const AnyTask& task : tasks) task.cancel();
    }
    loop.run_until_complete(wait_for_all(tasks));
    for (const AnyTask& task : tasks) {
        if (task.cancelled()) continue;
        std::exception_ptr error = task.base()->exception();
        if (!error) continue;
        ExceptionContext context;
        context.message = "unhandled exception during aio::run() shutdown";
        context.exception = error;
        context.task = task;
        context.traceback = task.get_stack();
        loop.call_exception_handler(context);
    }
    return true;
}

}  // namespace

Runner::~Runner() {
    try {
        close();
    } catch (const std::exception& error) {
        detail::log_parts(LogLevel::error, {"Runner: its destructor could not close it: ", error.what()});
    } catch (const BaseException& error) {
        detail::log_parts(LogLevel::error, {"Runner: its destructor could not close it: ", error.what()});
    }
}

EventLoop& Runner::get_loop() {
    if (closed_) throw RuntimeError("Runner is closed");
    if (!loop_) {
        options_.watchdog.start();
        loop_ = options_.loop_factory ? options_.loop_factory()
                                      : std::make_unique<EventLoop>(LoopOptions{.debug = false,
                                                                                .backend = options_.backend,
                                                                                .busy_poll = options_.busy_poll,
                                                                                .shuffle_seed = 0,
                                                                                .watchdog = {}});
        if (options_.debug) loop_->set_debug(*options_.debug);
    }
    return *loop_;
}

void Runner::check_can_run() {
    if (running_loop()) throw RuntimeError("run() cannot be called from a running event loop");
    get_loop();
}

void Runner::run_task(AnyTask task, const Context* context) {
    struct KeepContext {
        Runner& runner;
        const AnyTask& task;
        const bool wanted;
        ~KeepContext() {
            try {
                if (wanted) runner.context_ = task.base()->context();
            } catch (const std::bad_alloc&) {
                // The next task starts with an empty one.
            }
        }
    } keep_context{*this, task, !context};
    const detail::ExitSignals signals(*loop_, task, options_.handle_signals);
    std::exception_ptr error;
    try {
        return detail::run_until_task_done(*loop_, *task.base());
    } catch (const CancelledError&) {
        error = signals.reason();
        if (!error) throw;
    } catch (...) {
        error = std::current_exception();
    }
    detail::leaves_run(error, task.get_stack());
    std::rethrow_exception(error);
}

void Runner::close() {
    if (closed_) return;
    closed_ = true;
    if (!loop_) return;
    struct CloseLoop {
        std::unique_ptr<EventLoop>& loop;
        ~CloseLoop() { loop.reset(); }
    } close_loop{loop_};
    cancel_all_tasks(*loop_);
    loop_->run_until_complete(loop_->shutdown_asyncgens());
    loop_->run_until_complete(loop_->shutdown_default_executor(kExecutorShutdown));
    // Generators, and other threads with run_coroutine_threadsafe(), may have started tasks meanwhile. The rounds are
    // limited because threads may never stop starting them.
    for (int round = 0; round < kLastRounds && cancel_all_tasks(*loop_); ++round) {}
    loop_->close();
}

// --- one future ----------------------------------------------------------------------------------------------

namespace {

// Stops the loop when the future is done. On the heap: it may still be ready when run_forever() throws.
class StopWhenDone final : public detail::Callback {
public:
    explicit StopWhenDone(detail::LoopState& state) noexcept : state_(&state) {}
    ~StopWhenDone() = default;
    void run() override {
        if (state_) state_->stop();
        delete this;
    }
    void discard() noexcept override { delete this; }
    const char* name() const noexcept override { return "run_until_complete"; }
    void disarm() noexcept { state_ = nullptr; }

private:
    detail::LoopState* state_;
};

}  // namespace

void EventLoop::run_until_done(detail::FutureBase& future, bool owned) {
    if (future.loop() != state_) {
        throw ValueError("run_until_complete: the future belongs to a different loop than the one to be run");
    }
    auto* stop = new StopWhenDone(*state_);
    future.add_callback(*stop);
    try {
        run_forever();
    } catch (...) {
        if (future.remove_callback(*stop)) {
            stop->discard();
        } else if (future.done()) {
            stop->disarm();
        }
        // An exit exception came through the future itself: it was seen.
        if (owned && future.done() && !future.cancelled()) future.mark_retrieved();
        throw;
    }
    if (!future.done()) {
        if (future.remove_callback(*stop)) stop->discard();
        throw RuntimeError("EventLoop: event loop stopped before Future completed");
    }
    future.check_value();
}

void detail::run_until_task_done(EventLoop& loop, FutureBase& task) { loop.run_until_done(task, true); }

}  // namespace aio
