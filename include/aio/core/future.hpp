// Future<T>: a result that is set later.
//
//     aio::Future<int> future;                       // of the running loop
//     aio::create_task(worker(future));              // will call future.set_result(42)
//     int result = co_await future;
//
// A Future is a handle: copies name the same result. Its waiters and callbacks are scheduled with call_soon,
// in order of registration, when it becomes done; they never run inside set_result().
//
// Thread rule: a future belongs to its loop's thread; from another one, go through call_soon_threadsafe.
// Source: asyncio.Future, CPython 3.12 futures.py.
#pragma once

#include <aio/core/coro.hpp>

#include <chrono>
#include <compare>
#include <exception>
#include <memory>
#include <tuple>
#include <typeinfo>

namespace aio {

class EventLoop;

namespace detail {

template <class T>
class FutureState : public FutureObject, public ValueSlot<T> {
public:
    using FutureObject::FutureObject;
    static void* operator new(std::size_t bytes) {
        static_assert(alignof(FutureState) <= FramePool::kMaxAlignment,
                      "a future's value may not be aligned to more than 64 bytes");
        return frame_pool.allocate(bytes);
    }
    static void operator delete(void* state, std::size_t bytes) noexcept { frame_pool.deallocate(state, bytes); }
};

LoopCore& core_of(EventLoop& loop) noexcept;
EventLoop& owner_of(LoopCore* core);

// A callback of add_done_callback.
class DoneCallback : public Callback {
public:
    static void* operator new(std::size_t bytes) { return frame_pool.allocate(bytes); }
    static void operator delete(void* callback, std::size_t bytes) noexcept {
        frame_pool.deallocate(callback, bytes);
    }

    DoneCallback() noexcept { flags = kWantsFuture; }
    virtual ~DoneCallback() = default;

    bool scheduled_by(FutureBase& future) noexcept final {
        future_ = FutureRef<FutureBase>::share(&future);
        return true;
    }
    void run() final;
    void discard() noexcept final { delete this; }
    const char* name() const noexcept override { return "done callback"; }

    // Whether this calls the function that `function`, of type `type`, points to.
    virtual bool calls(const std::type_info& type, const void* function) const noexcept = 0;

protected:
    virtual void invoke() = 0;

    FutureRef<FutureBase> future_;
    ContextSlot context_ = read_context();
};

template <class Handle, class F>
class DoneCallbackOf final : public DoneCallback {
public:
    explicit DoneCallbackOf(F function) : function_(std::move(function)) {}

    bool calls(const std::type_info& type, const void* function) const noexcept override {
        if constexpr (std::equality_comparable<F>) {
            return type == typeid(F) && *static_cast<const F*>(function) == function_;
        } else {
            return false;
        }
    }

private:
    void invoke() override {
        if constexpr (std::invocable<F&, Handle>) {
            function_(Handle::from_base(future_));
        } else {
            function_();
        }
    }

    F function_;
};

// Removes the callbacks for which `calls` holds; those already scheduled stay.
std::size_t remove_done_callbacks(FutureBase& future, const std::type_info& type, const void* function);

// The common part of Future<T> and Task<T>: a counted reference to a State, which finally holds a T. All calls of a handle
// that names nothing, default-constructed or moved from, throw RuntimeError, except for comparisons and operator bool.
template <class Derived, class State, class T>
class FutureHandle {
public:
    using value_type = T;
    using native_awaitable = void;

    // Whether it has a value or an exception, or was cancelled.
    bool done() const { return named("done()").done(); }
    // Whether it ended by cancellation; false while a cancelled task is still cleaning up.
    bool cancelled() const { return named("cancelled()").cancelled(); }

    // A reference to the value, which stays in the future. Errors: InvalidStateError while pending, CancelledError when
    // cancelled, or the exception that was set.
    decltype(auto) result() const {
        named("result()").check_value();
        return std::as_const(*state_).get();
    }

