// The ready queue: what the event loop runs in its next pass, in first-in first-out order.
//
// It is a list threaded through the things that run (tasks, handles, waiters), so that making something
// ready allocates nothing and cannot fail: completing, cancelling and waking are noexcept all the way.
#pragma once

#include <aio/base/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace aio::detail {

// What a Ready is, so that the loop steps a task without a virtual call.
enum class Kind : std::uint8_t { task, future, callback };

enum class State : std::uint8_t { pending, finished, failed, cancelled };

class CoroOwner;

// Anything that can stand in the ready queue. It stands in at most one place at a time.
struct Ready {
    union {
        Ready* next_ready = nullptr;  // in the ready queue, or in a future's callbacks
        std::int64_t deadline_ns;     // in the TimerQueue: nanoseconds on the loop's clock
        std::uintptr_t waits_on;      // a task that waits, and is not ready: TaskBase::waiter()
        CoroOwner* owned_by;          // a coroutine awaited in place: the object in its awaiter's frame that owns it
    };
    union {
        std::uint32_t references;   // tasks, futures, handles: shared by non-atomic count, on the loop's thread
        std::uint32_t timer_index;  // timer nodes: their place in the TimerQueue
    };
    Kind kind;
    State state = State::pending;
    std::uint8_t flags = 0;
    std::uint8_t cancel_requests = 0;  // Task.cancelling(), up to 127, the rest in TaskExtras; kReturned

    explicit Ready(Kind k) noexcept : references(0), kind(k) {}
    Ready(const Ready&) = delete;
    Ready& operator=(const Ready&) = delete;
};

// In Callback::flags, for the callbacks of futures.
inline constexpr std::uint8_t kWantsFuture = 1;  // scheduled_by() must be told
inline constexpr std::uint8_t kWakesTask = 2;    // a Waiter whose task is to be stepped: that one is scheduled
inline constexpr std::uint8_t kShared = 32;      // watches many futures: see CallbackList
inline constexpr std::uint8_t kRelay = 64;       // the list's own

class FutureBase;

// Something that runs once, when the loop comes to it.
class Callback : public Ready {
public:
    Callback() noexcept : Ready(Kind::callback) {}

    // Called by the loop. What it throws leaves run_forever(): only KeyboardInterrupt and SystemExit may.
    virtual void run() = 0;
    // Called instead of run() when it will never run: the loop closed, or what it waited for was destroyed.
    virtual void discard() noexcept {}
    // The task that run() steps, for reports and shuffling; null for plain callbacks.
    virtual class TaskBase* task() const noexcept { return nullptr; }
    // With kWantsFuture in flags: the future that this was registered with is done. False: there is nothing to run.
    virtual bool scheduled_by(FutureBase&) noexcept { return true; }
    // One that starts several tasks, which are not in the ready queue themselves: puts them into the loop's list of tasks.
    virtual void link_tasks() noexcept {}
    // How many tasks it will start that are in no list and no queue.
    virtual std::size_t tasks_to_start() const noexcept { return 0; }
    // "<Handle ...>" for reports. Static storage or owned by this object.
    virtual const char* name() const noexcept { return "callback"; }

protected:
    ~Callback() = default;
};

class ReadyQueue {
public:
    ReadyQueue() noexcept : end_(&first_) {}
    ReadyQueue(const ReadyQueue&) = delete;
    ReadyQueue& operator=(const ReadyQueue&) = delete;

    bool empty() const noexcept { return first_ == nullptr; }
    Ready* first() const noexcept { return first_; }

    void push(Ready* item) noexcept {
        AIO_ASSERT(end_ != &item->next_ready);  // twice
        item->next_ready = nullptr;
        *end_ = item;
        end_ = &item->next_ready;
    }

    // Precondition: not empty.
    Ready* pop() noexcept {
        AIO_ASSERT(first_);
        Ready* item = first_;
        first_ = item->next_ready;
        if (!first_) end_ = &first_;
        return item;
    }

    // Puts the rest of an interrupted pass back in front.
    void prepend(Ready* first) noexcept {
        if (!first) return;
        Ready* last = first;
        while (last->next_ready) last = last->next_ready;
        last->next_ready = first_;
        if (!first_) end_ = &last->next_ready;
        first_ = first;
    }

