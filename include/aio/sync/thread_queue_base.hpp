// The half of ThreadQueue that does not depend on the items: the ring's positions, waiters, shutdown. Internal to
// thread_queue.hpp.
//
// The ring. `head` and `tail` count positions: a lap in the upper bits, an index into the cells in the lower ones. The
// stamp of a cell determines which operation may use it next:
//
//     stamp == position                the cell is free, for the put of that position
//     stamp == position + 1            it holds the item of that position
//     stamp == position + one lap      the item was taken: free again, for the next lap
//
// A put reads the stamp at the tail, advances the tail by compare-and-swap, which makes the cell its own, writes the
// item, and sets the stamp. A get does the same at the head. Two threads contend only in the swap.
//
// Memory ordering. The item's bytes need only acquire and release of its cell's stamp. Waiting needs more: a getter
// announces that it waits and then looks for an item; a putter publishes an item and then looks for waiters. If each
// could see the state before the other's write, neither would act: the item would stay in the ring and the getter sleep
// for ever. So no store may be passed by a later load of another variable, which only sequential consistency
// guarantees. Therefore every access to a stamp, to head and tail, and to the counts of waiters (`armed`) is seq_cst:
// in their single total order either the putter's load of `armed` follows the getter's increment, and the getter is
// woken; or the getter's load of the stamp follows the putter's store, and it sees the item. On x86 that costs one
// locked instruction per operation, the store of the stamp; loads are plain, and a fence would cost the same. (A fence
// would also be invisible to ThreadSanitizer.)
//
// A put that was overtaken. The puts of positions 5 and 6 have both claimed a cell; 6 publishes first, and wakes getter
// A, which finds nothing at the head, because 5 is not written yet, and sleeps again. Then 5 publishes and wakes getter
// B, which takes 5; the item of 6 stays, its wake-up spent. So each operation that advances the head also looks at the
// next cell, and when that holds an item while a getter waits, wakes one (after_get; after_put does it for room).
#pragma once

#include <aio/core/time.hpp>
#include <aio/sync/wait_list.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace aio::detail {

class ThreadQueueBase;
class ThreadQueueLine;  // those of one loop who wait for one thing
struct ThreadQueueWaits;

template <class Awaiter, class Primitive>
class Operand;
class ThreadQueueJoiner;

// The members of ThreadQueue that do not depend on the items.
class ThreadQueueBase {
public:
    ThreadQueueBase(const ThreadQueueBase&) = delete;
    ThreadQueueBase& operator=(const ThreadQueueBase&) = delete;

    // The number of items in the queue at some moment during the call, and whether it is 0 or maxsize then.
    std::size_t qsize() const noexcept;
    bool empty() const noexcept { return qsize() == 0; }
    bool full() const noexcept { return qsize() >= ring_->limit; }
    // The greatest number of items.
    std::size_t maxsize() const noexcept { return ring_->limit; }

    // Counts one item, which get() returned, as done. The last one wakes the tasks in join(). Errors: ValueError when
    // called more often than items were put.
    void task_done();
    // Waits until task_done() was called for every item that was put in. Cancel: nothing is lost.
    Operand<ThreadQueueJoiner, ThreadQueueBase> join() noexcept;

protected:
    friend class ThreadQueueWaiter;
    friend class ThreadQueueLine;
    friend struct ThreadQueueWaits;
    friend class ThreadQueueJoiner;
    template <class T>
    friend class ThreadGetAwaiter;
    template <class T>
    friend class ThreadPutAwaiter;

    // The kinds of waits: for an item, for room, for the end of all work.
    enum class Kind : std::uint8_t { get, put, join };
    static constexpr std::size_t kKinds = 3;
    enum class Attempt : std::uint8_t { done, must_wait, shut_down };

    struct CellBase {
        std::atomic<std::uint64_t> stamp;
    };
    struct CellShape {
        std::size_t size, alignment;
    };
    static constexpr std::size_t kCacheLine = 64;
    static constexpr std::uint64_t kClosed = std::uint64_t{1} << 63;  // in the tail

    // Not a member but on the heap: coroutine frames are not aligned to cache lines.
    struct alignas(kCacheLine) Ring {
        std::uint64_t one_lap;  // a power of two, more than limit
        std::size_t limit;
        std::byte* cells;
        std::size_t cell_size, cell_alignment;
        alignas(kCacheLine) std::atomic<std::uint64_t> head{0};
        alignas(kCacheLine) std::atomic<std::uint64_t> tail{0};
        // Of each kind: loops and threads that wait and have not been told. Rarely written.
        alignas(kCacheLine) std::atomic<std::uint32_t> armed[kKinds]{};
        alignas(kCacheLine) std::atomic<std::uint64_t> done{0};  // items reported by task_done()

        CellBase& cell(std::uint64_t position) const noexcept {
            return *reinterpret_cast<CellBase*>(cells + (position & (one_lap - 1)) * cell_size);
        }
        std::uint64_t after(std::uint64_t position) const noexcept {
            const std::uint64_t index = position & (one_lap - 1);
            return index + 1 < limit ? position + 1 : position - index + one_lap;
        }
    };

    // A cell that this thread owns until it sets the stamp; or why there is none.
    struct Claim {
        CellBase* cell;
        std::uint64_t stamp;
        Attempt otherwise;
    };

