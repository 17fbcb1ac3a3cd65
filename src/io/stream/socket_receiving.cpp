// SocketStream: what it receives. Most streams are given what came by the backend, which has memory for it; those that bring
// much only hear of it, and receive for themselves.
#include "io/stream/socket_stream.hpp"

#include <aio/io/stream_awaiters.hpp>

#include <sys/uio.h>

#include <cerrno>
#include <exception>

namespace aio::detail {

namespace {

// When so much came so often in a row, the stream reads for itself: fill().
constexpr std::size_t kMuch = 32 * 1024;
constexpr std::uint8_t kOften = 4;
constexpr std::size_t kFill = 256 * 1024;  // asyncio's max_size

}  // namespace

void SocketStream::start_receiving() noexcept {
    stop_reading_ = false;
    const bool over = filter_ ? input_over_ || doomed() : eof_ || is_closing() || input_waits_;
    if (receive_op().in_flight || over) return;
    receive_op().kind = intake_ != Intake::delivered ? OpKind::poll_in : OpKind::receive;
    backend().start(receive_op());
}

void SocketStream::stop_receiving() noexcept {
    stop_reading_ = true;
    if (receive_op().in_flight) backend().cancel(receive_op());
}

void SocketStream::pause_reading() noexcept { stop_receiving(); }
void SocketStream::resume_reading() noexcept { start_receiving(); }

void SocketStream::received(int result, const char* data, bool more) noexcept {
    if (receive_op().kind == OpKind::poll_in) [[unlikely]] {
        announced(result);
    } else if (filter_) [[unlikely]] {
        filtered_received(result, data);
    } else if (result > 0) {
        if (!is_closing()) take(data, static_cast<std::size_t>(result));
    } else if (result == 0) {
        if (!is_closing()) feed_eof();  // half-open: writing goes on (semantics 46)
    } else if (result != -ECANCELED && !is_closing()) {
        fail(-result, "receive from");
    }
    if (more) return;
    if (doomed()) return release_when_idle();
    if (!stop_reading_ && !receive_op().in_flight) start_receiving();
}

// The switch waits for the end of the receive in flight: received() continues from there.
void SocketStream::announce_input(bool on) noexcept {
    intake_ = on && !filter_ ? Intake::announced : Intake::delivered;
    large_in_row_ = 0;
    input_waits_ = false;
    if (!receive_op().in_flight) {
        if (!stop_reading_) start_receiving();
    } else if ((receive_op().kind == OpKind::poll_in) != (intake_ != Intake::delivered)) {
        backend().cancel(receive_op());
    }
}

void SocketStream::announced(int result) noexcept {
    if (is_closing() || result == -ECANCELED || intake_ == Intake::delivered) return;
    if (result < 0) return fail(-result, "receive from");
    input_waits_ = true;
    if (intake_ == Intake::bulk && reader_ && reader_->wants_more()) return fill();
    if (observer_) observer_->something_came();
}

// Of a stream that brings much: each time the socket says that there is something, and somebody wants it, it is received
// straight into in_. That saves a copy, and the backend's buffers stay free for those who need little.
void SocketStream::fill() noexcept {
    if (intake_ != Intake::bulk || is_closing()) return;
    int received = 0;
    try {
        received = receive_some(in_.reserve(kFill), kFill);
    } catch (...) {
        return force_close(std::current_exception());
    }
    if (received > 0) {
        in_.end_for_append(static_cast<std::size_t>(received));
        if (static_cast<std::size_t>(received) < kMuch / 2) announce_input(false);
        data_added();
    }
    if (!stop_reading_) start_receiving();
}

int SocketStream::receive_now(char* data, std::size_t size) noexcept {
    const int result = receive_some(data, size);
    if (!stop_reading_) start_receiving();
    return result;
}

int SocketStream::receive_some(char* data, std::size_t size) noexcept {
    input_waits_ = false;
    iovec piece{data, size};
    msghdr message = {};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    const int result = backend().receive_message(fd_, message, 0);
    if (result == 0) {
        feed_eof();
    } else if (result < 0 && result != -EAGAIN) {
        fail(-result, "receive from");
    }
    return result;
}

void SocketStream::take(const char* data, std::size_t size) noexcept {
    try {
        feed_data({data, size});
    } catch (...) {
        return force_close(std::current_exception());  // no memory for it: bytes are missing from here on
    }
    if (size < kMuch) {
        large_in_row_ = 0;
    } else if (++large_in_row_ >= kOften && !observer_ && !eof_) {
        announce_input(true);
        if (intake_ == Intake::announced) intake_ = Intake::bulk;
    }
}

}  // namespace aio::detail
