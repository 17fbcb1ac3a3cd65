// Three parts: the table of descriptors and the edges that it remembers, starting and cancelling operations, polling.
// The header states the rules of edge-triggered epoll that all three follow. Plain socket calls: ../kernel_sockets.cpp.
#include "core/backend/epoll/epoll_backend.hpp"

#include <aio/base/assert.hpp>
#include <aio/base/error.hpp>

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace aio::detail {

namespace {

constexpr int kEventsPerPoll = 256;
constexpr std::size_t kScratch = 64 * 1024;
// The most calls for one descriptor in one poll, before the other descriptors have their turn.
constexpr int kReceivesPerPoll = 4;
constexpr int kAcceptsPerPoll = 128;

// In Operation::backend_word: the result to deliver, or one of these.
constexpr std::int32_t kNotQueued = 1;
constexpr std::int32_t kTryAgain = 2;

// The tags of the eventfd and the timer; others are generation << 32 | descriptor.
constexpr std::uint64_t kWakeTag = ~std::uint64_t{0};
constexpr std::uint64_t kTimerTag = kWakeTag - 1;

// Edges are enough: nobody reads these two.
int watch_edges(int epoll_fd, int fd, std::uint64_t tag) noexcept {
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLET;
    event.data.u64 = tag;
    return ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

EpollBackend::EpollBackend(int wake_fd) : scratch_(new char[kScratch]) {
    epoll_fd_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd_ < 0) throw_os_error(errno, "epoll_create1");
    if (watch_edges(epoll_fd_, wake_fd, kWakeTag) != 0 || watch_edges(epoll_fd_, timer_.fd(), kTimerTag) != 0) {
        const int error = errno;
        ::close(epoll_fd_);
        throw_os_error(error, "watch the event loop's eventfd and timer");
    }
}

EpollBackend::~EpollBackend() { ::close(epoll_fd_); }

// --- descriptors -------------------------------------------------------------------------------------------

Operation*& EpollBackend::slot(const Operation& operation) noexcept {
    Descriptor& descriptor = table_[static_cast<std::size_t>(operation.fd)];
    return is_input(operation) ? descriptor.in : descriptor.out;
}

// Whether `operation` still waits for readiness: the code that a completion called may have cancelled or destroyed it.
bool EpollBackend::owns_slot(int fd, const Operation& operation) const noexcept {
    return table_[static_cast<std::size_t>(fd)].in == &operation;
}

// Makes room for `fd` in the table: 0, or -ENOMEM.
int EpollBackend::prepare(int fd) noexcept {
    const auto index = static_cast<std::size_t>(fd);
    if (index < table_.size()) return 0;
    try {
        table_.resize(std::max(index + 1, table_.size() * 2));
    } catch (const std::bad_alloc&) {
        return -ENOMEM;
    }
    return 0;
}

// Registers `fd` unless it is registered; look_again makes epoll report its present state in any case.
int EpollBackend::watch(int fd, bool look_again) noexcept {
    Descriptor& descriptor = table_[static_cast<std::size_t>(fd)];
    if (descriptor.registered && !look_again) return 0;
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
    if (descriptor.writing) event.events |= EPOLLOUT;
    event.data.u64 = std::uint64_t{descriptor.generation} << 32 | static_cast<std::uint32_t>(fd);
    int operation = descriptor.registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    int result = ::epoll_ctl(epoll_fd_, operation, fd, &event);
    if (result != 0 && (errno == ENOENT || errno == EEXIST)) {
        // The descriptor was closed without this backend, and its number was reused.
        operation = operation == EPOLL_CTL_MOD ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        result = ::epoll_ctl(epoll_fd_, operation, fd, &event);
    }
    if (result != 0) return -errno;
    descriptor.registered = true;
    return 0;
}

int EpollBackend::watch_for_writing(int fd, bool look_again) noexcept {
    Descriptor& descriptor = table_[static_cast<std::size_t>(fd)];
    look_again = look_again || !descriptor.writing;
    descriptor.writing = true;
    return watch(fd, look_again);
}

void EpollBackend::forget(int fd) noexcept {
    if (static_cast<std::size_t>(fd) >= table_.size()) return;
    Descriptor& descriptor = table_[static_cast<std::size_t>(fd)];
    if (descriptor.registered) ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
    descriptor = Descriptor{.generation = descriptor.generation + 1};
}

int EpollBackend::open_socket(int family, int type, SimNetworkMaker& make_network) noexcept {
    const int fd = KernelSockets::open_socket(family, type, make_network);
    if (fd >= 0) forget(fd);  // an earlier descriptor of this number may have been closed without this backend
    return fd;
}

int EpollBackend::accept_now(int fd, sockaddr_storage& peer, socklen_t& length) noexcept {
    const int accepted = KernelSockets::accept_now(fd, peer, length);
    if (accepted >= 0) forget(accepted);
    return accepted;
}

void EpollBackend::close_fd(int fd) noexcept {
    if (static_cast<std::size_t>(fd) < table_.size()) {
        Descriptor& descriptor = table_[static_cast<std::size_t>(fd)];
        // Closing takes it out of the set, unless a duplicate (in a child process) keeps it open.
        descriptor = Descriptor{.generation = descriptor.generation + 1};
    }
    ::close(fd);
}

// --- starting and cancelling -------------------------------------------------------------------------------

void EpollBackend::start(Operation& operation) noexcept {
    AIO_ASSERT(!operation.in_flight);
    operation.in_flight = true;
    operation.backend_word = kNotQueued;
    ++in_flight_;
    count_operation();
    if (const int error = prepare(operation.fd); error < 0) return enqueue(operation, error);
    switch (operation.kind) {
        case OpKind::accept:
        case OpKind::receive:
        case OpKind::poll_in: return start_input(operation);
        case OpKind::send: return start_send(operation);
        case OpKind::connect: return start_connect(operation);
        case OpKind::poll_out: return start_poll_out(operation);
        case OpKind::file_read:
        case OpKind::file_write:
        case OpKind::file_sync: return enqueue(operation, -EOPNOTSUPP);  // a thread's: start_file()
    }
}

void EpollBackend::start_input(Operation& operation) noexcept {
    const bool poll = operation.kind == OpKind::poll_in;
    const int error = watch(operation.fd, poll);
    if (poll && error == -EPERM) return enqueue(operation, 0);  // a regular file: always ready
    if (error < 0) return enqueue(operation, error);
    slot(operation) = &operation;
    if (!poll && table_[static_cast<std::size_t>(operation.fd)].readable) enqueue(operation, kTryAgain);
}

void EpollBackend::start_send(Operation& operation) noexcept {
    const int sent = send_now(operation.fd, operation.out.data, operation.out.size);
    if (sent != -EAGAIN) return finish(operation, sent);
    const int error = watch_for_writing(operation.fd, false);
    if (error < 0) return enqueue(operation, error);
    slot(operation) = &operation;
}

void EpollBackend::start_connect(Operation& operation) noexcept {
    int result = 0;
    do {
        result = ::connect(operation.fd, operation.peer.address, operation.peer.length);
    } while (result != 0 && errno == EINTR);
    if (result == 0) return enqueue(operation, 0);
    if (errno != EINPROGRESS) return enqueue(operation, -errno);
    const int error = watch_for_writing(operation.fd, false);
    if (error < 0) return enqueue(operation, error);
    slot(operation) = &operation;
}

void EpollBackend::start_poll_out(Operation& operation) noexcept {
    const int error = watch_for_writing(operation.fd, true);
    if (error == -EPERM) return enqueue(operation, 0);
    if (error < 0) return enqueue(operation, error);
    slot(operation) = &operation;
}

void EpollBackend::cancel(Operation& operation) noexcept {
    if (!operation.in_flight) return;
    const auto index = static_cast<std::size_t>(operation.fd);
    if (index < table_.size() && slot(operation) == &operation) slot(operation) = nullptr;
    enqueue(operation, -ECANCELED);
}

void EpollBackend::enqueue(Operation& operation, std::int32_t what) noexcept {
    const bool queued = operation.backend_word != kNotQueued;
    if (!queued || operation.backend_word == kTryAgain) operation.backend_word = what;
    if (queued) return;
    operation.backend_next = nullptr;
    (first_queued_ ? last_queued_->backend_next : first_queued_) = &operation;
    last_queued_ = &operation;
}

void EpollBackend::deliver_queue() noexcept {
    Operation* operation = first_queued_;
    first_queued_ = nullptr;
    while (operation) {
        Operation* next = operation->backend_next;
        const std::int32_t what = operation->backend_word;
        operation->backend_word = kNotQueued;
        if (what == kTryAgain) {
            serve_input(operation->fd);
        } else {
            finish(*operation, what);
        }
        operation = next;
    }
}

// --- polling -----------------------------------------------------------------------------------------------

void EpollBackend::wait(TimePoint deadline) {
    // Static, so that its 3 KiB need no stack; thread_local, because each loop runs on one thread.
    static thread_local epoll_event events[kEventsPerPoll];
    const bool may_sleep = deadline != TimePoint::min();
    if (may_sleep) timer_.set(deadline);
    const int count = ::epoll_wait(epoll_fd_, events, kEventsPerPoll, may_sleep ? -1 : 0);
    if (count < 0) {
        if (errno == EINTR) return;
        throw_os_error(errno, "epoll_wait");
    }
    for (int i = 0; i < count; ++i) dispatch(events[i].data.u64, events[i].events);
}

void EpollBackend::poll(TimePoint deadline) {
    if (first_queued_) {
        deliver_queue();
        deadline = TimePoint::min();
    }
    wait(deadline);
}

void EpollBackend::dispatch(std::uint64_t tag, std::uint32_t events) noexcept {
    if (tag == kWakeTag) return;
    if (tag == kTimerTag) return timer_.rang();
    const int fd = static_cast<int>(static_cast<std::uint32_t>(tag));
    const auto generation = static_cast<std::uint32_t>(tag >> 32);
    Descriptor& descriptor = table_[static_cast<std::size_t>(fd)];
    if (descriptor.generation != generation) return;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        descriptor.readable = true;
        if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) descriptor.hung_up = true;
        // A queued operation is served from the queue: it must not complete here before.
        if (descriptor.in && descriptor.in->backend_word == kNotQueued) serve_input(fd);
    }
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
        const Descriptor& now = table_[static_cast<std::size_t>(fd)];  // the table may have moved
        if (now.generation == generation && now.out) serve_output(fd);
    }
}

