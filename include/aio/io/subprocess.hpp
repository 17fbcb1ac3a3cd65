// Child processes: asyncio's create_subprocess_exec, create_subprocess_shell and Process.
//
//     using aio::subprocess::PIPE;
//     auto sort = co_await aio::create_subprocess_exec("sort", "-r").stdin_(PIPE).stdout_(PIPE);
//     auto [out, err] = co_await sort.communicate("a\nc\nb\n");
//     int code = co_await sort.wait();
//
// Python's keyword arguments are member functions of the result of create_subprocess_...; the co_await starts the
// program. (stdin, stdout and stderr are macros of <cstdio>, hence their underscore.)
//
// A child and its handle. A Process is a handle, cheap to copy. When the last one is dropped while the child runs, the
// child is killed (SIGKILL), as by asyncio's transport when it is closed: so a task that is cancelled leaves no child
// behind. After detach() it keeps running. In any case the loop reaps it: there are no zombies, no SIGCHLD handler, and
// no wait for other children of this process. A loop that closes kills the children that still run.
//
// Starting a child blocks this thread until the child has called exec, a fraction of a millisecond: until then the
// child shares the memory of this process, so that the size of that does not matter. There is no preexec_fn: between
// clone and exec, where other threads may hold any lock, no code of the program may run. Its usual purposes have
// options of their own.
//
// Thread rule: a Process belongs to the thread of its loop. Needs Linux 5.4 (pidfd).
// Source: asyncio.subprocess, CPython 3.13 subprocess.py, base_subprocess.py; semantics 50 of docs/semantics.md;
// clone(2), pidfd_open(2), waitid(2).
#pragma once

#include <aio/io/stream.hpp>

#include <sys/types.h>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio {

// The arguments of stdin_(), stdout_() and stderr_() other than a descriptor.
namespace subprocess {
inline constexpr int PIPE = -1;     // a new pipe to this process
inline constexpr int STDOUT = -2;   // stderr_ only: the same as standard output
inline constexpr int DEVNULL = -3;  // /dev/null
}  // namespace subprocess

namespace detail {

template <class A>
concept ProgramArgument =
    std::constructible_from<std::string, A> && !std::same_as<std::remove_cvref_t<A>, std::nullptr_t>;

class ProcessState;

// A counted reference to a ProcessState, on its loop's thread.
class ProcessRef {
public:
    ProcessRef() noexcept = default;
    explicit ProcessRef(ProcessState* state) noexcept;
    ProcessRef(const ProcessRef& other) noexcept : ProcessRef(other.state_) {}
    ProcessRef(ProcessRef&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    ProcessRef& operator=(ProcessRef other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~ProcessRef() {
        if (state_) drop();
    }
    ProcessState* get() const noexcept { return state_; }
    ProcessState* operator->() const noexcept { return state_; }

private:
    void drop() noexcept;
    ProcessState* state_ = nullptr;
};

class ExitAwaiter final : public Waiter {
public:
    explicit ExitAwaiter(ProcessState* process) noexcept : process_(process) {}
    ExitAwaiter(const ExitAwaiter&) = delete;
    ~ExitAwaiter();

    bool await_ready() const noexcept;
    void await_suspend(std::coroutine_handle<> frame);
    int await_resume();
    bool cancel_wait(std::string_view message) noexcept override;
    void run() override;
    void discard() noexcept override { listed_ = false; }
    const char* name() const noexcept override { return "a process"; }

private:
    ProcessState* process_;
    bool listed_ = false;
};

// The awaitable of wait().
class [[nodiscard("wait() does nothing until it is awaited")]] Exit {
public:
    using native_awaitable = void;
    explicit Exit(ProcessRef process) noexcept : process_(std::move(process)) {}
    ExitAwaiter operator co_await() const noexcept { return ExitAwaiter(process_.get()); }

private:
    ProcessRef process_;
};

// The program to start, and all settings of a CreateSubprocess.
struct SubprocessRequest {
    static constexpr int kInherit = -4;

    SubprocessRequest() {}

    std::vector<std::string> arguments;  // the program's name first
    std::string executable;              // if it is not the first argument
    int stdio[3] = {kInherit, kInherit, kInherit};
    std::optional<std::vector<std::string>> environment;  // "NAME=value"
    std::string cwd;
    std::vector<int> pass_fds;
    std::size_t limit = kDefaultLimit;
    bool close_fds = true;
    bool restore_signals = true;
    bool new_session = false;
    bool pty = false;
    unsigned short rows = 24, columns = 80;
    std::optional<pid_t> process_group;
    std::optional<mode_t> umask;
    std::optional<uid_t> user;
    std::optional<gid_t> group;
    std::optional<std::vector<gid_t>> extra_groups;
};

}  // namespace detail

// The options of communicate(). Trivially destructible, so that `{.limit = ...}` is safe inside a
// co_await expression on g++ 12.
struct CommunicateOptions {
    std::size_t limit = static_cast<std::size_t>(-1);  // of each stream's output, in bytes
};

// A child process: asyncio.subprocess.Process. Streams and wait() do not depend on each other: a child's own children
// may hold its pipes open after it has ended, and its output can still be read then.
class Process {
public:
    Process() noexcept = default;  // none; for variables that are assigned later
    explicit Process(detail::ProcessRef state) noexcept : state_(std::move(state)) {}

