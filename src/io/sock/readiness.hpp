// Waiting for a descriptor of the program's own.
#pragma once

#include <aio/core/coro.hpp>

#include "core/loop_state.hpp"

#include <string>

namespace aio::detail {

// Errors: ValueError unless `fd` is non-blocking; OSError when it is not open; RuntimeError when the loop owns it.
void check_raw_socket(LoopState& loop, int fd, const char* function);

// Returns when `fd` is readable or writable, or broken: the next call on it tells. Watches it as add_reader() does, which
// is refused if somebody else does. Cancel: nothing stays. Errors: RuntimeError, OSError.
Coro<> wait_until_ready(LoopState& loop, int fd, bool writable, const char* function);

}  // namespace aio::detail
