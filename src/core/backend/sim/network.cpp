// Simulated sockets: their addresses, opening and binding, connections and the bytes in them. No clock and no waiting:
// sim_backend.cpp has both. datagrams.cpp has datagrams, sendmsg and recvmsg, and getsockopt.
#include "core/backend/sim/network.hpp"

#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace aio::detail {

// --- addresses ---------------------------------------------------------------------------------------------

SimAddress SimAddress::decode(const sockaddr* address, socklen_t length) {
    union {  // a copy: in a buffer an address may stand anywhere
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
        sockaddr_un path;
    } copy = {};
    std::memcpy(&copy, address, std::min<std::size_t>(length, sizeof copy));
    SimAddress result;
    result.family = copy.any.sa_family;
    if (result.family == AF_INET) {
        const sockaddr_in& v4 = copy.v4;
        result.port = ntohs(v4.sin_port);
        result.host.assign(reinterpret_cast<const char*>(&v4.sin_addr), sizeof v4.sin_addr);
    } else if (result.family == AF_INET6) {
        const sockaddr_in6& v6 = copy.v6;
        result.port = ntohs(v6.sin6_port);
        result.host.assign(reinterpret_cast<const char*>(&v6.sin6_addr), sizeof v6.sin6_addr);
    } else if (result.family == AF_UNIX) {
        const sockaddr_un& path = copy.path;
        result.host.assign(path.sun_path, length - offsetof(sockaddr_un, sun_path));
        if (!result.host.empty() && result.host.back() == '\0') result.host.pop_back();
    }
    return result;
}

void SimAddress::encode(sockaddr_storage& address, socklen_t& length) const noexcept {
    std::memset(&address, 0, sizeof address);
    address.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET) {
        auto& v4 = reinterpret_cast<sockaddr_in&>(address);
        v4.sin_port = htons(port);
        std::memcpy(&v4.sin_addr, host.data(), std::min(host.size(), sizeof v4.sin_addr));
        length = sizeof v4;
    } else if (family == AF_INET6) {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
        v6.sin6_port = htons(port);
        std::memcpy(&v6.sin6_addr, host.data(), std::min(host.size(), sizeof v6.sin6_addr));
        length = sizeof v6;
    } else {
        auto& path = reinterpret_cast<sockaddr_un&>(address);
        std::memcpy(path.sun_path, host.data(), std::min(host.size(), sizeof path.sun_path));
        length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + host.size() + (host.empty() ? 0 : 1));
    }
}

bool SimAddress::wildcard() const noexcept {
    return family != AF_UNIX && std::all_of(host.begin(), host.end(), [](char byte) { return byte == 0; });
}

std::string SimAddress::loopback_host(int family) {
    if (family == AF_INET) return std::string("\x7f\0\0\1", 4);
    std::string host(family == AF_INET6 ? 16 : 0, '\0');
    if (!host.empty()) host.back() = 1;
    return host;
}

bool SimAddress::loopback() const {
    if (family == AF_INET) return host[0] == 127;
    return family == AF_UNIX || host == loopback_host(AF_INET6);
}

// --- opening and naming ------------------------------------------------------------------------------------

SimSocket* SimNetwork::find(int fd) noexcept {
    const auto found = sockets_.find(fd);
    return found == sockets_.end() ? nullptr : found->second.get();
}

int SimNetwork::open(int family, int type) {
    type &= 0xf;
    if (type != SOCK_STREAM && type != SOCK_DGRAM) return -ESOCKTNOSUPPORT;
    if (family != AF_INET && family != AF_INET6 && family != AF_UNIX) return -EAFNOSUPPORT;
    auto socket = std::make_unique<SimSocket>();
    socket->fd = next_fd_;
    socket->type = type;
    socket->family = socket->local.family = family;
    sockets_.emplace(next_fd_, std::move(socket));
    return next_fd_++;
}

bool SimNetwork::in_use(const SimSocket& socket, const SimAddress& address) const {
    return std::any_of(bound_.begin(), bound_.end(), [&](int fd) {
        const SimSocket& other = *sockets_.at(fd);
        if (other.type != socket.type || other.local.family != address.family || other.local.port != address.port)
            return false;
        if (other.reuse_port && socket.reuse_port) return false;
        return other.local.host == address.host || other.local.wildcard() || address.wildcard();
    });
}

int SimNetwork::assign_port(SimSocket& socket) {
    for (int tries = 0; tries < 16384; ++tries) {
        socket.local.port = next_port_;
        next_port_ = next_port_ == 65535 ? std::uint16_t{49152} : static_cast<std::uint16_t>(next_port_ + 1);
        if (!in_use(socket, socket.local)) return 0;
    }
    return -EADDRINUSE;
}

