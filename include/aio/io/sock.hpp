// Calls on sockets of one's own: asyncio's loop.sock_recv(), sock_sendall(), sock_connect()... for descriptors that the
// program has opened, and closes.
//
//     const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
//     co_await aio::sock_connect(fd, {"127.0.0.1", 8080});
//     co_await aio::sock_sendall(fd, "hello\n");
//     std::string answer = co_await aio::sock_recv(fd, 1024);
//
// Streams and DatagramEndpoint are simpler and faster; these are for sockets that come from elsewhere, or with options
// of their own. They are free functions, not members of EventLoop, and act on the running loop.
//
// Of all of them: each tries at once, and waits only if the socket has nothing, or no room. *Cancel*: the descriptor
// stays as it is, and usable; what a sendall has sent is unknown. *Errors*: OSError and below; ValueError for a descriptor
// that is not non-blocking; RuntimeError for one that a stream or endpoint of this loop owns, or that somebody waits for
// in the same direction already (add_reader() included); std::bad_alloc for a size that there is no memory for.
//
// Thread rule: the loop's thread. Source: selector_events.py, CPython 3.13.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/io/peer_address.hpp>
#include <aio/io/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace aio {

// A descriptor that is closed with this object, as Python's socket objects are.
class Socket {
public:
    Socket() noexcept = default;
    explicit Socket(int fd) noexcept : fd_(fd) {}
    Socket(Socket&& other) noexcept : fd_(other.detach()) {}
    Socket& operator=(Socket other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Socket() { close(); }

    int fileno() const noexcept { return fd_; }  // -1: none
    // Gives the descriptor away: the caller closes it.
    int detach() noexcept { return std::exchange(fd_, -1); }
    void close() noexcept;

private:
    int fd_ = -1;
};

// At most `size` bytes; empty when the peer has ended its direction.
Coro<std::string> sock_recv(int fd, std::size_t size);
// The same into memory of the caller's, which must outlive the call: how many bytes.
Coro<std::size_t> sock_recv_into(int fd, std::span<char> buffer);
// A datagram, of which no more than `size` bytes are kept, and where it came from.
Coro<std::pair<std::string, Address>> sock_recvfrom(int fd, std::size_t size);
// The same into the caller's memory, or its first `size` bytes if that is not 0.
Coro<std::pair<std::size_t, Address>> sock_recvfrom_into(int fd, std::span<char> buffer, std::size_t size = 0);

// Sends all of it. Pass std::move(text) to save the copy.
Coro<> sock_sendall(int fd, std::string data);
// Sends a datagram: how many bytes. Errors: also ValueError for an address that is not numeric.
Coro<std::size_t> sock_sendto(int fd, std::string data, AddressView to);

// Connects to an address; a host that is a name is looked up first, and the first address of the socket's family taken.
// Cancel: the attempt goes on in the kernel. Errors: also ConnectionRefusedError, TimeoutError; GaiError.
Coro<> sock_connect(int fd, AddressView to);

// Accepts a connection, non-blocking and close-on-exec, from a listening socket. Cancel: no connection is lost.
Coro<std::pair<Socket, Address>> sock_accept(int fd);

// Sends a file, from `offset` on, `count` bytes or all there are: how many, fewer when the file ends before. The kernel
// copies, the data do not pass through this process; what it cannot copy so is read and sent, on a thread of the default
// executor, if `fallback` allows. The file's position is then where sending ended, also after an error or a cancel.
// Errors: also SendfileNotAvailableError without a fallback; ValueError for a socket that is no stream, a count of 0.
Coro<std::size_t> sock_sendfile(int fd, int file, std::uint64_t offset = 0,
                                std::optional<std::size_t> count = std::nullopt, bool fallback = true);

// Makes a stream of a connection that was accepted (or connected) elsewhere, and takes its descriptor over. With ssl it
// is the server of the handshake, which is waited for; with a server_hostname, even an empty one, the client.
// Errors: ValueError for what is no stream socket; RuntimeError when a stream owns it; OSError: it stays the caller's
// then. With ssl, as open_connection().
Coro<StreamPair> connect_accepted_socket(int fd, ConnectionOptions options = {});

}  // namespace aio
