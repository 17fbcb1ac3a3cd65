// The fork server: three system calls in a loop, made by a single-threaded process; and the requests of its parent.
#include "sync/process_pool/fork_server.hpp"

#include <aio/base/error.hpp>
#include <aio/core/current.hpp>
#include <aio/sync/process_pool.hpp>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace aio::detail {

namespace {

using Question = ForkServer::Question;
using Answer = ForkServer::Answer;

constexpr int kControl = 3;      // in the server
constexpr int kParent = 4;       // a pidfd, in the server
constexpr int kSocket = 3;       // in a worker
constexpr int kPatience = 1000;  // milliseconds for a worker to end by itself

// Room for one descriptor.
union Ancillary {
    cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

ssize_t send_question(int fd, Question question, int passed) noexcept {
    iovec piece{&question, sizeof question};
    msghdr message = {};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    Ancillary ancillary;
    if (passed >= 0) {
        message.msg_control = ancillary.bytes;
        message.msg_controllen = sizeof ancillary.bytes;
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof passed);
        std::memcpy(CMSG_DATA(header), &passed, sizeof passed);
    }
    ssize_t count;
    do {
        count = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    } while (count < 0 && errno == EINTR);
    return count;
}

ssize_t receive_question(int fd, Question& question, int& passed) noexcept {
    passed = -1;
    iovec piece{&question, sizeof question};
    Ancillary ancillary;
    msghdr message = {};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = ancillary.bytes;
    message.msg_controllen = sizeof ancillary.bytes;
    ssize_t count;
    do {
        count = ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    const cmsghdr* header = count > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (header && header->cmsg_type == SCM_RIGHTS) std::memcpy(&passed, CMSG_DATA(header), sizeof passed);
    return count;
}

// --- in the children: system calls only, until work() ----------------------------------------------------------

void close_from(unsigned first) noexcept {
    if (::syscall(SYS_close_range, first, ~0u, 0) == 0) return;
    const long limit = std::min(::sysconf(_SC_OPEN_MAX), 1L << 16);  // before Linux 5.9
    for (long fd = first; fd < limit; ++fd) ::close(static_cast<int>(fd));
}

// `fd` becomes descriptor 3, and `other`, unless it is negative, 4, both close-on-exec; 0 is empty, 1 and 2 stay, all
// others are closed.
void keep_only(int fd, int other) noexcept {
    const int away = ::fcntl(fd, F_DUPFD_CLOEXEC, 5);  // neither is in the other's way
    const int other_away = other < 0 ? -1 : ::fcntl(other, F_DUPFD_CLOEXEC, 5);
    ::dup3(away < 0 ? fd : away, 3, O_CLOEXEC);
    ::close(4);
    if (other_away >= 0) ::dup3(other_away, 4, O_CLOEXEC);
    close_from(5);
    const int empty = ::open("/dev/null", O_RDONLY);
    if (empty > 0) {
        ::dup2(empty, 0);
        ::close(empty);
    }
}

void reset_signals() noexcept {
    struct sigaction action = {};
    for (int signal = 1; signal < NSIG; ++signal) {
        action.sa_handler = signal == SIGINT ? SIG_IGN : SIG_DFL;
        ::sigaction(signal, &action, nullptr);  // not of SIGKILL and SIGSTOP
    }
    sigset_t none;
    sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become_worker(pid_t server, int fd, ForkServer::Work work, const void* data) noexcept {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != server) ::_exit(0);  // it died before that
    ::prctl(PR_SET_NAME, "aio-worker");
    keep_only(fd, -1);
    work(kSocket, data);
    ::_exit(0);
}

Answer spawn_worker(int fd, ForkServer::Work work, const void* data) noexcept {
    if (fd < 0) return {0, EMFILE};  // there was no room to receive it
    const pid_t server = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) become_worker(server, fd, work, data);
    const int error = pid < 0 ? errno : 0;
    ::close(fd);
    return {pid, error};
}

Answer reap_worker(pid_t pid) noexcept {
    int status = 0;
    const timespec moment{0, 1'000'000};
    for (int waited_ms = 0;; ++waited_ms) {
        const pid_t ended = ::waitpid(pid, &status, waited_ms < kPatience ? WNOHANG : 0);
        if (ended == pid) return {status, 0};
        if (ended < 0 && errno != EINTR) return {0, errno};
        if (ended == 0) ::nanosleep(&moment, nullptr);
        if (waited_ms + 1 == kPatience) ::kill(pid, SIGKILL);
    }
}

// The parent's end is noticed by its pidfd: what it forked may hold its end of the control socket.
[[noreturn]] void serve(int control, int parent, ForkServer::Work work, const void* data) noexcept {
    reset_signals();
    ::prctl(PR_SET_NAME, "aio-forkserver");
    keep_only(control, parent);
    parent = parent < 0 ? -1 : kParent;
    current = {};  // the loop that ran on the thread that forked runs there
    for (;;) {
        Question question;
        int passed;
        if (!wait_until_ready(kControl, POLLIN, parent)) ::_exit(0);  // the parent is gone
        if (receive_question(kControl, question, passed) != sizeof question) ::_exit(0);
        const Answer answer = question.reap == 0 ? spawn_worker(passed, work, data) : reap_worker(question.reap);
        ssize_t sent;
        do {
            sent = ::send(kControl, &answer, sizeof answer, MSG_NOSIGNAL);
        } while (sent < 0 && errno == EINTR);
    }
}

}  // namespace