    // Empties the queue; the chain ends with null.
    Ready* take_all() noexcept {
        end_ = &first_;
        return std::exchange(first_, nullptr);
    }

private:
    Ready* first_ = nullptr;
    Ready** end_;  // where the next item's address goes: &first_, or the last item's next_ready
};

void wake_task_of(Callback& waiter, ReadyQueue& ready) noexcept;  // waiter.hpp

// `callback` was registered with `future`, which is done.
inline void schedule_one(Callback& callback, ReadyQueue& ready, FutureBase& future) noexcept {
    if (callback.flags & kWakesTask) return wake_task_of(callback, ready);
    if ((callback.flags & kWantsFuture) && !callback.scheduled_by(future)) return;
    ready.push(&callback);
}

// The callbacks of a pending future, in order of registration: a circular list known by its last element.
//
// A gather of a million children watches them all with one callback, whose flags have kShared: linked to itself, it is
// the whole list of each of them. In a list with others an allocated relay stands for it. Such a callback must have
// kWantsFuture, and nothing to run.
//
// Nearly every list is one waiter, whose task is to be woken. A bit beside its address says so: nothing of it need be read
// then, and it is not linked.
class CallbackList {
public:
    bool empty() const noexcept { return last_ == 0; }

    // Errors: std::bad_alloc, if a shared callback and another one meet; nothing was added.
    void push(Callback* item) {
        AIO_ASSERT(last_ != address(item) || item->flags & kShared);  // twice
        if (last_) [[unlikely]]
            return push_behind(item);
        item->next_ready = item;
        last_ = address(item);
    }
    // The same for one with kWakesTask.
    void push_waiter(Callback* waiter) {
        AIO_ASSERT(waiter->flags & kWakesTask);
        if (last_) [[unlikely]]
            return push_behind(waiter);
        last_ = address(waiter) | kOneWaiter;
    }

    // False when `item` is not in the list.
    bool remove(Callback* item) noexcept;

    // Whether one waiter is known to be all there is, which take_one() wants.
    bool wakes_one_task() const noexcept { return (last_ & kOneWaiter) != 0; }
    Callback& take_one() noexcept {
        AIO_ASSERT(wakes_one_task());
        return static_cast<Callback&>(*reinterpret_cast<Ready*>(std::exchange(last_, 0) - kOneWaiter));
    }

    // Moves all of them, or the tasks they wake, to the ready queue.
    void schedule(ReadyQueue& ready, FutureBase& future) noexcept {
        if (!last_) return;
        Ready* const last = take_ring();
        Ready* item = last->next_ready;
        while (true) {
            Ready* next = item->next_ready;
            schedule_one(static_cast<Callback&>(*item), ready, future);
            if (item == last) return;
            item = next;
        }
    }

    // Discards all of them.
    void discard() noexcept;

    // Unlinks all, none of which is shared, and runs each: for waits that end with it.
    void run_all() noexcept {
        if (!last_) return;
        auto* item = static_cast<Callback*>(std::exchange(take_ring()->next_ready, nullptr));
        while (item) {
            Callback* const next = static_cast<Callback*>(item->next_ready);
            item->run();
            item = next;
        }
    }

    template <class F>
    void for_each(F&& f) const {
        if (!last_) return;
        if (wakes_one_task()) return f(static_cast<Callback&>(*reinterpret_cast<Ready*>(last_ - kOneWaiter)));
        Ready* const last = reinterpret_cast<Ready*>(last_);
        Ready* item = last;
        do {
            item = item->next_ready;
            f(static_cast<Callback&>(*item));
        } while (item != last);
    }

private:
    static constexpr std::uintptr_t kOneWaiter = 1;

    static std::uintptr_t address(Ready* item) noexcept { return reinterpret_cast<std::uintptr_t>(item); }
    void push_behind(Callback* item);
    // The last element, linked to the first. Precondition: not empty.
    Ready* ring() const noexcept {
        AIO_ASSERT(last_);
        if (!wakes_one_task()) return reinterpret_cast<Ready*>(last_);
        auto* waiter = reinterpret_cast<Ready*>(last_ - kOneWaiter);
        waiter->next_ready = waiter;
        return waiter;
    }
    Ready* take_ring() noexcept {
        Ready* const last = ring();
        last_ = 0;
        return last;
    }

    std::uintptr_t last_ = 0;  // the address of the last element, and kOneWaiter
};

}  // namespace aio::detail
