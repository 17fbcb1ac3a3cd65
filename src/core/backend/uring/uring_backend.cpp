// The io_uring backend: what is submitted, and what its completions mean.
#include "core/backend/uring/uring_backend.hpp"

#include <aio/base/assert.hpp>
#include <aio/base/error.hpp>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace aio::detail {

namespace {

// user_data of our own; operations are objects, whose addresses are larger.
constexpr std::uint64_t kIgnore = 0;
constexpr std::uint64_t kWake = 1;
constexpr std::uint64_t kTimer = 2;

constexpr unsigned kSubmissions = 1024;
constexpr unsigned kFewestSubmissions = 64;
constexpr unsigned kCompletionsPerSubmission = 4;

// In Operation::backend_word.
constexpr std::int32_t kRunning = 0;
constexpr std::int32_t kCancelled = 1;
constexpr std::int32_t kStarved = 2;  // queued here because there was no free buffer; not submitted
constexpr std::int32_t kStarvedCancelled = 3;
constexpr std::int32_t kQuiet = 4;  // a send that leaves a completion only if it fails

constexpr unsigned kLargestBatch = 1 << 16;

constexpr unsigned kBestFlags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
                                IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE;  // Linux 6.1
constexpr unsigned kOlderFlags = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE;  // 5.19

std::uint64_t offset_of(const Operation& operation) noexcept {
    return static_cast<std::uint64_t>(operation.piece.offset);
}
unsigned length_of(std::size_t size) noexcept { return static_cast<unsigned>(std::min<std::size_t>(size, INT_MAX)); }

int open_ring(io_uring& ring, unsigned flags, unsigned submissions) noexcept {
    io_uring_params parameters = {};
    parameters.flags = flags;
    parameters.cq_entries = submissions * kCompletionsPerSubmission;
    return io_uring_queue_init_params(submissions, &ring, &parameters);
}

}  // namespace

UringBackend::UringBackend(int wake_fd) : wake_fd_(wake_fd) { set_up(); }

void UringBackend::set_up() {
    int error = 0;
    // The rings count as locked memory before Linux 5.12, and containers limit that: less is better than none.
    for (unsigned submissions = kSubmissions; submissions >= kFewestSubmissions; submissions /= 4) {
        error = open_ring(ring_, kBestFlags, submissions);
        disabled_ = error == 0;
        if (error == -EINVAL) error = open_ring(ring_, kOlderFlags, submissions);
        if (error != -ENOMEM) break;
    }
    if (error < 0) throw_os_error(-error, "io_uring_setup");
    knows_quiet_ = (ring_.features & IORING_FEAT_CQE_SKIP) != 0;
    io_uring_ring_dontfork(&ring_);  // a forked child that does not exec would keep the ring
    if (const int refused = buffers_.open(ring_)) {
        io_uring_queue_exit(&ring_);
        throw_os_error(-refused, "io_uring: register a ring of receive buffers");
    }
}

UringBackend::~UringBackend() { io_uring_queue_exit(&ring_); }

// --- submitting --------------------------------------------------------------------------------------------

// On the thread that runs the loop, once.
bool UringBackend::enable() noexcept {
    if (!disabled_) return true;
    // io_uring_enable_rings() is declared by liburing 2.3, but not exported.
    if (::syscall(__NR_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0) < 0) return false;
    disabled_ = false;
    io_uring_register_ring_fd(&ring_);  // saves the kernel a look-up per call; works without
    watch_edges(wake_fd_, kWake);
    watch_edges(timer_.fd(), kTimer);
    return true;
}

io_uring_sqe* UringBackend::next_sqe() noexcept {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (!sqe && enable()) {
        io_uring_submit(&ring_);
        sqe = io_uring_get_sqe(&ring_);
    }
    return sqe;
}

