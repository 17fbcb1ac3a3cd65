// The client's end of a WebSocket: what session.ws_connect(url) gives when it is awaited (aiohttp.ClientSession.ws_connect).
//
//     auto ws = co_await session.ws_connect("wss://example.org/chat").protocol("chat.v2").heartbeat(30s);
//     co_await ws.send_str("hello");
//     std::string answer = co_await ws.receive_str();
//     co_await ws.close();
//
// Everything before the WebSocket is a request of the session: its cookies, headers, proxies, middlewares and redirects.
// Close it before the session; one that is dropped open is aborted.
// Thread rule: the session's loop. Source: aiohttp 3.11 client.py, client_ws.py.
#pragma once

#include <aio/http/client_request.hpp>
#include <aio/http/websocket.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http {

class ClientWebSocketResponse : public WebSocket {
public:
    ClientWebSocketResponse(std::unique_ptr<detail::WSConnection> connection, Headers headers) noexcept;

    // Of the server's answer.
    const Headers& headers() const noexcept { return headers_; }

private:
    Headers headers_;
};

// A WebSocket that is not there yet. Awaited once.
//
// *Resumes* when both sides have agreed. *Cancel*: the connection is closed. *Errors*: as a request's; and
// WSServerHandshakeError when the answer is something else than a WebSocket.
class [[nodiscard("a WebSocket is opened when it is awaited")]] WSConnect {
public:
    using native_awaitable = void;

    explicit WSConnect(ClientRequest request) noexcept : request_(std::move(request)) {}

    // What it offers to speak; the server chooses one, or none: protocol() then.
    WSConnect&& protocol(std::string_view name);
    WSConnect&& origin(std::string_view origin);
    WSConnect&& options(const WSOptions& all);
    WSConnect&& heartbeat(Duration interval);
    WSConnect&& receive_timeout(Duration limit);
    WSConnect&& close_timeout(Duration limit);
    WSConnect&& autoclose(bool on);
    WSConnect&& autoping(bool on);
    // Errors: ValueError for other numbers than 0 and 9 to 15.
    WSConnect&& compress(int window_bits = 15);
    WSConnect&& max_msg_size(std::uint64_t bytes);

    // ClientRequest's.
    WSConnect&& header(std::string_view name, std::string_view value);
    WSConnect&& headers(const Headers& headers);
    WSConnect&& param(std::string_view name, std::string_view value);
    WSConnect&& param(std::string_view name, detail::TextInteger auto value) {
        return param(name, std::string_view(std::to_string(value)));
    }
    WSConnect&& cookie(std::string_view name, std::string_view value);
    WSConnect&& auth(BasicAuth credentials);
    WSConnect&& timeout(ClientTimeout limits);
    WSConnect&& timeout(Duration total);
    WSConnect&& ssl(ClientSSL how);
    WSConnect&& server_hostname(std::string_view name);
    WSConnect&& proxy(URL url);
    WSConnect&& proxy_auth(BasicAuth credentials);

    Coro<ClientWebSocketResponse> connect() &&;
    detail::SendingAwaiter<ClientWebSocketResponse> operator co_await() && {
        return detail::SendingAwaiter<ClientWebSocketResponse>(std::move(*this).connect());
    }

private:
    ClientRequest request_;
    WSOptions options_;
    std::string protocols_;
};

}  // namespace aio::http
