// Handle and TimerHandle: the results of call_soon, call_later and call_at; cancel() keeps the call from running.
// Source: asyncio.Handle, CPython 3.12 events.py.
#pragma once

#include <aio/core/context.hpp>
#include <aio/core/frame_pool.hpp>
#include <aio/core/loop_core.hpp>
#include <aio/core/time.hpp>

#include <atomic>
#include <concepts>
#include <optional>
#include <string>
#include <tuple>
#include <typeinfo>
#include <utility>

namespace aio {

namespace detail {

// A call that the loop will make, in the context that was current when it was asked for. Counted by the loop
// while it is scheduled and by each Handle.
class Call : public Callback {
public:
    static void* operator new(std::size_t bytes) { return frame_pool.allocate(bytes); }
    static void operator delete(void* call, std::size_t bytes) noexcept { frame_pool.deallocate(call, bytes); }
    virtual ~Call() = default;

    void run() final;
    void discard() noexcept final {
        in_timer_queue = false;
        finish();
    }
    const char* name() const noexcept override { return "Handle"; }
    // The type of the function, for reports.
    virtual const std::type_info& target_type() const noexcept = 0;

    void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    // Calls the function and keeps it for another time (add_reader, signal handlers).
    void call_again();

    bool cancelled() const noexcept { return cancelled_; }
    // Frees the function and its arguments. A timer leaves the timer queue.
    void cancel() noexcept;

    LoopCore* loop = nullptr;  // with a timer: the loop that has it in its queue
    TimePoint when{};
    bool in_timer_queue = false;
    ContextSlot context = read_context();

protected:
    virtual void invoke() = 0;
    virtual void drop_function() noexcept = 0;

private:
    // The loop is done with it. While a Handle is left, perhaps on another thread, the function and its arguments are
    // destroyed here: they may hold what belongs to the loop's thread.
    void finish() noexcept {
        if (references_.load(std::memory_order_relaxed) > 1) drop_function();
        release();
    }

    std::atomic<std::uint32_t> references_{1};  // atomic for call_soon_threadsafe's
    bool cancelled_ = false;
    bool running_ = false;
};

template <class F, class... Args>
class CallOf final : public Call {
public:
    template <class G, class... Given>
    explicit CallOf(G&& function, Given&&... args)
        : function_(std::forward<G>(function)), arguments_(std::in_place, std::forward<Given>(args)...) {}

    const std::type_info& target_type() const noexcept override { return typeid(F); }

private:
    void invoke() override { std::apply(*function_, *arguments_); }
    void drop_function() noexcept override {
        function_.reset();
        arguments_.reset();
    }

    std::optional<F> function_;
    std::optional<std::tuple<Args...>> arguments_;
};

template <class F, class... Args>
Call* make_call(F&& function, Args&&... args) {
    static_assert(alignof(CallOf<std::decay_t<F>, std::decay_t<Args>...>) <= FramePool::kMaxAlignment,
                  "what a callback captures may not be aligned to more than 64 bytes");
    return new CallOf<std::decay_t<F>, std::decay_t<Args>...>(std::forward<F>(function), std::forward<Args>(args)...);
}

}  // namespace detail

// A scheduled call: asyncio.Handle. Copies name the same call; dropping them does not cancel it.
class Handle {
public:
    Handle() noexcept = default;
    explicit Handle(detail::Call* call) noexcept : call_(call) { call_->retain(); }
    Handle(const Handle& other) noexcept : call_(other.call_) {
        if (call_) call_->retain();
    }
    Handle(Handle&& other) noexcept : call_(std::exchange(other.call_, nullptr)) {}
    Handle& operator=(Handle other) noexcept {
        std::swap(call_, other.call_);
        return *this;
    }
    ~Handle() {
        if (call_) call_->release();
    }

    // The function will not be called, and is destroyed now; a function that is running is destroyed when it returns.
    // No effect once it was called.
    void cancel() const noexcept {
        if (call_) call_->cancel();
    }
    // Whether cancel() was called.
    bool cancelled() const noexcept { return call_ && call_->cancelled(); }
    // False for a default-constructed handle.
    explicit operator bool() const noexcept { return call_ != nullptr; }
    // Identity: whether both name the same call.
    bool operator==(const Handle& other) const noexcept { return call_ == other.call_; }

    // For the library: the call; null for a default-constructed handle.
    const detail::Call* call() const noexcept { return call_; }

protected:
    detail::Call* call_ = nullptr;
};

// A call of call_later() or call_at(): asyncio.TimerHandle. Handles are ordered by the moment of their calls.
class TimerHandle : public Handle {
public:
    using Handle::Handle;
    // The moment of the call, on the loop's clock; TimePoint::max() of a default-constructed handle.
    TimePoint when() const noexcept { return call_ ? call_->when : TimePoint::max(); }
    bool operator==(const TimerHandle& other) const noexcept { return call_ == other.call_; }
    auto operator<=>(const TimerHandle& other) const noexcept { return when() <=> other.when(); }
};

}  // namespace aio
