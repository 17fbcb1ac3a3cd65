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
#include <string>

#include <sys/types.h>

namespace aio::detail {

class ForkServer {
public:
    // One packet of a SOCK_SEQPACKET pair each way.
    struct Question {
        pid_t reap;  // 0: spawn, with the descriptor that comes along
    };
    struct Answer {
        int value;  // a process id or a wait status
        int error;  // an errno, or 0
    };

    // What a worker does with its socket, until it is closed; in the child. Must not return.
    using Work = void (*)(int fd, const void* data) noexcept;

    // Forks it. `data` is read in the workers, as it is now. Errors: OSError.
    ForkServer(Work work, const void* data);
    // Ends it, and with it the workers that are left, and waits. What this process forked is not waited for.
    ~ForkServer();
    ForkServer(const ForkServer&) = delete;
    ForkServer& operator=(const ForkServer&) = delete;

    // Forks a worker, whose end of a socket pair `theirs` becomes. Any thread.
    // Errors: OSError; BrokenProcessPool, which says how it ended, when the server is gone.
    pid_t spawn(int theirs);
    // Waits for the end of a worker that closes its socket, or has; after a second it is killed.
    // Result: its wait status, as of waitpid(2); -1 when the server is gone.
    int reap(pid_t worker) noexcept;

private:
    bool ask(const Question& question, int passed, Answer& answer) noexcept;
    int wait_for_end() noexcept;

    std::mutex mutex_;  // one question at a time; of the three below
    UniqueFd control_;
    UniqueFd pidfd_;  // none where the kernel has none
    pid_t pid_;       // -1 once its end was waited for
};

// "NAME 123 was killed by signal 9 (Killed)". `status` as of waitpid(2); -1: not known.
std::string describe_end(const char* name, pid_t pid, int status);

}  // namespace aio::detail
