// Clean-up at the end of a block that may await: with_finally() for one function, with_aclosing() for one object,
// with_exit_stack() for any number of them.
//
//     co_await aio::with_finally(work, say_goodbye);     // try: ... finally: await say_goodbye()
//
//     co_await aio::with_exit_stack([&](aio::AsyncExitStack& stack) -> aio::Coro<> {
//         for (const std::string& host : hosts) {
//             auto [reader, writer] = co_await aio::open_connection(host, 80);
//             stack.push_async_callback([writer]() mutable { writer.close(); return writer.wait_closed(); });
//         }
//         ...
//     });                                                // all are closed here, the last one first
//
// Destructors and catch blocks cannot await: hence a function with a body. The registered calls are made when the body
// has returned, thrown or been cancelled. An exception of one call replaces that of the body: the next calls see it,
// and it leaves the block. Source: contextlib.AsyncExitStack and aclosing, CPython 3.12 contextlib.py.
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/core/awaitable.hpp>

#include <concepts>
#include <exception>
#include <list>
#include <memory>
#include <type_traits>
#include <utility>

namespace aio {

namespace detail {

// A coroutine for the end of a block, made at its beginning so that it cannot fail for want of memory. Never awaited,
// it is dropped without a report.
template <class T = void>
struct ExitCoro {
    explicit ExitCoro(Coro<T> made) noexcept : coro(std::move(made)) {}
    ExitCoro(ExitCoro&& other) noexcept = default;
    ExitCoro& operator=(ExitCoro&& other) noexcept = default;
    ~ExitCoro() {
        if (TaskBase* coroutine = coro.release()) coroutine->frame().destroy();
    }
    Coro<T> coro;
};

// One registered call: `make(error)` gives its coroutine, which finds there what the block ends with so far.
struct ExitCall {
    template <class Make>
    explicit ExitCall(const Make& make) : coro(make(error)) {}
    std::exception_ptr error;
    ExitCoro<bool> coro;
};

template <class F, class... Args>
Coro<bool> exit_callback(F function, Args... args);
template <class F>
Coro<bool> exit_function(const std::exception_ptr& error, F function);
template <class T>
Coro<bool> exit_context(const std::exception_ptr& error, std::unique_ptr<T> context);
template <class T>
Coro<bool> exit_object(std::unique_ptr<T> object);
template <class Object>
Coro<> end_of(Object& object, std::exception_ptr& error);

template <class T>
concept AsyncContext = requires(T& context, std::exception_ptr error) {
    context.enter();
    context.exit(error);
};

}  // namespace detail

// The clean-up calls of a block: contextlib.AsyncExitStack. Used by with_exit_stack(), or on its own with aclose().
class AsyncExitStack {
public:
    AsyncExitStack() noexcept = default;
    AsyncExitStack(AsyncExitStack&& other) noexcept = default;
    AsyncExitStack& operator=(AsyncExitStack&& other) noexcept {
        calls_.swap(other.calls_);
        return *this;
    }
    // Calls that are still registered are destroyed, the last one first, and not made: debug mode reports them.
    ~AsyncExitStack();

    // Calls `function(args...)` at the end, with copies of the arguments, and awaits its
    // result. Errors: std::bad_alloc.
    template <class F, class... Args>
        requires Awaitable<std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>&...>>
    void push_async_callback(F&& function, Args&&... args) {
        calls_.emplace_back([&](const std::exception_ptr&) {
            return detail::exit_callback<std::decay_t<F>, std::decay_t<Args>...>(std::forward<F>(function),
                                                                                 std::forward<Args>(args)...);
        });
    }
    // The same with a function that awaits nothing.
    template <class F, class... Args>
        requires std::is_void_v<std::invoke_result_t<std::decay_t<F>&, std::decay_t<Args>&...>>
    void callback(F&& function, Args&&... args) {
        calls_.emplace_back([&](const std::exception_ptr&) {
            return detail::exit_callback<std::decay_t<F>, std::decay_t<Args>...>(std::forward<F>(function),
                                                                                 std::forward<Args>(args)...);
        });
    }
    // Calls `function(error)` at the end and awaits its result, if that can be awaited. `error` is the exception with
    // which the block ends so far, or null. The result true suppresses it; false, or void, keeps it.
    template <class F>
        requires std::invocable<std::decay_t<F>&, const std::exception_ptr&>
    void push_async_exit(F&& function) {
        calls_.emplace_back([&](const std::exception_ptr& error) {
            return detail::exit_function<std::decay_t<F>>(error, std::forward<F>(function));
        });
    }

