// gather(): run awaitables together and collect their results in the order of the arguments.
//
//     auto [a, b] = co_await aio::gather(fetch(1), name_of(2));            // a tuple
//     std::vector<int> all = co_await aio::gather(std::move(coros));       // a vector
//     auto results = co_await aio::gather(tasks, aio::return_exceptions);  // of aio::Result<T>
//
// Each coroutine becomes a task now, before the await. The first error ends the await at once; the other
// children keep running and are not cancelled. Cancelling the gather (or its awaiter) cancels all children,
// and the await ends when they have ended. Void children give nothing: all void, the result is void; among
// others, aio::None. Source: asyncio.gather, CPython 3.12 tasks.py.
#pragma once

#include <aio/core/event_loop.hpp>
#include <aio/core/result.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

namespace aio {

struct ReturnExceptions {};
// As the last argument: errors, cancellations too, take the place of results.
inline constexpr ReturnExceptions return_exceptions;

// The result of a void child in a tuple.
struct None {
    bool operator==(const None&) const = default;
};

namespace detail {

// The bookkeeping of a gather, whatever it collects.
class GatherBase {
public:
    GatherBase(const GatherBase&) = delete;

protected:
    GatherBase(std::size_t count, bool keep_errors);
    ~GatherBase();

    // Registers the next child.
    void add(FutureObject& outer, FutureBase& child) noexcept;
    // Before the children's handles go: `outer` was dropped while some of them are pending.
    void detach() noexcept;
    bool cancel_children(std::string_view message) noexcept;
    bool keeps_errors() const noexcept { return keep_errors_; }

    // Puts the children's results into the outer future's slot. Errors: std::bad_alloc, what a copy throws.
    virtual void collect() = 0;
    virtual void drop_handles() noexcept = 0;

private:
    class Child final : public Callback {
    public:
        Child() noexcept { flags = kWantsFuture; }
        // The outer future holds its children. They hold it only while they stand in the ready queue, or futures
        // that nobody completes would keep each other alive. Once it has failed it is the other way round: it is
        // kept for the children that are still to end, so that their errors count as seen.
        enum class Place { registered, holding, scheduled, ended };
        void scheduled_by(FutureBase& done) noexcept override;
        void run() override { gather->child_done(*this); }
        void discard() noexcept override {
            if (place != Place::registered) gather->drop_child();
        }
        const char* name() const noexcept override { return "gather"; }
        Place place = Place::registered;
        GatherBase* gather = nullptr;
        FutureBase* future = nullptr;
        FutureRef<FutureBase> pinned;
    };

    void child_done(Child& child);
    void child_ended(FutureBase& child);
    void drop_child() noexcept;
    void finish_all();
    void finish_after_cancel();
    void watch_the_rest() noexcept;

