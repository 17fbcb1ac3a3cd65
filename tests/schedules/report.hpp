// The results of a process that explores a program, in memory shared with its parent: it ends with the first fault, and
// may crash.
#pragma once

#include "schedules/scheduler.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aio::schedules {

struct Report {
    static constexpr std::size_t kMostDecisions = 20'000;

    // The present schedule.
    std::uint32_t decisions;
    std::uint8_t chosen[kMostDecisions], usual[kMostDecisions];
    // Why the process ended; empty: it finished, or crashed.
    char fault[4096];

    std::uint64_t schedules;  // explored so far
    std::uint32_t most_threads, most_operations;
    // The states in which runs ended: how many, and the sum of their hashes.
    std::uint64_t ends, ends_sum;
};

// The report of this process and its children.
Report& report();

// The present schedule, as AIO_TEST_SCHEDULE takes it: "12=1,37=2", where it departs from the usual one.
std::string schedule_text();

// Ends the process: the schedule shows a fault.
[[noreturn]] void fail(std::string_view what) noexcept;

// For a replay: each operation is printed at the end, with its thread and line.
void trace(bool on);
void note_step(unsigned thread, const Operation& operation, std::uint64_t name);
void note_decision(std::size_t index, const Decision& decision);
void print_trace();

}  // namespace aio::schedules
