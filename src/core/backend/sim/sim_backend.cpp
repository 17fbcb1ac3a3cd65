// The simulator as a backend: virtual time, operations on simulated sockets (network.cpp), real ones for other descriptors.
#include "core/backend/sim/sim_backend.hpp"

#include <aio/base/assert.hpp>
#include <aio/base/error.hpp>

#include "core/backend/socket_calls.hpp"
#include "core/recorder.hpp"

#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace aio::detail {

namespace {

constexpr int kMostAccepts = 128;

// In Operation::backend_word: the result to deliver, or one of these.
constexpr std::int32_t kUnqueued = 1;
constexpr std::int32_t kTry = 2;
constexpr std::int32_t kTrying = 3;       // it is being tried, and is in no queue
constexpr std::int32_t kTryOnceMore = 4;  // the same, and something happened to its socket meanwhile

bool is_input(const Operation& operation) noexcept {
    return operation.kind == OpKind::receive || operation.kind == OpKind::accept || operation.kind == OpKind::poll_in;
}

}  // namespace

// The clock begins at an hour: not at zero, which is easily mistaken for "never".
SimBackend::SimBackend(int wake_fd)
    : wake_fd_(wake_fd), now_(TimePoint(std::chrono::hours(1))), scratch_(new char[SimSockets::kBuffer]) {}

template <class Call>
int SimBackend::network_call(Call&& call) noexcept {
    if (!network_) return -EBADF;
    int result = 0;
    try {
        result = call();
    } catch (const std::bad_alloc&) {
        result = -ENOMEM;
    }
    wake_changed();
    return result;
}

void SimBackend::wake_changed() noexcept {
    for (const int fd : network_->changed) {
        SimSocket* socket = network_->find(fd);
        if (!socket) continue;
        if (socket->in) enqueue(*socket->in, kTry);
        if (socket->out) enqueue(*socket->out, kTry);
    }
    network_->changed.clear();
}

Operation*& SimBackend::slot(SimSocket& socket, const Operation& operation) noexcept {
    return is_input(operation) ? socket.in : socket.out;
}

// --- operations --------------------------------------------------------------------------------------------

void SimBackend::start(Operation& operation) noexcept {
    AIO_ASSERT(!operation.in_flight);
    operation.in_flight = true;
    operation.backend_word = kUnqueued;
    ++in_flight_;
    count_operation();
    if (!is_simulated(operation.fd)) return start_real(operation);
    SimSocket* socket = network_->find(operation.fd);
    if (!socket) return enqueue(operation, -EBADF);
    slot(*socket, operation) = &operation;
    if (operation.kind == OpKind::connect) {
        const int result = network_call(
            [&] { return network_->connect(operation.fd, operation.peer.address, operation.peer.length); });
        enqueue(operation, result == -EINPROGRESS ? kTry : result);
    } else {
        enqueue(operation, kTry);
    }
}

void SimBackend::cancel(Operation& operation) noexcept {
    if (!operation.in_flight) return;
    if (SimSocket* socket = network_ ? network_->find(operation.fd) : nullptr) {
        if (slot(*socket, operation) == &operation) slot(*socket, operation) = nullptr;
    }
    std::erase(real_, &operation);
    enqueue(operation, -ECANCELED);
}

void SimBackend::enqueue(Operation& operation, std::int32_t what) noexcept {
    const std::int32_t before = operation.backend_word;
    const bool trying = before == kTrying || before == kTryOnceMore;
    if (trying && what == kTry) {
        operation.backend_word = kTryOnceMore;
        return;
    }
    const bool queued = !trying && before != kUnqueued;
    if (!queued || before == kTry) operation.backend_word = what;
    if (queued) return;
    operation.backend_next = nullptr;
    (first_queued_ ? last_queued_->backend_next : first_queued_) = &operation;
    last_queued_ = &operation;
}

// Delivers what was queued when it was called. True if anything completed.
bool SimBackend::deliver_queue() noexcept {
    bool delivered = false;
    Operation* operation = std::exchange(first_queued_, nullptr);
    while (operation) {
        Operation* next = operation->backend_next;
        const std::int32_t what = std::exchange(operation->backend_word, kUnqueued);
        if (what == kTry) {
            delivered |= attempt(*operation);
        } else {
            finish(*operation, what);
            delivered = true;
        }
        operation = next;
    }
    return delivered;
}

