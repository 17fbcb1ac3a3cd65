// The native stack of another thread of this process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace aio::debug {

// Before the first use of stack_of(), on a thread where nothing is urgent. Errors: RuntimeError when no signal is free.
void prepare_native_stacks();

// Where the thread is, innermost first, as addresses in the calls themselves. Empty if it does not answer within 100 ms: it
// blocks signals, or sleeps in the kernel where none arrives. One caller at a time.
std::vector<std::uintptr_t> stack_of(pid_t thread);

}  // namespace aio::debug