    // The process id, also after its end. The kernel may reuse the number once the loop has reaped this process: use
    // send_signal(), not kill(2).
    pid_t pid() const noexcept;
    // The exit status, or minus the number of the signal that killed it; nullopt until the loop has seen its end. 255
    // if other code took the status (a waitpid(-1) in the program), with a warning.
    std::optional<int> returncode() const noexcept;

    // The ends of its pipes. Errors: RuntimeError for one that was not PIPE (or on a pseudo-terminal).
    StreamWriter stdin_() const;
    StreamReader stdout_() const;
    StreamReader stderr_() const;

    // Waits until it ends. Result: its returncode(). Any number of tasks may wait, any number of times.
    // With PIPEs, read them meanwhile, as communicate() does: a child whose pipe is full waits.
    // Cancel: the child is not affected. Errors: OSError when the kernel refuses to watch the process.
    detail::Exit wait() const { return detail::Exit(state_); }

    // Writes `input` to standard input if that is a PIPE, and closes it; reads standard output and error to their ends,
    // both at the same time; waits. Result: standard output and error, "" for one that is not a PIPE. A child that does
    // not read all its input is no error.
    // Cancel: the output read so far is lost; the child keeps running as long as there is a handle.
    // Errors: LimitOverrunError when the child writes more than `limit` to a stream; the child keeps running likewise.
    // RuntimeError while another task reads these streams.
    Coro<std::pair<std::string, std::string>> communicate(std::string input = {},
                                                          CommunicateOptions options = {}) const;

    // Sends a signal, through the process's descriptor: never to another process with the same number.
    // Errors: ProcessLookupError once the loop has seen its end; OSError for a number that is no signal;
    // PermissionError for a child of another user.
    void send_signal(int signal) const;
    void terminate() const;  // SIGTERM
    void kill() const;       // SIGKILL

    // The same to the process group that the child leads: to itself and to the processes that it has started, also when
    // it has ended and they have not. For a child with start_new_session(), process_group(0) or pty().
    // Never to a later group with the same number. Before Linux 6.9 only until the loop has seen the child's end.
    // Errors: RuntimeError for a child that leads no group, whose group is likely this process's own;
    // ProcessLookupError when the group is empty, or may be; else as send_signal().
    void send_signal_group(int signal) const;
    void terminate_group() const;  // SIGTERM
    void kill_group() const;       // SIGKILL

    // The child keeps running when the last handle is dropped, and when the loop closes. While
    // the loop exists, it reaps it.
    void detach() const noexcept;

    // With pty(): sets the size of the terminal, which sends SIGWINCH. Errors: RuntimeError without pty(); OSError.
    void set_terminal_size(unsigned short rows, unsigned short columns) const;

    // False for a default-constructed handle.
    explicit operator bool() const noexcept { return state_.get() != nullptr; }

private:
    detail::ProcessRef state_;
};

// The result of create_subprocess_...(): awaiting it starts the child, without suspending. Result: its Process.
//
// Errors of the co_await: FileNotFoundError, PermissionError, NotADirectoryError... whose message has the program, or
// the directory, or another operation in the child before exec; OSError when there are no descriptors or processes
// left; ValueError for a NUL byte in a string. After an error no child is left.
class [[nodiscard("nothing is started until it is awaited")]] CreateSubprocess {
public:
    using native_awaitable = void;
    explicit CreateSubprocess(std::vector<std::string> arguments);

