// The loop: the order of the phases. Timers are in timer_queue.cpp, the outside world behind backend/.
#include <aio/core/event_loop.hpp>

#include <aio/core/log.hpp>

#include "core/before_sleep.hpp"
#include "core/blocked.hpp"
#include "core/fd_watch.hpp"
#include "core/loop_state.hpp"
#include "core/observe.hpp"
#include "core/signals.hpp"
#include "core/window.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace aio {

using detail::Callback;
using detail::LoopState;
using detail::Ready;
using detail::TaskBase;

namespace detail {

constinit thread_local Current current [[gnu::tls_model("initial-exec")]];

namespace {

// While callbacks are ready the loop polls only every so many passes, so that a busy loop does not pay a system
// call (or even a clock reading) per pass. The number adapts: when passes become slow, the loop polls at most this many
// passes later, and then as often as is necessary.
constexpr unsigned kPassesPerPoll = 256;

// Passes until the next poll, or until nothing is ready. An exception (KeyboardInterrupt, SystemExit) leaves the rest
// ready.
void run_ready(LoopState& state) {
    Ready* item = state.ready.take_all();
    try {
        while (item) {
            Ready* next = item->next_ready;
            state.rest_of_pass = next;
            if (next) __builtin_prefetch(next);  // null would cost a page walk
            if (item->kind == Kind::task) [[likely]] {
                if (TaskBase* woken = static_cast<TaskBase*>(item)->step_handing_over(!next)) {
                    woken->next_ready = state.ready.empty() ? nullptr : state.ready.take_all();
                    if (--state.passes_left == 0) return state.ready.prepend(woken);
                    item = woken;
                    continue;
                }
            } else {
                current.task = nullptr;
                static_cast<Callback*>(item)->run();
            }
            if (!next) {
                if (--state.passes_left == 0) return;
                next = state.ready.take_all();
            }
            item = next;
        }
    } catch (...) {
        state.ready.prepend(std::exchange(state.rest_of_pass, nullptr));
        throw;
    }
}

// How long the poll may wait.
TimePoint poll_deadline(const LoopState& state) noexcept {
    if (must_not_sleep(state)) return TimePoint::min();
    return state.timers.empty() ? TimePoint::max() : state.timers.next();
}

// Result: the time until which the poll was allowed to wait.
TimePoint poll_backend(LoopState& state, WindowLoop& window) {
    Backend& backend = *state.backend;
    // Before the deadline is computed. It may make a task ready, such as a drain() whose buffer was sent completely. It
    // may also defer more work, such as the rest of a buffer of which only a part was sent.
    backend.run_deferred();
    TimePoint deadline = poll_deadline(state);
    if (deadline == TimePoint::min()) {
        if (backend.has_work()) backend.poll(deadline);
        return deadline;
    }
    if (deadline == TimePoint::max() && backend.waits_for_posts_only()) check_not_blocked(state);
    if (state.trim_wanted && frame_pool.worth_trimming()) deadline = std::min(deadline, state.next_trim);
    if (state.busy_poll > Duration(0) && spin(state, deadline)) return deadline;
    if (state.brief_answers > 0 && look_for_answer(state)) return deadline;
    if (!state.wakeup.begin_sleep()) return deadline;
    window.fall_asleep(backend.now());
    backend.poll(deadline);
    state.wakeup.end_sleep();
    return deadline;
}

// Returns the memory of a peak to the system: once a second while the loop is busy, and afterwards until it is done.
void trim(LoopState& state, TimePoint now) noexcept {
    constexpr Duration kInterval = std::chrono::seconds(1);
    state.trim_wanted = false;
    state.next_trim = now + kInterval;
    state.timers.trim();
    if (!frame_pool.worth_trimming()) return;
    if (const auto again = frame_pool.trim()) {
        state.trim_wanted = true;
        state.next_trim = now + *again;
    }
}

// The same, with a warning if it took longer than it was allowed to wait.
void poll_backend_timed(LoopState& state, WindowLoop& window) {
    const TimePoint start = state.backend->now();
    const TimePoint deadline = poll_backend(state, window);
    report_slow_poll(state, start, std::max(deadline, start));
}

// Collects what comes from outside: completions, posts of other threads, due timers.
void poll_and_collect(LoopState& state, WindowLoop& window) {
    current.task = nullptr;
    if (state.debug) [[unlikely]] {
        poll_backend_timed(state, window);
    } else {
        poll_backend(state, window);
    }
    state.wakeup.drain(state.ready);
    const TimePoint now = state.backend->now();
    if (!state.timers.empty()) state.timers.pop_due(now, state.ready);
    const Duration taken = window.polled(state.last_poll, now);  // passes do not become slow by the loop's sleep
    state.passes_per_poll = taken < kPollInterval
                                ? std::min(state.passes_per_poll * 2, kPassesPerPoll)
                                : std::max(static_cast<unsigned>(state.passes_per_poll * kPollInterval / taken), 1u);
    state.passes_left = state.stopping ? 1 : state.passes_per_poll;
    state.last_poll = now;
    if (!state.ready.empty()) state.trim_wanted = true;
    if (now >= state.next_trim) [[unlikely]]
        trim(state, now);
}

// Passes until stop(). What should be looked at after the present pass (stop, an observer, a timer that is due
// soon) sets passes_left to 1.
void run_passes(LoopState& state, WindowLoop& window) {
    do {
        poll_and_collect(state, window);
        if (state.observed) [[unlikely]] {
            window.count(1);
            run_observed(state, state.ready.take_all());
            continue;
        }
        const unsigned passes = state.passes_left;
        run_ready(state);
        window.count(passes - std::min(passes, state.passes_left));
    } while (!state.stopping);
}

// Marks the loop as running on this thread for the duration of run_forever().
class RunningScope {
public:
    explicit RunningScope(LoopState& state) : state_(state), window_(window_loop_of(state)) {
        if (state.closed) throw RuntimeError("EventLoop: the event loop is closed");
        if (state.running) throw RuntimeError("EventLoop: this event loop is already running");
        if (current.loop) throw RuntimeError("EventLoop: cannot run the event loop while another loop is running");
        [[maybe_unused]] static const bool heeded = (heed_watchdog_variable(), true);
        if (state.debug) heed_debug_mode(state);
        state.running = true;
        current.loop = &state;
        window_.begin(state.backend->now());
        window_.thread.store(static_cast<std::uint64_t>(::gettid()), std::memory_order_relaxed);
        window_.current.store(&current, std::memory_order_release);
        destruction.begin_here();
    }
    ~RunningScope() {
        state_.running = false;
        state_.stopping = false;
        current.loop = nullptr;
        current.task = nullptr;
        window_.current.store(nullptr, std::memory_order_release);
        window_.end(state_.backend->now());
    }
    WindowLoop& window() const noexcept { return window_; }

private:
    LoopState& state_;
    WindowLoop& window_;
};

bool environment_asks_for_debug() noexcept {
    const char* value = std::getenv("AIO_DEBUG");
    return value && *value && std::strcmp(value, "0") != 0;
}

}  // namespace

LoopCore& require_loop() {
    if (!current.loop)
        throw RuntimeError("no running event loop: call this from a coroutine or callback of aio::run()");
    return *current.loop;
}

LoopCore& core_of(EventLoop& loop) noexcept { return loop.core(); }

EventLoop& owner_of(LoopCore* core) {
    if (!core || !core->owner) throw RuntimeError("get_loop: the event loop of this future was destroyed");
    return *core->owner;
}

}  // namespace detail

