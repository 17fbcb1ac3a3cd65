// ThreadQueue's slow half: waiting and waking. The ring itself is in thread_queue_base.hpp.
#include "sync/thread_queue_line.hpp"

#include <algorithm>
#include <bit>
#include <condition_variable>
#include <new>
#include <thread>

namespace aio::detail {

void ThreadQueueLine::look() noexcept {
    std::atomic<std::uint32_t>& count = queue_.ring_->armed[ThreadQueueWaits::index(kind_)];
    ThreadQueueWaits& waits = *queue_.waits_;
    for (;;) {
        const std::size_t available = queue_.available(kind_);
        while (waiting_count_ > 0 && hinted_count_ < available) {
            auto& first = static_cast<ThreadQueueWaiter&>(waiting_.first());
            first.leave();
            first.flags |= ThreadQueueWaiter::kWoken;
            hinted_.push(first);
            --waiting_count_;
            ++hinted_count_;
            loop_.ready.push(&first);
        }
        if (waiting_count_ == 0 && !armed_before_) return;
        std::lock_guard lock(waits.mutex);
        armed_before_ = waiting_count_ > 0;
        if (!armed_before_) return waits.disarm(*this, kind_, count);
        waits.arm(*this, kind_, count);
        if (queue_.available(kind_) <= hinted_count_) return;
        waits.disarm(*this, kind_, count);
    }
}

// --- waiters ---------------------------------------------------------------------------------------------------

void ThreadQueueWaiter::wait(ThreadQueueBase::Kind kind, std::coroutine_handle<> frame) {
    LoopState& loop = LoopState::of(*current.task->loop());
    ThreadQueueWaits& waits = *queue_.waits_;
    {
        std::lock_guard lock(waits.mutex);
        for (ThreadQueueLine* line : waits.lines) {
            if (line->belongs_to(loop, kind)) line_ = line;
        }
        if (!line_) {
            waits.lines.reserve(waits.lines.size() + 1);
            waits.lines.push_back(line_ = new ThreadQueueLine(queue_, kind, loop));
        }
    }
    line_->enter(*this, frame);
}

void ThreadQueueWaiter::run() {
    // Cancelled after it was woken, it takes no item: whatever it was woken for is there for others.
    if ((flags & kOrphaned) || line_->take_turn(*this, task_->flags & kMustCancel)) {
        task_->forget_waiter();
        task_->step();
    }
}

// A woken waiter is in the ready queue: run() delivers the cancellation there, unless uncancel() takes it back.
bool ThreadQueueWaiter::cancel_wait(std::string_view message) noexcept {
    if (woken()) return false;
    if (flags & kListed) line_->leave(*this);
    wake_cancelled(message);
    return true;
}

void ThreadQueueWaiter::resumed() {
    if (woken_and_cancelled()) throw_cancelled(*task_);
}

void ThreadQueueWaiter::destroyed() noexcept { line_->leave(*this); }

// --- the queue ---------------------------------------------------------------------------------------------------

ThreadQueueBase::ThreadQueueBase(std::ptrdiff_t maxsize, CellShape cell) {
    if (maxsize <= 0) throw ValueError("ThreadQueue: maxsize must be positive: the queue is bounded");
    const auto limit = static_cast<std::size_t>(maxsize);
    if (limit > kAll / 2 / cell.size) throw std::bad_alloc();
    auto ring = std::make_unique<Ring>();
    auto waits = std::make_unique<ThreadQueueWaits>();
    ring->limit = limit;
    ring->one_lap = std::bit_ceil(limit + 1);
    ring->cell_size = cell.size;
    ring->cell_alignment = std::max(cell.alignment, kCacheLine);
    ring->cells = static_cast<std::byte*>(::operator new(limit * cell.size, std::align_val_t(ring->cell_alignment)));
    for (std::uint64_t i = 0; i < limit; ++i) std::construct_at(&ring->cell(i), i);
    ring_ = ring.release();
    waits_ = waits.release();
}

ThreadQueueBase::~ThreadQueueBase() {
    for (ThreadQueueLine* line : waits_->lines) line->abandon();
    delete waits_;
    ::operator delete(ring_->cells, std::align_val_t(ring_->cell_alignment));
    delete ring_;
}

// The number of positions before this one: `limit` for each lap, and the index.
std::uint64_t ThreadQueueBase::count_of(std::uint64_t position) const noexcept {
    position &= ~kClosed;
    const auto lap = position >> std::countr_zero(ring_->one_lap);
    return lap * ring_->limit + (position & (ring_->one_lap - 1));
}

std::size_t ThreadQueueBase::qsize() const noexcept {
    const std::uint64_t head = count_of(ring_->head.load());  // first: it never passes the tail
    const std::uint64_t tail = count_of(ring_->tail.load());
    return std::min<std::size_t>(tail - head, ring_->limit);
}

bool ThreadQueueBase::all_done() const noexcept { return ring_->done.load() == count_of(ring_->tail.load()); }

std::size_t ThreadQueueBase::available(Kind kind) const noexcept {
    if (kind == Kind::join) return all_done() ? kAll : 0;
    for (;;) {
        auto& end = kind == Kind::get ? ring_->head : ring_->tail;
        const std::uint64_t position = end.load();
        if (kind == Kind::put && (position & kClosed)) return kAll;
        const std::uint64_t stamp = ring_->cell(position).stamp.load();
        const std::uint64_t wanted = kind == Kind::get ? position + 1 : position;
        if (stamp == wanted) {
            const std::size_t size = qsize();
            return std::max<std::size_t>(kind == Kind::get ? size : ring_->limit - size, 1);
        }
        if (stamp < wanted) return kind == Kind::get && drained() ? kAll : 0;
        // Other threads have advanced the position meanwhile.
    }
}

void ThreadQueueBase::pass_on(Kind kind) noexcept {
    std::atomic<std::uint32_t>& count = ring_->armed[ThreadQueueWaits::index(kind)];
    if (count.load() > 0 && available(kind) > 0) waits_->tell(kind, count, false);
}

// There is one item more; and if there is still room, a put may have been overtaken by this one.
void ThreadQueueBase::tell_after_put() noexcept {
    std::atomic<std::uint32_t>& getters = ring_->armed[0];
    if (getters.load() > 0) waits_->tell(Kind::get, getters, false);
    pass_on(Kind::put);
}

void ThreadQueueBase::tell_after_get() noexcept {
    std::atomic<std::uint32_t>& putters = ring_->armed[1];
    if (putters.load() > 0) waits_->tell(Kind::put, putters, false);
    pass_on(Kind::get);
    // The last item of a queue that was shut down: the other getters wait in vain.
    if (drained()) tell_all();
}

void ThreadQueueBase::close() noexcept {
    ring_->tail.fetch_or(kClosed);
    tell_all();
}

void ThreadQueueBase::tell_all() noexcept {
    for (const Kind kind : {Kind::get, Kind::put, Kind::join}) {
        std::atomic<std::uint32_t>& count = ring_->armed[ThreadQueueWaits::index(kind)];
        if (count.load() > 0) waits_->tell(kind, count, true);
    }
}

void ThreadQueueBase::yield_thread() noexcept { std::this_thread::yield(); }

// --- task_done() and join() --------------------------------------------------------------------------------------

void ThreadQueueBase::count_done() noexcept {
    std::uint64_t done = ring_->done.load();
    while (done < count_of(ring_->tail.load()) && !ring_->done.compare_exchange_weak(done, done + 1)) {}
    std::atomic<std::uint32_t>& joiners = ring_->armed[2];
    if (joiners.load() > 0 && all_done()) waits_->tell(Kind::join, joiners, true);
}

void ThreadQueueBase::task_done() {
    std::uint64_t done = ring_->done.load();
    do {
        if (done >= count_of(ring_->tail.load())) {
            throw ValueError("ThreadQueue.task_done: called too many times: more often than items were put");
        }
    } while (!ring_->done.compare_exchange_weak(done, done + 1));
    std::atomic<std::uint32_t>& joiners = ring_->armed[2];
    if (joiners.load() > 0 && all_done()) waits_->tell(Kind::join, joiners, true);
}

// --- threads without a loop --------------------------------------------------------------------------------------

namespace {

class BlockedThread final : public QueueParty {
public:
    void tell() noexcept override {
        told = true;
        wake.notify_one();
    }
    bool told = false;
    std::condition_variable wake;
};

}  // namespace

bool ThreadQueueBase::Blocking::operator()() {
    if (current.loop) {
        throw RuntimeError(
            "ThreadQueue: a blocking call would block the event loop of this thread; await put(), get() or join()");
    }
    if (timeout_ && !deadline_) deadline_ = std::chrono::steady_clock::now() + *timeout_;
    ThreadQueueWaits& waits = *queue_.waits_;
    std::atomic<std::uint32_t>& count = queue_.ring_->armed[ThreadQueueWaits::index(kind_)];
    BlockedThread party;
    std::unique_lock lock(waits.mutex);
    waits.arm(party, kind_, count);
    const auto told = [&party] { return party.told; };
    bool look_again = queue_.available(kind_) > 0;
    if (!look_again && deadline_) {
        look_again = party.wake.wait_until(lock, *deadline_, told);
    } else if (!look_again) {
        party.wake.wait(lock, told);
        look_again = true;
    }
    waits.disarm(party, kind_, count);
    return look_again;
}

void ThreadQueueBase::throw_shut_down() { throw QueueShutDown(); }
void ThreadQueueBase::throw_full() { throw QueueFull(); }
void ThreadQueueBase::throw_empty() { throw QueueEmpty(); }

}  // namespace aio::detail
