// Connectors: where a ClientSession's connections come from, and go to be used again (aiohttp's TCPConnector and
// UnixConnector).
//
//     aio::http::TCPConnector connector({.limit_per_host = 6});
//     aio::http::ClientSession session({.connector = connector.share()});
//
// A connection is used again when its answer was read to the end, both sides want to keep it, and nothing came on it
// since. The one used last is taken first; those that are idle for keepalive_timeout are closed. Who finds all places
// taken waits; places are given first come, first served, and never to one who was cancelled.
//
// Connectors are handles: copies name the same one. Thread rule: one loop's thread.
// Source: aiohttp 3.11 connector.py; RFC 9112 section 9.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/client_options.hpp>

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

struct ConnectorOptions {
    std::size_t limit = 100;         // connections in use at once; 0: any number
    std::size_t limit_per_host = 0;  // the same for one host, port and way to it
    Duration keepalive_timeout = std::chrono::seconds(15);
    bool force_close = false;  // every connection is for one request
    ClientSSL ssl = true;      // unless the request says otherwise

    // Names. Answers are remembered for ttl_dns_cache, the addresses of a name take turns, and a name is asked for
    // once however many requests wait for it. Null: the loop's resolver.
    std::shared_ptr<Resolver> resolver = nullptr;
    bool use_dns_cache = true;
    Duration ttl_dns_cache = std::chrono::seconds(10);

    // As in ConnectionOptions (aio/io/stream.hpp).
    int family = 0;
    Duration happy_eyeballs_delay = std::chrono::milliseconds(250);
    int interleave = -1;
    std::string local_host = {};
    int local_port = 0;
    Duration ssl_shutdown_timeout = std::chrono::seconds(1);  // for the server's last word over TLS
};

struct ConnectorStatistics {
    std::size_t acquired = 0;  // connections in use, or being made
    std::size_t idle = 0;
    std::size_t waiting = 0;  // requests that wait for a place
};

class Connector {
public:
    explicit Connector(std::shared_ptr<detail::Pool> pool) noexcept : pool_(std::move(pool)) {}

    // Closes all connections, those in use too, and waits until their sockets are closed. Requests that wait fail
    // with ClientConnectionError. No effect the second time.
    Coro<> close() const;
    bool closed() const noexcept;
    ConnectorStatistics statistics() const noexcept;
    // Forgets addresses: of all names, or of `host`.
    void clear_dns_cache() const noexcept;
    void clear_dns_cache(std::string_view host) const noexcept;

    // For SessionOptions::connector.
    std::shared_ptr<Connector> share() const { return std::make_shared<Connector>(*this); }
    const std::shared_ptr<detail::Pool>& pool() const noexcept { return pool_; }

private:
    std::shared_ptr<detail::Pool> pool_;
};

// Connections over TCP, and TLS over it.
class TCPConnector : public Connector {
public:
    explicit TCPConnector(ConnectorOptions options = {});
};

// Connections to one AF_UNIX socket ('\0' first: in the abstract namespace), whatever host the URLs name.
class UnixConnector : public Connector {
public:
    explicit UnixConnector(std::string path, ConnectorOptions options = {});
};

}  // namespace aio::http
