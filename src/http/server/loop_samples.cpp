// How the numbers of all loops come together. A loop's lists belong to its thread: so each is asked by a callback that is posted to
// it, and the last one that answers wakes the loop that asked.
#include "http/server/loop_samples.hpp"

#include <aio/core/event_loop.hpp>
#include <aio/core/future.hpp>
#include <aio/core/timeout.hpp>

#include "core/loop_state.hpp"
#include "core/window.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace aio::http::detail {

namespace {

using aio::detail::Callback;
using aio::detail::LoopState;
using aio::detail::MetricFamily;
using aio::detail::MetricSamples;
using aio::detail::WindowLoop;

constexpr Duration kPatience = std::chrono::seconds(1);

constexpr MetricFamily kInfo{"aiocpp_info", "gauge", "The version of aiocpp; the value is always 1."};
constexpr MetricFamily kResponding{"aiocpp_loop_responding", "gauge",
                                   "1 if the loop has answered within a second; 0: it is blocked."};
constexpr MetricFamily kPasses{"aiocpp_loop_passes_total", "counter", "Passes of the loop over its ready queue."};
constexpr MetricFamily kPolls{"aiocpp_loop_polls_total", "counter", "Polls of the operating system."};
constexpr MetricFamily kPollTime{"aiocpp_loop_poll_seconds_total", "counter",
                                 "Time for which the loop slept in polls."};
constexpr MetricFamily kBusyTime{"aiocpp_loop_busy_seconds_total", "counter",
                                 "The rest of the time for which the loop ran."};
constexpr MetricFamily kLongestBusy{"aiocpp_loop_longest_busy_seconds", "gauge",
                                    "The longest time between two polls in the last one to two seconds."};
constexpr MetricFamily kLongestStep{
    "aiocpp_loop_longest_step_seconds", "gauge",
    "The longest step of a task in the last one to two seconds, if steps are measured."};
constexpr MetricFamily kReady{"aiocpp_loop_ready", "gauge", "Tasks and callbacks that are ready to run."};
constexpr MetricFamily kTimers{"aiocpp_loop_timers", "gauge", "Sleeps, timeouts and delayed calls that are set."};
constexpr MetricFamily kTasks{"aiocpp_loop_tasks", "gauge", "Tasks that have not ended."};
constexpr MetricFamily kCreated{"aiocpp_loop_tasks_created_total", "counter", "Tasks that were created."};
constexpr MetricFamily kDone{"aiocpp_loop_tasks_done_total", "counter", "Tasks that have ended, in any way."};
constexpr MetricFamily kFailed{"aiocpp_loop_tasks_failed_total", "counter", "Tasks that ended with an error."};
constexpr MetricFamily kCancelled{"aiocpp_loop_tasks_cancelled_total", "counter", "Tasks that ended cancelled."};
constexpr MetricFamily kOperations{"aiocpp_loop_io_operations_total", "counter", "I/O operations that were started."};
constexpr MetricFamily kInFlight{"aiocpp_loop_io_in_flight", "gauge", "I/O operations that have not ended."};

double seconds(Duration duration) noexcept { return std::chrono::duration<double>(duration).count(); }

std::string label_of(const LoopState& state) { return "loop=\"" + std::to_string(state.number.load()) + "\""; }

// On the loop's thread.
void measure_loop(LoopState& state, MetricSamples& into) {
    const LoopStatistics now = state.owner->statistics();
    const std::string loop = label_of(state);
    into.add(kResponding, loop, 1);
    into.add(kPasses, loop, now.passes);
    into.add(kPolls, loop, now.polls);
    into.add(kPollTime, loop, seconds(now.poll_time));
    into.add(kBusyTime, loop, seconds(now.busy_time));
    into.add(kLongestBusy, loop, seconds(now.longest_busy));
    if (now.longest_step) into.add(kLongestStep, loop, seconds(now.longest_step->duration));
    into.add(kReady, loop, now.ready);
    into.add(kTimers, loop, now.timers);
    into.add(kTasks, loop, now.tasks_alive);
    into.add(kCreated, loop, now.tasks_created);
    into.add(kDone, loop, now.tasks_done);
    into.add(kFailed, loop, now.tasks_failed);
    into.add(kCancelled, loop, now.tasks_cancelled);
    into.add(kOperations, loop, now.io_operations);
    into.add(kInFlight, loop, now.io_in_flight);
    state.measured.measure(into);
}

// What several loops work on together. Each visit holds it; `waiting` is in the frame of the coroutine that asks, and only that
// loop's thread looks at it.
struct Gathering {
    explicit Gathering(LoopState& state) : asker(state) {}

