// The flight recorder: what a loop did last, in a ring of fixed memory. `aiocpp trace dump PID`, dumps and the watchdog read it
// (debug/recording.cpp), from this process, another one or a core file.
//
// The price decides the design. A step of a task may take 5 ns, and reading the processor's clock takes 8. So a step that is
// recorded is one that lasts, or one of the first kExactSteps behind each poll. When a loop hurries through many short steps, a
// counter is decremented for each, and every kGroup of them share one event: it has their number, their time, and the last of
// them. Programs that wait for the outside world are recorded step by step; a flood costs two instructions a step.
//
// A reader on another thread copies the events between two looks at `count`, and drops those that the ring may have overwritten
// meanwhile. That is right because each word is an atomic, stored with release: a reader that finds a word of event i + capacity
// then finds a count of at least i + capacity, and drops event i. On x86-64 these stores are plain ones.
//
// Thread rule: written by the loop's thread; read by any.
#pragma once

#include <aio/core/event_loop.hpp>
#include <aio/core/waiter.hpp>

#include "core/backend/backend.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace aio::detail {

struct LoopState;

// In the lowest byte of an event's second word.
enum class EventKind : std::uint8_t {
    none,
    step,      // a task's; with `count` > 1: of so many tasks and callbacks, the last of which was this one
    start,     // a task is about to take its first step
    name,      // of a task that has one; its text follows
    awaits,    // a task waits for another, `other`
    callback,  // one that is no task's step
    poll,      // the loop looked outside, or slept; `count` timers were due
    io,        // an operation of the kernel's has ended: `status` is its result
    request,   // an HTTP request was answered; text follows
    loop,      // events from here on are of the loop with this number, those before of `other`
    text       // more of the event before: 31 characters
};

// How the step left its task: State, unless it waits or is ready again.
enum class StepEnd : std::uint8_t { ready, waits, finished, failed, cancelled };

struct RecordedEvent {
    // Time of its end, in ticks | kind 8, count or status 16, duration in 16 ticks 40 | task 48, detail 16 | place or other 48,
    // table 16.
    std::atomic<std::uint64_t> words[4];
};

// A view of it in the memory of the loop's process.
struct RecordedRing {
    static constexpr std::size_t kTables = 128;

    std::uint64_t capacity = 0;  // a power of two
    // 1: a tick is a nanosecond of the loop's clock; 0: the two pairs below tell how long one is.
    std::atomic<std::uint64_t> nanoseconds{0};
    std::atomic<std::uint64_t> loop{0};   // the number of the loop that was recorded last
    std::atomic<std::uint64_t> from{0};   // events before this one had another clock
    std::atomic<std::uint64_t> count{0};  // events ever; the next one goes to events[count % capacity]
    std::atomic<std::uint64_t> first_ticks{0}, first_ns{0};  // one moment
    // A later moment, on the steady clock. last_ticks is 0 while the pair is written.
    std::atomic<std::uint64_t> last_ticks{0}, last_ns{0};
    // Virtual tables of what was waited for, by which readers know its class. An event has the index, from 1.
    std::atomic<const void*> tables[kTables]{};
    RecordedEvent events[1];
};

class Recorder {
public:
    static constexpr std::uint64_t kEvents = 32768;        // 1 MiB
    static constexpr std::uint64_t kTraceEvents = 524288;  // 16 MiB, as trace::Options::events
    static constexpr std::uint32_t kGroup = 64;
    static constexpr std::uint32_t kExactSteps = 16;
    static constexpr std::uint64_t kShort = 1024;  // ticks: about 0.4 us

    // The one of the loop that runs on this thread; null: none does, or nothing is recorded.
    static Recorder* here() noexcept;
    static void set_here(Recorder* recorder) noexcept;

    Recorder(RecordedRing& ring, bool simulated) noexcept : ring_(ring), simulated_(simulated) {}
    Recorder(const Recorder&) = delete;

    const RecordedRing& ring() const noexcept { return ring_; }
    // A loop begins to run, at `now` on its clock.
    void begin(const LoopState& state, TimePoint now, std::uint64_t number) noexcept;

    // Before each step and callback: whether that one ends a group, and is to be run by step() or run().
    bool is_due() noexcept { return --left_ == 0; }
    // TaskBase::step_handing_over(), recorded.
    TaskBase* step(TaskBase& task, bool last);
    void run(Callback& callback);