void EpollBackend::serve_input(int fd) noexcept {
    Operation* operation = table_[static_cast<std::size_t>(fd)].in;
    if (!operation) return;
    switch (operation->kind) {
        case OpKind::receive: return receive(*operation);
        case OpKind::accept: return accept(*operation);
        default: return finish(*operation, 0);
    }
}

void EpollBackend::serve_output(int fd) noexcept {
    Operation& operation = *table_[static_cast<std::size_t>(fd)].out;
    if (operation.kind == OpKind::send) {
        const int sent = send_now(fd, operation.out.data, operation.out.size);
        if (sent != -EAGAIN) finish(operation, sent);
    } else if (operation.kind == OpKind::connect) {
        int error = 0;
        socklen_t length = sizeof error;
        if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
        sockaddr_storage peer;
        // A stray edge of a socket that is still connecting has no error either, and no peer.
        if (error == 0 && peer_address(fd, peer, length) == -ENOTCONN) return;
        finish(operation, -error);
    } else {
        finish(operation, 0);
    }
}

void EpollBackend::receive(Operation& operation) noexcept {
    const int fd = operation.fd;
    for (int turn = 0; turn < kReceivesPerPoll; ++turn) {
        const ssize_t count = ::recv(fd, scratch_.get(), kScratch, MSG_DONTWAIT);
        Descriptor& descriptor = table_[static_cast<std::size_t>(fd)];
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) {
            descriptor.readable = false;
            return;
        }
        if (count <= 0) return finish(operation, count == 0 ? 0 : -errno);
        const bool emptied = static_cast<std::size_t>(count) < kScratch && !descriptor.hung_up;
        if (emptied) descriptor.readable = false;
        operation.completed(static_cast<int>(count), scratch_.get(), true);
        if (emptied || !owns_slot(fd, operation)) return;
    }
    enqueue(operation, kTryAgain);
}

void EpollBackend::accept(Operation& operation) noexcept {
    const int listener = operation.fd;
    for (int turn = 0; turn < kAcceptsPerPoll; ++turn) {
        const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && errno == EINTR) continue;
        if (fd < 0 && errno == EAGAIN) {
            table_[static_cast<std::size_t>(listener)].readable = false;
            return;
        }
        if (fd < 0) return finish(operation, -errno);
        forget(fd);  // the number may have been closed behind our back
        operation.completed(fd, nullptr, true);
        if (!owns_slot(listener, operation)) return;
    }
    enqueue(operation, kTryAgain);
}

void EpollBackend::finish(Operation& operation, int result) noexcept {
    const auto index = static_cast<std::size_t>(operation.fd);
    if (index < table_.size() && slot(operation) == &operation) slot(operation) = nullptr;
    operation.in_flight = false;
    --in_flight_;
    operation.completed(result, nullptr, false);
}

std::unique_ptr<Backend> make_epoll_backend(int wake_fd) { return std::make_unique<EpollBackend>(wake_fd); }

}  // namespace aio::detail