    std::mutex mutex;
    MetricSamples samples;
    std::vector<const LoopState*> answered;
    std::size_t left = 1;  // visits, and the coroutine while it sends them
    LoopState& asker;
    const Future<>* waiting = nullptr;

    // True for the last one.
    bool leave() {
        const std::lock_guard lock(mutex);
        return --left == 0;
    }
};

// Wakes the coroutine that asks.
class Arrival final : public Callback {
public:
    explicit Arrival(std::shared_ptr<Gathering> gathering) noexcept : gathering_(std::move(gathering)) {}
    void run() override {
        if (gathering_->waiting && !gathering_->waiting->done()) gathering_->waiting->set_result();
        delete this;
    }
    void discard() noexcept override { delete this; }
    const char* name() const noexcept override { return "metrics"; }

private:
    ~Arrival() = default;
    std::shared_ptr<Gathering> gathering_;
};

// Asks the loop that it is posted to.
class Visit final : public Callback {
public:
    Visit(std::shared_ptr<Gathering> gathering, std::unique_ptr<Callback, void (*)(Callback*)> arrival) noexcept
        : gathering_(std::move(gathering)), arrival_(std::move(arrival)) {}
    void run() override {
        LoopState& state = LoopState::of(*aio::detail::current.loop);
        try {
            MetricSamples own;
            measure_loop(state, own);
            const std::lock_guard lock(gathering_->mutex);
            gathering_->answered.push_back(&state);
            gathering_->samples.add(std::move(own));
        } catch (const std::bad_alloc&) {
            // It counts as one that did not answer.
        }
        discard();
    }
    void discard() noexcept override {
        if (gathering_->leave()) {
            Callback* const arrival = arrival_.release();
            if (!aio::detail::post(gathering_->asker, *arrival)) arrival->discard();
        }
        delete this;
    }
    const char* name() const noexcept override { return "metrics"; }

private:
    ~Visit() = default;
    std::shared_ptr<Gathering> gathering_;
    std::unique_ptr<Callback, void (*)(Callback*)> arrival_;  // made before it is needed: nothing may fail then
};

void send_visits(const std::shared_ptr<Gathering>& gathering) {
    for (WindowLoop* record = aio_window.loops.load(std::memory_order_acquire); record; record = record->next) {
        if (record->state == &gathering->asker || !record->current.load(std::memory_order_acquire)) continue;
        const auto discard = [](Callback* unused) { unused->discard(); };
        std::unique_ptr<Callback, void (*)(Callback*)> arrival(new Arrival(gathering), discard);
        auto* const visit = new Visit(gathering, std::move(arrival));
        {
            const std::lock_guard lock(gathering->mutex);
            ++gathering->left;
        }
        if (!aio::detail::post(*record->state, *visit)) visit->discard();
    }
}

// Of loops that did not answer: what can be read without them.
void add_silent_loops(const Gathering& gathering, MetricSamples& into) {
    for (const WindowLoop* record = aio_window.loops.load(std::memory_order_acquire); record; record = record->next) {
        const LoopState& state = *record->state;
        const auto& answered = gathering.answered;
        if (&state == &gathering.asker || !record->current.load(std::memory_order_acquire) ||
            std::find(answered.begin(), answered.end(), &state) != answered.end())
            continue;
        const std::string loop = label_of(state);
        into.add(kResponding, loop, 0);
        into.add(kPasses, loop, record->passes.load(std::memory_order_relaxed));
        into.add(kPolls, loop, record->polls.load(std::memory_order_relaxed));
        into.add(kPollTime, loop, seconds(Duration(record->slept.load(std::memory_order_relaxed))));
    }
}

struct Listening {
    Gathering& gathering;
    Listening(Gathering& all, const Future<>& arrived) noexcept : gathering(all) { gathering.waiting = &arrived; }
    Listening(const Listening&) = delete;
    ~Listening() { gathering.waiting = nullptr; }
};

}  // namespace

Coro<MetricSamples> measure_all_loops() {
    LoopState& state = LoopState::of(*aio::detail::current.loop);
    const auto gathering = std::make_shared<Gathering>(state);
    const Future<> arrived;
    const Listening listening(*gathering, arrived);
    send_visits(gathering);
    if (!gathering->leave()) {
        try {
            co_await wait_for(arrived, kPatience);
        } catch (const TimeoutError&) {
            // The rest is shown without them.
        }
    }
    MetricSamples all;
    all.add(kInfo, "version=\"" AIOCPP_VERSION "\"", 1);
    measure_loop(state, all);
    const std::lock_guard lock(gathering->mutex);
    all.add(std::exchange(gathering->samples, MetricSamples()));
    add_silent_loops(*gathering, all);
    co_return all;
}

}  // namespace aio::http::detail
