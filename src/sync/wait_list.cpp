// A waiter's way into a primitive's list and out of it: woken, cancelled, or let go when the primitive is destroyed.
// A wake-up that a cancelled waiter cannot use is passed on by the primitive: lock.cpp, semaphore.cpp, queue.cpp.
// throw_not_woken() throws the CancelledError of a wait in a list.
#include <aio/sync/wait_list.hpp>

namespace aio::detail {

void ListWaiter::enter(WaitList& list, std::coroutine_handle<> frame) {
    const LoopCore& loop = *current.task->loop();
    if ((list.loop_ != &loop || list.loop_number_ != loop.number) && !list.bind()) [[unlikely]] {
        throw RuntimeError(std::string(name()) + ": this object is bound to a different event loop");
    }
    list.push(*this);
    suspend(frame);
}

bool ListWaiter::cancel_wait(std::string_view message) noexcept {
    if (flags & kListed) leave();
    wake_cancelled(message);
    return true;
}

void ListWaiter::throw_not_woken() {
    check_cancelled();
    throw RuntimeError(std::string(name()) + ": the object was destroyed while a task waited for it");
}

bool WaitList::bind() noexcept {
    if (loop_ && loop_->number == loop_number_) return false;
    loop_ = current.task->loop();
    loop_number_ = loop_->number;
    return true;
}

std::size_t WaitList::size() const noexcept {
    std::size_t count = 0;
    for (const WaitLink* link = head_.next; link != &head_; link = link->next) ++count;
    return count;
}

bool WaitList::wake_first() noexcept {
    if (empty()) return false;
    ListWaiter& waiter = first();
    waiter.leave();
    waiter.flags |= ListWaiter::kWoken;
    waiter.wake();
    return true;
}

bool WaitList::wake_first_into(WaitList& woken) noexcept {
    if (empty()) return false;
    ListWaiter& waiter = first();
    wake_first();
    woken.push(waiter);
    return true;
}

void WaitList::wake_in_place() noexcept {
    if (empty() || first().woken()) return;
    first().flags |= ListWaiter::kWoken;
    first().wake();
}

void WaitList::let_go() noexcept {
    while (!empty()) {
        ListWaiter& waiter = first();
        waiter.leave();
        waiter.flags |= ListWaiter::kOrphaned;
    }
}

}  // namespace aio::detail
