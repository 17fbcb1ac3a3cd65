// add_reader and add_writer: a callback each time a descriptor is ready.
#pragma once

#include "core/loop_state.hpp"

namespace aio::detail {

// Keeps a one-shot poll operation in flight and calls `call` after each of its completions.
class FdWatch final : public Operation, public Callback {
public:
    FdWatch(LoopState& state, int fd, bool writable, Call* call) noexcept;
    ~FdWatch();

    void arm() noexcept;
    // Gives the watch up. It destroys itself when the backend has let go of the operation.
    static void retire(std::unique_ptr<FdWatch> watch) noexcept;

    void completed(int result, const char* data, bool more) noexcept override;
    void run() override;
    void discard() noexcept override;
    const char* name() const noexcept override { return "add_reader/add_writer callback"; }

private:
    // After the callback, also when KeyboardInterrupt or SystemExit leave it.
    struct Finish {
        FdWatch& watch;
        ~Finish() {
            watch.running_ = false;
            watch.retired_ ? delete &watch : watch.arm();
        }
    };

    LoopState& state_;
    Call* call_;
    bool retired_ = false;
    bool scheduled_ = false;  // stands in the ready queue
    bool running_ = false;    // inside the callback, which may retire this watch
};

void watch_fd(LoopState& state, int fd, bool writable, Call* call);
bool unwatch_fd(LoopState& state, int fd, bool writable) noexcept;

}  // namespace aio::detail
