// AresResolver: questions to c-ares, from coroutines. Each has a channel, and hence sockets, of its own.
#include <aio/io/dns.hpp>

#include <aio/base/error.hpp>
#include <aio/sync/semaphore.hpp>

#include "core/loop_state.hpp"
#include "io/names/ares_channel.hpp"
#include "io/names/resolv_conf.hpp"
#include "io/names/resolve.hpp"

#include <ares.h>
#include <netdb.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <unordered_set>
#include <utility>

namespace aio {

using detail::AresAnswer;
using detail::AresChannel;
using detail::LoopState;
using detail::RawAddress;
using detail::ResolvConf;

namespace {

// A question in progress has one descriptor, two while it goes from UDP to TCP.
std::ptrdiff_t questions_at_a_time() noexcept {
    rlimit limit = {};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<std::ptrdiff_t>(std::clamp<rlim_t>(limit.rlim_cur / 4, 16, 4096));
}

}  // namespace

// The questions of a loop: how they are asked, and how many at a time.
class AresResolver::Channels final : public detail::LoopResource {
public:
    explicit Channels(const AresOptions& options)
        : file_(std::string(options.resolv_conf)),
          timeout_(options.timeout),
          tries_(options.tries),
          rotate_(options.rotate),
          tcp_(options.tcp) {
        if (!options.servers.empty()) servers_ = detail::parse_servers(options.servers);
    }

    // Makes this the running loop's. Errors: RuntimeError.
    void enter() {
        LoopState& loop = LoopState::of(detail::require_loop());
        if (loop_ == &loop) return;
        if (loop_) throw RuntimeError("AresResolver: another loop is using it; make one for each loop");
        loop_ = &loop;
        slots_.emplace(questions_at_a_time());
        link_before(loop.resources);
    }
    Semaphore& slots() noexcept { return *slots_; }

    // Errors: OSError when resolv.conf cannot be read; std::bad_alloc.
    std::shared_ptr<AresChannel> open() {
        ResolvConf conf = file_.get();
        if (!servers_.empty()) conf.servers = servers_;
        if (timeout_ > Duration(0)) conf.timeout = timeout_;
        if (tries_ > 0) conf.attempts = tries_;
        conf.rotate |= rotate_;
        conf.tcp |= tcp_;
        std::shared_ptr<AresChannel> channel = AresChannel::open(*loop_, conf);
        open_.insert(channel.get());
        return channel;
    }
    void close(AresChannel& channel) noexcept {
        open_.erase(&channel);
        channel.close();
    }

    bool closed() const noexcept { return closed_; }
    // What is asked is answered with EAI_CANCELED.
    void close() noexcept {
        closed_ = true;
        for (AresChannel* channel : open_) channel->close();  // the coroutines, which erase them, run later
    }
    void loop_closing() noexcept override { loop_ = nullptr; }  // the channels hear of it themselves

private:
    detail::ResolvConfFile file_;
    std::vector<RawAddress> servers_;  // none: the file's
    const Duration timeout_;
    const int tries_;
    const bool rotate_, tcp_;

    LoopState* loop_ = nullptr;
    std::optional<Semaphore> slots_;
    std::unordered_set<AresChannel*> open_;
    bool closed_ = false;
};

namespace {

using Channels = std::shared_ptr<AresResolver::Channels>;

// A question's channel, for the coroutine that asks.
class Asking {
public:
    // Errors: OSError; std::bad_alloc.
    explicit Asking(AresResolver::Channels& channels) : channels_(channels), channel_(channels.open()) {}
    ~Asking() { channels_.close(*channel_); }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

