// Everything a loop has beside what coroutines touch (LoopCore). Internal to src.
#pragma once

#include <aio/core/event_loop.hpp>
#include <aio/core/loop_core.hpp>
#include <aio/core/measured.hpp>

#include "core/backend/backend.hpp"
#include "core/descriptor_set.hpp"
#include "core/loop_resource.hpp"
#include "core/step_meter.hpp"
#include "core/timer_queue.hpp"
#include "core/wakeup.hpp"

#include <array>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>

namespace aio {
class Resolver;
}

namespace aio::detail {

class FdWatch;
class SignalSlot;
struct AsyncGeneratorLink;

struct LoopState : LoopCore {
    TimerQueue timers;
    Wakeup wakeup;  // what other threads may touch
    std::unique_ptr<Backend> backend;
    std::string fallback_reason;

    bool stopping = false;
    Duration busy_poll{0};

    // A busy loop polls after this many passes, adapted to how long passes take (event_loop.cpp).
    unsigned passes_left = 1;
    unsigned passes_per_poll = 1;
    TimePoint last_poll{};

    // Answers of other threads that may come within microseconds. While there are any, the loop looks for them before it sleeps,
    // as long as they do come (before_sleep.cpp).
    unsigned brief_answers = 0;
    unsigned looked_in_vain = 0;  // since the last one came
    unsigned looks_skipped = 0;
    TimePoint last_look{};  // at the backend

    // When the frames' memory is looked after next; whether that is worth waking up for.
    TimePoint next_trim{};
    bool trim_wanted = false;

    EventLoop::ExceptionHandler exception_handler;
    EventLoop::TaskFactory task_factory = nullptr;
    Duration slow_callback_duration = std::chrono::milliseconds(100);
    std::shared_ptr<Executor> default_executor;
    bool executor_shut_down = false;
    std::shared_ptr<Resolver> resolver;  // io's: null is the default one

    std::unordered_map<int, std::unique_ptr<FdWatch>> readers, writers;
    std::unordered_map<int, Call*> signal_calls;
    std::array<const Call*, 2> exit_calls{};  // of them: run()'s, for Ctrl-C and SIGTERM
    DescriptorSet transport_fds;              // what resources own
    LoopResources resources;                  // connections and servers: told when the loop closes
    MeasuredList measured;                    // of what has numbers for metrics

    TaskLink generators{&generators, &generators};  // started asynchronous generators (async_generator.cpp)
    bool generators_shut_down = false;

    std::uint64_t tasks_failed = 0, tasks_cancelled = 0;
    bool measure_steps = false;
    StepMeter steps;  // what was measured

    // Test doors (tests/support): see run_observed() in observe.cpp.
    std::uint64_t shuffle_seed = 0;
    std::minstd_rand shuffle;
    void (*before_step)(LoopState&, TaskBase&, void*) = nullptr;
    void* before_step_data = nullptr;

    static LoopState& of(LoopCore& core) noexcept { return static_cast<LoopState&>(core); }
    static LoopState* of(LoopCore* core) noexcept { return static_cast<LoopState*>(core); }

    // A fresh or recycled state, with one external reference.
    static LoopState* acquire();
    void retain_external() noexcept { external.fetch_add(1, std::memory_order_relaxed); }
    void release_external() noexcept;  // any thread
    void update_observed() noexcept {
        observed = debug || measure_steps || shuffle_seed != 0 || before_step != nullptr;
        passes_left = 1;
    }
    // run_forever() returns after the present pass, or after its first.
    void stop() noexcept {
        stopping = true;
        passes_left = 1;
    }
};

// Of a loop that closes: what is ready will not run. Tasks among it, which may not have begun, are destroyed with the others.
void discard_ready(LoopState& state) noexcept;

// Runs `callback` on the loop's thread; from any thread, without a lock. False when the loop is closed.
bool post(LoopState& state, Callback& callback) noexcept;

}  // namespace aio::detail