    std::unique_ptr<Child[]> children_;
    FutureObject* outer_ = nullptr;
    std::size_t added_ = 0, finished_ = 0;
    const std::size_t count_;
    const bool keep_errors_;
    bool cancel_requested_ = false;
};

// The CancelledError that awaiting a cancelled future throws.
std::exception_ptr cancellation_of(FutureBase& future);

// What one child of type F contributes.
template <class F, bool KeepErrors>
struct GatherItem {
    using T = typename F::value_type;
    using type = std::conditional_t<std::is_void_v<T>, None, T>;
    static type take(F& child) {
        if constexpr (std::is_void_v<T>) {
            return {};
        } else {
            return take_value<T>(*child.state(), 1);
        }
    }
};
template <class F>
struct GatherItem<F, true> {
    using T = typename F::value_type;
    using type = Result<T>;
    static type take(F& child) {
        FutureBase& future = *child.base();
        if (future.cancelled()) return type::failure(cancellation_of(future));
        if (std::exception_ptr error = future.exception()) return type::failure(std::move(error));
        if constexpr (std::is_void_v<T>) {
            return type::success({});
        } else {
            ValueSlot<T> slot;
            if constexpr (std::is_reference_v<T>) {
                slot.value = &take_value<T>(*child.state(), 1);
            } else {
                slot.value.emplace(take_value<T>(*child.state(), 1));
            }
            return type::success(std::move(slot));
        }
    }
};
template <class R>
class GatherState : public FutureState<R>, protected GatherBase {
public:
    GatherState(LoopCore& loop, std::size_t count, bool keep_errors)
        : FutureState<R>(&loop), GatherBase(count, keep_errors) {}
    bool cancel_this(std::string_view message) noexcept override {
        return !this->done() && this->cancel_children(message);
    }
    std::string_view describe() const noexcept override { return "GatheringFuture"; }
};

template <class F, bool KeepErrors>
class GatherRange final
    : public GatherState<std::conditional_t<std::is_void_v<typename F::value_type> && !KeepErrors, void,
                                            std::vector<typename GatherItem<F, KeepErrors>::type>>> {
    using Item = GatherItem<F, KeepErrors>;

public:
    using R = std::conditional_t<std::is_void_v<typename F::value_type> && !KeepErrors, void,
                                 std::vector<typename Item::type>>;
    ~GatherRange() override { this->detach(); }
    GatherRange(LoopCore& loop, std::vector<F> children)
        : GatherState<R>(loop, children.size(), KeepErrors), children_(std::move(children)) {
        for (F& child : children_) this->add(*this, *child.base());
        if (children_.empty()) {
            collect();
            this->finish();
        }
    }

private:
    void collect() override {
        if constexpr (!std::is_void_v<R>) {
            std::vector<typename Item::type>& results = this->value.emplace();
            results.reserve(children_.size());
            for (F& child : children_) results.push_back(Item::take(child));
        }
        children_.clear();
    }
    void drop_handles() noexcept override { children_.clear(); }

    std::vector<F> children_;
};

template <bool KeepErrors, class... Fs>
class GatherTuple final
    : public GatherState<std::conditional_t<(std::is_void_v<typename Fs::value_type> && ...) && !KeepErrors, void,
                                            std::tuple<typename GatherItem<Fs, KeepErrors>::type...>>> {
public:
    using R = std::conditional_t<(std::is_void_v<typename Fs::value_type> && ...) && !KeepErrors, void,
                                 std::tuple<typename GatherItem<Fs, KeepErrors>::type...>>;
    ~GatherTuple() override { this->detach(); }
    GatherTuple(LoopCore& loop, std::tuple<Fs...> children)
        : GatherState<R>(loop, sizeof...(Fs), KeepErrors), children_(std::move(children)) {
        if constexpr (sizeof...(Fs) == 0) {
            this->finish();
        } else {
            std::apply([this](Fs&... child) { (this->add(*this, *child.base()), ...); }, *children_);
        }
    }

private:
    void collect() override {
        if constexpr (!std::is_void_v<R>) {
            std::apply([this](Fs&... child) { this->value.emplace(GatherItem<Fs, KeepErrors>::take(child)...); },
                       *children_);
        }
    }
    void drop_handles() noexcept override { children_.reset(); }

    std::optional<std::tuple<Fs...>> children_;
};

template <class A>
using EnsuredFuture = decltype(ensure_future(std::declval<A>()));

template <bool KeepErrors, class... As>
auto gather_each(As&&... awaitables) {
    AIO_CHECK_LAMBDA(As...);
    LoopCore& loop = require_loop();
    using State = GatherTuple<KeepErrors, EnsuredFuture<As>...>;
    // Braces: the tasks are created in the order of the arguments.
    FutureRef<FutureState<typename State::R>> state(
        new State(loop, std::tuple<EnsuredFuture<As>...>{ensure_future(std::forward<As>(awaitables))...}));
    return Future<typename State::R>(std::move(state));
}

template <bool KeepErrors, class A>
auto gather_range(std::vector<A> awaitables) {
    LoopCore& loop = require_loop();
    using F = EnsuredFuture<A>;
    using State = GatherRange<F, KeepErrors>;
    std::vector<F> children;
    if constexpr (std::same_as<F, A>) {
        children = std::move(awaitables);
    } else {
        children.reserve(awaitables.size());
        for (A& awaitable : awaitables) children.push_back(ensure_future(std::move(awaitable)));
    }
    return Future<typename State::R>(FutureRef<FutureState<typename State::R>>(new State(loop, std::move(children))));
}

template <class A>
inline constexpr bool is_vector = false;
template <class A>
inline constexpr bool is_vector<std::vector<A>> = true;

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
    return detail::gather_range<false>(std::forward<V>(awaitables));
}
template <class V>
    requires detail::is_vector<std::remove_cvref_t<V>>
auto gather(V&& awaitables, ReturnExceptions) {
    return detail::gather_range<true>(std::forward<V>(awaitables));
}

}  // namespace aio
