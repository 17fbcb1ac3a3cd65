// ThreadQueue: items from one thread to another, or from one event loop to another.
//
//     aio::ThreadQueue<Job> jobs(1024);                    // shared by all loops and threads
//     co_await jobs.put(job);                              // on one loop: waits while there are 1024
//     Job job = co_await jobs.get();                       // on another: waits while there is none
//     Job job = jobs.blocking_get(1s);                     // on a thread without a loop
//
// aio::Queue belongs to one loop; this one is for several (Python's queue.Queue with an asyncio side, as in the janus
// package). Any number of producers and consumers. Unless a call has to wait, putting and getting take no lock and make
// no system call; a loop whose tasks wait is woken once for all the items that arrived meanwhile.
//
// Thread rule: any thread. The queue must outlive every call on it, and the tasks that wait.
// Source: queue.Queue and asyncio.Queue, CPython 3.13; the ring is Dmitry Vyukov's bounded MPMC queue, with laps as in
// crossbeam's ArrayQueue so that any capacity will do.
//
// On g++ 12, do not write a lambda with captures, or an aggregate like Job{1, "x"}, inside `co_await put(...)`:
// name it first (docs/compilers.md).
#pragma once

#include <aio/sync/lock.hpp>
#include <aio/sync/thread_queue_base.hpp>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace aio {

namespace detail {

template <class T>
class AIO_AWAIT_ONCE ThreadPutOperand;
template <class T>
class ThreadGetAwaiter;
template <class T>
class ThreadPutAwaiter;

}  // namespace detail

// A bounded first-in-first-out queue between threads and loops: queue.Queue, or janus.Queue.
template <class T>
class ThreadQueue : public detail::ThreadQueueBase {
    static_assert(std::is_object_v<T> && std::is_nothrow_move_constructible_v<T>,
                  "a ThreadQueue's items are moved in and out while others pass by: their move must not throw; "
                  "put std::unique_ptr<T> in");

public:
    using value_type = T;

    // At most `maxsize` items. Errors: ValueError for 0 or less (its ring is bounded); std::bad_alloc.
    explicit ThreadQueue(std::ptrdiff_t maxsize) : ThreadQueueBase(maxsize, kCell) {}
    ~ThreadQueue() {
        while (drop_one()) {}
    }

    // Waits for room, and puts `item` in.
    // Resumes: on the loop that waits, in the order of the calls there; between loops and threads, and against calls
    // that find room at once, in no particular order. Cancel: the item is not put in, and is destroyed.
    // Errors: QueueShutDown; std::bad_alloc when it has to wait.
    detail::ThreadPutOperand<T> put(T item) noexcept { return detail::ThreadPutOperand<T>(*this, std::move(item)); }

    // Waits for an item. Result: the item. Resumes: as put(). Cancel: no item is lost; one for which this task was
    // woken goes to another getter. Errors: QueueShutDown when the queue is shut down and
    // empty; std::bad_alloc as put().
    detail::Operand<detail::ThreadGetAwaiter<T>, ThreadQueue> get() noexcept {
        return detail::Operand<detail::ThreadGetAwaiter<T>, ThreadQueue>(*this);
    }

    // Puts `item` in without waiting. Errors: QueueFull, QueueShutDown; the item is then destroyed.
    void put_nowait(T item) {
        switch (try_put(item)) {
            case Attempt::done: return;
            case Attempt::must_wait: throw_full();
            case Attempt::shut_down: throw_shut_down();
        }
    }
    // The next item, without waiting. Errors: QueueEmpty, also while the put() of the next item is still being executed
    // on another thread; QueueShutDown when it is shut down as well.
    T get_nowait() {
        std::optional<T> item;
        switch (try_get(item)) {
            case Attempt::done: break;
            case Attempt::must_wait: throw_empty();
            case Attempt::shut_down: throw_shut_down();
        }
        return *std::move(item);
    }

    // On a thread that runs no loop: blocks until there is room, for `timeout` at most; nullopt: for ever.
    // Errors: QueueFull at the timeout; QueueShutDown; RuntimeError on a loop's thread.
    void blocking_put(T item, std::optional<Duration> timeout = std::nullopt) {
        Blocking wait(*this, Kind::put, timeout);
        for (;;) {
            const Attempt attempt = try_put(item);
            if (attempt == Attempt::done) return;
            if (attempt == Attempt::shut_down) throw_shut_down();
            if (!wait()) throw_full();
        }
    }
    // On a thread that runs no loop: blocks until there is an item, for `timeout` at most; nullopt: for ever.
    // Result: the item. Errors: QueueEmpty at the timeout; QueueShutDown when it is shut down and empty; RuntimeError
    // on a loop's thread.
    T blocking_get(std::optional<Duration> timeout = std::nullopt) {
        Blocking wait(*this, Kind::get, timeout);
        std::optional<T> item;
        for (;;) {
            const Attempt attempt = try_get(item);
            if (attempt == Attempt::done) return *std::move(item);
            if (attempt == Attempt::shut_down) throw_shut_down();
            if (!wait()) throw_empty();
        }
    }

