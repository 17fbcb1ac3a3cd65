// Datagrams: UDP and AF_UNIX sockets that send and receive whole messages.
//
//     aio::DatagramEndpoint endpoint = co_await aio::create_datagram_endpoint({.local_addr = {"127.0.0.1", 9999}});
//     while (true) {
//         auto [data, addr] = co_await endpoint.recvfrom();
//         endpoint.sendto(data, addr);
//     }
//
// asyncio returns a transport and calls a protocol. Here the endpoint itself is awaited; for callback-style code, pass
// a DatagramProtocol.
//
// Received datagrams are buffered up to a limit; beyond it the kernel fills its own buffer and drops the rest (AF_UNIX:
// senders wait). Datagrams arrive whole, up to 64 KiB: a longer one, which only AF_UNIX allows, is dropped and reported
// as OSError(EMSGSIZE). An empty datagram is received like any other.
//
// Errors that the network reports (no listener at the remote address, no route) concern single datagrams and do not end
// the endpoint: the next recvfrom() throws them, once.
//
// Thread rule: the loop's thread. Source: _SelectorDatagramTransport and create_datagram_endpoint, CPython 3.13.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/io/datagram_awaiters.hpp>
#include <aio/io/peer_address.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace aio {

// A datagram socket of the running loop: asyncio's DatagramTransport. A handle: copies name the same endpoint. When the
// last one is dropped, an open endpoint is closed as by close(), unless a protocol uses it.
class DatagramEndpoint {
public:
    explicit DatagramEndpoint(detail::DatagramRef core) noexcept : core_(std::move(core)) {}

    // The next datagram and its sender. *Resumes* in the pass after its arrival; without suspending, if one is
    // buffered. *Cancel*: no datagram is lost.
    // *Errors*: ConnectionRefusedError and other OSErrors that the network reported since; ConnectionAbortedError when
    // the endpoint is closed; RuntimeError while another task waits here, or if a protocol receives.
    detail::Receive<std::pair<std::string, Address>> recvfrom() const {
        return detail::Receive<std::pair<std::string, Address>>(core_);
    }
    // The same without a copy: the view is valid until the next receive, and as long as a handle exists. A server that
    // replies to `from` allocates nothing.
    detail::Receive<DatagramView> recvfrom_view() const { return detail::Receive<DatagramView>(core_); }
    // The same for a loop: `while (auto datagram = co_await endpoint.next()) ...`. nullopt when the endpoint is closed.
    detail::Receive<std::optional<DatagramView>> next() const {
        return detail::Receive<std::optional<DatagramView>>(core_);
    }

    // Sends one datagram. Never waits: a datagram that the socket does not take now is buffered and sent later, in
    // order; drain() waits for that. Without an address it is sent to remote_addr; with one, that must be remote_addr,
    // if there is one. IPv4 addresses may be used on IPv6 sockets. Later errors are thrown by recvfrom(). After close()
    // the datagram is dropped.
    // Errors: ValueError without an address, for another one than remote_addr, or one that is not numeric;
    // std::bad_alloc, and nothing was sent.
    void sendto(std::string_view data) const;
    void sendto(std::string_view data, const Address& to) const;
    void sendto(std::string_view data, const PeerAddress& to) const;

    // Waits until the buffer of unsent datagrams is below its low-water mark, if it was above the high one; else does
    // not suspend. Errors: ConnectionResetError once the endpoint is closed.
    detail::DatagramWait drain() const { return detail::DatagramWait(core_, false); }

    // Sends the buffered datagrams, then closes. Receiving ends at once.
    void close() const;
    // Closes now; buffered datagrams are dropped.
    void abort() const;
    // Whether close() or abort() was called, or an error ended it.
    bool is_closing() const noexcept;
    // Waits until it is closed and its descriptor is closed. Errors: the error that ended it, if there was one.
    detail::DatagramWait wait_closed() const { return detail::DatagramWait(core_, true); }

    // The socket's own address and that of remote_addr. sockname() is empty once closed,
    // peername() without remote_addr.
    Address sockname() const;
    Address peername() const;
    int fileno() const noexcept;  // -1 once closed

