// Looking for what comes within microseconds, which sleeping would delay.
#include "core/before_sleep.hpp"

#include "base/cpu_pause.hpp"
#include "core/backend/backend.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace aio::detail {

bool spin(LoopState& state, TimePoint deadline) {
    Backend& backend = *state.backend;
    backend.poll(TimePoint::min());  // submits the started operations; the wait for completions begins after that
    TimePoint now = backend.now();
    const TimePoint give_up = std::min(deadline, after(now, state.busy_poll));
    while (!must_not_sleep(state) && !state.wakeup.pending() && now < give_up) {
        backend.poll(TimePoint::min());
        // A virtual clock advances only while its backend waits.
        if (const TimePoint before = std::exchange(now, backend.now()); now == before) break;
    }
    return must_not_sleep(state);
}

// To sleep and be woken takes longer than what some threads are asked for, such as a query of SQLite: about 5 µs. So the loop looks
// for such answers before it sleeps. If they take long, it does so less and less often: at last every 256th time. Descriptors are
// polled as often as by a busy loop.
bool look_for_answer(LoopState& state) {
    constexpr Duration kPatience = std::chrono::microseconds(8);
    constexpr unsigned kMostInVain = 8;
    Backend& backend = *state.backend;
    if (++state.looks_skipped < 1U << state.looked_in_vain) return false;
    state.looks_skipped = 0;
    const TimePoint begin = backend.now();
    if (begin - state.last_look >= kPollInterval) {
        state.last_look = begin;
        backend.poll(TimePoint::min());
        if (must_not_sleep(state)) return true;
    }
    constexpr int kMostLooks = 1000;  // a virtual clock stands still
    for (int i = 0; i < kMostLooks && (i % 16 != 15 || backend.now() - begin < kPatience); ++i) {
        if (state.wakeup.pending()) {
            state.looked_in_vain = 0;
            return true;
        }
        cpu_pause();
    }
    state.looked_in_vain = std::min(state.looked_in_vain + 1, kMostInVain);
    return false;
}

}  // namespace aio::detail
