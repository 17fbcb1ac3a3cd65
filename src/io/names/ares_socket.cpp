// A socket of c-ares: when it is ready, what it receives, and who closes it.
#include "io/names/ares_socket.hpp"

#include "io/names/ares_channel.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace aio::detail {

namespace {

constexpr int kDroppedInARow = 64;  // then the others have their turn
constexpr std::size_t kFlags = 2;   // where a message has its QR bit
constexpr unsigned char kAnswer = 0x80;

bool is_answer(char flags) noexcept { return (static_cast<unsigned char>(flags) & kAnswer) != 0; }

}  // namespace

void AresSocket::want(bool readable, bool writable) noexcept {
    in_.want(readable);
    out_.want(writable);
}

void AresSocket::rearm() noexcept {
    in_.arm();
    out_.arm();
}

ssize_t AresSocket::receive(void* buffer, std::size_t size, int flags, sockaddr* from, socklen_t* length) noexcept {
    const auto* bytes = static_cast<const char*>(buffer);
    for (int dropped = 0; dropped < kDroppedInARow;) {
        const ssize_t count = ::recvfrom(fd(), buffer, size, flags, from, length);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return count;
        const auto received = static_cast<std::size_t>(count);
        if (stream_) {
            if (only_answers(bytes, received)) return count;
            errno = ECONNRESET;
            return -1;
        }
        if (received <= kFlags || is_answer(bytes[kFlags])) return count;
        ++dropped;
    }
    errno = EAGAIN;  // it is still readable
    return -1;
}

// Follows the messages of a stream.
bool AresSocket::only_answers(const char* bytes, std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i) {
        if (position_ < 2) {
            message_size_ = (message_size_ << 8 | static_cast<unsigned char>(bytes[i])) & 0xffff;
        } else if (position_ == 2 + kFlags && !is_answer(bytes[i])) {
            return false;
        }
        ++position_;
        if (position_ >= 2 && position_ == 2 + message_size_) position_ = message_size_ = 0;
    }
    return true;
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
