// ClientSession: HTTP requests, with a pool of connections and a jar of cookies behind them (aiohttp.ClientSession).
//
//     aio::http::ClientSession session;
//     auto response = co_await session.get("https://example.org/search").param("q", "asyncio");
//     std::string page = co_await response.text();
//     co_await session.close();
//
// One session for many requests, of many tasks: that is what saves connections. close() it in the end, which waits
// until its sockets are closed; one that is dropped open is reported to the loop's exception handler.
//
// Redirects are followed (301, 302, 303, 307, 308), ten at the most; an empty Location is none. What belongs to one origin
// (credentials, cookies given with the request, a Host header) does not go to another; credentials in the URL stay for
// redirects within its origin, and those in a Location take their place. A request that is safe to repeat is sent once
// more when a kept connection turns out to be closed. Certificates are verified. Answers are unpacked (gzip, deflate,
// br, zstd).
//
// Thread rule: a session belongs to one loop, the one it is first used on.
// Source: aiohttp 3.11 client.py; RFC 9110, RFC 9112.
#pragma once

#include <aio/http/client_middleware.hpp>
#include <aio/http/client_options.hpp>
#include <aio/http/client_request.hpp>
#include <aio/http/client_response.hpp>
#include <aio/http/client_websocket.hpp>
#include <aio/http/connector.hpp>
#include <aio/http/cookie_jar.hpp>
#include <aio/http/tracing.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aio::http {

// `ClientSession session({.base_url = "https://example.org/api/", .trust_env = true});`
struct SessionOptions {
    std::optional<URL> base_url = {};  // relative URLs of requests are relative to it
    Headers headers = {};              // of every request, unless it says otherwise
    std::vector<std::string> skip_auto_headers = {};
    std::vector<std::pair<std::string, std::string>> cookies = {};  // to every host
    std::shared_ptr<CookieJar> cookie_jar = nullptr;                // default: one of its own
    std::optional<BasicAuth> auth = {};
    ClientTimeout timeout = {};
    bool raise_for_status = false;  // every answer of 400 and above is a ClientResponseError
    bool auto_decompress = true;
    // Location is requoted as URL requotes; false: it is sent as it came, unless it has spaces or bytes beyond ASCII.
    bool requote_redirect_url = true;
    bool trust_env = false;  // proxies from http_proxy, https_proxy, all_proxy, no_proxy; credentials from ~/.netrc
    std::optional<URL> proxy = {};
    std::optional<BasicAuth> proxy_auth = {};
    std::vector<ClientMiddleware> middlewares = {};  // the first one is the outermost
    std::vector<TraceConfig> trace_configs = {};
    std::shared_ptr<Connector> connector = nullptr;  // default: a TCPConnector of its own
    bool connector_owner = true;                     // close() closes the connector
    std::size_t read_bufsize = 64 * 1024;            // what is received ahead of the reader, in bytes
    ResponseLimits limits = {};
};

class ClientSession {
public:
    // Errors: InvalidURL for a base_url that is not absolute; ValueError for other options that make no sense.
    explicit ClientSession(SessionOptions options = {});
    ClientSession(ClientSession&&) noexcept;
    ClientSession& operator=(ClientSession&&) noexcept;
    ~ClientSession();

    // Errors of these: RuntimeError when the session is closed; ValueError for a method that is no token.
    ClientRequest request(std::string_view method, URL url) const;
    ClientRequest get(URL url) const { return request("GET", std::move(url)); }
    ClientRequest head(URL url) const { return request("HEAD", std::move(url)); }
    ClientRequest options(URL url) const { return request("OPTIONS", std::move(url)); }
    ClientRequest post(URL url) const { return request("POST", std::move(url)); }
    ClientRequest put(URL url) const { return request("PUT", std::move(url)); }
    ClientRequest patch(URL url) const { return request("PATCH", std::move(url)); }
    ClientRequest delete_(URL url) const { return request("DELETE", std::move(url)); }

    // A WebSocket: ws://, wss://, http:// or https://.
    WSConnect ws_connect(URL url) const;

    // Closes the connector, if it is the session's own or was given to it, and waits until its sockets are closed.
    // No effect the second time.
    Coro<> close();
    bool closed() const noexcept;
    // Lets go of the connector, which somebody else closes.
    void detach() noexcept;

    const std::shared_ptr<CookieJar>& cookie_jar() const noexcept;
    Connector connector() const noexcept;
    const Headers& headers() const noexcept;
    const std::optional<BasicAuth>& auth() const noexcept;
    const ClientTimeout& timeout() const noexcept;

private:
    std::shared_ptr<detail::SessionState> state_;
};

}  // namespace aio::http