// As multishot polls are: nobody reads these descriptors.
void UringBackend::watch_edges(int fd, std::uint64_t tag) noexcept {
    io_uring_sqe* sqe = next_sqe();
    if (!sqe) return;
    io_uring_prep_poll_multishot(sqe, fd, POLLIN);
    io_uring_sqe_set_data64(sqe, tag);
}

bool UringBackend::submit(Operation& operation) noexcept {
    io_uring_sqe* sqe = next_sqe();
    if (!sqe) return false;
    const int fd = operation.fd;
    switch (operation.kind) {
        case OpKind::accept:
            io_uring_prep_multishot_accept(sqe, fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            break;
        case OpKind::receive:
            io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0);
            sqe->flags |= IOSQE_BUFFER_SELECT;
            sqe->buf_group = BufferRing::kGroup;
            break;
        case OpKind::send: {
            const bool quiet = can_be_quiet(operation);
            io_uring_prep_send(sqe, fd, operation.out.data, std::min<std::size_t>(operation.out.size, INT_MAX),
                               MSG_NOSIGNAL | (quiet ? MSG_DONTWAIT | MSG_WAITALL : 0));  // all or a failure
            if (!quiet) break;
            sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
            operation.backend_word = kQuiet;
            quiet_[quiet_count_++] = {&operation, ring_.sq.sqe_tail, deferred_runs()};
            break;
        }
        case OpKind::connect: io_uring_prep_connect(sqe, fd, operation.peer.address, operation.peer.length); break;
        case OpKind::poll_in: io_uring_prep_poll_add(sqe, fd, POLLIN); break;
        case OpKind::poll_out: io_uring_prep_poll_add(sqe, fd, POLLOUT); break;
        case OpKind::file_read:
            io_uring_prep_read(sqe, fd, operation.piece.data, length_of(operation.piece.size), offset_of(operation));
            break;
        case OpKind::file_write:
            io_uring_prep_write(sqe, fd, operation.piece.data, length_of(operation.piece.size), offset_of(operation));
            break;
        case OpKind::file_sync: io_uring_prep_fsync(sqe, fd, 0); break;
    }
    io_uring_sqe_set_data(sqe, &operation);
    return true;
}

void UringBackend::start(Operation& operation) noexcept {
    AIO_ASSERT(!operation.in_flight);
    operation.in_flight = true;
    operation.backend_word = kRunning;
    ++in_flight_;
    count_operation();
    if (!submit(operation)) fail_later(operation, -EBUSY);
}

bool UringBackend::start_file(Operation& operation) noexcept {
    AIO_ASSERT(!operation.in_flight);
    operation.backend_word = kRunning;
    if (!submit(operation)) return false;
    operation.in_flight = true;
    ++in_flight_;
    count_operation();
    return true;
}

void UringBackend::cancel(Operation& operation) noexcept {
    if (operation.in_flight && operation.backend_word == kStarved) operation.backend_word = kStarvedCancelled;
    // A quiet send is over when it was submitted: there is nothing to cancel.
    if (!operation.in_flight || operation.backend_word != kRunning) return;
    operation.backend_word = kCancelled;
    io_uring_sqe* sqe = next_sqe();
    if (!sqe) return;
    io_uring_prep_cancel(sqe, &operation, 0);
    io_uring_sqe_set_data64(sqe, kIgnore);
}

void UringBackend::close_fd(int fd) noexcept { ::close(fd); }

// --- polling -----------------------------------------------------------------------------------------------

