// The tasks that wait for a primitive, first come first served.
//
// A waiter is a node in the awaiting coroutine's frame, linked into the primitive's WaitList: waiting, waking and
// cancelling allocate nothing. A waiter is in one of three states, as a future in CPython's _waiters is:
//
//   waiting    in the list; Task.cancel() takes it out and wakes the task with CancelledError
//   woken      it got what it waited for, and its task runs in the next pass (kWoken)
//   cancelled  its task is to throw CancelledError; if it had been woken before, await_resume() must give back
//              what it was handed, or the wake would be lost (semantics 34)
//
// A primitive that is destroyed while tasks wait for it lets go of them: cancelled, they end as usual; woken, they
// throw RuntimeError. Loops that close with tasks half-way get there, in whatever order frames are destroyed.
#pragma once

#include <aio/base/assert.hpp>
#include <aio/core/waiter.hpp>

#include <cstddef>

namespace aio::detail {

class WaitList;

// No initialisers: it is written when a waiter enters a list, which the fast paths never do.
struct WaitLink {
    WaitLink* next;
    WaitLink* previous;
};

class ListWaiter : public Waiter, public WaitLink {
public:
    // In flags.
    static constexpr std::uint8_t kListed = 8;
    static constexpr std::uint8_t kWoken = 16;
    static constexpr std::uint8_t kOrphaned = 32;  // the primitive is gone

    // While it waits: out of the list, and the task is woken with CancelledError.
    bool cancel_wait(std::string_view message) noexcept override;

    bool woken() const noexcept { return flags & kWoken; }
    using Waiter::wake;
    // Joins the end of `list` and suspends the current task. Errors: RuntimeError when the list belongs to another loop:
    // a primitive belongs to the loop whose task was the first to wait for it, until that loop is closed.
    void enter(WaitList& list, std::coroutine_handle<> frame);
    void leave() noexcept {
        AIO_ASSERT(flags & kListed);
        next->previous = previous;
        previous->next = next;
        flags &= static_cast<std::uint8_t>(~kListed);
    }

protected:
    ListWaiter() noexcept = default;
    ~ListWaiter() {
        if (flags & kListed) [[unlikely]]
            leave();
    }

    // On resumption, before the primitive is touched: leaves the list of the woken. True when the task was cancelled
    // after it was woken. Errors: CancelledError when it was cancelled while it waited (the primitive may be gone by
    // now); RuntimeError when the primitive is gone.
    bool woken_and_cancelled() {
        if ((flags & (kWoken | kOrphaned)) != kWoken) [[unlikely]]
            throw_not_woken();
        if (flags & kListed) leave();
        return cancelled();
    }

private:
    [[noreturn]] void throw_not_woken();
};

class WaitList {
public:
    WaitList() noexcept { head_.next = head_.previous = &head_; }
    ~WaitList() {
        if (!empty()) [[unlikely]]
            let_go();
    }
    WaitList(const WaitList&) = delete;
    WaitList& operator=(const WaitList&) = delete;

    bool empty() const noexcept { return head_.next == &head_; }
    // Counts them.
    std::size_t size() const noexcept;
    // Precondition: not empty.
    ListWaiter& first() noexcept {
        AIO_ASSERT(!empty());
        return static_cast<ListWaiter&>(*head_.next);
    }
    void push(ListWaiter& waiter) noexcept {
        AIO_ASSERT(!(waiter.flags & ListWaiter::kListed));
        waiter.previous = head_.previous;
        waiter.next = &head_;
        waiter.previous->next = &waiter;
        head_.previous = &waiter;
        waiter.flags |= ListWaiter::kListed;
    }

    // Wakes the first waiter, which leaves the list. False when there is none.
    bool wake_first() noexcept;
    void wake_all() noexcept {
        while (wake_first()) {}
    }
    // The same, but it moves to the end of `woken` until it runs.
    bool wake_first_into(WaitList& woken) noexcept;
    // Wakes the first waiter, unless it is awake already, and leaves it where it is.
    void wake_in_place() noexcept;

private:
    void let_go() noexcept;
    // Makes it the current task's loop's. False when another loop has it.
    bool bind() noexcept;

    friend class ListWaiter;
    WaitLink head_;
    const LoopCore* loop_ = nullptr;  // to whose tasks it belongs, as long as that loop has this number
    std::uint64_t loop_number_ = 0;
};

}  // namespace aio::detail
