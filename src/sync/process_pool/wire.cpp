// Messages over a socket, between processes of which each may die at any byte.
#include "sync/process_pool/wire.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
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

// A message larger than `limit` is refused, except for an error's text, which is short.
constexpr std::size_t kRoomForErrors = 1 << 20;

bool receive_all(int fd, int process, char* to, std::size_t size) noexcept {
    const int flags = process < 0 ? MSG_WAITALL : MSG_DONTWAIT;
    bool ended = false;
    while (size > 0) {
        const ssize_t count = ::recv(fd, to, size, flags);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN && !ended) {
            ended = !wait_until_ready(fd, POLLIN, process);  // it may have sent this right before: another look
            continue;
        }
        if (count <= 0) return false;
        to += count;
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

}  // namespace

int open_pidfd(pid_t pid) noexcept {
    const long fd = ::syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : static_cast<int>(fd);  // close-on-exec by itself
}

bool wait_until_ready(int fd, short events, int process) noexcept {
    pollfd watched[2] = {{fd, events, 0}, {process, POLLIN, 0}};  // one that is negative is not watched
    for (;;) {
        const int count = ::poll(watched, 2, -1);
        if (count > 0) return watched[0].revents != 0;
        if (count < 0 && errno != EINTR) return true;  // no memory: whoever asked finds out by trying
    }
}

bool send_message(int fd, int process, MessageKind kind, std::string_view head, std::string_view body) noexcept {
    Header header{kind, 0, head.size() + body.size()};
    iovec pieces[3] = {{&header, sizeof header},
                       {const_cast<char*>(head.data()), head.size()},
                       {const_cast<char*>(body.data()), body.size()}};
    msghdr message = {};
    message.msg_iov = pieces;
    message.msg_iovlen = 3;
    std::size_t left = sizeof header + head.size() + body.size();
    while (left > 0) {
        const ssize_t count = ::sendmsg(fd, &message, process < 0 ? MSG_NOSIGNAL : MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN && wait_until_ready(fd, POLLOUT, process)) continue;
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

Received receive_message(int fd, int process, std::size_t limit, MessageKind& kind, std::string& body) {
    Header header;
    if (!receive_all(fd, process, reinterpret_cast<char*>(&header), sizeof header)) return Received::end;
    kind = header.kind;
    const bool known = kind == MessageKind::call || kind == MessageKind::result || kind == MessageKind::error;
    const std::size_t allowed = kind == MessageKind::error ? kRoomForErrors : limit;
    if (!known || header.size > allowed) return Received::nonsense;
    body.resize(header.size);
    return receive_all(fd, process, body.data(), body.size()) ? Received::message : Received::end;
}

}  // namespace aio::detail
