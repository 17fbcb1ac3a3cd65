// The loop's clock: monotonic (CLOCK_MONOTONIC), in nanoseconds; virtual on the sim backend.
#pragma once

#include <chrono>

namespace aio {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::nanoseconds;

}  // namespace aio
