// Blocking calls from coroutines, and coroutines from other threads.
//
//     std::string text = co_await aio::to_thread(read_file, "notes.txt");        // the loop keeps running
//     ...
//     aio::ConcurrentFuture<int> answer = aio::run_coroutine_threadsafe(ask(), loop);     // on another thread
//     int value = answer.result(5s);
//
// A thread cannot be interrupted: cancelling the await resumes the task without waiting; a call that has begun runs to
// its end, and its result is dropped; another is never made (semantics 51).
//
// Source: asyncio.to_thread, run_coroutine_threadsafe, wrap_future, loop.run_in_executor, CPython 3.12.
#pragma once

#include <aio/core/event_loop.hpp>
#include <aio/sync/delivery.hpp>

namespace aio {

// Calls `function(args...)` on a thread of the running loop's default executor, in a copy of the current context.
// Function and arguments are copied (or moved) at the call of to_thread(). asyncio.to_thread. Result: that of the
// function. Cancel: as above. Errors: those of the function; RuntimeError when the executor was shut down.
template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
auto to_thread(F&& function, Args&&... args) -> Coro<std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>>;

// From another thread: runs `awaitable` as a task of `loop`, in a copy of the calling thread's context. Result: a
// ConcurrentFuture. Cancelling it cancels the task; a loop that closes first cancels the future.
// Errors: RuntimeError when the loop is closed; std::bad_alloc.
template <class A>
    requires detail::TaskSource<A>
auto run_coroutine_threadsafe(A&& awaitable, EventLoop& loop);

// Result: a Future of the running loop (or of `loop`, on its thread) with the value, copied, or exception of `future`.
// asyncio.wrap_future. Cancelling it cancels `future`. Errors: RuntimeError when no loop runs.
template <class T>
Future<T> wrap_future(const ConcurrentFuture<T>& future, EventLoop& loop);
template <class T>
Future<T> wrap_future(const ConcurrentFuture<T>& future);
// `future` itself.
template <class T>
Future<T> wrap_future(const Future<T>& future) {
    return future;
}

// ---------------------------------------------------------------------------------------------------------

template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
auto EventLoop::run_in_executor(Executor* executor, F&& function, Args&&... args) {
    using Submitted = detail::ExecutorJob<std::decay_t<F>, std::decay_t<Args>...>;
    Executor& target = detail::executor_for(*this, executor);
    detail::ConcurrentRef<Submitted> job(
        new Submitted(*state_, std::forward<F>(function), std::forward<Args>(args)...));
    auto future = detail::future_of<typename Submitted::Result>(*this, *job);
    detail::execute(target, *job);
    return future;
}

template <class Pool, class F, class... Args>
    requires requires(Pool& pool) { typename Pool::submits_by_itself; }
auto EventLoop::run_in_executor(Pool* pool, F&& function, Args&&... args) {
    return wrap_future(pool->submit(std::forward<F>(function), std::forward<Args>(args)...), *this);
}

namespace detail {

template <class F, class... Args>
Coro<std::invoke_result_t<F, Args...>> call_in_thread(F function, Args... args) {
    const Context context = copy_context();
    auto call = [context, function = std::move(function)](Args... arguments) mutable -> decltype(auto) {
        return context.run(std::move(function), std::move(arguments)...);
    };
    auto future = get_running_loop().run_in_executor(nullptr, std::move(call), std::move(args)...);
    co_return co_await std::move(future);
}

}  // namespace detail

template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
auto to_thread(F&& function, Args&&... args) -> Coro<std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>> {
    AIO_CHECK_LAMBDA(F);
    return detail::call_in_thread(std::decay_t<F>(std::forward<F>(function)),
                                  std::decay_t<Args>(std::forward<Args>(args))...);
}

template <class A>
    requires detail::TaskSource<A>
auto run_coroutine_threadsafe(A&& awaitable, EventLoop& loop) {
    auto coro = detail::as_coro(std::forward<A>(awaitable));
    using T = typename decltype(coro)::value_type;
    auto* call = new detail::RemoteTaskOf<T>(loop.state(), std::move(coro));
    ConcurrentFuture<T> future{detail::ConcurrentRef<detail::ConcurrentState<T>>(call)};
    call->launch();
    return future;
}

template <class T>
Future<T> wrap_future(const ConcurrentFuture<T>& future, EventLoop& loop) {
    using Delivery = detail::WrappedDelivery<T>;
    detail::ConcurrentRef<detail::ConcurrentState<T>> source(future.state());
    source->retain();
    detail::ConcurrentRef<Delivery> delivery(new Delivery(loop.state(), std::move(source)));
    Future<T> result = detail::future_of<T>(loop, *delivery);
    delivery->retain();  // the other thread's
    future.state()->add_callback(delivery.get());
    return result;
}
template <class T>
Future<T> wrap_future(const ConcurrentFuture<T>& future) {
    return wrap_future(future, get_running_loop());
}
template <class T>
detail::OwningAwaiter<detail::FutureState<T>, T> ConcurrentFuture<T>::operator co_await() const {
    return wrap_future(*this).operator co_await();
}

}  // namespace aio
