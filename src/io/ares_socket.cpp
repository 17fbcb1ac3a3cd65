#include "io/ares_socket.hpp"

#include "io/ares_channel.hpp"

#include <cerrno>

namespace aio::detail {

void AresSocket::want(bool readable, bool writable) noexcept {
    in_.want(readable);
    out_.want(writable);
}

void AresSocket::rearm() noexcept {
    in_.arm();
    out_.arm();
}

void AresSocket::dismiss() noexcept {
    channel_ = nullptr;
    want(false, false);
    go_when_idle();
}

void AresSocket::go_when_idle() noexcept {
    if (in_.in_flight || out_.in_flight) return;
    if (loop_.backend) loop_.backend->close_fd(fd());
    delete this;
}

void AresSocket::Poll::want(bool on) noexcept {
    wanted = on;
    if (on) return arm();
    ready = false;
    if (in_flight) socket.loop_.backend->cancel(*this);
}

void AresSocket::Poll::arm() noexcept {
    if (wanted && !ready && !in_flight) socket.loop_.backend->start(*this);
}

void AresSocket::Poll::completed(int result, const char*, bool) noexcept {
    if (!socket.channel_) return socket.go_when_idle();
    if (!wanted) return;
    if (result == -ECANCELED) return arm();  // it was unwanted in between
    ready = true;                            // an error too: c-ares meets it when it reads
    socket.channel_->process_soon();
}

}  // namespace aio::detail
