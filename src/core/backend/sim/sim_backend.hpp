// The sim backend: a virtual clock and sockets in memory, for tests that take no time and always run alike.
//
// When nothing is ready the clock jumps to the next deadline. It does not while a thread works for this loop
// (external_work): the clock then goes with real time, or a time-out would expire before a thread that takes a
// microsecond has had its chance. Without a deadline the loop really waits, for other threads.
//
// Descriptors from SimSockets::kFirstDescriptor up are simulated. Real ones can be watched (poll_in, poll_out),
// with poll(2), next to the simulation, and take calls that do not wait; they are beyond its determinism.
#pragma once

#include "core/backend/backend.hpp"
#include "core/backend/sim/network.hpp"

#include <memory>
#include <vector>

struct pollfd;

namespace aio::detail {

class SimBackend final : public Backend {
public:
    explicit SimBackend(int wake_fd);

    std::string_view name() const noexcept override { return "sim"; }
    TimePoint now() const noexcept override { return now_; }
    bool simulated() const noexcept override { return true; }
    bool waits_for_posts_only() const noexcept override {
        return external_work_ == 0 && real_.empty() && !first_queued_ && !has_deferred();
    }
    void poll(TimePoint deadline) override;
    bool has_work() const noexcept override { return in_flight_ > 0 || has_deferred(); }
    void start(Operation& operation) noexcept override;
    void cancel(Operation& operation) noexcept override;
    void external_work(int change) noexcept override { external_work_ += change; }
    void forget(int) noexcept override {}
    int send_now(int fd, const void* data, std::size_t size) noexcept override;
    int receive_message(int fd, msghdr& message, int flags) noexcept override;
    int send_message(int fd, const msghdr& message) noexcept override;
    int send_file(int fd, int file, std::uint64_t offset, std::size_t count) noexcept override;
    int open_socket(int family, int type, SimNetworkMaker& make_network) noexcept override;
    int bind(int fd, const sockaddr* address, socklen_t length) noexcept override;
    int listen(int fd, int backlog) noexcept override;
    int shutdown(int fd, int how) noexcept override;
    int connect_now(int fd, const sockaddr* address, socklen_t length) noexcept override;
    int accept_now(int fd, sockaddr_storage& peer, socklen_t& length) noexcept override;
    int get_option(int fd, int level, int option, void* value, socklen_t& length) noexcept override;
    int set_option(int fd, int level, int option, const void* value, socklen_t length) noexcept override;
    int local_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept override;
    int peer_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept override;
    void close_fd(int fd) noexcept override;
    std::size_t in_flight() const noexcept override { return in_flight_; }

private:
    bool is_simulated(int fd) const noexcept { return network_ && SimSockets::owns(fd); }
    // What a call of the network answers, with the sockets that it changed looked at; -ENOMEM when it threw.
    template <class Call>
    int network_call(Call&& call) noexcept;
    void wake_changed() noexcept;
    static Operation*& slot(SimSocket& socket, const Operation& operation) noexcept;

    void enqueue(Operation& operation, std::int32_t what) noexcept;
    bool deliver_queue() noexcept;
    enum class Outcome { nothing, delivered, finished };  // finished: the operation may be gone
    bool attempt(Operation& operation) noexcept;
    Outcome attempt_once(Operation& operation) noexcept;
    Outcome attempt_receive(Operation& operation) noexcept;
    Outcome attempt_accept(Operation& operation) noexcept;
    void finish(Operation& operation, int result) noexcept;

    void start_real(Operation& operation) noexcept;
    void wait(TimePoint deadline);
    bool poll_real(int timeout_ms);

    int wake_fd_;
    TimePoint now_;
    std::unique_ptr<SimSockets> network_;  // from the first socket on
    std::size_t in_flight_ = 0;
    int external_work_ = 0;
    Operation* first_queued_ = nullptr;
    Operation* last_queued_ = nullptr;
    std::vector<Operation*> real_;  // polls of real descriptors, in order
    std::vector<pollfd> polled_;
    std::unique_ptr<char[]> scratch_;
};

}  // namespace aio::detail
