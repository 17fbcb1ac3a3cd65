// Running the calls of call_soon, call_later, add_reader... and the callbacks of futures.
#include <aio/core/future.hpp>
#include <aio/core/handle.hpp>

#include "core/observe.hpp"

#include <memory>
#include <utility>

namespace aio::detail {

namespace {

// Runs `body` in `context`, as a loop callback: what it throws is reported, except what must leave the loop.
template <class Body>
void run_guarded(ContextSlot& context, const char* name, const std::type_info* type, Body&& body) {
    ContextScope scope(context);
    try {
        body();
    } catch (const KeyboardInterrupt&) {
        throw;
    } catch (const SystemExit&) {
        throw;
    } catch (...) {
        report_callback_exception(name, type, std::current_exception());
    }
}

}  // namespace

void Call::call_again() {
    if (cancelled_) return;
    struct Running {
        Call* call;
        explicit Running(Call* c) noexcept : call(c) { call->running_ = true; }
        ~Running() {
            call->running_ = false;
            if (call->cancelled_) call->drop_function();  // it cancelled itself
        }
    } running(this);
    run_guarded(context, name(), &target_type(), [this] { invoke(); });
}

void Call::run() {
    in_timer_queue = false;
    // Also when an exit exception passes.
    struct Finish {
        Call* call;
        ~Finish() { call->finish(); }
    } finish{this};
    call_again();
}

void Call::cancel() noexcept {
    if (cancelled_) return;
    cancelled_ = true;
    // A timer that is due is already in the ready queue, which skips it.
    const bool leave_queue = std::exchange(in_timer_queue, false) && remove_timer(*loop, *this);
    if (!running_) drop_function();
    if (leave_queue) release();
}

void DoneCallback::run() {
    std::unique_ptr<DoneCallback> self(this);
    run_guarded(context_, name(), nullptr, [this] { invoke(); });
}

std::size_t remove_done_callbacks(FutureBase& future, const std::type_info& type, const void* function) {
    std::size_t removed = 0;
    if (future.done()) return 0;
    bool again = true;
    while (again) {
        again = false;
        DoneCallback* found = nullptr;
        future.callbacks().for_each([&](Callback& callback) {
            auto* candidate = dynamic_cast<DoneCallback*>(&callback);
            if (!found && candidate && candidate->calls(type, function)) found = candidate;
        });
        if (found && future.remove_callback(*found)) {
            found->discard();
            ++removed;
            again = true;
        }
    }
    return removed;
}

}  // namespace aio::detail
