// The least a single-threaded coroutine runtime can be: frames from a free list, a list of ready
// coroutines, a heap of timers. No names, no cancellation, no exceptions, no contexts, no backend; what
// it cannot do is exactly what the ratios in bench/README.md pay for.
//
// Reading order: FramePool, ReadyList, TimerHeap, Loop, Coro, Task, and the awaitables.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <exception>
#include <new>
#include <utility>
#include <vector>

namespace limit {

// Coroutine frames by size class of 16 bytes. A fresh frame is cut from a large block: its neighbours in
// time are its neighbours in memory, and a million of them carry no allocator headers.
class FramePool {
public:
    static void* allocate(std::size_t size) {
        const std::size_t index = (size + kStep - 1) / kStep;
        if (index >= kClasses) return ::operator new(size);
        if (Free* head = free_[index]) {
            free_[index] = head->next;
            return head;
        }
        return cut(index * kStep);
    }

    static void release(void* frame, std::size_t size) {
        const std::size_t index = (size + kStep - 1) / kStep;
        if (index >= kClasses) return ::operator delete(frame);
        free_[index] = new (frame) Free{free_[index]};
    }

private:
    struct Free {
        Free* next;
    };
    static constexpr std::size_t kStep = 16, kClasses = 64, kBlock = 1 << 20;

    [[gnu::noinline]] static void* cut(std::size_t size) {
        if (left_ < size) {
            block_ = static_cast<char*>(::operator new(kBlock));
            left_ = kBlock;
        }
        void* frame = block_;
        block_ += size;
        left_ -= size;
        return frame;
    }

    static inline Free* free_[kClasses] = {};
    static inline char* block_ = nullptr;
    static inline std::size_t left_ = 0;
};

// What the loop knows of a coroutine: a link for whichever list it waits in. The first base of its promise.
struct Runnable {
    Runnable* next = nullptr;
    void resume();
};

// First in, first out, through the links in the frames: pushing needs no memory.
class ReadyList {
public:
    bool empty() const { return head_ == nullptr; }

    void push(Runnable* runnable) {
        runnable->next = nullptr;
        *tail_ = runnable;
        tail_ = &runnable->next;
    }

    Runnable* pop() {
        Runnable* first = head_;
        head_ = first->next;
        if (head_ == nullptr) tail_ = &head_;
        return first;
    }

private:
    Runnable* head_ = nullptr;
    Runnable** tail_ = &head_;
};

// Deadlines in a 4-ary heap. Deadlines that arrive in ascending order, as those of equal delays do, cost
// one comparison each on the way in.
class TimerHeap {
public:
    struct Timer {
        std::int64_t deadline_ns;
        Runnable* runnable;
    };

    bool empty() const { return heap_.empty(); }
    const Timer& top() const { return heap_.front(); }

    void push(Timer timer) {
        std::size_t hole = heap_.size();
        heap_.push_back(timer);
        while (hole > 0) {
            const std::size_t parent = (hole - 1) / kArity;
            if (heap_[parent].deadline_ns <= timer.deadline_ns) break;
            heap_[hole] = heap_[parent];
            hole = parent;
        }
        heap_[hole] = timer;
    }

    Timer pop() {
        const Timer first = heap_.front();
        const Timer last = heap_.back();
        heap_.pop_back();
        if (!heap_.empty()) sift_down(last);
        return first;
    }

private:
    static constexpr std::size_t kArity = 4;

    void sift_down(Timer timer) {
        const std::size_t count = heap_.size();
        std::size_t hole = 0;
        for (;;) {
            const std::size_t first = hole * kArity + 1;
            if (first >= count) break;
            const std::size_t end = first + kArity < count ? first + kArity : count;
            std::size_t least = first;
            for (std::size_t child = first + 1; child < end; ++child) {
                if (heap_[child].deadline_ns < heap_[least].deadline_ns) least = child;
            }
            if (heap_[least].deadline_ns >= timer.deadline_ns) break;
            heap_[hole] = heap_[least];
            hole = least;
        }
        heap_[hole] = timer;
    }

