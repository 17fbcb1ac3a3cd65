// The limits of bench/core: what bare C++20 coroutines cost for each operation that section measures.
//
//     core_limit task_create_await yield_1        runs these cases, one JSON line each
//     core_limit gather_1m                        the crowds want a process of their own
//
// Coroutines here are noinline, or clang would keep their frames in the caller's and measure nothing.

#include "core_limit.hpp"

#include <memory>
#include <stdexcept>

#include "../support/measure.hpp"
#include "throwing_limit.hpp"

namespace {

using limit::Coro;
using limit::Loop;
using limit::Task;
using limit::Yield;

constexpr int kCrowd = 1'000'000;

[[gnu::noinline]] Coro nothing() { co_return 0; }
[[gnu::noinline]] Coro number(int value) { co_return value; }

// --- tasks, yields, nested awaits --------------------------------------------------------------------

Coro create_and_await(bench::Rounds& rounds) {
    while (rounds.next()) {
        for (long i = 0; i < rounds.operations(); ++i) co_await Task(nothing());
    }
    co_return 0;
}

Coro await_nested(bench::Rounds& rounds) {
    int sum = 0;
    while (rounds.next()) {
        for (long i = 0; i < rounds.operations(); ++i) sum += co_await number(1);
    }
    bench::keep(sum);
    co_return 0;
}

Coro yield_times(long times) {
    for (long i = 0; i < times; ++i) co_await Yield{};
    co_return 0;
}

Coro yield_together(bench::Rounds& rounds, int tasks) {
    while (rounds.next()) {
        std::vector<Task> yielding;
        yielding.reserve(static_cast<std::size_t>(tasks));
        for (int i = 0; i < tasks; ++i) yielding.emplace_back(yield_times(rounds.operations() / tasks));
        for (Task& task : yielding) co_await task;
    }
    co_return 0;
}

// --- a bounded queue -----------------------------------------------------------------------------------

// One producer, one consumer, at most kCapacity items between them.
class Queue {
public:
    struct Put {
        Queue& queue;
        int item;
        bool await_ready() const noexcept { return queue.tail_ - queue.head_ < kCapacity; }
        void await_suspend(Coro::Handle handle) noexcept { queue.putter_ = &handle.promise(); }
        void await_resume() const {
            queue.items_[queue.tail_++ % kSlots] = item;
            wake(queue.getter_);
        }
    };
    struct Get {
        Queue& queue;
        bool await_ready() const noexcept { return queue.tail_ != queue.head_; }
        void await_suspend(Coro::Handle handle) noexcept { queue.getter_ = &handle.promise(); }
        int await_resume() const {
            const int item = queue.items_[queue.head_++ % kSlots];
            wake(queue.putter_);
            return item;
        }
    };

    Put put(int item) { return {*this, item}; }
    Get get() { return {*this}; }

private:
    static constexpr unsigned kCapacity = 100, kSlots = 128;

    static void wake(limit::Runnable*& waiter) {
        if (waiter) Loop::ready.push(std::exchange(waiter, nullptr));
    }

