// What the loop may do in place of sleeping at once. Internal to src.
#pragma once

#include <aio/core/time.hpp>

#include "core/loop_state.hpp"

#include <chrono>

namespace aio::detail {

// A busy loop polls at most about this long after the last time.
inline constexpr Duration kPollInterval = std::chrono::microseconds(20);

// Whether there is something to do before anything new comes in.
inline bool must_not_sleep(const LoopState& state) noexcept {
    return !state.ready.empty() || state.stopping || state.backend->has_deferred();
}

// Polls without waiting, for busy_poll or until `deadline`. True: there is something to do.
bool spin(LoopState& state, TimePoint deadline);

// Looks for a moment for the answers of other threads that may come within microseconds. True: there is something to do.
bool look_for_answer(LoopState& state);

}  // namespace aio::detail
