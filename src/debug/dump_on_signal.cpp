// A dump on a signal. The handler only writes a number into an eventfd; a thread that waits for that reads the loops and writes the
// text. No loop takes part, so that one that hangs is shown too.
#include <aio/debug/call_graph.hpp>
#include <aio/debug/recorder.hpp>

#include <aio/base/error.hpp>

#include "base/per_thread.hpp"
#include "core/blocked.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <exception>
#include <mutex>
#include <string_view>
#include <thread>

namespace aio::debug {

namespace {

constexpr std::size_t kShownEvents = 20;  // of each loop

constinit std::atomic<int> asked_fd{-1};  // the eventfd
constinit std::atomic<int> dump_fd{2};

extern "C" void ask_for_dump(int) {
    const int error = errno;
    const std::uint64_t one = 1;
    // It is full only when 2^64 - 1 are waiting: then one is asked for anyway.
    [[maybe_unused]] const ssize_t written = ::write(asked_fd.load(), &one, sizeof one);
    errno = error;
}

void write_all(int fd, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno != EINTR) return;  // there is nobody to report it to
        if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
}

void dump() noexcept {
    try {
        write_all(dump_fd.load(), "--- aiocpp: all tasks of process " + std::to_string(::getpid()) + "\n" +
                                      format_all_tasks() + format_recorded_events(kShownEvents) + "---\n");
    } catch (const std::exception& error) {
        write_all(dump_fd.load(), "aiocpp: the tasks cannot be shown: ");
        write_all(dump_fd.load(), error.what());
        write_all(dump_fd.load(), "\n");
    }
}

void serve_dumps() noexcept {
    while (true) {
        std::uint64_t asked = 0;
        // It does nothing for a simulated loop, which may therefore find that all is blocked.
        aio::detail::idle_threads.fetch_add(1);
        const ssize_t got = ::read(asked_fd.load(), &asked, sizeof asked);
        aio::detail::idle_threads.fetch_sub(1);
        if (got == sizeof asked) {
            dump();
        } else if (errno != EINTR) {
            return;
        }
    }
}

// Once in the life of the process.
void start_thread() {
    const int fd = ::eventfd(0, EFD_CLOEXEC);
    if (fd < 0) aio::throw_os_error(errno, "dump_on_signal: eventfd");
    asked_fd.store(fd);
    // Signals are for the program's own threads.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        std::thread(serve_dumps).detach();
    } catch (...) {
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        asked_fd.store(-1);
        ::close(fd);
        throw;
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

void dump_on_signal(int signal, int fd) {
    static aio::detail::NeverDestroyed<std::mutex> mutex;
    const std::lock_guard lock(*mutex);
    if (asked_fd.load() < 0) start_thread();
    dump_fd.store(fd);
    struct sigaction action{};
    action.sa_handler = ask_for_dump;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    if (::sigaction(signal, &action, nullptr) != 0)
        aio::throw_os_error(errno, "dump_on_signal: signal " + std::to_string(signal) + " cannot be handled");
}

}  // namespace aio::debug
