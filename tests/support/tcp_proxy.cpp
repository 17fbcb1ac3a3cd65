#include "support/tcp_proxy.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <random>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace aio::test {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr std::size_t kMostQueued = 65'536;  // then the sender is not read
constexpr std::string_view kCancelRequest("\0\0\0\x10\x04\xd2\x16\x2e", 8);

sockaddr_in local(int port) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

void send_at_once(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

struct Piece {
    Clock::time_point due;
    std::string bytes;
};

// What goes from one end to the other.
struct Direction {
    int from, to;
    bool from_server;
    std::deque<Piece> queue = {};
    std::size_t queued = 0;
    Clock::time_point last_due = {};
    bool at_end = false;  // `from` has finished sending
    bool ended = false;   // so does `to` know
};

}  // namespace

struct TcpProxy::Link {
    Link(int client_fd, int server_fd, std::uint64_t link_number)
        : client(client_fd), server(server_fd), number(link_number) {}

    detail::UniqueFd client, server;
    std::uint64_t number;
    Direction up{client.get(), server.get(), false};
    Direction down{server.get(), client.get(), true};
    std::string first_bytes = {};  // of the client, until it is known whether they are a cancel request
    bool is_cancel = false;
    bool is_dead = false;
    std::int64_t left = -1;  // bytes from the server until it is cut

    // Both ends get a reset.
    void cut() {
        const linger at_once = {1, 0};
        ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        ::setsockopt(server.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        is_dead = true;
    }
};

TcpProxy::TcpProxy(int server_port)
    : server_port_(server_port),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    sockaddr_in address = local(0);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 128) != 0 ||
        ::getsockname(listener_.get(), generic, &size) != 0) {
        throw std::runtime_error("the tests' proxy cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
}

TcpProxy::~TcpProxy() {
    stopping_ = true;
    ::eventfd_write(wakeup_.get(), 1);
    thread_.join();
}

void TcpProxy::cut_all() {
    cutting_ = true;
    ::eventfd_write(wakeup_.get(), 1);
}

std::vector<TcpProxy::Run> TcpProxy::last_recording() const {
    const std::lock_guard lock(mutex_);
    return recording_;
}

void TcpProxy::accept() {
    const int client = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) return;
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto link = std::make_unique<Link>(client, server, ++newest_);
    const sockaddr_in address = local(server_port_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
    send_at_once(client);
    send_at_once(server);
    link->left = cut_after;
    links_.push_back(std::move(link));
    const std::lock_guard lock(mutex_);
    recording_.clear();
}

void TcpProxy::run() {
    std::minstd_rand random(1);
    std::vector<char> buffer(16'384);
    const auto read = [&](Link& link, Direction& way) {
        const ssize_t count = ::recv(way.from, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (count < 0) return link.cut();
        if (count == 0) {
            way.at_end = true;
            return;
        }
        std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
        if (!way.from_server && link.first_bytes.size() < kCancelRequest.size()) {
            link.first_bytes += bytes.substr(0, kCancelRequest.size() - link.first_bytes.size());
            if (!link.is_cancel && link.first_bytes == kCancelRequest) {
                link.is_cancel = true;
                ++cancels_;
                // The server ends them, which clients learn from this thread.
                const auto is_request = [](const auto& other) {
                    return other->is_cancel && !other->is_dead && !other->down.at_end;
                };
                const int now = static_cast<int>(std::count_if(links_.begin(), links_.end(), is_request));
                most_cancels_ = std::max(most_cancels_.load(), now);
            }
        }
        if (link.number == newest_) {
            const std::lock_guard lock(mutex_);
            if (recording_.empty() || recording_.back().from_server != way.from_server) {
                recording_.push_back({way.from_server, {}});
            }
            recording_.back().bytes += bytes;
        }
        const int most = delay_us;
        microseconds delay(most > 0 ? static_cast<int>(random()) % (most + 1) : 0);
        if (link.is_cancel) delay += microseconds(cancel_delay_us.load());
        way.last_due = std::max(way.last_due, Clock::now() + delay);
        way.queued += bytes.size();
        for (const std::size_t size = piece; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
            way.queue.push_back({way.last_due, std::string(bytes.substr(0, size))});
        }
    };
    const auto write = [](Link& link, Direction& way, Clock::time_point now) {
        while (!way.queue.empty() && way.queue.front().due <= now) {
            Piece& piece = way.queue.front();
            std::string_view bytes = piece.bytes;
            if (way.from_server && link.left >= 0) bytes = bytes.substr(0, static_cast<std::size_t>(link.left));
            const ssize_t count = ::send(way.to, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
            if (count < 0) return link.cut();
            way.queued -= static_cast<std::size_t>(count);
            if (way.from_server && link.left >= 0 && (link.left -= count) == 0) return link.cut();
            piece.bytes.erase(0, static_cast<std::size_t>(count));
            if (piece.bytes.empty()) way.queue.pop_front();
        }
        if (way.at_end && way.queue.empty() && !std::exchange(way.ended, true)) ::shutdown(way.to, SHUT_WR);
    };
    std::vector<pollfd> polled;
    while (!stopping_) {
        polled = {{listener_.get(), POLLIN, 0}, {wakeup_.get(), POLLIN, 0}};
        const Clock::time_point now = Clock::now();
        Clock::time_point next = now + std::chrono::milliseconds(frozen || cancels_frozen ? 5 : 50);
        const auto is_still = [this](const Link& link) { return frozen || (link.is_cancel && cancels_frozen); };
        for (const auto& link : links_) {
            const bool still = is_still(*link);
            for (const Direction* way : {&link->up, &link->down}) {
                short wanted = 0;
                if (!way->at_end && way->queued < kMostQueued && !still) wanted |= POLLIN;
                polled.push_back({way->from, wanted, 0});
                if (way->queue.empty() || still) continue;
                // A full buffer is looked at again soon: that is simple, and these are tests.
                next = std::min(next, std::max(way->queue.front().due, now + microseconds(100)));
            }
        }
        const auto wait = std::chrono::duration_cast<std::chrono::nanoseconds>(next - now);
        const timespec timeout = {0, static_cast<long>(wait.count())};
        ::ppoll(polled.data(), polled.size(), &timeout, nullptr);
        const bool cuts = cutting_.exchange(false);
        std::size_t at = 2;
        for (const auto& link : links_) {
            const bool still = is_still(*link);
            for (Direction* way : {&link->up, &link->down}) {
                const short seen = polled[at++].revents;
                if (still || link->is_dead) continue;
                if (!way->at_end && (seen & (POLLIN | POLLHUP | POLLERR)) != 0 && way->queued < kMostQueued) {
                    read(*link, *way);
                }
                write(*link, *way, Clock::now());
            }
            if (cuts) link->cut();
        }
        const auto is_over = [](const auto& link) { return link->is_dead || (link->up.ended && link->down.ended); };
        std::erase_if(links_, is_over);
        eventfd_t drained = 0;
        if ((polled[1].revents & POLLIN) != 0) ::eventfd_read(wakeup_.get(), &drained);
        if ((polled[0].revents & POLLIN) != 0) accept();
        connections_ = static_cast<int>(links_.size());
    }
    links_.clear();
}

}  // namespace aio::test
