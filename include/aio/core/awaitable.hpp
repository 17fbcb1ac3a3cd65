// Awaitables and the types of their results.
//
// Every function of this library that takes "an awaitable" takes a Coro, a Task, a Future, anything with operator
// co_await or the three await_ functions, and a callable that returns a Coro, with its arguments. A callable and its
// arguments are kept in a frame of their own, so that a lambda's captures live as long as the coroutine does:
//
//     aio::Task<> task = aio::create_task([name] () -> aio::Coro<> { ... use name ... });
//
// With g++ 12, give such a lambda a name before it is used in an expression with co_await (docs/compilers.md).
#pragma once

#include <aio/core/foreign.hpp>
#include <aio/core/task.hpp>

#include <tuple>
#include <type_traits>
#include <utility>

namespace aio {

namespace detail {

template <class A>
concept HasAwaiterMembers = requires(A& a) {
    a.await_ready();
    a.await_resume();
};

template <class A>
concept FutureLike = requires(const A& a) {
    typename A::value_type;
    { a.base() } -> std::convertible_to<FutureBase*>;
    a.done();
};

template <class A>
struct AwaitResult {
    using type = std::remove_cvref_t<decltype(get_awaiter(std::declval<A>()).await_resume())>;
};
template <class A>
    requires(is_coro<A> || FutureLike<A>)
struct AwaitResult<A> {
    using type = typename A::value_type;
};

template <class F, class... Args>
concept CoroutineFunction = std::invocable<F, Args...> && is_coro<std::invoke_result_t<F, Args...>>;

}  // namespace detail

// Whether `co_await std::declval<A>()` works in a coroutine.
template <class A>
concept Awaitable = detail::is_coro<std::remove_cvref_t<A>> || detail::FutureLike<std::remove_cvref_t<A>> ||
                    requires(A&& a) { detail::get_awaiter(std::forward<A>(a)); };

// The type of `co_await std::declval<A>()`, without reference.
template <class A>
using await_result_t = typename detail::AwaitResult<std::remove_cvref_t<A>>::type;

namespace detail {

template <class A>
Coro<await_result_t<A>> await_in_frame(A awaitable) {
    co_return co_await std::move(awaitable);
}

template <class F, class... Args>
auto call_in_frame(F function, Args... args) -> std::invoke_result_t<F, Args...> {
    co_return co_await std::apply(std::move(function), std::tuple<Args&&...>(std::move(args)...));
}

// Any awaitable as a coroutine: itself if it is one.
template <class A>
auto as_coro(A&& awaitable) {
    if constexpr (is_coro<std::remove_cvref_t<A>>) {
        static_assert(!std::is_lvalue_reference_v<A>, "a coroutine object is used once: pass std::move(coro)");
        return std::move(awaitable);
    } else if constexpr (CoroutineFunction<std::decay_t<A>>) {
        return call_in_frame(std::decay_t<A>(std::forward<A>(awaitable)));
    } else {
        return await_in_frame(std::decay_t<A>(std::forward<A>(awaitable)));
    }
}

// g++ 12 destroys the captures of a temporary lambda twice inside a co_await expression. Functions whose result is
// mostly awaited on the spot refuse a lambda whose captures have a destructor. (Of all classes that can be called, only
// a lambda with captures has no assignment.)
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
template <class... Fs>
inline constexpr bool safe_in_await = ((std::is_lvalue_reference_v<Fs> || std::is_trivially_destructible_v<Fs> ||
                                        std::is_assignable_v<Fs&, Fs> || !std::is_class_v<Fs>) &&
                                       ...);
#else
template <class... Fs>
inline constexpr bool safe_in_await = true;
#endif
#define AIO_CHECK_LAMBDA(...)                                                                                       \
    static_assert(::aio::detail::safe_in_await<__VA_ARGS__>,                                                        \
                  "g++ 12 would destroy this lambda's captures twice: give it a name first, and pass the name, or " \
                  "std::ref(name) if it cannot be copied: auto body = [...]...; co_await call(..., body)")

// The type of as_coro()'s result, and the type of that coroutine's result.
template <class A>
using coro_of = decltype(as_coro(std::declval<A>()));
template <class A>
using coro_value = typename coro_of<A>::value_type;

// Calls the body of a block, with the block's object if it takes it.
template <class F, class Object>
auto call_body(F& body, Object& object) {
    if constexpr (std::invocable<F&, Object&>) {
        return body(object);
    } else {
        return body();
    }
}
template <class F, class Object>
using body_result =
    typename decltype(call_body(std::declval<std::remove_reference_t<F>&>(), std::declval<Object&>()))::value_type;

template <class A>
concept TaskSource = Awaitable<A> || CoroutineFunction<std::decay_t<A>>;

}  // namespace detail

// create_task of any other awaitable, or of a function that returns a Coro: `create_task(aio::sleep(1s))`,
// `create_task([=]() -> aio::Coro<> {...}, {.name = "worker"})`.
template <class A>
    requires(!detail::is_coro<std::remove_cvref_t<A>> && detail::TaskSource<A>)
auto create_task(A&& awaitable, TaskOptions options = {}) {
    return create_task(detail::as_coro(std::forward<A>(awaitable)), options);
}

// create_task of a call: the function and its arguments are copied (or moved) into the task.
template <class F, class First, class... Rest>
    requires(!std::same_as<std::remove_cvref_t<First>, TaskOptions> &&
             detail::CoroutineFunction<std::decay_t<F>, std::decay_t<First>, std::decay_t<Rest>...>)
auto create_task(F&& function, First&& first, Rest&&... rest) {
    return create_task(detail::call_in_frame(std::decay_t<F>(std::forward<F>(function)),
                                             std::decay_t<First>(std::forward<First>(first)),
                                             std::decay_t<Rest>(std::forward<Rest>(rest))...));
}

// A future or task as it is; anything else as a new task of the running loop. asyncio.ensure_future.
// Errors: RuntimeError when a task must be made and no loop runs.
template <class A>
auto ensure_future(A&& awaitable) {
    if constexpr (detail::FutureLike<std::remove_cvref_t<A>>) {
        return std::remove_cvref_t<A>(std::forward<A>(awaitable));
    } else {
        return create_task(detail::as_coro(std::forward<A>(awaitable)));
    }
}

// Whether A, apart from const and reference, is a Coro (asyncio.iscoroutine), or a Task or Future (asyncio.isfuture).
template <class A>
inline constexpr bool iscoroutine = detail::is_coro<std::remove_cvref_t<A>>;
template <class A>
inline constexpr bool isfuture = detail::FutureLike<std::remove_cvref_t<A>>;

}  // namespace aio
