// Which way a request takes: its proxy, its TLS, and the key of the connections that go the same way.
#include "http/client/route.hpp"

#include <aio/http/errors.hpp>
#include <aio/io/address.hpp>

#include "http/client/session_state.hpp"
#include "http/wire/syntax.hpp"

namespace aio::http::detail {

namespace {

constexpr std::uint16_t kSocksPort = 1080;

// Errors: InvalidURL for other schemes.
ProxyKind kind_of(const URL& proxy) {
    const std::string& scheme = proxy.scheme();
    if (scheme == "http" || scheme == "https") return ProxyKind::http;
    if (scheme == "socks5h") return ProxyKind::socks5h;
    if (scheme == "socks5") return ProxyKind::socks5;
    if (scheme == "socks4a") return ProxyKind::socks4a;
    if (scheme == "socks4") return ProxyKind::socks4;
    throw InvalidURL(proxy.str_without_credentials(),
                     "the scheme of a proxy must be http, https, socks5, socks5h, socks4 or socks4a");
}

// The request's own proxy, else its session's, else the environment's.
std::unique_ptr<Proxy> find_proxy(const URL& url, const Hop& hop) {
    const SessionOptions& options = hop.session->options;
    const RequestExtras* extras = hop.spec->extras.get();
    const bool own = extras && extras->proxy;
    if (!own && !options.proxy && !options.trust_env) return nullptr;
    auto proxy = std::make_unique<Proxy>();
    std::optional<BasicAuth> auth;
    if (own) {
        proxy->url = *extras->proxy;
    } else if (options.proxy) {
        proxy->url = *options.proxy;
    } else {
        std::optional<URL> found = proxy_from_environment(url);
        if (!found) return nullptr;
        proxy->url = *std::move(found);
        if (hop.session->netrc) auth = hop.session->netrc->find(proxy->url.raw_host());
    }
    proxy->kind = kind_of(proxy->url);
    if (proxy->url.raw_host().empty()) throw InvalidURL(proxy->url.str_without_credentials(), "it has no host");
    if (extras && extras->proxy_auth) {
        auth = extras->proxy_auth;
    } else if (options.proxy_auth) {
        auth = options.proxy_auth;
    }
    proxy->auth = auth ? auth : credentials_of(proxy->url);
    if (proxy->auth) proxy->authorization = proxy->auth->encode();
    proxy->url = proxy->url.without_credentials();
    if (extras) proxy->headers = extras->proxy_headers;
    return proxy;
}

void append_ssl(std::string& key, const ClientSSL& how) {
    if (how.context()) {
        key += std::to_string(reinterpret_cast<std::uintptr_t>(how.context().get()));
    } else {
        key += how.pinned();
        if (!how.verifies()) key += '!';
    }
}

}  // namespace

std::optional<BasicAuth> credentials_of(const URL& url) {
    if (url.user().empty() && !url.password()) return std::nullopt;
    if (url.user().find(':') != std::string::npos) {
        throw InvalidURL(url.str_without_credentials(),
                         "its user name has a colon, which Basic authentication cannot express");
    }
    return BasicAuth(url.user(), url.password().value_or(""));
}

std::uint16_t Proxy::port() const noexcept {
    return is_socks() ? url.explicit_port().value_or(kSocksPort) : url.port();
}

std::string Proxy::wanted() const { return Address(url.raw_host(), port()).str(); }

void Proxy::append_fields(std::string& head) const {
    if (!authorization.empty()) wire::append_field(head, "Proxy-Authorization", authorization);
    for (const auto& [name, value] : headers) wire::append_field(head, name, value);
}

ClientRoute find_route(const URL& url, const Hop& hop) {
    ClientRoute route;
    route.url = &url;
    route.tls = url.scheme() == "https" || url.scheme() == "wss";
    if (!route.tls && url.scheme() != "http" && url.scheme() != "ws") {
        throw InvalidURL(url.str_without_credentials(), url.is_absolute()
                                                            ? "the scheme is neither http nor https"
                                                            : "it is relative, and there is no base_url");
    }
    // URL sees to it. But to connect to this machine in its place would be the worst that could happen.
    if (url.raw_host().empty()) throw InvalidURL(url.str_without_credentials(), "it has no host");
    const RequestExtras* extras = hop.spec->extras.get();
    route.ssl = extras && extras->ssl ? &*extras->ssl : &hop.session->pool->options().ssl;
    if (extras && hop.credentials_apply) route.server_hostname = extras->server_hostname;
    route.upgrades = extras && extras->headers.contains("Upgrade");
    route.proxy = find_proxy(url, hop);
    return route;
}

void append_key(std::string& key, const ClientRoute& route) {
    key += route.tls ? 's' : 'p';
    key += route.url->raw_host();
    key += '\n';
    const unsigned port = route.url->port();
    key += static_cast<char>(port >> 8);
    key += static_cast<char>(port & 0xff);
    if (route.tls) {
        append_ssl(key, *route.ssl);
        key.append("\n").append(route.server_hostname);
    }
    if (!route.proxy) return;
    if (!route.tls && route.tunnels()) key.append("\ntunnel");
    key.append("\n").append(route.proxy->url.str()).append("\n").append(route.proxy->authorization);
    for (const auto& [name, value] : route.proxy->headers) key.append("\n").append(name).append(":").append(value);
}

}  // namespace aio::http::detail
