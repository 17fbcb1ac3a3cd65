// gather_limited(): the awaitables of a range, at most so many at a time.
//
//     auto fetches = urls | std::views::transform(fetch);               // makes a coroutine when it is asked for one
//     std::vector<Page> pages = co_await aio::gather_limited(20, fetches);
//
// The range is walked lazily: its next element is taken when the next coroutine may begin. An AsyncGenerator that
// yields coroutines works as well, and is closed in the end. As with gather(), each coroutine becomes a task and
// results are in the order of the range; unlike gather(), no task is left running when the await ends.
#pragma once

#include <aio/core/async_generator.hpp>
#include <aio/core/awaitable_range.hpp>
#include <aio/core/exit_stack.hpp>
#include <aio/core/gather.hpp>
#include <aio/core/task_group.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <vector>

namespace aio {

namespace detail {

// The running tasks, the wait for a free slot, the first error: the part that does not depend on types.
class LimitedGather {
public:
    explicit LimitedGather(std::size_t limit) noexcept : limit_(limit) {}
    LimitedGather(const LimitedGather&) = delete;
    LimitedGather& operator=(const LimitedGather&) = delete;

    void enter(TaskGroup& group) noexcept { group_ = &group; }
    // Whether another one must wait; until room() is done.
    bool full() const noexcept { return running_ == limit_; }
    Future<>& room() { return room_.emplace(); }
    bool failed() const noexcept { return error_ != nullptr; }
    // Takes the exception of the range, or rethrows it if it is the cancellation of the task that gathers.
    void range_failed(std::exception_ptr error);
    // After all have ended. Errors: the first one's.
    void check() const {
        if (error_) std::rethrow_exception(error_);
    }

protected:
    ~LimitedGather() = default;

    TaskGroup& group() const noexcept { return *group_; }
    void begun() noexcept { ++running_; }
    void ended() noexcept;
    // The first error cancels the others.
    void fail(std::exception_ptr error) noexcept;
    // Whether `error`, the exception of a task, leaves that task: a cancellation, or one that leaves the loop.
    static bool leaves_task(const std::exception_ptr& error) noexcept;
    // Whether it was the gather that cancelled a task that ended cancelled.
    bool cancelling() const noexcept;

private:
    TaskGroup* group_ = nullptr;
    const std::size_t limit_;
    std::size_t running_ = 0;
    std::optional<Future<>> room_;
    std::exception_ptr error_;
};
// Errors: ValueError for a limit below 1.
std::size_t check_limit(std::ptrdiff_t limit);

template <class T, bool KeepErrors>
using LimitedItem = std::conditional_t<KeepErrors, Result<T>, std::conditional_t<std::is_void_v<T>, None, T>>;

template <class T, bool KeepErrors>
class LimitedGatherOf final : public LimitedGather {
    using Item = LimitedItem<T, KeepErrors>;

public:
    static constexpr bool kNoResults = std::is_void_v<T> && !KeepErrors;
    using Results = std::conditional_t<kNoResults, void, std::vector<Item>>;

    using LimitedGather::LimitedGather;

    void start(Coro<T> coro) {
        const std::size_t place = begun_++;
        if constexpr (!kNoResults) items_.emplace_back();
        Task<> task = group().create_task(run_one(place, std::move(coro)));
        begun();
        task.add_done_callback([this, place](const Task<>& done) {
            if (done.cancelled() && !cancelling()) child_failed(place, cancellation_of(*done.base()));
            ended();
        });
    }
    Results take_results() {
        check();
        if constexpr (!kNoResults) {
            std::vector<Item> results;
            results.reserve(items_.size());
            for (ValueSlot<Item>& item : items_) results.push_back(item.take());
            return results;
        }
    }

private:
    Coro<> run_one(std::size_t place, Coro<T> coro) {
        try {
            if constexpr (std::is_void_v<T>) {
                co_await std::move(coro);
                if constexpr (KeepErrors) items_[place].value.emplace(Item::success({}));
            } else if constexpr (KeepErrors) {
                ValueSlot<T> slot;
                if constexpr (std::is_reference_v<T>) {
                    slot.value = &co_await std::move(coro);
                } else {
                    slot.value.emplace(co_await std::move(coro));
                }
                items_[place].value.emplace(Item::success(std::move(slot)));
            } else {
                // Not as one expression: the vector may grow while the coroutine runs.
                T value = co_await std::move(coro);
                items_[place].value.emplace(std::move(value));
            }
        } catch (...) {
            const std::exception_ptr error = std::current_exception();
            if (leaves_task(error)) throw;
            child_failed(place, error);
        }
    }

