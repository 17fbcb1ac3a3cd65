// LoopGroup: one event loop per processor, each on a thread of its own.
//
//     aio::Coro<> serve(std::size_t index);                   // one of these on each loop
//
//     aio::LoopGroup group;                                   // as many loops as this process may use processors
//     group.run(serve);                                       // until all have ended, or Ctrl-C
//
// asyncio's model stays: the objects of a loop (tasks, futures, locks, streams) are used on its thread only, and need
// no locks there. Loops share nothing; they exchange calls and results (submit), or items (ThreadQueue).
//
//     int answer = co_await group.submit_to(2, ask, "?");     // on any loop
//     int answer = group.submit(ask, "?").result();           // on a thread without one
//
// Thread rule: any thread.
// Source: one asyncio.run() per thread, and run_coroutine_threadsafe() between them, CPython 3.13.
#pragma once

#include <aio/sync/threads.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace aio {

// The options of a LoopGroup.
struct LoopGroupOptions {
    int size = 0;                              // number of loops; 0: as many as processors this process may use
    bool pin = false;                          // each thread stays on one of those processors
    std::string_view name = "aio-loop";        // threads are "<name>_0"...; the system keeps 15 characters
    std::string_view backend = {};             // as RunOptions
    Duration busy_poll = Duration(0);          // as RunOptions
    std::optional<bool> debug = std::nullopt;  // as RunOptions
};

namespace detail {

template <class F>
using MemberFunctionResult = typename std::conditional_t<std::invocable<F, std::size_t>,
                                                         RemoteCallResult<F, std::size_t>, RemoteCallResult<F>>::type;
template <class F>
concept MemberFunction = std::invocable<F, std::size_t> || std::invocable<F>;

}  // namespace detail

// Event loops on threads of their own, one for each processor by default.
class LoopGroup {
public:
    // Starts the threads and blocks until their loops run.
    // Errors: OSError when a thread or a loop cannot be made; ValueError for a negative size or an unknown backend.
    explicit LoopGroup(LoopGroupOptions options = {});
    ~LoopGroup();  // stop(), with errors logged; std::terminate() on one of its own loops
    LoopGroup(const LoopGroup&) = delete;
    LoopGroup& operator=(const LoopGroup&) = delete;

    // The number of loops.
    std::size_t size() const noexcept;
    // The loop `index`, from 0, for call_soon_threadsafe() and run_coroutine_threadsafe().
    // Errors: ValueError when there is no such loop; RuntimeError after stop().
    EventLoop& loop(std::size_t index) const;

    // Calls `function(args...)` on a loop: the given one, or with submit() the next in turn. Result: a ConcurrentFuture
    // of the result of the coroutine, if `function` returns one, else of its own. Function and arguments are copied (or
    // moved) there. Cancel: cancelling the ConcurrentFuture, or an await of it, cancels the task there, and does not
    // wait for its end. Errors: ValueError when there is no such loop; RuntimeError after stop(). An exception of the
    // function is thrown by the ConcurrentFuture, with its traceback.
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
    auto submit_to(std::size_t index, F&& function, Args&&... args) {
        using Call = detail::RemoteCallOf<std::decay_t<F>, std::decay_t<Args>...>;
        return launch(new Call(state(index), std::forward<F>(function), std::forward<Args>(args)...));
    }
    template <class F, class... Args>
        requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
    auto submit(F&& function, Args&&... args) {
        return submit_to(next_in_turn(), std::forward<F>(function), std::forward<Args>(args)...);
    }
    // submit_to() of `function(index)`, or `function()`, for each loop. Result: a vector of ConcurrentFutures, by
    // index, which a coroutine awaits with `co_await gather(group.run_everywhere(prepare))`. Errors: as submit_to().
    template <class F>
        requires detail::MemberFunction<F>
    auto run_everywhere(F function) {
        using T = detail::MemberFunctionResult<F>;
        std::vector<ConcurrentFuture<T>> futures;
        futures.reserve(size());
        for (std::size_t index = 0; index < size(); ++index) futures.push_back(launch(member_call(index, function)));
        return futures;
    }

    // Runs `function(index)`, or `function()`, on each loop, and blocks this thread until all have ended. Result: a
    // vector of their results, by index; void for void.
    //
    // When one fails the others are cancelled; when they have ended, its error is thrown, and those of the others are
    // logged. On the main thread SIGINT and SIGTERM, unless the program handles them itself, cancel them all as well;
    // then run() throws KeyboardInterrupt, or SystemExit(143). A second Ctrl-C throws KeyboardInterrupt at once.
    // Errors: the first exception of a function; RuntimeError on a loop's thread and after stop().
    template <class F>
        requires detail::MemberFunction<F>
    auto run(F function);

    // Ends all loops together: their tasks are cancelled and waited for, as at the end of aio::run(); the threads are
    // joined. Blocks: in a coroutine, `co_await to_thread([&] { group.stop(); })`. No effect the second time.
    // Errors: RuntimeError on one of its own loops; the KeyboardInterrupt or SystemExit that ended one of them.
    void stop();

private:
    class Members;
    std::unique_ptr<Members> members_;

    detail::LoopState& state(std::size_t index) const;
    std::size_t next_in_turn() noexcept;
    void check_can_run() const;
    void rethrow_escaped() const;

    template <class F>
    auto member_call(std::size_t index, const F& function) const {
        if constexpr (std::invocable<F, std::size_t>) {
            return new detail::RemoteCallOf<F, std::size_t>(state(index), function, index);
        } else {
            return new detail::RemoteCallOf<F>(state(index), function);
        }
    }
    template <class Call>
    static auto launch(Call* call) {
        using T = typename Call::value_type;
        ConcurrentFuture<T> future{detail::ConcurrentRef<detail::ConcurrentState<T>>(call)};
        call->launch();
        return future;
    }
};

// ---------------------------------------------------------------------------------------------------------

namespace detail {

// One of the coroutines of LoopGroup::run().
struct GroupMain {
    ConcurrentRef<ConcurrentBase> future;
    RemoteTask* task;  // a part of the future's state
};

// In a loop of its own on the calling thread: handles signals, starts all functions, and waits for them; cancels them
// all when one fails or a signal arrives.
// Errors: as LoopGroup::run().
void supervise(std::vector<GroupMain> mains);

}  // namespace detail

template <class F>
    requires detail::MemberFunction<F>
auto LoopGroup::run(F function) {
    using T = detail::MemberFunctionResult<F>;
    check_can_run();
    std::vector<ConcurrentFuture<T>> futures;
    std::vector<detail::GroupMain> mains;
    futures.reserve(size());
    mains.reserve(size());
    for (std::size_t index = 0; index < size(); ++index) {
        auto* call = member_call(index, function);
        futures.emplace_back(detail::ConcurrentRef<detail::ConcurrentState<T>>(call));
        call->retain();
        mains.push_back({detail::ConcurrentRef<detail::ConcurrentBase>(call), call});
    }
    std::exception_ptr failed;
    try {
        detail::supervise(std::move(mains));
    } catch (...) {
        failed = std::current_exception();
    }
    rethrow_escaped();
    if (failed) std::rethrow_exception(failed);
    if constexpr (!std::is_void_v<T>) {
        std::vector<T> results;
        results.reserve(futures.size());
        for (ConcurrentFuture<T>& future : futures) results.push_back(std::move(future).result());
        return results;
    }
}

}  // namespace aio