    // Blocks a thread that has no loop. operator(): false when the time is over.
    class Blocking {
    public:
        Blocking(ThreadQueueBase& queue, Kind kind, std::optional<Duration> timeout) noexcept
            : queue_(queue), kind_(kind), timeout_(timeout) {}
        bool operator()();

    private:
        ThreadQueueBase& queue_;
        Kind kind_;
        std::optional<Duration> timeout_;
        std::optional<TimePoint> deadline_;  // from the first wait on
    };

    ThreadQueueBase(std::ptrdiff_t maxsize, CellShape cell);
    ~ThreadQueueBase();

    Claim claim_put() noexcept {
        std::uint64_t tail = ring_->tail.load();
        for (;;) {
            if (tail & kClosed) [[unlikely]]
                return {nullptr, 0, Attempt::shut_down};
            CellBase& cell = ring_->cell(tail);
            const std::uint64_t stamp = cell.stamp.load();
            if (stamp == tail) {
                if (ring_->tail.compare_exchange_weak(tail, ring_->after(tail))) return {&cell, tail + 1, {}};
            } else if (stamp < tail) {  // the item of the lap before is there, or being taken
                return {nullptr, 0, Attempt::must_wait};
            } else {  // somebody was faster
                tail = ring_->tail.load();
            }
        }
    }
    Claim claim_get() noexcept {
        std::uint64_t head = ring_->head.load();
        for (;;) {
            CellBase& cell = ring_->cell(head);
            const std::uint64_t stamp = cell.stamp.load();
            if (stamp == head + 1) {
                if (ring_->head.compare_exchange_weak(head, ring_->after(head))) {
                    return {&cell, head + ring_->one_lap, {}};
                }
            } else if (stamp <= head) {  // nothing, or being written
                return {nullptr, 0, drained() ? Attempt::shut_down : Attempt::must_wait};
            } else {
                head = ring_->head.load();
            }
        }
    }
    static void publish(const Claim& claim) noexcept { claim.cell->stamp.store(claim.stamp); }

    void after_put() noexcept {
        if (ring_->armed[0].load() | ring_->armed[1].load()) [[unlikely]]
            tell_after_put();
    }
    void after_get() noexcept {
        if (ring_->armed[0].load() | ring_->armed[1].load()) [[unlikely]]
            tell_after_get();
    }

    // Shut down, and every item was taken.
    bool drained() const noexcept {
        const std::uint64_t tail = ring_->tail.load();
        return (tail & kClosed) && (tail & ~kClosed) == ring_->head.load();
    }
    // The first half of shutdown().
    void close() noexcept;
    // Everybody looks again.
    void tell_all() noexcept;
    // task_done() without its error.
    void count_done() noexcept;
    static void yield_thread() noexcept;

    [[noreturn]] static void throw_shut_down();
    [[noreturn]] static void throw_full();
    [[noreturn]] static void throw_empty();

private:
    static constexpr std::size_t kAll = static_cast<std::size_t>(-1);

    // How many of those who wait for `kind` could go on now; all of them when that is to fail.
    std::size_t available(Kind kind) const noexcept;
    std::uint64_t count_of(std::uint64_t position) const noexcept;
    bool all_done() const noexcept;
    [[gnu::cold]] void tell_after_put() noexcept;
    [[gnu::cold]] void tell_after_get() noexcept;
    // Tells one of those who wait for `kind`, if there is something for it.
    void pass_on(Kind kind) noexcept;

    Ring* ring_;
    ThreadQueueWaits* waits_;
};

// A task in put(), get() or join(). As in aio::Queue a wake-up is only a hint: before the task runs, another thread
// may be faster. run() makes the attempt, and steps the task when it succeeded, so that a cancellation never comes
// between the item and its task.
class ThreadQueueWaiter : public ListWaiter {
public:
    explicit ThreadQueueWaiter(ThreadQueueBase& queue) noexcept : queue_(queue) {}
    ThreadQueueWaiter(const ThreadQueueWaiter&) = delete;

    bool cancel_wait(std::string_view message) noexcept final;
    void run() final;
    // True when the await is over: with an item, or because the queue is shut down.
    virtual bool attempt() noexcept = 0;

protected:
    ~ThreadQueueWaiter() {
        if (flags & kListed) [[unlikely]]
            destroyed();
    }
    void wait(ThreadQueueBase::Kind kind, std::coroutine_handle<> frame);
    // Errors: CancelledError; RuntimeError when the queue is gone.
    void resumed();

    ThreadQueueBase& queue_;

private:
    void destroyed() noexcept;

    ThreadQueueLine* line_ = nullptr;
};

class ThreadQueueJoiner final : public ThreadQueueWaiter {
public:
    using ThreadQueueWaiter::ThreadQueueWaiter;
    bool await_ready() noexcept { return attempt(); }
    void await_suspend(std::coroutine_handle<> frame) { wait(ThreadQueueBase::Kind::join, frame); }
    void await_resume() {
        if (task_) resumed();
    }
    static constexpr const char* kCall = "ThreadQueue.join()";
    const char* name() const noexcept override { return kCall; }

private:
    bool attempt() noexcept override { return queue_.all_done(); }
};

}  // namespace aio::detail
