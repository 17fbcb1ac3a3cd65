// ConcurrentFuture<T>: a result for another thread, from Executor::submit() or run_coroutine_threadsafe();
// concurrent.futures.Future in Python.
//
//     int sum = pool.submit(add, 1, 2).result(1s);
//
// A handle: copies name the same result. Inside a coroutine, do not block on it: `co_await future`, which is
// `co_await wrap_future(future)` (both in <aio/sync/threads.hpp>).
//
// Thread rule: any thread. Source: concurrent.futures.Future, CPython 3.12 _base.py.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/core/time.hpp>

#include <atomic>
#include <exception>
#include <optional>
#include <source_location>
#include <utility>
#include <vector>

namespace aio {

namespace detail {

template <class T>
class FutureState;
template <class State, class T>
class OwningAwaiter;

class ConcurrentBase;

// Called once, when a future is done, on the thread that ended it; at once when it is done already.
class ConcurrentCallback {
public:
    virtual ~ConcurrentCallback() = default;
    virtual void done(ConcurrentBase& future) noexcept = 0;  // and destroys itself

    ConcurrentCallback* next = nullptr;
};

// The state of a ConcurrentFuture, without the value. Waiting is in concurrent_future.cpp: no mutex here.
class ConcurrentBase {
public:
    // storing: the outcome is being written; it cannot be cancelled any more.
    enum class Status : std::uint8_t { pending, running, storing, cancelled, finished, failed };

    ConcurrentBase() noexcept = default;
    virtual ~ConcurrentBase();  // never called with callbacks left
    ConcurrentBase(const ConcurrentBase&) = delete;
    ConcurrentBase& operator=(const ConcurrentBase&) = delete;

    Status status() const noexcept { return status_.load(std::memory_order_acquire); }
    bool done() const noexcept { return status() >= Status::cancelled; }

    // pending -> cancelled; false when it runs or is done. True when it is cancelled already.
    bool cancel() noexcept;
    // pending -> running; false when it was cancelled. Errors: InvalidStateError otherwise.
    bool set_running();
    // The producer's: the outcome, once. `store` keeps the value, or throws the exception of the future. False
    // when the future is done already, with nothing stored.
    template <class Store>
    bool outcome_of(Store&& store) noexcept {
        if (!begin_outcome()) return false;
        Status status = Status::finished;
        try {
            store();
        } catch (...) {
            error_ = std::current_exception();
            status = Status::failed;
        }
        finish(status);
        return true;
    }

    // The same for an exception, of which the producer keeps no reference.
    bool failed_with(std::exception_ptr&& error) noexcept;

    // Blocks until done. Errors: TimeoutError.
    void wait(std::optional<Duration> timeout);
    // Errors: CancelledError, or the exception; precondition: done.
    void check_value();
    // Null when there is a value. Errors: CancelledError; precondition: done.
    const std::exception_ptr& exception() const;
    void add_callback(ConcurrentCallback* callback) noexcept;

    // Where the exception passed in the loop it comes from. The producer sets it before the outcome.
    const std::vector<std::source_location>& traceback() const noexcept { return traceback_; }
    void set_traceback(std::vector<std::source_location> frames) noexcept { traceback_ = std::move(frames); }

    void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

protected:
    // After cancel() took effect, on the thread that cancelled.
    virtual void cancelled_from_outside() noexcept {}

private:
    bool begin_outcome() noexcept;  // pending or running -> storing
    void finish(Status status) noexcept;

    std::atomic<std::uint32_t> references_{1};
    std::atomic<Status> status_{Status::pending};
    ConcurrentCallback* callbacks_ = nullptr;  // newest first
    std::exception_ptr error_;                 // written before status_ says failed
    std::vector<std::source_location> traceback_;
};

template <class T>
class ConcurrentState : public ConcurrentBase, public ValueSlot<T> {};

// A counted reference; thread-safe as std::shared_ptr is.
template <class S>
class ConcurrentRef {
public:
    ConcurrentRef() noexcept = default;
    explicit ConcurrentRef(S* state) noexcept : state_(state) {}  // adopts one reference
    ConcurrentRef(const ConcurrentRef& other) noexcept : state_(other.state_) {
        if (state_) state_->retain();
    }
    ConcurrentRef(ConcurrentRef&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    ConcurrentRef& operator=(ConcurrentRef other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~ConcurrentRef() {
        if (state_) state_->release();
    }
    S* get() const noexcept { return state_; }
    S* operator->() const noexcept { return state_; }
    S& operator*() const noexcept { return *state_; }

private:
    S* state_ = nullptr;
};

// "<what> <describe_exception>", as an error.
void log_exception(const char* what, const std::exception_ptr& error) noexcept;
// Calls `call()`, and logs an exception of it.
void call_logged(void (*call)(void*), void* data) noexcept;

}  // namespace detail

// A result that another thread sets: concurrent.futures.Future. A handle: copies name the same
// result. Thread rule: any thread.
template <class T = void>
class ConcurrentFuture {
    using State = detail::ConcurrentState<T>;
    using Status = detail::ConcurrentBase::Status;

public:
    using value_type = T;
    using native_awaitable = void;

