// Coro<T>: the return type of an asynchronous function.
//
//     aio::Coro<int> twice(int x) { co_await aio::sleep(1s); co_return 2 * x; }
//
// A Coro is a call that has not started: it runs when it is awaited (`co_await twice(2)`, in place, as part of
// the task that awaits) or scheduled (`aio::create_task(twice(2))`, as a task of its own). It is awaited once. If it is
// dropped without either, debug mode reports it as never awaited. One that ends without the co_return that its type
// requires throws RuntimeError in builds without NDEBUG, where the compiler lets this be noticed.
//
// Pass arguments by value: a coroutine outlives the expression that calls it. A reference parameter must name
// something that lives until the coroutine ends. Do not call a capturing lambda that returns a Coro and keep
// the Coro longer than the lambda; give the lambda itself to create_task, gather, run..., which keep it alive.
//
// Thread rule: a coroutine runs on its loop's thread only.
//
// Not marked [[clang::coro_return_type, clang::coro_lifetimebound]]: clang 19 then refuses every plain function that
// returns a Coro, std::function<Coro<>()> and std::invoke among them.
#pragma once

#include <aio/core/promise_memory.hpp>
#include <aio/core/waiter.hpp>

#include <concepts>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace aio {

template <class T = void>
class Coro;

namespace detail {

// The value of a future, kept until it is taken.
template <class T>
struct ValueSlot {
    std::optional<T> value;

    const T& get() const noexcept { return *value; }
    T take() { return std::move(*value); }
};
template <class T>
struct ValueSlot<T&> {
    T* value = nullptr;

    T& get() const noexcept { return *value; }
    T& take() const noexcept { return *value; }
};
template <>
struct ValueSlot<void> {
    void get() const noexcept {}
    void take() const noexcept {}
};

// Errors: RuntimeError, always.
[[noreturn]] void throw_used_up(const char* operation);
[[noreturn]] void throw_empty_handle(const char* operation = "co_await");

// The half of Coro<T> that does not depend on T.
class CoroOwner {
public:
    CoroOwner(CoroOwner&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
    ~CoroOwner() {
        if (!coroutine_) return;
        if (coroutine_->flags & kEnded) [[likely]] {
            coroutine_->destroy_frame();
        } else {
            destroy_unfinished();
        }
    }

    // Starts the coroutine on top of its awaiter: see task_base.hpp. True when it ended there.
    bool start() {
        TaskBase& child = *coroutine_;
        Current& cur = current;
        if (cur.inline_depth >= kMaxInlineDepth) [[unlikely]] {
            cur.next = child.frame();
            return false;
        }
        child.flags |= kInline;
        ++cur.inline_depth;
        child.frame().resume();
        --cur.inline_depth;
        if (child.flags & kEnded) return true;
        child.flags &= static_cast<std::uint8_t>(~kInline);
        return false;
    }

    TaskBase* coroutine() const noexcept { return coroutine_; }
    // Neither moved from nor awaited before: each coroutine runs once.
    bool unused() const noexcept { return coroutine_ && !coroutine_->continuation_; }
    void awaited_by(TaskBase& awaiter) noexcept {
        coroutine_->continuation_ = &awaiter;
        coroutine_->owned_by = this;
    }
    TaskBase* release() noexcept { return std::exchange(coroutine_, nullptr); }

protected:
    friend class TaskBase;
    explicit CoroOwner(TaskBase* coroutine) noexcept : coroutine_(coroutine) {}
    CoroOwner& operator=(CoroOwner&& other) noexcept {
        std::swap(coroutine_, other.coroutine_);
        return *this;
    }
    void destroy_unfinished() noexcept;  // reports a coroutine that never started

    TaskBase* coroutine_;
};

struct FinalSuspend {
    bool await_ready() const noexcept { return false; }
    template <class Memory>
    void await_suspend(std::coroutine_handle<Memory> frame) const noexcept {
        auto& self = frame.promise().promise();
#ifndef NDEBUG
        if constexpr (requires { self.has_result(); }) {
            if (!(self.flags & kThrew) && !self.has_result()) self.ended_without_result();
        }
#endif
        self.flags |= kEnded;
        if (!(self.flags & (kTask | kInline))) current.next = self.awaiter()->frame();
    }
    void await_resume() const noexcept {}
};

// Awaitables of this library say so. Their operator co_await gives an awaiter that suspends the current task
// through a Waiter or Yield. The operand should be small, and the awaiter returned by value: g++ 12 copies what
// await_transform returns by reference, so that it would stand in the frame twice.
template <class A>
concept NativeAwaitable = requires { typename std::remove_cvref_t<A>::native_awaitable; };

template <class A>
concept SmallAwaitable = NativeAwaitable<A> && std::is_trivially_copyable_v<A> && sizeof(A) <= 2 * sizeof(void*);

template <class A>
inline constexpr bool is_coro = false;
template <class T>
inline constexpr bool is_coro<Coro<T>> = true;

// Awaits a Coro where it stands. Small: g++ 12 keeps the operand and the awaiter in the frame, each.
template <class T>
class CoroAwaiter {
public:
    explicit CoroAwaiter(Coro<T>& coro) noexcept : coro_(coro) {}

