// The server's end of a WebSocket (aiohttp.web.WebSocketResponse).
//
//     aio::Coro<Response> chat(Request& request) {
//         WebSocketResponse ws({.heartbeat = 30s});
//         co_await ws.prepare(request);
//         while (auto message = co_await ws.next()) {
//             if (message->type == WSMsgType::text) co_await ws.send_str(message->data);
//         }
//         co_return ws;
//     }
//
// It belongs to its request. When the handler returns, what was sent goes out and the WebSocket is closed with 1000; when the
// handler throws, with 1011. When the server shuts down, all are closed with kWSGoingAway (1001) after on_shutdown.
//
// Pages of other sites can open WebSockets to yours, with your users' cookies: restrict them with `origins`.
// Thread rule: the loop's thread. Source: aiohttp 3.11 web_ws.py; RFC 6455 section 4.2 and 10.2.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/server/response.hpp>
#include <aio/http/websocket.hpp>

#include <string>
#include <vector>

namespace aio::http {

class Request;

// The result of can_prepare(): aiohttp.web.WebSocketReady.
struct WebSocketReady {
    bool ok = false;       // prepare() will succeed
    std::string protocol;  // the subprotocol that would be chosen, or ""

    // `ok`.
    explicit operator bool() const noexcept { return ok; }
};

// The server's end of a WebSocket: aiohttp.web.WebSocketResponse.
class WebSocketResponse : public Response, public WebSocket {
public:
    // protocols: the supported subprotocols, the preferred one first. origins: the sites whose pages may open it, as
    // "https://example.org"; empty: all sites. A client that sends no Origin is no page, and accepted.
    explicit WebSocketResponse(const WSOptions& options = {}, std::vector<std::string> protocols = {},
                               std::vector<std::string> origins = {});
    WebSocketResponse(WebSocketResponse&&) noexcept = default;

    // Whether prepare() would accept this request, and with which subprotocol.
    WebSocketReady can_prepare(const Request& request) const;
    // Sends the handshake, with the headers and cookies that were set before. No effect the second time.
    // Errors, which become responses if they are not caught: HTTPBadRequest for a request that is no WebSocket
    // handshake; HTTPUpgradeRequired for another version than 13; HTTPForbidden for an origin that is not allowed.
    // RuntimeError when a response has begun.
    Coro<> prepare(Request& request);
    // Whether prepare() has succeeded.
    bool prepared() const noexcept { return connection_ != nullptr; }

private:
    WSOptions options_;
    std::vector<std::string> protocols_, origins_;
};

}  // namespace aio::http
