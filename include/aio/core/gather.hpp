// gather(): run awaitables together and collect their results in the order of the arguments.
//
//     auto [a, b] = co_await aio::gather(fetch(1), name_of(2));            // a tuple
//     std::vector<int> all = co_await aio::gather(std::move(coros));       // a vector
//     auto results = co_await aio::gather(tasks, aio::return_exceptions);  // of aio::Result<T>
//
// A vector, or any other range: a list, an array, a view that makes a coroutine of each element. gather_limited() runs
// only so many of a range at a time. Each coroutine becomes a task now, before the await. The first error ends the
// await; the other children keep running. If all are done already, the await does not suspend. Cancelling the gather
// (or its awaiter) cancels all children, and the await ends when all of them have ended. If all children are void, so
// is the result; among others, the result of a void child is aio::None. Source: asyncio.gather, CPython 3.12 tasks.py.
#pragma once

#include <aio/core/awaitable_range.hpp>
#include <aio/core/event_loop.hpp>
#include <aio/core/gather_children.hpp>
#include <aio/core/result.hpp>

#include <cstddef>
#include <tuple>
#include <vector>

namespace aio {

// As the last argument: errors and cancellations are returned as results. asyncio.gather(return_exceptions=True).
struct ReturnExceptions {};
inline constexpr ReturnExceptions return_exceptions;

// The result of a void child in a tuple.
struct None {
    bool operator==(const None&) const = default;
};

namespace detail {

// The bookkeeping of a gather, whatever it collects.
class GatherBase : public Branches {
public:
    GatherBase(const GatherBase&) = delete;

protected:
    // Errors: std::bad_alloc.
    GatherBase(FutureObject& outer, std::size_t count, bool keep_errors)
        : children_(count),
          outer_(outer),
          count_(count),
          keep_errors_(keep_errors),
          watch_(*this),
          outcome_(*this),
          start_(*this) {}
    ~GatherBase();

    // Registers the next child, whose reference it adopts. Errors: std::bad_alloc.
    void add(FutureBase* child);
    // After the last one. If those that were done before decide, the outer future is done now. Errors: std::bad_alloc.
    void all_added();
    // Instead, for all children at once, coroutines that `children_` has: they become tasks one by one, each right
    // before its first step. A million frames pass through the cache once less. The difference cannot be observed:
    // functions that look for the tasks earlier (link_all, cancel) make them.
    void start_together() noexcept { start_.schedule(); }
    // Not while steps are observed, a task factory is set, or tasks inherit a context.
    static bool may_start_together(const LoopCore& loop) noexcept {
        return !loop.observed && !loop.custom_task_factory && !TaskBase::inherits_context();
    }
    std::size_t count() const noexcept { return count_; }
    void release_first() noexcept {
        FutureBase* first = children_.front();
        children_.pop();
        first->release();
    }
    // The result of the next child, to which `holders` references belong here; others may have a handle, too. The child
    // is released at once, while it is in the cache.
    template <class Item>
    typename Item::type take_first(std::uint32_t holders = 1) {
        typename Item::type result = Item::take(*children_.front(), holders);
        release_first();
        return result;
    }

    // Puts the children's results into the outer future's slot. Errors: std::bad_alloc, those of a copy.
    virtual void collect() = 0;
    // Takes the result of the first child, a task that has just ended and that nobody but its loop and this gather
    // holds. A gather that does not want it yet leaves it where it is.
    virtual void take_early() noexcept {}

    GatherChildren children_;

private:
    // Takes note of each child that is done. One for all of them: a crowd has a million.
    class Watch final : public Callback {
    public:
        explicit Watch(GatherBase& gather) noexcept : gather_(gather) { flags = kWantsFuture | kShared; }
        bool scheduled_by(FutureBase& child) noexcept override;
        void run() override {}
        void discard() noexcept override { gather_.child_left(); }
        const char* name() const noexcept override { return "gather"; }

    private:
        GatherBase& gather_;
    };

    // Completes the outer future, one pass after the child that decided.
    class Outcome final : public Callback {
    public:
        explicit Outcome(GatherBase& gather) noexcept : gather_(gather) {}
        void schedule() noexcept;
        void run() override;
        void discard() noexcept override;
        const char* name() const noexcept override { return "gather"; }

    private:
        GatherBase& gather_;
        bool scheduled_ = false;
    };

    // Makes the children tasks and steps them, in one place of the ready queue.
    class Start final : public Callback {
    public:
        explicit Start(GatherBase& gather) noexcept : gather_(gather), next_(nullptr, gather.count_) {}
        void schedule() noexcept;
        void make_tasks() noexcept;  // of all that are none yet
        void run() override;
        void discard() noexcept override;
        void link_tasks() noexcept override;
        std::size_t tasks_to_start() const noexcept override;
        const char* name() const noexcept override { return "gather"; }

    private:
        TaskBase* take() noexcept;
        TaskBase* make_task() noexcept;

