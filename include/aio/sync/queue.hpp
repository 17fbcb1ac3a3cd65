// Queue: items from producers to consumers, in order; a bounded queue makes fast producers wait.
//
//     aio::Queue<Job> jobs(100);
//     co_await jobs.put(job);                     // waits while there are 100
//     Job job = co_await jobs.get();              // waits while there is none
//     jobs.task_done();                           // ... and `co_await jobs.join()` waits until all are done
//
// LifoQueue returns the newest item first, PriorityQueue the smallest. Items are moved in and out.
//
// Thread rule: a loop's thread only; from another one, loop.call_soon_threadsafe([&] { queue.put_nowait(x); }).
// Source: asyncio.Queue, CPython 3.13 queues.py.
//
// On g++ 12, do not write a lambda with captures, or an aggregate like Job{1, "x"}, inside `co_await put(...)`:
// name it first (docs/compilers.md).
#pragma once

#include <aio/sync/queue_base.hpp>
#include <aio/sync/queue_store.hpp>

#include <type_traits>

namespace aio {

namespace detail {

template <class Queue>
class GetAwaiter final : public QueueGetter {
public:
    static constexpr const char* kCall = "Queue.get()";
    explicit GetAwaiter(Queue& queue) noexcept : QueueGetter(queue) {}

    bool await_ready() const noexcept { return queue().may_get(); }
    typename Queue::value_type await_resume() {
        if (task_) [[unlikely]]
            resumed();
        return queue().take();
    }

private:
    Queue& queue() const noexcept { return static_cast<Queue&>(queue_); }
};

template <class Queue>
class PutAwaiter final : public QueuePutter {
public:
    using Item = typename Queue::value_type;
    PutAwaiter(Queue& queue, Item&& item) noexcept(std::is_nothrow_move_constructible_v<Item>)
        : QueuePutter(queue), item_(std::move(item)) {}

    bool await_ready() const noexcept { return queue().may_put(); }
    void await_resume() {
        if (task_) [[unlikely]]
            return put_late();
        queue().insert(std::move(item_));
    }

private:
    Queue& queue() const noexcept { return static_cast<Queue&>(queue_); }
    // After a wait. The room that this task was woken for goes to the next putter when the item cannot have it.
    void put_late() {
        resumed();
        try {
            queue().insert(std::move(item_));
        } catch (...) {
            queue().pass_on_room();
            throw;
        }
    }

    Item item_;
};

template <class Queue>
class AIO_AWAIT_ONCE [[nodiscard("put() does nothing until it is awaited")]] PutOperand {
public:
    using native_awaitable = void;
    using Item = typename Queue::value_type;
    PutOperand(Queue& queue, Item&& item) : queue_(&queue), item_(std::move(item)) {}
    PutAwaiter<Queue> operator co_await() {
        check_.awaited();
        return PutAwaiter<Queue>(*queue_, std::move(item_));
    }

private:
    Queue* queue_;
    Item item_;
    [[no_unique_address]] AwaitCheck check_{"Queue.put()"};
};

// The members that Queue, LifoQueue and PriorityQueue share; Items is their storage.
template <class T, class Items>
class BasicQueue : public QueueBase {
    static_assert(std::is_object_v<T> && std::is_move_constructible_v<T>, "a queue's items are moved in and out");

public:
    using value_type = T;

    // At most `maxsize` items; 0 or less: any number.
    explicit BasicQueue(std::ptrdiff_t maxsize = 0) noexcept : QueueBase(maxsize) {}
    ~BasicQueue() { items_.clear(size_); }

    // Waits for room, and puts `item` in. Without maxsize it never suspends.
    // Resumes: in the order of the calls; but a put_nowait() between the wake and this task's next step may take the
    // room, and this task then waits again, behind the others. Cancel: the item is not put in, and is destroyed.
    // Errors: QueueShutDown; std::bad_alloc while the queue grows to its maxsize.
    PutOperand<BasicQueue> put(T item) { return PutOperand<BasicQueue>(*this, std::move(item)); }

    // Waits for an item. Result: the item. If there is one, it does not suspend.
    // Resumes: as put(). Cancel: no item is lost; one for which this task was woken goes to the next getter.
    // Errors: QueueShutDown when the queue is shut down and empty.
    Operand<GetAwaiter<BasicQueue>, BasicQueue> get() noexcept {
        return Operand<GetAwaiter<BasicQueue>, BasicQueue>(*this);
    }

    // Puts `item` in without waiting. Errors: QueueFull, QueueShutDown; std::bad_alloc.
    void put_nowait(T item) { insert(std::move(item)); }
    // The next item, without waiting. Errors: QueueEmpty; QueueShutDown when it is shut down as well.
    T get_nowait() {
        if (size_ == 0 && !shut_down_) [[unlikely]]
            throw_empty();
        return take();
    }

    // From now on put() throws QueueShutDown, and get() does once the queue is empty; tasks that wait in them are woken
    // and throw it, too. `immediate` empties the queue, and counts the items as done.
    void shutdown(bool immediate = false) noexcept {
        const std::size_t dropped = immediate ? size_ : 0;
        if (immediate) {
            items_.clear(size_);
            size_ = 0;
        }
        close(dropped);
    }

    // "<Queue size: 2, maxsize: 2, unfinished: 2, putters: 1>"
    std::string describe() const { return QueueBase::describe(Items::kName); }

private:
    friend class GetAwaiter<BasicQueue>;
    friend class PutAwaiter<BasicQueue>;

    // Whether an await need not suspend; one that throws does not suspend either.
    bool may_get() const noexcept { return size_ > 0 || shut_down_; }
    bool may_put() const noexcept { return size_ < room_ || size_ < limit_ || shut_down_; }

    T take() {
        if (size_ == 0) [[unlikely]]
            throw_shut_down();
        T item(items_.pop(size_));
        --size_;
        if (!putters_.empty()) [[unlikely]]
            wake_putter();
        return item;
    }
    void insert(T&& item) {
        if (size_ >= room_) [[unlikely]]
            make_room();
        items_.push(std::move(item), size_);
        ++size_;
        ++unfinished_;
        if (!getters_.empty()) [[unlikely]]
            wake_getter();
    }
    [[gnu::noinline, gnu::cold]] void make_room() {
        if (shut_down_) throw_shut_down();
        if (size_ >= limit_) throw_full();
        items_.grow(size_);
        room_ = items_.capacity() < limit_ ? items_.capacity() : limit_;
    }
    void pass_on_room() noexcept {
        if (size_ < limit_) wake_putter();
    }

    Items items_;
};

}  // namespace detail

// First in, first out: asyncio.Queue.
template <class T>
class Queue : public detail::BasicQueue<T, detail::Ring<T>> {
public:
    using detail::BasicQueue<T, detail::Ring<T>>::BasicQueue;
};

// The newest item first: asyncio.LifoQueue.
template <class T>
class LifoQueue : public detail::BasicQueue<T, detail::Stack<T>> {
public:
    using detail::BasicQueue<T, detail::Stack<T>>::BasicQueue;
};

// The smallest item first, by Compare; equal ones in no particular order. asyncio.PriorityQueue.
template <class T, class Compare = std::less<>>
class PriorityQueue : public detail::BasicQueue<T, detail::Heap<T, Compare>> {
public:
    using detail::BasicQueue<T, detail::Heap<T, Compare>>::BasicQueue;
};

}  // namespace aio
