// A Semaphore with waiters: units are handed over in order, and one that a cancelled task received is passed on. The
// uncontended paths are inline in the header, BoundedSemaphore included; wait_list.cpp has the waiting itself.
#include <aio/sync/semaphore.hpp>

namespace aio {

namespace detail {

// The task runs again. The unit it was handed is its own, or goes back if it was cancelled since. Either way it
// made newcomers queue behind it although units were free.
void SemaphoreWaiter::resumed() {
    const bool must_throw = woken_and_cancelled();
    if (must_throw) ++semaphore_.value_;
    semaphore_.hand_over();
    if (must_throw) throw_cancelled(*task_);
}

}  // namespace detail

Semaphore::Semaphore(std::ptrdiff_t value, std::ptrdiff_t bound) : value_(value), bound_(bound) {
    if (value < 0) throw ValueError("Semaphore: the initial value must not be negative");
}

void Semaphore::hand_over() noexcept {
    while (value_ > 0 && waiters_.wake_first_into(woken_)) --value_;
}

void Semaphore::throw_released_too_often() const {
    throw ValueError(bound_ == PTRDIFF_MAX ? "Semaphore.release: its value is already the largest possible"
                                           : "BoundedSemaphore.release: released too many times");
}

std::string Semaphore::describe() const {
    std::string text = bound_ == PTRDIFF_MAX ? "<Semaphore" : "<BoundedSemaphore";
    text += locked() ? " locked" : " unlocked, value: " + std::to_string(value_);
    const std::size_t waiters = statistics().waiters;
    if (waiters > 0) text += ", waiters: " + std::to_string(waiters);
    return text + ">";
}

}  // namespace aio
