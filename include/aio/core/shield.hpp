// shield(): protect an awaitable from the cancellation of the task that awaits it.
//
//     int result = co_await aio::shield(must_finish());    // cancelled here, must_finish() keeps running
//
// Source: asyncio.shield, CPython 3.14 tasks.py.
#pragma once

#include <aio/core/event_loop.hpp>

#include <memory>

namespace aio {

namespace detail {

// Follows `inner` on behalf of a shielding future, and reports its exception once the shielding future was cancelled.
class ShieldBase : public Callback {
public:
    const char* name() const noexcept override { return "shield"; }

protected:
    ShieldBase() = default;
    ~ShieldBase() = default;
    static void inner_failed(FutureObject& outer, FutureBase& inner);
    // The outer future was cancelled: an error of `inner` would be lost with it (semantics 20).
    static void watch_alone(FutureBase& inner) noexcept;
};

template <class F>
class ShieldState final : public FutureState<typename F::value_type> {
    using T = typename F::value_type;

public:
    ShieldState(LoopCore& loop, F inner) : FutureState<T>(&loop), inner_(std::move(inner)), link_(*this) {
        inner_.base()->done() ? take_over() : inner_.base()->add_callback(link_);
    }
    ~ShieldState() override { inner_.base()->remove_callback(link_); }

    bool cancel_this(std::string_view message) noexcept override {
        if (!FutureObject::cancel_this(message)) return false;
        if (inner_.base()->remove_callback(link_)) Link::watch(*inner_.base());
        return true;
    }
    std::string_view describe() const noexcept override { return "ShieldingFuture"; }

private:
    class Link final : public ShieldBase {
    public:
        explicit Link(ShieldState& outer) noexcept : outer_(outer) { flags = kWantsFuture; }
        // Keeps the outer future alive only while this link is in the ready queue.
        bool scheduled_by(FutureBase&) noexcept override {
            scheduled_ = true;
            outer_.retain();
            return true;
        }
        void run() override { outer_.inner_done(); }
        void discard() noexcept override {
            if (scheduled_) outer_.release();
        }
        static void watch(FutureBase& inner) noexcept { watch_alone(inner); }
        static void fail(FutureObject& outer, FutureBase& inner) { inner_failed(outer, inner); }

    private:
        ShieldState& outer_;
        bool scheduled_ = false;
    };

    void inner_done() {
        FutureRef<FutureBase> self = FutureRef<FutureBase>::share(this);
        this->release();
        take_over();
    }
    void take_over() {
        FutureBase& inner = *inner_.base();
        if (inner.state != State::finished || this->done()) return Link::fail(*this, inner);
        try {
            if constexpr (std::is_reference_v<T>) {
                this->value = &take_value<T>(*inner_.state(), 1);
            } else if constexpr (!std::is_void_v<T>) {
                this->value.emplace(take_value<T>(*inner_.state(), 1));
            }
            this->finish();
        } catch (...) {
            this->finish_with(std::current_exception());
        }
    }

    F inner_;
    Link link_;
};

}  // namespace detail

// Result: a Future that takes over the result of `awaitable`, which is made a task if it is a coroutine. If `awaitable`
// is done already, so is the Future: awaiting it does not suspend.
// Errors: RuntimeError when no loop runs, or `awaitable` is a future or task of another loop.
// Cancel: cancels this Future only; `awaitable` keeps running, and an exception of it is then reported to the loop's
// exception handler, once for all shields of it. If `awaitable` itself is cancelled, so is the Future.
template <class A>
    requires detail::TaskSource<A>
auto shield(A&& awaitable) {
    AIO_CHECK_LAMBDA(A);
    detail::LoopCore& loop = detail::require_loop();
    auto inner = ensure_future(std::forward<A>(awaitable));
    detail::check_loop("shield", *inner.base(), &loop);
    using F = decltype(inner);
    using T = typename F::value_type;
    return Future<T>(detail::FutureRef<detail::FutureState<T>>(new detail::ShieldState<F>(loop, std::move(inner))));
}

}  // namespace aio
