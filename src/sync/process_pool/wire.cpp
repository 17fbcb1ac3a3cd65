#include "sync/process_pool/wire.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace aio::detail {

namespace {

struct Header {
    MessageKind kind;
    std::uint32_t reserved;
    std::uint64_t size;
};

// What comes past `limit` is refused, except for an error's text, which is short.
constexpr std::size_t kRoomForErrors = 1 << 20;

bool receive_all(int fd, char* to, std::size_t size) noexcept {
    while (size > 0) {
        const ssize_t count = ::recv(fd, to, size, MSG_WAITALL);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        to += count;
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

}  // namespace

bool send_message(int fd, MessageKind kind, std::string_view head, std::string_view body) noexcept {
    Header header{kind, 0, head.size() + body.size()};
    iovec pieces[3] = {{&header, sizeof header},
                       {const_cast<char*>(head.data()), head.size()},
                       {const_cast<char*>(body.data()), body.size()}};
    msghdr message = {};
    message.msg_iov = pieces;
    message.msg_iovlen = 3;
    std::size_t left = sizeof header + head.size() + body.size();
    while (left > 0) {
        const ssize_t count = ::sendmsg(fd, &message, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        left -= static_cast<std::size_t>(count);
        for (auto sent = static_cast<std::size_t>(count); sent > 0 && message.msg_iovlen > 0;) {
            iovec& first = *message.msg_iov;
            const std::size_t part = sent < first.iov_len ? sent : first.iov_len;
            first.iov_base = static_cast<char*>(first.iov_base) + part;
            first.iov_len -= part;
            sent -= part;
            if (first.iov_len > 0) break;
            ++message.msg_iov;
            --message.msg_iovlen;
        }
    }
    return true;
}

Received receive_message(int fd, std::size_t limit, MessageKind& kind, std::string& body) {
    Header header;
    if (!receive_all(fd, reinterpret_cast<char*>(&header), sizeof header)) return Received::end;
    kind = header.kind;
    const bool known = kind == MessageKind::call || kind == MessageKind::result || kind == MessageKind::error;
    const std::size_t allowed = kind == MessageKind::error ? kRoomForErrors : limit;
    if (!known || header.size > allowed) return Received::nonsense;
    body.resize(header.size);
    return receive_all(fd, body.data(), body.size()) ? Received::message : Received::end;
}

}  // namespace aio::detail
