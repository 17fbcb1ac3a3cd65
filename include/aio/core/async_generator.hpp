// AsyncGenerator<T>: a coroutine that yields values, and may await between them.
//
//     aio::AsyncGenerator<int> ticks(int n) {
//         for (int i = 0; i < n; ++i) { co_await aio::sleep(1s); co_yield i; }
//     }
//     auto ticking = ticks(3);
//     while (auto tick = co_await ticking.next()) use(*tick);           // async for tick in ticks(3)
//
// It runs inside the task that awaits next(), from one co_yield to the next. Destroying it destroys its frame at once,
// so that the destructors of its locals run. aclose() also lets it await while it cleans up: the co_yield at which it
// waits throws GeneratorExit, which the generator may catch but not answer with another co_yield.
// Source: PEP 525; loop.shutdown_asyncgens, CPython 3.12 base_events.py.
#pragma once

#include <aio/core/coro.hpp>

#include <optional>

namespace aio {

template <class T>
class AsyncGenerator;

namespace detail {

template <class T>
inline constexpr bool is_generator<AsyncGenerator<T>> = true;

class GeneratorPromise : public ManagedPromise {
public:
    bool started() const noexcept { return started_; }
    bool ended() const noexcept { return flags & kEnded; }
    // It yields nothing more: it has ended, or was closed before it started.
    bool exhausted() const noexcept { return ended() || (closing_ && !started_); }
    // Makes it run inside the task that suspends in `consumer`. Errors: RuntimeError when it runs already, or
    // when the loop has shut its generators down.
    void resume_for(std::coroutine_handle<> consumer);
    // Called when the consumer has resumed: throws the generator's error, once.
    void consumer_resumed();

    void ask_to_close() noexcept { closing_ = true; }
    bool closing() const noexcept { return closing_; }
    bool running() const noexcept { return running_; }
    static GeneratorPromise& from_link(TaskLink& link) noexcept {
        return static_cast<GeneratorPromise&>(static_cast<TaskBase&>(link));
    }
    ~GeneratorPromise() {
        if (started_ && !(flags & kEnded)) unlink();
    }

protected:
    using ManagedPromise::ManagedPromise;

    struct YieldAwaiter {
        GeneratorPromise& promise;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<>) const noexcept {
            promise.running_ = false;
            current.next = promise.awaiter()->frame();
        }
        void await_resume() const {
            if (promise.closing_) throw GeneratorExit();
        }
    };

private:
    bool started_ = false;
    bool running_ = false;  // between next() and the co_yield or the end
    bool closing_ = false;
};

template <class T>
class GeneratorPromiseOf final : public GeneratorPromise {
public:
    GeneratorPromiseOf() noexcept : GeneratorPromise(GeneratorPromise::destroy_as<GeneratorPromiseOf>) {}
    AsyncGenerator<T> coroutine() noexcept { return AsyncGenerator<T>(this); }

    template <class U = T>
        requires std::constructible_from<T, U>
    YieldAwaiter yield_value(U&& value) {
        yielded.emplace(std::forward<U>(value));
        return YieldAwaiter{*this};
    }

    std::optional<T> yielded;
};

template <class T>
class GeneratorMemory final : public CoroutineMemory<GeneratorPromiseOf<T>> {
public:
    template <class U = T>
        requires std::constructible_from<T, U>
    auto yield_value(U&& value) {
        return this->promise().yield_value(std::forward<U>(value));
    }
    void return_void() const noexcept {}
};

// The part of the awaiters of next() and aclose() that runs the generator for the coroutine that awaits.
class GeneratorAwaiterBase {
public:
    explicit GeneratorAwaiterBase(GeneratorPromise* promise) noexcept : promise_(promise) {}
    bool await_ready() const noexcept { return !promise_ || promise_->exhausted(); }
    void await_suspend(std::coroutine_handle<> frame) { promise_->resume_for(frame); }

protected:
    GeneratorPromise* promise_;
};

// Runs `promise` until it ends with GeneratorExit (swallowed) or an error.
struct CloseGenerator {
    using native_awaitable = void;
    GeneratorPromise* promise;

    class Awaiter : public GeneratorAwaiterBase {
    public:
        using GeneratorAwaiterBase::GeneratorAwaiterBase;
        bool await_ready() const noexcept {
            if (!promise_ || promise_->ended() || promise_->running()) return !promise_ || promise_->ended();
            if (promise_->started()) return false;
            promise_->ask_to_close();
            return true;
        }
        void await_suspend(std::coroutine_handle<> frame) {
            promise_->resume_for(frame);
            promise_->ask_to_close();
        }
        void await_resume();
    };
    Awaiter operator co_await() const noexcept { return Awaiter(promise); }
};

}  // namespace detail

// An asynchronous generator, which owns its coroutine frame: Python's async generator. A
// default-constructed one has no values.
template <class T>
class [[nodiscard]] AsyncGenerator {
public:
    using promise_type = detail::GeneratorMemory<T>;
    using value_type = T;

    AsyncGenerator() noexcept = default;
    AsyncGenerator(AsyncGenerator&& other) noexcept : promise_(std::exchange(other.promise_, nullptr)) {}
    AsyncGenerator& operator=(AsyncGenerator&& other) noexcept {
        std::swap(promise_, other.promise_);
        return *this;
    }
    ~AsyncGenerator() {
        if (promise_) promise_->destroy_frame();
    }

    // The awaitable that next() returns. Result: std::optional<T>.
    class Next {
    public:
        using native_awaitable = void;
        // Runs the generator to its next co_yield, or to its end.
        class Awaiter final : public detail::GeneratorAwaiterBase {
        public:
            using GeneratorAwaiterBase::GeneratorAwaiterBase;
            std::optional<T> await_resume() {
                if (!promise_) return std::nullopt;
                promise_->consumer_resumed();
                if (promise_->ended()) return std::nullopt;
                return std::exchange(static_cast<detail::GeneratorPromiseOf<T>*>(promise_)->yielded, std::nullopt);
            }
        };
        explicit Next(detail::GeneratorPromiseOf<T>* promise) noexcept : promise_(promise) {}
        Awaiter operator co_await() const noexcept { return Awaiter(promise_); }

    private:
        detail::GeneratorPromiseOf<T>* promise_;
    };

    // The next value; nullopt once the generator has returned or thrown. Python's anext().
    // Cancel: the await inside the generator throws CancelledError, which ends the generator unless it catches that.
    // Errors: the generator's exception, once; RuntimeError when another task is inside it, or when it would start
    // after EventLoop::shutdown_asyncgens().
    [[nodiscard]] Next next() noexcept { return Next(promise_); }

    // Throws GeneratorExit at the co_yield where it waits, and awaits its end. One that has not started never will; one
    // that has ended stays as it is. Errors: its exception, other than GeneratorExit;
    // RuntimeError when it yields again.
    [[nodiscard]] detail::CloseGenerator aclose() noexcept { return {promise_}; }

    // Not for range-for: says so.
    template <class U = T>
    T* begin() const {
        static_assert(detail::always_false<U>,
                      "range-for cannot await: while (auto value = co_await generator.next())");
        return nullptr;
    }
    T* end() const { return nullptr; }

private:
    friend detail::GeneratorPromiseOf<T>;
    explicit AsyncGenerator(detail::GeneratorPromiseOf<T>* promise) noexcept : promise_(promise) {}

    detail::GeneratorPromiseOf<T>* promise_ = nullptr;
};

}  // namespace aio
