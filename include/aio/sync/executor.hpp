// Executors: threads for calls that block.
//
//     aio::ThreadPoolExecutor pool(4);
//     std::string text = co_await loop.run_in_executor(&pool, read_file, path);      // <aio/sync/threads.hpp>
//     aio::ConcurrentFuture<int> sum = pool.submit(add, 1, 2);                       // outside a loop
//
// Thread rule: all of it may be used from any thread.
// Source: concurrent.futures, CPython 3.12 _base.py, thread.py.
#pragma once

#include <aio/base/function.hpp>
#include <aio/sync/concurrent_future.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace aio {

// An executor cannot work any more: every call that it has not made gets this error, and so does each new one.
class BrokenExecutor : public RuntimeError {
public:
    using RuntimeError::RuntimeError;
};
// The initializer of a thread failed. concurrent.futures.thread.BrokenThreadPool.
class BrokenThreadPool : public BrokenExecutor {
public:
    using BrokenExecutor::BrokenExecutor;
};

// One call for an Executor to make. Its owner calls run(), discard() or fail(), once, which ends the job's life.
class Job {
public:
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

    // Makes the call, on this thread, and delivers its outcome. Does nothing if it was cancelled meanwhile.
    virtual void run() noexcept = 0;
    // The call will not be made: waiters for its outcome get CancelledError.
    virtual void discard() noexcept = 0;
    // The call cannot be made: waiters for its outcome get `error`.
    virtual void fail(const std::exception_ptr& error) noexcept = 0;

    Job* next = nullptr;  // for the queue of the executor

protected:
    Job() noexcept = default;
    ~Job() = default;
};

// The base of executors, for run_in_executor(): concurrent.futures.Executor. Thread rule: any thread.
class Executor {
public:
    Executor() = default;
    virtual ~Executor() = default;
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;

    // Takes `job`, to run it on another thread. When this throws, the job remains the caller's.
    // Errors: RuntimeError after shutdown(); BrokenExecutor; OSError when no thread can be started.
    virtual void execute(Job& job) = 0;

    // Takes no more jobs. `wait`: returns when all are done and the threads have ended. `cancel_futures`: jobs that
    // have not started are discarded.
    virtual void shutdown(bool wait = true, bool cancel_futures = false) = 0;

    // Calls `function(args...)`, which are copied or moved, on a thread of the executor. Result: a ConcurrentFuture.
    // Cancel: cancel() of the future drops a call that has not begun. Errors: as execute(); std::bad_alloc.
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
    auto submit(F&& function, Args&&... args);
    // submit() of `function(item)` for each item. Result: a vector of their futures, in order. `gather(pool.map(f,
    // items))` awaits them all; result() of one after the other does the same as Python's iterator. Errors: as
    // submit(); the calls that were submitted before are made all the same.
    template <class F, class Items>
    auto map(F function, Items&& items);
};

// Threads that are started as needed, up to `max_workers`, and kept: concurrent.futures.ThreadPoolExecutor.
class ThreadPoolExecutor final : public Executor {
public:
    // 0: min(32, processors + 4). Threads are named "<prefix>_0"...; the system keeps 15 characters. Each calls
    // `initializer()` before its first job; when that throws, the exception is logged and the executor is broken.
    // Errors: ValueError for a negative number.
    explicit ThreadPoolExecutor(int max_workers = 0, std::string_view thread_name_prefix = "aio",
                                detail::Function<void()> initializer = nullptr);
    // shutdown(), unless it was called: waits for the jobs. On one of its own threads it does not wait.
    ~ThreadPoolExecutor() override;

    // Errors: RuntimeError after shutdown(); BrokenThreadPool; OSError when there is no thread and none can be started.
    void execute(Job& job) override;
    // As Executor's. On one of its own threads it does not wait.
    void shutdown(bool wait = true, bool cancel_futures = false) override;

    // The greatest number of threads.
    std::size_t max_workers() const noexcept;
    // The number of threads now. They end after shutdown().
    std::size_t workers() const;

private:
    class Pool;
    std::shared_ptr<Pool> pool_;  // shared with the threads, which may outlive this after shutdown(false)
};

// ---------------------------------------------------------------------------------------------------------

namespace detail {

// A function and its arguments, called once, with rvalues, and destroyed right afterwards.
template <class F, class... Args>
class OnceCall {
public:
    using Result = std::invoke_result_t<F, Args...>;

    template <class G, class... Given>
    explicit OnceCall(G&& function, Given&&... args)
        : call_(std::in_place, std::forward<G>(function), std::forward<Given>(args)...) {}

    void into([[maybe_unused]] ValueSlot<Result>& slot) {
        struct Drop {
            OnceCall& call;
            ~Drop() { call.drop(); }
        } const drop{*this};
        const auto call = [](F& function, Args&... args) -> Result {
            return std::apply(std::move(function), std::forward_as_tuple(std::move(args)...));  // members too
        };
        if constexpr (std::is_void_v<Result>) {
            std::apply(call, *call_);
        } else if constexpr (std::is_reference_v<Result>) {
            slot.value = &std::apply(call, *call_);
        } else {
            slot.value.emplace(std::apply(call, *call_));
        }
    }
    void drop() noexcept { call_.reset(); }

private:
    std::optional<std::tuple<F, Args...>> call_;
};

// The job of Executor::submit(), and its future's state.
template <class F, class... Args>
class SubmittedJob final : public ConcurrentState<std::invoke_result_t<F, Args...>>, public Job {
public:
    template <class G, class... Given>
    explicit SubmittedJob(G&& function, Given&&... args)
        : call_(std::forward<G>(function), std::forward<Given>(args)...) {}

    void run() noexcept override {
        if (this->set_running()) {
            this->outcome_of([this] { call_.into(*this); });
        }
        this->release();
    }
    void discard() noexcept override {
        this->cancel();
        this->release();
    }
    void fail(const std::exception_ptr& error) noexcept override {
        call_.drop();
        this->outcome_of([&] { std::rethrow_exception(error); });
        this->release();
    }

private:
    void cancelled_from_outside() noexcept override { call_.drop(); }

    OnceCall<F, Args...> call_;
};

}  // namespace detail

template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
auto Executor::submit(F&& function, Args&&... args) {
    using Submitted = detail::SubmittedJob<std::decay_t<F>, std::decay_t<Args>...>;
    using T = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;
    auto* job = new Submitted(std::forward<F>(function), std::forward<Args>(args)...);
    ConcurrentFuture<T> future{detail::ConcurrentRef<detail::ConcurrentState<T>>(job)};
    job->retain();  // the executor's
    try {
        execute(*job);
    } catch (...) {
        job->release();
        throw;
    }
    return future;
}

template <class F, class Items>
auto Executor::map(F function, Items&& items) {
    using Future = decltype(submit(function, *std::begin(items)));
    std::vector<Future> futures;
    for (auto&& item : items) futures.push_back(submit(function, std::forward<decltype(item)>(item)));
    return futures;
}

}  // namespace aio
