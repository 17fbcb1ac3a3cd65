// The awaiters of reads, drain() and wait_closed(): when a read is settled, what it returns, and the errors of limits
// and of incomplete data. When the transport pauses is decided in stream_core.cpp.
#include <aio/io/stream_awaiters.hpp>

#include <aio/base/error.hpp>

#include <algorithm>
#include <cerrno>

namespace aio::detail {

// --- reading -----------------------------------------------------------------------------------------------

bool ReadWaiter::begin() {
    if (stream_->reader_) {
        static constexpr const char* kNames[] = {"read", "read", "readexactly", "readline", "readuntil"};
        throw RuntimeError(std::string(kNames[static_cast<int>(kind_)]) +
                           "() called while another coroutine is already waiting for incoming data");
    }
    end_views();
    if (settled()) return true;
    if (!stream_->input_waits_) [[likely]]
        return false;
    stream_->fill();
    return settled();
}

bool ReadWaiter::settled() noexcept {
    const StreamCore& stream = *stream_;
    if (stream.read_error_ || stream.eof_) return search(), true;
    switch (kind_) {
        case ReadKind::some: return size_ == 0 || !stream.in_.empty();
        case ReadKind::all: return false;
        case ReadKind::exactly: return size_ <= 0 || stream.in_.size() >= static_cast<std::size_t>(size_);
        case ReadKind::line:
        case ReadKind::until: search(); return found_ != Found::not_yet;
    }
    return true;
}

void ReadWaiter::search() noexcept {
    if (found_ != Found::not_yet) return;
    if (kind_ == ReadKind::line) {
        search_line(stream_->in_.view());
    } else if (kind_ == ReadKind::until) {
        search_separators(stream_->in_.view(), *separators_);
    }
}

void ReadWaiter::search_line(std::string_view buffer) noexcept {
    const std::size_t limit = stream_->limit_;
    const std::size_t at = buffer.find('\n', searched_);
    if (at == std::string_view::npos) {
        searched_ = buffer.size();
        if (searched_ > limit) found_ = Found::overrun;
    } else {
        found_ = at > limit ? Found::overrun : Found::match;
        searched_ = at;
        match_end_ = at + 1;
    }
}

// Source: StreamReader.readuntil, CPython 3.13 streams.py: the separator that ends first wins.
void ReadWaiter::search_separators(std::string_view buffer, const Separators& separators) noexcept {
    std::size_t start = 0, longest = 0;
    std::size_t end = std::string_view::npos;
    const auto look_for = [&](const std::string& separator) {
        longest = std::max(longest, separator.size());
        const std::size_t at = buffer.find(separator, searched_);
        if (at != std::string_view::npos && at + separator.size() < end) {
            start = at;
            end = at + separator.size();
        }
    };
    look_for(separators.first);
    for (const std::string& separator : separators.rest) look_for(separator);
    const std::size_t limit = stream_->limit_;
    if (end == std::string_view::npos) {
        searched_ = buffer.size() + 1 > longest ? buffer.size() + 1 - longest : 0;
        if (searched_ > limit) found_ = Found::overrun;
    } else {
        found_ = start > limit ? Found::overrun : Found::match;
        searched_ = start;
        match_end_ = end;
    }
}

void ReadWaiter::await_suspend(std::coroutine_handle<> frame) {
    StreamCore& stream = *stream_;
    suspend(frame, stream.home_);
    waiting_ = true;
    woken_ = false;
    stream.reader_ = this;
    if (stream.in_.empty()) stream.in_.release();
    if (stream.reading_paused_) stream.resume_paused_reading();
}

void ReadWaiter::stream_changed() noexcept {
    if (woken_ || !settled()) return;
    woken_ = true;
    wake();
}

void ReadWaiter::release() noexcept {
    if (woken_ || kind_ != ReadKind::some) return;
    woken_ = true;
    wake();
}

bool ReadWaiter::cancel_wait(std::string_view message) noexcept {
    if (woken_) return false;
    forget();
    wake_cancelled(message);
    return true;
}

void ReadWaiter::forget() noexcept {
    waiting_ = false;
    if (stream_->reader_ == this) stream_->reader_ = nullptr;
}

void ReadWaiter::resume() {
    if (waiting_) forget();
    check_cancelled();
}

std::string_view ReadWaiter::finish() {
    if (task_) resume();
    if (found_ == Found::overrun && match_end_ == 0) {
        found_ = Found::not_yet;  // what came since may hold the separator: a line is then dropped with it
        search();
    }
    if (stream_->read_error_) std::rethrow_exception(stream_->read_error_);
    switch (kind_) {
        case ReadKind::some: return finish_some();
        case ReadKind::all: return take(stream_->in_.size());
        case ReadKind::exactly: return finish_exactly();
        case ReadKind::line: return finish_line();
        case ReadKind::until: return finish_until();
    }
    return {};
}

std::string_view ReadWaiter::finish_some() {
    return take(std::min(static_cast<std::size_t>(size_), stream_->in_.size()));
}

std::string_view ReadWaiter::finish_exactly() {
    if (size_ < 0) throw ValueError("readexactly: the size cannot be less than zero: " + std::to_string(size_));
    const auto wanted = static_cast<std::size_t>(size_);
    if (stream_->in_.size() < wanted) throw_incomplete(wanted);
    return take(wanted);
}

std::string_view ReadWaiter::finish_until() {
    if (found_ == Found::match) return take(match_end_);
    if (found_ == Found::overrun) throw_overrun();
    throw_incomplete(0);
}

std::string_view ReadWaiter::finish_line() {
    if (found_ == Found::match) return take(match_end_);
    if (found_ == Found::not_yet) return take(stream_->in_.size());  // at the end of the stream
    // The line is dropped if all of it is there, else all there is (semantics 44).
    take(match_end_ > 0 ? match_end_ : stream_->in_.size());
    end_views();
    throw ValueError("readline: the line is longer than the limit of " + std::to_string(stream_->limit_) +
                     " bytes; it was dropped");
}

void ReadWaiter::throw_incomplete(std::size_t expected) {
    std::string partial(take(stream_->in_.size()));
    end_views();
    throw IncompleteReadError(std::move(partial), expected);
}

void ReadWaiter::throw_overrun() {
    const std::string limit = std::to_string(stream_->limit_) + " bytes";
    throw LimitOverrunError(match_end_ > 0 ? "Separator is found, but chunk is longer than the limit of " + limit
                                           : "Separator is not found, and chunk exceeds the limit of " + limit,
                            searched_);
}

// --- draining ----------------------------------------------------------------------------------------------

// Two waits in one: until the buffer is below its low-water mark, and, on a stream that is closing, one pass of
// the loop, in which connection_lost() may come (semantics 43).
void DrainAwaiter::await_suspend(std::coroutine_handle<> frame) {
    suspend(frame, stream_->home_);
    if (stream_->writing_paused_ && !stream_->lost()) {
        listed_ = was_paused_ = true;
        stream_->drains_.push(this);
    } else {
        wake();
    }
}

void DrainAwaiter::run() {
    listed_ = false;
    wake();
}

bool DrainAwaiter::cancel_wait(std::string_view message) noexcept {
    if (!listed_) return false;
    listed_ = false;
    stream_->drains_.remove(this);
    wake_cancelled(message);
    return true;
}

void DrainAwaiter::finish() {
    check_cancelled();
    const StreamCore& stream = *stream_;
    if (stream.read_error_) std::rethrow_exception(stream.read_error_);
    if (!stream.lost() || was_paused_) return;
    throw ConnectionResetError(ECONNRESET, "drain: the connection is lost");
}

// --- closing -----------------------------------------------------------------------------------------------

void ClosedAwaiter::await_suspend(std::coroutine_handle<> frame) {
    suspend(frame, stream_->home_);
    listed_ = true;
    stream_->close_waits_.push(this);
}

void ClosedAwaiter::run() {
    listed_ = false;
    wake();
}

bool ClosedAwaiter::cancel_wait(std::string_view message) noexcept {
    if (!listed_) return false;
    listed_ = false;
    stream_->close_waits_.remove(this);
    wake_cancelled(message);
    return true;
}

void ClosedAwaiter::await_resume() {
    check_cancelled();
    if (stream_->lost_error_) std::rethrow_exception(stream_->lost_error_);
}

}  // namespace aio::detail