bool SimBackend::attempt(Operation& operation) noexcept {
    operation.backend_word = kTrying;
    const Outcome outcome = operation.kind == OpKind::receive  ? attempt_receive(operation)
                            : operation.kind == OpKind::accept ? attempt_accept(operation)
                                                               : attempt_once(operation);
    if (outcome == Outcome::finished) return true;  // the operation may be gone
    const bool again = operation.backend_word == kTryOnceMore;
    if (again || operation.backend_word == kTrying) operation.backend_word = kUnqueued;
    if (again) enqueue(operation, kTry);
    return outcome == Outcome::delivered;
}

SimBackend::Outcome SimBackend::attempt_once(Operation& operation) noexcept {
    const int fd = operation.fd;
    int result = -EAGAIN;
    switch (operation.kind) {
        case OpKind::send: result = send_now(fd, operation.out.data, operation.out.size); break;
        case OpKind::connect: result = network_->connected(fd); break;
        case OpKind::poll_in: result = network_->readable(fd) ? 0 : -EAGAIN; break;
        default: result = network_->writable(fd) ? 0 : -EAGAIN; break;
    }
    if (result == -EAGAIN) return Outcome::nothing;
    finish(operation, result);
    return Outcome::finished;
}

SimBackend::Outcome SimBackend::attempt_receive(Operation& operation) noexcept {
    const int fd = operation.fd;
    const int count = network_call([&] { return network_->receive(fd, scratch_.get(), SimSockets::kBuffer); });
    if (count == -EAGAIN) return Outcome::nothing;
    if (count <= 0) {
        finish(operation, count);
        return Outcome::finished;
    }
    enqueue(operation, kTry);  // there may be more
    record_io(operation, count);
    operation.completed(count, scratch_.get(), true);
    return Outcome::delivered;
}

SimBackend::Outcome SimBackend::attempt_accept(Operation& operation) noexcept {
    const int listener = operation.fd;
    for (int turn = 0; turn < kMostAccepts; ++turn) {
        const int fd = network_call([&] { return network_->accept(listener); });
        if (fd == -EAGAIN) return turn > 0 ? Outcome::delivered : Outcome::nothing;
        if (fd < 0) {
            finish(operation, fd);
            return Outcome::finished;
        }
        record_io(operation, fd);
        operation.completed(fd, nullptr, true);
        SimSocket* socket = network_->find(listener);
        if (!socket || socket->in != &operation) return Outcome::delivered;  // cancelled
    }
    enqueue(operation, kTry);
    return Outcome::delivered;
}

void SimBackend::finish(Operation& operation, int result) noexcept {
    if (SimSocket* socket = network_ ? network_->find(operation.fd) : nullptr) {
        if (slot(*socket, operation) == &operation) slot(*socket, operation) = nullptr;
    }
    operation.in_flight = false;
    --in_flight_;
    record_io(operation, result);
    operation.completed(result, nullptr, false);
}

// --- real descriptors and time -----------------------------------------------------------------------------

void SimBackend::start_real(Operation& operation) noexcept {
    if (operation.kind != OpKind::poll_in && operation.kind != OpKind::poll_out) {
        return enqueue(operation, -EOPNOTSUPP);
    }
    try {
        polled_.reserve(std::max(polled_.capacity(), 2 * (real_.size() + 1)));  // poll() needs no memory then
        real_.push_back(&operation);
    } catch (const std::bad_alloc&) {
        enqueue(operation, -ENOMEM);
    }
}

void SimBackend::poll(TimePoint deadline) {
    // Operations that are queued to be tried may be ready: nothing is waited for before they were tried.
    while (first_queued_) {
        if (deliver_queue()) deadline = TimePoint::min();
        if (deadline == TimePoint::min()) break;
    }
    if (deadline != TimePoint::min() && deadline > now_) return wait(deadline);
    if (!real_.empty()) poll_real(0);
}

void SimBackend::wait(TimePoint deadline) {
    if (external_work_ == 0 && deadline != TimePoint::max()) {
        if (!poll_real(0)) now_ = deadline;
        return;
    }
    // When only posts can end the wait, the loop checks from time to time whether a thread is left that could post.
    constexpr int kLookAgain = 50;
    int timeout_ms = waits_for_posts_only() ? kLookAgain : -1;
    if (deadline != TimePoint::max()) {
        const auto left_ms = std::chrono::ceil<std::chrono::milliseconds>(deadline - now_).count();
        timeout_ms = static_cast<int>(std::min<long long>(left_ms, INT_MAX));
    }
    const auto before = std::chrono::steady_clock::now();
    poll_real(timeout_ms);
    if (external_work_ > 0) now_ = after(now_, std::chrono::steady_clock::now() - before);
}

