// WebSockets with other people's: Python's aiohttp, both ways; Node's, where there is one.
#include <aio/subprocess.hpp>

#include "http/websocket/chat.hpp"
#include "support/command.hpp"

namespace aio::test {
namespace {

using subprocess::DEVNULL, subprocess::PIPE;

ASYNC_TEST(WebSocketInterop, our_client_talks_to_aiohttp, kOnce) {
    SKIP_UNLESS("/usr/bin/python3 -c 'import aiohttp'");
    Process process = co_await create_subprocess_exec("/usr/bin/python3", interop_script("ws_peer.py"), "server")
                          .stdin_(PIPE)
                          .stdout_(PIPE);
    const StreamReader output = process.stdout_();
    std::string port = co_await output.readline();
    port.pop_back();
    http::ClientSession session;
    for (const int bits : {0, 15}) {
        auto ws = co_await session.ws_connect("ws://127.0.0.1:" + port + "/ws?compress=" + (bits ? "1" : "0"))
                      .protocol("chat")
                      .heartbeat(5s)
                      .compress(bits);
        EXPECT_EQ(ws.protocol(), "chat");
        EXPECT_EQ(ws.compressed(), bits > 0);
        for (const std::size_t size : {0, 1, 125, 126, 65535, 65536, 500'000}) {
            const std::string text(size, 't');
            co_await ws.send_str(text);
            EXPECT_TRUE(co_await ws.receive_str() == text);
            co_await ws.send_bytes(text);
            EXPECT_TRUE(co_await ws.receive_bytes() == text);
        }
        co_await ws.ping("p");
        co_await ws.send_str("close");
        const WSMessage message = co_await ws.receive();
        EXPECT_EQ(message.type, WSMsgType::close);
        EXPECT_EQ(message.close_code, 4000);
        EXPECT_EQ(message.data, "as you wish");
    }
    co_await session.close();
    process.stdin_().close();
    EXPECT_EQ(co_await process.wait(), 0);
    co_await output.read();
}

ASYNC_TEST(WebSocketInterop, aiohttp_talks_to_our_server, kOnce) {
    SKIP_UNLESS("/usr/bin/python3 -c 'import aiohttp'");
    Chat chat({}, {}, {"chat"});
    co_await chat.client.start();
    const std::string url = "ws://127.0.0.1:" + std::to_string(chat.client.port()) + "/ws";
    Process process = co_await create_subprocess_exec("/usr/bin/python3", interop_script("ws_peer.py"), "client", url)
                          .stdin_(DEVNULL);
    EXPECT_EQ(co_await process.wait(), 0);
    co_await chat.client.close();
}

ASYNC_TEST(WebSocketInterop, node_talks_to_our_server, kOnce) {
    SKIP_UNLESS("node -e 'new WebSocket(\"ws://127.0.0.1:1\").onerror = () => {}'");
    Chat chat;
    co_await chat.client.start();
    const std::string program =
        "const ws = new WebSocket('ws://127.0.0.1:" + std::to_string(chat.client.port()) +
        "/ws'); ws.onopen = () => ws.send('hi'); ws.onmessage = e => { if (e.data === 'hi') ws.close(3001, 'bye'); };"
        "ws.onclose = e => process.exit(e.code === 3001 && e.wasClean ? 0 : 1);";
    Process process = co_await create_subprocess_exec("node", "-e", program).stdin_(DEVNULL);
    EXPECT_EQ(co_await process.wait(), 0);
    co_await chat.client.close();
}

}  // namespace
}  // namespace aio::test
