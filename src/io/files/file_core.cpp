// FileCore: its buffers, its position, and its end, with or without close() (last handle dropped, or loop closing).
// The operations that tasks await are in reading.cpp and writing.cpp; raw_file.cpp makes the system calls.
#include "io/files/file_core.hpp"

#include <aio/base/assert.hpp>
#include <aio/core/log.hpp>

#include "core/observe.hpp"
#include "io/files/in_thread.hpp"
#include "io/files/system_calls.hpp"

#include <unistd.h>
#include <cerrno>
#include <system_error>

namespace aio {

UnsupportedOperation::UnsupportedOperation(const std::string& message) : OSError(EOPNOTSUPP, message, Complete{}) {}

namespace detail {

FileRef::FileRef(FileCore* file) noexcept : file_(file) { file_->retain(); }
FileRef::FileRef(const FileRef& other) noexcept : file_(other.file_) {
    if (file_) file_->retain();
}
void FileRef::release() noexcept { file_->release(); }

FileCore::FileCore(LoopState& loop, std::string name, const Setup& setup)
    : RawFile(loop, setup.fd, setup.kind, setup.own_position && !setup.mode.appending, setup.executor),
      name_(std::move(name)),
      mode_(setup.mode),
      text_(setup.text),
      buffer_(setup.buffer),
      close_fd_(setup.close_fd),
      line_buffered_(setup.line_buffered),
      terminal_(setup.terminal) {}

FileRef FileCore::open(LoopState& loop, std::string name, const Setup& setup) {
    auto* file = new FileCore(loop, std::move(name), setup);
    file->link_before(loop.resources);
    return FileRef(file);
}

// --- the beginning of an operation ---------------------------------------------------------------------------

void FileCore::begin() {
    if (closed_) throw ValueError("I/O operation on closed file " + quoted(name_));
    if (current.loop != &loop_) throw RuntimeError("the file " + quoted(name_) + " belongs to another event loop");
}

void FileCore::begin_reading() {
    begin();
    if (!mode_.reading)
        throw UnsupportedOperation("not readable: " + quoted(name_) + " is open for " + mode_.purpose());
    if (unread_.empty()) return;
    in_.prepend(unread_);
    unread_.clear();
}

void FileCore::begin_writing() {
    begin();
    if (!mode_.writing)
        throw UnsupportedOperation("not writable: " + quoted(name_) + " is open for " + mode_.purpose());
    sync_position();
    written_ = true;
}

// --- reading -------------------------------------------------------------------------------------------------

int FileCore::fill_now(std::size_t size) {
    char* const room = in_.prepare(size);
    const int count = read_now(room, size);
    if (count > 0) in_.commit(static_cast<std::size_t>(count));
    return count;
}

FileRequest FileCore::fill_request(std::size_t size) {
    return {.call = FileCall::read, .room = in_.prepare(size), .size = size};
}

void FileCore::give_back(std::string&& bytes) noexcept { unread_ = std::move(bytes); }

// --- writing -------------------------------------------------------------------------------------------------

int FileCore::write_out_now() noexcept {
    const int count = write_now(out_.data() + out_begin_, unwritten());
    if (count > 0) out_begin_ += static_cast<std::size_t>(count);
    if (unwritten() == 0) forget_unwritten();
    return count;
}

FileRequest FileCore::write_request() noexcept {
    return {.call = FileCall::write, .data = out_.data() + out_begin_, .size = unwritten()};
}

// --- position ------------------------------------------------------------------------------------------------

std::int64_t FileCore::position() const noexcept {
    const off_t here = ::lseek(fd_, 0, SEEK_CUR);
    if (here < 0) return -errno;
    return here - static_cast<std::int64_t>(in_.size() + unread_.size()) + static_cast<std::int64_t>(unwritten());
}

void FileCore::sync_position() noexcept {
    if (!seekable()) return;
    const std::size_t ahead = in_.size() + unread_.size();
    if (ahead > 0) ::lseek(fd_, -static_cast<off_t>(ahead), SEEK_CUR);
    in_.clear();
    unread_.clear();
}

std::int64_t FileCore::seek(std::int64_t offset, int whence) noexcept {
    AIO_ASSERT(unwritten() == 0);
    if (whence == SEEK_SET && unread_.empty() && !in_.empty()) {
        const off_t end = ::lseek(fd_, 0, SEEK_CUR);  // where in_ ends
        const std::int64_t here = end - static_cast<std::int64_t>(in_.size());
        if (offset >= here && offset <= end) {
            in_.consume(static_cast<std::size_t>(offset - here));
            return offset;
        }
        if (offset < here && here - offset <= static_cast<std::int64_t>(in_.consumed())) {
            in_.go_back(static_cast<std::size_t>(here - offset));
            return offset;
        }
    }
    const auto ahead = static_cast<std::int64_t>(in_.size() + unread_.size());
    if (whence == SEEK_CUR && __builtin_sub_overflow(offset, ahead, &offset)) return -EINVAL;
    const off_t position = ::lseek(fd_, offset, whence);
    if (position < 0) return -errno;
    in_.clear();
    unread_.clear();
    return position;
}

FileRequest FileCore::task_request(std::unique_ptr<FileTask> task) noexcept {
    task_ = std::move(task);
    return {.call = FileCall::task, .task = task_.get()};
}

// --- the end -------------------------------------------------------------------------------------------------

FileRequest FileCore::close_request() noexcept {
    if (pollable() || !close_fd_) return {};
    if (unwritten() == 0 && !written_ && remove_.empty()) return {};
    closed_ = true;
    return {.call = FileCall::finish,
            .data = out_.data() + out_begin_,
            .size = unwritten(),
            .remove = remove_.empty() ? nullptr : remove_.c_str()};
}

int FileCore::close_now() noexcept {
    closed_ = true;
    in_.release();
    if (fd_ < 0) return 0;
    if (pollable()) backend().forget(fd_);
    const int fd = std::exchange(fd_, -1);
    const int result = close_fd_ ? close_fd(fd) : 0;
    if (!remove_.empty()) ::unlink(remove_.c_str());
    return result;
}

void FileCore::call_done(const FileRequest& request, int result) noexcept {
    const auto count = static_cast<std::size_t>(std::max(result, 0));
    switch (request.call) {
        case FileCall::read: in_.commit(count); break;
        case FileCall::write:
            out_begin_ += count;
            // Bytes that an unbuffered file did not take are left to the caller, and lost if the caller was cancelled.
            if (unwritten() == 0 || unbuffered()) forget_unwritten();
            if (result < 0 && result != -ECANCELED && references_ == 0) close_error_ = result;
            break;
        case FileCall::finish:
            fd_ = -1;
            in_.release();
            if (result < 0 && !awaited()) report_lost(result);
            break;
        case FileCall::task:
            if (result >= 0 && task_->replaces_file()) {
                moved_ = true;
                look_again();
            }
            task_.reset();
            break;
        default: break;
    }
}

void FileCore::call_settled() noexcept {
    if (loop_closed_) {
        end_here();
    } else if (references_ == 0) {
        farewell();
    }
}

void FileCore::unreferenced() noexcept {
    if (!closed_ && close_fd_) {
        report_unclosed(loop_, [this] { return "file " + quoted(name_) + ", open for " + mode_.purpose(); });
    }
    if (loop_closed_) {
        if (!busy()) delete this;
        return;
    }
    farewell();
}

// The last handle was dropped: flushes, one call at a time, closes, and deletes itself.
void FileCore::farewell() noexcept {
    if (busy()) return;  // called again when the call has ended
    const bool on_thread = close_fd_ && !pollable();
    try {
        if (!closed_ && on_thread) {
            if (const FileRequest request = close_request(); request.call != FileCall::none) return start(request);
        } else if (!closed_ && unwritten() > 0 && close_error_ == 0) {
            return start(write_request());
        }
    } catch (...) {}  // no thread is available: on this one, then
    end_here();
}

// Waits for a disk, but not for other processes: the loop closes, or there is no thread.
void FileCore::end_here() noexcept {
    if (fd_ >= 0 && unwritten() > 0 && close_error_ == 0) {
        std::size_t written = 0;
        close_error_ = pollable() ? std::min(write_out_now(), 0)
                                  : write_all_waiting(fd_, out_.data() + out_begin_, unwritten(), written);
        out_begin_ += written;
        if (unwritten() > 0 && close_error_ == 0) close_error_ = -EAGAIN;
    }
    const int closed = close_now();
    if (close_error_ == 0) close_error_ = closed;
    if (close_error_ < 0) report_lost(std::exchange(close_error_, 0));
    if (references_ == 0) delete this;
}

void FileCore::loop_closing() noexcept {
    loop_closed_ = true;
    join_thread();
    if (busy()) return interrupt();  // call_settled() continues, while the backend is drained
    end_here();
}

// --- reports -------------------------------------------------------------------------------------------------

void FileCore::throw_failed(FileCall call, int error) const {
    throw_os_error(-error, std::string(name_of(call)) + " " + quoted(name_));
}

void FileCore::report_lost(int error) const noexcept {
    try {
        std::string text = "could not flush and close " + quoted(name_) + " (its close() is not awaited): ";
        text += std::generic_category().message(-error);
        if (unwritten() > 0) text += "; up to " + std::to_string(unwritten()) + " bytes are lost";
        log(LogLevel::error, text);
    } catch (const std::bad_alloc&) {
        log(LogLevel::error, "could not flush and close a file whose close() is not awaited");
    }
}

}  // namespace detail

}  // namespace aio
