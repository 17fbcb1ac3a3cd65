// Blocks SIGPIPE for a few system calls of one thread, and consumes the signal if they raised one.
#include "base/no_sigpipe.hpp"

#include <pthread.h>

#include <cerrno>
#include <ctime>

namespace aio::detail {

namespace {

sigset_t only_sigpipe() noexcept {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGPIPE);
    return set;
}

}  // namespace

NoSigpipe::NoSigpipe() noexcept {
    const sigset_t sigpipe = only_sigpipe();
    ::pthread_sigmask(SIG_BLOCK, &sigpipe, &before_);
    if (::sigismember(&before_, SIGPIPE) != 1) return;
    // Blocked by the program: a signal that is pending already is not ours to remove.
    sigset_t pending;
    was_pending_ = ::sigpending(&pending) == 0 && ::sigismember(&pending, SIGPIPE) == 1;
}

NoSigpipe::~NoSigpipe() {
    const int saved = errno;
    if (saved == EPIPE && !was_pending_) {
        const sigset_t sigpipe = only_sigpipe();
        const timespec at_once = {};
        while (::sigtimedwait(&sigpipe, nullptr, &at_once) < 0 && errno == EINTR) {}
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = saved;
}

}  // namespace aio::detail