    // Makes a T, and awaits (or calls) its enter(). At the end its exit(error) is called: it throws the exception with
    // which the block shall end, as TaskGroup's and Timeout's do. Result: the T, which the stack keeps until then.
    // Errors: those of the constructor and of enter(); exit() is not called then. Cancel: the same.
    template <detail::AsyncContext T, class... Args>
    Coro<T&> enter_async_context(Args... args) {
        auto context = std::make_unique<T>(std::move(args)...);
        T& entered = *context;
        std::list<detail::ExitCall> call;
        call.emplace_back(
            [&](const std::exception_ptr& error) { return detail::exit_context<T>(error, std::move(context)); });
        if constexpr (Awaitable<decltype(entered.enter())>) {
            co_await entered.enter();
        } else {
            entered.enter();
        }
        calls_.splice(calls_.end(), call);
        co_return entered;
    }
    // Keeps `object`, a guard for instance, whose destructor does its work at the end.
    template <class T>
    T& enter_context(T object) {
        auto kept = std::make_unique<T>(std::move(object));
        T& result = *kept;
        calls_.emplace_back([&](const std::exception_ptr&) { return detail::exit_object<T>(std::move(kept)); });
        return result;
    }

    // Moves the registered calls into a stack of its own, which the end of this block does not touch.
    [[nodiscard]] AsyncExitStack pop_all() noexcept { return std::move(*this); }
    // Whether no call is registered.
    bool empty() const noexcept { return calls_.empty(); }

    // Makes the calls now, the last one first, without an error. The stack can be used again.
    // Errors: the last exception of a call, after all have been made. Cancel: the call that waits is cancelled, the
    // others are made all the same.
    [[nodiscard]] Coro<> aclose() { return exit(nullptr); }
    // The same with `error`, the exception of the block or null: it is rethrown in the end, unless a
    // call suppresses or replaces it.
    [[nodiscard]] Coro<> exit(std::exception_ptr error);

private:
    template <class Object>
    friend Coro<> detail::end_of(Object& object, std::exception_ptr& error);

    // Makes the calls, and throws `error` as it is then.
    Coro<> unwind(std::exception_ptr& error);

