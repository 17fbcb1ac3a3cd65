// A thread tells its own stack best: a signal makes it write the addresses down. The handler allocates nothing and takes no lock,
// but for the dynamic linker's, which is recursive. Source: seastar/src/core/stall_detector.cc; backtrace(3).
#include "debug/native_stack.hpp"

#include <aio/base/error.hpp>

#include <execinfo.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>

namespace aio::debug {

namespace {

constexpr int kMostStackFrames = 64;
constexpr int kHandlersOwn = 2;  // the handler's frame, and the kernel's that returns from it

enum class Answer : int { none, asked, writing, written };
constinit std::atomic<Answer> answer{Answer::none};
void* answered_frames[kMostStackFrames];
int answered_count = 0;
constinit std::atomic<int> stack_signal{0};

extern "C" void write_stack_down(int) {
    const int error = errno;
    Answer expected = Answer::asked;
    if (answer.compare_exchange_strong(expected, Answer::writing)) {
        answered_count = ::backtrace(answered_frames, kMostStackFrames);
        answer.store(Answer::written);
    }
    errno = error;
}

}  // namespace

void prepare_native_stacks() {
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    if (stack_signal.load() != 0) return;
    void* frame = nullptr;
    ::backtrace(&frame, 1);  // loads the unwinder
    for (int signal = SIGRTMAX - 1; signal > SIGRTMIN; --signal) {
        struct sigaction action{};
        if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) continue;
        action.sa_handler = write_stack_down;
        action.sa_flags = SA_RESTART;
        ::sigemptyset(&action.sa_mask);
        if (::sigaction(signal, &action, nullptr) != 0) continue;
        stack_signal.store(signal);
        return;
    }
    throw RuntimeError("start_watchdog: all real-time signals are in use");
}

std::vector<std::uintptr_t> stack_of(pid_t thread) {
    std::vector<std::uintptr_t> stack;
    answer.store(Answer::asked);
    if (::syscall(SYS_tgkill, ::getpid(), thread, stack_signal.load()) != 0) return stack;
    for (int i = 0; i < 100 && answer.load() != Answer::written; ++i) {
        const timespec millisecond{0, 1'000'000};
        ::nanosleep(&millisecond, nullptr);
    }
    Answer expected = Answer::asked;
    if (answer.compare_exchange_strong(expected, Answer::none))
        return stack;  // it may still come, and finds nothing asked
    if (answer.load() != Answer::written) return stack;
    for (int i = kHandlersOwn; i < answered_count; ++i) {
        const auto address = reinterpret_cast<std::uintptr_t>(answered_frames[i]);
        // A call ends where it returns to; the innermost frame was interrupted, not called.
        stack.push_back(i == kHandlersOwn ? address : address - 1);
    }
    return stack;
}

}  // namespace aio::debug
