// as_completed(): results in the order in which the awaitables end.
//
//     auto completed = aio::as_completed(std::move(coros));
//     while (auto task = co_await completed.next()) use(co_await *task);     // async for task in as_completed(...)
//
// Source: asyncio.as_completed, CPython 3.13 tasks.py.
#pragma once

#include <aio/core/event_loop.hpp>
#include <aio/core/gather.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace aio {

namespace detail {

// The futures that are done and not handed out yet, by their place among the arguments.
class CompletionQueue {
public:
    CompletionQueue(const std::vector<FutureBase*>& futures, std::optional<Duration> timeout);
    ~CompletionQueue();
    CompletionQueue(const CompletionQueue&) = delete;
    CompletionQueue& operator=(const CompletionQueue&) = delete;

    // The place of the next one; nullopt when all were handed out. Errors: TimeoutError.
    Coro<std::optional<std::size_t>> next();

private:
    struct Shared;
    class Arrival;
    std::shared_ptr<Shared> shared_;
};

}  // namespace detail

// The result of as_completed(): the tasks or futures (F) in the order in which they are
// done. Destroying it cancels none.
template <class F>
class [[nodiscard]] AsCompleted {
public:
    using value_type = typename F::value_type;

    // Starts to watch `futures`, and the timeout. Errors: RuntimeError when a future belongs to another loop.
    AsCompleted(std::vector<F> futures, std::optional<Duration> timeout)
        : futures_(std::move(futures)), queue_(std::make_unique<detail::CompletionQueue>(bases(), timeout)) {}

    // The next task or future that is done, a handle of the one that was passed in; nullopt after the last.
    // Cancel: nothing is lost; the next call returns it. Errors: TimeoutError when the timeout has
    // passed and no other is done.
    Coro<std::optional<F>> next() {
        std::optional<std::size_t> place = co_await queue_->next();
        if (!place) co_return std::nullopt;
        co_return futures_[*place];
    }

    // The result of the next one that is done, to be called once for each awaitable. Cancel: as next().
    // Errors: the exception of that one; TimeoutError as next(); RuntimeError after the last.
    Coro<value_type> next_result() {
        std::optional<F> future = co_await next();
        if (!future) throw RuntimeError("as_completed: all results were taken");
        co_return co_await *future;
    }

private:
    std::vector<detail::FutureBase*> bases() const {
        std::vector<detail::FutureBase*> all;
        for (const F& future : futures_) all.push_back(future.base());
        return all;
    }

    std::vector<F> futures_;
    std::unique_ptr<detail::CompletionQueue> queue_;
};

// Starts the coroutines of `awaitables` as tasks; tasks and futures are taken as they are. When `timeout`, counted from
// now, has passed, next() throws TimeoutError; nothing is cancelled. Result: an AsCompleted. asyncio.as_completed.
template <class A>
auto as_completed(std::vector<A> awaitables, std::optional<Duration> timeout = std::nullopt) {
    using F = detail::EnsuredFuture<A>;
    std::vector<F> futures;
    futures.reserve(awaitables.size());
    for (A& awaitable : awaitables) futures.push_back(ensure_future(std::move(awaitable)));
    return AsCompleted<F>(std::move(futures), timeout);
}

}  // namespace aio