    // The exception, or null when there is a value. Errors: InvalidStateError, CancelledError.
    std::exception_ptr exception() const { return named("exception()").exception(); }

    // Requests cancellation: a future is cancelled at once; a task gets CancelledError at its await.
    // Result: false when it was done already. `message` is the text of CancelledError::what().
    bool cancel(std::string_view message = {}) const { return named("cancel()").cancel(message); }

    // Calls `function(handle)`, or `function()`, once this is done: as a loop callback in the pass after that, in a
    // copy of the current context. If it is done already: in the next pass.
    template <class F>
    void add_done_callback(F function) const {
        static_assert(alignof(DoneCallbackOf<Derived, F>) <= FramePool::kMaxAlignment,
                      "what a callback captures may not be aligned to more than 64 bytes");
        named("add_done_callback()").add_callback(*new DoneCallbackOf<Derived, F>(std::move(function)));
    }
    // Removes every registration of `function` (a function pointer, or anything with ==) that is not scheduled yet.
    // Result: their number.
    template <std::equality_comparable F>
    std::size_t remove_done_callback(F function) const {
        return remove_done_callbacks(named("remove_done_callback()"), typeid(F), &function);
    }

    // The loop it belongs to. Errors: RuntimeError when that loop has been destroyed.
    EventLoop& get_loop() const { return owner_of(named("get_loop()").loop()); }

    // Handles are equal when they name the same future. Their order and their std::hash are by identity too: for keys
    // of sets and maps.
    friend bool operator==(const FutureHandle& a, const FutureHandle& b) noexcept {
        return a.state_.get() == b.state_.get();
    }
    friend std::strong_ordering operator<=>(const FutureHandle& a, const FutureHandle& b) noexcept {
        return std::compare_three_way()(a.state(), b.state());
    }

    // False for a default-constructed Task and for a handle that was moved from.
    explicit operator bool() const noexcept { return static_cast<bool>(state_); }

    // For the library: the state behind the handle; null where it names nothing.
    State* state() const noexcept { return state_.get(); }
    // For the library: what gather(), wait() and the like watch. Errors: RuntimeError for a handle that names nothing.
    FutureBase* base() const { return &named("waiting for a future"); }
    // For the library: the same, with the reference, which leaves the handle empty.
    FutureBase* leak() {
        base();
        return state_.leak();
    }
    // For the library: a handle of `base`, which must be of the right type.
    static Derived from_base(const FutureRef<FutureBase>& base) {
        return Derived(FutureRef<State>::share(static_cast<State*>(base.get())));
    }

protected:
    FutureHandle() noexcept = default;
    explicit FutureHandle(FutureRef<State> state) noexcept : state_(std::move(state)) {}

    State& named(const char* operation) const {
        if (!state_) [[unlikely]]
            throw_empty_handle(operation);
        return *state_;
    }

