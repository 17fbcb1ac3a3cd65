// The parent's side of a start: the PATH search, all that the child will need, clone, and the error when a step fails.
// The child's side, from clone to exec, is in spawn_child.cpp; the exit status is collected in process_state.cpp.
#include "io/process/spawn.hpp"

#include <aio/base/error.hpp>

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

#if defined(__SANITIZE_THREAD__)
#define AIO_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define AIO_THREAD_SANITIZER 1
#endif
#endif

namespace aio::detail {

namespace {

constexpr std::size_t kStack = 128 * 1024;
constexpr std::size_t kMapping = kStack + 4096;
constexpr const char* kDefaultPath = "/bin:/usr/bin";

#ifdef AIO_THREAD_SANITIZER
constexpr bool kMayShareMemory = false;  // its bookkeeping does not survive two processes in one memory
#else
constexpr bool kMayShareMemory = true;
#endif

void check_text(const std::string& text, const char* what) {
    if (text.find('\0') != std::string::npos) {
        throw ValueError(std::string("create_subprocess: embedded null byte in ") + what + " '" + text.c_str() +
                         "...'");
    }
}

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
    result.push_back(nullptr);
    return result;
}

const std::string& program(const SubprocessRequest& request) noexcept {
    return request.executable.empty() ? request.arguments.front() : request.executable;
}

std::string search_path(const SubprocessRequest& request) {
    const char* found = nullptr;
    if (request.environment) {
        for (const std::string& variable : *request.environment) {
            if (variable.starts_with("PATH=")) found = variable.c_str() + 5;
        }
    } else {
        found = std::getenv("PATH");
    }
    return found ? found : kDefaultPath;
}

// The files that the program's name may mean, in order.
std::vector<std::string> candidates_of(const SubprocessRequest& request) {
    const std::string& name = program(request);
    if (name.empty() || name.find('/') != std::string::npos) return {name};
    std::vector<std::string> result;
    const std::string path = search_path(request);
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find(':', begin), path.size());
        std::string file = path.substr(begin, end - begin);
        if (!file.empty()) file += '/';
        result.push_back(file += name);
        begin = end + 1;
    }
    return result;
}

// Where there is no close_range(2) (before Linux 5.9, or forbidden): what the child must close by itself.
int highest_descriptor() {
#ifdef SYS_close_range
    static const bool has_close_range = ::syscall(SYS_close_range, ~0u, ~0u, 0) == 0;
    if (has_close_range) return -1;
#endif
    int highest = 255;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
        highest = std::max(highest, std::atoi(entry.path().filename().c_str()));
    }
    return highest;
}

// The child's stack and its report. Shared with it in any case, if it shares all our memory or none.
class SharedMapping {
public:
    explicit SharedMapping(bool child_shares_memory) {
        const int kind = child_shares_memory ? MAP_PRIVATE : MAP_SHARED;
        memory_ = ::mmap(nullptr, kMapping, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        if (memory_ == MAP_FAILED) throw_os_error(errno, "make a stack for a new process");
    }
    SharedMapping(const SharedMapping&) = delete;
    ~SharedMapping() { ::munmap(memory_, kMapping); }

    SpawnFailure* failure() const noexcept { return static_cast<SpawnFailure*>(memory_); }
    void* stack_top() const noexcept { return static_cast<char*>(memory_) + kMapping; }

private:
    void* memory_;
};

// No signal may find the child in our memory with our handlers installed. All of them, also libc's own.
class AllSignalsBlocked {
public:
    AllSignalsBlocked() noexcept {
        const unsigned long all = ~0ul;
        ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before_, sizeof before_);
    }
    AllSignalsBlocked(const AllSignalsBlocked&) = delete;
    ~AllSignalsBlocked() { ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof before_); }
    unsigned long before() const noexcept { return before_; }

private:
    unsigned long before_ = 0;
};

void reap_now(pid_t pid) noexcept {
    siginfo_t info;
    while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0 && errno == EINTR) {}
}

