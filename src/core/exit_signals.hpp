// Ctrl-C and SIGTERM while run() has a main task, and how the process ends when nobody catches what they raise.
#pragma once

#include <aio/core/event_loop.hpp>

#include <exception>
#include <source_location>
#include <vector>

namespace aio::detail {

// While it lives, either signal cancels `main_task`, unless the program handles it itself. A second Ctrl-C raises
// KeyboardInterrupt at once. SIGTERM once more is the same request for a second, since timeout(1) and others send it to the
// process and to its group; later it does what it does by default. No effect away from the main thread.
class ExitSignals {
public:
    ExitSignals(EventLoop& loop, AnyTask main_task, bool wanted);
    ~ExitSignals();
    ExitSignals(const ExitSignals&) = delete;
    ExitSignals& operator=(const ExitSignals&) = delete;

    // KeyboardInterrupt or SystemExit(143), if the main task was cancelled by a signal and nothing else (semantics 31).
    std::exception_ptr reason() const;

private:
    // Has `signal` call `on_signal`, unless the program does something with it. Result: its handler, or null.
    const Call* handle(int signal, void (ExitSignals::*on_signal)());
    void release() noexcept;
    void on_interrupt();
    void on_terminate();
    // Asks the main task to end. False: that was done before, or it has ended.
    bool ask(int signal);

    EventLoop& loop_;
    AnyTask main_;
    int asked_by_ = 0;  // the signal that cancelled the main task
    TimePoint terminated_ = TimePoint::max();
};

// `error` leaves run() on this thread, having passed `traceback`. If nobody catches it, the process ends as such programs
// do: by SIGINT or SIGTERM, with SystemExit's status, or with a report and std::abort().
void leaves_run(std::exception_ptr error, std::vector<std::source_location> traceback);

}  // namespace aio::detail
