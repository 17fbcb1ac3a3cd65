// From a route to a connection: names, TCP or AF_UNIX, TLS, tunnels through proxies. What SOCKS proxies are told is in
// io/proxy/socks.cpp.
#include <aio/base/error.hpp>
#include <aio/http/errors.hpp>
#include <aio/io/ssl.hpp>
#include <aio/sync/threads.hpp>

#include "http/client/crypto.hpp"
#include "http/client/route.hpp"
#include "http/client/session_state.hpp"
#include "http/wire/syntax.hpp"
#include "io/proxy/socks.hpp"
#include "io/stream/open_addresses.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <exception>

namespace aio::http::detail {

namespace {

std::string host_and_port(const URL& url) { return Address(url.raw_host(), url.port()).str(); }

// The name for TLS: without the dot of an absolute name, which no certificate has.
std::string_view name_for_tls(const ClientRoute& route) {
    std::string_view name = route.server_hostname.empty() ? route.url->raw_host() : route.server_hostname;
    if (name.ends_with('.')) name.remove_suffix(1);
    return name;
}

// Inside a catch block: throws what aiohttp's user expects in place of what was caught.
[[noreturn]] void rethrow_as_connector_error(const std::string& wanted, bool of_proxy) {
    const std::string prefix = "cannot connect to " + std::string(of_proxy ? "the proxy " : "") + wanted + ": ";
    try {
        throw;
    } catch (const GaiError& error) {
        throw ClientConnectorDNSError(error.code(), prefix + error.what());
    } catch (const ssl::SSLCertVerificationError& error) {
        throw ClientConnectorCertificateError(error.code(), prefix + error.what());
    } catch (const ssl::SSLError& error) {
        throw ClientConnectorSSLError(error.code(), prefix + error.what());
    } catch (const OSError& error) {
        if (of_proxy) throw ClientProxyConnectionError(error.code(), prefix + error.what());
        throw ClientConnectorError(error.code(), prefix + error.what());
    } catch (const TimeoutError& error) {  // the kernel's ETIMEDOUT: our own limits arrive as cancellations
        if (of_proxy) throw ClientProxyConnectionError(ETIMEDOUT, prefix + error.what());
        throw ClientConnectorError(ETIMEDOUT, prefix + error.what());
    }
}

ConnectionOptions connection_options(const Pool& pool, const SessionState& session) {
    const ConnectorOptions& given = pool.options();
    ConnectionOptions options;
    options.limit = session.options.read_bufsize;
    options.family = given.family;
    options.happy_eyeballs_delay = given.happy_eyeballs_delay;
    options.interleave = given.interleave;
    options.local_host = given.local_host;
    options.local_port = given.local_port;
    return options;
}

// To the first hop: the host itself, or the proxy.
Coro<StreamPair> open_first(Pool& pool, const ClientRoute& route, const SessionState& session, Tracers& tracers) {
    ConnectionOptions options = connection_options(pool, session);
    const URL& to = route.proxy ? route.proxy->url : *route.url;
    const bool tls = route.proxy ? route.proxy->url.scheme() == "https" : route.tls;
    const ClientSSL& how = route.proxy ? pool.options().ssl : *route.ssl;
    std::optional<ssl::SSLContext> context;
    std::string name;
    if (tls) {
        context = tls_context(how);
        name = route.proxy ? std::string(to.raw_host()) : std::string(name_for_tls(route));
        options.server_hostname = name;
        options.ssl_shutdown_timeout = pool.options().ssl_shutdown_timeout;
        if (context) {
            options.ssl = *context;
        } else {
            options.ssl = true;
        }
    }
    const std::uint16_t port = route.proxy ? route.proxy->port() : to.port();
    std::string wanted = route.proxy ? route.proxy->wanted() : host_and_port(to);
    if (!pool.unix_path().empty()) {
        options.local_host = {};
        options.local_port = 0;
        co_return co_await open_unix_connection(pool.unix_path(), options);
    }
    std::vector<AddressInfo> infos = co_await pool.resolve(to.raw_host(), port, tracers);
    for (AddressInfo& info : infos) info.address.port = port;
    co_return co_await aio::detail::open_addresses(std::move(infos), std::move(wanted), options);
}

// Source: RFC 9110 section 9.3.6.
std::string connect_head(const ClientRoute& route) {
    const std::string target = host_and_port(*route.url);
    std::string head = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
    route.proxy->append_fields(head);
    return head + "\r\n";
}

Coro<> open_tunnel(StreamPair& streams, const ClientRoute& route, const wire::Limits& limits) {
    const std::string proxy = host_and_port(route.proxy->url);
    const std::string request = connect_head(route);
    streams.second.write(request);
    MessageReader messages(streams.first, wire::Parser::Role::responses, limits);
    messages.parser().expect_tunnel();
    do {
        bool answered = false;
        try {
            answered = co_await messages.read_head();
        } catch (const WireError& error) {
            throw ClientProxyConnectionError(EPROTO,
                                             "the proxy " + proxy + " did not answer in HTTP: " + error.what());
        }
        if (!answered) {
            throw ClientProxyConnectionError(ECONNRESET, "the proxy " + proxy + " closed the connection");
        }
    } while (messages.head().status / 100 == 1);
    wire::Head& head = messages.head();
    if (head.status / 100 != 2) {
        throw ClientHttpProxyError(head.status, head.reason, std::make_shared<const Headers>(head.headers));
    }
    // It would be read as if it had come encrypted.
    if (messages.has_more()) {
        throw ClientProxyConnectionError(EPROTO, "the proxy " + proxy + " sent data before the tunnel was used");
    }
}

// The host of the URL, as the proxy is told it: the name, or those of its addresses that it can be told; one at least.
// Errors: ClientConnectorDNSError.
Coro<std::vector<std::string>> hosts_for_proxy(Pool& pool, const ClientRoute& route, Tracers& tracers) {
    const std::string& host = route.url->raw_host();
    const ProxyKind kind = route.proxy->kind;
    std::vector<std::string> hosts;
    if (kind == ProxyKind::socks5h || kind == ProxyKind::socks4a) {
        hosts.push_back(host.substr(0, host.find('%')));
        co_return hosts;
    }
    std::string problem;
    int code = 0;
    try {
        const std::vector<AddressInfo> infos = co_await pool.resolve(host, route.url->port(), tracers);
        for (const AddressInfo& info : infos) {
            if (kind == ProxyKind::socks4 && info.family != AF_INET) continue;
            const std::string& address = info.address.host;
            hosts.push_back(address.substr(0, address.find('%')));
        }
        problem = "it has no IPv4 address, and SOCKS4 knows no other: use socks5";
        code = EAI_NODATA;
    } catch (const GaiError& error) {
        problem = error.what();
        code = error.code();
    }
    if (hosts.empty()) throw ClientConnectorDNSError(code, "cannot connect to " + route.wanted() + ": " + problem);
    co_return hosts;
}

// Whether another address may do where the proxy refused one: it failed, cannot be reached, or is of a family that the proxy
// has not. Source: RFC 1928 section 6; 91 is SOCKS4's only word for all of these.
bool is_about_address(int reply) noexcept {
    return reply == 1 || (reply >= 3 && reply <= 6) || reply == 8 || reply == 91;
}

// A proxy that has refused closes the connection: the next address needs another one.
Coro<> open_socks(std::optional<StreamPair>& streams, Pool& pool, const ClientRoute& route,
                  const SessionState& session, Tracers& tracers) {
    const Proxy& proxy = *route.proxy;
    aio::detail::SocksTarget target;
    const bool old = proxy.kind == ProxyKind::socks4 || proxy.kind == ProxyKind::socks4a;
    target.version = old ? aio::detail::SocksVersion::socks4a : aio::detail::SocksVersion::socks5;
    target.port = route.url->port();
    if (proxy.auth) {
        target.authenticates = true;
        target.login = proxy.auth->login();
        target.password = proxy.auth->password();
    }
    const std::vector<std::string> hosts = co_await hosts_for_proxy(pool, route, tracers);
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        if (i > 0) {
            streams->second.close();
            streams.emplace(co_await open_first(pool, route, session, tracers));
        }
        target.host = hosts[i];
        aio::detail::SocksTarget each = target;
        bool refused = false;
        try {
            co_await aio::detail::socks_connect(streams->first, streams->second, std::move(each));
        } catch (const aio::detail::SocksError& error) {
            refused = i + 1 < hosts.size() && is_about_address(error.reply());
            if (!refused) {
                throw ClientSocksProxyError(error.code(), error.reply(),
                                            "cannot connect to " + route.wanted() + " through the SOCKS proxy " +
                                                proxy.wanted() + ": " + error.what());
            }
        }
        if (!refused) break;
    }
    // It would be read as if it had come encrypted.
    if (route.tls && streams->first.has_data()) {
        throw ClientProxyConnectionError(EPROTO, "the proxy " + proxy.wanted() + " sent data before TLS began");
    }
}

Coro<> begin_tls(StreamPair& streams, const Pool& pool, const ClientRoute& route) {
    std::optional<ssl::SSLContext> context = tls_context(*route.ssl);
    if (!context) context = co_await default_tls_context();
    const std::string name(name_for_tls(route));
    StartTlsOptions options;
    options.server_hostname = name;
    options.ssl_shutdown_timeout = pool.options().ssl_shutdown_timeout;
    co_await streams.second.start_tls(*context, options);
}

void check_fingerprint(const StreamPair& streams, const ClientRoute& route) {
    if (!route.tls || route.ssl->pinned().empty()) return;
    const std::optional<ssl::Certificate> certificate = streams.second.ssl_object().getpeercert();
    if (certificate && sha256(certificate->der) == route.ssl->pinned()) return;
    streams.second.abort();
    throw ServerFingerprintMismatch("the certificate of " + route.wanted() +
                                    " does not match the pinned fingerprint");
}

}  // namespace

std::string ClientRoute::wanted() const { return host_and_port(*url); }

Coro<std::unique_ptr<ClientConnection>> dial(Pool& pool, const ClientRoute& route, const SessionState& session,
                                             Tracers& tracers) {
    const wire::Limits limits = session.wire_limits();
    const std::string wanted = route.proxy ? route.proxy->wanted() : route.wanted();
    std::optional<StreamPair> streams;
    bool tunnelled = false;
    try {
        streams.emplace(co_await open_first(pool, route, session, tracers));
        if (route.tunnels()) {
            if (route.proxy->is_socks()) {
                co_await open_socks(streams, pool, route, session, tracers);
            } else {
                co_await open_tunnel(*streams, route, limits);
            }
            tunnelled = true;
            if (route.tls) co_await begin_tls(*streams, pool, route);
        }
        check_fingerprint(*streams, route);
    } catch (const ClientError&) {
        throw;
    } catch (const std::exception&) {
        rethrow_as_connector_error(tunnelled ? route.wanted() : wanted, route.proxy && !tunnelled);
    }
    co_return std::make_unique<ClientConnection>(std::move(*streams), limits);
}

}  // namespace aio::http::detail
