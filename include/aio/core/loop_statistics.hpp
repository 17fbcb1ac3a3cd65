// What a loop has done so far: the result of EventLoop::statistics().
//
//     const aio::LoopStatistics now = aio::get_running_loop().statistics();
//
// http::metrics_handler() shows the same to Prometheus, `aiocpp top` most of it to people. The numbers are counters that the loop
// keeps anyway: it reads the clock once more for each poll in which it sleeps, and adds a few numbers for each poll. Asking costs
// a walk along the loop's tasks and along its ready queue.
#pragma once

#include <aio/core/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace aio {

// A step of a task, or a callback.
struct LongestStep {
    Duration duration = Duration(0);
    std::string task;   // its name, or "<Handle f()>"
    std::string place;  // "f() at shop.cpp:12", where it was suspended afterwards; empty: it ended
};

// The numbers of one loop, since it was made.
struct LoopStatistics {
    std::uint64_t passes = 0;          // over the ready queue
    std::uint64_t polls = 0;           // of the operating system; a busy loop polls once in many passes
    Duration poll_time = Duration(0);  // asleep in polls
    Duration busy_time = Duration(0);  // the rest of the time for which it ran; with busy_poll, spinning too
    Duration longest_busy =
        Duration(0);  // between two polls, in the last one to two seconds: what a new event waited at most

    // In the last one to two seconds. Only while steps are measured: EventLoop::set_measure_steps(), or debug mode.
    std::optional<LongestStep> longest_step = {};

    std::size_t ready = 0;   // tasks and callbacks that are to run in this pass or the next
    std::size_t timers = 0;  // sleeps, timeouts and call_later()s that are set

    std::uint64_t tasks_created = 0;
    std::uint64_t tasks_alive = 0;
    std::uint64_t tasks_done = 0;  // with the next two, and those that were destroyed
    std::uint64_t tasks_failed = 0;
    std::uint64_t tasks_cancelled = 0;

    std::uint64_t io_operations = 0;  // that were started: accept, receive, send, connect and the like
    std::size_t io_in_flight = 0;     // those that have not ended
};

}  // namespace aio
