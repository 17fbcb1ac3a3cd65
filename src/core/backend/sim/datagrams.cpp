// The simulated network's datagrams, and what else is asked of sockets by message.
#include "core/backend/sim/network.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace aio::detail {

namespace {

constexpr std::size_t kLargestUdp = 65'507;  // 64 KiB less the headers of IP and UDP
constexpr std::size_t kLargestUnix = 212'960;
// A receiver accepts a datagram while it holds fewer bytes than this (net.core.rmem_default)...
constexpr std::size_t kReceiveBuffer = 212'992;
// ... and, with AF_UNIX, at most this many datagrams (net.unix.max_dgram_qlen).
constexpr std::size_t kUnixBacklog = 11;

}  // namespace

// As connect(2): from now on only datagrams of the remote address are received; a socket without an address gets one.
int SimNetwork::connect_datagrams(SimSocket& socket) {
    if (socket.family == AF_UNIX) {
        if (!receiver_at(socket.remote, socket.local)) return -ENOENT;
    } else {
        if (const int error = assign_source(socket)) return error;
        if (socket.local.wildcard()) socket.local.host = SimAddress::loopback_host(socket.family);
    }
    socket.state = SimSocket::State::connected;
    return 0;
}

// A port for a socket that has none.
int SimNetwork::assign_source(SimSocket& socket) {
    if (socket.bound || socket.family == AF_UNIX) return 0;
    socket.local.host.assign(SimAddress::loopback_host(socket.family).size(), '\0');
    if (const int error = assign_port(socket)) return error;
    socket.bound = true;
    bound_.push_back(socket.fd);
    return 0;
}

// The receiver of what `from` sends to `address`: preferably connected to `from`, and bound to exactly this address.
SimSocket* SimNetwork::receiver_at(const SimAddress& address, const SimAddress& from) {
    SimSocket* best = nullptr;
    int best_rank = 0;
    for (const int fd : bound_) {
        SimSocket& socket = *sockets_.at(fd);
        const SimAddress& local = socket.local;
        if (socket.type != SOCK_DGRAM || local.family != address.family || local.port != address.port) continue;
        if (local.host != address.host && !local.wildcard()) continue;
        const bool connected = socket.state == SimSocket::State::connected;
        if (connected && socket.remote != from) continue;
        const int rank = 1 + (connected ? 2 : 0) + (local.wildcard() ? 0 : 1);
        if (rank <= best_rank) continue;
        best = &socket;
        best_rank = rank;
    }
    return best;
}

bool SimNetwork::has_room(const SimSocket& receiver) noexcept {
    if (receiver.family == AF_UNIX && receiver.datagrams.size() >= kUnixBacklog) return false;
    return receiver.datagram_bytes < kReceiveBuffer;
}

int SimNetwork::deliver(SimSocket& sender, const SimAddress& to, std::string data) {
    const auto size = static_cast<int>(data.size());
    SimAddress from = sender.local;
    if (from.wildcard()) from.host = SimAddress::loopback_host(from.family);
    SimSocket* receiver = receiver_at(to, from);
    const bool local = sender.family == AF_UNIX;
    if (!receiver && local) return sender.state == SimSocket::State::connected ? -ECONNREFUSED : -ENOENT;
    if (!receiver) {
        if (sender.state == SimSocket::State::connected) {
            sender.error = ECONNREFUSED;  // ICMP: port unreachable
            touch(sender);
        }
        return size;
    }
    if (!has_room(*receiver)) {
        if (!local) return size;
        receiver->blocked.push_back(sender.fd);
        return -EAGAIN;
    }
    receiver->datagrams.push_back({std::move(data), std::move(from)});
    receiver->datagram_bytes += static_cast<std::size_t>(size);
    touch(*receiver);
    return size;
}

