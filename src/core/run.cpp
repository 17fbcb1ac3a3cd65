// run() and Runner: a loop for one main task, Ctrl-C, and the orderly end.
#include <aio/core/run.hpp>

#include <aio/core/log.hpp>
#include <aio/core/wait.hpp>

#include "base/per_thread.hpp"
#include "core/cancellation.hpp"
#include "core/log_parts.hpp"
#include "core/loop_state.hpp"
#include "core/observe.hpp"

#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <exception>

namespace aio {

namespace {

constexpr Duration kExecutorShutdown = std::chrono::minutes(5);
constexpr int kLastRounds = 100;

// --- a traceback for what leaves run() and nobody catches --------------------------------------------------

// The last exception that left a run() on this thread, and where it passed.
struct Escaped {
    std::exception_ptr error;
    std::vector<std::source_location> traceback;
};
constinit thread_local detail::PerThread<Escaped> last_escaped;
std::terminate_handler previous_terminate = nullptr;

[[noreturn]] void terminate_with_traceback() {
    if (std::exception_ptr error = std::current_exception();
        error && last_escaped.find() && error == last_escaped.find()->error) {
        try {
            ExceptionContext context;
            context.message = "Unhandled exception in aio::run()";
            context.exception = error;
            context.traceback = last_escaped.find()->traceback;
            detail::log(LogLevel::error, format_report(context));
        } catch (const std::bad_alloc&) {
            detail::log(LogLevel::error, "Unhandled exception in aio::run()");
        }
    }
    if (previous_terminate) previous_terminate();
    std::abort();
}

void remember_escape(AnyTask& task) {
    static const bool installed = [] {
        previous_terminate = std::set_terminate(terminate_with_traceback);
        return true;
    }();
    static_cast<void>(installed);
    last_escaped.get() = {task.base()->state == detail::State::failed ? task.base()->exception() : nullptr,
                          task.get_stack()};
}

// --- Ctrl-C ------------------------------------------------------------------------------------------------

// While it lives, the first SIGINT cancels `main_task` and the second one raises KeyboardInterrupt, unless the
// program handles the signal itself.
class InterruptScope {
public:
    InterruptScope(EventLoop& loop, AnyTask main_task) : loop_(loop), main_(std::move(main_task)) {
        struct sigaction now = {};
        const bool main_thread = ::getpid() == ::gettid();
        if (!main_thread || ::sigaction(SIGINT, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return;
        loop_.add_signal_handler(SIGINT, [this] { on_interrupt(); });
        installed_ = true;
        ++loop_.state().own_signal_calls;
    }
    ~InterruptScope() {
        if (!installed_) return;
        --loop_.state().own_signal_calls;
        loop_.remove_signal_handler(SIGINT);
    }
    InterruptScope(const InterruptScope&) = delete;

    // Whether the main task ended because of Ctrl-C and nothing else (semantics 31).
    bool ended_it() const noexcept { return count_ > 0 && main_.cancelled() && main_.uncancel() == 0; }

private:
    void on_interrupt() {
        if (++count_ == 1 && !main_.done()) {
            main_.cancel();
            return;
        }
        throw KeyboardInterrupt();
    }

    EventLoop& loop_;
    AnyTask main_;
    unsigned count_ = 0;
    bool installed_ = false;
};

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
        detail::log_parts(LogLevel::error, {"while a Runner was closed: ", error.what()});
    } catch (const BaseException& error) {
        detail::log_parts(LogLevel::error, {"while a Runner was closed: ", error.what()});
    }
}

EventLoop& Runner::get_loop() {
    if (closed_) throw RuntimeError("Runner is closed");
    if (!loop_) {
        loop_ = options_.loop_factory ? options_.loop_factory()
                                      : std::make_unique<EventLoop>(LoopOptions{.debug = false,
                                                                                .backend = options_.backend,
                                                                                .busy_poll = options_.busy_poll,
                                                                                .shuffle_seed = 0});
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
    InterruptScope interrupts(*loop_, task);
    try {
        detail::run_until_task_done(*loop_, *task.base());
    } catch (const CancelledError&) {
        if (interrupts.ended_it()) throw KeyboardInterrupt();
        throw;
    } catch (...) {
        if (task.done()) remember_escape(task);
        throw;
    }
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

}  // namespace aio
