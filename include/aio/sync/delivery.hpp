// How results of other threads reach a loop, and coroutines reach a loop from other threads. Internal to threads.hpp.
#pragma once

#include <aio/core/event_loop.hpp>
#include <aio/sync/executor.hpp>

#include <atomic>
#include <optional>
#include <type_traits>
#include <utility>

namespace aio::detail {

// A result on its way from another thread to a Future of a loop. The callback that is posted when it is there is
// embedded here, so that nothing is allocated then. It holds the LoopState, and may outlive the loop itself; the
// future is the loop's, and may be gone when the result comes.
//
// References: the other thread's, which passes to the post, and the future's.
class Delivery {
public:
    Delivery(const Delivery&) = delete;
    Delivery& operator=(const Delivery&) = delete;

    // The loop's thread: the future exists, is being cancelled, is destroyed. From attach() on the loop waits for the result;
    // not before, since until then there may be no memory for the future.
    void attach(FutureBase& future) noexcept;
    void withdraw() noexcept;
    void detach() noexcept { future_ = nullptr; }
    // The loop's thread, once delivered: where the exception passed in its own loop, or null.
    virtual const std::vector<std::source_location>* traceback() const noexcept { return nullptr; }

    void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

protected:
    explicit Delivery(LoopState& loop) noexcept;
    virtual ~Delivery();

    // The other thread, once, at its end: posts the arrival. Takes over the thread's reference.
    void deliver() noexcept;

    // The loop's thread: completes the future.
    virtual void hand_over(FutureBase& future) noexcept = 0;
    // The loop's thread: nobody wants the result any more.
    virtual void cancel_source() noexcept = 0;
    // The loop's thread, when the future is gone: the exception that nobody will see, or null.
    virtual std::exception_ptr lost_error() const noexcept = 0;

private:
    class Arrival final : public Callback {
    public:
        explicit Arrival(Delivery& delivery) noexcept : delivery_(delivery) {}
        void run() override { delivery_.arrive(); }
        void discard() noexcept override { delivery_.release(); }
        const char* name() const noexcept override { return "result of another thread"; }

    private:
        Delivery& delivery_;
    };

    void arrive() noexcept;
    void settle() noexcept;

    std::atomic<std::uint32_t> references_{1};
    LoopState* loop_;  // null once it has arrived
    FutureBase* future_ = nullptr;
    bool owed_ = false;  // the backend was told that a thread owes a result
    Arrival arrival_{*this};
};

// The state of a Future whose result is delivered. Cancelling it cancels the source as well.
template <class T>
class DeliveredFuture final : public FutureState<T> {
public:
    DeliveredFuture(LoopCore* loop, Delivery& delivery) : FutureState<T>(loop), delivery_(delivery) {
        delivery_.retain();
        delivery_.attach(*this);
    }
    ~DeliveredFuture() {
        delivery_.detach();
        delivery_.release();
    }
    bool cancel_this(std::string_view message) noexcept override {
        if (this->done()) return false;
        delivery_.withdraw();
        return FutureObject::cancel_this(message);
    }
    const std::vector<std::source_location>* remote_traceback() const noexcept override {
        return delivery_.traceback();
    }

private:
    Delivery& delivery_;
};

template <class T>
Future<T> future_of(EventLoop& loop, Delivery& delivery) {
    return Future<T>(FutureRef<FutureState<T>>(new DeliveredFuture<T>(&loop.core(), delivery)));
}

// Completes `future` with what `store(slot)` puts there, or with what it throws.
template <class T, class Store>
void complete(FutureBase& future, Store&& store) noexcept {
    try {
        store(static_cast<ValueSlot<T>&>(static_cast<FutureState<T>&>(future)));
    } catch (...) {
        return future.finish_with(std::current_exception());
    }
    future.finish();
}

template <class T>
void copy_value(const ValueSlot<T>& from, ValueSlot<T>& to) {
    if constexpr (std::is_reference_v<T>) {
        to.value = from.value;
    } else if constexpr (!std::is_void_v<T>) {
        to.value.emplace(*from.value);
    }
}
template <class T>
void move_value(ValueSlot<T>& from, ValueSlot<T>& to) {
    if constexpr (std::is_reference_v<T>) {
        to.value = from.value;
    } else if constexpr (!std::is_void_v<T>) {
        to.value.emplace(std::move(*from.value));
        from.value.reset();
    }
}

// The job of run_in_executor().
class LoopJob : public Delivery, public Job {
public:
    void run() noexcept final;
    void discard() noexcept final;
    void fail(const std::exception_ptr& error) noexcept final;

protected:
    using Delivery::Delivery;
    virtual void call() = 0;           // the function; keeps its value
    virtual void drop() noexcept = 0;  // destroys the function, which will not be called
    virtual void hand_over_value(FutureBase& future) noexcept = 0;

private:
    void hand_over(FutureBase& future) noexcept final;
    void cancel_source() noexcept final;
    std::exception_ptr lost_error() const noexcept final { return error_; }
    bool claim() noexcept { return !claimed_.exchange(true, std::memory_order_acq_rel); }

