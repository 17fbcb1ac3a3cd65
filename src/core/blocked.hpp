// The end of a simulation in which nothing can happen any more. Internal to src.
#pragma once

#include "core/loop_state.hpp"

#include <atomic>

namespace aio::detail {

// Threads of this library that wait for work, and therefore post nothing to any loop.
inline constinit std::atomic<std::size_t> idle_threads{0};
// Whether any thread but this one does something.
bool others_work() noexcept;

// For a loop on a virtual clock that has nothing ready, no timer and nothing in flight. Errors: RuntimeError, which names
// the tasks and what each waits for, when nothing can come from outside either: this is the process's only thread, but
// for idle ones of executors, and the program handles no signals.
void check_not_blocked(LoopState& state);

}  // namespace aio::detail
