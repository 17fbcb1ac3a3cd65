// The timer's system calls. When it is set: the backends' poll().
#include "core/backend/deadline_timer.hpp"

#include <aio/base/error.hpp>

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace aio::detail {

DeadlineTimer::DeadlineTimer() : fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    if (fd_ < 0) throw_os_error(errno, "open the event loop's timer (timerfd_create)");
}

DeadlineTimer::~DeadlineTimer() { ::close(fd_); }

void DeadlineTimer::set_earlier(TimePoint deadline) {
    // Zero would switch the timer off, and less than that is refused.
    const auto at = std::max(deadline.time_since_epoch(), TimePoint::duration(1));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at);
    itimerspec when = {};
    when.it_value = {static_cast<time_t>(seconds.count()), static_cast<long>((at - seconds).count())};
    if (::timerfd_settime(fd_, TFD_TIMER_ABSTIME, &when, nullptr) != 0) {
        throw_os_error(errno, "set the event loop's timer (timerfd_settime)");
    }
    rings_at_ = deadline;
}

}  // namespace aio::detail