std::string hint_for_missing(const SubprocessRequest& request) {
    const std::string& name = program(request);
    if (name.find('/') == std::string::npos) return " (it is in no directory of PATH)";
    // It is there: then its interpreter is not.
    return ::access(name.c_str(), F_OK) == 0 ? " (the interpreter in its #! line may be missing)" : "";
}

// What the child could not do.
[[noreturn]] void raise(const SpawnFailure& failure, const SubprocessRequest& request) {
    static constexpr const char* kStreams[] = {"standard input", "standard output", "standard error"};
    const std::string name = program_of(request);
    const std::string for_it = " for the program " + name;
    const auto number = [](auto value) { return std::to_string(value); };
    std::string what;
    switch (failure.step) {
        case SpawnStep::stdio: what = "make a descriptor the " + std::string(kStreams[failure.detail]); break;
        case SpawnStep::change_directory: what = "change to the directory '" + request.cwd + "'"; break;
        case SpawnStep::session: what = "start a new session"; break;
        case SpawnStep::process_group: what = "join the process group " + number(*request.process_group); break;
        case SpawnStep::terminal: what = "make the pseudo-terminal the controlling terminal"; break;
        case SpawnStep::extra_groups: what = "set the extra groups"; break;
        case SpawnStep::group: what = "become the group " + number(*request.group); break;
        case SpawnStep::user: what = "become the user " + number(*request.user); break;
        case SpawnStep::pass_fds: what = "pass descriptor " + number(failure.detail); break;
        case SpawnStep::none:
        case SpawnStep::exec:
            throw_os_error(failure.error,
                           "start the program " + name + (failure.error == ENOENT ? hint_for_missing(request) : ""));
    }
    throw_os_error(failure.error, what + for_it);
}

void check(const SubprocessRequest& request) {
    for (const std::string& argument : request.arguments) check_text(argument, "the argument");
    check_text(request.executable, "the executable");
    check_text(request.cwd, "the directory");
    if (!request.environment) return;
    for (const std::string& variable : *request.environment) check_text(variable, "the variable");
}

}  // namespace

std::string program_of(const SubprocessRequest& request) { return "'" + program(request) + "'"; }

Spawned spawn(const SubprocessRequest& request, const int (&stdio)[3]) {
    check(request);
    const std::vector<std::string> files = candidates_of(request);
    const std::vector<char*> candidates = pointers_to(files), arguments = pointers_to(request.arguments);
    std::vector<char*> environment;
    if (request.environment) environment = pointers_to(*request.environment);
    std::vector<int> kept = request.pass_fds;
    std::sort(kept.begin(), kept.end());
    // A child with other rights than ours must not have our memory, not even for a moment.
    const bool share = kMayShareMemory && !request.user && !request.group && !request.extra_groups;
    const SharedMapping mapping(share);

    SpawnPlan plan = {};
    plan.request = &request;
    plan.stdio = stdio;
    plan.candidates = candidates.data();
    plan.arguments = arguments.data();
    plan.environment = request.environment ? environment.data() : environ;
    plan.kept = kept.data();
    plan.kept_count = kept.size();
    plan.highest_fd = highest_descriptor();
    plan.failure = mapping.failure();

    int pidfd = -1;
    pid_t pid = -1;
    int error = 0;
    {
        const AllSignalsBlocked blocked;
        plan.mask = request.restore_signals ? 0 : blocked.before();
        const int flags = CLONE_VFORK | CLONE_PIDFD | SIGCHLD | (share ? CLONE_VM : 0);
        pid = ::clone(spawn_child, mapping.stack_top(), flags, &plan, &pidfd);
        error = errno;
    }
    if (pid < 0) throw_os_error(error, "start a process for the program " + program_of(request));
    OwnedFd descriptor(pidfd);
    if (mapping.failure()->error != 0) {
        reap_now(pid);
        raise(*mapping.failure(), request);
    }
    if (pidfd < 0) {
        ::kill(pid, SIGKILL);
        reap_now(pid);
        throw OSError(ENOSYS, "start the program " + program_of(request) + ": this needs pidfds (Linux 5.4)");
    }
    return {pid, std::move(descriptor)};
}

}  // namespace aio::detail