EventLoop& get_running_loop() { return *detail::require_loop().owner; }

EventLoop* running_loop() noexcept { return detail::current.loop ? detail::current.loop->owner : nullptr; }

EventLoop::EventLoop(LoopOptions options) : EventLoop(nullptr, options) {}

EventLoop::EventLoop(std::unique_ptr<detail::Backend> backend, LoopOptions options) : state_(LoopState::acquire()) {
    state_->fallback_reason.clear();  // of an earlier loop
    try {
        options.watchdog.start();
        state_->backend = backend ? std::move(backend) : detail::choose_backend(*state_, options.backend);
        detail::loop_created(*state_);
    } catch (...) {
        state_->backend.reset();
        state_->closed = true;
        state_->release_external();
        throw;
    }
    detail::window_loop_of(*state_).reset();
    state_->owner = this;
    state_->busy_poll = options.busy_poll;
    state_->debug = options.debug || detail::environment_asks_for_debug();
    state_->shuffle_seed = options.shuffle_seed;
    state_->shuffle.seed(static_cast<std::minstd_rand::result_type>(options.shuffle_seed));
    state_->last_poll = state_->backend->now();
    // A virtual clock knows nothing of real idleness, and what is simulated is to be the same each time.
    state_->next_trim = state_->backend->simulated() ? TimePoint::max() : state_->last_poll;
    state_->update_observed();
}

EventLoop::~EventLoop() {
    if (!state_->closed) {
        try {
            close();
        } catch (const std::exception& error) {
            detail::log(LogLevel::error, error.what());
        }
    }
    state_->owner = nullptr;
    state_->release_external();
}

void EventLoop::run_forever() {
    detail::RunningScope running(*state_);
    detail::run_passes(*state_, running.window());
}

namespace {

// Stops the loop when the future is done. On the heap: it may still be ready when run_forever() throws.
class StopWhenDone final : public Callback {
public:
    explicit StopWhenDone(LoopState& state) noexcept : state_(&state) {}
    ~StopWhenDone() = default;
    void run() override {
        if (state_) state_->stop();
        delete this;
    }
    void discard() noexcept override { delete this; }
    const char* name() const noexcept override { return "run_until_complete"; }
    void disarm() noexcept { state_ = nullptr; }

private:
    LoopState* state_;
};

}  // namespace

