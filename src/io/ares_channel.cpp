#include "io/ares_channel.hpp"

#include <aio/base/error.hpp>

#include "io/ares_socket.hpp"

#include <ares.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <new>

namespace aio::detail {

// --- sockets -------------------------------------------------------------------------------------------------

namespace {

AresChannel& channel_of(void* data) noexcept { return *static_cast<AresChannel*>(data); }

ares_socket_t open_for(int family, int type, int protocol, void* data) {
    return channel_of(data).open_socket(family, type, protocol);
}
int close_for(ares_socket_t fd, void* data) { return channel_of(data).close_socket(fd); }
int connect_for(ares_socket_t fd, const sockaddr* address, ares_socklen_t length, void*) {
    int result;
    do {
        result = ::connect(fd, address, length);
    } while (result < 0 && errno == EINTR);
    return result;
}
ares_ssize_t receive_for(ares_socket_t fd, void* buffer, size_t size, int flags, sockaddr* from,
                         ares_socklen_t* length, void*) {
    ares_ssize_t count;
    do {
        count = ::recvfrom(fd, buffer, size, flags, from, length);
    } while (count < 0 && errno == EINTR);
    return count;
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
    if (fd < 0) return ARES_SOCKET_BAD;
    auto* socket = new (std::nothrow) AresSocket(*this, loop_, fd);
    if (!socket) {
        ::close(fd);
        errno = ENOMEM;
        return ARES_SOCKET_BAD;
    }
    socket->next = std::exchange(sockets_, socket);
    return fd;
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

void AresChannel::watch(int fd, bool readable, bool writable) noexcept {
    for (AresSocket* socket = sockets_; socket; socket = socket->next) {
        if (socket->fd() == fd) return socket->want(readable, writable);
    }
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

}  // namespace

namespace {

struct DestroyAres {
    void operator()(ares_channeldata* ares) const noexcept { ::ares_destroy(ares); }
};
using OwnedAres = std::unique_ptr<ares_channeldata, DestroyAres>;

void set_servers(ares_channeldata* ares, const std::string& servers) {
    if (servers.empty()) return;
    const int status = ::ares_set_servers_ports_csv(ares, servers.c_str());
    if (status == ARES_ENOMEM) throw std::bad_alloc();
    if (status == ARES_SUCCESS) return;
    throw ValueError("AresResolver: servers must be addresses like \"192.0.2.1:53,[2001:db8::1]:53\", not '" +
                     servers + "'");
}

OwnedAres make_ares(const AresSettings& settings, AresChannel* channel) {
    if (const int status = initialise_library()) throw_refused(status, "initialise c-ares");
    ares_options options = {};
    int given = ARES_OPT_SOCK_STATE_CB;
    options.sock_state_cb = watch_for;
    options.sock_state_cb_data = channel;
    if (settings.timeout > Duration(0)) {
        const auto timeout_ms = std::chrono::ceil<std::chrono::milliseconds>(settings.timeout).count();
        options.timeout = static_cast<int>(std::min<long long>(timeout_ms, INT_MAX));
        given |= ARES_OPT_TIMEOUTMS;
    }
    if (settings.tries > 0) {
        options.tries = settings.tries;
        given |= ARES_OPT_TRIES;
    }
    if (settings.tcp) {
        options.flags = ARES_FLAG_USEVC;
        given |= ARES_OPT_FLAGS;
    }
    if (settings.rotate) given |= ARES_OPT_ROTATE;
    ares_channeldata* ares = nullptr;
    if (const int status = ::ares_init_options(&ares, &options, given)) {
        throw_refused(status, "begin to ask name servers");
    }
    OwnedAres owned(ares);
    ::ares_set_socket_functions(ares, &kSocketFunctions, channel);
    set_servers(ares, settings.servers);
    return owned;
}

}  // namespace

std::shared_ptr<AresChannel> AresChannel::open(LoopState& loop, const AresSettings& settings) {
    std::shared_ptr<AresChannel> channel(new AresChannel(loop));
    channel->ares_ = make_ares(settings, channel.get()).release();
    channel->link_before(loop.resources);
    return channel;
}

void AresChannel::check(const AresSettings& settings) { make_ares(settings, nullptr); }

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
    if (flags & AI_V4MAPPED) result |= ARES_AI_V4MAPPED;
    if (flags & AI_ALL) result |= ARES_AI_ALL;
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

void take_addresses(AresQuery& query, const ares_addrinfo& found) {
    for (const ares_addrinfo_node* node = found.nodes; node; node = node->ai_next) {
        if (!node->ai_addr || node->ai_addrlen > sizeof(sockaddr_storage)) continue;
        RawAddress raw;
        std::copy_n(reinterpret_cast<const char*>(node->ai_addr), node->ai_addrlen,
                    reinterpret_cast<char*>(&raw.storage));
        raw.length = node->ai_addrlen;
        Address address = raw.decoded();
        address.port = query.port;
        query.addresses.push_back(std::move(address));
    }
    if (found.name) query.canonname = found.name;
    for (const ares_addrinfo_cname* link = found.cnames; link; link = link->next) {
        if (link->name) query.canonname = link->name;
    }
}

void on_addresses(void* data, int status, int, ares_addrinfo* found) {
    auto& query = *static_cast<AresQuery*>(data);
    const std::unique_ptr<ares_addrinfo, FreeAresAddrinfo> owned(found);
    try {
        if (status == ARES_SUCCESS && found && !query.abandoned) take_addresses(query, *found);
    } catch (const std::bad_alloc&) {
        status = ARES_ENOMEM;
    }
    query.channel.answered(query, status);
}

void on_names(void* data, int status, int, char* host, char* service) {
    auto& query = *static_cast<AresQuery*>(data);
    try {
        if (status == ARES_SUCCESS && !query.abandoned) {
            query.names = NameInfo(host ? host : "", service ? service : "");
        }
    } catch (const std::bad_alloc&) {
        status = ARES_ENOMEM;
    }
    query.channel.answered(query, status);
}

}  // namespace

void AresChannel::begin_question() noexcept {
    ++waited_for_;
    // c-ares has a clock of its own, which a virtual one must not run away from.
    if (++asked_ == 1) loop_.backend->external_work(+1);
}

void AresChannel::answered(AresQuery& query, int status) noexcept {
    if (--asked_ == 0 && loop_.backend) loop_.backend->external_work(-1);
    if (query.abandoned) {
        delete &query;
        return;
    }
    --waited_for_;
    query.status = status;
    query.done.set();
}

void AresChannel::ask_addresses(AresQuery& query, const std::string& host, const LookupOptions& options) noexcept {
    ares_addrinfo_hints hints = {};
    hints.ai_flags = ares_flags_of(options.flags);
    hints.ai_family = options.family;
    begin_question();
    ::ares_getaddrinfo(ares_, host.c_str(), nullptr, &hints, on_addresses, &query);
    arm_timer();
}

void AresChannel::ask_names(AresQuery& query, const RawAddress& address, int flags) noexcept {
    begin_question();
    ::ares_getnameinfo(ares_, address.get(), address.length, ares_name_flags_of(flags), on_names, &query);
    arm_timer();
}

void AresChannel::let_go(AresQuery& query) noexcept {
    if (query.done.is_set()) {
        delete &query;
    } else {
        query.abandoned = true;
        --waited_for_;
    }
    if (waited_for_ > 0 || asked_ == 0 || !ares_) return;
    ::ares_cancel(ares_);  // only abandoned ones are left
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
