// How other threads reach a loop: a lock-free stack of callbacks and an eventfd to wake it from its poll.
//
// A post writes the eventfd only when the loop may be asleep: the loop announces its sleep before it looks at
// the stack for the last time, and a post looks at the announcement after pushing; both sides are sequentially
// consistent, so one of the two sees the other (Dekker).
#pragma once

#include <aio/core/ready_queue.hpp>

#include <atomic>

namespace aio::detail {

class Wakeup {
public:
    Wakeup() = default;
    Wakeup(const Wakeup&) = delete;
    Wakeup& operator=(const Wakeup&) = delete;

    // Opens the eventfd. Errors: OSError.
    void open();
    int fd() const noexcept { return fd_; }

    // Any thread. False when closed; the callback is then still the caller's.
    bool post(Callback& callback) noexcept;
    // Any thread, and signal handlers: the next poll returns at once.
    void wake() noexcept;

    // The loop's thread. Moves what was posted to `ready`, oldest first.
    void drain(ReadyQueue& ready) noexcept;
    bool pending() const noexcept { return posted_.load(std::memory_order_relaxed) != nullptr; }

    // Around a blocking poll. begin_sleep() is false when something was posted meanwhile.
    bool begin_sleep() noexcept;
    void end_sleep() noexcept { asleep_.store(false, std::memory_order_relaxed); }

    // Closes the eventfd. Nobody may post or wake any more.
    void close_fd() noexcept;

    // Refuses posts from now on and returns what was posted, oldest first.
    Callback* close() noexcept;

private:
    std::atomic<Ready*> posted_{nullptr};
    std::atomic<bool> asleep_{false};
    int fd_ = -1;
};

}  // namespace aio::detail