    std::atomic<bool> claimed_{false};  // by who starts, cancels or discards it first
    bool discarded_ = false;
    std::exception_ptr error_;
};

template <class F, class... Args>
class ExecutorJob final : public LoopJob {
public:
    using Result = std::invoke_result_t<F, Args...>;

    template <class G, class... Given>
    explicit ExecutorJob(LoopState& loop, G&& function, Given&&... args)
        : LoopJob(loop), call_(std::forward<G>(function), std::forward<Given>(args)...) {}

private:
    void call() override { call_.into(slot_); }
    void drop() noexcept override { call_.drop(); }
    void hand_over_value(FutureBase& future) noexcept override {
        complete<Result>(future, [this](ValueSlot<Result>& slot) { move_value(slot_, slot); });
    }

    OnceCall<F, Args...> call_;
    ValueSlot<Result> slot_;
};

// `executor`, or the loop's default executor, which is made here. Errors: RuntimeError when the loop is closed, or
// its executor shut down.
Executor& executor_for(EventLoop& loop, Executor* executor);
// executor.execute(), and the job is withdrawn if that throws.
void execute(Executor& executor, LoopJob& job);

// What wrap_future() makes of a ConcurrentFuture.
template <class T>
class WrappedDelivery final : public Delivery, public ConcurrentCallback {
public:
    WrappedDelivery(LoopState& loop, ConcurrentRef<ConcurrentState<T>> source) noexcept
        : Delivery(loop), source_(std::move(source)) {}
    void done(ConcurrentBase&) noexcept override { deliver(); }
    const std::vector<std::source_location>* traceback() const noexcept override { return &source_->traceback(); }

private:
    using Status = ConcurrentBase::Status;

    void hand_over(FutureBase& future) noexcept override {
        switch (source_->status()) {
            case Status::cancelled: return future.finish_cancelled(nullptr);
            case Status::failed: return future.finish_with(source_->exception());
            default: complete<T>(future, [this](ValueSlot<T>& slot) { copy_value<T>(*source_, slot); });
        }
    }
    void cancel_source() noexcept override { source_->cancel(); }
    std::exception_ptr lost_error() const noexcept override { return nullptr; }  // the source still has it

    ConcurrentRef<ConcurrentState<T>> source_;
};

// A coroutine on its way from another thread into a loop, and its outcome on the way back; the half that does not
// depend on the result. Three callbacks: the start is posted, the end stands in the task's callbacks, a
// cancellation is posted. Each holds a reference to the future.
class RemoteTask {
public:
    // Posts the start. Errors: RuntimeError when the loop is closed.
    void launch();
    // Any thread: cancels the task, and not the future, which is done when the task is.
    void request_cancel() noexcept { post_cancel(); }

protected:
    RemoteTask(LoopState& loop, ConcurrentBase& future) noexcept;
    ~RemoteTask();

    // Any thread: the future was cancelled.
    void post_cancel() noexcept;

    // The loop's thread. Makes the task.
    virtual TaskBase& start() = 0;
    // The loop's thread: the task is done, with a value.
    virtual void transfer(TaskBase& task) noexcept = 0;

private:
    class Step final : public Callback {
    public:
        using Action = void (RemoteTask::*)() noexcept;
        Step(RemoteTask& owner, Action when_run, Action when_discarded) noexcept
            : owner_(owner), run_(when_run), discard_(when_discarded) {}
        void run() override { (owner_.*run_)(); }
        void discard() noexcept override { (owner_.*discard_)(); }
        bool scheduled_by(FutureBase& task) noexcept override {
            owner_.ended_task_ = FutureRef<FutureBase>::share(&task);
            return true;
        }
        const char* name() const noexcept override { return "run_coroutine_threadsafe()"; }