int SimNetwork::bind(int fd, const sockaddr* address, socklen_t length) {
    SimSocket* socket = find(fd);
    if (!socket) return -EBADF;
    if (socket->bound) return -EINVAL;
    SimAddress wanted = SimAddress::decode(address, length);
    if (wanted.family != socket->family) return -EAFNOSUPPORT;
    if (!wanted.wildcard() && !wanted.loopback()) return -EADDRNOTAVAIL;
    const bool any_port = wanted.family != AF_UNIX && wanted.port == 0;
    if (!any_port && in_use(*socket, wanted)) return -EADDRINUSE;
    socket->local = std::move(wanted);
    if (any_port) {
        if (const int error = assign_port(*socket)) return error;
    }
    socket->bound = true;
    bound_.push_back(fd);
    return 0;
}

int SimNetwork::set_option(int fd, int level, int option, const void* value, socklen_t length) noexcept {
    SimSocket* socket = find(fd);
    if (!socket) return -EBADF;
    if (level == SOL_SOCKET && option == SO_REUSEPORT && length >= sizeof(int)) {
        socket->reuse_port = *static_cast<const int*>(value) != 0;
    } else if (level == SOL_SOCKET && option == SO_LINGER && length >= sizeof(linger)) {
        const auto& given = *static_cast<const linger*>(value);
        socket->linger_zero = given.l_onoff != 0 && given.l_linger == 0;
    }
    return 0;
}

int SimNetwork::local_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept {
    const SimSocket* socket = find(fd);
    if (!socket) return -EBADF;
    socket->local.encode(address, length);
    return 0;
}

int SimNetwork::peer_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept {
    const SimSocket* socket = find(fd);
    if (!socket) return -EBADF;
    if (socket->state != SimSocket::State::connected || socket->broken) return -ENOTCONN;
    socket->remote.encode(address, length);
    return 0;
}

// --- connections -------------------------------------------------------------------------------------------

int SimNetwork::listen(int fd, int backlog) {
    SimSocket* socket = find(fd);
    if (!socket) return -EBADF;
    if (socket->type != SOCK_STREAM) return -EOPNOTSUPP;
    if (!socket->bound) return -EINVAL;
    socket->state = SimSocket::State::listening;
    socket->backlog_limit = static_cast<std::size_t>(std::max(backlog, 1));
    return 0;
}

SimSocket* SimNetwork::listener_at(const SimAddress& address) {
    for (const int fd : bound_) {
        SimSocket& socket = *sockets_.at(fd);
        if (socket.state != SimSocket::State::listening || socket.local.family != address.family ||
            socket.local.port != address.port) {
            continue;
        }
        if (socket.local.host == address.host || socket.local.wildcard()) return &socket;
    }
    return nullptr;
}

int SimNetwork::connect(int fd, const sockaddr* address, socklen_t length) {
    SimSocket* socket = find(fd);
    if (!socket) return -EBADF;
    if (socket->state == SimSocket::State::connected && socket->type == SOCK_STREAM) return -EISCONN;
    socket->remote = SimAddress::decode(address, length);
    if (socket->remote.family != socket->family) return -EAFNOSUPPORT;
    if (socket->remote.wildcard()) socket->remote.host = SimAddress::loopback_host(socket->family);
    if (!socket->remote.loopback()) return -ENETUNREACH;
    if (socket->type == SOCK_DGRAM) return connect_datagrams(*socket);
    SimSocket* listener = listener_at(socket->remote);
    if (!listener) return socket->family == AF_UNIX ? -ENOENT : -ECONNREFUSED;
    if (!socket->bound && socket->family != AF_UNIX) {
        socket->local.host = SimAddress::loopback_host(socket->family);
        if (const int error = assign_port(*socket)) return error;
    }
    if (listener->backlog.size() >= listener->backlog_limit) {
        socket->state = SimSocket::State::connecting;
        listener->waiting.push_back(fd);
        return -EINPROGRESS;
    }
    establish(*socket, *listener);
    return 0;
}

void SimNetwork::establish(SimSocket& client, SimSocket& listener) {
    const int fd = open(listener.family, SOCK_STREAM);
    SimSocket& server = *find(fd);
    server.local = client.remote;
    server.remote = client.local;
    server.other = client.fd;
    server.state = client.state = SimSocket::State::connected;
    client.other = fd;
    listener.backlog.push_back(fd);
    touch(listener);
    touch(client);
}

int SimNetwork::connected(int fd) noexcept {
    const SimSocket* socket = find(fd);
    if (!socket) return -EBADF;
    switch (socket->state) {
        case SimSocket::State::connecting: return -EAGAIN;
        case SimSocket::State::refused: return -ECONNREFUSED;
        default: return 0;
    }
}