bool UringBackend::kernel_has_news() const noexcept {
    return (IO_URING_READ_ONCE(*ring_.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

// The system call. 0, or a negative errno that a poll must report.
int UringBackend::enter(bool wait) noexcept {
    const int result = wait ? io_uring_submit_and_wait(&ring_, 1) : io_uring_submit_and_get_events(&ring_);
    switch (result) {
        case -EINTR:
        case -EAGAIN:  // no memory for a request right now, or
        case -EBUSY:   // completions wait in the overflow list: collect them, and submit the rest next time
            return 0;
        default: return std::min(result, 0);
    }
}

void UringBackend::poll(TimePoint deadline) {
    if (!enable()) throw_os_error(errno, "io_uring: enable the ring of the event loop");
    if (first_starved_ && (ask_again() || first_starved_)) deadline = TimePoint::min();
    if (failed_) {
        deliver_failures();
        deadline = TimePoint::min();
    }
    const bool wait = deadline != TimePoint::min() && io_uring_cq_ready(&ring_) == 0 && may_wait();
    if (wait) timer_.set(deadline);
    if (wait || io_uring_sq_ready(&ring_) > 0 || kernel_has_news()) {
        if (const int error = enter(wait)) {
            throw_os_error(-error, "io_uring_enter (a loop must stay on the thread that ran it first)");
        }
    }
    collect();
    if (quiet_count_ > 0) finish_quiet_sends();
}

// Handles what is in the completion queue now. Handlers submit, and even poll, so that each entry is copied and
// given back before its handler runs.
void UringBackend::collect() noexcept {
    for (unsigned left = io_uring_cq_ready(&ring_); left > 0; --left) {
        io_uring_cqe* next = nullptr;
        if (io_uring_peek_cqe(&ring_, &next) != 0 || !next) return;
        io_uring_cqe cqe;
        cqe.user_data = next->user_data;
        cqe.res = next->res;
        cqe.flags = next->flags;
        io_uring_cq_advance(&ring_, 1);
        complete(cqe);
    }
}

void UringBackend::complete(const io_uring_cqe& cqe) noexcept {
    if (cqe.user_data == kIgnore) return;
    if (cqe.user_data == kWake) {
        if (!(cqe.flags & IORING_CQE_F_MORE)) watch_edges(wake_fd_, kWake);
        return;
    }
    if (cqe.user_data == kTimer) {
        timer_.rang();
        if (!(cqe.flags & IORING_CQE_F_MORE)) watch_edges(timer_.fd(), kTimer);
        return;
    }
    auto& operation = *reinterpret_cast<Operation*>(cqe.user_data);
    switch (operation.kind) {
        case OpKind::receive: return received(operation, cqe);
        case OpKind::accept: return accepted(operation, cqe);
        case OpKind::send:
            if (operation.backend_word == kQuiet) return quiet_send_failed(operation, cqe.res);
            return finish(operation, cqe.res);
        case OpKind::file_read:
        case OpKind::file_write: return finish(operation, cqe.res);
        default: return finish(operation, std::min(cqe.res, 0));
    }
}

void UringBackend::received(Operation& operation, const io_uring_cqe& cqe) noexcept {
    const bool has_buffer = (cqe.flags & IORING_CQE_F_BUFFER) != 0;
    const char* data = has_buffer ? buffers_.data(cqe) : nullptr;
    bool more = (cqe.flags & IORING_CQE_F_MORE) != 0;
    if (!more && operation.backend_word == kRunning) {
        if (cqe.res == -ENOBUFS) return starve(operation);
        if (cqe.res > 0) more = submit(operation);  // the kernel ended it for a reason of its own
    }
    if (!more) {
        finish(operation, cqe.res == -ENOBUFS ? -ECANCELED : cqe.res, data);
    } else if (cqe.res > 0) {
        operation.completed(cqe.res, data, true);
    }
    if (has_buffer) buffers_.release(cqe);
}

void UringBackend::starve(Operation& receive) noexcept {
    receive.backend_word = kStarved;
    receive.backend_next = nullptr;
    (first_starved_ ? last_starved_->backend_next : first_starved_) = &receive;
    last_starved_ = &receive;
    found_none_ = true;
}

// Submits receives that had found no buffer. All buffers are free again, since collect() has delivered their data; how
// many receives they suffice for depends on the data. So the batches grow until a receive finds no buffer. True if a
// receive completed, because it was cancelled.
bool UringBackend::ask_again() noexcept {
    bool completed = false;
    batch_ = std::exchange(found_none_, false) ? std::max(batch_ / 2, buffers_.count())
                                               : std::min(batch_ * 2, kLargestBatch);
    for (unsigned left = batch_; left > 0 && first_starved_;) {
        Operation& receive = *first_starved_;
        first_starved_ = receive.backend_next;
        if (std::exchange(receive.backend_word, kRunning) == kStarvedCancelled) {
            finish(receive, -ECANCELED);
            completed = true;
        } else {
            if (!submit(receive)) fail_later(receive, -EBUSY);
            --left;
        }
    }
    return completed;
}

void UringBackend::accepted(Operation& operation, const io_uring_cqe& cqe) noexcept {
    bool more = (cqe.flags & IORING_CQE_F_MORE) != 0;
    if (!more && operation.backend_word == kRunning && cqe.res >= 0) more = submit(operation);
    if (more) {
        operation.completed(cqe.res, nullptr, true);
    } else {
        finish(operation, cqe.res);
    }
}

void UringBackend::finish(Operation& operation, int result, const char* data) noexcept {
    operation.in_flight = false;
    --in_flight_;
    operation.completed(result, data, false);
}

// --- sends that nobody waits for ---------------------------------------------------------------------------

bool UringBackend::can_be_quiet(const Operation& send) const noexcept {
    return send.unhurried && knows_quiet_ && quiet_count_ < kMostQuiet && send.out.size <= INT_MAX;
}

// The socket took a part of it, or nothing, or is broken.
void UringBackend::quiet_send_failed(Operation& send, int result) noexcept {
    QuietSend* const end = quiet_ + quiet_count_;
    QuietSend* const entry = std::find_if(quiet_, end, [&](const QuietSend& each) { return each.send == &send; });
    AIO_ASSERT(entry != end);
    entry->send = nullptr;
    send.backend_word = kRunning;
    if (result != -EAGAIN) return finish(send, result);
    send.unhurried = false;
    if (!submit(send)) fail_later(send, -EBUSY);
}

// Since an earlier run of what is deferred, tasks have run, and one may wait for such a send by now. And quiet sends alone
// would never end a wait.
bool UringBackend::may_wait() const noexcept {
    return quiet_count_ == 0 || (quiet_[0].run == deferred_runs() && in_flight_ > quiet_count_);
}

// Those that the kernel has looked at and of which it says nothing have succeeded. It has said everything when the
// completion queue is empty, and nothing waits in its overflow list.
void UringBackend::finish_quiet_sends() noexcept {
    if (io_uring_cq_ready(&ring_) > 0 || (IO_URING_READ_ONCE(*ring_.sq.kflags) & IORING_SQ_CQ_OVERFLOW) != 0) return;
    const unsigned looked_at = IO_URING_READ_ONCE(*ring_.sq.khead);
    Operation* done[kMostQuiet];
    unsigned count = 0;
    while (count < quiet_count_ && static_cast<int>(looked_at - quiet_[count].position) >= 0) {
        done[count] = quiet_[count].send;
        ++count;
    }
    std::copy(quiet_ + count, quiet_ + quiet_count_, quiet_);
    quiet_count_ -= count;
    // What completes may start other sends, and poll.
    std::for_each(done, done + count, [this](Operation* send) {
        if (send) finish(*send, static_cast<int>(send->out.size));
    });
}

// --- failures ----------------------------------------------------------------------------------------------

void UringBackend::fail_later(Operation& operation, int error) noexcept {
    operation.backend_word = error;
    operation.backend_next = failed_;
    failed_ = &operation;
}

void UringBackend::deliver_failures() noexcept {
    Operation* operation = failed_;
    failed_ = nullptr;
    while (operation) {
        Operation* next = operation->backend_next;
        finish(*operation, operation->backend_word);
        operation = next;
    }
}

std::unique_ptr<Backend> make_uring_backend(int wake_fd) { return std::make_unique<UringBackend>(wake_fd); }

}  // namespace aio::detail
