// Queues apart from their items: a woken getter or putter that looks again, shutdown, statistics, errors. put() and
// get() are templates in queue.hpp, storage is in queue_store.hpp. Queues between threads: thread_queue.cpp.
// A get() or put() that is cancelled while it waits throws in wait_list.cpp (throw_not_woken); resumed() here is for
// one that was woken first.
#include <aio/sync/queue.hpp>

namespace aio::detail {

void QueueWaiter::wake_to_look(WaitList& woken) noexcept {
    leave();
    flags |= kWoken;
    woken.push(*this);
    task_->loop()->ready.push(this);
}

// A woken waiter is in the ready queue: run() delivers the cancellation there, unless uncancel() takes it back.
bool QueueWaiter::cancel_wait(std::string_view message) noexcept {
    return !woken() && ListWaiter::cancel_wait(message);
}

bool QueueWaiter::must_step() noexcept {
    if (flags & kOrphaned) return true;
    leave();
    return task_->flags & kMustCancel;
}

void QueueWaiter::step() {
    task_->forget_waiter();
    task_->step();
}

void QueueWaiter::wait_again(WaitList& list) noexcept {
    flags &= static_cast<std::uint8_t>(~kWoken);
    list.push(*this);
}

void QueueGetter::run() {
    if (must_step() || queue_.size_ > 0 || queue_.shut_down_) return step();
    wait_again(queue_.getters_);
}

void QueuePutter::run() {
    if (must_step() || !queue_.full() || queue_.shut_down_) return step();
    wait_again(queue_.putters_);
}

// A task that was woken for an item and then cancelled leaves the item to the next in line.
void QueueGetter::resumed() {
    if (!woken_and_cancelled()) return;
    if (queue_.size_ > 0) queue_.wake_getter();
    throw_cancelled(*task_);
}

void QueuePutter::resumed() {
    if (!woken_and_cancelled()) return;
    if (!queue_.full()) queue_.wake_putter();
    throw_cancelled(*task_);
}

void QueueBase::wake_getter() noexcept {
    if (!getters_.empty()) static_cast<QueueWaiter&>(getters_.first()).wake_to_look(woken_);
}
void QueueBase::wake_putter() noexcept {
    if (!putters_.empty()) static_cast<QueueWaiter&>(putters_.first()).wake_to_look(woken_);
}

void QueueBase::close(std::size_t dropped) noexcept {
    shut_down_ = true;
    room_ = 0;
    if (dropped > 0) {
        unfinished_ -= dropped < unfinished_ ? dropped : unfinished_;
        if (unfinished_ == 0) joiners_.wake_all();
    }
    while (!getters_.empty()) wake_getter();
    while (!putters_.empty()) wake_putter();
}

QueueStatistics QueueBase::statistics() const noexcept {
    return {size_, maxsize(), unfinished_, getters_.size(), putters_.size(), shut_down_};
}

std::string QueueBase::describe(const char* name) const {
    std::string text = std::string("<") + name + " size: " + std::to_string(size_);
    const auto add = [&text](const char* what, std::size_t count) {
        if (count > 0) text += std::string(", ") + what + ": " + std::to_string(count);
    };
    add("maxsize", maxsize());
    add("unfinished", unfinished_);
    add("getters", getters_.size());
    add("putters", putters_.size());
    if (shut_down_) text += ", shut down";
    return text + ">";
}

void QueueBase::throw_nothing_to_do() {
    throw ValueError("Queue.task_done: called too many times: more often than items were put");
}
void QueueBase::throw_shut_down() { throw QueueShutDown(); }
void QueueBase::throw_full() { throw QueueFull(); }
void QueueBase::throw_empty() { throw QueueEmpty(); }

}  // namespace aio::detail
