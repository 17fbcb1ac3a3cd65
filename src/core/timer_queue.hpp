// The timers of a loop, earliest first; equal deadlines in the order in which they were added.
//
// Most timers are armed with a delay that was used before (time-outs, keep-alives, sleeps in a loop), hence in
// order of their deadline. Those stand in a sorted run: a ring where arming, firing and cancelling are O(1) and
// touch nothing else. A timer that is earlier than the run's last goes to a 4-ary heap beside it. The run wins
// ties: what stands there with the same deadline was added before, because only what is later than all of the heap
// is appended.
//
// A cancelled timer leaves at once; in the run it leaves a hole, and holes are squeezed out when they are the
// majority (semantics 2: a program that arms and cancels for ever does not grow).
#pragma once

#include <aio/core/handle.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace aio::detail {

class TimerQueue {
public:
    TimerQueue() = default;
    ~TimerQueue();
    TimerQueue(const TimerQueue&) = delete;
    TimerQueue& operator=(const TimerQueue&) = delete;

    // Errors: std::bad_alloc, and nothing changed.
    void push(Callback& timer, TimePoint when);
    // `timer` must stand in the queue.
    void remove(Callback& timer) noexcept;

    bool empty() const noexcept { return size() == 0; }
    std::size_t size() const noexcept { return live_in_run_ + heap_.size(); }
    // The earliest deadline. Precondition: not empty.
    TimePoint next() const noexcept;

    // Moves the timers due at `now` to `ready`, in order.
    void pop_due(TimePoint now, ReadyQueue& ready) noexcept;
    // Takes the earliest one out, whatever its deadline; null when empty.
    Callback* pop() noexcept;

    // Gives back the room that a peak took.
    void trim() noexcept;

    // Whether `timer`, which stood here, still does: false once pop() moved it to a ready queue.
    bool holds(const Callback& timer) const noexcept;

    // Room used, holes included; for tests of semantics 2.
    std::size_t capacity_used() const noexcept { return run_size_ + heap_.size(); }

private:
    struct HeapEntry {
        TimePoint when;
        std::uint64_t order;
        Callback* timer;
        bool operator<(const HeapEntry& other) const noexcept {
            return when != other.when ? when < other.when : order < other.order;
        }
    };
    static constexpr std::uint32_t kInRun = 0x80000000;

    static TimePoint deadline(const Callback& timer) noexcept { return TimePoint(Duration(timer.deadline_ns)); }

    void append_to_run(Callback& timer);
    // A position counts from the first timer ever (modulo 2^31).
    Callback*& run_at(std::uint32_t position) noexcept { return run_[position & (run_capacity_ - 1)]; }
    Callback* run_at(std::uint32_t position) const noexcept { return run_[position & (run_capacity_ - 1)]; }
    Callback* run_last() const noexcept { return run_at(run_head_ + run_size_ - 1); }
    void drop_run_head() noexcept;
    void drop_run_tail() noexcept;
    void grow_run();
    void squeeze_run() noexcept;
    bool run_is_first() const noexcept;

    void place(std::size_t index, const HeapEntry& entry) noexcept;
    void sift_up(std::size_t index, HeapEntry entry) noexcept;
    void sift_down(std::size_t index, HeapEntry entry) noexcept;
    void remove_from_heap(std::size_t index) noexcept;

    // The run: a ring of a power of two pointers; null where a timer was cancelled. Its ends, if it is not
    // empty, are live. Eight bytes a timer, and no second copy while it grows: the kernel moves the pages.
    Callback** run_ = nullptr;
    std::uint32_t run_capacity_ = 0;
    std::uint32_t run_head_ = 0;
    std::uint32_t run_size_ = 0;  // with holes
    std::size_t live_in_run_ = 0;

    std::vector<HeapEntry> heap_;
    TimePoint heap_latest_{};  // unless it is empty: none of its entries is later
    std::uint64_t next_order_ = 0;
};

}  // namespace aio::detail
