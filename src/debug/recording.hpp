// What a program's loops did last: the events of its flight recorders (core/recorder.hpp), read out of its memory as its tasks
// are (window_reader.hpp).
#pragma once

#include "core/recorder.hpp"
#include "debug/snapshot.hpp"
#include "debug/window_reader.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace aio::debug {

using aio::detail::EventKind;
using aio::detail::StepEnd;

// An event, in the words of core/recorder.hpp. Times: nanoseconds on the steady clock, or the loop's virtual one.
struct LoopEvent {
    EventKind kind = EventKind::none;
    StepEnd end = StepEnd::ready;  // of a step
    bool client = false;           // of a request
    std::int64_t begin_ns = 0, end_ns = 0;
    std::uint64_t task = 0;   // its id; 0: none, or not known
    std::uint32_t count = 0;  // steps; timers that were due; of an operation, its Operation::Kind
    std::int32_t status = 0;  // of a request, HTTP's; of an operation, its result
    // An index of Recording::tasks.places: where the task awaits, or the function it begins with; -1: none.
    std::int32_t place = -1;
    std::uint64_t awaits = 0;  // the id of the task that it waits for
    std::string text;          // the call that it waits in, the name of a callback, a request's line
};

struct LoopRecording {
    std::uint64_t number = 0;
    bool simulated = false;                                      // its times are of a virtual clock
    std::uint64_t lost = 0;                                      // older events that the ring has overwritten
    std::vector<LoopEvent> events;                               // by the time of their end
    std::unordered_map<std::uint64_t, std::string> names;        // of tasks that have one
    std::unordered_map<std::uint64_t, std::uint32_t> functions;  // with which tasks began: indexes of places
};

struct Recording {
    Snapshot tasks;  // those that live, with their innermost frames; and all places
    std::vector<LoopRecording> loops;
};

// "Task-3", or the name that the task has.
std::string task_name(const LoopRecording& loop, std::uint64_t id);
// "receive": of an event of an operation.
const char* operation_name(const LoopEvent& event) noexcept;

// The newest events of a loop, a line each, the newest last: at most `most`.
std::string render_events(const Recording& recording, const LoopRecording& loop, std::size_t most);
// Those of all loops.
std::string render_recording(const Recording& recording, std::size_t most);

// A trace in the JSON format of Chrome and Perfetto. Events that ended before `from_ns` are left out, unless the loop's clock is
// simulated. Source: "Trace Event Format", Google.
std::string render_trace(const Recording& recording, std::int64_t from_ns, std::uint64_t process);

}  // namespace aio::debug
