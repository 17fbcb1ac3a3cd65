// The pool: slots ("places") for connections, idle connections, and the end of both.
#include "http/client/pool.hpp"

#include <aio/base/error.hpp>
#include <aio/http/errors.hpp>

#include "io/names/resolve.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <exception>
#include <new>

namespace aio::http::detail {

Pool::Pool(ConnectorOptions options, std::string unix_path)
    : options_(std::move(options)), unix_path_(std::move(unix_path)) {
    if (options_.keepalive_timeout < Duration(0)) throw ValueError("Connector: keepalive_timeout is negative");
    if (options_.ttl_dns_cache < Duration(0)) throw ValueError("Connector: ttl_dns_cache is negative");
}

Pool::~Pool() {
    sweep_.cancel();
    if (!closed_ && !all_.empty()) {
        unclosed_.report([this] {
            return "Unclosed connector: co_await connector.close() before destroying it (" + std::to_string(idle_) +
                   " idle connections, " + std::to_string(all_.size() - idle_) + " in use)";
        });
    }
    shut();
}

// --- places ----------------------------------------------------------------------------------------------------------

PoolHost& Pool::host_of(std::string_view key) {
    if (const auto found = hosts_.find(key); found != hosts_.end()) return *found->second;
    auto host = std::make_unique<PoolHost>();
    host->key = key;
    return *hosts_.emplace(std::string(key), std::move(host)).first->second;
}

bool Pool::has_room(const PoolHost& host) const noexcept {
    if (options_.limit != 0 && acquired_ >= options_.limit) return false;
    return options_.limit_per_host == 0 || host.acquired < options_.limit_per_host;
}

void Pool::take_place(PoolHost& host) noexcept {
    ++acquired_;
    ++host.acquired;
}

void Pool::release_place(PoolHost& host) noexcept {
    --acquired_;
    --host.acquired;
    if (waiting_ > 0) serve_waiters();
    forget_if_unused(host);
}

// Hands free slots to waiters: always to the earliest ticket among the hosts that have room.
void Pool::serve_waiters() noexcept {
    while (true) {
        PoolHost* first = nullptr;
        for (PoolHost* host : waited_for_) {
            if (!has_room(*host)) continue;
            if (!first || host->waiters.front()->ticket < first->waiters.front()->ticket) first = host;
        }
        if (!first) return;
        PlaceWaiter& waiter = *first->waiters.front();
        unlist(waiter);
        if (waiter.place.done()) continue;  // cancelled, and has not run since
        take_place(*first);
        waiter.given_ = true;
        waiter.place.set_result();
    }
}

void Pool::unlist(PlaceWaiter& waiter) noexcept {
    waiter.listed_ = false;
    waiter.host_.waiters.erase(waiter.position_);
    --waiting_;
    if (waiter.host_.waiters.empty()) std::erase(waited_for_, &waiter.host_);
}

PlaceWaiter::PlaceWaiter(Pool& pool, PoolHost& host) : ticket(pool.next_ticket_++), pool_(pool), host_(host) {
    if (host.waiters.empty()) pool.waited_for_.push_back(&host);
    try {
        position_ = host.waiters.insert(host.waiters.end(), this);
    } catch (...) {
        if (host.waiters.empty()) pool.waited_for_.pop_back();
        throw;
    }
    ++pool.waiting_;
}

// Its task was cancelled, or is destroyed: a slot that it was given is handed to the next waiter.
PlaceWaiter::~PlaceWaiter() {
    if (listed_) {
        pool_.unlist(*this);
        pool_.forget_if_unused(host_);
    } else if (given_) {
        pool_.release_place(host_);
    }
}

void Pool::forget_if_unused(PoolHost& host) noexcept {
    if (host.acquired > 0 || !host.idle.empty() || !host.waiters.empty()) return;
    const auto found = hosts_.find(std::string_view(host.key));
    if (found != hosts_.end()) hosts_.erase(found);
}

void Pool::check_open() const {
    if (closed_) throw ClientConnectionError("the connector is closed");
}

Lease Pool::try_acquire(std::string_view key) {
    check_open();
    PoolHost& host = host_of(key);
    if (!has_room(host)) return Lease();
    take_place(host);
    Lease lease(shared_from_this(), host);
    ++requests_;
    if (std::unique_ptr<ClientConnection> idle = take_idle(host)) lease.set_connection(std::move(idle));
    return lease;
}

Coro<Lease> Pool::acquire(std::string key, Tracers& tracers) {
    const std::shared_ptr<Pool> self = shared_from_this();
    if (!tracers.empty()) co_await tracers.send(&TraceConfig::on_connection_queued_start, {});
    check_open();
    PoolHost& host = host_of(key);
    if (has_room(host)) {  // meanwhile
        take_place(host);
    } else {
        PlaceWaiter waiter(*this, host);
        co_await waiter.place;
        if (!waiter.given()) throw ClientConnectionError("the connector was closed");
        waiter.claim();
    }
    Lease lease(self, host);
    ++requests_;
    if (std::unique_ptr<ClientConnection> idle = take_idle(host)) lease.set_connection(std::move(idle));
    if (!tracers.empty()) co_await tracers.send(&TraceConfig::on_connection_queued_end, {});
    co_return lease;
}

// --- idle connections --------------------------------------------------------------------------------------------------

std::unique_ptr<ClientConnection> Pool::take_idle(PoolHost& host) {
    while (!host.idle.empty()) {
        std::unique_ptr<ClientConnection> connection = std::move(host.idle.back());
        host.idle.pop_back();
        --idle_;
        connection->end_watch();
        if (connection->fresh()) return connection;
        discard(std::move(connection));
    }
    return nullptr;
}

void Pool::put_idle(PoolHost& host, std::unique_ptr<ClientConnection> connection) noexcept {
    try {
        connection->idle_since = get_running_loop().time();
        host.idle.reserve(host.idle.size() + 1);
        if (!sweep_) arm_sweep(connection->idle_since + options_.keepalive_timeout);
    } catch (...) {
        return discard(std::move(connection));
    }
    connection->idle_at = &host;
    connection->watch_idle(*this);
    host.idle.push_back(std::move(connection));
    ++idle_;
}

void Pool::went_stale(ClientConnection& connection) noexcept {
    PoolHost& host = *connection.idle_at;
    const auto at =
        std::find_if(host.idle.begin(), host.idle.end(), [&](const auto& each) { return each.get() == &connection; });
    std::unique_ptr<ClientConnection> gone = std::move(*at);
    host.idle.erase(at);
    --idle_;
    discard(std::move(gone));
    forget_if_unused(host);
}

void Pool::drop_idle(PoolHost& host) noexcept {
    while (!host.idle.empty()) {
        std::unique_ptr<ClientConnection> connection = std::move(host.idle.back());
        host.idle.pop_back();
        --idle_;
        discard(std::move(connection));
    }
}

void Pool::arm_sweep(TimePoint when) {
    sweep_ = get_running_loop().call_at(when, [this] { sweep(); });
}

// Closes what has been idle for too long, or was closed by the other side; looks again when the next one is due.
void Pool::sweep() {
    sweep_ = TimerHandle();
    const TimePoint now = get_running_loop().time();
    TimePoint next = TimePoint::max();
    for (auto at = hosts_.begin(); at != hosts_.end();) {
        PoolHost& host = *at->second;
        ++at;
        for (std::unique_ptr<ClientConnection>& connection : host.idle) {
            const TimePoint due = connection->idle_since + options_.keepalive_timeout;
            if (due <= now || !connection->fresh()) {
                --idle_;
                discard(std::move(connection));
            } else {
                next = std::min(next, due);
            }
        }
        std::erase(host.idle, nullptr);
        forget_if_unused(host);
    }
    if (next != TimePoint::max()) arm_sweep(next);
}

void Pool::add(ClientConnection& connection) {
    connection.place = all_.size();
    all_.push_back(&connection);
    ++opened_;
}

void Pool::remove(ClientConnection& connection) noexcept {
    ClientConnection* const last = all_.back();
    all_[connection.place] = last;
    last->place = connection.place;
    all_.pop_back();
}

void Pool::discard(std::unique_ptr<ClientConnection> connection) noexcept {
    remove(*connection);
    connection->close();
    keep_until_closed(connection->writer);
}

void Pool::keep_until_closed(const StreamWriter& writer) noexcept {
    try {
        if (closing_.size() >= prune_at_) prune_closing();
        closing_.push_back(writer);
    } catch (const std::bad_alloc&) {
        // close() will not wait for this one.
    }
}

void Pool::prune_closing() {
    std::erase_if(closing_, [](const StreamWriter& writer) { return writer.closed(); });
    prune_at_ = std::max<std::size_t>(64, 2 * closing_.size());
}

// --- names -----------------------------------------------------------------------------------------------------------

Coro<std::vector<AddressInfo>> Pool::resolve(std::string host, int port, Tracers& tracers) {
    const std::shared_ptr<Pool> self = shared_from_this();
    const LookupOptions options{.family = options_.family, .type = SOCK_STREAM};
    std::optional<std::vector<AddressInfo>> local = aio::detail::answer_locally(host, port, options);
    if (local) co_return *std::move(local);
    if (options_.use_dns_cache && !cache_) {
        const CacheOptions cached{.ttl = options_.ttl_dns_cache, .round_robin = true};
        cache_ = std::make_shared<CachingResolver>(options_.resolver ? options_.resolver : get_resolver(), cached);
    }
    std::shared_ptr<Resolver> resolver = cache_;
    if (!resolver) resolver = options_.resolver ? options_.resolver : get_resolver();
    const bool traced = !tracers.empty();
    const bool known = traced && cache_ && cache_->remembers(host, options);
    if (known) {
        const TraceDnsCacheHit hit{host};
        co_await tracers.send(&TraceConfig::on_dns_cache_hit, hit);
    } else if (traced) {
        const TraceDnsCacheMiss miss{host};
        co_await tracers.send(&TraceConfig::on_dns_cache_miss, miss);
        const TraceDnsResolvehostStart start{host};
        co_await tracers.send(&TraceConfig::on_dns_resolvehost_start, start);
    }
    std::vector<AddressInfo> infos = co_await resolver->getaddrinfo(host, port, options);
    if (infos.empty()) aio::detail::throw_gai_error(EAI_NODATA, host, options.family);
    if (traced && !known) {
        const TraceDnsResolvehostEnd end{host};
        co_await tracers.send(&TraceConfig::on_dns_resolvehost_end, end);
    }
    co_return infos;
}

void Pool::clear_dns_cache(std::string_view host) noexcept {
    if (!cache_) return;
    if (host.empty()) {
        cache_->clear();
    } else {
        cache_->clear(host);
    }
}

// --- the end ---------------------------------------------------------------------------------------------------------

void Pool::shut() noexcept {
    closed_ = true;
    sweep_.cancel();
    sweep_ = TimerHandle();
    while (!waited_for_.empty()) {
        PlaceWaiter& waiter = *waited_for_.front()->waiters.front();
        unlist(waiter);
        if (!waiter.place.done()) waiter.place.set_result();
    }
    for (const auto& [key, host] : hosts_) drop_idle(*host);
    std::erase_if(hosts_, [](const auto& item) { return item.second->acquired == 0; });
    for (ClientConnection* connection : all_) {
        connection->fail(closed_error_);
        try {
            closing_.push_back(connection->writer);
        } catch (const std::bad_alloc&) {
            // close() will not wait for this one.
        }
    }
}

Coro<> Pool::close() {
    const std::shared_ptr<Pool> self = shared_from_this();
    if (!closed_) shut();
    const std::vector<StreamWriter> closing = std::exchange(closing_, {});
    for (const StreamWriter& writer : closing) {
        try {
            co_await writer.wait_closed();
        } catch (const std::exception&) {
            // How a connection ended that nobody wants any more does not matter.
        }
    }
}

// --- leases ----------------------------------------------------------------------------------------------------------

void Lease::set_connection(std::unique_ptr<ClientConnection> connection) {
    if (connection->requests == 0) pool_->add(*connection);
    connection_ = std::move(connection);
}

void Lease::end(bool keep) noexcept {
    if (!host_) return;
    PoolHost& host = *std::exchange(host_, nullptr);
    if (std::unique_ptr<ClientConnection> connection = std::move(connection_)) {
        connection->end_exchange();
        bool usable = keep && !pool_->closed_ && !pool_->options_.force_close;
        try {
            usable = usable && !connection->messages.has_more() && connection->fresh();
        } catch (...) {
            usable = false;
        }
        if (usable) {
            pool_->put_idle(host, std::move(connection));
        } else {
            pool_->discard(std::move(connection));
        }
    }
    const std::shared_ptr<Pool> pool = std::move(pool_);
    pool->release_place(host);
}

void Lease::renew() noexcept {
    pool_->discard(std::move(connection_));
    pool_->drop_idle(*host_);
}

std::unique_ptr<ClientConnection> Lease::detach() noexcept {
    PoolHost& host = *std::exchange(host_, nullptr);
    std::unique_ptr<ClientConnection> connection = std::move(connection_);
    connection->end_exchange();
    pool_->remove(*connection);
    const std::shared_ptr<Pool> pool = std::move(pool_);
    pool->release_place(host);
    return connection;
}

}  // namespace aio::http::detail

namespace aio::http {

Coro<> Connector::close() const { return pool_->close(); }
bool Connector::closed() const noexcept { return pool_->closed(); }
ConnectorStatistics Connector::statistics() const noexcept { return pool_->statistics(); }
void Connector::clear_dns_cache() const noexcept { pool_->clear_dns_cache({}); }
void Connector::clear_dns_cache(std::string_view host) const noexcept { pool_->clear_dns_cache(host); }

TCPConnector::TCPConnector(ConnectorOptions options)
    : Connector(std::make_shared<detail::Pool>(std::move(options))) {}

UnixConnector::UnixConnector(std::string path, ConnectorOptions options)
    : Connector(std::make_shared<detail::Pool>(std::move(options), std::move(path))) {
    if (pool()->unix_path().empty()) throw ValueError("UnixConnector: the path is empty");
}

}  // namespace aio::http
