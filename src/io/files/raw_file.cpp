// RawFile: where each call is made (at once, after a poll, in the backend, on a thread) and how its result returns.
// No buffers here: file_core.cpp. The system calls, and which of them cannot wait, are in system_calls.cpp.
#include "io/files/raw_file.hpp"

#include <aio/base/assert.hpp>

#include "base/no_sigpipe.hpp"
#include "base/per_thread.hpp"
#include "io/files/in_thread.hpp"
#include "io/files/system_calls.hpp"

#include <sys/sysmacros.h>

#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <mutex>

namespace aio::detail {

namespace {

// By which a thread tells a closing loop that its call has ended. One for all files, and never destroyed: the loop may
// free the file as soon as it knows.
struct Ends {
    std::mutex mutex;
    std::condition_variable changed;

    static Ends& instance() {
        static NeverDestroyed<Ends> ends;
        return *ends;
    }
};

OpKind kind_of(FileCall call) noexcept {
    return call == FileCall::read    ? OpKind::file_read
           : call == FileCall::write ? OpKind::file_write
                                     : OpKind::file_sync;
}

// Whether the result means that the call must be made in another way.
bool cannot(int result) noexcept { return result == -EAGAIN || result == -EOPNOTSUPP || result == -EINVAL; }

}  // namespace

const char* name_of(FileCall call) noexcept {
    switch (call) {
        case FileCall::read: return "read";
        case FileCall::write: return "write to";
        case FileCall::sync: return "sync";
        case FileCall::truncate: return "truncate";
        case FileCall::task: return "work on";
        default: return "close";
    }
}

RawFile::Kind kind_of(int fd, const struct stat& status) noexcept {
    switch (status.st_mode & S_IFMT) {
        case S_IFIFO: return RawFile::Kind::fifo;
        case S_IFCHR: return RawFile::Kind::device;
        case S_IFSOCK: return RawFile::Kind::socket;
        default: break;
    }
    // A file system without a device number (major 0) may be in memory, and never wait.
    return major(status.st_dev) == 0 && is_in_memory(fd) ? RawFile::Kind::memory : RawFile::Kind::regular;
}

RawFile::RawFile(LoopState& loop, int fd, Kind kind, bool own_position, Executor* executor) noexcept
    : loop_(loop),
      fd_(fd),
      executor_(executor),
      kind_(kind),
      own_position_(own_position),
      poll_first_(kind == Kind::fifo),
      kernel_call_(*this, fd) {}

// --- at once -----------------------------------------------------------------------------------------------

int RawFile::read_now(void* to, std::size_t size) noexcept {
    if (poll_first_) return -EAGAIN;
    if (kind_ == Kind::memory && file_route() == FileRoute::usual) return read_waiting(fd_, to, size);
    if (!reads_now_) return -EAGAIN;
    const int result = detail::read_now(fd_, to, size);
    if (result == -EAGAIN && errno == EOPNOTSUPP) reads_now_ = false;
    return result;
}

int RawFile::write_now(const void* from, std::size_t size) noexcept {
    if (kind_ == Kind::memory && file_route() == FileRoute::usual) return write_waiting(fd_, from, size);
    if (!writes_now_) return -EAGAIN;
    const int result = write_quietly(from, size);
    if (result == -EAGAIN && errno == EOPNOTSUPP) writes_now_ = false;
    return result;
}

int RawFile::write_quietly(const void* from, std::size_t size) noexcept {
    if (!pollable()) return detail::write_now(fd_, from, size);
    const NoSigpipe quiet;
    return detail::write_now(fd_, from, size);
}

// --- later -------------------------------------------------------------------------------------------------

void RawFile::start(const FileRequest& request) {
    AIO_ASSERT(!busy());
    request_ = request;
    const bool moves = request.call == FileCall::read || request.call == FileCall::write;
    if (moves && pollable()) return start_polling();
    if ((moves || request.call == FileCall::sync) && start_in_backend()) return;
    start_on_thread();
}

// At an offset of our own, and the position is set when it is done: io_uring's "where the file stands" leaves the
// position where it was when a write is cut short by an error (Linux 6.18 io_uring/rw.c, kiocb_done). A position that
// others share, or that is the end of the file, only the kernel can move: that is for a thread.
bool RawFile::start_in_backend() noexcept {
    if (file_route() == FileRoute::thread) return false;
    kernel_call_.kind = kind_of(request_.call);
    if (request_.call != FileCall::sync) {
        if (!own_position_) return false;
        const off_t position = ::lseek(fd_, 0, SEEK_CUR);
        if (position < 0) return false;
        void* const data = request_.call == FileCall::read ? request_.room : const_cast<void*>(request_.data);
        kernel_call_.piece = {data, request_.size, position};
    }
    if (!backend().start_file(kernel_call_)) return false;
    stage_ = Stage::in_backend;
    return true;
}

void RawFile::start_polling() noexcept {
    kernel_call_.kind = request_.call == FileCall::read ? OpKind::poll_in : OpKind::poll_out;
    stage_ = Stage::polling;
    backend().start(kernel_call_);
}

void RawFile::start_on_thread() {
    thread_done_ = false;
    stage_ = Stage::on_thread;
    backend().external_work(+1);
    try {
        (executor_ ? *executor_ : file_threads()).execute(thread_call_);
    } catch (...) {
        stage_ = Stage::idle;
        backend().external_work(-1);
        throw;
    }
}

void RawFile::start_on_thread_or_fail() noexcept {
    try {
        start_on_thread();
    } catch (...) {
        done(-ENOMEM);
    }
}

void RawFile::completed(int result) noexcept {
    if (stage_ == Stage::polling) return polled(result);
    if (cannot(result)) return start_on_thread_or_fail();
    if (result == -EINTR) {
        if (start_in_backend()) return;
        return start_on_thread_or_fail();
    }
    if (result > 0) ::lseek(fd_, kernel_call_.piece.offset + result, SEEK_SET);
    done(result);
}

// Ready, or there is no telling: devices such as /dev/zero are not watched, and always ready.
void RawFile::polled(int result) noexcept {
    if (result < 0) return done(result);
    poll_first_ = false;
    const bool reading = request_.call == FileCall::read;
    const int now =
        reading ? detail::read_now(fd_, request_.room, request_.size) : write_quietly(request_.data, request_.size);
    if (now != -EAGAIN) return done(now);
    const bool taken_by_others = errno == EAGAIN && file_route() == FileRoute::usual && kind_ != Kind::device;
    if (taken_by_others) return start_polling();
    start_on_thread_or_fail();
}

void RawFile::interrupt() noexcept {
    if (stage_ == Stage::polling) backend().cancel(kernel_call_);
}

// --- on a thread -------------------------------------------------------------------------------------------

int RawFile::make_call() noexcept {
    switch (request_.call) {
        case FileCall::read: return read_waiting(fd_, request_.room, request_.size);
        case FileCall::write: {
            if (!pollable()) return write_waiting(fd_, request_.data, request_.size);
            const NoSigpipe quiet;  // and not more than a pipe that is ready takes without waiting
            return write_waiting(fd_, request_.data, std::min<std::size_t>(request_.size, PIPE_BUF));
        }
        case FileCall::sync: return uninterrupted([this] { return ::fsync(fd_); });
        case FileCall::truncate:
            return uninterrupted([this] { return ::ftruncate(fd_, static_cast<off_t>(request_.size)); });
        case FileCall::task: return request_.task->perform(fd_);
        default: break;
    }
    std::size_t written = 0;
    const int failed = write_all_waiting(fd_, request_.data, request_.size, written);
    const int closed = close_fd(fd_);
    if (request_.remove) ::unlink(request_.remove);
    return failed ? failed : closed;
}

void RawFile::perform() noexcept {
    thread_result_ = make_call();
    Ends& ends = Ends::instance();
    std::lock_guard lock(ends.mutex);
    thread_done_ = true;
    ends.changed.notify_all();
    post(loop_, arrival_);  // the last look at this: the loop may free it now. Refused, join_thread() waits for us
}

void RawFile::thread_arrived() noexcept {
    {
        std::lock_guard lock(Ends::instance().mutex);  // the thread has left perform()
    }
    backend().external_work(-1);
    done(thread_result_);
}

void RawFile::look_again() noexcept {
    struct stat status;
    if (::fstat(fd_, &status) == 0) kind_ = detail::kind_of(fd_, status);
    reads_now_ = writes_now_ = true;
}

void RawFile::join_thread() noexcept {
    if (stage_ != Stage::on_thread) return;
    Ends& ends = Ends::instance();
    {
        std::unique_lock lock(ends.mutex);
        ends.changed.wait(lock, [this] { return thread_done_; });
    }
    backend().external_work(-1);
    stage_ = Stage::idle;
    call_done(request_, thread_result_);
}

// --- the end of a call -------------------------------------------------------------------------------------

void RawFile::done(int result) noexcept {
    stage_ = Stage::idle;
    call_done(request_, result);
    if (TransferAwaiter* waiter = std::exchange(waiter_, nullptr)) waiter->ended(result);
    call_settled();
}

bool TransferAwaiter::await_suspend(std::coroutine_handle<> frame) {
    if (request_.call != FileCall::none) {
        file_.start(request_);
    } else if (!file_.busy()) {
        return false;
    }
    suspend(frame);
    file_.waiter_ = this;
    return true;
}

bool TransferAwaiter::cancel_wait(std::string_view message) noexcept {
    if (file_.waiter_ != this) return false;
    file_.waiter_ = nullptr;
    file_.interrupt();
    wake_cancelled(message);
    return true;
}

}  // namespace aio::detail