    // Sets a stream: PIPE, DEVNULL, STDOUT (stderr_ only) or a descriptor, of which the child gets a copy. Default: the
    // stream of this process. Errors: ValueError for anything else.
    CreateSubprocess& stdin_(int what);
    CreateSubprocess& stdout_(int what);
    CreateSubprocess& stderr_(int what);
    // The limit of the readers of PIPEs, in bytes.
    CreateSubprocess& limit(std::size_t bytes);

    // The whole environment, any range of pairs of strings (env= of Python); or single changes of it.
    // Errors: ValueError for an empty name, or '=' in it.
    template <class Variables>
    CreateSubprocess& env(const Variables& variables) {
        request_.environment.emplace();
        for (const auto& [name, value] : variables) setenv(name, value);
        return *this;
    }
    CreateSubprocess& setenv(std::string_view name, std::string_view value);
    CreateSubprocess& unsetenv(std::string_view name);
    // Its working directory. A relative path of the program is relative to it, as in Python.
    CreateSubprocess& cwd(std::string directory);
    // The file to run, if it is another than the first argument; for a shell command, the shell.
    CreateSubprocess& executable(std::string path);

    // Descriptors that the child has under the same numbers.
    CreateSubprocess& pass_fds(std::vector<int> descriptors);
    // Whether all other descriptors are closed. false: only those that are marked close-on-exec. Default: true.
    CreateSubprocess& close_fds(bool on);
    // Gives the child default actions for SIGPIPE and SIGXFSZ, if they are ignored here, and an empty signal mask.
    // Other ignored signals stay ignored (nohup). Default: true.
    CreateSubprocess& restore_signals(bool on);
    // With a session or group of its own (0), the processes that the child starts can be ended with it:
    // Process::kill_group().
    CreateSubprocess& start_new_session(bool on = true);  // setsid(2)
    CreateSubprocess& process_group(pid_t group);         // setpgid(2); 0: a new one
    CreateSubprocess& umask(mode_t mask);                 // umask(2) of the child
    // The user and groups of the child, for which this process needs the rights. Set in the order extra_groups, group,
    // user. Errors: ValueError for -1.
    CreateSubprocess& user(uid_t id);
    CreateSubprocess& group(gid_t id);
    CreateSubprocess& extra_groups(std::vector<gid_t> ids);

    // Gives it a pseudo-terminal: its controlling terminal in a session of its own, and each of its three streams that
    // was not set otherwise. stdin_() writes to the terminal; stdout_() reads the output of the child and, unless it
    // turns that off, the echo of its input. write_eof() sends the end-of-file character. Units:
    // rows and columns of characters.
    CreateSubprocess& pty(unsigned short rows = 24, unsigned short columns = 80);

    // The awaiter, which never suspends.
    class Awaiter {
    public:
        explicit Awaiter(const CreateSubprocess& call) noexcept : call_(call) {}
        bool await_ready() const noexcept { return true; }
        void await_suspend(std::coroutine_handle<>) const noexcept {}
        Process await_resume() const { return call_.start(); }

    private:
        const CreateSubprocess& call_;
    };
    Awaiter operator co_await() const noexcept { return Awaiter(*this); }

private:
    Process start() const;
    CreateSubprocess& redirect(int stream, int what);
    std::vector<std::string>& own_environment();

    detail::SubprocessRequest request_;
};

// Runs `program`, found as by execvp(3) (along the PATH of the child's environment), with these arguments: strings,
// views, paths. asyncio.create_subprocess_exec.
// Example: co_await create_subprocess_exec("git", "log", "--oneline").cwd("/srv/repo").stdout_(subprocess::PIPE)
template <class... Arguments>
CreateSubprocess create_subprocess_exec(std::string program, Arguments&&... arguments) {
    static_assert((detail::ProgramArgument<Arguments> && ...),
                  "a program's arguments are strings, views or paths; write std::to_string(number)");
    std::vector<std::string> all;
    all.reserve(1 + sizeof...(arguments));
    all.push_back(std::move(program));
    (all.push_back(std::string(std::forward<Arguments>(arguments))), ...);
    return CreateSubprocess(std::move(all));
}
// The same with a list whose first element is the program. Errors: ValueError for an empty one.
CreateSubprocess create_subprocess_exec(std::vector<std::string> arguments);
// Runs `command` with /bin/sh -c: asyncio.create_subprocess_shell. Quote untrusted text: the shell interprets it.
CreateSubprocess create_subprocess_shell(std::string command);

}  // namespace aio
