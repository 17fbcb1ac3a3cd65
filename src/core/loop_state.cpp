// LoopState objects are recycled: how one is acquired, and returned with its last external reference; and post().
// lifecycle.cpp has the choice of the backend and the closing of the loop.
#include "core/loop_state.hpp"

#include "base/per_thread.hpp"
#include "core/fd_watch.hpp"
#include "core/window.hpp"

#include <mutex>

namespace aio::detail {

namespace {

// States of ended loops. They are reused and never freed: a future may outlive its loop and still look at the
// LoopCore it belonged to.
struct Retired {
    std::mutex mutex;
    std::vector<LoopState*> states;  // with room for all of them
    std::size_t made = 0;

    static Retired& instance() {
        static NeverDestroyed<Retired> retired;
        return *retired;
    }
};

}  // namespace

LoopState* LoopState::acquire() {
    Retired& retired = Retired::instance();
    LoopState* state = nullptr;
    {
        std::lock_guard lock(retired.mutex);
        if (!retired.states.empty()) {
            state = retired.states.back();
            retired.states.pop_back();
        }
    }
    if (!state) {
        {
            std::lock_guard lock(retired.mutex);
            retired.states.reserve(++retired.made);
        }
        auto record = make_window_loop();
        auto fresh = std::make_unique<LoopState>();
        fresh->wakeup.open();
        state = fresh.release();
        show_in_window(std::move(record), *state);
    } else {
        try {
            state->wakeup.open();
        } catch (...) {
            std::lock_guard lock(retired.mutex);
            retired.states.push_back(state);
            throw;
        }
    }
    static std::atomic<std::uint64_t> loops{0};
    state->number = ++loops;
    state->closed = false;
    state->external.store(1);
    return state;
}

void LoopState::release_external() noexcept {
    if (external.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    wakeup.close_fd();
    Retired& retired = Retired::instance();
    std::lock_guard lock(retired.mutex);
    retired.states.push_back(this);
}

bool post(LoopState& state, Callback& callback) noexcept { return state.wakeup.post(callback); }

}  // namespace aio::detail