    FutureRef<State> state_;
};

// `co_await future`: a const reference to the value, which stays in the future.
template <class State, class T>
class SharedAwaiter final : public FutureWaiter {
public:
    explicit SharedAwaiter(State* future) : FutureWaiter(future) {
        if (!future) [[unlikely]]
            throw_empty_handle();
        future->retain();
    }
    ~SharedAwaiter() {
        deregister();
        static_cast<State*>(future_)->release();
    }
    decltype(auto) await_resume() {
        check_resumed();
        return static_cast<const State&>(*future_).get();
    }
};

// `co_await std::move(future)`, `co_await make_future()`: the value itself, moved out when no other handle holds it.
template <class State, class T>
class OwningAwaiter final : public FutureWaiter {
public:
    explicit OwningAwaiter(FutureRef<State> future) : FutureWaiter(future.leak()) {
        if (!future_) [[unlikely]]
            throw_empty_handle();
    }
    ~OwningAwaiter() {
        if (!future_) [[likely]]
            return;
        deregister();
        static_cast<State*>(future_)->release();
    }
    T await_resume() {
        check_resumed();
        struct Release {
            OwningAwaiter& self;
            ~Release() {
                static_cast<State*>(self.future_)->release();
                self.future_ = nullptr;
            }
        } release{*this};
        return take_value<T>(static_cast<State&>(*future_), 1);
    }
};

// Whether a T can be copied. A container answers for its elements: std::vector<std::unique_ptr<X>> claims to be
// copyable, and then does not compile.
template <class T>
inline constexpr bool can_copy = std::copy_constructible<T>;
template <class C>
    requires requires {
        typename C::value_type;
        typename C::allocator_type;
        requires !std::same_as<typename C::value_type, C>;  // nlohmann::json is a container of itself
    }
inline constexpr bool can_copy<C> = can_copy<typename C::value_type>;
template <class... Ts>
inline constexpr bool can_copy<std::tuple<Ts...>> = (can_copy<Ts> && ...);
template <class A, class B>
inline constexpr bool can_copy<std::pair<A, B>> = can_copy<A> && can_copy<B>;

// Moves the value out if only `own` references are left, or if it cannot be copied.
template <class T, class State>
T take_value(State& state, std::uint32_t own) {
    if constexpr (can_copy<T>) {
        if (state.references > own) return std::as_const(state).get();
    }
    if constexpr (!std::is_void_v<T>) return state.take();
}

}  // namespace detail

// A result that is set later: asyncio.Future. `co_await future` waits until it is done and resumes in the pass after
// that; of a future that is done it does not suspend. Result: a const reference to the value, or with std::move the
// value. Cancelling the waiting task cancels the future, as in asyncio; shield() prevents that.
template <class T = void>
class Future : public detail::FutureHandle<Future<T>, detail::FutureState<T>, T> {
    using State = detail::FutureState<T>;
    using Base = detail::FutureHandle<Future<T>, State, T>;

public:
    // A pending future of the running loop. Errors: RuntimeError when none runs.
    Future() : Base(detail::FutureRef<State>(new State(&detail::require_loop()))) {}
    explicit Future(EventLoop& loop) : Base(detail::FutureRef<State>(new State(&detail::core_of(loop)))) {}
    explicit Future(detail::FutureRef<State> state) noexcept : Base(std::move(state)) {}

    // Sets the value and schedules waiters and callbacks for the next pass. Errors:
    // InvalidStateError when done already.
    template <class U = T>
        requires(!std::is_void_v<T> && std::constructible_from<T, U>)
    void set_result(U&& value) const {
        this->named("set_result()").require_pending("set_result");
        if constexpr (std::is_reference_v<T>) {
            this->state_->value = &value;
        } else {
            this->state_->value.emplace(std::forward<U>(value));
        }
        this->state_->finish();
    }
    void set_result() const
        requires std::is_void_v<T>
    {
        this->named("set_result()").require_pending("set_result");
        this->state_->finish();
    }

    // The same with an exception. If it is never retrieved, the exception handler is called
    // when the last handle is dropped.
    // Errors: InvalidStateError when done already; ValueError for a null pointer.
    void set_exception(std::exception_ptr error) const {
        this->named("set_exception()").require_pending("set_exception");
        if (!error) throw ValueError("Future.set_exception: the exception_ptr is null");
        this->state_->finish_with(std::move(error));
    }
    template <class E>
        requires(!std::same_as<std::remove_cvref_t<E>, std::exception_ptr>)
    void set_exception(E&& error) const {
        set_exception(std::make_exception_ptr(std::forward<E>(error)));
    }

    detail::SharedAwaiter<State, T> operator co_await() const& {
        return detail::SharedAwaiter<State, T>(this->state_.get());
    }
    detail::OwningAwaiter<State, T> operator co_await() && {
        return detail::OwningAwaiter<State, T>(std::move(this->state_));
    }
};

}  // namespace aio

template <class T>
struct std::hash<aio::Future<T>> {
    std::size_t operator()(const aio::Future<T>& future) const noexcept {
        return std::hash<const aio::detail::FutureBase*>()(future.state());
    }
};
