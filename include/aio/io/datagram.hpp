// Datagrams: UDP and AF_UNIX sockets that send and receive whole messages.
//
//     aio::DatagramEndpoint endpoint = co_await aio::create_datagram_endpoint({.local_addr = {"127.0.0.1", 9999}});
//     while (true) {
//         auto [data, addr] = co_await endpoint.recvfrom();
//         endpoint.sendto(data, addr);
//     }
//
// asyncio gives a transport and calls a protocol. Here the endpoint itself is awaited; who prefers to be called hands in
// a DatagramProtocol.
//
// What arrives is kept until it is received, up to a limit; beyond it the kernel keeps what its buffer holds and drops
// the rest (AF_UNIX: senders wait). Datagrams arrive whole, up to 64 KiB: a longer one, which only AF_UNIX allows, is
// dropped and reported as OSError(EMSGSIZE). Empty datagrams are datagrams.
//
// Errors that the network reports (nobody listens at the remote address, no route) concern single datagrams and do not
// end the endpoint: the next recvfrom() throws them, once.
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

// A handle: copies name the same endpoint. When the last one is gone, an endpoint that is open is closed as close()
// does, unless a protocol uses it.
class DatagramEndpoint {
public:
    explicit DatagramEndpoint(detail::DatagramRef core) noexcept : core_(std::move(core)) {}

    // The next datagram, and where it came from. *Resumes* in the pass after it came; at once, without suspending, when
    // it is there. *Cancel*: no datagram is lost.
    // *Errors*: ConnectionRefusedError and other OSErrors that the network reported since; ConnectionAbortedError when
    // the endpoint is closed; RuntimeError while another task waits here, or if a protocol receives.
    detail::Receive<std::pair<std::string, Address>> recvfrom() const {
        return detail::Receive<std::pair<std::string, Address>>(core_);
    }
    // The same without a copy: the view is valid until the next receive, and as long as a handle exists. A server that
    // answers to `from` allocates nothing.
    detail::Receive<DatagramView> recvfrom_view() const { return detail::Receive<DatagramView>(core_); }
    // The same as a loop: `while (auto datagram = co_await endpoint.next()) ...`. Nothing when the endpoint is closed.
    detail::Receive<std::optional<DatagramView>> next() const {
        return detail::Receive<std::optional<DatagramView>>(core_);
    }

    // Sends one datagram. Never waits: what the socket does not take now is kept and sent later, in order; drain() waits
    // for that. Without an address it goes to remote_addr, which any other address must not contradict. IPv4 addresses
    // may be used on IPv6 sockets. What fails later surfaces in recvfrom(). After close() the datagram is dropped.
    // Errors: ValueError without an address, for another than remote_addr's, or one that is not numeric;
    // std::bad_alloc, and nothing was sent.
    void sendto(std::string_view data) const;
    void sendto(std::string_view data, const Address& to) const;
    void sendto(std::string_view data, const PeerAddress& to) const;

    // Waits until the buffer of unsent datagrams is below its low-water mark, if it was above the high one; else does
    // not suspend. Errors: ConnectionResetError once the endpoint is closed.
    detail::DatagramWait drain() const { return detail::DatagramWait(core_, false); }

    // Sends what is buffered, then closes. Receiving ends at once.
    void close() const;
    // Closes now; what is buffered is dropped.
    void abort() const;
    bool is_closing() const noexcept;
    // Waits until it is closed and its descriptor is gone. Errors: what ended it, if that was a failure.
    detail::DatagramWait wait_closed() const { return detail::DatagramWait(core_, true); }

    // sockname() is empty once closed, peername() without remote_addr.
    Address sockname() const;
    Address peername() const;
    int fileno() const noexcept;  // -1 once closed

    // In bytes, with 8 for each datagram, so that empty ones count. Default: 64 KiB and a quarter of it.
    std::size_t get_write_buffer_size() const noexcept;
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

    const detail::DatagramRef& core() const noexcept { return core_; }

private:
    void set_option(int level, int option, const void* value, std::size_t size) const;
    void get_option(int level, int option, void* value, std::size_t size) const;

    detail::DatagramRef core_;
};

// asyncio's form: an object that is called from the loop, in the context of who created the endpoint. What a callback
// throws goes to the loop's exception handler.
class DatagramProtocol {
public:
    virtual ~DatagramProtocol() = default;

    // Before create_datagram_endpoint() returns; what it throws is thrown there.
    virtual void connection_made(DatagramEndpoint transport) { static_cast<void>(transport); }
    // `data` is valid during the call.
    virtual void datagram_received(std::string_view data, const PeerAddress& from) = 0;
    // A send or receive failed with an OSError; the endpoint goes on.
    virtual void error_received(std::exception_ptr error) { static_cast<void>(error); }
    // The endpoint is closed; null: in good order. Once, and the last call. Not when the loop closes before.
    virtual void connection_lost(std::exception_ptr error) { static_cast<void>(error); }
    // The buffer of unsent datagrams is above its high-water mark; below its low one again.
    virtual void pause_writing() {}
    virtual void resume_writing() {}
};

// Trivially destructible, so that `{.local_addr = ...}` is safe inside a co_await expression on g++ 12.
struct DatagramOptions {
    AddressView local_addr = {};   // bound to: {"", 9999} is every interface, port 0 one that is free
    AddressView remote_addr = {};  // where sendto(data) sends, and the only one that is heard
    int family = 0;                // AF_INET, AF_INET6: of several addresses only these; needed without an address
    bool reuse_port = false;       // SO_REUSEPORT: several sockets share one port
    bool allow_broadcast = false;  // SO_BROADCAST; the socket is then not connected to remote_addr, and hears all
    int sock = -1;                 // a datagram socket to take over, instead of all of the above
    std::size_t receive_limit = 256 * 1024;  // kept until received, in bytes with some 120 for each datagram
};

// Opens a datagram socket. Names are looked up; of several addresses the first that works is used. A path makes it an
// AF_UNIX socket; one that was left behind there is replaced, and the path stays when the endpoint closes, as in asyncio.
// Cancel: the socket is closed. Errors: OSError; GaiError; ValueError for no address and no family, a remote and a
// local address of different families, a port that is none, a `sock` that is none (which stays the caller's).
Coro<DatagramEndpoint> create_datagram_endpoint(DatagramOptions options = {});
// The protocol is kept until connection_lost() was called; the endpoint stays open until close() even if nobody holds it.
Coro<DatagramEndpoint> create_datagram_endpoint(std::shared_ptr<DatagramProtocol> protocol,
                                                DatagramOptions options = {});

}  // namespace aio
