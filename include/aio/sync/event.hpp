// Event: a flag that tasks wait for.
//
//     aio::Event started;
//     ...
//     co_await started.wait();                    // until started.set() is called
//
// Thread rule: a loop's thread only; from another one, loop.call_soon_threadsafe([&] { event.set(); }).
// Source: asyncio.Event, CPython 3.12 locks.py.
#pragma once

#include <aio/sync/lock.hpp>

namespace aio {

class Event;

// The result of Event::statistics().
struct EventStatistics {
    bool is_set;
    std::size_t waiters;  // tasks in wait() that are not woken yet
};

namespace detail {

class EventAwaiter final : public ListWaiter {
public:
    explicit EventAwaiter(Event& event) noexcept : event_(event) {}

    bool await_ready() const noexcept;
    void await_suspend(std::coroutine_handle<> frame);
    // Once woken, it does not look at the event again: that may be cleared by now, or gone.
    bool await_resume() {
        check_cancelled();
        return true;
    }
    static constexpr const char* kCall = "Event.wait()";
    const char* name() const noexcept override { return kCall; }

private:
    Event& event_;
};

}  // namespace detail

// A flag that tasks wait for: asyncio.Event. It is unset at first.
class Event {
public:
    Event() noexcept = default;
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    // Waits until the flag is set. Result: true. If it is set already, the await does not suspend.
    // Resumes: all waiters in the pass after set(), in the order of their calls, even if clear() follows at once.
    // Cancel: nothing is lost.
    detail::Operand<detail::EventAwaiter, Event> wait() noexcept {
        return detail::Operand<detail::EventAwaiter, Event>(*this);
    }

    // Sets the flag and wakes all waiters. No effect on a flag that is set.
    void set() noexcept {
        set_ = true;
        if (!waiters_.empty()) waiters_.wake_all();
    }
    // Unsets the flag: from now on wait() suspends.
    void clear() noexcept { set_ = false; }
    bool is_set() const noexcept { return set_; }  // set() was called, and no clear() since

    // The numbers of the present state.
    EventStatistics statistics() const noexcept { return {set_, waiters_.size()}; }
    // "<Event unset, waiters: 2>"
    std::string describe() const;

private:
    friend class detail::EventAwaiter;

    bool set_ = false;
    detail::WaitList waiters_;
};

// ---------------------------------------------------------------------------------------------------------

namespace detail {

inline bool EventAwaiter::await_ready() const noexcept { return event_.set_; }
inline void EventAwaiter::await_suspend(std::coroutine_handle<> frame) { enter(event_.waiters_, frame); }

}  // namespace detail

}  // namespace aio