    private:
        RemoteTask& owner_;
        Action run_, discard_;
    };

    void on_start() noexcept;
    void on_end() noexcept;
    void on_cancel() noexcept;
    void on_lost() noexcept;  // the loop closed, or destroyed the task
    void let_go() noexcept;

    LoopState& loop_;
    ConcurrentBase& future_;
    std::atomic<bool> cancel_posted_{false};
    ContextSlot context_ = read_context();
    TaskBase* task_ = nullptr;          // while it is not done: the loop keeps it
    FutureRef<FutureBase> ended_task_;  // from its end to on_end()
    Step start_{*this, &RemoteTask::on_start, &RemoteTask::on_lost};
    Step end_{*this, &RemoteTask::on_end, &RemoteTask::on_lost};
    Step cancel_{*this, &RemoteTask::on_cancel, &RemoteTask::let_go};
};

template <class T>
class RemoteResult : public ConcurrentState<T>, public RemoteTask {
public:
    using value_type = T;

protected:
    explicit RemoteResult(LoopState& loop) noexcept : RemoteTask(loop, *this) {}

private:
    void transfer(TaskBase& task) noexcept final {
        auto& promise = static_cast<CoroPromise<T>&>(task);
        this->outcome_of([&] {
            if constexpr (std::is_reference_v<T>) {
                this->value = &promise.get();
            } else if constexpr (std::copy_constructible<T>) {
                this->value.emplace(std::as_const(promise).get());
            } else if constexpr (!std::is_void_v<T>) {
                this->value.emplace(promise.take());
            }
        });
    }
    void cancelled_from_outside() noexcept final { post_cancel(); }
};

template <class T>
class RemoteTaskOf final : public RemoteResult<T> {
public:
    RemoteTaskOf(LoopState& loop, Coro<T> coro) noexcept : RemoteResult<T>(loop), coro_(std::move(coro)) {}

private:
    TaskBase& start() override {
        std::optional<Coro<T>> coro = std::exchange(coro_, std::nullopt);
        return *create_task(std::move(*coro)).state();
    }

    std::optional<Coro<T>> coro_;
};

// g++ 12 takes the frame of a coroutine that is instantiated in a virtual function, with a lambda of a .cpp file, for a
// type that other files might define differently.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif
template <class F, class... Args>
auto call_as_task(F function, Args... args) -> std::invoke_result_t<F, Args...> {
    co_return co_await std::apply(std::move(function), std::tuple<Args&&...>(std::move(args)...));
}
template <class F, class... Args>
auto call_plainly(F function, Args... args) -> Coro<std::invoke_result_t<F, Args...>> {
    co_return std::apply(std::move(function), std::tuple<Args&&...>(std::move(args)...));
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

// What a function gives when it is called in another loop: its coroutine's result, or its own.
template <class F, class... Args>
struct RemoteCallResult {
    using type = std::invoke_result_t<F, Args...>;
};
template <class F, class... Args>
    requires CoroutineFunction<F, Args...>
struct RemoteCallResult<F, Args...> {
    using type = typename std::invoke_result_t<F, Args...>::value_type;
};

// A call that is made in another loop, as a task. The function is called there: a coroutine's frame is made and freed
// on the same thread.
template <class F, class... Args>
class RemoteCallOf final : public RemoteResult<typename RemoteCallResult<F, Args...>::type> {
    using Base = RemoteResult<typename RemoteCallResult<F, Args...>::type>;

public:
    template <class G, class... Given>
    explicit RemoteCallOf(LoopState& loop, G&& function, Given&&... args)
        : Base(loop), call_(std::in_place, std::forward<G>(function), std::forward<Given>(args)...) {}

private:
    TaskBase& start() override {
        const auto begin = [](F& function, Args&... args) {
            if constexpr (CoroutineFunction<F, Args...>) {
                return create_task(call_as_task<F, Args...>(std::move(function), std::move(args)...));
            } else {
                return create_task(call_plainly<F, Args...>(std::move(function), std::move(args)...));
            }
        };
        auto task = std::apply(begin, *call_);
        call_.reset();
        return *task.state();
    }

    std::optional<std::tuple<F, Args...>> call_;
};

}  // namespace aio::detail