int SimNetwork::send_message(int fd, const msghdr& message) {
    SimSocket* socket = find(fd);
    if (!socket) return -EBADF;
    std::string data;
    for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
        data.append(static_cast<const char*>(message.msg_iov[i].iov_base), message.msg_iov[i].iov_len);
    }
    if (socket->type == SOCK_STREAM) return send(fd, data.data(), data.size());
    if (socket->error != 0) return -std::exchange(socket->error, 0);
    if (data.size() > (socket->family == AF_UNIX ? kLargestUnix : kLargestUdp)) return -EMSGSIZE;
    if (!message.msg_name) {
        if (socket->state != SimSocket::State::connected)
            return socket->family == AF_UNIX ? -ENOTCONN : -EDESTADDRREQ;
        return deliver(*socket, socket->remote, std::move(data));
    }
    SimAddress to = SimAddress::decode(static_cast<const sockaddr*>(message.msg_name), message.msg_namelen);
    if (to.family != socket->family) return -EAFNOSUPPORT;
    if (to.wildcard()) to.host = SimAddress::loopback_host(to.family);
    if (!to.loopback()) return -ENETUNREACH;
    if (const int error = assign_source(*socket)) return error;
    return deliver(*socket, to, std::move(data));
}

int SimNetwork::receive_message(int fd, msghdr& message, int flags) {
    SimSocket* socket = find(fd);
    if (!socket) return -EBADF;
    if (socket->type == SOCK_DGRAM) return take_datagram(*socket, message, flags);
    message.msg_namelen = 0;
    if (message.msg_iovlen == 0) return 0;
    const iovec& piece = message.msg_iov[0];
    if ((flags & MSG_PEEK) == 0 || socket->inbox.empty()) {
        return receive(fd, static_cast<char*>(piece.iov_base), piece.iov_len);
    }
    const std::size_t count = std::min(piece.iov_len, socket->inbox.size());
    std::memcpy(piece.iov_base, socket->inbox.data(), count);
    return static_cast<int>(count);
}

int SimNetwork::take_datagram(SimSocket& socket, msghdr& message, int flags) {
    if (socket.error != 0) return -std::exchange(socket.error, 0);
    if (socket.datagrams.empty()) return -EAGAIN;
    const SimDatagram datagram = std::move(socket.datagrams.front());
    socket.datagrams.pop_front();
    socket.datagram_bytes -= datagram.data.size();
    for (const int fd : std::exchange(socket.blocked, {})) changed.push_back(fd);
    std::size_t copied = 0;
    for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
        const iovec& piece = message.msg_iov[i];
        const std::size_t count = std::min(piece.iov_len, datagram.data.size() - copied);
        std::memcpy(piece.iov_base, datagram.data.data() + copied, count);
        copied += count;
    }
    message.msg_flags = copied < datagram.data.size() ? MSG_TRUNC : 0;
    if (message.msg_name) {
        sockaddr_storage from;
        socklen_t length = 0;
        datagram.from.encode(from, length);
        if (datagram.from.family == AF_UNIX && datagram.from.host.empty()) length = 0;  // a sender without a name
        std::memcpy(message.msg_name, &from, std::min<std::size_t>(length, message.msg_namelen));
        message.msg_namelen = length;
    }
    return static_cast<int>((flags & MSG_TRUNC) ? datagram.data.size() : copied);
}

// As poll(2) has it: a socket that is not connected is always writable, AF_UNIX too, although a send may not go through.
bool SimNetwork::datagrams_writable(const SimSocket& socket) {
    if (socket.family != AF_UNIX || socket.state != SimSocket::State::connected || socket.error != 0) return true;
    SimSocket* receiver = receiver_at(socket.remote, socket.local);
    if (!receiver || has_room(*receiver)) return true;
    std::vector<int>& waiting = receiver->blocked;
    try {
        if (std::find(waiting.begin(), waiting.end(), socket.fd) == waiting.end()) waiting.push_back(socket.fd);
    } catch (const std::bad_alloc&) {
        return true;  // the send finds out
    }
    return false;
}

void SimNetwork::close_datagrams(SimSocket& socket) {
    for (const int fd : std::exchange(socket.blocked, {})) changed.push_back(fd);
}

int SimNetwork::get_option(int fd, int level, int option, void* value, socklen_t& length) noexcept {
    SimSocket* socket = find(fd);
    if (!socket) return -EBADF;
    if (level != SOL_SOCKET || length < sizeof(int)) return -ENOPROTOOPT;
    int answer = 0;
    switch (option) {
        case SO_ERROR: answer = std::exchange(socket->error, 0); break;
        case SO_TYPE: answer = socket->type; break;
        case SO_DOMAIN: answer = socket->family; break;
        default: return -ENOPROTOOPT;
    }
    std::memcpy(value, &answer, sizeof answer);
    length = sizeof answer;
    return 0;
}

}  // namespace aio::detail
