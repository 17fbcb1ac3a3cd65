// While a NoSigpipe lives, this thread's writes to a pipe or socket without a reader fail with EPIPE and raise no signal. For
// system calls that take no MSG_NOSIGNAL. Keeps errno. A program that blocks SIGPIPE itself finds its own pending signal
// as it left it.
#pragma once

#include <csignal>

namespace aio::detail {

class NoSigpipe {
public:
    NoSigpipe() noexcept;
    // Removes the signal that was raised: errno tells whether there is one.
    ~NoSigpipe();
    NoSigpipe(const NoSigpipe&) = delete;
    NoSigpipe& operator=(const NoSigpipe&) = delete;

private:
    sigset_t before_;
    bool was_pending_ = false;
};

}  // namespace aio::detail
