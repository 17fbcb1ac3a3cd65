// The sock_*() calls: each tries at once, and waits in readiness.cpp on EAGAIN. sock_sendfile() is in sendfile.cpp.
// Also connect_accepted_socket(), and adopt_socket(), which servers use too for a socket that was opened elsewhere.
#include <aio/io/sock.hpp>

#include <aio/base/error.hpp>
#include <aio/core/sleep.hpp>

#include "io/address/raw_address.hpp"
#include "io/names/resolve.hpp"
#include "io/sock/readiness.hpp"
#include "io/stream/socket_stream.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace aio {

using detail::Backend;
using detail::LoopState;
using detail::RawAddress;

namespace {

// What every call here needs to know of its socket.
struct Raw {
    Raw(int descriptor, const char* name)
        : loop(LoopState::of(detail::require_loop())), fd(descriptor), function(name) {
        detail::check_raw_socket(loop, fd, function);
    }
    Coro<> readable() const { return detail::wait_until_ready(loop, fd, false, function); }
    Coro<> writable() const { return detail::wait_until_ready(loop, fd, true, function); }
    Backend& backend() const noexcept { return *loop.backend; }
    [[noreturn]] void fail(int result) const {
        throw_os_error(-result, std::string(function) + " of descriptor " + std::to_string(fd));
    }
    int option(int name) const {
        int value = 0;
        socklen_t length = sizeof value;
        if (const int result = backend().get_option(fd, SOL_SOCKET, name, &value, length)) fail(result);
        return value;
    }

    LoopState& loop;
    int fd;
    const char* function;
};

struct Received {
    std::size_t size = 0;
    RawAddress from;
};

// Errors: std::bad_alloc, and no std::length_error for what no string can hold.
std::string room_for(std::size_t size) {
    std::string data;
    if (size > data.max_size()) throw std::bad_alloc();
    data.resize(size);
    return data;
}

// The one receive that all others are made of. `buffer` belongs to the caller.
Coro<Received> receive(const Raw& raw, std::span<char> buffer) {
    Received received;
    while (true) {
        iovec piece{buffer.data(), buffer.size()};
        msghdr message = {};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_name = &received.from.storage;
        message.msg_namelen = sizeof received.from.storage;
        const int result = raw.backend().receive_message(raw.fd, message, 0);
        if (result >= 0) {
            received.size = static_cast<std::size_t>(result);
            received.from.length = message.msg_namelen;
            co_return received;
        }
        if (result != -EAGAIN) raw.fail(result);
        co_await raw.readable();
    }
}

}  // namespace

void Socket::close() noexcept {
    if (fd_ >= 0) ::close(detach());
}

// --- receiving ---------------------------------------------------------------------------------------------

Coro<std::string> sock_recv(int fd, std::size_t size) {
    const Raw raw(fd, "sock_recv");
    std::string data = room_for(size);
    const Received received = co_await receive(raw, data);
    data.resize(received.size);
    co_return data;
}

Coro<std::size_t> sock_recv_into(int fd, std::span<char> buffer) {
    const Raw raw(fd, "sock_recv_into");
    const Received received = co_await receive(raw, buffer);
    co_return received.size;
}

Coro<std::pair<std::string, Address>> sock_recvfrom(int fd, std::size_t size) {
    const Raw raw(fd, "sock_recvfrom");
    std::string data = room_for(size);
    const Received received = co_await receive(raw, data);
    data.resize(received.size);
    co_return std::pair(std::move(data), received.from.decoded());
}

Coro<std::pair<std::size_t, Address>> sock_recvfrom_into(int fd, std::span<char> buffer, std::size_t size) {
    const Raw raw(fd, "sock_recvfrom_into");
    if (size > buffer.size()) throw ValueError("sock_recvfrom_into: the size is greater than the buffer's");
    if (size > 0) buffer = buffer.first(size);
    const Received received = co_await receive(raw, buffer);
    co_return std::pair(received.size, received.from.decoded());
}

// --- sending -----------------------------------------------------------------------------------------------