    void poll_begins() noexcept;
    void poll_ended(TimePoint now, std::size_t timers) noexcept;
    void io(std::uint8_t kind, int fd, int result) noexcept;
    // Of what `task` did (0: no task) from `begun` until now. `detail`: 0 a server's, 1 a client's.
    void span(EventKind kind, std::uint64_t task, std::uint64_t begun, int status, std::uint16_t detail,
              std::string_view first, std::string_view second = {}) noexcept;

    // In ticks: as of the step that runs, which costs nothing.
    std::uint64_t last() const noexcept { return last_; }
    // Since `begun`. For thresholds: exact to some percent.
    Duration since(std::uint64_t begun) const noexcept;

private:
    std::uint64_t now() const noexcept;
    void push(std::uint64_t end, EventKind kind, std::uint64_t count, std::uint64_t duration, std::uint64_t task,
              std::uint64_t detail, std::uint64_t place, std::uint64_t table) noexcept;
    void push_words(const std::uint64_t (&words)[4]) noexcept;
    void push_text(std::string_view first, std::string_view second) noexcept;
    // The loop's clock says `now_there` when `ticks` have passed.
    void note_time(std::uint64_t ticks, TimePoint now_there) noexcept;
    void note_start(TaskBase& task, std::uint64_t id) noexcept;
    void note_end(TaskBase& task, std::uint64_t id) noexcept;
    // Result: how long it took, since the event before; chooses what is recorded next.
    std::uint64_t finish_group(std::uint64_t end) noexcept;
    std::uint64_t index_of(const void* table) noexcept;

    RecordedRing& ring_;
    std::uint32_t left_ = 1;   // steps up to the next event
    std::uint32_t group_ = 1;  // steps in the present group
    std::uint32_t exact_ = 0;  // short steps that are still recorded alone
    bool simulated_;
    std::uint64_t last_ = 0;  // the end of the last event
    const Backend* clock_ = nullptr;
};

// For loops that are created from now on. 0: nothing is recorded. At first: AIO_RECORDER=N in the environment, or
// kTraceEvents if AIO_TRACE is set, or 0.
void set_recorder_events(std::size_t events) noexcept;
std::size_t recorder_events() noexcept;

// Gives `state`, which has a backend, its recorder, if there is to be one.
void attach_recorder(LoopState& state) noexcept;

// An operation has ended. On the loop's thread.
inline void record_io(const Operation& operation, int result) noexcept {
    if (Recorder* const recorder = Recorder::here())
        recorder->io(static_cast<std::uint8_t>(operation.kind), operation.fd, result);
}

// Once, when the first loop runs: AIO_TRACE=FILE.
void heed_trace_variable() noexcept;
// Of debug/trace.cpp, which nothing here may need: null in a program that does not link it. Errors: any.
[[gnu::weak]] void start_trace_as_asked(const char* path);

// Called on the loop's thread at the end of each HTTP request that took at least `slow_request_ns`; set by debug/recorder.cpp.
using SlowRequestHandler = void (*)(Duration taken, std::string_view method, std::string_view target);
extern constinit std::atomic<Duration::rep> slow_request_ns;  // max: none is slow
extern constinit std::atomic<SlowRequestHandler> on_slow_request;
// Called before the report of an exception that ends the program; null: nothing is.
extern constinit std::atomic<void (*)() noexcept> before_unhandled_report;

// From the beginning of an HTTP request to its end.
class RequestSpan {
public:
    RequestSpan() noexcept = default;
    void begin() noexcept {
        Recorder* const recorder = Recorder::here();
        begun_ = recorder ? recorder->last() : 0;
    }
    void end(int status, bool client, std::string_view method, std::string_view target) noexcept {
        if (Recorder* const recorder = Recorder::here(); recorder && begun_ != 0)
            record(*recorder, status, client, method, target);
    }

private:
    void record(Recorder& recorder, int status, bool client, std::string_view method,
                std::string_view target) noexcept;
    std::uint64_t begun_ = 0;
};

extern constinit thread_local Recorder* recorder_here [[gnu::tls_model("initial-exec")]];
inline Recorder* Recorder::here() noexcept { return recorder_here; }
inline void Recorder::set_here(Recorder* recorder) noexcept { recorder_here = recorder; }

}  // namespace aio::detail
