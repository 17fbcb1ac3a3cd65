// The way to a host: directly, or through a proxy; over TLS or not.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/client/client_options.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/url.hpp>

#include "http/client/client_connection.hpp"
#include "http/client/pool.hpp"
#include "http/client/request_spec.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http::detail {

// What a proxy speaks, and who looks names up: the proxy (http, socks5h, socks4a), or we (socks5, socks4).
enum class ProxyKind : std::uint8_t { http, socks4, socks4a, socks5, socks5h };

struct Proxy {
    URL url;  // without credentials
    ProxyKind kind = ProxyKind::http;
    std::optional<BasicAuth> auth;
    std::string authorization;  // the same as a header, "Basic ...", or empty
    Headers headers;            // more of them, for an HTTP proxy alone

    Proxy() = default;
    bool is_socks() const noexcept { return kind != ProxyKind::http; }
    std::uint16_t port() const noexcept;
    // "proxy.example:1080", for messages and for looking it up.
    std::string wanted() const;
    // What a request, or CONNECT, has for the proxy alone.
    void append_fields(std::string& head) const;
};

struct ClientRoute {
    const URL* url = nullptr;          // outlives it
    const ClientSSL* ssl = nullptr;    // the same
    std::string_view server_hostname;  // in place of the URL's host; or empty
    std::unique_ptr<Proxy> proxy;      // null: directly
    bool tls = false;
    bool upgrades = false;  // the connection will leave HTTP: an HTTP proxy must not take part (RFC 6455 section 4.1)

    ClientRoute() = default;
    bool tunnels() const noexcept { return proxy && (tls || upgrades || proxy->is_socks()); }
    // Whether the request names the whole URL, for a proxy to see.
    bool absolute_form() const noexcept { return proxy && !tunnels(); }
    // "example.org:443", for messages.
    std::string wanted() const;
};

// User and password of the URL. Errors: InvalidURL for a user that Basic authentication cannot name.
std::optional<BasicAuth> credentials_of(const URL& url);
// What the request and its session say about the way to `url`. Errors: InvalidURL for a scheme that is not
// HTTP's, and for a URL or a proxy without a host, or with another scheme than http, https and those of SOCKS.
ClientRoute find_route(const URL& url, const Hop& hop);
// What connections of that route have in common, appended to `key`.
void append_key(std::string& key, const ClientRoute& route);

// A new connection. Errors: ClientConnectorError and below, ClientProxyConnectionError, ClientSocksProxyError,
// ClientHttpProxyError, ServerFingerprintMismatch. Cancel: it is given up. `pool` and `route` outlive the call.
Coro<std::unique_ptr<ClientConnection>> dial(Pool& pool, const ClientRoute& route, const SessionState& session,
                                             Tracers& tracers);

// The proxy that http_proxy, https_proxy, socks_proxy or all_proxy names for `url`, unless no_proxy excepts it.
// socks_proxy may do without a scheme: socks5h. Errors: InvalidURL.
std::optional<URL> proxy_from_environment(const URL& url);
// Whether `no_proxy`, a list of hosts, domains ("example.org", ".example.org"), host:port, addresses with or without
// "/bits", or "*", excepts a host.
bool bypasses_proxy(std::string_view no_proxy, std::string_view host, int port);

}  // namespace aio::http::detail
