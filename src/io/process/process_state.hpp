// What a Process is a handle to: a child, the descriptor that tells its end, the streams to it, and who waits.
//
// It lives until its last handle is dropped and the child was reaped. The end of a child is a poll of its pidfd.
#pragma once

#include <aio/base/assert.hpp>
#include <aio/io/subprocess.hpp>

#include "core/loop_state.hpp"
#include "io/process/spawn.hpp"

#include <optional>
#include <string>

namespace aio::detail {

class ProcessState final : public LoopResource {
public:
    // Errors: those of CreateSubprocess.
    static ProcessRef start(LoopState& loop, const SubprocessRequest& request);

    void retain() noexcept { ++references_; }
    void release() noexcept {
        AIO_ASSERT(references_ > 0);
        if (--references_ == 0) unreferenced();
    }

    pid_t pid() const noexcept { return pid_; }
    const std::optional<int>& returncode() const noexcept { return returncode_; }
    // Of standard input, output and error; empty where there is no pipe.
    const StreamRef& stream(int which) const noexcept { return streams_[which]; }
    const std::string& name() const noexcept { return name_; }
    void send_signal(int signal);
    void send_signal_group(int signal);
    void set_terminal_size(unsigned short rows, unsigned short columns);
    void detach() noexcept { detached_ = true; }
    LoopState& loop() const noexcept { return loop_; }

    void loop_closing() noexcept override;

private:
    friend class ExitAwaiter;

    struct Ended final : Operation {
        explicit Ended(ProcessState& p) noexcept : Operation(OpKind::poll_in, -1), process(p) {}
        void completed(int result, const char*, bool) noexcept override { process.ended(result); }
        ProcessState& process;
    };

    ProcessState(LoopState& loop, const SubprocessRequest& request);
    ~ProcessState() = default;

    void connect(const SubprocessRequest& request, OwnedFd (&theirs)[3], int (&stdio)[3]);
    OwnedFd open_terminal(const SubprocessRequest& request);
    void open_pipe(int which, const SubprocessRequest& request, OwnedFd& theirs);
    void watch(Spawned child) noexcept;

    void unreferenced() noexcept;
    bool has_ended() const noexcept;
    void kill_quietly() const noexcept;
    void ended(int result) noexcept;
    bool reap(bool wait) noexcept;
    void let_go() noexcept;
    Backend& backend() const noexcept { return *loop_.backend; }

    LoopState& loop_;
    const std::string name_;
    const bool leads_group_;  // a process group of its own
    pid_t pid_ = -1;
    OwnedFd pidfd_;  // until the child was reaped; while it leads a group, as long as there is a handle
    std::optional<int> returncode_;
    StreamRef streams_[3];
    StreamRef terminal_;  // our end of the pseudo-terminal, if it has one
    bool detached_ = false;
    bool watched_ = false;  // between watch() and let_go()
    int watch_error_ = 0;   // of a poll that the kernel refused
    std::uint32_t references_ = 0;
    Ended ended_;
    CallbackList exits_;  // ExitAwaiter
};

}  // namespace aio::detail
