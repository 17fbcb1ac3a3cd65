// What a program's loops and tasks do: the result of a look through its window (window_reader.hpp).
#pragma once

#include "debug/memory.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace aio::debug {

// A place in the source. Line 0: in this function, where is not known.
struct Place {
    std::string function, file;
    std::uint32_t line = 0;
    bool glue = false;  // a frame by which the library calls the user's function
};

enum class TaskState : std::uint8_t {
    unstarted,  // it will take its first step
    ready,      // it is stepped in the next pass
    running,    // it is inside a step, or its thread is blocked in one
    waiting,
    changing  // it changed each time that it was looked at
};
const char* to_string(TaskState state) noexcept;

struct TaskInfo {
    // Another task that this one holds up.
    struct Awaiter {
        std::uint32_t task;  // its index in Snapshot::tasks
        bool waits;  // false: a task group's parent that still runs its block, or one that can go on without this one
    };

    Address address = 0;
    std::uint64_t id = 0;
    std::string name;
    TaskState state = TaskState::waiting;
    bool cancelling = false;            // it is to throw CancelledError
    std::vector<std::uint32_t> frames;  // indexes of Snapshot::places, the innermost first
    std::string waits_for;  // "Queue.get() of <Queue maxsize 5, 0 items, 3 getters>"; empty if not waiting
    Address awaits = 0;     // the task, future or group that it waits for
    std::vector<Awaiter> awaited_by;
};

struct LoopInfo {
    enum class State : std::uint8_t { idle, polling, busy };  // idle: no thread runs it
    std::uint64_t number = 0;
    std::uint64_t thread = 0;
    std::string backend;
    State state = State::idle;
    std::uint64_t timers = 0, polls = 0, passes = 0;
    std::int64_t longest_busy_ns = 0;  // between two polls, in the last one to two seconds
    Address record = 0;                // its WindowLoop
    std::size_t layout = 0;            // which copy of the library it belongs to
    std::int64_t last_poll_ns = 0;     // when the last poll ended, on the loop's clock
    std::uint32_t first_task = 0, task_count = 0;
    bool complete = true;  // false: the list of tasks changed too fast, or is damaged
};
const char* to_string(LoopInfo::State state) noexcept;

struct Snapshot {
    // The frames of `task` without glue, unless there is nothing else.
    std::vector<std::uint32_t> frames_of(const TaskInfo& task) const;

    std::vector<Place> places;
    std::vector<LoopInfo> loops;
    std::vector<TaskInfo> tasks;  // those of the first loop, then those of the second...; by age
    std::vector<std::vector<std::uint32_t>>
        deadlocks;  // tasks each of which waits for the next, the last for the first
};

// Finds the tasks that wait for each other: fills in `deadlocks`.
void find_deadlocks(Snapshot& snapshot);

}  // namespace aio::debug
