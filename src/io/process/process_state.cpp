// ProcessState: the watch of the child's pidfd, signals, reaping, the last handle, and ExitAwaiter, behind wait().
// spawn.cpp starts the program, process_pipes.cpp opens its streams, communicate() is in subprocess.cpp.
#include "io/process/process_state.hpp"

#include <aio/base/error.hpp>
#include <aio/core/log.hpp>

#include "io/pipe/pipe_stream.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace aio::detail {

namespace {

constexpr int kStatusUnknown = 255;            // as CPython's child watchers say it
constexpr unsigned kToProcessGroup = 1u << 2;  // PIDFD_SIGNAL_PROCESS_GROUP, since Linux 6.9

bool leads_group(const SubprocessRequest& request) noexcept {
    return request.process_group ? *request.process_group == 0 : request.new_session || request.pty;
}

void log_about(LogLevel level, const std::string& name, pid_t pid, const char* what) noexcept {
    try {
        log(level, "the child process " + name + " (pid " + std::to_string(pid) + ") " + what);
    } catch (const std::bad_alloc&) {
        // Not worth more.
    }
}

}  // namespace

ProcessState::ProcessState(LoopState& loop, const SubprocessRequest& request)
    : loop_(loop), name_(program_of(request)), leads_group_(leads_group(request)), ended_(*this) {}

// All that can fail comes before the child is there; what follows cannot.
ProcessRef ProcessState::start(LoopState& loop, const SubprocessRequest& request) {
    ProcessRef process(new ProcessState(loop, request));
    OwnedFd theirs[3];  // the child's ends, of which we keep no copy
    int stdio[3] = {-1, -1, -1};
    process->connect(request, theirs, stdio);
    process->watch(spawn(request, stdio));
    return process;
}

void ProcessState::watch(Spawned child) noexcept {
    pid_ = child.pid;
    pidfd_ = std::move(child.pidfd);
    ended_.fd = pidfd_.get();
    watched_ = true;
    link_before(loop_.resources);
    backend().external_work(+1);
    backend().forget(ended_.fd);  // the number may have been closed behind its back
    backend().start(ended_);
}

// --- signals -----------------------------------------------------------------------------------------------

void ProcessState::send_signal(int signal) {
    const auto what = [&] {
        return "send signal " + std::to_string(signal) + " to process " + std::to_string(pid_) + " (" + name_ + ")";
    };
    if (!watched_) throw_os_error(ESRCH, what());
    if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0) != 0) throw_os_error(errno, what());
}

// By the pidfd the kernel knows the group even when its leader was reaped, and another process may have got the number.
// kill(2) knows the number only, which is the group's own as long as the leader was not reaped.
void ProcessState::send_signal_group(int signal) {
    const auto what = [&] {
        return "send signal " + std::to_string(signal) + " to the process group of process " + std::to_string(pid_) +
               " (" + name_ + ")";
    };
    if (!leads_group_) {
        throw RuntimeError(what() + ": it leads no group; start it with start_new_session() or process_group(0)");
    }
    if (pidfd_.get() < 0) throw_os_error(ESRCH, what());
    if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, kToProcessGroup) == 0) return;
    if (errno != EINVAL) throw_os_error(errno, what());
    if (!watched_)
        throw_os_error(ESRCH,
                       what() + ", which has ended; before Linux 6.9 its number may be another group's by now");
    if (::kill(-pid_, signal) != 0) throw_os_error(errno, what());
}

void ProcessState::kill_quietly() const noexcept {
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

// --- the end -----------------------------------------------------------------------------------------------

// The child may have ended although the loop has not seen it yet.
bool ProcessState::has_ended() const noexcept {
    siginfo_t info = {};
    const int result =
        ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG | WNOWAIT);
    return result != 0 || info.si_pid != 0;
}

// Takes the exit status. False while the child runs.
bool ProcessState::reap(bool wait) noexcept {
    siginfo_t info = {};
    int result = 0;
    do {
        result = ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info,
                          wait ? WEXITED : WEXITED | WNOHANG);
    } while (result != 0 && errno == EINTR);
    if (result != 0) {
        log_about(LogLevel::warning, name_, pid_,
                  "was waited for elsewhere: its exit status is lost, will report returncode 255");
        returncode_ = kStatusUnknown;
        return true;
    }
    if (info.si_pid == 0) return false;
    returncode_ = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
    return true;
}

void ProcessState::ended(int result) noexcept {
    if (!reap(false)) {
        if (result == 0) return backend().start(ended_);  // a false alarm
        if (result == -ECANCELED) return let_go();        // detached, and the loop closes
        watch_error_ = -result;
        // The end of the child cannot be watched: waiters get this error. A child that nothing can wait for any more is
        // killed, unless it was detached.
        if (references_ == 0 || loop_.closed) {
            if (detached_) return let_go();
            kill_quietly();
            reap(true);
        }
    }
    if (terminal_ && returncode_) static_cast<PipeStream&>(*terminal_).let_close();
    exits_.run_all();
    if (returncode_) let_go();
}

void ProcessState::let_go() noexcept {
    watched_ = false;
    LoopResource::unlink();
    backend().external_work(-1);
    backend().forget(pidfd_.get());
    if (!leads_group_ || references_ == 0) backend().close_fd(pidfd_.take());
    if (references_ == 0) delete this;
}

void ProcessState::unreferenced() noexcept {
    if (!watched_) {
        delete this;
        return;
    }
    for (StreamRef& stream : streams_) stream = StreamRef();
    terminal_ = StreamRef();
    if (detached_ || has_ended()) return;
    if (loop_.debug)
        log_about(LogLevel::warning, name_, pid_, "was killed: its last handle was dropped while it was running");
    kill_quietly();
    if (ended_.in_flight) return;
    reap(true);  // its end could not be watched
    let_go();
}

// The loop's last polls deliver the end of a child that was killed.
void ProcessState::loop_closing() noexcept {
    if (!watched_) return;
    if (!detached_) kill_quietly();
    if (ended_.in_flight) {
        if (detached_) backend().cancel(ended_);
        return;
    }
    if (!detached_) reap(true);
    let_go();
}

// --- ExitAwaiter -------------------------------------------------------------------------------------------

ProcessRef::ProcessRef(ProcessState* state) noexcept : state_(state) {
    if (state_) state_->retain();
}
void ProcessRef::drop() noexcept { state_->release(); }

ExitAwaiter::~ExitAwaiter() {
    if (listed_) [[unlikely]]
        process_->exits_.remove(this);
}

bool ExitAwaiter::await_ready() const noexcept { return process_->returncode_ || !process_->watched_; }

void ExitAwaiter::await_suspend(std::coroutine_handle<> frame) {
    suspend(frame, &process_->loop());
    listed_ = true;
    process_->exits_.push(this);
    // Watching failed before: try again.
    if (process_->watched_ && !process_->ended_.in_flight) process_->backend().start(process_->ended_);
}

void ExitAwaiter::run() {
    listed_ = false;
    wake();
}

bool ExitAwaiter::cancel_wait(std::string_view message) noexcept {
    if (!listed_) return false;
    listed_ = false;
    process_->exits_.remove(this);
    wake_cancelled(message);
    return true;
}

int ExitAwaiter::await_resume() {
    check_cancelled();
    if (process_->returncode_) return *process_->returncode_;
    const std::string what = "wait for process " + std::to_string(process_->pid_) + " (" + process_->name_ + ")";
    if (!process_->watched_) throw RuntimeError(what + ": its loop was closed");
    throw_os_error(process_->watch_error_, what);
}

}  // namespace aio::detail
