// The beginning and the end of a loop: which backend, and what is left when it closes.
#include <aio/core/log.hpp>

#include "base/per_thread.hpp"
#include "core/fd_watch.hpp"
#include "core/observe.hpp"
#include "core/signals.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

namespace aio::detail {

namespace {

// The loops that exist, so that a future which outlived its loop is reported without it.
struct LiveLoops {
    std::mutex mutex;
    std::vector<LoopCore*> cores;

    static LiveLoops& instance() {
        static NeverDestroyed<LiveLoops> loops;
        return *loops;
    }
};

std::unique_ptr<Backend> uring_or_epoll(LoopState& state) {
    try {
        return make_uring_backend(state.wakeup.fd());
    } catch (const OSError& error) {
        state.fallback_reason = error.what();  // containers forbid io_uring: not worth a warning
    }
    return make_epoll_backend(state.wakeup.fd());
}

}  // namespace

std::unique_ptr<Backend> choose_backend(LoopState& state, std::string_view wanted) {
    const char* environment = std::getenv("AIO_BACKEND");
    if (wanted.empty() && environment) wanted = environment;
    const int wake_fd = state.wakeup.fd();
    if (wanted.empty()) return uring_or_epoll(state);
    if (wanted == "io_uring") return make_uring_backend(wake_fd);
    if (wanted == "epoll") return make_epoll_backend(wake_fd);
    if (wanted == "sim") return make_sim_backend(wake_fd);
    throw ValueError("unknown backend '" + std::string(wanted) +
                     "': set AIO_BACKEND or LoopOptions::backend to io_uring, epoll or sim");
}

void loop_created(LoopState& state) {
    LiveLoops& live = LiveLoops::instance();
    std::lock_guard lock(live.mutex);
    live.cores.push_back(&state);
}

EventLoop* live_loop(LoopCore* core) noexcept {
    LiveLoops& live = LiveLoops::instance();
    std::lock_guard lock(live.mutex);
    return std::find(live.cores.begin(), live.cores.end(), core) == live.cores.end() ? nullptr : core->owner;
}

namespace {

void discard_chain(Ready* item) noexcept {
    while (item) {
        Ready* next = item->next_ready;
        if (item->kind == Kind::callback) static_cast<Callback*>(item)->discard();
        item = next;
    }
}

}  // namespace

void discard_ready(LoopState& state) noexcept {
    if (state.ready.empty()) return;
    link_all(state);
    discard_chain(state.ready.take_all());
}

namespace {

// Tasks that will never be stepped again: their frames are destroyed, innermost first.
void destroy_tasks(LoopState& state) noexcept {
    while (state.tasks.next != &state.tasks) {
        auto& task = static_cast<TaskBase&>(*state.tasks.next);
        report_destroyed_pending(task);
        task.unlink();
        task.abandon();
        task.release();  // the loop's reference
        // Its destructors may have woken others (a guard releases its lock): they leave the queue while they exist.
        discard_ready(state);
    }
}

// Operations that are still in flight end, so that nothing the kernel writes to is freed under it.
void drain_backend(LoopState& state) noexcept {
    try {
        while (!state.readers.empty()) unwatch_fd(state, state.readers.begin()->first, false);
        while (!state.writers.empty()) unwatch_fd(state, state.writers.begin()->first, true);
        // A poll may end only some of many. It is given up when none has ended for a second.
        constexpr int kMostInVain = 100;
        std::size_t fewest = state.backend->in_flight();
        for (int in_vain = 0; in_vain < kMostInVain && fewest > 0; ++in_vain) {
            state.backend->run_deferred();
            discard_chain(state.ready.take_all());
            state.backend->poll(state.backend->now() + std::chrono::milliseconds(10));
            const std::size_t left = state.backend->in_flight();
            if (left < fewest) in_vain = 0;
            fewest = std::min(fewest, left);
        }
        if (const std::size_t left = state.backend->in_flight()) {
            log(LogLevel::error, "EventLoop.close: " + std::to_string(left) + " operations are still in flight");
        }
    } catch (const std::exception& error) {
        log(LogLevel::error, error.what());
    }
}

}  // namespace

void close_loop(LoopState& state) noexcept {
    // Destructors of what is destroyed here may look at the running loop: it is this one, one last time.
    Current saved = current;
    current.loop = &state;
    release_signals(state);
    discard_chain(state.wakeup.close());
    discard_ready(state);
    destroy_tasks(state);  // sleeping ones leave the timer queue
    while (Callback* timer = state.timers.pop()) timer->discard();
    discard_chain(state.ready.take_all());
    state.resources.loop_closing();
    state.measured.clear();
    drain_backend(state);
    discard_chain(state.ready.take_all());
    current = saved;
    {
        LiveLoops& live = LiveLoops::instance();
        std::lock_guard lock(live.mutex);
        std::erase(live.cores, &state);
    }
    state.default_executor.reset();
    state.resolver.reset();
    state.exception_handler = nullptr;
    state.task_factory = nullptr;
    state.backend.reset();
    std::destroy_at(&state.timers);
    std::construct_at(&state.timers);
    state.transport_fds = DescriptorSet();
    state.custom_task_factory = state.observed = state.debug = state.measure_steps = false;
    state.tasks_failed = state.tasks_cancelled = 0;
    state.steps = StepMeter();
    state.shuffle_seed = 0;
    state.before_step = nullptr;
    state.executor_shut_down = state.generators_shut_down = false;
    state.next_task_id = 0;
    state.passes_left = state.passes_per_poll = 1;
    state.trim_wanted = false;
    state.number = 0;
    state.slow_callback_duration = std::chrono::milliseconds(100);
    state.stopping = false;
}

}  // namespace aio::detail
