// The type-erased half of Future and Task: state, callbacks, exception, cancellation.
#pragma once

#include <aio/base/assert.hpp>
#include <aio/base/error.hpp>
#include <aio/core/current.hpp>
#include <aio/core/destruction.hpp>
#include <aio/core/loop_core.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <new>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace aio::detail {

// Bits of Ready::flags for futures and coroutines.
enum Flag : std::uint8_t {
    kMustCancel = 1,       // CancelledError is due at the task's next step (Task._must_cancel)
    kCancelDelivered = 2,  // what the task waited on was cancelled: its await throws CancelledError
    kUnretrieved = 4,      // failed, and nobody asked for the exception yet
    kTask = 8,             // this coroutine is a task's root: it is scheduled, not awaited in place
    kInline = 16,          // runs on top of its awaiter's stack (task_base.hpp)
    kThrew = 32,           // the coroutine ended with the exception in its slot
    kEnded = 64,           // the coroutine is at its final suspension point
    kExtras = 128,         // TaskBase::extras is there
};
// In Ready::cancel_requests, beside the count: the coroutine has returned a small result, which took the leaf's place.
inline constexpr std::uint8_t kReturned = 128;
// In the flags of a FutureObject: it is cancelled through others, its branches().
inline constexpr std::uint8_t kBranches = kTask;

class FutureBase : public Ready {
public:
    explicit FutureBase(LoopCore* loop) noexcept : Ready(Kind::future), loop_(loop), callbacks_(), exception_() {}
    ~FutureBase() {}  // what is in the slots belongs to FutureObject and TaskBase

    bool done() const noexcept { return state != State::pending; }
    bool cancelled() const noexcept { return state == State::cancelled; }
    LoopCore* loop() const noexcept { return loop_; }

    // Future.cancel / Task.cancel: false when already done. Never throws: a message that finds no memory is
    // dropped.
    bool cancel(std::string_view message = {}) noexcept;

    // Throws what the future holds: InvalidStateError while pending, CancelledError, or its exception.
    // Returns when it holds a value. Marks the exception as retrieved.
    void check_value() {
        if (state != State::finished) [[unlikely]]
            throw_not_finished();
    }
    // Errors: InvalidStateError while pending, CancelledError when cancelled. Null when it holds a value.
    std::exception_ptr exception();
    // The exception of one that failed, for those who only describe it: nobody has asked for it.
    const std::exception_ptr& stored_exception() const noexcept {
        AIO_ASSERT(exception_live());
        return exception_;
    }

    void mark_retrieved() noexcept { flags &= static_cast<std::uint8_t>(~kUnretrieved); }

    // Registers `callback` to be scheduled when done; schedules it now when done already.
    // Errors: std::bad_alloc, as CallbackList::push; the callback was discarded.
    void add_callback(Callback& callback) {
        if (state == State::pending) {
            push_callback(callback);
        } else if (loop_->closed) {
            callback.discard();
        } else {
            schedule_one(callback, loop_->ready, *this);
        }
    }
    // The same for those who have just seen that this is pending: the second for awaits, with kWakesTask.
    void add_to_pending(Callback& callback) {
        AIO_ASSERT(!done());
        callbacks_.push(&callback);
    }
    void add_waiter(Callback& waiter) {
        AIO_ASSERT(!done());
        callbacks_.push_waiter(&waiter);
    }
    // False when it is not registered (any more).
    bool remove_callback(Callback& callback) noexcept {
        return state == State::pending && callbacks_.remove(&callback);
    }
    const CallbackList& callbacks() const noexcept { return callbacks_; }

    // What it waits for: a task's await, a gather's children. Errors: std::bad_alloc.
    void list_awaited(std::vector<FutureBase*>& into);

    void retain() noexcept { ++references; }
    void release() noexcept {
        AIO_ASSERT(references > 0);
        if (--references == 0) destroy();
    }
    // For Destruction: it is a coroutine, or nobody holds a reference any more.
    void destroy_now() noexcept;

    // set_result's and set_exception's second half. The value, if any, is already in its slot.
    void finish() noexcept {
        AIO_ASSERT(!done());
        state = State::finished;
        schedule_callbacks();
    }
    void finish_with(std::exception_ptr error) noexcept;
    // As cancelled, at once: Future.cancel's and Task's. Null: a fresh CancelledError at each retrieval.
    void finish_cancelled(std::exception_ptr error) noexcept;

    // Errors: InvalidStateError unless pending.
    void require_pending(const char* operation) const;

protected:
    struct ForCoroutine {};
    explicit FutureBase(ForCoroutine) noexcept : Ready(Kind::task), continuation_(nullptr), created_at_(nullptr) {}

