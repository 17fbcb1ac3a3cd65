// A turn at a stream's output: its beginning and end, and the waits for room in the socket.
#include "io/stream/output_room.hpp"

#include <aio/base/error.hpp>

#include "core/loop_state.hpp"

#include <cerrno>
#include <string>
#include <utility>

namespace aio::detail {

// --- the stream's side -----------------------------------------------------------------------------------------------

void SocketStream::check_no_turn(const char* function) const {
    if (output_ == Output::one_senders)
        throw RuntimeError(std::string(function) + "(): a sendfile() is in progress on this stream");
}

void SocketStream::begin_turn() {
    if (is_closing()) throw RuntimeError("sendfile(): the stream is closing");
    if (output_ == Output::ended) throw RuntimeError("Cannot call sendfile() after write_eof()");
    check_no_turn("sendfile");
    if (!room_) room_ = std::make_unique<OutputRoom>(*this, fd_);
    output_ = Output::one_senders;
    gathering_ = false;
}

void SocketStream::end_turn() noexcept {
    output_ = Output::shared;
    if (!room_->in_flight) room_ = nullptr;
}

void SocketStream::output_room_idle() noexcept {
    if (output_ != Output::one_senders) room_ = nullptr;
    if (doomed()) release_when_idle();
}

// --- room ------------------------------------------------------------------------------------------------------------

void OutputRoom::wait(RoomAwaiter& waiter) noexcept {
    waiter_ = &waiter;
    start();
}

void OutputRoom::start() noexcept {
    if (stream_.write_buffer_size() == 0 && !in_flight) stream_.loop().backend->start(*this);
}

bool OutputRoom::forget(const RoomAwaiter& waiter) noexcept {
    if (waiter_ != &waiter) return false;
    waiter_ = nullptr;
    cancel();
    return true;
}

void OutputRoom::cancel() noexcept {
    if (in_flight) stream_.loop().backend->cancel(*this);
}

void OutputRoom::wake() noexcept {
    if (RoomAwaiter* waiter = std::exchange(waiter_, nullptr)) waiter->ready();
}

void OutputRoom::completed(int result, const char*, bool) noexcept {
    // An earlier waiter gave up, and another one came.
    if (waiter_ && result == -ECANCELED && !stream_.is_closing()) return start();
    wake();
    stream_.output_room_idle();  // may destroy this
}

}  // namespace aio::detail
