// aio's side of the core section: the public API, as a user would write it.
//
//     core_bench task_create_await yield_1        runs these cases, one JSON line each
//     core_bench gather_1m                        the crowds want a process of their own
//
// bench/limit/core_limit.cpp is the same program on bare coroutines.

#include <aio/aio.hpp>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <utility>
#include <vector>

#include "../support/measure.hpp"

namespace {

using namespace std::chrono_literals;

constexpr int kCrowd = 1'000'000;

// noinline, or clang would keep the frames in the caller's and measure nothing.
[[gnu::noinline]] aio::Coro<> nothing() { co_return; }
[[gnu::noinline]] aio::Coro<int> number(int value) { co_return value; }

aio::Coro<> create_and_await(bench::Rounds& rounds) {
    while (rounds.next()) {
        for (long i = 0; i < rounds.operations(); ++i) co_await aio::create_task(nothing());
    }
}

aio::Coro<> await_nested(bench::Rounds& rounds) {
    int sum = 0;
    while (rounds.next()) {
        for (long i = 0; i < rounds.operations(); ++i) sum += co_await number(1);
    }
    bench::keep(sum);
}

aio::Coro<> yield_times(long times) {
    for (long i = 0; i < times; ++i) co_await aio::sleep(0s);
}

aio::Coro<> yield_together(bench::Rounds& rounds, int tasks) {
    while (rounds.next()) {
        std::vector<aio::Task<>> yielding;
        yielding.reserve(static_cast<std::size_t>(tasks));
        for (int i = 0; i < tasks; ++i) {
            yielding.push_back(aio::create_task(yield_times(rounds.operations() / tasks)));
        }
        for (aio::Task<>& task : yielding) co_await task;
    }
}

aio::Coro<> produce(aio::Queue<int>& queue, long count) {
    for (long i = 0; i < count; ++i) co_await queue.put(static_cast<int>(i));
}

aio::Coro<> through_a_queue(bench::Rounds& rounds) {
    aio::Queue<int> queue(100);
    int sum = 0;
    while (rounds.next()) {
        aio::Task<> producer = aio::create_task(produce(queue, rounds.operations()));
        for (long i = 0; i < rounds.operations(); ++i) sum += co_await queue.get();
        co_await producer;
    }
    bench::keep(sum);
}

constexpr int kFrames = 10;

[[gnu::noinline]] aio::Coro<> fail_below(int frames) {
    if (frames == 0) throw std::runtime_error("for the bench");
    co_await fail_below(frames - 1);
}

aio::Coro<> pass_frames(bench::Rounds& rounds) {
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

[[gnu::noinline]] aio::Coro<> sleeper(std::chrono::seconds delay) { co_await aio::sleep(delay); }

// From its creation to its end.
aio::Coro<> cancel_many(bench::Rounds& rounds) {
    constexpr long kTogether = 100;
    while (rounds.next()) {
        for (long i = 0; i < rounds.operations(); i += kTogether) {
            std::vector<aio::Task<>> sleeping;
            sleeping.reserve(kTogether);
            for (long n = 0; n < kTogether; ++n) sleeping.push_back(aio::create_task(sleeper(3600s)));
            co_await aio::sleep(0s);
            for (aio::Task<>& task : sleeping) task.cancel();
            co_await aio::sleep(0s);
            co_await aio::sleep(0s);
            if (!sleeping.front().cancelled() || !sleeping.back().cancelled()) std::abort();
        }
    }
}

aio::Coro<> gather_crowd() {
    const double started = bench::cpu_ns();
    {
        std::vector<aio::Coro<int>> children;
        children.reserve(kCrowd);
        for (int i = 0; i < kCrowd; ++i) children.push_back(number(i));
        const std::vector<int> results = co_await aio::gather(std::move(children));
        if (results.size() != kCrowd || results[kCrowd - 1] != kCrowd - 1) std::abort();
    }
    bench::report("gather_1m_per_task", "ns", (bench::cpu_ns() - started) / kCrowd);
}

aio::Coro<> sleep_crowd() {
    bench::Crowd crowd(kCrowd);
    {
        std::vector<aio::Task<>> sleeping;
        sleeping.reserve(kCrowd);
        for (int i = 0; i < kCrowd; ++i) sleeping.push_back(aio::create_task(sleeper(2s)));
        for (aio::Task<>& task : sleeping) co_await task;
    }
    crowd.report();
}

template <aio::Coro<> (*Body)(bench::Rounds&)>
void measure(const char* name, long operations) {
    bench::Rounds rounds(name, operations);
    aio::run(Body(rounds));
}

void measure_yield(const char* name, int tasks) {
    bench::Rounds rounds(name, 500'000);
    aio::run(yield_together(rounds, tasks));
}

}  // namespace

int main(int argc, char** argv) {
    static constexpr bench::Case kCases[] = {
        {"task_create_await", [] { measure<create_and_await>("task_create_await", 250'000); }},
        {"yield_1", [] { measure_yield("yield_1", 1); }},
        {"yield_1000", [] { measure_yield("yield_1000", 1000); }},
        {"await_nested", [] { measure<await_nested>("await_nested", 500'000); }},
        {"queue_item", [] { measure<through_a_queue>("queue_item", 500'000); }},
        {"exception_frame", [] { measure<pass_frames>("exception_frame", 20'000); }},
        {"task_cancel", [] { measure<cancel_many>("task_cancel", 10'000); }},
        {"gather_1m", [] { aio::run(gather_crowd()); }},
        {"sleep_1m", [] { aio::run(sleep_crowd()); }},
    };
    return bench::run_cases(argc, argv, kCases);
}
