// A pass with observers: debug mode's slow callbacks, and the hooks by which tests shuffle the order of steps and
// cancel tasks before any of them. The plain pass is in event_loop.cpp and pays nothing for these.
#include "core/observe.hpp"

#include <aio/core/log.hpp>

#include "base/describe.hpp"
#include "core/recorder.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace aio::detail {

namespace {

Ready* shuffled(LoopState& state, Ready* batch) {
    std::vector<Ready*> items;
    for (Ready* item = batch; item; item = item->next_ready) items.push_back(item);
    std::shuffle(items.begin(), items.end(), state.shuffle);
    Ready* head = nullptr;
    for (Ready* item : items) {
        item->next_ready = head;
        head = item;
    }
    return head;
}

// "<Task name='Task-1' coro=<f()> at file.cpp:12>" before it runs, since it may be gone afterwards.
std::string describe_item(Ready* item, TaskBase* task) {
    if (task) {
        std::string text = describe_task(*task);
        if (TaskBase* frame = task->innermost(); frame && task->started()) {
            text += " resumed at " + describe_location(frame->where());
        }
        return text;
    }
    auto* callback = static_cast<Callback*>(item);
    if (auto* call = dynamic_cast<Call*>(callback)) return "<Handle " + describe_type(call->target_type()) + ">";
    return std::string("<") + callback->name() + ">";
}

void run_item(Ready* item) {
    if (Recorder* const recorder = Recorder::here(); recorder && recorder->is_due()) {
        if (item->kind == Kind::task) {
            recorder->step(*static_cast<TaskBase*>(item), false);
        } else {
            recorder->run(*static_cast<Callback*>(item));
        }
        return;
    }
    if (item->kind == Kind::task) {
        static_cast<TaskBase*>(item)->step();
    } else {
        static_cast<Callback*>(item)->run();
    }
}

std::string seconds_text(std::chrono::duration<double> seconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", seconds.count());
    return text;
}

void run_timed(LoopState& state, Ready* item, TaskBase* task) {
    std::string what;
    try {
        what = describe_item(item, task);
    } catch (const std::bad_alloc&) {
        what = "a callback";  // that it runs matters more than what it is called
    }
    const auto start = std::chrono::steady_clock::now();
    FutureRef<TaskBase> alive;
    if (task) alive = FutureRef<TaskBase>::share(task);
    run_item(item);
    const TimePoint end = std::chrono::steady_clock::now();
    state.steps.note(end, end - start, what.c_str(), task);
    const std::chrono::duration<double> took = end - start;
    if (took < state.slow_callback_duration) return;
    try {
        std::string until;
        if (task && !task->done()) until = ", until its await at " + describe_location(task->innermost()->where());
        log(LogLevel::warning, "Executing " + what + " took " + seconds_text(took) + " seconds" + until);
    } catch (const std::bad_alloc&) {
        log(LogLevel::warning, "a callback was slow");
    }
}

// Without the texts: the loop's steps are measured, and it is not debugged.
void run_measured(LoopState& state, Ready* item, TaskBase* task) {
    FutureRef<TaskBase> alive;
    if (task) alive = FutureRef<TaskBase>::share(task);
    // The name of a callback, which may free itself, is static or gone: those of the library's own classes are static.
    const char* const name = task ? nullptr : static_cast<Callback*>(item)->name();
    const TimePoint start = std::chrono::steady_clock::now();
    run_item(item);
    const TimePoint end = std::chrono::steady_clock::now();
    state.steps.note(end, end - start, name, task);
}

}  // namespace

void report_slow_poll(LoopState& state, TimePoint start, TimePoint deadline) noexcept {
    const TimePoint end = state.backend->now();
    if (end - deadline < state.slow_callback_duration) return;
    try {
        log(LogLevel::warning, "poll took " + seconds_text(end - start) + " seconds, " +
                                   seconds_text(end - deadline) + " of them past its deadline");
    } catch (const std::bad_alloc&) {
        log(LogLevel::warning, "a poll was slow");
    }
}

void run_observed(LoopState& state, Ready* batch) {
    if (state.shuffle_seed != 0) {
        try {
            batch = shuffled(state, batch);
        } catch (const std::bad_alloc&) {
            // This pass keeps its order.
        }
    }
    state.rest_of_pass = batch;
    try {
        while (Ready* item = state.rest_of_pass) {
            state.rest_of_pass = item->next_ready;
            current.task = nullptr;
            TaskBase* task =
                item->kind == Kind::task ? static_cast<TaskBase*>(item) : static_cast<Callback*>(item)->task();
            if (task && state.before_step) state.before_step(state, *task, state.before_step_data);
            if (state.debug) {
                run_timed(state, item, task);
            } else if (state.measure_steps) {
                run_measured(state, item, task);
            } else {
                run_item(item);
            }
        }
    } catch (...) {
        state.ready.prepend(std::exchange(state.rest_of_pass, nullptr));
        throw;
    }
}

}  // namespace aio::detail
