// wait(): waits until some or all of several tasks or futures are done.
//
//     auto [done, pending] = co_await aio::wait(tasks, {.timeout = 2s, .return_when = aio::FIRST_COMPLETED});
//
// It neither cancels nor throws at a timeout: futures that are not done are in `pending`. It always suspends, even if
// none is pending: so a loop around it lets other tasks run.
// Source: asyncio.wait, CPython 3.12 tasks.py.
#pragma once

#include <aio/core/event_loop.hpp>

#include <optional>
#include <vector>

namespace aio {

// When wait() returns: when all are done, when one is, or when one has failed, else all are done. A cancelled one
// counts as done, not as failed.
enum class ReturnWhen { all_completed, first_completed, first_exception };
// Their names in asyncio.
inline constexpr ReturnWhen ALL_COMPLETED = ReturnWhen::all_completed;
inline constexpr ReturnWhen FIRST_COMPLETED = ReturnWhen::first_completed;
inline constexpr ReturnWhen FIRST_EXCEPTION = ReturnWhen::first_exception;

// The options of wait().
struct WaitOptions {
    std::optional<Duration> timeout = std::nullopt;  // from the call on; nullopt: no limit
    ReturnWhen return_when = ALL_COMPLETED;          // wait() returns earlier at the timeout
};

// The result of wait(): each of the tasks or futures is in one of the two, in the order of the arguments.
template <class F>
struct WaitResult {
    std::vector<F> done, pending;  // handles of those that were passed in

    WaitResult() = default;
};

namespace detail {

// Resolves a future when another one is done; deletes itself.
class DoneSignal final : public Callback {
public:
    explicit DoneSignal(Future<> target) : target_(std::move(target)) {}
    virtual ~DoneSignal() = default;
    void run() override;
    void discard() noexcept override { delete this; }
    const char* name() const noexcept override { return "wait"; }

private:
    Future<> target_;
};

// Returns when the condition of `options` holds for `futures`, or at the timeout.
Coro<> wait_until(std::vector<FutureRef<FutureBase>> futures, WaitOptions options);

template <class F>
Coro<WaitResult<F>> wait_typed(std::vector<F> futures, WaitOptions options) {
    std::vector<FutureRef<FutureBase>> bases;
    bases.reserve(futures.size());
    for (const F& future : futures) bases.push_back(FutureRef<FutureBase>::share(future.base()));
    co_await wait_until(std::move(bases), options);
    WaitResult<F> result;
    for (F& future : futures) (future.done() ? result.done : result.pending).push_back(future);
    co_return result;
}

}  // namespace detail

// Waits for tasks or futures of one type: asyncio.wait. Coroutines are refused: make them tasks first, or their handles
// are lost. Cancel: the futures are not cancelled. Errors: ValueError when there are none; RuntimeError for a pending
// one of another loop.
template <class F>
Coro<WaitResult<F>> wait(std::vector<F> futures, WaitOptions options = {}) {
    static_assert(detail::FutureLike<F>, "aio::wait() takes tasks or futures, not coroutines: use create_task first");
    return detail::wait_typed(std::move(futures), options);
}

// The same of tasks of different types, named one by one: `co_await aio::wait({.timeout = 2s}, a, b)`. The result has
// them as AnyTask, which compares equal to the task.
template <class... Tasks>
    requires(sizeof...(Tasks) > 0 && (std::convertible_to<const Tasks&, AnyTask> && ...))
Coro<WaitResult<AnyTask>> wait(WaitOptions options, const Tasks&... tasks) {
    return detail::wait_typed(std::vector<AnyTask>{tasks...}, options);
}
template <class... Tasks>
    requires(sizeof...(Tasks) > 1 && (std::convertible_to<const Tasks&, AnyTask> && ...))
Coro<WaitResult<AnyTask>> wait(const Tasks&... tasks) {
    return detail::wait_typed(std::vector<AnyTask>{tasks...}, {});
}

}  // namespace aio