// Looks at the eventfd and the real descriptors. True when something was there.
bool SimBackend::poll_real(int timeout_ms) {
    polled_.assign(1, pollfd{wake_fd_, POLLIN, 0});
    for (const Operation* operation : real_) {
        polled_.push_back({operation->fd, operation->kind == OpKind::poll_in ? short{POLLIN} : short{POLLOUT}, 0});
    }
    const int count = ::poll(polled_.data(), polled_.size(), timeout_ms);
    if (count < 0 && errno != EINTR) throw_os_error(errno, "poll");
    if (count <= 0) return count < 0;
    if (polled_[0].revents != 0) {
        std::uint64_t posts = 0;
        [[maybe_unused]] const ssize_t ignored = ::read(wake_fd_, &posts, sizeof posts);
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < real_.size(); ++i) {
        if (polled_[i + 1].revents != 0) {
            enqueue(*real_[i], 0);
        } else {
            real_[kept++] = real_[i];
        }
    }
    real_.resize(kept);
    deliver_queue();
    return true;
}

// --- sockets -----------------------------------------------------------------------------------------------

int SimBackend::send_now(int fd, const void* data, std::size_t size) noexcept {
    size = std::min<std::size_t>(size, INT_MAX);
    if (!is_simulated(fd)) {
        iovec piece{const_cast<void*>(data), size};
        msghdr message = {};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        return socket_calls::send_message(fd, message);
    }
    return network_call([&] { return network_->send(fd, static_cast<const char*>(data), size); });
}
int SimBackend::open_socket(int family, int type, SimNetworkMaker& make_network) noexcept {
    try {
        if (!network_) network_ = make_network();
    } catch (const std::bad_alloc&) {
        return -ENOMEM;
    }
    return network_call([&] { return network_->open(family, type); });
}
int SimBackend::bind(int fd, const sockaddr* address, socklen_t length) noexcept {
    return network_call([&] { return network_->bind(fd, address, length); });
}
int SimBackend::listen(int fd, int backlog) noexcept {
    return network_call([&] { return network_->listen(fd, backlog); });
}
int SimBackend::shutdown(int fd, int how) noexcept {
    return network_call([&] { return network_->shutdown(fd, how); });
}
int SimBackend::receive_message(int fd, msghdr& message, int flags) noexcept {
    if (!is_simulated(fd)) return socket_calls::receive_message(fd, message, flags);
    return network_call([&] { return network_->receive_message(fd, message, flags); });
}
int SimBackend::send_message(int fd, const msghdr& message) noexcept {
    if (!is_simulated(fd)) return socket_calls::send_message(fd, message);
    return network_call([&] { return network_->send_message(fd, message); });
}
int SimBackend::send_file(int fd, int file, std::uint64_t offset, std::size_t count) noexcept {
    return is_simulated(fd) ? -EINVAL : socket_calls::send_file(fd, file, offset, count);
}
int SimBackend::connect_now(int fd, const sockaddr* address, socklen_t length) noexcept {
    if (!is_simulated(fd)) return socket_calls::connect_now(fd, address, length);
    return network_call([&] { return network_->connect(fd, address, length); });
}
int SimBackend::accept_now(int fd, sockaddr_storage& peer, socklen_t& length) noexcept {
    if (!is_simulated(fd)) return socket_calls::accept_now(fd, peer, length);
    const int accepted = network_call([&] { return network_->accept(fd); });
    if (accepted >= 0) network_->peer_address(accepted, peer, length);
    return accepted;
}
int SimBackend::get_option(int fd, int level, int option, void* value, socklen_t& length) noexcept {
    if (!is_simulated(fd)) return socket_calls::get_option(fd, level, option, value, length);
    return network_->get_option(fd, level, option, value, length);
}
int SimBackend::set_option(int fd, int level, int option, const void* value, socklen_t length) noexcept {
    if (!is_simulated(fd)) return socket_calls::set_option(fd, level, option, value, length);
    return network_->set_option(fd, level, option, value, length);
}
int SimBackend::local_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept {
    if (!is_simulated(fd)) return socket_calls::local_address(fd, address, length);
    return network_->local_address(fd, address, length);
}
int SimBackend::peer_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept {
    if (!is_simulated(fd)) return socket_calls::peer_address(fd, address, length);
    return network_->peer_address(fd, address, length);
}
void SimBackend::close_fd(int fd) noexcept {
    if (!is_simulated(fd)) {
        ::close(fd);
        return;
    }
    network_call([&] { return network_->close(fd), 0; });
}

std::unique_ptr<Backend> make_sim_backend(int wake_fd) { return std::make_unique<SimBackend>(wake_fd); }

}  // namespace aio::detail
