// Signals that end a program, as a cancellation of run()'s main task first; and the process's end by what left run().
#include "core/exit_signals.hpp"

#include <aio/core/log.hpp>

#include "base/per_thread.hpp"
#include "core/loop_state.hpp"
#include "core/recorder.hpp"

#include <signal.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace aio::detail {

namespace {

using namespace std::chrono_literals;

constexpr Duration kSameRequest = 1s;
constexpr int kTerminated = 128 + SIGTERM;

// --- uncaught exceptions ---------------------------------------------------------------------------------------

// The last exception that left a run() on this thread, and its traceback.
struct Escaped {
    std::exception_ptr error;
    std::vector<std::source_location> traceback;
};
constinit thread_local PerThread<Escaped> last_escaped;
std::terminate_handler previous_terminate = nullptr;

// The parent, a shell or systemd, sees a process that died of the signal, as it asked.
[[noreturn]] void die_of(int signal) noexcept {
    std::fflush(nullptr);
    ::signal(signal, SIG_DFL);
    sigset_t unblocked;
    sigemptyset(&unblocked);
    sigaddset(&unblocked, signal);
    ::pthread_sigmask(SIG_UNBLOCK, &unblocked, nullptr);
    ::raise(signal);
    std::_Exit(128 + signal);
}

void report(const Escaped& escaped) noexcept {
    constexpr const char* kMessage = "Unhandled exception in aio::run()";
    if (const auto before = before_unhandled_report.load(std::memory_order_acquire)) before();
    try {
        ExceptionContext context;
        context.message = kMessage;
        context.exception = escaped.error;
        context.traceback = escaped.traceback;
        log(LogLevel::error, format_report(context));
    } catch (const std::bad_alloc&) {
        log(LogLevel::error, kMessage);
    }
}

[[noreturn]] void on_terminate_call() {
    const std::exception_ptr error = std::current_exception();
    const Escaped* escaped = last_escaped.find();
    if (error && escaped && escaped->error == error) {
        try {
            std::rethrow_exception(error);
        } catch (const KeyboardInterrupt&) {
            std::fputs("KeyboardInterrupt\n", stderr);
            die_of(SIGINT);
        } catch (const SystemExit& exit) {
            if (exit.code() == kTerminated) die_of(SIGTERM);
            std::exit(exit.code());
        } catch (...) {
            report(*escaped);
        }
    }
    if (previous_terminate) previous_terminate();
    std::abort();
}

}  // namespace

void leaves_run(std::exception_ptr error, std::vector<std::source_location> traceback) {
    static const bool installed = [] {
        previous_terminate = std::set_terminate(on_terminate_call);
        return true;
    }();
    static_cast<void>(installed);
    last_escaped.get() = {std::move(error), std::move(traceback)};
}

// --- while it runs -----------------------------------------------------------------------------------------------

ExitSignals::ExitSignals(EventLoop& loop, AnyTask main_task, bool wanted) : loop_(loop), main_(std::move(main_task)) {
    if (!wanted || ::getpid() != ::gettid()) return;
    try {
        loop_.state().exit_calls = {handle(SIGINT, &ExitSignals::on_interrupt), nullptr};
        loop_.state().exit_calls[1] = handle(SIGTERM, &ExitSignals::on_terminate);
    } catch (...) {
        release();
        throw;
    }
}

ExitSignals::~ExitSignals() { release(); }

const Call* ExitSignals::handle(int signal, void (ExitSignals::*on_signal)()) {
    struct sigaction now = {};
    if (::sigaction(signal, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return nullptr;
    loop_.add_signal_handler(signal, [this, on_signal] { (this->*on_signal)(); });
    return loop_.state().signal_calls.at(signal);
}

// Also removes a handler that the program has set for the signal meanwhile: that too was meant for the main task.
void ExitSignals::release() noexcept {
    const auto [interrupt, terminate] = std::exchange(loop_.state().exit_calls, {});
    if (interrupt) loop_.remove_signal_handler(SIGINT);
    if (terminate) loop_.remove_signal_handler(SIGTERM);
}

bool ExitSignals::ask(int signal) {
    if (asked_by_ != 0 || main_.done()) return false;
    asked_by_ = signal;
    main_.cancel();
    return true;
}

void ExitSignals::on_interrupt() {
    if (!ask(SIGINT)) throw KeyboardInterrupt();
}

void ExitSignals::on_terminate() {
    const TimePoint now = loop_.time();
    if (terminated_ == TimePoint::max()) terminated_ = now;
    if (ask(SIGTERM) || now - terminated_ < kSameRequest) return;
    die_of(SIGTERM);
}

std::exception_ptr ExitSignals::reason() const {
    if (asked_by_ == 0 || !main_.cancelled() || main_.uncancel() != 0) return nullptr;
    if (asked_by_ == SIGTERM) return std::make_exception_ptr(SystemExit(kTerminated));
    return std::make_exception_ptr(KeyboardInterrupt());
}

}  // namespace aio::detail
