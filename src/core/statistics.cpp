// EventLoop::statistics(), and what has numbers of its own (measured.hpp).
#include <aio/core/event_loop.hpp>

#include "base/describe.hpp"
#include "core/loop_state.hpp"
#include "core/observe.hpp"
#include "core/window.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

namespace aio {

namespace detail {

namespace {

constexpr Duration kSecond = std::chrono::seconds(1);

bool in_no_list(const TaskBase& task) noexcept { return task.next == nullptr; }

// What stands in a queue: how many, and tasks in it that are not in the loop's list yet.
struct QueueCount {
    std::size_t items = 0, new_tasks = 0;

    void add(const Ready* item) noexcept {
        for (; item; item = item->next_ready) {
            ++items;
            new_tasks += item->kind == Kind::task ? in_no_list(static_cast<const TaskBase&>(*item))
                                                  : static_cast<const Callback*>(item)->tasks_to_start();
        }
    }
};

}  // namespace

void StepMeter::turn(TimePoint now) noexcept {
    if (now - second_ < kSecond) return;
    before_ = now - second_ < 2 * kSecond ? std::move(now_) : std::nullopt;
    now_.reset();
    second_ = now;
}

void StepMeter::note(TimePoint end, Duration took, const char* callback, TaskBase* task) noexcept {
    turn(end);
    if (now_ && took <= now_->duration) return;
    try {
        LongestStep step;
        step.duration = took;
        step.task = task ? task->name() : std::string(callback);
        if (task && !task->done()) step.place = describe_location(task->innermost()->where());
        now_ = std::move(step);
    } catch (const std::bad_alloc&) {
        // The next one is counted again.
    }
}

std::optional<LongestStep> StepMeter::longest(TimePoint now) const {
    StepMeter meter = *this;
    meter.turn(now);
    if (!meter.before_ || (meter.now_ && meter.now_->duration > meter.before_->duration)) return meter.now_;
    return meter.before_;
}

Measured::Measured() noexcept {
    static std::atomic<std::uint64_t> made{0};
    number_ = ++made;
    if (current.loop) link_before(LoopState::of(current.loop)->measured);
}

std::string Measured::label(std::string_view kind) const {
    return std::string(kind) + "=\"" + std::to_string(number_) + "\"";
}

}  // namespace detail

LoopStatistics EventLoop::statistics() const {
    const detail::LoopState& state = *state_;
    const detail::WindowLoop& window = detail::window_loop_of(state);
    const auto nanoseconds = [](const std::atomic<std::int64_t>& number) {
        return Duration(number.load(std::memory_order_relaxed));
    };
    LoopStatistics result;
    result.passes = window.passes.load(std::memory_order_relaxed);
    result.polls = window.polls.load(std::memory_order_relaxed);
    result.poll_time = nanoseconds(window.slept);
    result.busy_time = Duration(nanoseconds(window.ran) - result.poll_time);
    const TimePoint now = time();
    if (state.running) result.busy_time += now.time_since_epoch() - nanoseconds(window.began);
    result.longest_busy = std::max(nanoseconds(window.longest_busy), nanoseconds(window.longest_busy_before));
    result.longest_step = state.steps.longest(std::chrono::steady_clock::now());

    detail::QueueCount queued;
    queued.add(state.rest_of_pass);
    queued.add(state.ready.first());
    result.ready = queued.items;
    result.timers = state.timers.size();
    result.tasks_created = state.next_task_id;
    result.tasks_alive = queued.new_tasks;
    for (const detail::TaskLink* link = state.tasks.next; link != &state.tasks; link = link->next)
        ++result.tasks_alive;
    // One in its first step is in no list and no queue.
    const detail::TaskBase* const running = detail::current.loop == &state ? detail::current.task : nullptr;
    if (running && !running->done() && detail::in_no_list(*running)) ++result.tasks_alive;
    result.tasks_done = result.tasks_created - result.tasks_alive;
    result.tasks_failed = state.tasks_failed;
    result.tasks_cancelled = state.tasks_cancelled;
    if (state.backend) {
        result.io_operations = state.backend->operations();
        result.io_in_flight = state.backend->in_flight();
    }
    return result;
}

void EventLoop::set_measure_steps(bool on) noexcept {
    state_->measure_steps = on;
    state_->update_observed();
}

}  // namespace aio
