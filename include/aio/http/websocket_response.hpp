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
// It belongs to its request, and is closed when the handler returns: with a word to the peer if close() says so before.
// When the server shuts down, a handler that still runs is cancelled, which aborts its WebSocket; on_shutdown is the place
// to close() them with kWSGoingAway.
//
// Pages of other sites can open WebSockets to yours, with your users' cookies. `origins` says whose may.
// Thread rule: the loop's thread. Source: aiohttp 3.11 web_ws.py; RFC 6455 section 4.2 and 10.2.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/response.hpp>
#include <aio/http/websocket.hpp>

#include <string>
#include <vector>

namespace aio::http {

class Request;

struct WebSocketReady {
    bool ok = false;
    std::string protocol;

    explicit operator bool() const noexcept { return ok; }
};

class WebSocketResponse : public Response, public WebSocket {
public:
    // protocols: those it can speak, its favourite first. origins: whose pages may open it, as "https://example.org"; none:
    // anybody's. A client that sends no Origin is no page.
    explicit WebSocketResponse(const WSOptions& options = {}, std::vector<std::string> protocols = {},
                               std::vector<std::string> origins = {});
    WebSocketResponse(WebSocketResponse&&) noexcept = default;

    // Whether this request asks for a WebSocket, and what they would speak.
    WebSocketReady can_prepare(const Request& request) const;
    // Agrees with the client. Headers and cookies that were set before go out with it. No effect the second time.
    // Errors, which become responses where nobody catches them: HTTPBadRequest for a request that is none for a WebSocket;
    // HTTPUpgradeRequired for another version than 13; HTTPForbidden for an origin that may not.
    // RuntimeError when a response has begun.
    Coro<> prepare(Request& request);
    bool prepared() const noexcept { return connection_ != nullptr; }

private:
    WSOptions options_;
    std::vector<std::string> protocols_, origins_;
};

}  // namespace aio::http
