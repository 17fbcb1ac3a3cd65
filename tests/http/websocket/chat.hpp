// A server whose handlers are WebSockets, and a client of it.
#pragma once

#include <aio/http.hpp>

#include "support/async_test.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>

namespace aio::test {

using http::ClientWebSocketResponse, http::Request, http::Response, http::WebSocket, http::WebSocketResponse,
    http::WSMessage, http::WSMsgType, http::WSOptions;

// Sends back what comes, until the peer closes.
inline Coro<> echo_messages(WebSocket& ws) {
    while (auto message = co_await ws.next()) {
        if (message->type == WSMsgType::text) co_await ws.send_str(message->data);
        if (message->type == WSMsgType::binary) co_await ws.send_bytes(message->data);
        if (message->type == WSMsgType::error) co_return;
    }
}

struct Chat {
    using Talk = std::function<Coro<>(WebSocketResponse&)>;

    explicit Chat(Talk talk = {}, WSOptions options = {}, std::vector<std::string> protocols = {},
                  std::vector<std::string> origins = {})
        : client(app) {
        app.router().add_get("/ws", [=](Request& request) -> Coro<Response> {
            WebSocketResponse ws(options, protocols, origins);
            ws.header("X-Greeting", "hi").set_cookie("seen", "yes");
            co_await ws.prepare(request);
            if (talk) {
                co_await talk(ws);
            } else {
                co_await echo_messages(ws);
            }
            co_return ws;
        });
    }

    http::WSConnect connect() { return client.ws_connect("/ws"); }

    http::Application app;
    http::TestClient client;
};

// A handler that notes what it saw, for the test to look at when it has ended.
struct Noted {
    Future<> done;
    std::string text;
};

}  // namespace aio::test
