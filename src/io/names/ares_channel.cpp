// One query to name servers, by c-ares: its sockets, its settings, its answer.
#include "io/names/ares_channel.hpp"

#include <aio/base/error.hpp>

#include "io/names/ares_socket.hpp"

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <iterator>
#include <new>

namespace aio::detail {

// --- sockets -------------------------------------------------------------------------------------------------

namespace {

AresChannel& channel_of(void* data) noexcept { return *static_cast<AresChannel*>(data); }

ares_socket_t open_for(int family, int type, int protocol, void* data) {
    return channel_of(data).open_socket(family, type, protocol);
}
int close_for(ares_socket_t fd, void* data) { return channel_of(data).close_socket(fd); }
int connect_for(ares_socket_t fd, const sockaddr* address, ares_socklen_t length, void* data) {
    return channel_of(data).connect_socket(fd, address, length);
}
ares_ssize_t receive_for(ares_socket_t fd, void* buffer, size_t size, int flags, sockaddr* from,
                         ares_socklen_t* length, void* data) {
    if (AresSocket* socket = channel_of(data).socket(fd)) return socket->receive(buffer, size, flags, from, length);
    errno = EBADF;
    return -1;
}
// A name server that resets its TCP connection must not end the process.
ares_ssize_t send_for(ares_socket_t fd, const iovec* pieces, int count, void*) {
    msghdr message = {};
    message.msg_iov = const_cast<iovec*>(pieces);
    message.msg_iovlen = static_cast<std::size_t>(count);
    ares_ssize_t sent;
    do {
        sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
}
constexpr ares_socket_functions kSocketFunctions = {open_for, close_for, connect_for, receive_for, send_for};

void watch_for(void* data, ares_socket_t fd, int readable, int writable) {
    channel_of(data).watch(fd, readable != 0, writable != 0);
}

}  // namespace

int AresChannel::open_socket(int family, int type, int protocol) noexcept {
    const int fd = ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    AresSocket* socket = fd < 0 ? nullptr : new (std::nothrow) AresSocket(*this, loop_, fd, type == SOCK_STREAM);
    if (!socket) {
        answer.error = fd < 0 ? errno : ENOMEM;
        if (fd >= 0) ::close(fd);
        errno = answer.error;
        return ARES_SOCKET_BAD;
    }
    socket->next = std::exchange(sockets_, socket);
    return fd;
}

// c-ares knows no zones of addresses.
int AresChannel::connect_socket(int fd, const sockaddr* address, socklen_t length) noexcept {
    sockaddr_in6 scoped;
    if (address->sa_family == AF_INET6 && length == sizeof scoped) {
        std::memcpy(&scoped, address, sizeof scoped);
        for (const RawAddress& server : link_local_) {
            const auto& known = reinterpret_cast<const sockaddr_in6&>(server.storage);
            if (std::memcmp(&known.sin6_addr, &scoped.sin6_addr, sizeof scoped.sin6_addr) != 0) continue;
            scoped.sin6_scope_id = known.sin6_scope_id;
            address = reinterpret_cast<const sockaddr*>(&scoped);
            break;
        }
    }
    int result;
    do {
        result = ::connect(fd, address, length);
    } while (result < 0 && errno == EINTR);
    return result;
}

int AresChannel::close_socket(int fd) noexcept {
    AresSocket** link = &sockets_;
    while (*link && (*link)->fd() != fd) link = &(*link)->next;
    if (AresSocket* socket = *link) {
        *link = socket->next;
        socket->dismiss();
    }
    return 0;
}

AresSocket* AresChannel::socket(int fd) const noexcept {
    AresSocket* socket = sockets_;
    while (socket && socket->fd() != fd) socket = socket->next;
    return socket;
}

void AresChannel::watch(int fd, bool readable, bool writable) noexcept {
    if (AresSocket* watched = socket(fd)) watched->want(readable, writable);
}

// --- its life ------------------------------------------------------------------------------------------------

namespace {

int initialise_library() noexcept {
    static const int status = ::ares_library_init(ARES_LIB_INIT_ALL);
    return status;
}

[[noreturn]] void throw_refused(int status, const std::string& what) {
    if (status == ARES_ENOMEM) throw std::bad_alloc();
    throw OSError(status == ARES_EFILE ? ENOENT : EINVAL, what + " (c-ares: " + ::ares_strerror(status) + ")");
}

struct DestroyAres {
    void operator()(ares_channeldata* ares) const noexcept { ::ares_destroy(ares); }
};
using OwnedAres = std::unique_ptr<ares_channeldata, DestroyAres>;

void set_servers(ares_channeldata* ares, const std::vector<RawAddress>& servers) {
    std::vector<ares_addr_port_node> nodes(servers.size());
    for (std::size_t i = 0; i < servers.size(); ++i) {
        ares_addr_port_node& node = nodes[i];
        node.next = i + 1 < servers.size() ? &nodes[i + 1] : nullptr;
        node.family = servers[i].family();
        if (node.family == AF_INET) {
            const auto& address = reinterpret_cast<const sockaddr_in&>(servers[i].storage);
            node.addr.addr4 = address.sin_addr;
            node.udp_port = node.tcp_port = ntohs(address.sin_port);
        } else {
            const auto& address = reinterpret_cast<const sockaddr_in6&>(servers[i].storage);
            std::memcpy(&node.addr.addr6, &address.sin6_addr, sizeof node.addr.addr6);
            node.udp_port = node.tcp_port = ntohs(address.sin6_port);
        }
    }
    if (const int status = ::ares_set_servers_ports(ares, nodes.data()))
        throw_refused(status, "set the name servers");
}

// Every setting is given: c-ares looks for none itself then.
OwnedAres make_ares(const ResolvConf& conf, AresChannel* channel) {
    if (const int status = initialise_library()) throw_refused(status, "initialise c-ares");
    in_addr placeholder = {};  // set_servers() knows IPv6 and ports
    char files_first[] = "fb";
    std::vector<char*> domains;
    for (const std::string& domain : conf.domains) domains.push_back(const_cast<char*>(domain.c_str()));
    ares_options options = {};
    options.sock_state_cb = watch_for;
    options.sock_state_cb_data = channel;
    options.flags = conf.tcp ? ARES_FLAG_USEVC : 0;
    options.servers = &placeholder;
    options.nservers = 1;
    options.domains = domains.data();
    options.ndomains = static_cast<int>(domains.size());
    options.ndots = conf.ndots;
    options.lookups = files_first;
    options.tries = conf.attempts;
    const auto timeout_ms = std::chrono::ceil<std::chrono::milliseconds>(conf.timeout).count();
    options.timeout = static_cast<int>(std::clamp<long long>(timeout_ms, 1, INT_MAX));
    const int given = ARES_OPT_SOCK_STATE_CB | ARES_OPT_FLAGS | ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_NDOTS |
                      ARES_OPT_LOOKUPS | ARES_OPT_TRIES | ARES_OPT_TIMEOUTMS |
                      (conf.rotate ? ARES_OPT_ROTATE : ARES_OPT_NOROTATE);
    ares_channeldata* ares = nullptr;
    if (const int status = ::ares_init_options(&ares, &options, given)) {
        throw_refused(status, "create a c-ares channel");
    }
    OwnedAres owned(ares);
    ::ares_set_socket_functions(ares, &kSocketFunctions, channel);
    set_servers(ares, conf.servers);
    return owned;
}

bool has_zone(const RawAddress& address) noexcept {
    return address.family() == AF_INET6 && reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_scope_id != 0;
}

}  // namespace

std::shared_ptr<AresChannel> AresChannel::open(LoopState& loop, const ResolvConf& conf) {
    std::shared_ptr<AresChannel> channel(new AresChannel(loop));
    std::copy_if(conf.servers.begin(), conf.servers.end(), std::back_inserter(channel->link_local_), has_zone);
    channel->ares_ = make_ares(conf, channel.get()).release();
    channel->link_before(loop.resources);
    return channel;
}

AresChannel::~AresChannel() { close(); }

void AresChannel::close() noexcept {
    unlink();
    timer_.cancel();
    if (ares_) ::ares_destroy(std::exchange(ares_, nullptr));
}

// --- questions -----------------------------------------------------------------------------------------------

namespace {

int ares_flags_of(int flags) noexcept {
    int result = ARES_AI_NUMERICSERV;
    if (flags & AI_CANONNAME) result |= ARES_AI_CANONNAME;
    if (flags & AI_PASSIVE) result |= ARES_AI_PASSIVE;
    if (flags & AI_ADDRCONFIG) result |= ARES_AI_ADDRCONFIG;
    return result;
}

int ares_name_flags_of(int flags) noexcept {
    int result = ARES_NI_LOOKUPHOST | ARES_NI_LOOKUPSERVICE;
    if (flags & NI_NOFQDN) result |= ARES_NI_NOFQDN;
    if (flags & NI_NUMERICHOST) result |= ARES_NI_NUMERICHOST;
    if (flags & NI_NAMEREQD) result |= ARES_NI_NAMEREQD;
    if (flags & NI_NUMERICSERV) result |= ARES_NI_NUMERICSERV;
    if (flags & NI_DGRAM) result |= ARES_NI_DGRAM;
    return result;
}

struct FreeAresAddrinfo {
    void operator()(ares_addrinfo* found) const noexcept { ::ares_freeaddrinfo(found); }
};

void on_addresses(void* channel, int status, int, ares_addrinfo* found) {
    const std::unique_ptr<ares_addrinfo, FreeAresAddrinfo> owned(found);
    channel_of(channel).take_addresses(status, found);
}
void on_names(void* channel, int status, int, char* host, char* service) {
    channel_of(channel).take_names(status, host, service);
}

std::vector<Address> addresses_of(const ares_addrinfo& found, int port) {
    std::vector<Address> addresses;
    for (const ares_addrinfo_node* node = found.nodes; node; node = node->ai_next) {
        if (!node->ai_addr || node->ai_addrlen > sizeof(sockaddr_storage)) continue;
        RawAddress raw;
        std::copy_n(reinterpret_cast<const char*>(node->ai_addr), node->ai_addrlen,
                    reinterpret_cast<char*>(&raw.storage));
        raw.length = node->ai_addrlen;
        addresses.push_back(raw.decoded());
        addresses.back().port = port;
    }
    return addresses;
}

}  // namespace

void AresChannel::begin() noexcept {
    asking_ = true;
    loop_.backend->external_work(+1);  // c-ares has a clock of its own, which a virtual one must not run away from
}

void AresChannel::end(int status) noexcept {
    if (std::exchange(asking_, false) && loop_.backend) loop_.backend->external_work(-1);
    answer.status = status;
    answered.set();
}

void AresChannel::take_addresses(int status, const ares_addrinfo* found) noexcept {
    try {
        if (status == ARES_SUCCESS && found) {
            answer.addresses = addresses_of(*found, port_);
            if (found->name) answer.canonname = found->name;
            for (const ares_addrinfo_cname* link = found->cnames; link; link = link->next) {
                if (link->name) answer.canonname = link->name;
            }
        }
    } catch (const std::bad_alloc&) {
        status = ARES_ENOMEM;
    }
    end(status);
}

void AresChannel::take_names(int status, const char* host, const char* service) noexcept {
    try {
        if (status == ARES_SUCCESS) answer.names = NameInfo(host ? host : "", service ? service : "");
    } catch (const std::bad_alloc&) {
        status = ARES_ENOMEM;
    }
    end(status);
}

void AresChannel::ask_addresses(const std::string& host, int family, int flags, int port) noexcept {
    ares_addrinfo_hints hints = {};
    hints.ai_flags = ares_flags_of(flags);
    hints.ai_family = family;
    port_ = port;
    begin();
    ::ares_getaddrinfo(ares_, host.c_str(), nullptr, &hints, on_addresses, this);
    arm_timer();
}

void AresChannel::ask_names(const RawAddress& address, int flags) noexcept {
    begin();
    ::ares_getnameinfo(ares_, address.get(), address.length, ares_name_flags_of(flags), on_names, this);
    arm_timer();
}

// --- progress ------------------------------------------------------------------------------------------------

void AresChannel::process_soon() noexcept {
    if (scheduled_) return;
    scheduled_ = shared_from_this();
    loop_.ready.push(this);
}

AresSocket* AresChannel::ready_socket() const noexcept {
    AresSocket* socket = sockets_;
    while (socket && !socket->ready()) socket = socket->next;
    return socket;
}

void AresChannel::process() noexcept {
    const std::shared_ptr<AresChannel> self = std::exchange(scheduled_, nullptr);
    if (!ares_) return;
    bool processed = false;
    while (AresSocket* socket = ready_socket()) {
        const int readable = socket->take_readable() ? socket->fd() : ARES_SOCKET_BAD;
        const int writable = socket->take_writable() ? socket->fd() : ARES_SOCKET_BAD;
        ::ares_process_fd(ares_, readable, writable);  // may close any socket
        processed = true;
    }
    if (!processed) ::ares_process_fd(ares_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    for (AresSocket* socket = sockets_; socket; socket = socket->next) socket->rearm();
    arm_timer();
}

// For the next time-out of c-ares, if it waits for anything.
void AresChannel::arm_timer() noexcept {
    timer_.cancel();
    timeval room = {};
    const timeval* left = ::ares_timeout(ares_, nullptr, &room);
    if (!left) return;
    // c-ares rounds to milliseconds, and must find that the moment has come.
    const Duration delay =
        std::chrono::seconds(left->tv_sec) + std::chrono::microseconds(left->tv_usec) + std::chrono::milliseconds(1);
    try {
        timer_ = loop_.owner->call_later(delay, [this] { process(); });
    } catch (const std::bad_alloc&) {
        ::ares_cancel(ares_);  // or a lost packet would be waited for for ever
    }
}

}  // namespace aio::detail
