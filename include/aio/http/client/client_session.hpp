// ClientSession: HTTP requests with a pool of connections and a jar of cookies (aiohttp.ClientSession).
//
//     aio::http::ClientSession session;
//     auto response = co_await session.get("https://example.org/search").param("q", "asyncio");
//     std::string page = co_await response.text();
//     co_await session.close();
//
// Use one session for many requests of many tasks: they share its connections. close() it in the end, which waits until
// its sockets are closed; a session that is dropped open is reported to the loop's exception handler.
//
// Redirects are followed (301, 302, 303, 307, 308), ten at most; an empty Location is no redirect. Credentials, cookies
// given with the request and a Host header are sent to one origin only; credentials in the URL apply to redirects
// within its origin, and those in a Location replace them. A request that is safe to repeat is sent again when a
// keep-alive connection turns out to be closed. Certificates are verified. Bodies are
// decompressed (gzip, deflate, br, zstd).
//
// Thread rule: a session belongs to one loop, the one it is first used on.
// Source: aiohttp 3.11 client.py; RFC 9110, RFC 9112.
#pragma once

#include <aio/http/client/client_middleware.hpp>
#include <aio/http/client/client_options.hpp>
#include <aio/http/client/client_request.hpp>
#include <aio/http/client/client_response.hpp>
#include <aio/http/client/client_websocket.hpp>
#include <aio/http/client/connector.hpp>
#include <aio/http/client/cookie_jar.hpp>
#include <aio/http/client/event_source.hpp>
#include <aio/http/client/tracing.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::http {

// The options of a ClientSession: `ClientSession session({.base_url = "https://example.org/api/", .trust_env = true});`
struct SessionOptions {
    std::optional<URL> base_url = {};                               // of relative URLs of requests
    Headers headers = {};                                           // of every request, unless it has its own
    std::vector<std::string> skip_auto_headers = {};                // as ClientRequest::skip_auto_header()
    std::vector<std::pair<std::string, std::string>> cookies = {};  // to every host
    std::shared_ptr<CookieJar> cookie_jar = nullptr;                // default: one of its own
    std::optional<BasicAuth> auth = {};                             // of requests without their own
    ClientTimeout timeout = {};                                     // of requests without their own
    bool raise_for_status = false;  // a status of 400 and above throws ClientResponseError
    bool auto_decompress = true;    // bodies are decompressed
    // Location is requoted as by URL; false: it is sent unchanged, unless it has spaces or bytes beyond ASCII.
    bool requote_redirect_url = true;
    // Proxies from http_proxy, https_proxy, socks_proxy, all_proxy, no_proxy; credentials from ~/.netrc.
    bool trust_env = false;
    std::optional<URL> proxy = {};                   // of requests without their own; as ClientRequest::proxy()
    std::optional<BasicAuth> proxy_auth = {};        // for the proxy
    std::vector<ClientMiddleware> middlewares = {};  // the first one is the outermost
    std::vector<TraceConfig> trace_configs = {};     // called in this order
    std::shared_ptr<Connector> connector = nullptr;  // default: a TCPConnector of its own
    bool connector_owner = true;                     // close() closes the connector
    std::size_t read_bufsize = 64 * 1024;            // the bytes that are received ahead of the reader
    ResponseLimits limits = {};                      // of the headers of responses
};

// A client with its connections and cookies: aiohttp.ClientSession.
class ClientSession {
public:
    // Errors: InvalidURL for a base_url that is not absolute; ValueError for a read_bufsize of 0, or an invalid cookie.
    explicit ClientSession(SessionOptions options = {});
    ClientSession(ClientSession&&) noexcept;
    ClientSession& operator=(ClientSession&&) noexcept;
    ~ClientSession();

    // A request, which is sent when it is awaited. Errors of these: RuntimeError when the session is closed; ValueError
    // for a method that is no token.
    ClientRequest request(std::string_view method, URL url) const;
    ClientRequest get(URL url) const { return request("GET", std::move(url)); }
    ClientRequest head(URL url) const { return request("HEAD", std::move(url)); }
    ClientRequest options(URL url) const { return request("OPTIONS", std::move(url)); }
    ClientRequest post(URL url) const { return request("POST", std::move(url)); }
    ClientRequest put(URL url) const { return request("PUT", std::move(url)); }
    ClientRequest patch(URL url) const { return request("PATCH", std::move(url)); }
    ClientRequest delete_(URL url) const { return request("DELETE", std::move(url)); }

    // A WebSocket, which is opened when it is awaited: ws://, wss://, http:// or https://.
    WSConnect ws_connect(URL url) const;

    // The server-sent events of a GET; http::sse_connect() takes any other request.
    EventSource sse_connect(URL url, const EventSourceOptions& options = {}) const {
        return EventSource(get(std::move(url)), options);
    }

    // Closes the connector, unless connector_owner is false, and waits until its sockets are
    // closed. No effect the second time.
    Coro<> close();
    // Whether close() or detach() was called, or the connector was closed.
    bool closed() const noexcept;
    // Closes the session and leaves the connector open, for its other owner.
    void detach() noexcept;

    // The jar and the connector of the session, also default ones.
    const std::shared_ptr<CookieJar>& cookie_jar() const noexcept;
    Connector connector() const noexcept;
    // The options of these names.
    const Headers& headers() const noexcept;
    const std::optional<BasicAuth>& auth() const noexcept;
    const ClientTimeout& timeout() const noexcept;

private:
    std::shared_ptr<detail::SessionState> state_;
};

}  // namespace aio::http