    [[noreturn]] void throw_not_finished();
    void destroy() noexcept {
        if (destruction.deep()) [[unlikely]]
            return destruction.destroy(*this);
        destroy_now();
    }
    void schedule_callbacks() noexcept {
        if (callbacks_.empty()) return;
        if (!callbacks_.wakes_one_task() || loop_->closed) return schedule_all_callbacks();
        wake_task_of(callbacks_.take_one(), loop_->ready);
    }
    void schedule_all_callbacks() noexcept;
    void push_callback(Callback& callback);

    bool exception_live() const noexcept {
        return kind != Kind::task || state == State::failed || state == State::cancelled || (flags & kThrew);
    }

    LoopCore* loop_;
    union {
        CallbackList callbacks_;
        TaskBase* continuation_;  // a coroutine awaited in place: who awaits it
    };
    union {
        std::exception_ptr exception_;  // when done (a task: only then)
        void* leaf_;                    // a pending task: the address of the coroutine frame that its step resumes
        const void* created_at_;        // a coroutine awaited in place, or not yet: where its call returns to
        std::byte small_result_[sizeof(void*)];  // one that has returned: its result, if it fits (ResultPromise)
    };
};

// A counted reference to a future or task. Not thread-safe: futures belong to their loop's thread.
template <class F>
class FutureRef {
public:
    FutureRef() noexcept = default;
    explicit FutureRef(F* future) noexcept : future_(future) {}  // adopts one reference
    static FutureRef share(F* future) noexcept {
        future->retain();
        return FutureRef(future);
    }
    FutureRef(const FutureRef& other) noexcept : future_(other.future_) {
        if (future_) future_->retain();
    }
    template <std::derived_from<F> Derived>
    FutureRef(const FutureRef<Derived>& other) noexcept : future_(other.get()) {
        if (future_) future_->retain();
    }
    FutureRef(FutureRef&& other) noexcept : future_(std::exchange(other.future_, nullptr)) {}
    FutureRef& operator=(FutureRef other) noexcept {
        std::swap(future_, other.future_);
        return *this;
    }
    ~FutureRef() {
        if (future_) future_->release();
    }

    // Gives the reference to the caller.
    F* leak() noexcept { return std::exchange(future_, nullptr); }
    F* get() const noexcept { return future_; }
    F* operator->() const noexcept { return future_; }
    F& operator*() const noexcept { return *future_; }
    explicit operator bool() const noexcept { return future_ != nullptr; }

private:
    F* future_ = nullptr;
};

// What a future with kBranches is cancelled through, one after the other: gather's children. It keeps the place where a
// request stands in it, so that requests pass trees of any depth without memory and without recursion (cancellation.cpp).
class Branches {
public:
    Branches(const Branches&) = delete;

    virtual void begin_cancelling() noexcept = 0;
    // The next one that is not done; null when there is none.
    virtual FutureBase* next_to_cancel() noexcept = 0;
    // `any`: one of them at least took the request. This may destroy the future.
    virtual void end_cancelling(bool any) noexcept = 0;
    // Those that are not done. Errors: std::bad_alloc.
    virtual void list_branches(std::vector<FutureBase*>& into) const = 0;

    FutureBase* branch_ = nullptr;   // where a request is at the moment
    std::uint32_t answered_in_ = 0;  // the last wave of requests that was here
    // While a request is here:
    Branches* outer_;     // those it came from
    FutureBase* line_;    // what it came along: the tasks from this one to...
    TaskBase* awaiting_;  // the one that waits for this future; null if there are none
    bool taken_;          // by one that it was at before

protected:
    Branches() noexcept {}
    ~Branches() = default;
};

// What a Future's state that is not a coroutine adds: a virtual destructor and cancel.
class FutureObject : public FutureBase {
public:
    explicit FutureObject(LoopCore* loop) noexcept : FutureBase(loop) { references = 1; }
    virtual ~FutureObject() { exception_.~exception_ptr(); }

    // False when it is done already.
    virtual bool cancel_this(std::string_view message) noexcept;
    // With kBranches, instead.
    virtual Branches* branches() noexcept { return nullptr; }
    // Awaited by gather's and wait's outer futures: what this one stands for, for call graphs.
    virtual std::string_view describe() const noexcept { return "Future"; }
    // The frames that the exception passed before it came here from another loop; null when there are none.
    virtual const std::vector<std::source_location>* remote_traceback() const noexcept { return nullptr; }
};

// The running loop's core. Errors: RuntimeError("no running event loop").
LoopCore& require_loop();

[[noreturn]] void throw_other_loop(const char* what, const FutureBase& future);
// For `what`, which is going to wait for `future` in `loop`. Errors: RuntimeError when it belongs to another loop.
inline void check_loop(const char* what, const FutureBase& future, const LoopCore* loop) {
    if (future.loop() != loop) [[unlikely]]
        throw_other_loop(what, future);
}

}  // namespace aio::detail