    AresChannel* operator->() const noexcept { return channel_.get(); }

private:
    AresResolver::Channels& channels_;
    const std::shared_ptr<AresChannel> channel_;
};

// What getaddrinfo(3) says in such a case.
int gai_code_of(int status) noexcept {
    switch (status) {
        case ARES_ENODATA: return EAI_NODATA;
        case ARES_ENOTFOUND:
        case ARES_ENONAME:
        case ARES_EBADNAME: return EAI_NONAME;
        case ARES_ESERVFAIL:
        case ARES_ECONNREFUSED:
        case ARES_ETIMEOUT: return EAI_AGAIN;
        case ARES_ENOTIMP:
        case ARES_EBADFAMILY: return EAI_FAMILY;
        case ARES_ESERVICE: return EAI_SERVICE;
        case ARES_EBADFLAGS:
        case ARES_EBADHINTS: return EAI_BADFLAGS;
        case ARES_ENOMEM:
        case ARES_ECANCELLED: return EAI_MEMORY;  // no memory for a timer
        case ARES_EDESTRUCTION: return EAI_CANCELED;
        default: return EAI_FAIL;
    }
}

std::string reason(const AresAnswer& answer) {
    if (answer.status == ARES_ECONNREFUSED && answer.error != 0) {
        return std::string("open a socket: ") + std::strerror(answer.error);
    }
    return ::ares_strerror(answer.status);
}

// c-ares 1.18 ignores AI_V4MAPPED and AI_ALL. So both families are asked for, and the rest is done here.
int family_to_ask(const LookupOptions& options) noexcept {
    return options.family == AF_INET6 && (options.flags & AI_V4MAPPED) ? AF_UNSPEC : options.family;
}

Coro<std::vector<AddressInfo>> ask_addresses(Channels channels, std::string host, int port, LookupOptions options) {
    channels->enter();
    const auto slot = co_await channels->slots().scoped();
    if (channels->closed()) detail::throw_gai_error(EAI_CANCELED, host, options.family);
    std::optional<Asking> asking;
    try {
        asking.emplace(*channels);
    } catch (const OSError& error) {
        detail::throw_gai_error(EAI_AGAIN, host, options.family, error.what());
    }
    (*asking)->ask_addresses(host, family_to_ask(options), options.flags, port);
    co_await (*asking)->answered.wait();
    AresAnswer& answer = (*asking)->answer;
    if (answer.status != ARES_SUCCESS) {
        detail::throw_gai_error(gai_code_of(answer.status), host, options.family, reason(answer));
    }
    if (family_to_ask(options) != options.family) detail::map_to_ipv6(answer.addresses, options.flags);
    co_return detail::address_infos(answer.addresses, options, answer.canonname);
}

Coro<NameInfo> ask_names(Channels channels, Address address, int flags) {
    const RawAddress raw = detail::numeric_address(address);
    channels->enter();
    const auto slot = co_await channels->slots().scoped();
    if (channels->closed()) detail::throw_gai_error(EAI_CANCELED, address);
    std::optional<Asking> asking;
    try {
        asking.emplace(*channels);
    } catch (const OSError& error) {
        detail::throw_gai_error(EAI_AGAIN, address, error.what());
    }
    (*asking)->ask_names(raw, flags);
    co_await (*asking)->answered.wait();
    AresAnswer& answer = (*asking)->answer;
    if (answer.status != ARES_SUCCESS) {
        detail::throw_gai_error(gai_code_of(answer.status), address, reason(answer));
    }
    co_return std::move(answer.names);
}

}  // namespace

AresResolver::AresResolver(AresOptions options) {
    if (options.timeout < Duration(0) || options.tries < 0) {
        throw ValueError("AresResolver: timeout and tries must not be negative");
    }
    channels_ = std::make_shared<Channels>(options);
}

AresResolver::~AresResolver() { channels_->close(); }

Coro<std::vector<AddressInfo>> AresResolver::getaddrinfo(std::string host, int port, LookupOptions options) {
    return ask_addresses(channels_, std::move(host), port, options);
}
Coro<NameInfo> AresResolver::getnameinfo(Address address, int flags) {
    return ask_names(channels_, std::move(address), flags);
}

}  // namespace aio
