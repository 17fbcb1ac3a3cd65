// SocketStream: its descriptor, what it sends, and its end. socket_receiving.cpp has what it receives.
#include "io/stream/socket_stream.hpp"

#include <aio/base/error.hpp>
#include <aio/core/log.hpp>

#include "base/make_error.hpp"
#include "core/observe.hpp"
#include "io/stream/output_room.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <new>

namespace aio::detail {

namespace {

constexpr std::uint8_t kWarnFromWrite = 5;  // LOG_THRESHOLD_FOR_CONNLOST_WRITES
}  // namespace

void adopt_socket(LoopState& loop, int fd, const std::string& what) {
    int type = 0;
    socklen_t length = sizeof type;
    const int result = loop.backend->get_option(fd, SOL_SOCKET, SO_TYPE, &type, length);
    if (result < 0 && result != -ENOTSOCK) throw_os_error(-result, what);
    if (result < 0 || type != SOCK_STREAM) throw ValueError(what + " is not a stream socket");
    if (loop.transport_fds.contains(fd)) throw RuntimeError(what + " is used by a stream of this loop");
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) throw_os_error(errno, what);
    const int on = 1;
    loop.backend->set_option(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // refused by AF_UNIX
    loop.backend->forget(fd);                                                // its number may have been another's
}

SocketStream::SocketStream(LoopState& loop, int fd, std::size_t limit, StreamOwner* owner)
    : StreamCore(limit), SocketReceive(fd), SocketSend(fd), loop_(loop), fd_(fd), owner_(owner), peer_() {
    sockaddr_storage address;
    socklen_t length = 0;
    if (backend().peer_address(fd, address, length) == 0 && length <= sizeof peer_) {
        std::memcpy(&peer_, &address, length);
    }
}

SocketStream::~SocketStream() = default;

void SocketReceive::completed(int result, const char* data, bool more) noexcept {
    static_cast<SocketStream*>(this)->received(result, data, more);
}
void SocketSend::completed(int result, const char*, bool) noexcept { static_cast<SocketStream*>(this)->sent(result); }
void SocketLoss::run() { static_cast<SocketStream*>(this)->lose(); }
void SocketServed::run() { static_cast<SocketStream*>(this)->handler_done(); }

StreamRef SocketStream::open(LoopState& loop, int fd, std::size_t limit, StreamOwner* owner) {
    loop.transport_fds.add(fd);
    SocketStream* stream = nullptr;
    try {
        stream = new SocketStream(loop, fd, limit, owner);
    } catch (...) {
        loop.transport_fds.remove(fd);
        throw;
    }
    stream->link_before(loop.resources);
    stream->start_receiving();
    return StreamRef(stream);
}

Address SocketStream::peername() const {
    RawAddress peer;
    if (family_.sa_family == AF_INET || family_.sa_family == AF_INET6) {
        std::memcpy(&peer.storage, &peer_, sizeof peer_);
        peer.length = sizeof peer_;
    } else if (!closed()) {
        backend().peer_address(fd_, peer.storage, peer.length);
    }
    return peer.decoded();
}

Address SocketStream::sockname() const {
    RawAddress local;
    if (!closed()) backend().local_address(fd_, local.storage, local.length);
    return local.decoded();
}

// --- writing -----------------------------------------------------------------------------------------------

void SocketStream::transport_write(std::string_view data) {
    if (output_ == Output::ended) throw RuntimeError("Cannot call write() after write_eof()");
    check_no_turn("write");
    if (data.empty()) return;
    if (drops_output()) {
        if (writes_after_loss_ < kWarnFromWrite) ++writes_after_loss_;
        if (writes_after_loss_ == kWarnFromWrite) {
            log(LogLevel::warning, "StreamWriter.write: the connection to " + peername().str() + " is lost");
        }
        return;
    }
    if (!send_op().in_flight && out_.size() + data.size() > gather_limit()) {
        send_eagerly(data);
    } else {
        out_.append(data.data(), data.size());
        flush_soon();
    }
    if (!doomed()) check_write_buffer();
}

// A lot at once: what the socket takes is not copied.
void SocketStream::send_eagerly(std::string_view data) {
    if (filter_) [[unlikely]]
        return seal_eagerly(data);
    int result = 0;
    const std::size_t before = out_.size() + data.size();
    while (!out_.empty() && result >= 0) {
        result = backend().send_now(fd_, out_.data(), out_.size());
        if (result > 0) out_.consume(static_cast<std::size_t>(result));
    }
    if (out_.empty()) out_.release();
    while (!data.empty() && result >= 0) {
        result = backend().send_now(fd_, data.data(), data.size());
        if (result > 0) data.remove_prefix(static_cast<std::size_t>(result));
    }
    taken_ += before - out_.size() - data.size();
    if (result < 0 && result != -EAGAIN) return fail(-result, "send to");
    if (data.empty()) return;
    out_.append(data.data(), data.size());
    flush_soon();
}

void SocketStream::flush_soon() noexcept {
    if (send_op().in_flight) return;
    gathering_ = !is_closing() && output_ != Output::one_senders;
    backend().defer(*this);
}

void SocketStream::flush() noexcept {
    gathering_ = false;
    if (filter_) [[unlikely]]
        return flush_filtered();
    if (out_.empty() || send_op().in_flight || doomed()) return;
    swap(out_, sending_);
    start_send(end_of_send_matters());
}

// Whether anything is to happen when what is being sent has left.
bool SocketStream::end_of_send_matters() const noexcept {
    return writing_paused_ || is_closing() || output_ != Output::shared || !out_.empty() ||
           (filter_ && filter_->has_output());
}

void SocketStream::start_send(bool awaited) noexcept {
    send_op().out = {sending_.data(), sending_.size()};
    send_op().unhurried = !awaited;
    backend().start(send_op());
}

void SocketStream::sent(int result) noexcept {
    if (result > 0) {
        sending_.consume(static_cast<std::size_t>(result));
        taken_ += static_cast<std::size_t>(result);
    }
    if (doomed()) {
        sending_.release();
        return release_when_idle();
    }
    if (result < 0 && result != -ECANCELED) {
        if (filter_ && filter_->may_break()) return force_close(nullptr);
        return fail(-result, "send to");
    }
    if (!sending_.empty()) {
        start_send(true);
    } else {
        sending_.release();
        if (!out_.empty() || (filter_ && filter_->has_output())) flush_soon();
    }
    after_sending();
}

// Bytes were sent: resumes paused writers, and whatever waited for an empty buffer.
void SocketStream::after_sending() noexcept {
    if (doomed()) return;
    check_write_buffer();
    if (write_buffer_size() > 0) return;
    if (room_) room_->wake();
    if (filter_) return end_filtered();
    if (is_closing()) {
        schedule_loss(nullptr);
    } else if (output_ == Output::ended) {
        backend().shutdown(fd_, SHUT_WR);
    }
}

void SocketStream::write_eof() {
    if (filter_) throw RuntimeError("StreamWriter.write_eof: a TLS connection cannot be half-closed; use close()");
    if (is_closing() || output_ == Output::ended) return;
    check_no_turn("write_eof");
    output_ = Output::ended;
    gathering_ = false;
    if (write_buffer_size() == 0) backend().shutdown(fd_, SHUT_WR);
}

// --- the end -----------------------------------------------------------------------------------------------

void SocketStream::close() {
    if (is_closing()) return;
    if (filter_) [[unlikely]]
        return close_filtered();
    mark_closing();
    stop_receiving();
    if (write_buffer_size() == 0) return schedule_loss(nullptr);
    end_reading();
}

// Who waits to read does not wait for what the peer has yet to take. A protocol's end is connection_lost().
void SocketStream::end_reading() noexcept {
    if (!observer_) feed_eof();
}

void SocketStream::abort() { force_close(nullptr); }

void SocketStream::fail(int error, const char* attempted) noexcept {
    force_close(make_os_error(error, [&] { return std::string(attempted) + " " + peername().str(); }));
}

void SocketStream::force_close(std::exception_ptr error) noexcept {
    if (doomed()) return;
    mark_closing();
    stop_receiving();
    out_.release();
    if (send_op().in_flight) backend().cancel(send_op());
    schedule_loss(std::move(error));
}

// Nothing is received or sent any more.
void SocketStream::doom(std::exception_ptr error) noexcept {
    life_.reach(Life::doomed);
    if (filter_) filter_->abandoned(error);
    doom_ = std::move(error);
}

void SocketStream::schedule_loss(std::exception_ptr error) noexcept {
    doom(std::move(error));
    loop_.ready.push(static_cast<SocketLoss*>(this));
    if (!room_) return;
    room_->cancel();
    room_->wake();
}

void SocketStream::lose() noexcept {
    connection_lost(std::exchange(doom_, nullptr));
    release_when_idle();
}

// The last step. The descriptor stays open while the kernel still works on it: closing it would not end a receive
// in flight, and a new connection with the same number could get its completion.
void SocketStream::release_when_idle() noexcept {
    if (!lost() || closed() || receive_op().in_flight || send_op().in_flight || (room_ && room_->in_flight)) return;
    sending_.release();
    loop_.transport_fds.remove(fd_);
    backend().close_fd(std::exchange(fd_, -1));
    LoopResource::unlink();
    Deferred::unlink();
    if (owner_) owner_->stream_closed(*this);
    mark_closed();
    if (StreamCore::references() == 0) delete this;
}

void SocketStream::unreferenced() noexcept {
    if (closed()) {
        delete this;
    } else if (!is_closing()) {
        report_unclosed(loop_, [this] { return "transport, connected to " + peername().str(); });
        close();
    }
}

void SocketStream::loop_closing() noexcept {
    if (closed()) return;
    flush();  // the rest of the data, if the socket takes it
    if (!doomed()) {
        mark_closing();
        stop_receiving();
        if (send_op().in_flight) backend().cancel(send_op());
        if (room_) room_->cancel();
        doom(nullptr);
        lose();
    }
}

void SocketStream::served_by(FutureBase& task) noexcept {
    retain();
    task.add_callback(static_cast<SocketServed&>(*this));
}

bool SocketStream::is_served_by(const FutureBase& task, const StreamOwner& owner) {
    bool found = false;
    task.callbacks().for_each([&](const Callback& callback) {
        const auto* served = dynamic_cast<const SocketServed*>(&callback);
        if (served && static_cast<const SocketStream*>(served)->owner_ == &owner) found = true;
    });
    return found;
}

void SocketStream::handler_done() noexcept {
    FutureRef<FutureBase> task = std::move(SocketServed::task);
    if (owner_) owner_->handler_done(*this, task.get());
    release();
}

}  // namespace aio::detail
