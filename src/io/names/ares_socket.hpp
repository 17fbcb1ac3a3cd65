// A socket of c-ares, watched by poll operations. Once dismissed it closes its descriptor and goes, when the backend has
// let go of both operations.
#pragma once

#include "core/loop_state.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace aio::detail {

class AresChannel;

class AresSocket {
public:
    AresSocket(AresChannel& channel, LoopState& loop, int fd, bool stream) noexcept
        : channel_(&channel),
          loop_(loop),
          stream_(stream),
          in_(*this, OpKind::poll_in, fd),
          out_(*this, OpKind::poll_out, fd) {}
    AresSocket(const AresSocket&) = delete;
    AresSocket& operator=(const AresSocket&) = delete;

    int fd() const noexcept { return in_.fd; }
    // Whether it is readable or writable and c-ares does not know yet.
    bool ready() const noexcept { return in_.ready || out_.ready; }
    bool take_readable() noexcept { return std::exchange(in_.ready, false); }
    bool take_writable() noexcept { return std::exchange(out_.ready, false); }

    // What c-ares waits for.
    void want(bool readable, bool writable) noexcept;
    // After c-ares has looked at what was ready.
    void rearm() noexcept;
    // Receives for c-ares: recvfrom(2). What is a question and no answer (RFC 1035 section 4.1.1, QR), which c-ares 1.18
    // would take for one, is dropped if it is a datagram; in a stream it is ECONNRESET.
    ssize_t receive(void* buffer, std::size_t size, int flags, sockaddr* from, socklen_t* length) noexcept;

    // c-ares has closed it. It deletes itself.
    void dismiss() noexcept;

    AresSocket* next = nullptr;  // the channel's

private:
    struct Poll final : Operation {
        Poll(AresSocket& s, OpKind poll_kind, int descriptor) noexcept
            : Operation(poll_kind, descriptor), socket(s) {}
        void want(bool on) noexcept;
        void arm() noexcept;
        void completed(int result, const char* data, bool more) noexcept override;

        AresSocket& socket;
        bool wanted = false;
        bool ready = false;
    };

    ~AresSocket() = default;
    void go_when_idle() noexcept;
    bool only_answers(const char* bytes, std::size_t size) noexcept;

    AresChannel* channel_;  // null: dismissed
    LoopState& loop_;
    const bool stream_;
    std::uint32_t position_ = 0;  // in a stream's message: two bytes of its length, then the message
    std::uint32_t message_size_ = 0;
    Poll in_, out_;
};

}  // namespace aio::detail