    std::list<detail::ExitCall> calls_;
};

namespace detail {

template <class F, class... Args>
Coro<bool> exit_callback(F function, Args... args) {
    if constexpr (std::is_void_v<std::invoke_result_t<F&, Args&...>>) {
        function(args...);
    } else {
        co_await function(args...);
    }
    co_return false;
}

template <class F>
Coro<bool> exit_function(const std::exception_ptr& error, F function) {
    using Result = std::invoke_result_t<F&, const std::exception_ptr&>;
    const std::exception_ptr seen = error;
    if constexpr (Awaitable<Result>) {
        if constexpr (std::is_void_v<await_result_t<Result>>) {
            co_await function(seen);
            co_return false;
        } else {
            co_return co_await function(seen);
        }
    } else if constexpr (std::is_void_v<Result>) {
        function(seen);
        co_return false;
    } else {
        co_return function(seen);
    }
}

template <class T>
Coro<bool> exit_context(const std::exception_ptr& error, std::unique_ptr<T> context) {
    if constexpr (Awaitable<decltype(context->exit(error))>) {
        co_await context->exit(error);
    } else {
        context->exit(error);
    }
    co_return true;  // an error that shall leave the block was thrown
}

template <class T>
Coro<bool> exit_object(std::unique_ptr<T>) {
    co_return false;
}

// Ends a block whose body ended with `error`, or null: throws the exception that leaves the block.
template <class Object>
Coro<> end_of(Object& object, std::exception_ptr& error) {
    if constexpr (std::same_as<Object, AsyncExitStack>) {
        co_await object.unwind(error);
    } else {
        static_cast<void>(co_await object.aclose());
        if (error) std::rethrow_exception(error);
    }
}

// The object of with_finally(): its end is a call of the clean-up.
template <class F>
class Finally {
public:
    explicit Finally(F cleanup) : cleanup_(std::forward<F>(cleanup)) {}
    // No coroutine: there may be no memory for one more.
    auto aclose() {
        if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
            cleanup_();
            return std::suspend_never();
        } else {
            return cleanup_();
        }
    }

private:
    F cleanup_;
};

template <class T, class Object, class F>
Coro<T> run_to_its_end(Object object, F body) {
    std::exception_ptr error;
    ExitCoro<> end(end_of<std::remove_reference_t<Object>>(object, error));
    ValueSlot<T> result;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await call_body(body, object);
        } else if constexpr (std::is_reference_v<T>) {
            result.value = &co_await call_body(body, object);
        } else {
            result.value.emplace(co_await call_body(body, object));
        }
    } catch (...) {
        error = std::current_exception();
    }
    const bool failed = error != nullptr;
    co_await std::move(end.coro);
    if constexpr (!std::is_void_v<T>) {
        if (failed) throw RuntimeError("with_exit_stack: an exit suppressed the body's error: there is no result");
    }
    co_return result.take();
}

}  // namespace detail

// Runs `body(stack)`, a function that returns a Coro, and then the calls registered on `stack`, the last one first.
// Result: the body's. Errors: the body's, or its replacement; RuntimeError when a call suppressed the error of a body
// that should have returned a value. Cancel: as an error of the body; a call that waits is cancelled.
template <class F>
auto with_exit_stack(F&& body) {
    AIO_CHECK_LAMBDA(F);
    return detail::run_to_its_end<detail::body_result<F, AsyncExitStack>, AsyncExitStack, F>(AsyncExitStack(),
                                                                                             std::forward<F>(body));
}

// Runs `body(thing)`, or `body()`, and then awaits `thing.aclose()`: a generator that is left before its end cleans up
// now and not when the loop ends. contextlib.aclosing. Result: the body's. Errors: those of aclose(), else the body's.
// A thing or body given by name must outlive the await.
//
//     co_await aio::with_aclosing(ticks(), [&](auto& ticking) -> aio::Coro<> {
//         while (auto tick = co_await ticking.next()) if (*tick == wanted) co_return;
//     });
template <class Thing, class F>
    requires requires(Thing& thing) {
        { thing.aclose() } -> Awaitable;
    }
auto with_aclosing(Thing&& thing, F&& body) {
    AIO_CHECK_LAMBDA(F);
    return detail::run_to_its_end<detail::body_result<F, std::remove_reference_t<Thing>>, Thing, F>(
        std::forward<Thing>(thing), std::forward<F>(body));
}

// Runs `body()`, a function that returns a Coro, and then `cleanup()`, whose result is awaited if it can be: when the
// body has returned, has thrown, or was cancelled. Result: the body's. Errors: those of the clean-up, else the body's.
// Cancel: cancels the body, once; the clean-up runs to its end after that, since a cancellation is thrown once. Another
// request, such as a deadline around it, cancels the clean-up too, as in Python: shield() a part that must not be cut
// short. No clean-up is run when the loop is closed while the body waits.
// A body or clean-up given by name must outlive the await.
template <class F, class G>
    requires(std::invocable<F&> && std::invocable<G&>)
auto with_finally(F&& body, G&& cleanup) {
    AIO_CHECK_LAMBDA(F, G);
    using Object = detail::Finally<G>;
    return detail::run_to_its_end<detail::body_result<F, Object>, Object, F>(Object(std::forward<G>(cleanup)),
                                                                             std::forward<F>(body));
}

}  // namespace aio
