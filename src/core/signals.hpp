// add_signal_handler, and Ctrl-C of run(). A signal becomes a callback of its loop: nothing of the program runs
// in signal context (semantics 52).
#pragma once

#include "core/loop_state.hpp"

namespace aio::detail {

// Takes over `call`'s reference. Errors: ValueError, RuntimeError, OSError.
void handle_signal(LoopState& state, int signal, Call* call);
// False when there was no handler. Errors: ValueError for what is no signal.
bool unhandle_signal(LoopState& state, int signal);
// Restores the dispositions of the signals that this loop handles.
void release_signals(LoopState& state) noexcept;

}  // namespace aio::detail
