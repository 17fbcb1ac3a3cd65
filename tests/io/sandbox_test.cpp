// Sandboxes and kernels that do not know the newer system calls: gVisor says ENOSYS, older seccomp profiles of containers
// say EPERM. Whatever is done with those calls is done without them there.
#include "core/sanitized.hpp"
#include "support/async_test.hpp"
#include "support/test_run.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

namespace aio::test {
namespace {

// From here on these calls fail, in this process and whatever it executes.
bool forbid_newer_calls(int error) {
    constexpr std::array kCalls = {SYS_openat2, SYS_close_range,     SYS_pidfd_open, SYS_preadv2,       SYS_pwritev2,
                                   SYS_statx,   SYS_copy_file_range, SYS_faccessat2, SYS_io_uring_setup};
    sock_filter program[2 * kCalls.size() + 2];
    std::size_t size = 0;
    program[size++] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
    for (const long call : kCalls) {
        program[size++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1);
        program[size++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error));
    }
    program[size++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    sock_fprog filter{static_cast<unsigned short>(size), program};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// Runs tests of this executable in such a sandbox: their exit status.
int run_tests(const char* which, int error) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        const int nowhere = ::open("/dev/null", O_WRONLY);
        ::dup2(nowhere, 1);
        if (!forbid_newer_calls(error)) ::_exit(77);
        ::execl("/proc/self/exe", "tests in a sandbox", which, static_cast<char*>(nullptr));
        ::_exit(127);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Sandbox, without_newer_system_calls_everything_is_as_usual) {
    if (kSanitized) GTEST_SKIP() << "a sanitizer's runtime makes system calls of its own";
    if (harness::backend_name() == "io_uring") GTEST_SKIP() << "there is no io_uring there";
    for (const int error : {ENOSYS, EPERM}) {
        const int status =
            run_tests("--gtest_filter=FileSystem.*:File.*:Sendfile.*:Subprocess.*:StreamReader.*:Server.*", error);
        if (status == 77) GTEST_SKIP() << "seccomp is not to be had here";
        EXPECT_EQ(status, 0) << "with errno " << error;
    }
}

}  // namespace
}  // namespace aio::test
