// WebSockets through proxies, HTTP's and SOCKS.
#include "http/client/socks_server.hpp"

#include <cstdlib>

namespace aio::test {
namespace {

using http::ClientSession;

// A server at whose "/ws" a WebSocket says what it hears.
struct Echo {
    Echo() : server(app) {
        app.router().add_get("/ws", [](http::Request& request) -> Coro<http::Response> {
            http::WebSocketResponse ws;
            co_await ws.prepare(request);
            while (auto message = co_await ws.next()) co_await ws.send_str(message->data);
            co_return ws;
        });
    }
    http::Application app;
    http::TestServer server;
};

Coro<std::string> echoed(http::WSConnect connect) {
    http::ClientWebSocketResponse ws = co_await std::move(connect);
    co_await ws.send_str("hello");
    std::string text = co_await ws.receive_str();
    co_await ws.close();
    co_return text;
}

// websockets: asyncio.test_client.test_socks_proxy, asyncio.test_client.test_explicit_socks_proxy
// websockets: asyncio.test_client.test_http_proxy
ASYNC_TEST(ProxyOfWebSockets, is_asked_to_connect) {
    Echo echo;
    co_await echo.server.start();
    const std::string there = "127.0.0.1:" + std::to_string(echo.server.port());
    FakeHost& proxy =
        *co_await FakeHost::talking([](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            const auto request = co_await self.read(reader);
            if (!request || request->method != "CONNECT") co_return writer.close();
            const std::string port = request->target.substr(request->target.rfind(':') + 1);
            auto [in, out] = co_await open_connection("127.0.0.1", std::atoi(port.c_str()));
            writer.write("HTTP/1.1 200 OK\r\n\r\n");
            auto back = create_task(relay(in, writer));
            co_await relay(reader, out);
            co_await back;
        });
    ClientSession session;
    EXPECT_EQ(co_await echoed(session.ws_connect("ws://" + there + "/ws").proxy(proxy.url())), "hello");
    CO_ASSERT_EQ(proxy.requests.size(), 1u);
    EXPECT_EQ(proxy.requests[0].target, there);
    EXPECT_EQ(proxy.requests[0].header("upgrade"), "(none)");
    SocksServer& socks = *co_await open_socks_server();
    EXPECT_EQ(co_await echoed(session.ws_connect("ws://" + there + "/ws").proxy(socks.url("socks5"))), "hello");
    EXPECT_EQ(socks.asked.back(), "5 127.0.0.1:" + std::to_string(echo.server.port()));
    co_await session.close();
    co_await echo.server.close();
    co_await proxy.stop();
    co_await socks.host->stop();
}

}  // namespace
}  // namespace aio::test