    std::vector<Timer> heap_;
};

// The one loop of the process.
class Loop {
public:
    static inline ReadyList ready;
    static inline TimerHeap timers;

    // CLOCK_MONOTONIC as of the beginning of this pass: one clock_gettime for all that sleep in it.
    static std::int64_t now_ns() { return now_ns_; }

    static void run() {
        read_clock();
        for (;;) {
            while (!ready.empty()) ready.pop()->resume();
            if (timers.empty()) return;
            wake_sleepers();
        }
    }

private:
    [[gnu::noinline]] static void wake_sleepers() {
        read_clock();
        const std::int64_t wait_ns = timers.top().deadline_ns - now_ns_;
        if (wait_ns > 0) {
            const timespec pause{static_cast<time_t>(wait_ns / kSecond_ns), wait_ns % kSecond_ns};
            nanosleep(&pause, nullptr);
            read_clock();
        }
        while (!timers.empty() && timers.top().deadline_ns <= now_ns_) ready.push(timers.pop().runnable);
    }

    static void read_clock() {
        timespec now{};
        clock_gettime(CLOCK_MONOTONIC, &now);
        now_ns_ = std::int64_t{now.tv_sec} * kSecond_ns + now.tv_nsec;
    }

    static constexpr std::int64_t kSecond_ns = 1'000'000'000;
    static inline std::int64_t now_ns_ = 0;
};

// A lazy coroutine of an int. Awaited, it runs at once and hands back directly; started, it is queued.
class Coro {
public:
    struct promise_type : Runnable {
        std::coroutine_handle<> continuation = nullptr;
        int value = 0;

        static void* operator new(std::size_t size) { return FramePool::allocate(size); }
        static void operator delete(void* frame, std::size_t size) { FramePool::release(frame, size); }

        Coro get_return_object() { return Coro{Handle::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept {
            struct HandBack {
                bool await_ready() noexcept { return false; }
                std::coroutine_handle<> await_suspend(Handle done) noexcept { return done.promise().continuation; }
                void await_resume() noexcept {}
            };
            return HandBack{};
        }
        void return_value(int result) { value = result; }
        void unhandled_exception() { std::terminate(); }
    };
    using Handle = std::coroutine_handle<promise_type>;

    Coro(Coro&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    ~Coro() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
        handle_.promise().continuation = awaiting;
        return handle_;
    }
    int await_resume() const noexcept { return handle_.promise().value; }

    Handle handle() const { return handle_; }

private:
    explicit Coro(Handle handle) : handle_(handle) {}
    Handle handle_;
};

inline void Runnable::resume() { Coro::Handle::from_promise(static_cast<Coro::promise_type&>(*this)).resume(); }

// A coroutine that has been queued to run; awaiting it suspends until it has.
class Task {
public:
    explicit Task(Coro coro) : coro_(std::move(coro)) {
        coro_.handle().promise().continuation = std::noop_coroutine();
        Loop::ready.push(&coro_.handle().promise());
    }

    bool await_ready() const noexcept { return coro_.handle().done(); }
    void await_suspend(std::coroutine_handle<> awaiting) noexcept {
        coro_.handle().promise().continuation = awaiting;
    }
    int await_resume() const noexcept { return coro_.handle().promise().value; }

private:
    Coro coro_;
};

// To the back of the ready list.
struct Yield {
    bool await_ready() const noexcept { return false; }
    void await_suspend(Coro::Handle handle) { Loop::ready.push(&handle.promise()); }
    void await_resume() const noexcept {}
};

// Until a moment of CLOCK_MONOTONIC.
struct SleepUntil {
    std::int64_t deadline_ns;
    bool await_ready() const noexcept { return false; }
    void await_suspend(Coro::Handle handle) { Loop::timers.push({deadline_ns, &handle.promise()}); }
    void await_resume() const noexcept {}
};

inline void run(Coro main) {
    main.handle().promise().continuation = std::noop_coroutine();
    Loop::ready.push(&main.handle().promise());
    Loop::run();
}

}  // namespace limit
