// Traffic between threads and a loop, both ways: Delivery and LoopJob bring a result into the loop, RemoteTask runs a
// coroutine there for another thread. Also the loop's default executor, from its creation to its shutdown.
// to_thread() and wrap_future() are templates in the header; executor.cpp has the pool's threads.
#include <aio/sync/threads.hpp>

#include <aio/core/log.hpp>

#include "core/loop_state.hpp"
#include "core/observe.hpp"

#include <cstdio>
#include <system_error>
#include <thread>

namespace aio {

namespace detail {

// --- results of other threads --------------------------------------------------------------------------------

Delivery::Delivery(LoopState& loop) noexcept : loop_(&loop) { loop_->retain_external(); }

Delivery::~Delivery() {
    if (loop_) loop_->release_external();
}

void Delivery::attach(FutureBase& future) noexcept {
    future_ = &future;
    owed_ = loop_->backend != nullptr;
    if (owed_) loop_->backend->external_work(+1);
}

void Delivery::settle() noexcept {
    if (std::exchange(owed_, false) && loop_->backend) loop_->backend->external_work(-1);
}

void Delivery::withdraw() noexcept {
    cancel_source();
    settle();
}

void Delivery::deliver() noexcept {
    // The loop may take the arrival, end, and let go of its state while post() is still waking it.
    LoopState& loop = *loop_;
    loop.retain_external();
    if (!post(loop, arrival_)) release();  // the loop is closed: nobody waits any more
    loop.release_external();
}

void Delivery::arrive() noexcept {
    settle();
    if (future_) {
        if (!future_->done()) hand_over(*future_);
    } else if (std::exception_ptr error = lost_error()) {
        try {
            ExceptionContext context;
            context.message = "Future exception was never retrieved";
            context.exception = std::move(error);
            report(loop_, context);
        } catch (const std::bad_alloc&) {
            log(LogLevel::error, "Future exception was never retrieved");
        }
    }
    std::exchange(loop_, nullptr)->release_external();
    release();
}

// --- run_in_executor() ---------------------------------------------------------------------------------------

void LoopJob::run() noexcept {
    if (!claim()) return release();
    try {
        call();
    } catch (...) {
        error_ = std::current_exception();
    }
    deliver();
}

void LoopJob::discard() noexcept {
    if (!claim()) return release();
    drop();
    discarded_ = true;
    deliver();
}

void LoopJob::fail(const std::exception_ptr& error) noexcept {
    if (!claim()) return release();
    drop();
    error_ = error;
    deliver();
}

void LoopJob::cancel_source() noexcept {
    if (claim()) drop();
}

void LoopJob::hand_over(FutureBase& future) noexcept {
    if (discarded_) return future.finish_cancelled(nullptr);
    if (error_) return future.finish_with(std::exchange(error_, nullptr));
    hand_over_value(future);
}

void execute(Executor& executor, LoopJob& job) {
    job.retain();  // the thread's
    try {
        executor.execute(job);
    } catch (...) {
        job.withdraw();
        job.release();
        throw;
    }
}

Executor& executor_for(EventLoop& loop, Executor* executor) {
    LoopState& state = loop.state();
    if (state.closed) throw RuntimeError("run_in_executor: the event loop is closed");
    if (state.debug && state.running && current.loop != &state) {
        throw RuntimeError(
            "Non-thread-safe operation: run_in_executor was called from a thread other than the loop's; use "
            "call_soon_threadsafe");
    }
    if (executor) return *executor;
    if (state.executor_shut_down) throw RuntimeError("run_in_executor: the default executor was shut down");
    if (!state.default_executor) {
        // Closing the loop does not wait for calls that are still running; shutdown_default_executor() does.
        const auto abandon = [](Executor* pool) {
            pool->shutdown(false);
            delete pool;
        };
        state.default_executor = std::shared_ptr<Executor>(new ThreadPoolExecutor, abandon);
    }
    return *state.default_executor;
}

namespace {

// A thread of its own for each job.
class ThreadPerJob final : public Executor {
public:
    void execute(Job& job) override {
        try {
            std::thread([&job] { job.run(); }).detach();
        } catch (const std::system_error& error) {
            throw_os_error(error.code().value(), "start a thread");
        }
    }
    void shutdown(bool, bool) override {}
};

}  // namespace

// --- run_coroutine_threadsafe() --------------------------------------------------------------------------------

RemoteTask::RemoteTask(LoopState& loop, ConcurrentBase& future) noexcept : loop_(loop), future_(future) {
    loop_.retain_external();
    end_.flags = kWantsFuture;
}

RemoteTask::~RemoteTask() { loop_.release_external(); }

void RemoteTask::launch() {
    future_.retain();
    if (post(loop_, start_)) return;
    future_.release();
    throw RuntimeError("call another thread's event loop: the event loop is closed");
}

void RemoteTask::post_cancel() noexcept {
    if (cancel_posted_.exchange(true)) return;
    future_.retain();
    if (!post(loop_, cancel_)) let_go();
}

void RemoteTask::on_start() noexcept {
    ContextScope scope(context_);
    try {
        task_ = &start();
    } catch (...) {
        future_.failed_with(std::current_exception());
        return let_go();
    }
    task_->add_callback(end_);  // takes over the start's reference
}

void RemoteTask::on_end() noexcept {
    FutureRef<FutureBase> task = std::move(ended_task_);
    task_ = nullptr;
    if (task->cancelled()) {
        future_.cancel();
    } else if (task->state == State::failed) {
        auto& failed = static_cast<TaskBase&>(*task);
        try {
            future_.set_traceback(failed.traceback());
        } catch (const std::bad_alloc&) {
            // The exception matters more than its traceback.
        }
        // From here on the exception is the other thread's. The count of its references is kept in the C++ library,
        // where ThreadSanitizer does not see it: nothing here may be the last to let go.
        std::exception_ptr error = failed.exception();
        task = FutureRef<FutureBase>();
        future_.failed_with(std::move(error));
    } else {
        transfer(static_cast<TaskBase&>(*task));
    }
    let_go();
}

void RemoteTask::on_cancel() noexcept {
    if (task_) task_->cancel();
    let_go();
}

// Otherwise a thread that waits for the result would wait for ever.
void RemoteTask::on_lost() noexcept {
    task_ = nullptr;
    const FutureRef<FutureBase> task = std::move(ended_task_);
    future_.cancel();
    let_go();
}

void RemoteTask::let_go() noexcept { future_.release(); }

}  // namespace detail

// --- the default executor --------------------------------------------------------------------------------------

// Its shutdown blocks, so a separate thread calls it. After the timeout that thread and the executor are left alone.
Coro<> EventLoop::shutdown_default_executor(std::optional<Duration> timeout) {
    state_->executor_shut_down = true;
    const std::shared_ptr<Executor> executor = state_->default_executor;
    if (!executor) co_return;
    detail::ThreadPerJob thread;
    Future<> joined = run_in_executor(&thread, [executor] { executor->shutdown(true); });
    Future<> over(*this);
    const auto end = [over] {
        if (!over.done()) over.set_result();
    };
    joined.add_done_callback(end);
    struct Timer {
        TimerHandle handle;
        ~Timer() { handle.cancel(); }
    } timer;
    if (timeout) timer.handle = call_later(*timeout, end);
    co_await over;
    if (joined.done()) {
        joined.result();
        co_return;
    }
    char text[96];
    std::snprintf(text, sizeof text, "The executor did not finish joining its threads within %.3g seconds.",
                  std::chrono::duration<double>(*timeout).count());
    detail::log(LogLevel::warning, text);
    executor->shutdown(false);
}

}  // namespace aio
