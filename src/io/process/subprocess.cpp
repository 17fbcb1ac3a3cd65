// Child processes as the user sees them: what to start, and communicate().
#include <aio/io/subprocess.hpp>

#include <aio/base/error.hpp>
#include <aio/core/gather.hpp>
#include <aio/core/task.hpp>

#include "io/process/process_state.hpp"

#include <signal.h>
#include <unistd.h>

#include <memory>

namespace aio {

// --- what to start -----------------------------------------------------------------------------------------

namespace {

std::string variable(std::string_view name, std::string_view value) {
    if (name.empty() || name.find('=') != std::string_view::npos) {
        throw ValueError("create_subprocess: '" + std::string(name) + "' is not a valid environment variable name");
    }
    return std::string(name) + "=" + std::string(value);
}

// To setresuid(2) and setresgid(2), -1 means "as it is": a child that was to have fewer rights would keep its own.
void check_id(const char* what, std::uint32_t id) {
    if (id == static_cast<std::uint32_t>(-1)) {
        throw ValueError(std::string("create_subprocess: -1 is not a valid ") + what);
    }
}

}  // namespace

CreateSubprocess::CreateSubprocess(std::vector<std::string> arguments) {
    if (arguments.empty()) throw ValueError("create_subprocess_exec: the list must begin with the program");
    request_.arguments = std::move(arguments);
}

CreateSubprocess& CreateSubprocess::redirect(int stream, int what) {
    if (what < subprocess::DEVNULL || (what == subprocess::STDOUT && stream != 2)) {
        throw ValueError(
            "create_subprocess: a stream is PIPE, DEVNULL, a descriptor, or, for stderr_ only, STDOUT; not " +
            std::to_string(what));
    }
    request_.stdio[stream] = what;
    return *this;
}
CreateSubprocess& CreateSubprocess::stdin_(int what) { return redirect(0, what); }
CreateSubprocess& CreateSubprocess::stdout_(int what) { return redirect(1, what); }
CreateSubprocess& CreateSubprocess::stderr_(int what) { return redirect(2, what); }

CreateSubprocess& CreateSubprocess::limit(std::size_t bytes) {
    request_.limit = bytes;
    return *this;
}

std::vector<std::string>& CreateSubprocess::own_environment() {
    if (!request_.environment) {
        request_.environment.emplace();
        for (char** variable = environ; variable && *variable; ++variable) {
            request_.environment->emplace_back(*variable);
        }
    }
    return *request_.environment;
}
CreateSubprocess& CreateSubprocess::setenv(std::string_view name, std::string_view value) {
    std::string entry = variable(name, value);
    unsetenv(name);
    own_environment().push_back(std::move(entry));
    return *this;
}
CreateSubprocess& CreateSubprocess::unsetenv(std::string_view name) {
    const std::string start = variable(name, "");
    std::erase_if(own_environment(), [&](const std::string& entry) { return entry.starts_with(start); });
    return *this;
}
CreateSubprocess& CreateSubprocess::cwd(std::string directory) {
    request_.cwd = std::move(directory);
    return *this;
}
CreateSubprocess& CreateSubprocess::executable(std::string path) {
    request_.executable = std::move(path);
    return *this;
}
CreateSubprocess& CreateSubprocess::pass_fds(std::vector<int> descriptors) {
    for (const int fd : descriptors) {
        if (fd < 0)
            throw ValueError("create_subprocess: " + std::to_string(fd) + " is not a descriptor that can be passed");
    }
    request_.pass_fds = std::move(descriptors);
    return *this;
}
CreateSubprocess& CreateSubprocess::close_fds(bool on) {
    request_.close_fds = on;
    return *this;
}
CreateSubprocess& CreateSubprocess::restore_signals(bool on) {
    request_.restore_signals = on;
    return *this;
}
CreateSubprocess& CreateSubprocess::start_new_session(bool on) {
    request_.new_session = on;
    return *this;
}
CreateSubprocess& CreateSubprocess::process_group(pid_t group) {
    request_.process_group = group;
    return *this;
}
CreateSubprocess& CreateSubprocess::umask(mode_t mask) {
    request_.umask = mask;
    return *this;
}
CreateSubprocess& CreateSubprocess::user(uid_t id) {
    check_id("user", id);
    request_.user = id;
    return *this;
}
CreateSubprocess& CreateSubprocess::group(gid_t id) {
    check_id("group", id);
    request_.group = id;
    return *this;
}
CreateSubprocess& CreateSubprocess::extra_groups(std::vector<gid_t> ids) {
    for (const gid_t id : ids) check_id("group", id);
    request_.extra_groups = std::move(ids);
    return *this;
}
CreateSubprocess& CreateSubprocess::pty(unsigned short rows, unsigned short columns) {
    request_.pty = true;
    request_.rows = rows;
    request_.columns = columns;
    return *this;
}

Process CreateSubprocess::start() const {
    detail::LoopState& loop = detail::LoopState::of(detail::require_loop());
    return Process(detail::ProcessState::start(loop, request_));
}

CreateSubprocess create_subprocess_exec(std::vector<std::string> arguments) {
    return CreateSubprocess(std::move(arguments));
}

CreateSubprocess create_subprocess_shell(std::string command) {
    std::vector<std::string> arguments;
    arguments.reserve(3);
    arguments.emplace_back("/bin/sh");
    arguments.emplace_back("-c");
    arguments.push_back(std::move(command));
    return CreateSubprocess(std::move(arguments));
}

// --- a child that was started ------------------------------------------------------------------------------

namespace {

const detail::StreamRef& pipe_of(const detail::ProcessState& process, int which, const char* name) {
    const detail::StreamRef& stream = process.stream(which);
    if (!stream) {
        throw RuntimeError(std::string(name) + "(): the process " + process.name() + " was started without " + name +
                           "(PIPE)");
    }
    return stream;
}

// drain() waits until everything is written: a failure after the last drain() would go unnoticed, and the child would
// take a part of its input for the whole.
Coro<> feed(StreamWriter writer, std::string input) {
    constexpr std::size_t kPiece = 64 * 1024;
    writer.set_write_buffer_limits(0);
    try {
        co_await writer.drain();  // what the caller wrote before
        for (std::size_t sent = 0; sent < input.size(); sent += kPiece) {
            writer.write(std::string_view(input).substr(sent, kPiece));
            co_await writer.drain();
        }
    } catch (const BrokenPipeError&) {
        // The child has read as much as it wanted (semantics 50).
    } catch (const ConnectionResetError&) {}
    writer.write_eof();
}

struct Outputs {
    std::string text[2];
};

Coro<> collect(StreamReader reader, std::shared_ptr<Outputs> outputs, int which, std::size_t limit) {
    std::string& text = outputs->text[which];
    while (true) {
        const std::string_view piece = co_await reader.read_view(256 * 1024);
        if (piece.empty()) break;
        if (piece.size() > limit - text.size()) {
            throw LimitOverrunError("communicate: the child has written more than the limit of " +
                                        std::to_string(limit) + " bytes to its standard " +
                                        (which == 0 ? "output" : "error"),
                                    text.size());
        }
        text.append(piece);
    }
}

// Ends what one part's failure leaves running.
struct CancelAll {
    explicit CancelAll(std::vector<Task<>>& all) noexcept : tasks(all) {}
    CancelAll(const CancelAll&) = delete;
    ~CancelAll() {
        for (Task<>& task : tasks) task.cancel();
    }
    std::vector<Task<>>& tasks;
};

Coro<std::pair<std::string, std::string>> communicate_with(Process process, detail::ProcessRef state,
                                                           std::string input, std::size_t limit) {
    auto outputs = std::make_shared<Outputs>();
    std::vector<Task<>> parts;
    const CancelAll guard(parts);
    parts.reserve(3);
    if (const detail::StreamRef& to = state->stream(0)) {
        parts.push_back(create_task(feed(StreamWriter(to), std::move(input))));
    }
    for (int which = 0; which < 2; ++which) {
        if (const detail::StreamRef& from = state->stream(which + 1)) {
            parts.push_back(create_task(collect(StreamReader(from), outputs, which, limit)));
        }
    }
    co_await gather(parts);
    co_await process.wait();
    co_return std::pair(std::move(outputs->text[0]), std::move(outputs->text[1]));
}

}  // namespace

pid_t Process::pid() const noexcept { return state_->pid(); }
std::optional<int> Process::returncode() const noexcept { return state_->returncode(); }
StreamWriter Process::stdin_() const { return StreamWriter(pipe_of(*state_.get(), 0, "stdin_")); }
StreamReader Process::stdout_() const { return StreamReader(pipe_of(*state_.get(), 1, "stdout_")); }
StreamReader Process::stderr_() const { return StreamReader(pipe_of(*state_.get(), 2, "stderr_")); }

Coro<std::pair<std::string, std::string>> Process::communicate(std::string input, CommunicateOptions options) const {
    return communicate_with(*this, state_, std::move(input), options.limit);
}

void Process::send_signal(int signal) const { state_->send_signal(signal); }
void Process::terminate() const { send_signal(SIGTERM); }
void Process::kill() const { send_signal(SIGKILL); }
void Process::send_signal_group(int signal) const { state_->send_signal_group(signal); }
void Process::terminate_group() const { send_signal_group(SIGTERM); }
void Process::kill_group() const { send_signal_group(SIGKILL); }
void Process::detach() const noexcept { state_->detach(); }

void Process::set_terminal_size(unsigned short rows, unsigned short columns) const {
    state_->set_terminal_size(rows, columns);
}

}  // namespace aio
