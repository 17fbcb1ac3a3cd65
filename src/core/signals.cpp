#include "core/signals.hpp"

#include <aio/base/error.hpp>

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>

namespace aio::detail {

namespace {

constexpr int kSignals = 65;

// What the handler, in signal context, may touch: lock-free atomics only.
struct Slot {
    std::atomic<LoopState*> loop{nullptr};
    std::atomic<unsigned> pending{0};
    struct sigaction previous;
};
std::array<Slot, kSignals> slots;

// Drains the pending signals of its loop. One per loop would do; it is posted to the loop like any callback
// from outside, but signal context may not allocate, so that each slot has its own.
class Delivery final : public Callback {
public:
    int signal = 0;
    std::atomic<bool> posted{false};

    void run() override {
        posted.store(false);
        Slot& slot = slots[static_cast<std::size_t>(signal)];
        LoopState* state = slot.loop.load();
        if (!state) return;
        for (unsigned left = slot.pending.exchange(0); left > 0; --left) {
            auto found = state->signal_calls.find(signal);
            if (found == state->signal_calls.end()) return;
            Call* call = found->second;
            call->retain();  // the handler may remove itself
            try {
                call->call_again();
            } catch (...) {
                call->release();
                throw;
            }
            call->release();
        }
    }
    void discard() noexcept override { posted.store(false); }
    const char* name() const noexcept override { return "signal handler"; }
};
std::array<Delivery, kSignals> deliveries;

extern "C" void aio_on_signal(int signal) {
    Slot& slot = slots[static_cast<std::size_t>(signal)];
    LoopState* state = slot.loop.load();
    if (!state) return;
    // A second Ctrl-C before the loop even looked at the first: it hangs in the program's code. Let the signal
    // do what it does by default.
    if (slot.pending.fetch_add(1) >= 1 && signal == SIGINT) {
        ::signal(SIGINT, SIG_DFL);
        ::raise(SIGINT);
        return;
    }
    Delivery& delivery = deliveries[static_cast<std::size_t>(signal)];
    if (!delivery.posted.exchange(true)) {
        if (!post(*state, delivery)) delivery.posted.store(false);
    }
    state->wakeup.wake();
}

std::string describe(int signal) { return "signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")"; }

}  // namespace

void handle_signal(LoopState& state, int signal, Call* call) {
    try {
        if (state.closed) throw RuntimeError("EventLoop: the loop is closed");
        if (signal < 1 || signal >= kSignals || signal == SIGKILL || signal == SIGSTOP) {
            throw ValueError("add_signal_handler: " + std::to_string(signal) +
                             " is not a signal that can be handled");
        }
        if (::getpid() != ::gettid()) throw RuntimeError("add_signal_handler: call it from the main thread");
        Slot& slot = slots[static_cast<std::size_t>(signal)];
        LoopState* owner = slot.loop.load();
        if (owner && owner != &state) {
            throw RuntimeError("add_signal_handler: another event loop handles " + describe(signal));
        }
        Call*& registered = state.signal_calls[signal];
        if (registered) {
            registered->release();
            registered = call;
            return;
        }
        registered = call;
        deliveries[static_cast<std::size_t>(signal)].signal = signal;
        slot.pending.store(0);
        slot.loop.store(&state);
        struct sigaction action = {};
        action.sa_handler = aio_on_signal;
        sigemptyset(&action.sa_mask);
        action.sa_flags = SA_RESTART;
        if (::sigaction(signal, &action, &slot.previous) != 0) {
            const int error = errno;
            slot.loop.store(nullptr);
            state.signal_calls.erase(signal);
            throw_os_error(error, "install a handler for " + describe(signal));
        }
    } catch (...) {
        if (auto found = state.signal_calls.find(signal); found != state.signal_calls.end() && !found->second) {
            state.signal_calls.erase(found);
        }
        call->release();
        throw;
    }
}

bool unhandle_signal(LoopState& state, int signal) {
    auto found = state.signal_calls.find(signal);
    if (found == state.signal_calls.end()) return false;
    Slot& slot = slots[static_cast<std::size_t>(signal)];
    ::sigaction(signal, &slot.previous, nullptr);
    slot.loop.store(nullptr);
    Call* call = found->second;
    state.signal_calls.erase(found);
    call->release();
    return true;
}

void release_signals(LoopState& state) noexcept {
    while (!state.signal_calls.empty()) unhandle_signal(state, state.signal_calls.begin()->first);
}

}  // namespace aio::detail
