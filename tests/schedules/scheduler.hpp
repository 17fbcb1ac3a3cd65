// One thread at a time. The threads of a run pass a token on; at every synchronising operation the scheduler decides
// whether the running thread keeps it. Everything that a thread waits for (locks, conditions, joins, epoll, the clock) is
// simulated here, so that the scheduler always knows which threads could run. Called by the hooks; see README.md.
#pragma once

#include "schedules/decision.hpp"

#include <pthread.h>

#include <cstdint>
#include <vector>

namespace aio::schedules {

// Nanoseconds on the run's virtual clock.
using Nanoseconds = std::int64_t;
inline constexpr Nanoseconds kNever = INT64_MAX;

enum class Access : std::uint8_t { read, write };

// An operation, for the decision before it and for the trace. `name` is a literal.
struct Operation {
    const char* name;
    const void* object;  // operations on different objects commute
    Access access;
    const void* code;  // where it was called
};

// --- the explorer's side ---------------------------------------------------------------------------------------

// Runs `body` on a fresh thread, and with it the threads that it starts, until all have ended. At decision i the
// thread choices[i] runs; past their end, or for kUsual, the usual one. Result: the decisions that were made.
// A fault ends the process (report.hpp).
const std::vector<Decision>& run_once(void (*body)(), const std::vector<std::uint8_t>& choices);
// Threads of the last run, and its operations.
struct RunSize {
    unsigned threads, operations;
};
RunSize last_run_size() noexcept;

// --- the hooks' side: the calling thread ---------------------------------------------------------------------

// Whether the calling thread is a run's, and not in the middle of the scheduler or of a static initialiser.
bool scheduled() noexcept;
// Whether it is a run's at all.
bool of_a_run() noexcept;

// Another thread may run before the operation; then the caller makes it.
void before(const Operation& operation);

void lock(const void* mutex, const void* code);
bool try_lock(const void* mutex, const void* code);
void unlock(const void* mutex, const void* code);
// Returns false when the time is over.
bool wait(const void* condition, const void* mutex, Nanoseconds deadline, const void* code);
void notify(const void* condition, bool everybody, const void* code);
void yield(const void* code);
void sleep_until(Nanoseconds deadline, const void* code);
// Returns false when the time is over.
bool wait_for_events(int epoll, Nanoseconds deadline, const void* code);
// The object of all operations on descriptors.
const void* kernel_object() noexcept;
// The kernel's state changed: an epoll may be ready now.
void kernel_changed() noexcept;
Nanoseconds now() noexcept;

// Starts a thread that belongs to the run. Result: an errno.
int create(pthread_t* handle, const pthread_attr_t* attributes, void* (*start)(void*), void* argument);
// Waits until that thread has ended for the scheduler; the caller joins it then.
void join(pthread_t handle, const void* code);

// Static initialisers: nothing is decided inside, since the other threads would wait for the end in the kernel.
void enter_initialiser() noexcept;
void leave_initialiser() noexcept;

}  // namespace aio::schedules