        GatherBase& gather_;
        GatherChildren::Iterator next_;  // the first child that is no task yet
        std::uint64_t last_id_ = 0;
        ReadyQueue made_;  // tasks that were made before their turn came
    };

    // The outer future is cancelled when all its children have ended, not now (semantics 19).
    void begin_cancelling() noexcept override;
    FutureBase* next_to_cancel() noexcept override;
    void end_cancelling(bool any) noexcept override;
    void list_branches(std::vector<FutureBase*>& into) const override;

    void child_done(FutureBase& child) noexcept;
    void child_left() noexcept;
    void decide();
    void fail();
    void finish_all();
    void finish_after_cancel();

    FutureObject& outer_;
    FutureRef<FutureBase> failed_;  // the first child that did
    std::size_t done_ = 0;
    const std::size_t count_;
    const bool keep_errors_;
    bool adding_ = true;
    bool cancel_requested_ = false;
    // The gather holds its children. Once it has failed it is the other way round: each child that is still to end
    // holds the gather, so that its error counts as seen; and is held no more, or futures that nobody completes would
    // keep each other alive.
    bool held_by_children_ = false;
    GatherChildren::Iterator next_to_cancel_{nullptr, 0};
    Watch watch_;
    Outcome outcome_;
    Start start_;
};

// The CancelledError that awaiting a cancelled future throws.
std::exception_ptr cancellation_of(FutureBase& future);

// What one child of type F contributes.
template <class F, bool KeepErrors>
struct GatherItem {
    using T = typename F::value_type;
    using State = std::remove_pointer_t<decltype(std::declval<F&>().state())>;
    using type = std::conditional_t<std::is_void_v<T>, None, T>;
    static type take(FutureBase& child, std::uint32_t holders) {
        if constexpr (std::is_void_v<T>) {
            return {};
        } else {
            return take_value<T>(static_cast<State&>(child), holders);
        }
    }
};
template <class F>
struct GatherItem<F, true> {
    using T = typename F::value_type;
    using type = Result<T>;
    static type take(FutureBase& child, std::uint32_t holders) {
        if (child.cancelled()) return type::failure(cancellation_of(child));
        if (std::exception_ptr error = child.exception()) return type::failure(std::move(error));
        if constexpr (std::is_void_v<T>) {
            return type::success({});
        } else {
            ValueSlot<T> slot;
            if constexpr (std::is_reference_v<T>) {
                slot.value = &GatherItem<F, false>::take(child, holders);
            } else {
                slot.value.emplace(GatherItem<F, false>::take(child, holders));
            }
            return type::success(std::move(slot));
        }
    }
};

template <class R>
class GatherState : public FutureState<R>, protected GatherBase {
public:
    GatherState(LoopCore& loop, std::size_t count, bool keep_errors)
        : FutureState<R>(&loop), GatherBase(*this, count, keep_errors) {
        this->flags |= kBranches;
    }
    Branches* branches() noexcept override { return this; }
    std::string_view describe() const noexcept override { return "GatheringFuture"; }

    template <class A>
    void add_awaitable(A&& awaitable) {
        this->add(ensure_future(std::forward<A>(awaitable)).leak());
    }
    using GatherBase::all_added;
    template <class A>
    void add_all(std::vector<A>& awaitables) {
        if constexpr (is_coro<A>) {
            if (!awaitables.empty() && this->may_start_together(*this->loop())) {
                for (A& coroutine : awaitables) {
                    if (!coroutine.unused()) [[unlikely]]
                        refuse_used_up();
                    this->children_.push(coroutine.release());
                }
                this->start_together();
                return this->all_added();
            }
        }
        for (A& awaitable : awaitables) add_awaitable(std::move(awaitable));
        this->all_added();
    }

private:
    // Those before it run on their own.
    [[noreturn, gnu::cold]] void refuse_used_up() {
        if (!this->children_.empty()) this->start_together();
        throw_used_up("gather");
    }
};

template <class A>
using EnsuredFuture = decltype(ensure_future(std::declval<A>()));

template <class F, bool KeepErrors>
using GatheredVector = std::conditional_t<std::is_void_v<typename F::value_type> && !KeepErrors, void,
                                          std::vector<typename GatherItem<F, KeepErrors>::type>>;

template <class F, bool KeepErrors>
class GatherRange final : public GatherState<GatheredVector<F, KeepErrors>> {
    using Item = GatherItem<F, KeepErrors>;

public:
    using R = GatheredVector<F, KeepErrors>;

    GatherRange(LoopCore& loop, std::size_t count) : GatherState<R>(loop, count, KeepErrors) {
        if constexpr (!std::is_void_v<R>) results_.reserve(count);
        if (count == 0) {
            collect();
            this->finish();
        }
    }

private:
    void collect() override {
        if constexpr (!std::is_void_v<R>) {
            while (!this->children_.empty()) results_.push_back(this->template take_first<Item>());
            this->value.emplace(std::move(results_));
        }
    }
    void take_early() noexcept override {
        if constexpr (std::is_void_v<R>) {
            this->release_first();
        } else if constexpr (std::is_nothrow_move_constructible_v<typename Item::type>) {
            results_.push_back(this->template take_first<Item>(2));
        }
    }

