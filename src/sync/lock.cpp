// The hard case of Lock: a waiter that was woken and cancelled must wake the next one. Acquiring and releasing are
// inline in the header; wait_list.cpp has waiting and cancelling.
#include <aio/sync/lock.hpp>

namespace aio {

namespace detail {

// The task runs again: it was woken, or cancelled, or both:
//
//     lock.release();      // by A: wakes B
//     b.cancel();          // before B runs: C, next in line, must be woken in its place
void LockWaiter::resumed() {
    if (!woken_and_cancelled()) return;
    if (!lock_.locked_) lock_.waiters_.wake_in_place();
    throw_cancelled(*task_);
}

}  // namespace detail

void Lock::throw_not_acquired() { throw RuntimeError("Lock.release: the lock is not acquired"); }

std::string Lock::describe() const {
    std::string text = locked_ ? "<Lock locked" : "<Lock unlocked";
    if (!waiters_.empty()) text += ", waiters: " + std::to_string(waiters_.size());
    return text + ">";
}

}  // namespace aio
