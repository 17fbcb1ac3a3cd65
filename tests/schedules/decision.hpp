// A moment of a run at which more than one thread could continue.
#pragma once

#include <cstdint>

namespace aio::schedules {

inline constexpr unsigned kMostThreads = 8;
inline constexpr std::uint8_t kUsual = 255;  // as a choice: the thread that runs unless another is asked for

struct Decision {
    std::uint8_t chosen = 0, usual = 0;
    // Sets of threads, a bit each: those that may run at no cost; those whose choice counts as a preemption, because
    // the running thread could continue, or because a timeout expires early.
    std::uint8_t without_cost = 0, with_cost = 0;
    std::uint64_t object = 0;  // which the running thread is about to use; 0: it cannot continue
    std::uint64_t state = 0;   // equal in runs that reach the same state by equivalent schedules
};

}  // namespace aio::schedules
