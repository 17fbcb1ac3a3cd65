// What a task stores about the requests for its cancellation (count, message), and the exception that its await throws:
// it is made here, and Waiter::throw_cancelled (waiter.hpp) throws it.
#include <aio/core/task.hpp>

#include "core/loop_state.hpp"
#include "core/task_extras.hpp"

#include <cstdlib>
#include <new>
#include <utility>

namespace aio::detail {

// --- the count -----------------------------------------------------------------------------------------------

namespace {

// What Ready::cancel_requests can count.
constexpr unsigned kMostCounted = 127;

}  // namespace

unsigned TaskBase::cancelling() const noexcept {
    const unsigned count = cancel_requests & ~unsigned{kReturned};
    return count == kMostCounted && (flags & kExtras) ? count + extras_->further_cancels : count;
}

void TaskBase::count_cancel() noexcept {
    if ((cancel_requests & ~unsigned{kReturned}) < kMostCounted) {
        ++cancel_requests;
        return;
    }
    try {
        ++extras().further_cancels;
    } catch (const std::bad_alloc&) {}  // the request itself is made
}

unsigned TaskBase::uncancel() noexcept {
    if (cancelling() == 0) return 0;
    if (cancelling() > kMostCounted) {
        --extras_->further_cancels;
    } else {
        --cancel_requests;
    }
    if (cancelling() == 0) flags &= static_cast<std::uint8_t>(~kMustCancel);
    return cancelling();
}

// --- the message ---------------------------------------------------------------------------------------------

void TaskBase::set_cancel_message(std::string_view message) noexcept {
    if (message.empty() && !(flags & kExtras)) return;
    try {
        extras().cancel_message = message;
    } catch (const std::bad_alloc&) {
        // A cancellation without its message is still a cancellation.
    }
}

std::string TaskBase::take_cancel_message() noexcept {
    return (flags & kExtras) ? std::exchange(extras_->cancel_message, {}) : std::string();
}

void TaskBase::set_wait_error(std::exception_ptr error) noexcept {
    if (!error) return;
    try {
        extras().wait_error = std::move(error);
    } catch (const std::bad_alloc&) {
        // Then it is a plain CancelledError.
    }
}

std::exception_ptr TaskBase::take_wait_error() noexcept {
    return (flags & kExtras) ? std::exchange(extras_->wait_error, nullptr) : nullptr;
}

std::exception_ptr cancelled_error(const std::string& message) noexcept {
    if (message.empty()) return nullptr;
    try {
        return std::make_exception_ptr(CancelledError(message));
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

// Before the step of a task with kMustCancel. False when that ended the task: it had not started, so its body
// never runs (semantics 10).
bool TaskBase::deliver_cancellation() noexcept {
    flags &= static_cast<std::uint8_t>(~kMustCancel);
    if (started()) {
        flags |= kCancelDelivered;
        return true;
    }
    Current& cur = current;
    cur.task = nullptr;
    unlink();
    ++LoopState::of(*loop()).tasks_cancelled;
    finish_cancelled(cancelled_error(take_cancel_message()));
    leave_loop();
    return false;
}

void Waiter::list_awaited(std::vector<FutureBase*>& into) const {
    if (FutureBase* future = awaited()) into.push_back(future);
}

void Waiter::run() {
    task_->forget_waiter();
    task_->step();
}

void Waiter::wake_cancelled(std::string_view message) noexcept {
    task_->set_cancel_message(message);
    task_->flags |= kCancelDelivered;
    wake();
}

std::exception_ptr Waiter::take_cancellation(TaskBase& task) noexcept {
    task.flags &= static_cast<std::uint8_t>(~kCancelDelivered);
    if (std::exception_ptr error = task.take_wait_error()) return error;
    if (std::exception_ptr error = cancelled_error(task.take_cancel_message())) return error;
    return std::make_exception_ptr(CancelledError());
}

// --- waiting for a future ----------------------------------------------------------------------------------

// A future that was cancelled itself, before the task was or because it was, says why; as in asyncio, later requests change
// nothing about that.
void FutureWaiter::throw_cancelled_wait(TaskBase& task) {
    std::exception_ptr error = task.take_wait_error();
    if (!error && future_->state != State::cancelled) throw_cancelled(task);
    task.flags &= static_cast<std::uint8_t>(~kCancelDelivered);
    task.take_cancel_message();
    if (error) std::rethrow_exception(error);
    throw_failed();
}

void FutureWaiter::throw_failed() {
    if (current.task && future_->state == State::failed) {
        std::exception_ptr error = future_->exception();
        current.task->extend_traceback(*future_);
        std::rethrow_exception(error);
    }
    future_->check_value();
    std::abort();  // check_value() throws: the future is done without a value
}

}  // namespace aio::detail