Coro<> sock_sendall(int fd, std::string data) {
    const Raw raw(fd, "sock_sendall");
    std::size_t sent = 0;
    do {
        const int result = raw.backend().send_now(fd, data.data() + sent, data.size() - sent);
        if (result >= 0) {
            sent += static_cast<std::size_t>(result);
        } else if (result == -EAGAIN) {
            co_await raw.writable();
        } else {
            raw.fail(result);
        }
    } while (sent < data.size());
}

namespace {

Coro<std::size_t> send_datagram(int fd, std::string data, std::string host, int port, std::string path) {
    const Raw raw(fd, "sock_sendto");
    const PeerAddress address(Address{std::move(host), port, std::move(path)});
    iovec piece{data.data(), data.size()};
    msghdr message = {};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_name = const_cast<char*>(address.data());
    message.msg_namelen = static_cast<socklen_t>(address.size());
    while (true) {
        const int result = raw.backend().send_message(fd, message);
        if (result >= 0) co_return static_cast<std::size_t>(result);
        if (result != -EAGAIN) raw.fail(result);
        co_await raw.writable();
    }
}

}  // namespace

// The view need not live until the coroutine runs.
Coro<std::size_t> sock_sendto(int fd, std::string data, AddressView to) {
    return send_datagram(fd, std::move(data), std::string(to.host), to.port, std::string(to.path));
}

// --- connecting and accepting ------------------------------------------------------------------------------

namespace {

Coro<RawAddress> resolved(const Raw& raw, std::string host, int port) {
    detail::check_port(raw.function, port);
    const int family = raw.option(SO_DOMAIN);
    std::vector<RawAddress> all = co_await detail::resolve(host, port, false);
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const RawAddress& a) { return a.family() == family; });
    if (found == all.end()) {
        throw GaiError(EAI_FAMILY, "look up '" + host + "': no address of the socket's family");
    }
    co_return *found;
}

Coro<> connect(int fd, bool is_path, std::string host, int port, std::string path) {
    const Raw raw(fd, "sock_connect");
    RawAddress address;
    if (is_path) {
        address = RawAddress::unix_path(path);
    } else {
        address = co_await resolved(raw, host, port);
    }
    int result = raw.backend().connect_now(fd, address.get(), address.length);
    while (result == -EAGAIN) {  // AF_UNIX: the backlog is full, and no poll tells when it is not
        co_await aio::sleep(std::chrono::milliseconds(5));
        result = raw.backend().connect_now(fd, address.get(), address.length);
    }
    if (result == -EINPROGRESS) {
        co_await raw.writable();
        result = -raw.option(SO_ERROR);
    }
    if (result < 0) throw_os_error(-result, "connect to " + address.str());
}

}  // namespace

Coro<> sock_connect(int fd, AddressView to) {
    return connect(fd, to.is_path() || !to, std::string(to.host), to.port, std::string(to.path));
}

Coro<std::pair<Socket, Address>> sock_accept(int fd) {
    const Raw raw(fd, "sock_accept");
    while (true) {
        RawAddress peer;
        const int result = raw.backend().accept_now(fd, peer.storage, peer.length);
        if (result >= 0) {
            Socket socket(result);
            Address address = peer.decoded();
            co_return std::pair(std::move(socket), std::move(address));
        }
        if (result != -EAGAIN) raw.fail(result);
        co_await raw.readable();
    }
}

namespace {

Coro<StreamPair> adopt_connection(int fd, std::size_t limit, std::shared_ptr<detail::FilterFactory> filter) {
    LoopState& loop = LoopState::of(detail::require_loop());
    if (limit == 0) throw ValueError("connect_accepted_socket: the limit must be positive");
    if (filter) co_await filter->prepare();
    detail::adopt_socket(loop, fd, "connect_accepted_socket: descriptor " + std::to_string(fd));
    detail::StreamRef stream = detail::SocketStream::open(loop, fd, limit);
    if (filter) co_await detail::secure_stream(stream, std::move(filter));
    StreamReader reader(stream);
    co_return StreamPair(std::move(reader), StreamWriter(std::move(stream)));
}

}  // namespace

// The options name a context, which need not live until the coroutine runs.
Coro<StreamPair> connect_accepted_socket(int fd, ConnectionOptions options) {
    return adopt_connection(fd, options.limit,
                            detail::connection_filter(options, std::nullopt, !options.server_hostname));
}

}  // namespace aio
