// Signal handlers of loops: from signal context into a loop's queue. exit_signals.cpp has what run() does with two of them.
#include "core/signals.hpp"

#include <aio/base/error.hpp>

#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace aio::detail {

namespace {

constexpr int kSignals = 65;

// The handler of one signal for one loop: a callback that is posted to the loop like any other from outside. Signal
// context may not allocate, so it is created when the handler is registered; and each registration has its own, since
// the previous one's may still be in the queue of a loop that does not run.
class Delivery final : public Callback {
public:
    Delivery(LoopState& loop, int number) noexcept : state(loop), signal(number) {}

    LoopState& state;
    const int signal;
    // What the handler, in signal context, may touch: lock-free atomics only.
    std::atomic<unsigned> pending{0};
    std::atomic<bool> posted{false};
    std::atomic<std::int64_t> first{
        0};  // when what is pending came first, in seconds: SIGTERM often comes twice at once

    void run() override {
        posted.store(false);
        running_ = true;
        const Finish finish{*this};
        for (unsigned left = pending.exchange(0); left > 0 && !retired_; --left) {
            Call* call = state.signal_calls.at(signal);
            call->retain();  // the handler may remove itself
            const Release release{*call};
            call->call_again();
        }
    }
    void discard() noexcept override {
        posted.store(false);
        delete_if_done();
    }
    const char* name() const noexcept override { return "signal handler"; }

    // Retired: it is deleted once it is in no queue.
    void retire() noexcept {
        retired_ = true;
        delete_if_done();
    }

private:
    struct Finish {
        Delivery& delivery;
        ~Finish() {
            delivery.running_ = false;
            delivery.delete_if_done();
        }
    };
    struct Release {
        Call& call;
        ~Release() { call.release(); }
    };
    ~Delivery() = default;

    void delete_if_done() noexcept {
        if (retired_ && !running_ && !posted.load()) delete this;
    }

    bool retired_ = false;
    bool running_ = false;
};

struct Slot {
    std::atomic<Delivery*> delivery{nullptr};
    std::atomic<unsigned> active{0};  // handlers that run now, on any thread
    struct sigaction previous;
};
std::array<Slot, kSignals> slots;
static_assert(std::atomic<Delivery*>::is_always_lock_free && std::atomic<unsigned>::is_always_lock_free);

Slot& slot_of(int signal) noexcept { return slots[static_cast<std::size_t>(signal)]; }

std::int64_t seconds_now() noexcept {
    timespec now = {};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

void deliver(Delivery& delivery) noexcept {
    // A second request to end before the loop even looked at the first: it hangs in the program's code. Let the signal do
    // what it does by default.
    if (delivery.pending.fetch_add(1) == 0) {
        delivery.first = seconds_now();
    } else if (delivery.signal == SIGINT || (delivery.signal == SIGTERM && seconds_now() - delivery.first > 1)) {
        ::signal(delivery.signal, SIG_DFL);
        ::raise(delivery.signal);
        return;
    }
    if (!delivery.posted.exchange(true)) {
        if (!post(delivery.state, delivery)) delivery.posted.store(false);
    }
    delivery.state.wakeup.wake();
}

extern "C" void aio_on_signal(int signal) {
    Slot& slot = slot_of(signal);
    slot.active.fetch_add(1);
    if (Delivery* delivery = slot.delivery.load()) deliver(*delivery);
    slot.active.fetch_sub(1);
}

std::string describe(int signal) { return "signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")"; }

void check_signal(int signal, const char* caller) {
    // Between the standard and the real-time signals, libc reserves some for itself.
    if (signal >= 1 && signal < kSignals && (signal < 32 || signal >= SIGRTMIN)) return;
    throw ValueError(std::string(caller) + ": invalid signal number " + std::to_string(signal));
}

void install(LoopState& state, int signal) {
    Slot& slot = slot_of(signal);
    auto* delivery = new Delivery(state, signal);
    slot.delivery.store(delivery);
    struct sigaction action = {};
    action.sa_handler = aio_on_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    if (::sigaction(signal, &action, &slot.previous) == 0) return;
    const int error = errno;
    slot.delivery.store(nullptr);
    delivery->retire();
    throw_os_error(error, "install a handler for " + describe(signal));
}

bool uninstall(LoopState& state, int signal) noexcept {
    auto found = state.signal_calls.find(signal);
    if (found == state.signal_calls.end()) return false;
    Slot& slot = slot_of(signal);
    ::sigaction(signal, &slot.previous, nullptr);
    Delivery* delivery = slot.delivery.exchange(nullptr);
    // Another thread may still be in the handler, and use the delivery and the loop.
    while (slot.active.load() != 0) ::sched_yield();
    Call* call = found->second;
    state.signal_calls.erase(found);
    delivery->retire();
    call->release();
    return true;
}

}  // namespace

void handle_signal(LoopState& state, int signal, Call* call) {
    try {
        if (state.closed) throw RuntimeError("add_signal_handler: the event loop is closed");
        check_signal(signal, "add_signal_handler");
        if (signal == SIGKILL || signal == SIGSTOP) {
            throw ValueError("add_signal_handler: " + describe(signal) + " cannot be caught");
        }
        if (::getpid() != ::gettid()) throw RuntimeError("add_signal_handler: call it from the main thread");
        const Delivery* other = slot_of(signal).delivery.load();
        if (other && &other->state != &state) {
            throw RuntimeError("add_signal_handler: another event loop handles " + describe(signal));
        }
        auto [entry, added] = state.signal_calls.try_emplace(signal, call);
        if (!added) {
            std::exchange(entry->second, call)->release();
            return;
        }
        try {
            install(state, signal);
        } catch (...) {
            state.signal_calls.erase(signal);
            throw;
        }
    } catch (...) {
        call->release();
        throw;
    }
}

bool unhandle_signal(LoopState& state, int signal) {
    check_signal(signal, "remove_signal_handler");
    return uninstall(state, signal);
}

void release_signals(LoopState& state) noexcept {
    while (!state.signal_calls.empty()) uninstall(state, state.signal_calls.begin()->first);
}

}  // namespace aio::detail
