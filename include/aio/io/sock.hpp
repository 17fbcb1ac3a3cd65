// Calls on sockets of the program: asyncio's loop.sock_recv(), sock_sendall(), sock_connect()... for descriptors that
// the program itself opens and closes.
//
//     const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
//     co_await aio::sock_connect(fd, {"127.0.0.1", 8080});
//     co_await aio::sock_sendall(fd, "hello\n");
//     std::string answer = co_await aio::sock_recv(fd, 1024);
//
// Streams and DatagramEndpoint are simpler and faster; these are for sockets that other code has made, or with special
// options. They are free functions, not members of EventLoop, and act on the running loop.
//
// Of all of them: each tries the system call at once, and waits only if that would block. *Cancel*: the descriptor
// stays open and usable; it is unknown how much a sendall has sent. *Errors*: OSError and below; ValueError for a
// descriptor that is not non-blocking; RuntimeError for one that a stream or endpoint of this loop owns, or that is
// waited for in the same direction already (add_reader() included); std::bad_alloc for a size
// that there is no memory for.
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
    // Owns `fd`.
    explicit Socket(int fd) noexcept : fd_(fd) {}
    Socket(Socket&& other) noexcept : fd_(other.detach()) {}
    Socket& operator=(Socket other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Socket() { close(); }

    int fileno() const noexcept { return fd_; }  // -1: none
    // Hands the descriptor to the caller, who closes it.
    int detach() noexcept { return std::exchange(fd_, -1); }
    // Closes the descriptor now, if there is one.
    void close() noexcept;

private:
    int fd_ = -1;
};

// Receives at most `size` bytes; empty when the peer has finished sending. loop.sock_recv.
Coro<std::string> sock_recv(int fd, std::size_t size);
// The same into `buffer`, which must outlive the call. loop.sock_recv_into. Result: the number of bytes.
Coro<std::size_t> sock_recv_into(int fd, std::span<char> buffer);
// Receives a datagram, of which no more than `size` bytes are kept. loop.sock_recvfrom.
// Result: the bytes and the sender.
Coro<std::pair<std::string, Address>> sock_recvfrom(int fd, std::size_t size);
// The same into `buffer`, or its first `size` bytes if that is not 0. loop.sock_recvfrom_into. Result: the number of
// bytes and the sender.
Coro<std::pair<std::size_t, Address>> sock_recvfrom_into(int fd, std::span<char> buffer, std::size_t size = 0);

// Sends all of `data`. Pass std::move(text) to save the copy. loop.sock_sendall.
Coro<> sock_sendall(int fd, std::string data);
// Sends a datagram. loop.sock_sendto. Result: the number of bytes. Errors: also ValueError for an
// address that is not numeric.
Coro<std::size_t> sock_sendto(int fd, std::string data, AddressView to);

// Connects to an address; a host that is a name is looked up first, and the first address of the socket's family taken.
// loop.sock_connect. Cancel: the kernel continues the attempt. Errors: also
// ConnectionRefusedError, TimeoutError; GaiError.
Coro<> sock_connect(int fd, AddressView to);

// Accepts a connection, non-blocking and close-on-exec, from a listening socket. loop.sock_accept. Result: the
// connection and the address of the peer. Cancel: no connection is lost.
Coro<std::pair<Socket, Address>> sock_accept(int fd);

// Sends `count` bytes of a file from `offset` on, or all up to its end. loop.sock_sendfile. Result: the number of
// bytes, fewer than `count` when the file ends before. The kernel copies, and the data do not pass through this
// process; where it cannot, they are read on a thread of the default executor and sent, if `fallback` is true.
// Afterwards the position of the file is where sending ended, also after an error or a cancellation.
// Errors: also SendfileNotAvailableError without a fallback; ValueError for a socket that is no stream, a count of 0.
Coro<std::size_t> sock_sendfile(int fd, int file, std::uint64_t offset = 0,
                                std::optional<std::size_t> count = std::nullopt, bool fallback = true);

// Makes a stream of a connection that other code has accepted (or connected), and takes over its descriptor. With ssl
// it waits for the handshake, as the server, or with a server_hostname, even an empty one, as the client.
// Errors: ValueError for a descriptor that is no stream socket; RuntimeError when a stream owns it; OSError: it then
// stays the caller's. With ssl, as open_connection().
Coro<StreamPair> connect_accepted_socket(int fd, ConnectionOptions options = {});

}  // namespace aio
