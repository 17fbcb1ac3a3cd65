#include "support/raw_server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace aio::test {

std::string RawPeer::read(std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
        const ssize_t count = ::recv(fd_, bytes.data() + have, size - have, 0);
        if (count <= 0) break;
        have += static_cast<std::size_t>(count);
    }
    bytes.resize(have);
    return bytes;
}

bool RawPeer::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

void RawPeer::hang() {
    while (!read(1).empty()) {}
}

void RawPeer::reset_at_end() {
    const linger at_once = {1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

RawServer::RawServer(std::function<void(RawPeer&)> serve)
    : serve_(std::move(serve)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 1'024) != 0 ||
        ::getsockname(listener_.get(), generic, &size) != 0) {
        throw std::runtime_error("the tests' server cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
}

RawServer::~RawServer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        for (const int peer : peers_) ::shutdown(peer, SHUT_RDWR);
    }
    ::shutdown(listener_.get(), SHUT_RDWR);  // wakes accept()
    thread_.join();
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return peers_.empty(); });
}

void RawServer::run() {
    for (int number = 0;; ++number) {
        const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
        const std::lock_guard lock(mutex_);
        if (stopping_ || fd < 0) {
            detail::UniqueFd unwanted(fd);
            return;
        }
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        peers_.insert(fd);
        std::thread([this, fd, number] {
            RawPeer peer(fd, number);
            serve_(peer);
            // Under the lock, so that the destructor shuts no other file down, and does not end before it is closed.
            const std::lock_guard closing(mutex_);
            peers_.erase(fd);
            ::close(fd);
            ended_.notify_all();
        }).detach();
    }
}

}  // namespace aio::test
