// The client's end of a WebSocket: the result of `co_await session.ws_connect(url)` (aiohttp.ClientSession.ws_connect).
//
//     auto ws = co_await session.ws_connect("wss://example.org/chat").protocol("chat.v2").heartbeat(30s);
//     co_await ws.send_str("hello");
//     std::string answer = co_await ws.receive_str();
//     co_await ws.close();
//
// The handshake is a request of the session, with its cookies, headers, proxies, middlewares and redirects. Close the
// WebSocket before the session; one that is dropped open is aborted.
// Thread rule: the session's loop. Source: aiohttp 3.11 client.py, client_ws.py.
#pragma once

#include <aio/http/client/client_request.hpp>
#include <aio/http/websocket.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http {

// The client's end of a WebSocket: aiohttp.ClientWebSocketResponse.
class ClientWebSocketResponse : public WebSocket {
public:
    // For the library: WSConnect makes it.
    ClientWebSocketResponse(std::unique_ptr<detail::WSConnection> connection, Headers headers) noexcept;

    // The headers of the server's response to the handshake.
    const Headers& headers() const noexcept { return headers_; }

private:
    Headers headers_;
};

// A WebSocket that is not opened yet, and its awaitable. It is awaited once. Result: the ClientWebSocketResponse.
//
// *Resumes* after the handshake. *Cancel*: the connection is closed. *Errors*: those of a request;
// WSServerHandshakeError when the response is no valid handshake.
class [[nodiscard("a WebSocket is opened when it is awaited")]] WSConnect {
public:
    using native_awaitable = void;

    // For the library: ClientSession::ws_connect() makes it.
    explicit WSConnect(ClientRequest request) noexcept : request_(std::move(request)) {}

    // Offers a subprotocol; the server chooses one of all, or none: WebSocket::protocol().
    // Errors: ValueError for no token.
    WSConnect&& protocol(std::string_view name);
    // The value of the header Origin.
    WSConnect&& origin(std::string_view origin);
    // The options of WSOptions, all at once or one by one.
    WSConnect&& options(const WSOptions& all);
    WSConnect&& heartbeat(Duration interval);
    WSConnect&& receive_timeout(Duration limit);
    WSConnect&& close_timeout(Duration limit);
    WSConnect&& autoclose(bool on);
    WSConnect&& autoping(bool on);
    // Offers compression. Errors: ValueError for other numbers than 0 and 9 to 15.
    WSConnect&& compress(int window_bits = 15);
    // WSOptions::max_msg_size.
    WSConnect&& max_msg_size(std::uint64_t bytes);

    // The setters of ClientRequest.
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

    // The same as awaiting it, as a coroutine.
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