// --- in the parent -----------------------------------------------------------------------------------------------

ForkServer::ForkServer(Work work, const void* data) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        throw_os_error(errno, "make a socket pair for a fork server");
    }
    control_ = UniqueFd(pair[0]);
    UniqueFd theirs(pair[1]);
    // Output that is still buffered would be written by the children as well.
    std::fflush(stdout);
    std::fflush(stderr);
    const UniqueFd self(open_pidfd(::getpid()));
    sigset_t all, before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of this program may run in the child
    pid_ = ::fork();
    if (pid_ == 0) serve(theirs.get(), self.get(), work, data);
    const int error = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid_ < 0) throw_os_error(error, "fork a fork server");
    pidfd_ = UniqueFd(open_pidfd(pid_));
}

ForkServer::~ForkServer() {
    ::shutdown(control_.get(), SHUT_RDWR);  // also in whatever process was forked from this one
    wait_for_end();
}

// Result: its wait status; -1 if other code waited for it.
int ForkServer::wait_for_end() noexcept {
    int status = -1;
    if (pid_ > 0) {
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    }
    pid_ = -1;
    return status;
}

// False when the server is gone.
bool ForkServer::ask(const Question& question, int passed, Answer& answer) noexcept {
    if (pid_ < 0 || send_question(control_.get(), question, passed) < 0) return false;
    bool there = wait_until_ready(control_.get(), POLLIN, pidfd_.get());
    for (;;) {
        const ssize_t count = ::recv(control_.get(), &answer, sizeof answer, there ? 0 : MSG_DONTWAIT);
        if (count >= 0 || errno != EINTR) return count == sizeof answer;
    }
}

pid_t ForkServer::spawn(int theirs) {
    std::lock_guard lock(mutex_);
    Answer answer = {};
    const pid_t pid = pid_;
    if (!ask({0}, theirs, answer)) {
        if (pid < 0) throw BrokenProcessPool("The fork server of the process pool has ended");
        throw BrokenProcessPool(
            describe_end("The process pool cannot start a worker: its fork server, process", pid, wait_for_end()));
    }
    if (answer.error) throw_os_error(answer.error, "start a worker process");
    return answer.value;
}

int ForkServer::reap(pid_t worker) noexcept {
    std::lock_guard lock(mutex_);
    Answer answer = {};
    return ask({worker}, -1, answer) && answer.error == 0 ? answer.value : -1;
}

std::string describe_end(const char* name, pid_t pid, int status) {
    std::string text = name + (" " + std::to_string(pid));
    if (status != -1 && WIFSIGNALED(status)) {
        const int signal = WTERMSIG(status);
        return text + " was killed by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
    }
    if (status != -1 && WIFEXITED(status)) return text + " exited with status " + std::to_string(WEXITSTATUS(status));
    return text + " has ended";
}

}  // namespace aio::detail
