// The epoll backend: completions made of readiness.
//
// Every descriptor is registered once, edge-triggered, and stays so until it is closed; readiness that nobody
// waits for is remembered here, not asked for again. Three facts of edge-triggered epoll shape the rest:
//
//   - An edge comes once. `readable` stands for an edge that has not been used up: it is set by an event, and
//     cleared by EAGAIN or by a receive that got less than it asked for. A receive that is started (again) while
//     it stands is tried at the next poll without waiting for an edge that will not come.
//   - A short receive means "empty now" only as long as the peer's FIN, or an error, did not come in the same
//     edge: after EPOLLRDHUP, EPOLLHUP or EPOLLERR one reads on until the end.
//   - EPOLLOUT is wanted rarely. Sockets are registered for reading only, and once, at the first EAGAIN of a
//     send, for writing too: EPOLL_CTL_MOD looks at the present state, so that no edge gets lost in between.
//     (AF_UNIX would wake us at each read of the peer otherwise.)
//
// poll_in and poll_out promise level-triggered answers and are armed by EPOLL_CTL_MOD each time, for its look at
// the present state. Source: epoll(7), ep_poll_callback in Linux 6.1 fs/eventpoll.c.
#pragma once

#include "core/backend/deadline_timer.hpp"
#include "core/backend/kernel_sockets.hpp"

#include <memory>
#include <vector>

namespace aio::detail {

class EpollBackend final : public KernelSockets {
public:
    explicit EpollBackend(int wake_fd);
    ~EpollBackend() override;

    std::string_view name() const noexcept override { return "epoll"; }
    void poll(TimePoint deadline) override;
    bool has_work() const noexcept override { return in_flight_ > 0 || has_deferred(); }
    void start(Operation& operation) noexcept override;
    void cancel(Operation& operation) noexcept override;
    void forget(int fd) noexcept override;
    int open_socket(int family, int type, SimNetworkMaker& make_network) noexcept override;
    int accept_now(int fd, sockaddr_storage& peer, socklen_t& length) noexcept override;
    void close_fd(int fd) noexcept override;
    std::size_t in_flight() const noexcept override { return in_flight_; }

private:
    struct Descriptor {
        Operation* in = nullptr;       // receive, accept or poll_in
        Operation* out = nullptr;      // send, connect or poll_out
        std::uint32_t generation = 0;  // told apart from an earlier life of the number
        bool registered = false;
        bool writing = false;   // registered for EPOLLOUT as well
        bool readable = false;  // an edge that is not used up
        bool hung_up = false;   // the peer is done, or there is an error: short receives are not the end
    };

    static bool is_input(const Operation& operation) noexcept {
        return operation.kind == OpKind::receive || operation.kind == OpKind::accept ||
               operation.kind == OpKind::poll_in;
    }
    Operation*& slot(const Operation& operation) noexcept;
    bool owns_slot(int fd, const Operation& operation) const noexcept;

    int prepare(int fd) noexcept;
    int watch(int fd, bool look_again) noexcept;
    int watch_for_writing(int fd, bool look_again) noexcept;

    void start_input(Operation& operation) noexcept;
    void start_send(Operation& operation) noexcept;
    void start_connect(Operation& operation) noexcept;
    void start_poll_out(Operation& operation) noexcept;

    void wait(TimePoint deadline);
    void dispatch(std::uint64_t tag, std::uint32_t events) noexcept;
    void serve_input(int fd) noexcept;
    void serve_output(int fd) noexcept;
    void receive(Operation& operation) noexcept;
    void accept(Operation& operation) noexcept;
    void finish(Operation& operation, int result) noexcept;

    // What is settled without the kernel, or is to be tried again: delivered by the next poll.
    void enqueue(Operation& operation, std::int32_t what) noexcept;
    void deliver_queue() noexcept;

    DeadlineTimer timer_;
    int epoll_fd_ = -1;
    std::size_t in_flight_ = 0;
    std::vector<Descriptor> table_;  // by descriptor
    Operation* first_queued_ = nullptr;
    Operation* last_queued_ = nullptr;
    std::unique_ptr<char[]> scratch_;  // what recv() fills, for all descriptors
};

}  // namespace aio::detail
