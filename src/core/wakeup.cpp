// The lock-free stack of posted callbacks and the eventfd that wakes the loop. The header argues that no wake-up is
// lost; event_loop.cpp decides when to sleep. Other files post through post() in loop_state.cpp.
#include "core/wakeup.hpp"

#include <aio/base/error.hpp>
#include <aio/core/frame_pool.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace aio::detail {

namespace {

// What posted_ holds once the loop is closed.
Ready* const kClosed = reinterpret_cast<Ready*>(std::uintptr_t{1});

Ready* reversed(Ready* item) noexcept {
    Ready* result = nullptr;
    while (item) result = std::exchange(item, std::exchange(item->next_ready, result));
    return result;
}

}  // namespace

void Wakeup::close_fd() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void Wakeup::open() {
    fd_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd_ < 0) throw_os_error(errno, "open the eventfd that wakes the event loop");
    posted_.store(nullptr);
    asleep_.store(false);
}

bool Wakeup::post(Callback& callback) noexcept {
    Ready* head = posted_.load(std::memory_order_relaxed);
    do {
        if (head == kClosed) return false;
        callback.next_ready = head;
    } while (!posted_.compare_exchange_weak(head, &callback, std::memory_order_seq_cst, std::memory_order_relaxed));
    if (asleep_.load(std::memory_order_seq_cst)) wake();
    return true;
}

void Wakeup::wake() noexcept {
    const int saved = errno;  // may be called from a signal handler
    const std::uint64_t one = 1;
    // EAGAIN means that the counter is full: the loop is going to wake anyway.
    while (::write(fd_, &one, sizeof one) < 0 && errno == EINTR) {}
    errno = saved;
}

void Wakeup::drain(ReadyQueue& ready) noexcept {
    if (!pending()) return;
    Ready* item = reversed(posted_.exchange(nullptr, std::memory_order_acquire));
    std::size_t count = 0;
    for (; item; ++count) {
        Ready* next = item->next_ready;
        ready.push(item);
        item = next;
    }
    frame_pool.received_from_others(count);
}

bool Wakeup::begin_sleep() noexcept {
    asleep_.store(true, std::memory_order_seq_cst);
    if (posted_.load(std::memory_order_seq_cst) == nullptr) return true;
    end_sleep();
    return false;
}

Callback* Wakeup::close() noexcept {
    Ready* item = posted_.exchange(kClosed, std::memory_order_acquire);
    return item == kClosed ? nullptr : static_cast<Callback*>(reversed(item));
}

}  // namespace aio::detail
