// AresResolver: questions to c-ares, from coroutines.
#include <aio/io/dns.hpp>

#include <aio/base/error.hpp>

#include "io/ares_channel.hpp"
#include "io/resolve.hpp"

#include <ares.h>
#include <netdb.h>

#include <utility>

namespace aio {

using detail::AresChannel;
using detail::AresQuery;
using detail::AresSettings;
using detail::LoopState;

// The channel to a loop, opened at the first question there.
class AresResolver::Channels {
public:
    explicit Channels(AresSettings settings) noexcept : settings_(std::move(settings)) {}
    ~Channels() { close(); }
    Channels(const Channels&) = delete;
    Channels& operator=(const Channels&) = delete;

    std::shared_ptr<AresChannel> get() {
        LoopState& loop = LoopState::of(detail::require_loop());
        if (!channel_ || channel_->closed()) {
            channel_ = AresChannel::open(loop, settings_);
        } else if (&channel_->loop() != &loop) {
            throw RuntimeError("AresResolver: another loop is using it; make one for each loop");
        }
        return channel_;
    }
    void close() noexcept {
        if (channel_) channel_->close();
    }

private:
    const AresSettings settings_;
    std::shared_ptr<AresChannel> channel_;
};

namespace {

// The coroutine's end of a question, which must be asked before anything can throw.
class Asking {
public:
    explicit Asking(std::shared_ptr<AresChannel> channel)
        : channel_(std::move(channel)), query_(new AresQuery(*channel_)) {}
    ~Asking() { channel_->let_go(*query_); }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

    AresChannel& channel() const noexcept { return *channel_; }
    AresQuery& query() const noexcept { return *query_; }

private:
    std::shared_ptr<AresChannel> channel_;
    AresQuery* query_;
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
        case ARES_ECANCELLED: return EAI_MEMORY;  // no memory for a timer; other cancelled questions have no waiter
        case ARES_EDESTRUCTION: return EAI_CANCELED;
        default: return EAI_FAIL;
    }
}

Coro<std::vector<AddressInfo>> ask_addresses(std::shared_ptr<AresResolver::Channels> channels, std::string host,
                                             int port, LookupOptions options) {
    const Asking asking(channels->get());
    AresQuery& query = asking.query();
    query.port = port;
    asking.channel().ask_addresses(query, host, options);
    co_await query.done.wait();
    if (query.status != ARES_SUCCESS) {
        detail::throw_gai_error(gai_code_of(query.status), host, options.family, ::ares_strerror(query.status));
    }
    co_return detail::address_infos(query.addresses, options, query.canonname);
}

Coro<NameInfo> ask_names(std::shared_ptr<AresResolver::Channels> channels, Address address, int flags) {
    const detail::RawAddress raw = detail::numeric_address(address);
    const Asking asking(channels->get());
    AresQuery& query = asking.query();
    asking.channel().ask_names(query, raw, flags);
    co_await query.done.wait();
    if (query.status != ARES_SUCCESS) {
        detail::throw_gai_error(gai_code_of(query.status), address, ::ares_strerror(query.status));
    }
    co_return std::move(query.names);
}

}  // namespace

AresResolver::AresResolver(AresOptions options) {
    if (options.timeout < Duration(0) || options.tries < 0) {
        throw ValueError("AresResolver: timeout and tries must not be negative");
    }
    AresSettings settings{std::string(options.servers), options.timeout, options.tries, options.rotate, options.tcp};
    AresChannel::check(settings);
    channels_ = std::make_shared<Channels>(std::move(settings));
}

AresResolver::~AresResolver() { channels_->close(); }

Coro<std::vector<AddressInfo>> AresResolver::getaddrinfo(std::string host, int port, LookupOptions options) {
    return ask_addresses(channels_, std::move(host), port, options);
}
Coro<NameInfo> AresResolver::getnameinfo(Address address, int flags) {
    return ask_names(channels_, std::move(address), flags);
}

}  // namespace aio