    bool await_ready() { return coro_.start(); }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    T await_resume() { return coro_.take_result(); }

private:
    Coro<T>& coro_;
};

template <class A>
class ForeignAwaiter;  // foreign.hpp

template <class A>
inline constexpr bool always_false = false;
template <class A>
inline constexpr bool is_generator = false;  // async_generator.hpp

// The functions that the compiler calls on the promise of every coroutine here. Each await goes through
// await_transform, which notes where it stands.
template <class Promise>
class CoroutineMemory : public PromiseMemory<Promise> {
public:
    using PromiseMemory<Promise>::promise;

    // Inlined into the coroutine, or the address that its call returns to would be another.
    [[gnu::always_inline]] auto get_return_object(const void* where = __builtin_source_location()) noexcept {
        promise().set_created(where, __builtin_return_address(0));
        return promise().coroutine();
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    FinalSuspend final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { promise().store_current_exception(); }

    // Small operands come by value, or g++ would keep them in the frame beside their awaiter.
    template <class A>
        requires(SmallAwaitable<A>)
    auto await_transform(A awaitable, const void* where = __builtin_source_location()) {
        promise().set_where(where);
        return std::move(awaitable).operator co_await();
    }

    template <class A>
        requires(!SmallAwaitable<std::remove_cvref_t<A>>)
    auto await_transform(A&& awaitable, const void* where = __builtin_source_location()) {
        using Plain = std::remove_cvref_t<A>;
        promise().set_where(where);
        static_assert(!is_generator<Plain>,
                      "a generator is not awaited itself, but each value: co_await generator.next()");
        if constexpr (is_coro<Plain>) {
            static_assert(std::is_rvalue_reference_v<A&&>,
                          "a coroutine object is awaited once: write co_await std::move(coro), or make it a task");
            if (!awaitable.unused()) [[unlikely]]
                throw_used_up("co_await");
            awaitable.awaited_by(promise());
            return CoroAwaiter(awaitable);
        } else if constexpr (NativeAwaitable<A>) {
            return std::forward<A>(awaitable).operator co_await();
        } else {
            return ForeignAwaiter<A>(std::forward<A>(awaitable));
        }
    }
};

template <class T>
concept FitsInPointer = std::same_as<T, std::remove_cv_t<T>> && std::is_trivially_copyable_v<T> &&
                        sizeof(T) <= sizeof(void*) && alignof(T) <= alignof(void*);

// The half of a promise that keeps the result until it is taken.
template <class T>
class ResultPromise : public ManagedPromise {
    static_assert(alignof(T) <= 16, "a coroutine's result may not be aligned to more than 16 bytes");

public:
    ResultPromise() noexcept : ManagedPromise(ManagedPromise::destroy_as<ResultPromise>) {}
    template <class U = T>
        requires std::constructible_from<T, U>
    void return_value(U&& value) {
        value_.emplace(std::forward<U>(value));
    }
    bool has_result() const noexcept { return value_.has_value(); }
    const T& get() const noexcept { return *value_; }
    T take() { return std::move(*value_); }

private:
    std::optional<T> value_;
};

// In the place of the leaf, which a coroutine that has returned needs no more. (It does again when a destructor of its
// locals throws and it catches that. The leaf is noted anew whenever it suspends.)
template <FitsInPointer T>
class ResultPromise<T> : public TaskBase {
public:
    template <class U = T>
        requires std::constructible_from<T, U>
    void return_value(U&& value) {
        T converted(std::forward<U>(value));
        cancel_requests |= kReturned;  // destructors of its locals are still to come: they may look for the leaf
        ::new (static_cast<void*>(small_result_)) T(std::move(converted));
    }
    bool has_result() const noexcept { return cancel_requests & kReturned; }
    const T& get() const noexcept { return *std::launder(reinterpret_cast<const T*>(small_result_)); }
    T take() noexcept { return std::move(*std::launder(reinterpret_cast<T*>(small_result_))); }
};

template <class T>
class ResultPromise<T&> : public ResultPromise<T*> {
public:
    void return_value(T& value) noexcept { ResultPromise<T*>::return_value(&value); }
    T& get() const noexcept { return *ResultPromise<T*>::get(); }
    T& take() const noexcept { return get(); }
};

template <class T>
class CoroPromise final : public ResultPromise<T> {
public:
    Coro<T> coroutine() noexcept { return Coro<T>(this); }
};

template <>
class CoroPromise<void> final : public TaskBase {
public:
    Coro<void> coroutine() noexcept;
    void get() const noexcept {}
    void take() const noexcept {}
};

template <class T>
class CoroMemory final : public CoroutineMemory<CoroPromise<T>> {
public:
    template <class U = T>
        requires std::constructible_from<T, U>
    void return_value(U&& value) {
        this->promise().return_value(std::forward<U>(value));
    }
};
template <class T>
class CoroMemory<T&> final : public CoroutineMemory<CoroPromise<T&>> {
public:
    void return_value(T& value) noexcept { this->promise().return_value(value); }
};
template <>
class CoroMemory<void> final : public CoroutineMemory<CoroPromise<void>> {
public:
    void return_void() const noexcept {}
};

}  // namespace detail

// A coroutine that has not started: Python's coroutine object. It owns the frame, with copies of the arguments;
// destroying it destroys them. `co_await` resumes in the same step in which the coroutine ends, and its exception is
// thrown there. Cancelling the awaiting task throws CancelledError at the innermost await.
template <class T>
class [[nodiscard("a coroutine runs only when it is awaited or made a task")]] Coro : public detail::CoroOwner {
public:
    using promise_type = detail::CoroMemory<T>;
    using value_type = T;

    Coro(Coro&& other) noexcept = default;
    Coro& operator=(Coro&& other) noexcept = default;

    // For the library: moves the result out of a coroutine that has ended. Errors: its exception.
    T take_result() {
        auto& promise = static_cast<detail::CoroPromise<T>&>(*coroutine_);
        if (promise.flags & detail::kThrew) [[unlikely]]
            promise.rethrow();
        return promise.take();
    }

    // False once it was awaited, scheduled or moved from.
    explicit operator bool() const noexcept { return coroutine_ != nullptr; }

private:
    friend detail::CoroPromise<T>;
    explicit Coro(detail::CoroPromise<T>* promise) noexcept : CoroOwner(promise) {}
};

namespace detail {
inline Coro<void> CoroPromise<void>::coroutine() noexcept { return Coro<void>(this); }
}  // namespace detail

}  // namespace aio
