// A request for cancellation on its way: from a task to what it waits for, and on to what that waits for (semantics 10, 13).
#include "core/cancellation.hpp"

#include "core/ring.hpp"

#include <cstddef>
#include <utility>

namespace aio::detail {

constinit thread_local std::uint32_t CancelWave::number_ = 0;
constinit thread_local unsigned CancelWave::open_ = 0;

// Tasks wait for each other in lines (chains) of any length, and in rings (cycles) if the program is wrong: two tasks
// that await each other, or a handler that awaits the worker that waits for it. So nothing here recurses: a line is
// followed in a loop, and the position within a gather is kept in the gather. A line is searched for rings before
// anything in it changes.
class Cancellation {
public:
    Cancellation(TaskBase* origin, FutureBase& first, std::string_view message) noexcept
        : origin_(origin), first_(first), message_(message) {}

    // Whether what `origin` waits for took the request.
    bool run() noexcept {
        bool taken = follow(first_);
        while (innermost_) {
            innermost_->taken_ |= taken;
            innermost_->branch_ = innermost_->next_to_cancel();
            taken = innermost_->branch_ ? follow(*innermost_->branch_) : leave();
        }
        return taken;
    }

private:
    // Along the line of tasks that begins with `first`, to what the last one waits for. Where that is a gather, it is entered.
    bool follow(FutureBase& first) noexcept {
        if (FutureBase* met = find_ring(first)) {
            if (first.kind == Kind::task) static_cast<TaskBase&>(first).count_cancel();
            return break_ring(*met);
        }
        TaskBase* awaiting = nullptr;
        FutureBase* future = &first;
        while (future->kind == Kind::task && !future->done()) {
            awaiting = static_cast<TaskBase*>(future);
            awaiting->count_cancel();
            FutureWaiter* const waits = awaiting->future_waiter();
            if (!waits) return interrupt(*awaiting);
            if (waits->stamp() == CancelWave::answered()) return true;
            waits->set_stamp(CancelWave::answered());
            future = waits->awaited();
        }
        if (future->done()) return answer(awaiting, false);
        auto& object = static_cast<FutureObject&>(*future);
        if (!(object.flags & kBranches)) return answer(awaiting, object.cancel_this(message_));
        Branches& branches = *object.branches();
        if (branches.answered_in_ == CancelWave::answered()) return answer(awaiting, branches.taken_);
        stamp_line(first, CancelWave::under_way());
        branches.outer_ = std::exchange(innermost_, &branches);
        branches.line_ = &first;
        branches.awaiting_ = awaiting;
        branches.taken_ = false;
        branches.begin_cancelling();
        return false;
    }

    bool leave() noexcept {
        Branches& left = *std::exchange(innermost_, innermost_->outer_);
        const bool taken = left.taken_;
        TaskBase* const awaiting = left.awaiting_;
        left.answered_in_ = CancelWave::answered();
        stamp_line(*left.line_, CancelWave::answered());
        left.end_cancelling(taken);
        return answer(awaiting, taken);
    }

    static void stamp_line(FutureBase& first, std::uint32_t stamp) noexcept {
        FutureBase* at = &first;
        while (at && at->kind == Kind::task) {
            FutureWaiter* const waits = static_cast<TaskBase*>(at)->future_waiter();
            if (!waits) return;  // a ring was broken there
            waits->set_stamp(stamp);
            at = waits->awaited();
        }
    }

    // What `awaiting` waits for has answered.
    bool answer(TaskBase* awaiting, bool taken) noexcept {
        if (!awaiting) return taken;
        if (!taken) awaiting->must_cancel(message_);
        return true;
    }
    // A task that waits for no other: for a timer, a lock, a stream, or not at all.
    bool interrupt(TaskBase& task) noexcept {
        Waiter* const waits = task.waiter();
        return answer(&task, waits && task.started() && waits->cancel_wait(message_));
    }

    // Follows the line that begins with `first` and changes nothing. Result: where the line comes back to one of its
    // own tasks (Brent's algorithm), to the origin, or to a line that the request has entered; null if it never does.
    FutureBase* find_ring(FutureBase& first) const noexcept {
        const FutureBase* mark = &first;
        std::size_t steps = 0, until_next_mark = 1;
        for (FutureBase* at = &first;;) {
            if (at == origin_) return at;
            if (at->kind != Kind::task) {
                const bool entered = (at->flags & kBranches) && static_cast<FutureObject*>(at)->branches()->branch_;
                return entered ? at : nullptr;
            }
            FutureWaiter* const waits = static_cast<TaskBase*>(at)->future_waiter();
            if (!waits || waits->stamp() == CancelWave::answered()) return nullptr;
            if (waits->stamp() == CancelWave::under_way()) return at;
            at = waits->awaited();
            if (at == mark) return at;
            if (++steps == until_next_mark) {
                mark = at;
                until_next_mark *= 2;
                steps = 0;
            }
        }
    }

    FutureBase* next_in_ring(FutureBase& at) const noexcept {
        if (&at == origin_) return &first_;
        if (at.kind == Kind::task) return static_cast<TaskBase&>(at).awaited();
        return static_cast<FutureObject&>(at).branches()->branch_;
    }

    bool break_ring(FutureBase& met) noexcept {
        Ring ring;
        FutureBase* at = &met;
        do {
            ring.look_at(*at);
            at = next_in_ring(*at);
        } while (at != &met);
        if (!ring.youngest()) return false;
        at = ring.youngest();
        do {
            ring.name(*at);
            at = next_in_ring(*at);
        } while (at != ring.youngest());
        ring.end();
        return true;
    }

    const CancelWave wave_;
    TaskBase* const origin_;
    FutureBase& first_;
    const std::string_view message_;
    Branches* innermost_ = nullptr;
};

bool cancel_awaited(TaskBase* origin, FutureBase& first, std::string_view message) noexcept {
    return Cancellation(origin, first, message).run();
}

// --- requests ----------------------------------------------------------------------------------------------

bool FutureBase::cancel(std::string_view message) noexcept {
    if (kind == Kind::task) return static_cast<TaskBase*>(this)->cancel_task(message);
    if (flags & kBranches) return cancel_awaited(nullptr, *this, message);
    return static_cast<FutureObject*>(this)->cancel_this(message);
}

bool TaskBase::cancel_task(std::string_view message) noexcept {
    if (done()) return false;
    count_cancel();
    if (Waiter* waits = waiter(); waits && started() && waits->cancel_wait(message)) return true;
    must_cancel(message);
    return true;
}

bool FutureWaiter::cancel_wait(std::string_view message) noexcept {
    if (future_->kind == Kind::future && !(future_->flags & kBranches)) [[likely]]
        return static_cast<FutureObject*>(future_)->cancel_this(message);
    return cancel_awaited(task_, *future_, message);
}

void FutureWaiter::give_up(std::exception_ptr error) noexcept {
    future_->remove_callback(*this);
    task_->set_wait_error(std::move(error));
    task_->flags |= kCancelDelivered;
    wake();
}

}  // namespace aio::detail
