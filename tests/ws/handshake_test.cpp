// The opening handshake, line by line: what our client asks and takes for an answer, what our server takes for a request.
#include "http/server/web_client.hpp"
#include "ws/pair.hpp"

#include <algorithm>

namespace aio::test {
namespace {

using testing::HasSubstr;

constexpr std::string_view kGood =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
    "ACCEPT\r\n";

// `text` with `from` replaced; ACCEPT by the answer to the key.
std::string with(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    if (at != std::string::npos) text.replace(at, from.size(), to);
    return text;
}

struct Tried {
    std::string request;
    std::string outcome = {};  // "open", or which error
    std::string subprotocol = {};
};

// What a client with these subprotocols makes of a response.
Coro<Tried> tried(std::string response, std::vector<std::string> protocols, bool deflate) {
    Tried all;
    const auto serve = [&](StreamReader reader, StreamWriter writer) -> Coro<> {
        all.request = co_await reader.readuntil("\r\n\r\n");
        constexpr std::string_view kName = "Sec-WebSocket-Key: ";
        const std::size_t at = all.request.find(kName) + kName.size();
        writer.write(with(response, "ACCEPT", http::wire::ws_accept(all.request.substr(at, 24))));
        writer.close();
    };
    const Server server = co_await start_server(serve, "127.0.0.1", 0);
    ws::Options options;
    options.deflate.enabled = deflate;
    ws::Connect connect = ws::connect("ws://127.0.0.1:" + std::to_string(server.port()) + "/test?foo=bar", options);
    for (const std::string& name : protocols) connect.subprotocol(name);
    try {
        ws::Connection client = co_await std::move(connect);
        all.outcome = client.compressed() ? "compressed" : "open";
        all.subprotocol = client.subprotocol();
        client.abort();
    } catch (const ws::NegotiationError&) {
        all.outcome = "negotiation";
    } catch (const ws::InvalidHandshake&) {
        all.outcome = "handshake";
    } catch (const http::ClientError&) {
        all.outcome = "http";
    }
    server.close();
    co_await server.wait_closed();
    co_return all;
}

// websockets: test_client.test_receive_successful_response, test_client.test_receive_no_response
// websockets: test_client.test_receive_truncated_response, test_client.test_receive_junk_response
// websockets: test_client.test_receive_status_line_too_long, test_client.test_basic, test_client.test_missing_connection
// websockets: test_client.test_invalid_connection, test_client.test_missing_upgrade, test_client.test_invalid_upgrade
// websockets: test_client.test_no_extensions_offered, test_client.test_extension_not_offered
// websockets: test_client.test_no_subprotocols, test_client.test_enable_subprotocol
// websockets: test_client.test_no_subprotocol_accepted, test_client.test_multiple_subprotocols_accepted
// websockets: test_client.test_multiple_accept
ASYNC_TEST(WSHandshake, of_a_client_is_complete_or_fails) {
    const std::string good(kGood);
    const struct {
        std::string response;
        const char* outcome;
        const char* subprotocol = "";
        bool deflate = false;
    } cases[] = {
        {good + "\r\n", "open"},
        {"", "http"},
        {"HTTP/1.1 101 Swit", "http"},
        {"HELO relay.invalid\r\n\r\n", "http"},
        {"HTTP/1.1 101 " + std::string(100'000, 'x') + "\r\n\r\n", "http"},
        {with(good, "Connection: Upgrade\r\n", "") + "\r\n", "handshake"},
        {with(good, "Connection: Upgrade", "Connection: close") + "\r\n", "handshake"},
        {with(good, "Upgrade: websocket\r\n", "") + "\r\n", "handshake"},
        {good + "Sec-WebSocket-Accept: ACCEPT\r\n\r\n", "handshake"},
        {with(good, "Upgrade: websocket", "Upgrade: h2c") + "\r\n", "handshake"},
        {good + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "negotiation"},
        {good + "Sec-WebSocket-Extensions: x-other\r\n\r\n", "negotiation", "", true},
        {good + "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12\r\n\r\n", "compressed", "",
         true},
        {good + "Sec-WebSocket-Protocol: chat\r\n\r\n", "open", "chat"},
        {good + "Sec-WebSocket-Protocol: chat, superchat\r\n\r\n", "handshake"},
    };
    for (const auto& each : cases) {
        const std::vector<std::string> protocols = {"superchat", "chat"};
        const Tried result = co_await tried(each.response, protocols, each.deflate);
        EXPECT_EQ(result.outcome, each.outcome) << each.response.substr(0, 300);
        EXPECT_EQ(result.subprotocol, each.subprotocol);
    }
}

// websockets: test_client.test_send_request, test_client.test_port, test_client.test_subprotocols
// websockets: test_client.test_offer_subprotocol, test_client.test_multiple_subprotocols
ASYNC_TEST(WSHandshake, of_a_client_begins_with_a_request) {
    const std::vector<std::string> protocols = {"chat", "superchat"};
    const Tried result = co_await tried(std::string(kGood) + "\r\n", protocols, false);
    EXPECT_TRUE(result.request.starts_with("GET /test?foo=bar HTTP/1.1\r\nHost: 127.0.0.1:")) << result.request;
    for (const char* line :
         {"\r\nUpgrade: websocket\r\n", "\r\nConnection: Upgrade\r\n", "\r\nSec-WebSocket-Version: 13\r\n",
          "\r\nSec-WebSocket-Protocol: chat, superchat\r\n"}) {
        EXPECT_THAT(result.request, HasSubstr(line));
    }
    const Tried again = co_await tried(std::string(kGood) + "\r\n", protocols, false);
    EXPECT_NE(result.request, again.request) << "each has a key of its own";
}

// --- a server --------------------------------------------------------------------------------------------------------

constexpr std::string_view kRequest =
    "GET /test HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

// websockets: test_server.test_receive_request, test_server.test_send_response_after_accept, test_server.test_basic
// websockets: test_server.test_accept_response, test_server.test_invalid_method, test_server.test_invalid_protocol
// websockets: test_server.test_invalid_connection, test_server.test_truncated_key, test_server.test_no_subprotocols
// websockets: test_server.test_no_extensions_supported, test_server.test_extension_not_supported
// websockets: test_server.test_no_subprotocol_requested, test_server.test_supported_subprotocol
// websockets: test_server.test_send_response_after_reject, test_server.test_reject_response
// websockets: test_server.test_receive_request_line_too_long, test_server.test_receive_header_line_too_long
// websockets: test_server.test_receive_too_many_headers, test_server.test_receive_junk_request
// websockets: test_server.test_multiple_key, test_server.test_multiple_version, test_server.test_multiple_origin
ASYNC_TEST(WSHandshake, of_a_server_accepts_a_request_or_says_why_not) {
    const std::string good(kRequest);
    std::string many = good;
    for (int i = 0; i < 10'000; ++i) many += "X-Many-" + std::to_string(i) + ": x\r\n";
    const struct {
        std::string request;
        int status;
        const char* extensions = "";
        const char* protocol = "";
    } cases[] = {
        {good, 101},
        {with(good, "GET", "POST"), 400},
        {with(good, "Connection: Upgrade", "Connection: keep-alive"), 400},
        {with(good, "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ=="), 400},
        {good + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", 400},
        {good + "Sec-WebSocket-Version: 13\r\n", 400},
        {good + "Origin: https://example.com\r\nOrigin: https://other.example\r\n", 400},
        {good + "Sec-WebSocket-Extensions: x-other\r\n", 101},
        {good + "Sec-WebSocket-Extensions: x-other, permessage-deflate\r\n", 101, "permessage-deflate"},
        {good + "Sec-WebSocket-Protocol: other, chat\r\n", 101, "", "chat"},
        {good + "Sec-WebSocket-Protocol: other\r\n", 101},
        {with(good, "/test", "/" + std::string(100'000, 'x')), 414},
        {good + "X-Long: " + std::string(200'000, 'x') + "\r\n", 431},
        {many, 431},
        {"HELO relay.invalid\r\n", 400},
    };
    const ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0)
                                  .subprotocol("superchat")
                                  .subprotocol("chat")
                                  .origin("")
                                  .origin("https://example.com");
    for (const auto& each : cases) {
        WebClient client = co_await WebClient::connect(server.port());
        client.send(each.request + "\r\n");
        const WebReply reply = co_await client.reply();
        EXPECT_EQ(reply.status, each.status) << each.request.substr(0, 300);
        EXPECT_EQ(reply.header("Sec-WebSocket-Protocol"), each.protocol);
        EXPECT_TRUE(reply.header("Sec-WebSocket-Extensions").starts_with(each.extensions));
        if (each.status == 101) {
            EXPECT_EQ(reply.header("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        }
        client.close();
    }
    ws::Server ends = server;
    ends.close();
    co_await ends.wait_closed();
}

// websockets: test_server.test_receive_no_request, test_server.test_receive_truncated_request
// websockets: asyncio.test_server.test_connection_closed_before_handshake_request
// websockets: asyncio.test_server.test_connection_closed_before_handshake_response
ASYNC_TEST(WSHandshake, clients_that_leave_before_its_end_do_no_harm) {
    Event asked, go_on;
    const auto process = [&](http::Request& request) -> Coro<std::optional<http::Response>> {
        if (request.path() != "/test") co_return std::nullopt;
        asked.set();
        co_await go_on.wait();
        co_return std::nullopt;
    };
    ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0).process_request(process);
    for (const std::string& begun : list(std::string(), std::string(kRequest.substr(0, 30)))) {
        auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
        writer.write(begun);
        writer.close();
        co_await writer.wait_closed();
    }
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    writer.write(std::string(kRequest) + "\r\n");
    co_await asked.wait();
    writer.close();
    co_await writer.wait_closed();
    go_on.set();
    ws::Connection client = co_await ws::connect(server.url() + "/other");
    co_await client.send("still there");
    EXPECT_EQ((co_await client.recv()).text(), "still there");
    co_await client.close();
    server.close();
    co_await server.wait_closed();
}

// websockets: asyncio.test_server.test_close_rejects_connecting_connections
// websockets: asyncio.test_server.test_async_process_request_returns_none
ASYNC_TEST(WSHandshake, that_is_in_progress_when_the_server_closes_is_rejected) {
    Event asked, go_on;
    const auto process = [&](http::Request&) -> Coro<std::optional<http::Response>> {
        asked.set();
        co_await go_on.wait();
        co_return std::nullopt;
    };
    ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0).process_request(process);
    auto connecting = create_task(ws::connect(server.url()).connect());
    co_await asked.wait();
    server.close();
    go_on.set();
    EXPECT_THAT(co_await expect_throws<ws::InvalidStatus>(connecting), HasSubstr("HTTP 503"));
    co_await server.wait_closed();
}

// websockets: asyncio.test_server.test_serve_forever, asyncio.test_server.test_close_exits_serve_forever
// websockets: asyncio.test_server.test_close_keeps_handlers_running
ASYNC_TEST(WSHandshake, handlers_outlive_the_close_of_their_server) {
    Event go_on;
    bool returned = false;
    const auto handler = [&](ws::Connection& connection) -> Coro<> {
        co_await expect_throws<ws::ConnectionClosedOK>(connection.recv());
        co_await go_on.wait();
        returned = true;
    };
    ws::Server server = co_await ws::serve(handler, "127.0.0.1", 0);
    auto serving = create_task(server.serve_forever());
    ws::Connection client = co_await ws::connect(server.url());
    server.close();
    co_await client.wait_closed();
    EXPECT_EQ(client.close_code(), 1001);
    EXPECT_FALSE(returned);
    go_on.set();
    co_await serving;
    EXPECT_TRUE(returned);
}

// websockets: asyncio.test_server.test_select_subprotocol_raises_exception, test_server.test_unexpected_error
// websockets: asyncio.test_server.test_process_response_raises_exception
// websockets: asyncio.test_server.test_async_process_response_raises_exception
// websockets: asyncio.test_server.test_process_response_returns_none
// websockets: asyncio.test_server.test_async_process_response_returns_none
// websockets: asyncio.test_server.test_override_server_header
// websockets: asyncio.test_server.test_invalid_subprotocol, asyncio.test_server.test_unix_without_path_or_sock
ASYNC_TEST(WSHandshake, is_refused_when_a_hook_throws) {
    EXPECT_THROW(ws::serve(echo_all, "127.0.0.1", 0).subprotocol("a b"), ValueError);
    EXPECT_THROW(static_cast<void>(ws::unix_serve(echo_all, "")), ValueError);
    const auto choose = [](http::Request& request, const std::vector<std::string>&) -> std::optional<std::string> {
        if (request.path() == "/choose") throw std::runtime_error("the choice's");
        return std::nullopt;
    };
    const auto change = [](http::Request& request, http::Headers& headers) -> Coro<> {
        if (request.path() == "/change") throw std::runtime_error("the change's");
        if (request.path() == "/named") headers.set("Server", "mine");
        co_return;
    };
    ws::Server server =
        co_await ws::serve(echo_all, "127.0.0.1", 0).select_subprotocol(choose).process_response(change);
    for (const char* path : {"/choose", "/change"}) {
        EXPECT_THAT(co_await expect_throws<ws::InvalidStatus>(ws::connect(server.url() + path)),
                    HasSubstr("HTTP 500"));
        EXPECT_EQ(take_reports().size(), 1u);
    }
    for (const std::string& name : list(std::string("mine"), std::string("aiocpp/"))) {
        ws::Connection client = co_await ws::connect(server.url() + (name == "mine" ? "/named" : "/"));
        EXPECT_TRUE(client.response().headers.get("Server", "").starts_with(name)) << name;
        co_await client.close();
    }
    server.close();
    co_await server.wait_closed();
}

// websockets: asyncio.test_server.test_timeout_before_handshake_request
ASYNC_TEST(WSHandshake, of_a_silent_client_is_given_up) {
    if (!virtual_time()) CO_SKIP();  // it waits for seconds
    ws::Options options;
    options.open_timeout = 5s;
    ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0, options);
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    const Stopwatch watch;
    static_cast<void>(co_await reader.read());
    EXPECT_GE(watch.elapsed(), 5s);
    EXPECT_LT(watch.elapsed(), 20s);
    writer.close();
    server.close();
    co_await server.wait_closed();
}

}  // namespace
}  // namespace aio::test