    // For void there is nothing to keep.
    std::vector<std::conditional_t<std::is_void_v<R>, None, typename Item::type>> results_;
};

template <bool KeepErrors, class... Fs>
using GatheredTuple = std::conditional_t<(std::is_void_v<typename Fs::value_type> && ...) && !KeepErrors, void,
                                         std::tuple<typename GatherItem<Fs, KeepErrors>::type...>>;

template <bool KeepErrors, class... Fs>
class GatherTuple final : public GatherState<GatheredTuple<KeepErrors, Fs...>> {
public:
    using R = GatheredTuple<KeepErrors, Fs...>;

    explicit GatherTuple(LoopCore& loop) : GatherState<R>(loop, sizeof...(Fs), KeepErrors) {
        if constexpr (sizeof...(Fs) == 0) this->finish();
    }

private:
    void collect() override {
        if constexpr (!std::is_void_v<R>) {
            // Braces: in the order of the children.
            this->value.emplace(R{this->template take_first<GatherItem<Fs, KeepErrors>>()...});
        }
    }
};

// The tasks are created in the order of the arguments, and registered as they come: should one not find memory, the
// others run on their own.
template <bool KeepErrors, class... As>
auto gather_each(As&&... awaitables) {
    AIO_CHECK_LAMBDA(As...);
    using Gathering = GatherTuple<KeepErrors, EnsuredFuture<As>...>;
    using R = typename Gathering::R;
    auto* state = new Gathering(require_loop());
    Future<R> outer{FutureRef<FutureState<R>>(state)};
    (state->add_awaitable(std::forward<As>(awaitables)), ...);
    state->all_added();
    return outer;
}

template <bool KeepErrors, class A>
auto gather_range(std::vector<A> awaitables) {
    using Gathering = GatherRange<EnsuredFuture<A>, KeepErrors>;
    using R = typename Gathering::R;
    auto* state = new Gathering(require_loop(), awaitables.size());
    Future<R> outer{FutureRef<FutureState<R>>(state)};
    state->add_all(awaitables);
    return outer;
}

template <class A>
inline constexpr bool is_vector = false;
template <class A>
inline constexpr bool is_vector<std::vector<A>> = true;

// A range of awaitables that is no vector.
template <class R>
concept OtherRange = AwaitableRange<R> && !is_vector<std::remove_cvref_t<R>>;

template <bool KeepErrors, class R>
auto gather_elements(R&& range) {
    std::vector<range_element<R>> awaitables;
    const auto end = std::end(range);
    for (auto at = std::begin(range); at != end; ++at) awaitables.push_back(take_element<R>(at));
    return gather_range<KeepErrors>(std::move(awaitables));
}

}  // namespace detail

// Result: a Future of the tuple of results (see above). Errors: RuntimeError when no loop runs.
template <class... As>
    requires(detail::TaskSource<As> && ...)
auto gather(As&&... awaitables) {
    return detail::gather_each<false>(std::forward<As>(awaitables)...);
}
template <class A>
    requires detail::TaskSource<A>
auto gather(A&& a, ReturnExceptions) {
    return detail::gather_each<true>(std::forward<A>(a));
}
template <class A, class B>
    requires(detail::TaskSource<A> && detail::TaskSource<B>)
auto gather(A&& a, B&& b, ReturnExceptions) {
    return detail::gather_each<true>(std::forward<A>(a), std::forward<B>(b));
}
// The tag in front, for any number: gather(return_exceptions, a, b, c...).
template <class... As>
    requires(detail::TaskSource<As> && ...)
auto gather(ReturnExceptions, As&&... awaitables) {
    return detail::gather_each<true>(std::forward<As>(awaitables)...);
}

// Result: a Future of the vector of results. A vector of tasks or futures may be an lvalue: handles are copied.
template <class V>
    requires detail::is_vector<std::remove_cvref_t<V>>
auto gather(V&& awaitables) {
    return detail::gather_range<false>(detail::take_range<V>(awaitables));
}
template <class V>
    requires detail::is_vector<std::remove_cvref_t<V>>
auto gather(V&& awaitables, ReturnExceptions) {
    return detail::gather_range<true>(detail::take_range<V>(awaitables));
}

// The same of any other range. One that is given by name keeps its elements, which must then be tasks or futures; a
// view's coroutines are made as it is walked.
template <class R>
    requires detail::OtherRange<R>
auto gather(R&& awaitables) {
    return detail::gather_elements<false, R>(std::forward<R>(awaitables));
}
template <class R>
    requires detail::OtherRange<R>
auto gather(R&& awaitables, ReturnExceptions) {
    return detail::gather_elements<true, R>(std::forward<R>(awaitables));
}

}  // namespace aio
