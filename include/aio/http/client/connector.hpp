// Connectors: the pools of connections of ClientSessions (aiohttp's TCPConnector and UnixConnector).
//
//     aio::http::TCPConnector connector({.limit_per_host = 6});
//     aio::http::ClientSession session({.connector = connector.share()});
//
// A connection is used again when its response was read to the end, both sides keep it alive, and no data have arrived
// on it since. The one used last is taken first; connections that are idle for keepalive_timeout are closed. A request
// that finds no free slot waits; slots are handed out first come, first served, and never to a cancelled request.
//
// Connectors are handles: copies name the same one. Thread rule: one loop's thread.
// Source: aiohttp 3.11 connector.py; RFC 9112 section 9.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/client/client_options.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace aio {
class Resolver;
}

namespace aio::http {

namespace detail {
class Pool;
}

// The options of a connector.
struct ConnectorOptions {
    std::size_t limit = 100;                                // connections in use at once; 0: any number
    std::size_t limit_per_host = 0;                         // the same for one host, port, proxy and TLS setting
    Duration keepalive_timeout = std::chrono::seconds(15);  // idle connections are closed after it
    bool force_close = false;                               // every connection is for one request
    ClientSSL ssl = true;                                   // of requests without their own

    // Names: answers are cached for ttl_dns_cache, the addresses of a name take turns, and there is one look-up for all
    // requests that wait for the same name. Null: the loop's resolver.
    std::shared_ptr<Resolver> resolver = nullptr;
    bool use_dns_cache = true;
    Duration ttl_dns_cache = std::chrono::seconds(10);

    // As in ConnectionOptions (aio/io/stream.hpp).
    int family = 0;
    Duration happy_eyeballs_delay = std::chrono::milliseconds(250);
    int interleave = -1;
    std::string local_host = {};
    int local_port = 0;
    Duration ssl_shutdown_timeout = std::chrono::seconds(1);  // for the server's close_notify
};

// The result of Connector::statistics().
struct ConnectorStatistics {
    std::size_t acquired = 0;  // connections in use, or being made
    std::size_t idle = 0;      // connections that wait for a request
    std::size_t waiting = 0;   // requests that wait for a slot
};

// A pool of connections, which sessions may share: aiohttp.BaseConnector.
class Connector {
public:
    // For the library: make a TCPConnector or a UnixConnector.
    explicit Connector(std::shared_ptr<detail::Pool> pool) noexcept : pool_(std::move(pool)) {}

    // Closes all connections, those in use too, and waits until their sockets are closed. Waiting requests throw
    // ClientConnectionError. No effect the second time.
    Coro<> close() const;
    // Whether close() was called.
    bool closed() const noexcept;
    // The present numbers of connections and waiting requests.
    ConnectorStatistics statistics() const noexcept;
    // Drops the cached addresses of all names, or of `host`.
    void clear_dns_cache() const noexcept;
    void clear_dns_cache(std::string_view host) const noexcept;

    // The same connector, for SessionOptions::connector.
    std::shared_ptr<Connector> share() const { return std::make_shared<Connector>(*this); }
    // For the library: the state behind the handle.
    const std::shared_ptr<detail::Pool>& pool() const noexcept { return pool_; }

private:
    std::shared_ptr<detail::Pool> pool_;
};

// Connections over TCP, and TLS over it: aiohttp.TCPConnector.
class TCPConnector : public Connector {
public:
    // Errors: ValueError for a negative keepalive_timeout or ttl_dns_cache.
    explicit TCPConnector(ConnectorOptions options = {});
};

// Connections to one AF_UNIX socket ('\0' first: in the abstract namespace), for all hosts of URLs:
// aiohttp.UnixConnector.
class UnixConnector : public Connector {
public:
    // Errors: as TCPConnector.
    explicit UnixConnector(std::string path, ConnectorOptions options = {});
};

}  // namespace aio::http