    // From now on put() throws QueueShutDown, and get() does once the queue is empty; tasks and threads that wait in
    // them are woken and throw it, too. `immediate` empties the queue, on this thread, and counts the items as done.
    void shutdown(bool immediate = false) noexcept {
        close();
        if (!immediate) return;
        while (!drained()) {
            if (drop_one()) {
                count_done();
            } else {
                yield_thread();  // a put() that began before the shutdown has still to write its item
            }
        }
        tell_all();
    }

private:
    friend class detail::ThreadGetAwaiter<T>;
    friend class detail::ThreadPutAwaiter<T>;

    struct Cell : CellBase {
        union {
            T item;
        };
        Cell() noexcept {}
        ~Cell() {}
    };
    static constexpr CellShape kCell{sizeof(Cell), alignof(Cell)};

    // Moves `item` in when there is room.
    Attempt try_put(T& item) noexcept {
        const Claim claim = claim_put();
        if (!claim.cell) return claim.otherwise;
        std::construct_at(&static_cast<Cell*>(claim.cell)->item, std::move(item));
        publish(claim);
        after_put();
        return Attempt::done;
    }
    // Moves an item out when there is one.
    Attempt try_get(std::optional<T>& item) noexcept {
        const Claim claim = claim_get();
        if (!claim.cell) return claim.otherwise;
        T& stored = static_cast<Cell*>(claim.cell)->item;
        item.emplace(std::move(stored));
        std::destroy_at(&stored);
        publish(claim);
        after_get();
        return Attempt::done;
    }
    bool drop_one() noexcept {
        std::optional<T> item;
        return try_get(item) == Attempt::done;
    }
};

// ---------------------------------------------------------------------------------------------------------

namespace detail {

template <class T>
class ThreadGetAwaiter final : public ThreadQueueWaiter {
    using Attempt = ThreadQueueBase::Attempt;

public:
    explicit ThreadGetAwaiter(ThreadQueue<T>& queue) noexcept : ThreadQueueWaiter(queue) {}

    bool await_ready() noexcept { return attempt(); }
    void await_suspend(std::coroutine_handle<> frame) { wait(ThreadQueueBase::Kind::get, frame); }
    T await_resume() {
        if (task_) [[unlikely]]
            resumed();
        if (!item_) [[unlikely]]
            ThreadQueueBase::throw_shut_down();
        return *std::move(item_);
    }
    static constexpr const char* kCall = "ThreadQueue.get()";
    const char* name() const noexcept override { return kCall; }

private:
    bool attempt() noexcept override {
        return static_cast<ThreadQueue<T>&>(queue_).try_get(item_) != Attempt::must_wait;
    }

    std::optional<T> item_;
};

template <class T>
class ThreadPutAwaiter final : public ThreadQueueWaiter {
    using Attempt = ThreadQueueBase::Attempt;

public:
    ThreadPutAwaiter(ThreadQueue<T>& queue, T&& item) noexcept : ThreadQueueWaiter(queue), item_(std::move(item)) {}

    bool await_ready() noexcept { return attempt(); }
    void await_suspend(std::coroutine_handle<> frame) { wait(ThreadQueueBase::Kind::put, frame); }
    void await_resume() {
        if (task_) [[unlikely]]
            resumed();
        if (outcome_ != Attempt::done) [[unlikely]]
            ThreadQueueBase::throw_shut_down();
    }
    const char* name() const noexcept override { return "ThreadQueue.put()"; }

private:
    bool attempt() noexcept override {
        outcome_ = static_cast<ThreadQueue<T>&>(queue_).try_put(item_);
        return outcome_ != Attempt::must_wait;
    }

    T item_;
    Attempt outcome_ = Attempt::must_wait;
};

template <class T>
class AIO_AWAIT_ONCE [[nodiscard("put() does nothing until it is awaited")]] ThreadPutOperand {
public:
    using native_awaitable = void;
    ThreadPutOperand(ThreadQueue<T>& queue, T&& item) noexcept : queue_(&queue), item_(std::move(item)) {}
    ThreadPutAwaiter<T> operator co_await() noexcept {
        check_.awaited();
        return ThreadPutAwaiter<T>(*queue_, std::move(item_));
    }

private:
    ThreadQueue<T>* queue_;
    T item_;
    [[no_unique_address]] AwaitCheck check_{"ThreadQueue.put()"};
};

inline Operand<ThreadQueueJoiner, ThreadQueueBase> ThreadQueueBase::join() noexcept {
    return Operand<ThreadQueueJoiner, ThreadQueueBase>(*this);
}

}  // namespace detail

}  // namespace aio
