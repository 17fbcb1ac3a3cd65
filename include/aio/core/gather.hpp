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

class GatherBase;

// What a gather registers with each of its children: it takes note when one is done. Forty bytes: a crowd has a
// million of them.
class GatherChild final : public Callback {
public:
    GatherChild(GatherBase& gather, FutureBase* future) noexcept : gather_(&gather), future_(future) {
        flags = kWantsFuture | kOwnsFuture;
    }

    bool scheduled_by(FutureBase& done) noexcept override;
    void run() override { discard(); }
    void discard() noexcept override;
    const char* name() const noexcept override { return "gather"; }

    FutureBase& future() const noexcept { return *future_; }

private:
    friend class GatherBase;
    // The gather holds its children's futures. Once it has failed it is the other way round: it is kept for the
    // children that are still to end, so that their errors count as seen, and holds them no more, or futures that
    // nobody completes would keep each other alive.
    static constexpr std::uint8_t kOwnsFuture = 4, kHoldsGather = 8;
    bool has(std::uint8_t bit) const noexcept { return (flags & bit) != 0; }
    void set(std::uint8_t bit) noexcept { flags = static_cast<std::uint8_t>(flags | bit); }
    void clear(std::uint8_t bit) noexcept { flags = static_cast<std::uint8_t>(flags & ~bit); }
    void release_future() noexcept;

    GatherBase* gather_;
    FutureBase* future_;
};

// The children in order, in blocks of the frame pool: a gather of a few tasks costs no malloc, and one of a million
// no array of forty megabytes.
class GatherChildren {
    struct Block {
        Block* next;
        std::size_t size;
        GatherChild* at(std::size_t i) noexcept { return reinterpret_cast<GatherChild*>(this + 1) + i; }
    };
    static constexpr std::size_t kPerBlock = (1024 - sizeof(Block)) / sizeof(GatherChild);

public:
    class Iterator {
    public:
        explicit Iterator(Block* block) noexcept : block_(block && block->size > 0 ? block : nullptr) {}
        GatherChild& operator*() const noexcept { return *block_->at(index_); }
        Iterator& operator++() noexcept {
            if (++index_ == block_->size) *this = Iterator(block_->next);
            return *this;
        }
        Iterator operator++(int) noexcept {
            const Iterator before = *this;
            ++*this;
            return before;
        }
        bool operator==(const Iterator&) const = default;

    private:
        Block* block_;
        std::size_t index_ = 0;
    };

    GatherChildren() = default;
    GatherChildren(const GatherChildren&) = delete;
    ~GatherChildren();

    // Makes room for `count` children in all. Errors: std::bad_alloc.
    void reserve(std::size_t count);
    GatherChild& add(GatherBase& gather, FutureBase* future) noexcept;

    Iterator begin() const noexcept { return Iterator(first_); }
    Iterator end() const noexcept { return Iterator(nullptr); }

private:
    static std::size_t bytes(std::size_t children) noexcept { return sizeof(Block) + children * sizeof(GatherChild); }

    Block* first_ = nullptr;
    Block* filling_ = nullptr;
    std::size_t capacity_ = 0;
};

// The bookkeeping of a gather, whatever it collects.
class GatherBase {
public:
    GatherBase(const GatherBase&) = delete;

protected:
    // Errors: std::bad_alloc.
    GatherBase(FutureObject& outer, std::size_t count, bool keep_errors)
        : outer_(outer), count_(count), keep_errors_(keep_errors), outcome_(*this) {
        children_.reserve(count);
    }
    ~GatherBase();

    // Registers the next child, with a reference to it.
    void add(FutureBase* child) noexcept;
    bool cancel_children(std::string_view message) noexcept;
    std::size_t count() const noexcept { return count_; }

    // Puts the children's results into the outer future's slot. Errors: std::bad_alloc, what a copy throws.
    virtual void collect() = 0;

    GatherChildren children_;

private:
    friend class GatherChild;
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

    void child_done(FutureBase& child) noexcept;
    void decide();
    void fail();
    void finish_all();
    void finish_after_cancel();

    FutureObject& outer_;
    FutureRef<FutureBase> failed_;  // the first child that did
    std::size_t done_ = 0;
    const std::size_t count_;
    const bool keep_errors_;
    bool cancel_requested_ = false;
    Outcome outcome_;
};

// The CancelledError that awaiting a cancelled future throws.
std::exception_ptr cancellation_of(FutureBase& future);

// What one child of type F contributes.
template <class F, bool KeepErrors>
struct GatherItem {
    using T = typename F::value_type;
    using State = std::remove_pointer_t<decltype(std::declval<F&>().state())>;
    using type = std::conditional_t<std::is_void_v<T>, None, T>;
    static type take(GatherChild& child) {
        if constexpr (std::is_void_v<T>) {
            return {};
        } else {
            return take_value<T>(static_cast<State&>(child.future()), 1);
        }
    }
};
template <class F>
struct GatherItem<F, true> {
    using T = typename F::value_type;
    using type = Result<T>;
    static type take(GatherChild& child) {
        FutureBase& future = child.future();
        if (future.cancelled()) return type::failure(cancellation_of(future));
        if (std::exception_ptr error = future.exception()) return type::failure(std::move(error));
        if constexpr (std::is_void_v<T>) {
            return type::success({});
        } else {
            ValueSlot<T> slot;
            if constexpr (std::is_reference_v<T>) {
                slot.value = &GatherItem<F, false>::take(child);
            } else {
                slot.value.emplace(GatherItem<F, false>::take(child));
            }
            return type::success(std::move(slot));
        }
    }
};

template <class R>
class GatherState : public FutureState<R>, protected GatherBase {
public:
    GatherState(LoopCore& loop, std::size_t count, bool keep_errors)
        : FutureState<R>(&loop), GatherBase(*this, count, keep_errors) {}
    bool cancel_this(std::string_view message) noexcept override {
        return !this->done() && this->cancel_children(message);
    }
    std::string_view describe() const noexcept override { return "GatheringFuture"; }

    template <class A>
    void add_awaitable(A&& awaitable) {
        this->add(ensure_future(std::forward<A>(awaitable)).leak());
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
        if (count == 0) {
            collect();
            this->finish();
        }
    }

private:
    void collect() override {
        if constexpr (!std::is_void_v<R>) {
            std::vector<typename Item::type>& results = this->value.emplace();
            results.reserve(this->count());
            for (GatherChild& child : this->children_) results.push_back(Item::take(child));
        }
    }
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
            auto child = this->children_.begin();
            // Braces: in the order of the children.
            this->value.emplace(R{GatherItem<Fs, KeepErrors>::take(*child++)...});
        }
    }
};

// The tasks are created in the order of the arguments, and registered as they come: should one not find memory, the
// others run on their own.
template <bool KeepErrors, class... As>
auto gather_each(As&&... awaitables) {
    AIO_CHECK_LAMBDA(As...);
    using State = GatherTuple<KeepErrors, EnsuredFuture<As>...>;
    using R = typename State::R;
    auto* state = new State(require_loop());
    Future<R> outer{FutureRef<FutureState<R>>(state)};
    (state->add_awaitable(std::forward<As>(awaitables)), ...);
    return outer;
}

template <bool KeepErrors, class A>
auto gather_range(std::vector<A> awaitables) {
    using State = GatherRange<EnsuredFuture<A>, KeepErrors>;
    using R = typename State::R;
    auto* state = new State(require_loop(), awaitables.size());
    Future<R> outer{FutureRef<FutureState<R>>(state)};
    for (A& awaitable : awaitables) state->add_awaitable(std::move(awaitable));
    return outer;
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
