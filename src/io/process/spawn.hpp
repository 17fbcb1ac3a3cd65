// Starts a program: clone, the child's few steps, exec. Knows nothing of loops and streams.
#pragma once

#include <aio/io/subprocess.hpp>

#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

namespace aio::detail {

// A descriptor that is closed with its owner. For those that no backend has seen.
class OwnedFd {
public:
    OwnedFd() noexcept = default;
    explicit OwnedFd(int fd) noexcept : fd_(fd) {}
    OwnedFd(OwnedFd&& other) noexcept : fd_(other.take()) {}
    OwnedFd& operator=(OwnedFd other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~OwnedFd() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const noexcept { return fd_; }
    int take() noexcept { return std::exchange(fd_, -1); }

private:
    int fd_ = -1;
};

struct Spawned {
    pid_t pid;
    OwnedFd pidfd;
};

// `stdio`: the descriptors that become the child's 0, 1 and 2; -1: it inherits ours.
// Errors: OSError and below, naming the program or what failed before exec; ValueError for a NUL byte. There is no
// child then.
Spawned spawn(const SubprocessRequest& request, const int (&stdio)[3]);

// The program, for messages: 'sort'.
std::string program_of(const SubprocessRequest& request);

// --- the child's side: spawn_child.cpp ---------------------------------------------------------------------

// What the child does before exec, in this order; which of it failed.
enum class SpawnStep : int {
    none,
    stdio,
    change_directory,
    session,
    process_group,
    terminal,
    extra_groups,
    group,
    user,
    pass_fds,
    exec
};

// Written by the child, read by the parent when the child has called exec or ended.
struct SpawnFailure {
    SpawnStep step;
    int error;
    int detail;  // stdio: which stream; pass_fds: the descriptor
};

// All that the child needs, made by the parent: it must not allocate, lock, or run anybody's code.
struct SpawnPlan {
    const SubprocessRequest* request;
    const int* stdio;
    const char* const* candidates;  // files to try, null-terminated
    char* const* arguments;
    char* const* environment;
    const int* kept;  // pass_fds, sorted
    std::size_t kept_count;
    int highest_fd;      // where there is no close_range(2)
    unsigned long mask;  // the signal mask to start with
    SpawnFailure* failure;
};

int spawn_child(void* plan) noexcept;

}  // namespace aio::detail
