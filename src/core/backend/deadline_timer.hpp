// The timer that ends a poll at its deadline: a timerfd among what the backend watches.
//
// A poll with a timeout has the kernel set up and take down a timer each time, 0.6 to 0.7 µs on the machine where it was
// measured, and most deadlines are far away: the loop is woken by data long before. This timer stays set over many polls.
// One that rings too early, since the deadline has moved on meanwhile, ends one poll in vain.
#pragma once

#include <aio/core/time.hpp>

namespace aio::detail {

class DeadlineTimer {
public:
    // Errors: OSError.
    DeadlineTimer();
    ~DeadlineTimer();
    DeadlineTimer(const DeadlineTimer&) = delete;
    DeadlineTimer& operator=(const DeadlineTimer&) = delete;

    // To be watched for reading by edges: nobody reads it.
    int fd() const noexcept { return fd_; }

    // Before a wait: the descriptor becomes readable at `deadline`, or earlier. Errors: OSError.
    void set(TimePoint deadline) {
        if (deadline < rings_at_) set_earlier(deadline);
    }
    // The descriptor became readable.
    void rang() noexcept { rings_at_ = TimePoint::max(); }

private:
    void set_earlier(TimePoint deadline);

    int fd_;
    TimePoint rings_at_ = TimePoint::max();  // unless that is over, with nobody told yet
};

}  // namespace aio::detail
