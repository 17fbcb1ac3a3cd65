// Between clone and exec.
//
// The child runs on the parent's memory (CLONE_VM), while the parent's thread stands still and other threads do not.
// Any lock may be held by one of them, and whatever is written here, the parent sees. So: no allocation, no libc
// function that could lock or that sanitizers intercept, nothing but system calls, and no signal handler, which
// would run the program's code. setuid() and its like are for all threads of a process in libc; the bare system
// calls are for this one.
// Source: vfork(2), posix_spawn in glibc's sysdeps/unix/sysv/linux/spawni.c for what must be minded.
#include "io/process/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#if defined(__clang__)
#define AIO_CHILD_SIDE __attribute__((no_sanitize("address", "thread", "undefined")))
#else
#define AIO_CHILD_SIDE __attribute__((no_sanitize_address, no_sanitize_thread, no_sanitize_undefined))
#endif

namespace aio::detail {

namespace {

constexpr int kSignals = 64;

// As the kernel lays it out: the handler comes first, the rest is zero for a default action.
struct KernelAction {
    unsigned long handler, rest[3];
};
const unsigned long kDefault = 0, kIgnore = 1;

AIO_CHILD_SIDE bool fail(const SpawnPlan& plan, SpawnStep step, int detail = 0) noexcept {
    *plan.failure = {step, errno, detail};
    return false;
}

// No handler of the parent's may run here, so that the mask can be lifted before exec.
AIO_CHILD_SIDE void reset_signals(const SpawnPlan& plan) noexcept {
    const KernelAction by_default = {kDefault, {0, 0, 0}};
    for (int signal = 1; signal <= kSignals; ++signal) {
        if (signal == SIGKILL || signal == SIGSTOP) continue;
        KernelAction action = {};
        if (::syscall(SYS_rt_sigaction, signal, nullptr, &action, sizeof(unsigned long)) != 0) continue;
        const bool restored = plan.request->restore_signals && (signal == SIGPIPE || signal == SIGXFSZ);
        if (action.handler == kDefault || (action.handler == kIgnore && !restored)) continue;
        ::syscall(SYS_rt_sigaction, signal, &by_default, nullptr, sizeof(unsigned long));
    }
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &plan.mask, nullptr, sizeof(unsigned long));
}

// The source descriptors are moved away first: one may have the number that another must get.
AIO_CHILD_SIDE bool set_stdio(const SpawnPlan& plan) noexcept {
    long source[3];
    for (int i = 0; i < 3; ++i) {
        source[i] = plan.stdio[i];
        if (source[i] < 0 || source[i] > 2) continue;
        source[i] = ::syscall(SYS_fcntl, source[i], F_DUPFD_CLOEXEC, 3L);
        if (source[i] < 0) return fail(plan, SpawnStep::stdio, i);
    }
    for (int i = 0; i < 3; ++i) {
        if (source[i] < 0) continue;
        if (::syscall(SYS_dup3, source[i], i, 0) < 0) return fail(plan, SpawnStep::stdio, i);
    }
    return true;
}

AIO_CHILD_SIDE bool set_place(const SpawnPlan& plan) noexcept {
    const SubprocessRequest& request = *plan.request;
    if (!request.cwd.empty() && ::syscall(SYS_chdir, request.cwd.c_str()) != 0) {
        return fail(plan, SpawnStep::change_directory);
    }
    if (request.umask) ::syscall(SYS_umask, *request.umask);
    if ((request.new_session || request.pty) && ::syscall(SYS_setsid) < 0) return fail(plan, SpawnStep::session);
    if (request.process_group && ::syscall(SYS_setpgid, 0, *request.process_group) != 0) {
        return fail(plan, SpawnStep::process_group);
    }
    if (!request.pty) return true;
    for (int fd = 0; fd < 3; ++fd) {
        if (::syscall(SYS_ioctl, fd, TIOCSCTTY, 0) == 0) return true;
    }
    return fail(plan, SpawnStep::terminal);
}

AIO_CHILD_SIDE bool set_rights(const SpawnPlan& plan) noexcept {
    const SubprocessRequest& request = *plan.request;
    if (request.extra_groups &&
        ::syscall(SYS_setgroups, request.extra_groups->size(), request.extra_groups->data()) != 0) {
        return fail(plan, SpawnStep::extra_groups);
    }
    if (request.group && ::syscall(SYS_setresgid, *request.group, *request.group, *request.group) != 0) {
        return fail(plan, SpawnStep::group);
    }
    if (request.user && ::syscall(SYS_setresuid, *request.user, *request.user, *request.user) != 0) {
        return fail(plan, SpawnStep::user);
    }
    return true;
}

AIO_CHILD_SIDE void close_between(unsigned first, unsigned last, int highest) noexcept {
    if (first > last) return;
#ifdef SYS_close_range
    if (::syscall(SYS_close_range, first, last, 0) == 0) return;
#endif
    for (unsigned fd = first; fd <= last && static_cast<int>(fd) <= highest; ++fd) ::syscall(SYS_close, fd);
}

AIO_CHILD_SIDE bool set_descriptors(const SpawnPlan& plan) noexcept {
    unsigned next = 3;
    for (std::size_t i = 0; i < plan.kept_count; ++i) {
        const int fd = plan.kept[i];
        const long flags = ::syscall(SYS_fcntl, fd, F_GETFD, 0);
        if (flags < 0 || ::syscall(SYS_fcntl, fd, F_SETFD, flags & ~FD_CLOEXEC) != 0) {
            return fail(plan, SpawnStep::pass_fds, fd);
        }
        if (!plan.request->close_fds || fd < static_cast<int>(next)) continue;
        close_between(next, static_cast<unsigned>(fd) - 1, plan.highest_fd);
        next = static_cast<unsigned>(fd) + 1;
    }
    if (plan.request->close_fds) close_between(next, ~0u, plan.highest_fd);
    return true;
}

// Of several places the first error that says more than "not here" counts, as in CPython's child_exec.
AIO_CHILD_SIDE void execute(const SpawnPlan& plan) noexcept {
    int telling = 0;
    for (const char* const* path = plan.candidates; *path; ++path) {
        ::syscall(SYS_execve, *path, plan.arguments, plan.environment);
        if (errno != ENOENT && errno != ENOTDIR && telling == 0) telling = errno;
    }
    if (telling != 0) errno = telling;
    fail(plan, SpawnStep::exec);
}

}  // namespace

AIO_CHILD_SIDE int spawn_child(void* argument) noexcept {
    const SpawnPlan& plan = *static_cast<const SpawnPlan*>(argument);
    reset_signals(plan);
    if (set_stdio(plan) && set_place(plan) && set_rights(plan) && set_descriptors(plan)) execute(plan);
    while (true) ::syscall(SYS_exit_group, 127);
}

}  // namespace aio::detail
