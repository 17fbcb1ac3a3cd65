// StreamCore: input, end and errors on their way to a waiting read, both flow controls, and who is woken at the end.
// It moves no bytes itself: socket_stream.cpp and pipe_stream.cpp do. The waiting reads are in stream_awaiters.cpp.
#include <aio/io/stream_core.hpp>

#include <aio/base/error.hpp>
#include <aio/io/address.hpp>
#include <aio/io/stream_awaiters.hpp>

#include <algorithm>
#include <cerrno>

namespace aio::detail {

namespace {

[[noreturn]] void no_transport(const char* operation) {
    throw RuntimeError(std::string(operation) + ": this stream has no transport to write to");
}

}  // namespace

StreamCore::StreamCore(std::size_t limit) : home_(current.loop), limit_(limit) {
    if (limit == 0) throw ValueError("StreamReader: the limit must be positive");
}

StreamCore::~StreamCore() = default;

// --- reading -----------------------------------------------------------------------------------------------

void StreamCore::feed_data(std::string_view data) {
    if (eof_) throw RuntimeError("StreamReader.feed_data: called after feed_eof");
    if (data.empty()) return;
    in_.append(data.data(), data.size());
    data_added();
}

void StreamCore::data_added() noexcept {
    if (reader_ || observer_) wake_reader();
    // A read that is still waiting needs more, however much there is (semantics 44).
    const bool beyond = in_.size() > limit_ && in_.size() - limit_ > limit_;
    if (!reading_paused_ && beyond && !(reader_ && reader_->wants_more())) [[unlikely]] {
        reading_paused_ = true;
        pause_reading();
    }
}

void StreamCore::feed_eof() noexcept {
    eof_ = true;
    wake_reader();
}

void StreamCore::set_exception(std::exception_ptr error) noexcept {
    read_error_ = std::move(error);
    update_drain();
    wake_reader();
}

void StreamCore::wake_reader() noexcept {
    if (reader_) {
        reader_->stream_changed();
    } else if (observer_) {
        observer_->something_came();
    }
}

void StreamCore::release_reader() noexcept {
    if (reader_) reader_->release();
}

void StreamCore::resume_paused_reading() noexcept {
    reading_paused_ = false;
    resume_reading();
}

int StreamCore::receive_now(char*, std::size_t) noexcept { return -EAGAIN; }

// --- writing -----------------------------------------------------------------------------------------------

void StreamCore::transport_write(std::string_view) { no_transport("StreamWriter.write"); }
void StreamCore::write_eof() { no_transport("StreamWriter.write_eof"); }
void StreamCore::close() { no_transport("StreamWriter.close"); }
void StreamCore::abort() { no_transport("StreamWriter.abort"); }
Address StreamCore::peername() const { return {}; }
Address StreamCore::sockname() const { return {}; }

void StreamCore::set_write_buffer_limits(std::size_t high, std::size_t low) {
    water_.set(high, low);
    check_write_buffer();
}

void StreamCore::check_write_buffer() noexcept {
    if (!water_.turn_at(write_buffer_size(), writing_paused_)) return;
    writing_paused_ = !writing_paused_;
    update_drain();
    if (!writing_paused_) drains_.run_all();
}

void StreamCore::mark_closing() noexcept {
    life_.reach(Life::closing);
    gathering_ = false;
    update_drain();
}

void StreamCore::connection_lost(std::exception_ptr error) noexcept {
    life_.reach(Life::lost);
    lost_error_ = error;
    if (error) {
        set_exception(std::move(error));
    } else {
        feed_eof();
    }
    writing_paused_ = false;
    drains_.run_all();
}

void StreamCore::mark_closed() noexcept {
    life_.reach(Life::closed);
    close_waits_.run_all();
}

}  // namespace aio::detail