    // The size of the buffered datagrams in bytes, plus 8 for each, so that empty ones count.
    std::size_t get_write_buffer_size() const noexcept;
    // The sizes at which drain() begins to wait, and returns. Default: 64 KiB and a quarter of it.
    void set_write_buffer_limits(std::size_t high = detail::kDatagramHighWater,
                                 std::optional<std::size_t> low = std::nullopt) const;

    // Options of the socket: multicast groups, buffer sizes, hop limits. Errors: OSError; RuntimeError once closed.
    // setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, ip_mreqn{...}), setsockopt(SOL_SOCKET, SO_RCVBUF, 1 << 20).
    template <class T>
        requires(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>)
    void setsockopt(int level, int option, const T& value) const {
        set_option(level, option, &value, sizeof value);
    }
    template <class T = int>
        requires std::is_trivially_copyable_v<T>
    T getsockopt(int level, int option) const {
        T value{};
        get_option(level, option, &value, sizeof value);
        return value;
    }

    // For the library: the state behind the handle.
    const detail::DatagramRef& core() const noexcept { return core_; }

private:
    void set_option(int level, int option, const void* value, std::size_t size) const;
    void get_option(int level, int option, void* value, std::size_t size) const;

    detail::DatagramRef core_;
};

// Callbacks of an endpoint, as asyncio.DatagramProtocol: called by the loop, in the context in which the endpoint was
// created. An exception of a callback is reported to the loop's exception handler.
class DatagramProtocol {
public:
    virtual ~DatagramProtocol() = default;

    // Called before create_datagram_endpoint() returns, which rethrows an exception of it.
    virtual void connection_made(DatagramEndpoint transport) { static_cast<void>(transport); }
    // One datagram. `data` is valid during the call.
    virtual void datagram_received(std::string_view data, const PeerAddress& from) = 0;
    // A send or receive failed with an OSError; the endpoint stays open.
    virtual void error_received(std::exception_ptr error) { static_cast<void>(error); }
    // The endpoint is closed; null: by close() or abort(). Called once, as the last one; not
    // called when the loop closes first.
    virtual void connection_lost(std::exception_ptr error) { static_cast<void>(error); }
    // The buffer of unsent datagrams is above its high-water mark; it is below its low-water mark again.
    virtual void pause_writing() {}
    virtual void resume_writing() {}
};

// The options of create_datagram_endpoint(). Trivially destructible, so that `{.local_addr = ...}` is safe inside a
// co_await expression on g++ 12.
struct DatagramOptions {
    AddressView local_addr = {};   // bound to: {"", 9999} is every interface, port 0 one that is free
    AddressView remote_addr = {};  // the target of sendto(data), and the only accepted sender
    int family = 0;                // AF_INET, AF_INET6: of several addresses only these; needed without an address
    bool reuse_port = false;       // SO_REUSEPORT: several sockets share one port
    bool allow_broadcast = false;  // SO_BROADCAST; the socket is then not connected to remote_addr, and hears all
    int sock = -1;                 // a datagram socket to take over, instead of all of the above
    std::size_t receive_limit = 256 * 1024;  // kept until received, in bytes with some 120 for each datagram
};

// Opens a datagram socket. loop.create_datagram_endpoint. Names are looked up; of several addresses the first that
// works is used. A path makes it an AF_UNIX socket; a stale socket there is replaced, and the path stays when the
// endpoint closes, as in asyncio.
// Cancel: the socket is closed. Errors: OSError; GaiError; ValueError without address and family, for a remote and a
// local address of different families, an invalid port, or a `sock` that is no datagram socket (it stays the caller's).
Coro<DatagramEndpoint> create_datagram_endpoint(DatagramOptions options = {});
// The protocol is kept until connection_lost() was called; the endpoint stays open until close() even without a handle.
Coro<DatagramEndpoint> create_datagram_endpoint(std::shared_ptr<DatagramProtocol> protocol,
                                                DatagramOptions options = {});

}  // namespace aio