    // A pending future, for the producer below.
    ConcurrentFuture() : state_(new State) {}
    explicit ConcurrentFuture(detail::ConcurrentRef<State> state) noexcept : state_(std::move(state)) {}

    // Cancels a call that has not begun. Result: false when it runs or is done; the future of a coroutine can be
    // cancelled while that runs, too.
    bool cancel() const noexcept { return state_->cancel(); }
    // Whether cancel() took effect.
    bool cancelled() const noexcept { return state_->status() == Status::cancelled; }
    // Whether the call has begun and is not done.
    bool running() const noexcept {
        return state_->status() == Status::running || state_->status() == Status::storing;
    }
    // Whether there is a value or an exception, or it was cancelled.
    bool done() const noexcept { return state_->done(); }

    // Blocks this thread until there is a result, for `timeout` at most (nullopt: for ever). Result: a reference to the
    // value, which stays here; of a temporary future a copy, or the value itself if it cannot be copied.
    // Errors: TimeoutError, CancelledError, or the exception.
    decltype(auto) result(std::optional<Duration> timeout = std::nullopt) const& {
        state_->wait(timeout);
        state_->check_value();
        return static_cast<const detail::ValueSlot<T>&>(*state_).get();
    }
    T result(std::optional<Duration> timeout = std::nullopt) && {
        state_->wait(timeout);
        state_->check_value();
        if constexpr (std::is_void_v<T> || std::copy_constructible<T>) {
            return static_cast<const detail::ValueSlot<T>&>(*state_).get();
        } else {
            return state_->take();
        }
    }
    // The same for the exception, which is null when there is a value. Errors: TimeoutError, CancelledError.
    std::exception_ptr exception(std::optional<Duration> timeout = std::nullopt) const {
        state_->wait(timeout);
        return state_->exception();
    }

    // In a coroutine of any loop. Result: a copy of the value. Cancel: as cancel(), and the task resumes without
    // waiting. Errors: CancelledError, or the exception.
    detail::OwningAwaiter<detail::FutureState<T>, T> operator co_await() const;

    // Calls `function(future)`, or `function()`, when it is done: on the thread that completes it; if it is done
    // already, now and on this thread. An exception of `function` is logged. Errors: std::bad_alloc.
    template <class F>
    void add_done_callback(F function) const;

    // --- for producers -----------------------------------------------------------------------------------

    // Marks it as running, before the producer starts the work. Result: false when it was cancelled: do not start.
    // Errors: InvalidStateError when it runs or is done.
    bool set_running_or_notify_cancel() const { return state_->set_running(); }
    // Stores the value, wakes the threads that block, and makes the callbacks. Errors: InvalidStateError when done.
    template <class U = T>
        requires(!std::is_void_v<T> && std::constructible_from<T, U>)
    void set_result(U&& value) const {
        require(state_->outcome_of([&] {
            if constexpr (std::is_reference_v<T>) {
                state_->value = &value;
            } else {
                state_->value.emplace(std::forward<U>(value));
            }
        }));
    }
    void set_result() const
        requires std::is_void_v<T>
    {
        require(state_->outcome_of([] {}));
    }
    // The same with an exception, which is not null.
    void set_exception(const std::exception_ptr& error) const {
        require(state_->outcome_of([&] { std::rethrow_exception(error); }));
    }

    // For the library: the state behind the handle.
    State* state() const noexcept { return state_.get(); }

private:
    static void require(bool stored) {
        if (!stored) throw InvalidStateError("ConcurrentFuture: the future is done already");
    }

    detail::ConcurrentRef<State> state_;
};

// ---------------------------------------------------------------------------------------------------------

namespace detail {

template <class T, class F>
class ConcurrentCallbackOf final : public ConcurrentCallback {
public:
    explicit ConcurrentCallbackOf(F function) : function_(std::move(function)) {}

    void done(ConcurrentBase& future) noexcept override {
        state_ = static_cast<ConcurrentState<T>*>(&future);
        call_logged([](void* self) { static_cast<ConcurrentCallbackOf*>(self)->invoke(); }, this);
        delete this;
    }

private:
    void invoke() {
        if constexpr (std::invocable<F&, ConcurrentFuture<T>>) {
            state_->retain();
            function_(ConcurrentFuture<T>(ConcurrentRef<ConcurrentState<T>>(state_)));
        } else {
            function_();
        }
    }

    F function_;
    ConcurrentState<T>* state_ = nullptr;
};

}  // namespace detail

template <class T>
template <class F>
void ConcurrentFuture<T>::add_done_callback(F function) const {
    state_->add_callback(new detail::ConcurrentCallbackOf<T, F>(std::move(function)));
}

}  // namespace aio
