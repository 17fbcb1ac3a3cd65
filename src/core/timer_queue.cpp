// The two halves of the timer queue: a ring for the sorted run, then a 4-ary heap. The header explains why there are
// two; event_loop.cpp asks for the next deadline, and after each poll for the timers that are due.
#include "core/timer_queue.hpp"

#include <aio/base/assert.hpp>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

namespace aio::detail {

namespace {
constexpr std::uint32_t kPositionMask = 0x7fffffff;
constexpr std::uint32_t kGone = 0x7fffffff;  // not an index: a heap never has as many entries
constexpr std::uint32_t kHolesBeforeSqueeze = 100;
constexpr std::size_t kArity = 4;
}  // namespace

TimerQueue::~TimerQueue() { std::free(run_); }

void TimerQueue::push(Callback& timer, TimePoint when) {
    const bool after_run = run_size_ == 0 || when >= deadline(*run_last());
    if (after_run && (heap_.empty() || when > heap_latest_)) {
        append_to_run(timer);
    } else {
        heap_latest_ = heap_.empty() ? when : std::max(heap_latest_, when);
        heap_.push_back({when, next_order_, &timer});
        sift_up(heap_.size() - 1, {when, next_order_++, &timer});
    }
    timer.deadline_ns = when.time_since_epoch().count();
}

void TimerQueue::append_to_run(Callback& timer) {
    if (run_size_ == run_capacity_) grow_run();
    const std::uint32_t position = run_head_ + run_size_;
    run_at(position) = &timer;
    timer.timer_index = kInRun | (position & kPositionMask);
    ++run_size_;
    ++live_in_run_;
}

void TimerQueue::remove(Callback& timer) noexcept {
    AIO_ASSERT(holds(timer));
    if (!(timer.timer_index & kInRun)) return remove_from_heap(timer.timer_index);
    // Positions are kept modulo 2^31; the distance from the head tells the rest.
    const std::uint32_t distance = (timer.timer_index - run_head_) & kPositionMask;
    run_at(run_head_ + distance) = nullptr;
    --live_in_run_;
    if (distance == 0) {
        drop_run_head();
    } else if (distance + 1 == run_size_) {
        drop_run_tail();
    } else if (run_size_ - live_in_run_ > kHolesBeforeSqueeze && live_in_run_ < run_size_ / 2) {
        squeeze_run();
    }
}

// Drops the head, which is a hole or was taken, and the holes after it.
void TimerQueue::drop_run_head() noexcept {
    do {
        ++run_head_;
        --run_size_;
    } while (run_size_ > 0 && !run_at(run_head_));
}

// The same at the other end.
void TimerQueue::drop_run_tail() noexcept {
    do {
        --run_size_;
    } while (run_size_ > 0 && !run_last());
}

void TimerQueue::grow_run() {
    const std::uint32_t capacity = std::max<std::uint32_t>(16, run_capacity_ * 2);
    auto* larger = static_cast<Callback**>(std::realloc(run_, capacity * sizeof(Callback*)));
    if (!larger) throw std::bad_alloc();
    // Positions keep their place modulo the new capacity: an odd round of the old ring moves up.
    for (std::uint32_t i = 0; i < run_size_; ++i) {
        const std::uint32_t position = run_head_ + i;
        const std::uint32_t from = position & (run_capacity_ - 1), to = position & (capacity - 1);
        if (from != to) larger[to] = larger[from];
    }
    run_ = larger;
    run_capacity_ = capacity;
}

void TimerQueue::trim() noexcept {
    constexpr std::size_t kKept = 4096;
    if (run_size_ == 0 && run_capacity_ > kKept) {
        std::free(std::exchange(run_, nullptr));
        run_capacity_ = 0;
    }
    if (heap_.capacity() <= kKept || heap_.size() > heap_.capacity() / 4) return;
    try {
        heap_.shrink_to_fit();
    } catch (const std::bad_alloc&) {
        // There is no room to make it smaller.
    }
}

void TimerQueue::squeeze_run() noexcept {
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < run_size_; ++i) {
        Callback* timer = run_at(run_head_ + i);
        if (!timer) continue;
        const std::uint32_t position = run_head_ + kept++;
        run_at(position) = timer;
        timer->timer_index = kInRun | (position & kPositionMask);
    }
    run_size_ = kept;
}

bool TimerQueue::run_is_first() const noexcept {
    if (run_size_ == 0) return false;
    return heap_.empty() || deadline(*run_at(run_head_)) <= heap_.front().when;
}

TimePoint TimerQueue::next() const noexcept {
    AIO_ASSERT(!empty());
    return run_is_first() ? deadline(*run_at(run_head_)) : heap_.front().when;
}

Callback* TimerQueue::pop() noexcept {
    if (empty()) return nullptr;
    Callback* timer;
    if (run_is_first()) {
        timer = run_at(run_head_);
        --live_in_run_;
        drop_run_head();
    } else {
        timer = heap_.front().timer;
        remove_from_heap(0);
    }
    timer->timer_index = kGone;
    return timer;
}

bool TimerQueue::holds(const Callback& timer) const noexcept { return timer.timer_index != kGone; }

void TimerQueue::pop_due(TimePoint now, ReadyQueue& ready) noexcept {
    while (!empty() && next() <= now) ready.push(pop());
}

void TimerQueue::place(std::size_t index, const HeapEntry& entry) noexcept {
    heap_[index] = entry;
    entry.timer->timer_index = static_cast<std::uint32_t>(index);
}

void TimerQueue::sift_up(std::size_t index, HeapEntry entry) noexcept {
    while (index > 0) {
        const std::size_t parent = (index - 1) / kArity;
        if (!(entry < heap_[parent])) break;
        place(index, heap_[parent]);
        index = parent;
    }
    place(index, entry);
}

void TimerQueue::sift_down(std::size_t index, HeapEntry entry) noexcept {
    while (true) {
        const std::size_t first = index * kArity + 1;
        if (first >= heap_.size()) break;
        const std::size_t last = std::min(first + kArity, heap_.size());
        std::size_t least = first;
        for (std::size_t child = first + 1; child < last; ++child) {
            if (heap_[child] < heap_[least]) least = child;
        }
        if (!(heap_[least] < entry)) break;
        place(index, heap_[least]);
        index = least;
    }
    place(index, entry);
}

void TimerQueue::remove_from_heap(std::size_t index) noexcept {
    const HeapEntry moved = heap_.back();
    heap_.pop_back();
    if (index == heap_.size()) return;
    if (index > 0 && moved < heap_[(index - 1) / kArity]) {
        sift_up(index, moved);
    } else {
        sift_down(index, moved);
    }
}

}  // namespace aio::detail
