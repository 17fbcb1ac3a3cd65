// The pool of a connector: places, idle connections, and who waits for a place.
//
// A place is the right to have a connection in use. Idle connections hold none. A place that gets free goes at once to
// the request that has waited for the longest time, among those whose host has room; a request that is cancelled after
// that hands it on. So newcomers never find a place that somebody waits for, and nobody needs to be told twice.
//
// Source: aiohttp 3.11 connector.py (BaseConnector).
#pragma once

#include <aio/core/event_loop.hpp>
#include <aio/core/future.hpp>
#include <aio/core/measured.hpp>
#include <aio/http/client/connector.hpp>
#include <aio/io/dns.hpp>

#include "http/client/client_connection.hpp"
#include "http/client/request_spec.hpp"
#include "http/client/unclosed.hpp"
#include "http/ws_channel.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aio::http::detail {

class PlaceWaiter;

// Everything that reaches the same host in the same way.
struct PoolHost {
    std::string key;
    std::vector<std::unique_ptr<ClientConnection>> idle;  // the one used last at the end
    std::size_t acquired = 0;
    std::list<PlaceWaiter*> waiters;
};

class Lease;

class Pool final : public std::enable_shared_from_this<Pool>,
                   public SocketKeeper,
                   private IdleOwner,
                   public aio::detail::Measured {
public:
    explicit Pool(ConnectorOptions options, std::string unix_path = {});
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    const ConnectorOptions& options() const noexcept { return options_; }
    const std::string& unix_path() const noexcept { return unix_path_; }
    bool closed() const noexcept { return closed_; }
    ConnectorStatistics statistics() const noexcept;
    void measure(aio::detail::MetricSamples& into) const override;

    // A place, with an idle connection if there is one. Nothing (a false Lease): one would have to wait for it.
    // Errors: ClientConnectionError when the pool is closed.
    Lease try_acquire(std::string_view key);
    // Waits for a place. Cancel: no place is lost.
    Coro<Lease> acquire(std::string key, Tracers& tracers);
    // Closes what is idle there.
    void drop_idle(PoolHost& host) noexcept;

    // A connection came to be, or ended.
    void add(ClientConnection& connection);
    void remove(ClientConnection& connection) noexcept;
    // Closes it, and remembers its socket until that is closed.
    void discard(std::unique_ptr<ClientConnection> connection) noexcept;
    // The socket of a WebSocket that was dropped: close() waits for it.
    void keep_until_closed(const StreamWriter& writer) noexcept override;

    // Addresses of a host, from the cache or the resolver. Errors: GaiError.
    Coro<std::vector<AddressInfo>> resolve(std::string host, int port, Tracers& tracers);
    void clear_dns_cache(std::string_view host) noexcept;  // empty: of all

    // Closes everything that is open, and fails who waits: with errors that are made where they are thrown, because
    // nothing may be allocated here.
    void shut() noexcept;
    Coro<> close();

private:
    friend class Lease;
    friend class PlaceWaiter;
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
    };

    PoolHost& host_of(std::string_view key);
    bool has_room(const PoolHost& host) const noexcept;
    void take_place(PoolHost& host) noexcept;
    void release_place(PoolHost& host) noexcept;
    void serve_waiters() noexcept;
    void unlist(PlaceWaiter& waiter) noexcept;
    void forget_if_unused(PoolHost& host) noexcept;
    std::unique_ptr<ClientConnection> take_idle(PoolHost& host);
    void put_idle(PoolHost& host, std::unique_ptr<ClientConnection> connection) noexcept;
    void went_stale(ClientConnection& connection) noexcept override;
    void arm_sweep(TimePoint when);
    void sweep();
    void prune_closing();
    void check_open() const;

    ConnectorOptions options_;
    std::string unix_path_;
    std::unordered_map<std::string, std::unique_ptr<PoolHost>, Hash, std::equal_to<>> hosts_;
    std::vector<PoolHost*> waited_for_;  // hosts with waiters
    std::vector<ClientConnection*> all_;
    std::vector<StreamWriter> closing_;  // may be closed by now
    std::exception_ptr closed_error_ = std::make_exception_ptr(ConnectorClosed());
    std::size_t prune_at_ = 64;
    std::size_t acquired_ = 0, idle_ = 0, waiting_ = 0;
    std::uint64_t next_ticket_ = 0;
    std::uint64_t requests_ = 0, opened_ = 0;  // so far
    std::shared_ptr<Resolver> resolver_;
    std::shared_ptr<CachingResolver> cache_;
    TimerHandle sweep_;
    Unclosed unclosed_;
    bool closed_ = false;
};

// A request that waits for a place. It stands in the list of its host until it is given one, fails or goes away.
class PlaceWaiter {
public:
    PlaceWaiter(Pool& pool, PoolHost& host);
    ~PlaceWaiter();
    PlaceWaiter(const PlaceWaiter&) = delete;
    PlaceWaiter& operator=(const PlaceWaiter&) = delete;

    const Future<> place;
    const std::uint64_t ticket;

    // Once `place` is done: whether there is one. No: the pool was shut.
    bool given() const noexcept { return given_; }

    // The place is the caller's to give back.
    void claim() noexcept { given_ = false; }

private:
    friend class Pool;
    Pool& pool_;
    PoolHost& host_;
    std::list<PlaceWaiter*>::iterator position_;
    bool listed_ = true;
    bool given_ = false;
};

// A place, and the connection that stands there. Dropped, the connection is closed and the place given back.
class Lease {
public:
    Lease() noexcept = default;
    Lease(std::shared_ptr<Pool> pool, PoolHost& host) noexcept : pool_(std::move(pool)), host_(&host) {}
    Lease(Lease&& other) noexcept
        : pool_(std::move(other.pool_)),
          host_(std::exchange(other.host_, nullptr)),
          connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&& other) noexcept {
        std::swap(pool_, other.pool_);
        std::swap(host_, other.host_);
        std::swap(connection_, other.connection_);
        return *this;
    }
    ~Lease() { end(false); }

    explicit operator bool() const noexcept { return host_ != nullptr; }
    ClientConnection* connection() const noexcept { return connection_.get(); }
    ClientConnection* operator->() const noexcept { return connection_.get(); }
    Pool& pool() const noexcept { return *pool_; }
    PoolHost& host() const noexcept { return *host_; }

    void set_connection(std::unique_ptr<ClientConnection> connection);
    // Gives both back; the connection is kept only if that makes sense. No effect the second time.
    void end(bool keep) noexcept;
    // Closes the connection, and all that are idle there; the place stays.
    void renew() noexcept;
    // Gives the place back; the connection is the caller's.
    std::unique_ptr<ClientConnection> detach() noexcept;

private:
    std::shared_ptr<Pool> pool_;
    PoolHost* host_ = nullptr;
    std::unique_ptr<ClientConnection> connection_;
};

}  // namespace aio::http::detail
