// What the flight recorder costs: the same work with and without it, by turns in one process, so that both meet the same machine.
//
//     recorder_bench            a JSON line for each case: ns per operation without and with it, and the ratio
//
// Loops get their memory for events when they are created.

#include <aio/core/event_loop.hpp>
#include <aio/core/sleep.hpp>
#include <aio/core/task.hpp>
#include <aio/debug/recorder.hpp>

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using namespace std::chrono_literals;

constexpr int kTurns = 60;

double cpu_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

[[gnu::noinline]] aio::Coro<> nothing() { co_return; }
aio::Coro<> yield_times(long times) {
    for (long i = 0; i < times; ++i) co_await aio::sleep(0s);
}

aio::Coro<> create_and_await(long operations) {
    for (long i = 0; i < operations; ++i) co_await aio::create_task(nothing());
}
aio::Coro<> yield_alone(long operations) { return yield_times(operations); }
aio::Coro<> yield_together(long operations) {
    constexpr long kTasks = 1000;
    std::vector<aio::Task<>> tasks;
    for (long i = 0; i < kTasks; ++i) tasks.push_back(aio::create_task(yield_times(operations / kTasks)));
    for (aio::Task<>& task : tasks) co_await task;
}
// Steps that do what a small request does, about 2 us: each is an event.
volatile std::uint64_t sink;
aio::Coro<> work(long operations) {
    for (long i = 0; i < operations; ++i) {
        std::uint64_t sum = static_cast<std::uint64_t>(i);
        for (int n = 0; n < 2000; ++n) sum = sum * 6364136223846793005u + 1;
        sink = sum;
        co_await aio::sleep(0s);
    }
}
// A timer and a poll for each operation.
aio::Coro<> sleep_shortly(long operations) {
    for (long i = 0; i < operations; ++i) co_await aio::sleep(1ns);
}

struct Case {
    const char* name;
    aio::Coro<> (*run)(long);
    long operations;
};

double measure(aio::EventLoop& loop, const Case& each) {
    const double begun = cpu_ns();
    loop.run_until_complete(each.run(each.operations));
    return (cpu_ns() - begun) / static_cast<double>(each.operations);
}

// The quiet level, as the other sections have it.
double quiet(std::vector<double> samples) {
    std::sort(samples.begin(), samples.end());
    return samples[samples.size() / 10];
}

}  // namespace

int main() {
    aio::debug::record_events(0);
    aio::EventLoop plain;
    aio::debug::record_events();
    aio::EventLoop recorded;
    const Case cases[] = {{"task_create_await", create_and_await, 100'000},
                          {"yield_1", yield_alone, 200'000},
                          {"yield_1000", yield_together, 200'000},
                          {"work_2us", work, 2'000},
                          {"sleep_1ns", sleep_shortly, 10'000}};
    for (const Case& each : cases) {
        std::vector<double> without, with;
        for (int turn = 0; turn < kTurns; ++turn) {
            without.push_back(measure(plain, each));
            with.push_back(measure(recorded, each));
        }
        const double a = quiet(without), b = quiet(with);
        std::printf("{\"name\": \"%s\", \"without\": %.2f, \"with\": %.2f, \"ratio\": %.3f}\n", each.name, a, b,
                    b / a);
        std::fflush(stdout);
    }
}
