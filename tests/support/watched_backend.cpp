#include "support/watched_backend.hpp"

#include "support/allocations.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <gtest/gtest.h>

namespace aio::test {

using detail::Operation;
using detail::OpKind;
using namespace std::chrono_literals;

WatchedBackend::WatchedBackend(std::unique_ptr<Backend> inner, detail::LoopState& state, Duration patience,
                               Stalled stalled, void* data, IoFault fault, bool& injected)
    : inner_(std::move(inner)),
      state_(state),
      patience_(patience),
      stalled_(stalled),
      data_(data),
      fault_(fault),
      injected_(injected) {
    failing_.reserve(4);
}

WatchedBackend& WatchedBackend::install(detail::LoopState& state, Duration patience, Stalled stalled, void* data,
                                        IoFault fault, bool& injected) {
    auto watched = std::make_unique<WatchedBackend>(nullptr, state, patience, stalled, data, fault, injected);
    watched->inner_ = std::move(state.backend);
    WatchedBackend& result = *watched;
    state.backend = std::move(watched);
    return result;
}

void WatchedBackend::poll(TimePoint deadline) {
    if (deadline != TimePoint::min() && (has_deferred() || !state_.ready.empty())) {
        const UnwatchedAllocations mine;
        ADD_FAILURE() << "the loop sleeps although something is " << (has_deferred() ? "deferred" : "ready");
    }
    if (deliver_failures()) deadline = TimePoint::min();
    if (patience_ == Duration(0) && ++polls_ % kPollsOfARun == 0) stalled_(data_);
    if (deadline == TimePoint::max() && external_ == 0) return poll_patiently();
    const bool moment = deadline != TimePoint::min() && deadline != TimePoint::max();
    inner_->poll(moment ? deadline - skipped_ : deadline);
    if (moment && late_seed_ != 0) skip(lateness());
}

Duration WatchedBackend::lateness() noexcept {
    late_seed_ = late_seed_ * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX generator
    const auto random = static_cast<std::int64_t>(late_seed_ >> 33);
    return random % 2 == 0 ? Duration(0) : Duration(random % Duration(40ms).count());
}

// Nobody waits for a moment. Something may still come from operations in flight and from other threads; a wake-up
// that brings nothing is no news. Progress that readies nobody is, as in a long transfer: patience starts anew.
void WatchedBackend::poll_patiently() {
    using Clock = std::chrono::steady_clock;
    const bool virtual_time = inner_->name() == "sim";
    auto give_up = Clock::now() + patience_;
    while (true) {
        const Duration left = std::max<Duration>(give_up - Clock::now(), Duration(0));
        bool progress = false;
        if (virtual_time && inner_->in_flight() > 0) {
            const TimePoint idle = inner_->now() + 1h;
            inner_->poll(idle);
            progress = inner_->now() < idle;
        } else if (virtual_time) {
            pollfd wake{state_.wakeup.fd(), POLLIN, 0};
            ::poll(&wake, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
            inner_->poll(TimePoint::min());
        } else if (inner_->in_flight() > 0) {
            const TimePoint enough = inner_->now() + std::max<Duration>(left, 100ms);
            inner_->poll(enough);
            progress = inner_->now() < enough;
        } else {
            inner_->poll(inner_->now() + left);
        }
        // A completion may have deferred what is next.
        if (!state_.ready.empty() || state_.wakeup.pending() || !failing_.empty() || has_deferred()) return;
        if (progress) {
            give_up = Clock::now() + patience_;
        } else if (left == Duration(0)) {
            return stalled_(data_);
        }
    }
}

bool WatchedBackend::fault_is_due() noexcept {
    if (fault_.k == 0 || ++calls_ != fault_.k) return false;
    injected_ = true;
    return true;
}

void WatchedBackend::start(Operation& operation) noexcept {
    count_operation();
    if (operation.kind == next_failure_.kind && next_failure_.times > 0) {
        --next_failure_.times;
        return fail_later(operation, -next_failure_.error);
    }
    if (!fault_is_due()) return inner_->start(operation);
    start_failing(operation);
}

bool WatchedBackend::start_file(Operation& operation) noexcept {
    if (!fault_is_due()) return inner_->start_file(operation);
    if (operation.kind == OpKind::file_write && fault_.variant % kIoVariants == 2) {
        operation.piece.size = std::min<std::size_t>(operation.piece.size, 1);
        return inner_->start_file(operation);
    }
    start_failing(operation);
    return true;
}

void WatchedBackend::start_failing(Operation& operation) noexcept {
    // By kind: two errors that the kernel gives, and what a short count or a second error stands for.
    static constexpr int kAnswers[9][kIoVariants] = {
        {-EMFILE, -ECONNABORTED, -ENOBUFS},    // accept
        {-ECONNRESET, -ENOMEM, 0},             // receive: 0 is the end of the stream
        {-EPIPE, -ECONNRESET, 1},              // send: 1 is a short count
        {-ECONNREFUSED, -ETIMEDOUT, -ENOMEM},  // connect
        {-EBADF, -ENOMEM, -EIO},               // poll_in
        {-EBADF, -ENOMEM, -EIO},               // poll_out
        {-EIO, -ENOMEM, -EINTR},               // file_read
        {-ENOSPC, -EIO, 1},                    // file_write: 1 is a short count
        {-EIO, -ENOSPC, -EINTR},               // file_sync
    };
    const int answer = kAnswers[static_cast<std::size_t>(operation.kind)][fault_.variant % kIoVariants];
    if (answer == 1) {
        operation.out.size = std::min<std::size_t>(operation.out.size, 1);
        return inner_->start(operation);
    }
    fail_later(operation, answer);
}

void WatchedBackend::fail_later(Operation& operation, int result) noexcept {
    const UnwatchedAllocations mine;
    operation.in_flight = true;
    failing_.push_back({&operation, result});
}

void WatchedBackend::cancel(Operation& operation) noexcept {
    for (Failing& item : failing_) {
        if (item.operation == &operation) {
            item.result = -ECANCELED;
            return;
        }
    }
    inner_->cancel(operation);
}

bool WatchedBackend::deliver_failures() noexcept {
    if (failing_.empty()) return false;
    UnwatchedAllocations mine;
    std::vector<Failing> batch;
    batch.reserve(4);
    batch.swap(failing_);
    for (const Failing& item : batch) {
        item.operation->in_flight = false;
        item.operation->completed(item.result, nullptr, false);
    }
    return true;
}

void WatchedBackend::external_work(int change) noexcept {
    external_ += change;
    inner_->external_work(change);
}

int WatchedBackend::failure_of_call(int first, int second) noexcept {
    if (!fault_is_due()) return 0;
    return fault_.variant == 0 ? -first : -second;
}

int WatchedBackend::send_now(int fd, const void* data, std::size_t size) noexcept {
    if (!fault_is_due()) return inner_->send_now(fd, data, size);
    if (fault_.variant == 0) return -EPIPE;
    if (fault_.variant == 1) return -EAGAIN;
    return inner_->send_now(fd, data, std::min<std::size_t>(size, 1));
}
// An empty socket although poll() said otherwise: the datagram had a wrong checksum (select(2), BUGS).
int WatchedBackend::receive_message(int fd, msghdr& message, int flags) noexcept {
    static constexpr int kAnswers[kIoVariants] = {-ECONNREFUSED, -ENOMEM, -EAGAIN};
    return fault_is_due() ? kAnswers[fault_.variant % kIoVariants] : inner_->receive_message(fd, message, flags);
}
int WatchedBackend::send_message(int fd, const msghdr& message) noexcept {
    static constexpr int kAnswers[kIoVariants] = {-ECONNREFUSED, -ENOBUFS, -EAGAIN};
    return fault_is_due() ? kAnswers[fault_.variant % kIoVariants] : inner_->send_message(fd, message);
}
int WatchedBackend::send_file(int fd, int file, std::uint64_t offset, std::size_t count) noexcept {
    if (!fault_is_due()) return inner_->send_file(fd, file, offset, count);
    if (fault_.variant == 0) return -EPIPE;
    if (fault_.variant == 1) return -EAGAIN;
    return inner_->send_file(fd, file, offset, std::min<std::size_t>(count, 1));
}
int WatchedBackend::connect_now(int fd, const sockaddr* address, socklen_t length) noexcept {
    const int failure = failure_of_call(ECONNREFUSED, ENETUNREACH);
    return failure ? failure : inner_->connect_now(fd, address, length);
}
int WatchedBackend::accept_now(int fd, sockaddr_storage& peer, socklen_t& length) noexcept {
    const int failure = failure_of_call(EMFILE, ECONNABORTED);
    return failure ? failure : inner_->accept_now(fd, peer, length);
}
int WatchedBackend::open_socket(int family, int type, detail::SimNetworkMaker& make_network) noexcept {
    const int failure = failure_of_call(EMFILE, ENFILE);
    return failure ? failure : inner_->open_socket(family, type, make_network);
}
int WatchedBackend::bind(int fd, const sockaddr* address, socklen_t length) noexcept {
    const int failure = failure_of_call(EADDRINUSE, EACCES);
    return failure ? failure : inner_->bind(fd, address, length);
}
int WatchedBackend::listen(int fd, int backlog) noexcept {
    const int failure = failure_of_call(EADDRINUSE, EOPNOTSUPP);
    return failure ? failure : inner_->listen(fd, backlog);
}
int WatchedBackend::set_option(int fd, int level, int option, const void* value, socklen_t length) noexcept {
    const int failure = failure_of_call(ENOPROTOOPT, EDOM);
    return failure ? failure : inner_->set_option(fd, level, option, value, length);
}

}  // namespace aio::test
