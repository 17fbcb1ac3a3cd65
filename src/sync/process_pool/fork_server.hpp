// The process from which a pool's workers are forked, as its parent sees it.
//
// Why a process of its own. fork() copies the calling thread only. What other threads held at that moment, a mutex of a
// logger, the guard of a static, stays held in the child for ever; glibc repairs malloc and stdio, nobody repairs the
// rest. A pool that forked whenever it needs a worker would do so in the midst of its program's threads. So it
// forks once, early, and this child, which has one thread and does nothing but the three calls below, forks the rest.
//
// The alternatives: to execute the program anew ("spawn") gives a clean process, but a function's address is another
// one there, and static initialisers run again before anything can be called; a library cannot know that main() may be
// left out. To fork for each worker ("fork") is what CPython left in 3.14.
#pragma once

#include "base/unique_fd.hpp"
#include "sync/process_pool/wire.hpp"

#include <mutex>

#include <sys/types.h>

namespace aio::detail {

class ForkServer {
public:
    // What a worker does with its socket, until it is closed; in the child. Must not return.
    using Work = void (*)(int fd, const void* data) noexcept;

    // Forks it. `data` is read in the workers, as it is now. Errors: OSError.
    ForkServer(Work work, const void* data);
    // Ends it, and with it the workers that are left, and waits.
    ~ForkServer();
    ForkServer(const ForkServer&) = delete;
    ForkServer& operator=(const ForkServer&) = delete;

    // Forks a worker, whose end of a socket pair `theirs` becomes. Any thread.
    // Errors: OSError; EPIPE, as BrokenPipeError, when the server is gone.
    pid_t spawn(int theirs);
    // Waits for the end of a worker that closes its socket, or has; after a second it is killed.
    // Result: its wait status, as of waitpid(2); -1 when the server is gone.
    int reap(pid_t worker) noexcept;

private:
    std::mutex mutex_;  // one question at a time
    UniqueFd control_;
    pid_t pid_;
};

}  // namespace aio::detail
