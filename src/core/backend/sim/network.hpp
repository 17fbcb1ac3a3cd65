// Sockets in memory: TCP and UDP on the loopback addresses and AF_UNIX by path, as Linux would have them, without a
// kernel. Everything is decided by the order of the calls, so that a run repeats itself exactly.
//
// Calls never wait: what cannot be done yet answers -EAGAIN, and the socket appears in `changed` once it may be
// worth another try. Kept as in the kernel: finite buffers, a listener's backlog, EADDRINUSE, ECONNREFUSED, the
// half-closed connection, and RST, which a peer gets that still had data for us unread or writes to us after we
// closed; datagrams are dropped when the receiver's buffer is full (AF_UNIX: the sender waits), and a connected UDP
// socket learns that nobody listens. Left out: any other network (ENETUNREACH), loss, delay, IPv4 on IPv6 sockets.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace aio::detail {

class Operation;

// A socket address, comparable.
struct SimAddress {
    int family = 0;
    std::uint16_t port = 0;
    std::string host;  // the bytes of an IP address, or a path

    bool operator==(const SimAddress&) const = default;
    bool wildcard() const noexcept;
    bool loopback() const;  // or AF_UNIX
    static std::string loopback_host(int family);
    static SimAddress decode(const sockaddr* address, socklen_t length);
    void encode(sockaddr_storage& address, socklen_t& length) const noexcept;
};

struct SimDatagram {
    std::string data;
    SimAddress from;
};

struct SimSocket {
    enum class State : std::uint8_t { fresh, listening, connecting, connected, refused };

    int fd = -1;
    int family = 0;
    int type = SOCK_STREAM;
    State state = State::fresh;
    bool reuse_port = false;
    bool linger_zero = false;  // SO_LINGER with 0 seconds: close() sends RST
    bool bound = false;
    SimAddress local, remote;

    std::deque<int> backlog;  // listening: sockets that wait for accept()
    std::deque<int> waiting;  // and clients for which the backlog has no room
    std::size_t backlog_limit = 0;

    int other = -1;             // connected: the socket at the other end, -1 once it is closed
    std::string inbox;          // what it sent and we did not receive
    bool end_of_inbox = false;  // it will send no more
    bool write_shut = false;
    int error = 0;        // to be reported once: ECONNRESET
    bool broken = false;  // the connection is reset

    std::deque<SimDatagram> datagrams;  // SOCK_DGRAM: received, with
    std::size_t datagram_bytes = 0;     // so many bytes in all
    std::vector<int> blocked;           // AF_UNIX: senders for which there was no room

    Operation* in = nullptr;  // the backend's: what waits on this socket
    Operation* out = nullptr;
};

// What the backend asks of the network. An interface, so that a program that opens no socket is not linked with the network.
class SimSockets {
public:
    static constexpr int kFirstDescriptor = 1'000'000;
    static constexpr std::size_t kBuffer = 64 * 1024;

    static bool owns(int fd) noexcept { return fd >= kFirstDescriptor; }

    virtual ~SimSockets() = default;
    virtual SimSocket* find(int fd) noexcept = 0;

    // As the system calls; negative errnos. Errors: std::bad_alloc.
    virtual int open(int family, int type) = 0;
    virtual int bind(int fd, const sockaddr* address, socklen_t length) = 0;
    virtual int listen(int fd, int backlog) = 0;
    virtual int connect(int fd, const sockaddr* address, socklen_t length) = 0;  // -EINPROGRESS: see connected()
    virtual int connected(int fd) noexcept = 0;                                  // 0, -EAGAIN, or why it failed
    virtual int accept(int fd) = 0;
    virtual int receive(int fd, char* buffer, std::size_t size) = 0;
    virtual int send(int fd, const char* data, std::size_t size) = 0;
    virtual int receive_message(int fd, msghdr& message, int flags) = 0;
    virtual int send_message(int fd, const msghdr& message) = 0;
    virtual int shutdown(int fd, int how) = 0;
    virtual int get_option(int fd, int level, int option, void* value, socklen_t& length) noexcept = 0;
    virtual int set_option(int fd, int level, int option, const void* value, socklen_t length) noexcept = 0;
    virtual int local_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept = 0;
    virtual int peer_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept = 0;
    virtual void close(int fd) = 0;

    virtual bool readable(int fd) noexcept = 0;
    virtual bool writable(int fd) noexcept = 0;

    // The sockets that something happened to since this was emptied.
    std::vector<int> changed;
};

class SimNetwork final : public SimSockets {
public:
    SimSocket* find(int fd) noexcept override;
    int open(int family, int type) override;
    int bind(int fd, const sockaddr* address, socklen_t length) override;
    int listen(int fd, int backlog) override;
    int connect(int fd, const sockaddr* address, socklen_t length) override;
    int connected(int fd) noexcept override;
    int accept(int fd) override;
    int receive(int fd, char* buffer, std::size_t size) override;
    int send(int fd, const char* data, std::size_t size) override;
    int receive_message(int fd, msghdr& message, int flags) override;
    int send_message(int fd, const msghdr& message) override;
    int shutdown(int fd, int how) override;
    int get_option(int fd, int level, int option, void* value, socklen_t& length) noexcept override;
    int set_option(int fd, int level, int option, const void* value, socklen_t length) noexcept override;
    int local_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept override;
    int peer_address(int fd, sockaddr_storage& address, socklen_t& length) noexcept override;
    void close(int fd) override;
    bool readable(int fd) noexcept override;
    bool writable(int fd) noexcept override;

private:
    int assign_port(SimSocket& socket);
    bool in_use(const SimSocket& socket, const SimAddress& address) const;
    SimSocket* listener_at(const SimAddress& address);
    void establish(SimSocket& client, SimSocket& listener);
    void stop_listening(SimSocket& listener);
    void reset(SimSocket& socket);
    // datagrams.cpp
    int connect_datagrams(SimSocket& socket);
    int assign_source(SimSocket& socket);
    SimSocket* receiver_at(const SimAddress& address, const SimAddress& from);
    static bool has_room(const SimSocket& receiver) noexcept;
    int deliver(SimSocket& sender, const SimAddress& to, std::string data);
    int take_datagram(SimSocket& socket, msghdr& message, int flags);
    bool datagrams_writable(const SimSocket& socket);
    void close_datagrams(SimSocket& socket);
    void touch(const SimSocket& socket) { changed.push_back(socket.fd); }

    std::unordered_map<int, std::unique_ptr<SimSocket>> sockets_;
    std::vector<int> bound_;  // sockets with an address of their own, in order
    int next_fd_ = kFirstDescriptor;
    std::uint16_t next_port_ = 49152;
};

}  // namespace aio::detail
