// An option of run() and of event loops: after which time the watchdog reports a loop that is blocked.
//
//     aio::run(async_main(), {.watchdog = 50ms});
//
// aio/debug/watchdog.hpp describes the reports. The watchdog is one thread for all loops of the process, and stays when the loop
// ends. A program that names this option is linked with the watchdog; one that does not is not, if it uses the static library:
// the constructor below is the only thing that needs it.
#pragma once

#include <aio/core/time.hpp>

namespace aio {

namespace detail {
void start_watchdog(Duration threshold);  // debug/watchdog.cpp
}

class WatchdogOption {
public:
    // None is asked for; one that runs is left alone.
    constexpr WatchdogOption() noexcept = default;
    // As aio::debug::start_watchdog(threshold), when the loop is made. Errors, of run() and of EventLoop's constructor: ValueError
    // for a threshold that is not positive; std::system_error when no thread can be started.
    template <class Rep, class Period>
    constexpr WatchdogOption(const std::chrono::duration<Rep, Period>& threshold)
        : threshold_(threshold), start_(&detail::start_watchdog) {}

    // For the library.
    void start() const {
        if (start_) start_(threshold_);
    }

private:
    Duration threshold_ = Duration(0);
    void (*start_)(Duration threshold) = nullptr;
};

}  // namespace aio