    void child_failed(std::size_t place, const std::exception_ptr& error) {
        if constexpr (KeepErrors) {
            items_[place].value.emplace(Item::failure(error));
        } else {
            fail(error);
        }
    }

    std::size_t begun_ = 0;
    std::vector<ValueSlot<Item>> items_;
};

template <class R>
struct LimitedElement {
    using type = range_element<R>;
};
template <class R>
    requires is_generator<std::remove_cvref_t<R>>
struct LimitedElement<R> {
    using type = typename std::remove_cvref_t<R>::value_type;
};

// Coroutines that will not begin any more: they were not forgotten, and are not reported.
template <class R, class Iterator, class End>
void drop_rest(Iterator& at, const End& end) {
    if constexpr (is_coro<range_element<R>> && std::is_lvalue_reference_v<range_reference<R>>) {
        for (; at != end; ++at) ExitCoro dropped(take_element<R>(at));
    }
}

template <class R, class Gathered>
Coro<> start_elements(R& range, Gathered& gathered) {
    auto at = std::begin(range);
    const auto end = std::end(range);
    std::exception_ptr error;
    try {
        bool first = true;
        while (true) {
            while (gathered.full()) co_await gathered.room();
            if (!first) ++at;
            first = false;
            if (gathered.failed() || !(at != end)) break;
            gathered.start(as_coro(take_element<R>(at)));
        }
    } catch (...) {
        error = std::current_exception();
    }
    if (error || gathered.failed()) drop_rest<R>(at, end);
    if (error) gathered.range_failed(error);
}

template <class R, class Gathered>
    requires is_generator<std::remove_cvref_t<R>>
Coro<> start_elements(R& generator, Gathered& gathered) {
    std::exception_ptr error;
    const auto walk = [&]() -> Coro<> {
        while (true) {
            while (gathered.full()) co_await gathered.room();
            if (gathered.failed()) break;
            auto next = co_await generator.next();
            if (!next) break;
            gathered.start(as_coro(*std::move(next)));
        }
    };
    try {
        co_await with_aclosing(generator, walk);
    } catch (...) {
        error = std::current_exception();
    }
    if (error) gathered.range_failed(error);
}

template <class T, bool KeepErrors, class R>
auto run_limited(std::size_t limit, R range) -> Coro<typename LimitedGatherOf<T, KeepErrors>::Results> {
    LimitedGatherOf<T, KeepErrors> gathered(limit);
    const auto body = [&](TaskGroup& group) -> Coro<> {
        gathered.enter(group);
        co_await start_elements<R>(range, gathered);
    };
    co_await run_in_group<void, decltype(body)&>(body);
    co_return gathered.take_results();
}

template <bool KeepErrors, class R>
auto gather_limited(std::ptrdiff_t limit, R&& range) {
    using A = typename LimitedElement<R>::type;
    static_assert(!FutureLike<A>, "tasks and futures have begun already: pass coroutines, or gather() the tasks");
    using T = coro_value<A>;
    static_assert(KeepErrors || !std::is_reference_v<T>, "there are no vectors of references");
    return run_limited<T, KeepErrors, R>(check_limit(limit), std::forward<R>(range));
}

}  // namespace detail

// Runs the awaitables of `range`, at most `limit` of them at a time. A range given by name must outlive the await; one
// that has coroutines in it is passed with std::move.
// Result: a vector of the results in the order of the range; void if they are void. With return_exceptions: a vector of
// Result<T>, and an error does not end the others.
// Cancel: cancels those that run, begins no more, and waits until all have ended.
// Errors: the first error of an awaitable or of the range, after the others have been cancelled and have ended;
// ValueError for a limit below 1.
template <class R>
    requires(detail::AwaitableRange<R> || detail::is_generator<std::remove_cvref_t<R>>)
auto gather_limited(std::ptrdiff_t limit, R&& range) {
    return detail::gather_limited<false, R>(limit, std::forward<R>(range));
}
template <class R>
    requires(detail::AwaitableRange<R> || detail::is_generator<std::remove_cvref_t<R>>)
auto gather_limited(std::ptrdiff_t limit, R&& range, ReturnExceptions) {
    return detail::gather_limited<true, R>(limit, std::forward<R>(range));
}

}  // namespace aio
