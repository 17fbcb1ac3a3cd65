// One run of one body on one loop, with what is to go wrong in it. Used by async_test.cpp and rerun.cpp.
#pragma once

#include "support/async_test.hpp"
#include "support/watched_backend.hpp"

#include <cstdint>
#include <string>

namespace aio::test::harness {

// What goes wrong in a run; by default, nothing.
struct Plan {
    std::uint64_t failing_allocation = 0;  // the k-th operator new...
    bool of_malloc = false;                // ... or malloc, ...
    bool sticky = false;                   // ... and all after it
    std::uint64_t cancelled_step = 0;      // before the k-th step of a task...
    bool cancel_main = false;              // ... the main task is cancelled; else the one to be stepped
    IoFault io_fault;
    std::uint64_t shuffle_seed = 0;
    std::uint64_t late_seed = 0;
    bool thorough = true;  // count descriptors

    bool hostile() const noexcept { return failing_allocation || cancelled_step || io_fault.k; }
};

struct Outcome {
    bool injected = false;       // what the plan says has happened
    std::uint64_t points = 0;    // how often it could have: allocations, steps, or operations and calls
    std::exception_ptr error;    // what left the body
    std::string problem;         // a violation that no body may cause: hang, lost wakeup, leak
    bool stalled = false;        // the body waited for what could not come
    std::size_t tasks_left = 0;  // when the body had ended
    std::size_t timers_left = 0;
    std::vector<Report> reports;  // that the body did not take
    Log logs;
};

// Runs `body` under `plan` and closes the loop.
Outcome run_once(const Body& body, const Plan& plan);

// The backend for test loops.
std::string_view backend_name();

// Descriptors of this process.
std::size_t open_descriptors();

}  // namespace aio::test::harness
