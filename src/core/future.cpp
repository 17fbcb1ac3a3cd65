// Futures: results, callbacks, and what waits for them.
#include <aio/core/future.hpp>

#include "core/loop_state.hpp"
#include "core/observe.hpp"

namespace aio::detail {

bool FutureObject::cancel_this(std::string_view message) noexcept {
    if (done()) return false;
    std::exception_ptr error;
    if (!message.empty()) {
        try {
            error = std::make_exception_ptr(CancelledError(std::string(message)));
        } catch (const std::bad_alloc&) {}
    }
    finish_cancelled(std::move(error));
    return true;
}

void FutureBase::throw_not_finished() {
    if (state == State::pending) throw InvalidStateError("the result is not ready: the future is pending");
    mark_retrieved();
    if (exception_) std::rethrow_exception(exception_);
    throw CancelledError();
}

std::exception_ptr FutureBase::exception() {
    if (state == State::pending) throw InvalidStateError("the exception is not set: the future is pending");
    if (state == State::cancelled) throw_not_finished();
    mark_retrieved();
    return state == State::failed ? exception_ : nullptr;
}

void FutureBase::finish_with(std::exception_ptr error) noexcept {
    if (!exception_live()) {
        new (&exception_) std::exception_ptr(std::move(error));
    } else {
        exception_ = std::move(error);
    }
    state = State::failed;
    flags |= kUnretrieved;
    schedule_callbacks();
}

void FutureBase::finish_cancelled(std::exception_ptr error) noexcept {
    if (!exception_live()) {
        new (&exception_) std::exception_ptr(std::move(error));
    } else {
        exception_ = std::move(error);
    }
    state = State::cancelled;
    schedule_callbacks();
}

void FutureBase::list_awaited(std::vector<FutureBase*>& into) {
    if (done()) return;
    if (kind == Kind::task) {
        if (const Waiter* waits = static_cast<TaskBase*>(this)->waiter()) waits->list_awaited(into);
    } else if (flags & kBranches) {
        static_cast<FutureObject*>(this)->branches()->list_branches(into);
    }
}

void FutureBase::require_pending(const char* operation) const {
    if (state == State::pending) return;
    throw InvalidStateError(std::string(operation) + ": the future is done already (" +
                            (state == State::cancelled ? "cancelled)" : "it has a result)"));
}

void FutureBase::push_callback(Callback& callback) {
    try {
        callbacks_.push(&callback);
    } catch (...) {
        callback.discard();
        throw;
    }
}

void FutureBase::schedule_all_callbacks() noexcept {
    loop_->closed ? callbacks_.discard() : callbacks_.schedule(loop_->ready, *this);
}

void FutureBase::destroy_now() noexcept {
    if (kind == Kind::task && !(flags & kTask)) return static_cast<TaskBase*>(this)->frame().destroy();
    if (flags & kUnretrieved) [[unlikely]] {
        ++references;
        report_unretrieved(*this);
        if (--references != 0) return;  // the handler kept the task that it was told of
    }
    if (state == State::pending) [[unlikely]] {
        callbacks_.discard();
        // A task that never ended: its loop is closed. What was destroyed before may have made it ready all the same.
        if (kind == Kind::task && loop_->closed) discard_ready(LoopState::of(*loop_));
    }
    if (kind == Kind::task) {
        static_cast<TaskBase*>(this)->frame().destroy();
    } else {
        delete static_cast<FutureObject*>(this);
    }
}

}  // namespace aio::detail
