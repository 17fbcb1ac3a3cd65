// aio::ws with other people's libraries, both ways, plain and over TLS, with and without compression: Python's websockets and
// aiohttp, Node's ws, and a browser. Each test is skipped where its program is missing.
#include <aio/subprocess.hpp>

#include "support/browser.hpp"
#include "support/command.hpp"
#include "support/tls_peers.hpp"
#include "ws/pair.hpp"

#include <vector>

namespace aio::test {
namespace {

using subprocess::DEVNULL, subprocess::PIPE;

constexpr int kFlood = 200;

std::string flood_text(int i) { return std::string(10'000, static_cast<char>('a' + i % 26)); }

// What tests/interop/ws_chat.* ask of a server.
Coro<> serve_peer(ws::Connection& connection) {
    while (auto message = co_await connection.next()) {
        const std::string& text = message->text();
        if (text == "close") {
            co_await connection.close(4000, "as you wish");
        } else if (text == "abort") {
            connection.abort();
        } else if (text == "flood") {
            for (int i = 0; i < kFlood; ++i) co_await connection.send(flood_text(i));
        } else if (text == "fragments") {
            const std::vector<std::string> fragments = {"one ", "", "two"};
            co_await connection.send(fragments);
        } else {
            co_await connection.send(*message);
        }
    }
}

ws::Connect to(const std::string& url, const ws::Options& options) {
    ws::Connect connect = ws::connect(url, options);
    if (url.starts_with("wss")) static_cast<void>(std::move(connect).ssl(client_context()));
    return connect;
}

// Talks to a server that does the same.
Coro<> talk_to(std::string url, bool deflate) {
    ws::Options options;
    options.deflate.enabled = deflate;
    options.max_queue = 1;  // a reader that is slow holds the peer up
    ws::Connection connection = co_await to(url, options);
    EXPECT_EQ(connection.compressed(), deflate);
    for (const std::size_t size : {0u, 1u, 125u, 126u, 65535u, 65536u, 500'000u}) {
        const std::string text(size, 't');
        co_await connection.send(text);
        EXPECT_TRUE((co_await connection.recv()).text() == text) << size;
        co_await connection.send_bytes(text);
        EXPECT_TRUE((co_await connection.recv_view()).data == text) << size;
    }
    const std::vector<std::string> fragments = {"\xc3\xa9-one ", "", "two"};
    co_await connection.send(fragments);
    EXPECT_EQ((co_await connection.recv()).text(), "\xc3\xa9-one two");
    co_await connection.send("fragments");
    EXPECT_EQ((co_await connection.recv()).text(), "one two");
    EXPECT_GT(co_await connection.ping(), Duration(0));
    co_await connection.send("flood");
    for (int i = 0; i < kFlood; ++i) {
        co_await run_passes(2);
        EXPECT_TRUE((co_await connection.recv()).text() == flood_text(i)) << i;
    }
    co_await connection.send("close");
    co_await expect_throws<ws::ConnectionClosedError>(connection.recv());
    EXPECT_EQ(connection.close_code(), 4000);
    EXPECT_EQ(connection.close_reason(), "as you wish");
    ws::Connection other = co_await to(url, options);
    co_await other.send("abort");
    co_await expect_throws<ws::ConnectionClosedError>(other.recv());
    EXPECT_EQ(other.close_code(), 1006);
}

// As clients of the peer's servers. `command`: a shell's, to which "server FOLDER" is added.
Coro<> talk_to_servers_of(std::string command) {
    Process process =
        co_await create_subprocess_shell("exec " + command + " server " + pki().folder).stdin_(PIPE).stdout_(PIPE);
    const StreamReader output = process.stdout_();
    std::string ports = co_await output.readline();
    CO_ASSERT_FALSE(ports.empty());
    ports.pop_back();
    const std::size_t space = ports.find(' ');
    for (const bool deflate : {false, true}) {
        co_await talk_to("ws://127.0.0.1:" + ports.substr(0, space) + "/", deflate);
        co_await talk_to("wss://localhost:" + ports.substr(space + 1) + "/", deflate);
    }
    process.stdin_().close();
    EXPECT_EQ(co_await process.wait(), 0);
    co_await output.read();
}

// As servers of the peer's clients.
Coro<> serve_clients_of(std::string command) {
    const ssl::SSLContext context = server_context();
    for (const bool tls : {false, true}) {
        http::SiteOptions site;
        if (tls) site.ssl = context;
        ws::Server server = co_await ws::serve(serve_peer, "127.0.0.1", 0).site(site);
        const std::string url = (tls ? "wss://localhost:" : "ws://127.0.0.1:") + std::to_string(server.port()) + "/";
        Process process = co_await create_subprocess_shell("exec " + command + " client " + url + " " + pki().folder)
                              .stdin_(DEVNULL);
        EXPECT_EQ(co_await process.wait(), 0) << url;
        server.close();
        co_await server.wait_closed();
    }
}

std::string python(const std::string& library) {
    return "/usr/bin/python3 " + interop_script("ws_chat.py") + " " + library;
}

std::string node() { return "env NODE_PATH=/usr/share/nodejs node " + interop_script("ws_chat.cjs"); }

ASYNC_TEST(WSInterop, both_ways_with_pythons_websockets, kOnce) {
    SKIP_UNLESS("/usr/bin/python3 -c 'import websockets'");
    co_await talk_to_servers_of(python("websockets"));
    co_await serve_clients_of(python("websockets"));
}

ASYNC_TEST(WSInterop, both_ways_with_aiohttp, kOnce) {
    SKIP_UNLESS("/usr/bin/python3 -c 'import aiohttp'");
    co_await talk_to_servers_of(python("aiohttp"));
    co_await serve_clients_of(python("aiohttp"));
}

ASYNC_TEST(WSInterop, both_ways_with_nodes_ws, kOnce) {
    SKIP_UNLESS("NODE_PATH=/usr/share/nodejs node -e 'require(\"ws\").WebSocketServer.name'");
    co_await talk_to_servers_of(node());
    co_await serve_clients_of(node());
}

// The page has loaded when the picture is there, which the server holds back until the chat has ended.
constexpr const char* kChatPage =
    R"HTML(<!doctype html><title>test</title><p id="out">waiting</p><img src="/picture"><script>
const socket = new WebSocket(location.origin.replace('http', 'ws') + '/chat');
const large = 'é'.repeat(100000), seen = [];
socket.binaryType = 'arraybuffer';
socket.onopen = () => { socket.send(large); socket.send(new Uint8Array([0, 255, 7])); socket.send('fragments'); };
socket.onmessage = event => {
  if (event.data === large) seen.push('large');
  else if (event.data instanceof ArrayBuffer) seen.push([...new Uint8Array(event.data)].join('-'));
  else seen.push(event.data);
  if (seen.length === 3) socket.send('close');
};
socket.onclose = event => {
  out.textContent = 'done: ' + seen.join('; ') + '; ' + event.code + ' ' + event.reason + ' ' + event.wasClean + ' ' +
      (socket.extensions.startsWith('permessage-deflate') ? 'compressed' : 'plain');
  fetch('/ended');
};
</script>)HTML";

ASYNC_TEST(WSInterop, chromium_chats_with_our_server, kOnce) {
    SKIP_UNLESS("command -v chromium-headless-shell || command -v chromium");
    for (const bool deflate : {true, false}) {
        Event ended;
        ws::Options options;
        options.deflate.enabled = deflate;
        http::Application app;
        app.router().add_get("/chat", ws::http_handler(serve_peer, options));
        app.router().add_get("/", [](http::Request&) { return http::Response::html(kChatPage); });
        app.router().add_get("/ended", [&ended](http::Request&) {
            ended.set();
            return http::Response::text("");
        });
        app.router().add_get("/picture", [&ended](http::Request&) -> Coro<http::Response> {
            co_await ended.wait();
            co_return http::Response(404);
        });
        http::TestServer server(app);
        co_await server.start();
        const std::string expected =
            std::string("done: large; 0-255-7; one two; 4000 as you wish true ") + (deflate ? "compressed" : "plain");
        const std::string url = server.make_url("/");
        EXPECT_EQ(co_await browse(url, expected), 0);
        ended.set();
        co_await server.close();
    }
}

}  // namespace
}  // namespace aio::test