void EventLoop::run_until_done(detail::FutureBase& future, bool owned) {
    if (future.loop() != state_) {
        throw ValueError("run_until_complete: the future belongs to a different loop than the one to be run");
    }
    auto* stop = new StopWhenDone(*state_);
    future.add_callback(*stop);
    try {
        run_forever();
    } catch (...) {
        if (future.remove_callback(*stop)) {
            stop->discard();
        } else if (future.done()) {
            stop->disarm();
        }
        // An exit exception came through the future itself: it was seen.
        if (owned && future.done() && !future.cancelled()) future.mark_retrieved();
        throw;
    }
    if (!future.done()) {
        if (future.remove_callback(*stop)) stop->discard();
        throw RuntimeError("EventLoop: event loop stopped before Future completed");
    }
    future.check_value();
}

void detail::run_until_task_done(EventLoop& loop, FutureBase& task) { loop.run_until_done(task, true); }

void EventLoop::stop() noexcept { state_->stop(); }
bool EventLoop::is_running() const noexcept { return state_->running; }
bool EventLoop::is_closed() const noexcept { return state_->closed; }

void EventLoop::close() {
    if (state_->running) throw RuntimeError("EventLoop: cannot close a running event loop");
    if (state_->closed) return;
    state_->closed = true;
    detail::close_loop(*state_);
}

TimePoint EventLoop::time() const noexcept {
    return state_->backend ? state_->backend->now() : std::chrono::steady_clock::now();
}

Handle EventLoop::soon(detail::Call* call) {
    Handle handle(call);  // the call's first reference is the ready queue's
    if (state_->closed || (state_->debug && state_->running && detail::current.loop != state_)) [[unlikely]] {
        call->release();
        if (state_->closed) throw RuntimeError("EventLoop: the event loop is closed");
        throw RuntimeError(
            "Non-thread-safe operation: call_soon, call_later or call_at was called from a thread other than the "
            "loop's; use call_soon_threadsafe");
    }
    state_->ready.push(call);
    return handle;
}

Handle EventLoop::soon_threadsafe(detail::Call* call) {
    Handle handle(call);
    if (!detail::post(*state_, *call)) {
        call->release();
        throw RuntimeError("call_soon_threadsafe: the event loop is closed");
    }
    return handle;
}

TimerHandle EventLoop::at(TimePoint when, detail::Call* call) {
    TimerHandle handle(call);
    try {
        if (state_->closed) throw RuntimeError("EventLoop: the event loop is closed");
        if (state_->debug && state_->running && detail::current.loop != state_) {
            throw RuntimeError(
                "Non-thread-safe operation: call_later or call_at was called from a thread other than the "
                "loop's; use call_soon_threadsafe");
        }
        call->loop = state_;
        call->when = when;
        state_->timers.push(*call, when);
    } catch (...) {
        call->release();
        throw;
    }
    call->in_timer_queue = true;
    if (when <= detail::after(state_->last_poll, detail::kPollInterval))
        state_->passes_left = 1;  // the next pass must look
    return handle;
}

void EventLoop::set_task_factory(TaskFactory factory) noexcept {
    state_->task_factory = factory;
    state_->custom_task_factory = factory != nullptr;
}
EventLoop::TaskFactory EventLoop::get_task_factory() const noexcept { return state_->task_factory; }

void EventLoop::set_default_executor(std::shared_ptr<Executor> executor) {
    state_->default_executor = std::move(executor);
}
const std::shared_ptr<Executor>& EventLoop::default_executor() const noexcept { return state_->default_executor; }

void EventLoop::set_debug(bool on) noexcept {
    state_->debug = on;
    if (on && state_->running) detail::heed_debug_mode(*state_);
    state_->update_observed();
}
bool EventLoop::get_debug() const noexcept { return state_->debug; }
void EventLoop::set_slow_callback_duration(Duration duration) noexcept { state_->slow_callback_duration = duration; }
Duration EventLoop::slow_callback_duration() const noexcept { return state_->slow_callback_duration; }

std::string_view EventLoop::backend_name() const noexcept {
    return state_->backend ? state_->backend->name() : std::string_view("closed");
}
const std::string& EventLoop::backend_fallback_reason() const noexcept { return state_->fallback_reason; }

detail::LoopCore& EventLoop::core() const noexcept { return *state_; }

void EventLoop::watch(int fd, bool writable, detail::Call* call) { detail::watch_fd(*state_, fd, writable, call); }
bool EventLoop::remove_reader(int fd) { return detail::unwatch_fd(*state_, fd, false); }
bool EventLoop::remove_writer(int fd) { return detail::unwatch_fd(*state_, fd, true); }
void EventLoop::handle_signal(int signal, detail::Call* call) { detail::handle_signal(*state_, signal, call); }
bool EventLoop::remove_signal_handler(int signal) { return detail::unhandle_signal(*state_, signal); }

}  // namespace aio
