// A decorator around a loop's backend: it notices when nothing can happen any more, and can make an operation
// fail.
#pragma once

#include "core/backend/backend.hpp"
#include "core/loop_state.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace aio::test {

// Which operation fails, and how.
struct IoFault {
    std::size_t k = 0;     // the k-th operation or socket call (1, 2...); 0: none
    unsigned variant = 0;  // 0 .. kIoVariants - 1: a plausible errno for its kind, or a short count
};
inline constexpr unsigned kIoVariants = 3;

class WatchedBackend final : public detail::Backend {
public:
    using Stalled = void (*)(void* data);

    // `stalled(data)` is called when the loop is about to wait for something that cannot come: no timer, no
    // operation that moves, no thread at work, and no post for `patience`. `injected` is set when the fault happened.
    WatchedBackend(std::unique_ptr<detail::Backend> inner, detail::LoopState& state, Duration patience,
                   Stalled stalled, void* data, IoFault fault, bool& injected);

    // Puts one around the backend of `state`.
    static WatchedBackend& install(detail::LoopState& state, Duration patience, Stalled stalled, void* data,
                                   IoFault fault, bool& injected);

    // Lets the clock jump, as if the running callback took so long.
    void skip(Duration duration) noexcept { skipped_ += duration; }

    // How much work outside of the loop it was told of, and not that it ended.
    int external() const noexcept { return external_; }

    // Operations and socket calls so far, counted while a fault is planned.
    std::size_t calls() const noexcept { return calls_; }

    // Lets each wait for a moment end up to 40 ms late, as on a busy machine; 0: in time.
    void be_late(std::uint64_t seed) noexcept { late_seed_ = seed; }

    // The next `times` operations of this kind that are started fail with `error`.
    void fail_next(detail::OpKind kind, int error, std::size_t times) noexcept {
        next_failure_ = {kind, error, times};
    }

    std::string_view name() const noexcept override { return inner_->name(); }
    TimePoint now() const noexcept override { return inner_->now() + skipped_; }
    void poll(TimePoint deadline) override;
    void run_deferred() noexcept override {
        inner_->run_deferred();
        Backend::run_deferred();
    }
    bool has_work() const noexcept override { return has_deferred() || !failing_.empty() || inner_->has_work(); }
    void start(detail::Operation& operation) noexcept override;
    bool start_file(detail::Operation& operation) noexcept override;
    void cancel(detail::Operation& operation) noexcept override;
    void external_work(int change) noexcept override;
    void forget(int fd) noexcept override { inner_->forget(fd); }
    int send_now(int fd, const void* data, std::size_t size) noexcept override;
    int receive_message(int fd, msghdr& message, int flags) noexcept override;
    int send_message(int fd, const msghdr& message) noexcept override;
    int send_file(int fd, int file, std::uint64_t offset, std::size_t count) noexcept override;
    int open_socket(int family, int type, detail::SimNetworkMaker& make_network) noexcept override;
    int bind(int fd, const sockaddr* address, socklen_t length) noexcept override;
    int listen(int fd, int backlog) noexcept override;
    int shutdown(int fd, int how) noexcept override { return inner_->shutdown(fd, how); }
    int connect_now(int fd, const sockaddr* address, socklen_t length) noexcept override;
    int accept_now(int fd, sockaddr_storage& peer, socklen_t& length) noexcept override;
    int get_option(int fd, int level, int option, void* value, socklen_t& length) noexcept override {
        return inner_->get_option(fd, level, option, value, length);
    }
    int set_option(int fd, int level, int option, const void* value, socklen_t length) noexcept override;
    int local_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept override {
        return inner_->local_address(fd, address, length);
    }
    int peer_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept override {
        return inner_->peer_address(fd, address, length);
    }
    void close_fd(int fd) noexcept override { inner_->close_fd(fd); }
    std::size_t in_flight() const noexcept override { return inner_->in_flight() + failing_.size(); }

private:
    struct Failing {
        detail::Operation* operation;
        int result;
    };

    // A body that went wrong may poll for something that will not come.
    static constexpr std::size_t kPollsOfARun = 20'000;

    bool fault_is_due() noexcept;
    void start_failing(detail::Operation& operation) noexcept;
    void fail_later(detail::Operation& operation, int result) noexcept;
    Duration lateness() noexcept;
    bool deliver_failures() noexcept;
    void poll_patiently();
    // The errno for the call, or 0 when it may go on.
    int failure_of_call(int first, int second) noexcept;

    std::unique_ptr<detail::Backend> inner_;
    detail::LoopState& state_;
    Duration patience_;
    Stalled stalled_;
    void* data_;
    IoFault fault_;
    std::size_t calls_ = 0;
    bool& injected_;
    int external_ = 0;
    std::size_t polls_ = 0;
    Duration skipped_{0};
    std::uint64_t late_seed_ = 0;
    std::vector<Failing> failing_;
    struct {
        detail::OpKind kind;
        int error;
        std::size_t times;
    } next_failure_ = {};
};

}  // namespace aio::test