int SimNetwork::accept(int fd) {
    SimSocket* listener = find(fd);
    if (!listener) return -EBADF;
    if (listener->state != SimSocket::State::listening) return -EINVAL;
    if (listener->backlog.empty()) return -EAGAIN;
    const int accepted = listener->backlog.front();
    listener->backlog.pop_front();
    while (!listener->waiting.empty() && listener->backlog.size() < listener->backlog_limit) {
        SimSocket* client = find(listener->waiting.front());
        listener->waiting.pop_front();
        if (client) establish(*client, *listener);
    }
    return accepted;
}

void SimNetwork::stop_listening(SimSocket& listener) {
    listener.state = SimSocket::State::fresh;
    std::erase(bound_, listener.fd);
    for (const int fd : std::exchange(listener.waiting, {})) {
        SimSocket* client = find(fd);
        if (!client) continue;
        client->state = SimSocket::State::refused;
        touch(*client);
    }
    for (const int fd : std::exchange(listener.backlog, {})) {
        if (SimSocket* socket = find(fd)) socket->linger_zero = true;
        close(fd);
    }
    touch(listener);
}

// --- data --------------------------------------------------------------------------------------------------

int SimNetwork::receive(int fd, char* buffer, std::size_t size) {
    SimSocket* socket = find(fd);
    if (!socket) return -EBADF;
    if (!socket->inbox.empty()) {
        const std::size_t count = std::min(size, socket->inbox.size());
        std::memcpy(buffer, socket->inbox.data(), count);
        socket->inbox.erase(0, count);
        if (SimSocket* other = find(socket->other)) touch(*other);  // room for more
        return static_cast<int>(count);
    }
    if (socket->error != 0) return -std::exchange(socket->error, 0);
    if (socket->end_of_inbox || socket->broken) return 0;
    return socket->state == SimSocket::State::connected ? -EAGAIN : -ENOTCONN;
}

int SimNetwork::send(int fd, const char* data, std::size_t size) {
    SimSocket* socket = find(fd);
    if (!socket) return -EBADF;
    if (socket->state != SimSocket::State::connected) return -ENOTCONN;
    if (socket->error != 0) return -std::exchange(socket->error, 0);
    if (socket->write_shut || socket->broken) return -EPIPE;
    SimSocket* other = find(socket->other);
    if (!other) {
        if (socket->family == AF_UNIX) return -EPIPE;
        reset(*socket);  // TCP learns it only now
        return static_cast<int>(size);
    }
    const std::size_t room = kBuffer - std::min(kBuffer, other->inbox.size());
    const std::size_t count = std::min(size, room);
    if (count == 0) return -EAGAIN;
    other->inbox.append(data, count);
    touch(*other);
    return static_cast<int>(count);
}

void SimNetwork::reset(SimSocket& socket) {
    socket.broken = true;
    socket.error = ECONNRESET;
    socket.other = -1;
    touch(socket);
}

int SimNetwork::shutdown(int fd, int how) {
    SimSocket* socket = find(fd);
    if (!socket) return -EBADF;
    if (socket->state == SimSocket::State::listening) return stop_listening(*socket), 0;
    if (socket->state != SimSocket::State::connected) return -ENOTCONN;
    if (how != SHUT_RD) {
        socket->write_shut = true;
        if (SimSocket* other = find(socket->other)) {
            other->end_of_inbox = true;
            touch(*other);
        }
    }
    if (how != SHUT_WR) socket->end_of_inbox = true;
    touch(*socket);
    return 0;
}

void SimNetwork::close(int fd) {
    SimSocket* socket = find(fd);
    if (!socket) return;
    if (socket->state == SimSocket::State::listening) stop_listening(*socket);
    if (socket->type == SOCK_DGRAM) close_datagrams(*socket);
    if (SimSocket* other = find(socket->other)) {
        other->other = -1;
        other->end_of_inbox = true;
        if (socket->linger_zero || !socket->inbox.empty()) {
            reset(*other);
        } else {
            touch(*other);
        }
    }
    std::erase(bound_, fd);
    sockets_.erase(fd);
}

bool SimNetwork::readable(int fd) noexcept {
    const SimSocket* socket = find(fd);
    if (!socket) return true;
    if (socket->type == SOCK_DGRAM) return !socket->datagrams.empty() || socket->error != 0;
    if (socket->state == SimSocket::State::listening) return !socket->backlog.empty();
    return !socket->inbox.empty() || socket->end_of_inbox || socket->broken ||
           socket->state != SimSocket::State::connected;
}

bool SimNetwork::writable(int fd) noexcept {
    SimSocket* socket = find(fd);
    if (!socket) return true;
    if (socket->type == SOCK_DGRAM) return datagrams_writable(*socket);
    if (socket->state == SimSocket::State::connecting) return false;
    const SimSocket* other = find(socket->other);
    return !other || socket->write_shut || other->inbox.size() < kBuffer;
}

std::unique_ptr<SimSockets> make_sim_network() { return std::make_unique<SimNetwork>(); }

}  // namespace aio::detail