    int items_[kSlots];
    unsigned head_ = 0, tail_ = 0;
    limit::Runnable *getter_ = nullptr, *putter_ = nullptr;
};

Coro produce(Queue& queue, long count) {
    for (long i = 0; i < count; ++i) co_await queue.put(static_cast<int>(i));
    co_return 0;
}

Coro through_a_queue(bench::Rounds& rounds) {
    Queue queue;
    int sum = 0;
    while (rounds.next()) {
        Task producer(produce(queue, rounds.operations()));
        for (long i = 0; i < rounds.operations(); ++i) sum += co_await queue.get();
        co_await producer;
    }
    bench::keep(sum);
    co_return 0;
}

// --- exceptions ------------------------------------------------------------------------------------------

constexpr int kFrames = 10;

[[gnu::noinline]] limit::Throwing fail_below(int frames) {
    if (frames == 0) throw std::runtime_error("for the bench");
    co_await fail_below(frames - 1);
}

limit::Throwing catch_from_below(bench::Rounds& rounds) {
    long caught = 0;
    while (rounds.next()) {
        for (long i = 0; i < rounds.operations(); i += kFrames) {
            try {
                co_await fail_below(kFrames - 1);
            } catch (const std::runtime_error&) {
                ++caught;
            }
        }
    }
    bench::keep(caught);
}

void pass_frames() {
    bench::Rounds rounds("exception_frame", 20'000);
    catch_from_below(rounds).resume();
}

struct Cancelled {};

[[gnu::noinline]] limit::Throwing wait_to_be_cancelled() { co_await limit::Interrupted<Cancelled>{}; }

void cancel_many() {
    bench::Rounds rounds("task_cancel", 10'000);
    while (rounds.next()) {
        for (long i = 0; i < rounds.operations(); ++i) {
            const limit::Throwing waiting = wait_to_be_cancelled();
            waiting.resume();
            waiting.resume();
            if (!waiting.failed()) std::abort();
        }
    }
}

// --- crowds ----------------------------------------------------------------------------------------------

// Runs every coroutine through the ready list and collects the results in order.
class Gather {
public:
    explicit Gather(std::vector<Coro> children) : children_(std::move(children)) {}

    bool await_ready() const noexcept { return children_.empty(); }
    void await_suspend(Coro::Handle awaiting) {
        // One shared continuation counts the children down: no word per child is spent on it.
        left_ = children_.size();
        counter_ = std::make_unique<Coro>(count_down(*this, awaiting));
        for (Coro& child : children_) {
            child.handle().promise().continuation = counter_->handle();
            Loop::ready.push(&child.handle().promise());
        }
    }
    std::vector<int> await_resume() {
        std::vector<int> results;
        results.reserve(children_.size());
        for (Coro& child : children_) results.push_back(child.await_resume());
        return results;
    }

private:
    // Resumed by each child as it ends; suspends back into the loop without being queued itself.
    static Coro count_down(Gather& gather, Coro::Handle awaiting) {
        while (--gather.left_ > 0) co_await std::suspend_always{};
        Loop::ready.push(&awaiting.promise());
        co_await std::suspend_always{};
        co_return 0;
    }

    std::vector<Coro> children_;
    std::size_t left_ = 0;
    std::unique_ptr<Coro> counter_;
};

Coro gather_crowd() {
    const double started = bench::cpu_ns();
    std::vector<Coro> children;
    children.reserve(kCrowd);
    for (int i = 0; i < kCrowd; ++i) children.push_back(number(i));
    {
        const std::vector<int> results = co_await Gather(std::move(children));
        if (results.size() != kCrowd || results[kCrowd - 1] != kCrowd - 1) std::abort();
    }
    bench::report("gather_1m_per_task", "ns", (bench::cpu_ns() - started) / kCrowd);
    co_return 0;
}

[[gnu::noinline]] Coro sleeper(std::int64_t delay_ns) {
    co_await limit::SleepUntil{Loop::now_ns() + delay_ns};
    co_return 0;
}

Coro sleep_crowd() {
    constexpr std::int64_t kDelay_ns = 2'000'000'000;
    bench::Crowd crowd(kCrowd);
    {
        std::vector<Task> sleeping;
        sleeping.reserve(kCrowd);
        for (int i = 0; i < kCrowd; ++i) sleeping.emplace_back(sleeper(kDelay_ns));
        for (Task& task : sleeping) co_await task;
    }
    crowd.report();
    co_return 0;
}

// --- the table -------------------------------------------------------------------------------------------

template <Coro (*Body)(bench::Rounds&)>
void measure(const char* name, long operations) {
    bench::Rounds rounds(name, operations);
    limit::run(Body(rounds));
}

void measure_yield(const char* name, int tasks) {
    bench::Rounds rounds(name, 500'000);
    limit::run(yield_together(rounds, tasks));
}

}  // namespace

int main(int argc, char** argv) {
    static constexpr bench::Case kCases[] = {
        {"task_create_await", [] { measure<create_and_await>("task_create_await", 250'000); }},
        {"yield_1", [] { measure_yield("yield_1", 1); }},
        {"yield_1000", [] { measure_yield("yield_1000", 1000); }},
        {"await_nested", [] { measure<await_nested>("await_nested", 500'000); }},
        {"queue_item", [] { measure<through_a_queue>("queue_item", 500'000); }},
        {"exception_frame", pass_frames},
        {"task_cancel", cancel_many},
        {"gather_1m", [] { limit::run(gather_crowd()); }},
        {"sleep_1m", [] { limit::run(sleep_crowd()); }},
    };
    return bench::run_cases(argc, argv, kCases);
}
