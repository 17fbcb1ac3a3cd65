// The watchdog: reports a loop that is blocked, while it is blocked.
//
//     aio::run(async_main(), {.watchdog = 50ms});  // or AIO_WATCHDOG=50ms in the environment
//     aio::debug::start_watchdog(50ms);            // or at any time
//
//     aiocpp: loop 1 has been blocked for 63 ms in a step of task 'handler': none of its other tasks can run
//       handle() at app.cpp:12
//     the call that blocks, in thread 4711:
//       clock_nanosleep()
//       read_config() at config.cpp:40
//       handle() at app.cpp:13
//     aiocpp: loop 1 was blocked for 1002 ms in a step of task 'handler'
//
// A thread looks at each loop of the process four times within the threshold. A loop whose step lasts longer is reported once,
// and once more when it continues; at most one step a second for each loop, so that a step which is blocked right after another is
// reported when that second is over, or counted in the next report. The time that its thread waited for a processor does not count: a busy machine is not the
// program's fault. Source: Seastar's stall detector; Linux /proc/PID/task/TID/schedstat.
//
// To see the stack, the watchdog sends a real-time signal to the blocked thread. Calls that end early on a signal, such as
// sleep(3), do so then. The coroutine's lines need the program's debug information, function names its symbols.
//
// Debug mode starts it too, with the loop's slow_callback_duration, unless it was started or stopped before, or AIO_WATCHDOG is
// "off".
//
// A program with the static library has the watchdog, 250 kB, if it asks for it: it uses the option `watchdog` or a function of this
// header, links the CMake target aiocpp::watchdog (in other build systems: with -Wl,--undefined=aio_watchdog), or is built with
// CMAKE_BUILD_TYPE Debug. For AIO_WATCHDOG and debug mode one of these is needed: what the environment will say when the program runs
// cannot be known when it is linked.
#pragma once

#include <aio/core/time.hpp>

namespace aio::debug {

// Watches all loops of the process from now on; of a watchdog that runs, changes the threshold. Thresholds below 4 ms count as
// 4 ms. Errors: ValueError for a threshold that is not positive; std::system_error when no thread can be started.
void start_watchdog(Duration threshold);

// Ends it; no effect when none runs. Waits for a report that is being made.
void stop_watchdog();

}  // namespace aio::debug
