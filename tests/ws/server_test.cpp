// ws::serve: the opening handshake and what may change it, the handler's end, and the server's.
#include "http/server/web_client.hpp"
#include "support/tls_peers.hpp"
#include "ws/pair.hpp"

#include <unistd.h>

#include <filesystem>

namespace aio::test {
namespace {

using testing::HasSubstr;
using ws::ConnectionClosedError, ws::ConnectionClosedOK;

constexpr std::string_view kAsking =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

Coro<> close(ws::Server server) {
    server.close();
    co_await server.wait_closed();
}

// The response of `server` to a handshake with these headers.
Coro<WebReply> answer_of(const ws::Server& server, std::string headers) {
    WebClient client = co_await WebClient::connect(server.port());
    client.get("/", std::string(kAsking) + headers);
    WebReply reply = co_await client.reply();
    client.close();
    co_return reply;
}

// --- the handshake ---------------------------------------------------------------------------------------------------

// websockets: test_server.test_origin, test_server.test_no_origin, test_server.test_unexpected_origin
// websockets: test_server.test_supported_origin, test_server.test_unsupported_origin
// websockets: test_server.test_no_origin_accepted
ASYNC_TEST(WSServer, only_pages_of_allowed_origins_connect) {
    const ws::Server server =
        co_await ws::serve(echo_all, "127.0.0.1", 0).origin("https://good.example").origin("https://b");
    EXPECT_EQ((co_await answer_of(server, "Origin: https://good.example\r\n")).status, 101);
    EXPECT_EQ((co_await answer_of(server, "Origin: https://evil.example\r\n")).status, 403);
    EXPECT_EQ((co_await answer_of(server, "")).status, 403);
    co_await close(server);
    const ws::Server lax = co_await ws::serve(echo_all, "127.0.0.1", 0).origin("").origin("https://b");
    EXPECT_EQ((co_await answer_of(lax, "")).status, 101);
    co_await close(lax);
}

// websockets: test_server.test_subprotocol, test_server.test_no_subprotocols_supported
// websockets: test_server.test_multiple_subprotocols, test_server.test_unsupported_subprotocol
// websockets: test_server.test_select_subprotocol, test_server.test_select_no_subprotocol
// websockets: test_connection.test_subprotocol
// websockets: asyncio.test_server.test_select_subprotocol, asyncio.test_server.test_select_subprotocol_rejects_handshake
ASYNC_TEST(WSServer, a_subprotocol_is_chosen) {
    const ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0).subprotocol("v2").subprotocol("v1");
    ws::Connection both = co_await ws::connect(server.url()).subprotocol("v1").subprotocol("v2");
    EXPECT_EQ(both.subprotocol(), "v2");
    ws::Connection none = co_await ws::connect(server.url()).subprotocol("v3");
    EXPECT_EQ(none.subprotocol(), "");
    co_await both.close();
    co_await none.close();
    co_await close(server);
    const auto choose = [](http::Request&, const std::vector<std::string>& offered) -> std::optional<std::string> {
        if (offered.empty()) throw ws::NegotiationError("no subprotocols requested");
        return offered.back();
    };
    const ws::Server choosing = co_await ws::serve(echo_all, "127.0.0.1", 0).select_subprotocol(choose);
    ws::Connection last = co_await ws::connect(choosing.url()).subprotocol("a").subprotocol("b");
    EXPECT_EQ(last.subprotocol(), "b");
    co_await last.close();
    const WebReply refused = co_await answer_of(choosing, "");
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, HasSubstr("no subprotocols requested"));
    co_await close(choosing);
}

// websockets: asyncio.test_server.test_process_request_returns_none
// websockets: asyncio.test_server.test_process_request_returns_response
// websockets: asyncio.test_server.test_process_request_raises_exception
// websockets: asyncio.test_server.test_process_response_modifies_response
// websockets: asyncio.test_server.test_async_process_response_modifies_response
// websockets: asyncio.test_server.test_async_process_request_returns_response
// websockets: asyncio.test_server.test_async_process_request_raises_exception
ASYNC_TEST(WSServer, the_program_looks_at_requests_and_responses) {
    const auto process = [](http::Request& request) -> Coro<std::optional<http::Response>> {
        const std::string path = request.path();
        if (path == "/bad") throw std::runtime_error("the hook's");
        if (path == "/health") co_return http::Response::text("fine");
        co_return std::nullopt;
    };
    const auto change = [](http::Request&, http::Headers& headers) -> Coro<> {
        headers.set("X-Added", "yes");
        co_return;
    };
    const ws::Server server =
        co_await ws::serve(echo_all, "127.0.0.1", 0).process_request(process).process_response(change);
    ws::Connection client = co_await ws::connect(server.url());
    EXPECT_EQ(client.response().headers.get("X-Added", ""), "yes");
    co_await client.close();
    WebClient plain = co_await WebClient::connect(server.port());
    EXPECT_EQ((co_await plain.ask("/health")).body, "fine");
    EXPECT_EQ((co_await plain.ask("/bad")).status, 500);
    plain.close();
    EXPECT_EQ(take_reports().size(), 1u);
    co_await close(server);
}

// websockets: asyncio.test_server.test_valid_authorization, asyncio.test_server.test_missing_authorization
// websockets: asyncio.test_server.test_unsupported_authorization, asyncio.test_server.test_check_credentials_coroutine
// websockets: asyncio.test_server.test_authorization_with_unknown_username
// websockets: asyncio.test_server.test_authorization_with_incorrect_password
// websockets: asyncio.test_server.test_check_credentials_function, test_client.test_user_info
ASYNC_TEST(WSServer, basic_authentication) {
    std::string user;
    const auto handler = [&user](ws::Connection& connection) -> Coro<> {
        user = connection.username();
        co_return;
    };
    const ws::Server server =
        co_await ws::serve(handler, "127.0.0.1", 0).basic_auth("the realm", "hello", "iloveyou");
    const std::string at = "127.0.0.1:" + std::to_string(server.port());
    ws::Connection in_url = co_await ws::connect("ws://hello:iloveyou@" + at);
    co_await in_url.wait_closed();
    EXPECT_EQ(user, "hello");
    ws::Connection given = co_await ws::connect("ws://" + at).auth(http::BasicAuth("hello", "iloveyou"));
    co_await given.wait_closed();
    const WebReply missing = co_await answer_of(server, "");
    EXPECT_EQ(missing.status, 401);
    EXPECT_EQ(missing.header("WWW-Authenticate"), "Basic realm=\"the realm\", charset=\"UTF-8\"");
    EXPECT_EQ((co_await answer_of(server, "Authorization: Negotiate ...\r\n")).status, 401);
    for (const char* wrong : {"ws://hello:wrong@", "ws://bye:iloveyou@", "ws://hello:iloveyou1@"}) {
        EXPECT_THAT(co_await expect_throws<ws::InvalidStatus>(ws::connect(wrong + at)), HasSubstr("HTTP 401"));
    }
    co_await close(server);
}

// websockets: test_server.test_invalid_upgrade, test_server.test_missing_upgrade, test_server.test_invalid_key
// websockets: test_server.test_missing_key, test_server.test_invalid_version, test_server.test_missing_version
// websockets: asyncio.test_server.test_handshake_fails
// websockets: asyncio.test_server.test_junk_handshake_request, test_server.test_missing_connection
ASYNC_TEST(WSServer, requests_that_are_no_handshake_are_refused) {
    const ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0);
    WebClient client = co_await WebClient::connect(server.port());
    const auto without = [](std::string_view line) {
        std::string all(kAsking);
        const std::size_t at = all.find(line);
        return all.erase(at, all.find("\r\n", at) + 2 - at);
    };
    EXPECT_EQ((co_await client.ask("/")).status, 400);
    EXPECT_EQ((co_await client.ask("/", without("Upgrade"))).status, 400);
    EXPECT_EQ((co_await client.ask("/", without("Connection"))).status, 400);
    EXPECT_EQ((co_await client.ask("/", without("Sec-WebSocket-Key"))).status, 400);
    EXPECT_EQ((co_await client.ask("/", without("Sec-WebSocket-Version"))).status, 426);
    client.send("this is junk\r\n\r\n");
    EXPECT_EQ((co_await client.reply()).status, 400);
    client.close();
    co_await close(server);
}

// --- the handler's end, and the server's -----------------------------------------------------------------------------

// websockets: asyncio.test_server.test_connection_handler_returns
// websockets: asyncio.test_server.test_connection_handler_raises_exception
ASYNC_TEST(WSServer, a_connection_ends_with_its_handler) {
    const auto handler = [](ws::Connection& connection) -> Coro<> {
        const std::string path = connection.path();
        co_await connection.send("said before");
        if (path == "/bad") throw std::runtime_error("the handler's");
    };
    const ws::Server server = co_await ws::serve(handler, "127.0.0.1", 0);
    ws::Connection good = co_await ws::connect(server.url() + "/good");
    EXPECT_EQ((co_await good.recv()).text(), "said before");
    EXPECT_THAT(co_await expect_throws<ConnectionClosedOK>(good.recv()), HasSubstr("received 1000 (OK)"));
    ws::Connection bad = co_await ws::connect(server.url() + "/bad");
    EXPECT_EQ((co_await bad.recv()).text(), "said before");
    EXPECT_THAT(co_await expect_throws<ConnectionClosedError>(bad.recv()), HasSubstr("received 1011"));
    co_await close(server);
    EXPECT_EQ(take_reports().size(), 1u);
}

// websockets: asyncio.test_server.test_close_closes_open_connections, asyncio.test_server.test_is_serving
// websockets: asyncio.test_server.test_close_closes_open_connections_with_code_and_reason
// websockets: asyncio.test_server.test_close_stops_accepting_connections, asyncio.test_server.test_wait_closed
// websockets: asyncio.test_server.test_connections
ASYNC_TEST(WSServer, closing_closes_every_connection) {
    ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0);
    EXPECT_TRUE(server.is_serving());
    ws::Connection a = co_await ws::connect(server.url());
    ws::Connection b = co_await ws::connect(server.url());
    co_await a.send("x");
    EXPECT_EQ((co_await a.recv()).text(), "x");
    EXPECT_EQ(server.connections().size(), 2u);
    EXPECT_THROW(server.close(true, 1006), ValueError);
    server.close(true, 1012, "restarting");
    server.close();
    EXPECT_FALSE(server.is_serving());
    EXPECT_THAT(co_await expect_throws<ConnectionClosedError>(a.recv()), HasSubstr("received 1012"));
    co_await b.wait_closed();
    EXPECT_EQ(b.close_reason(), "restarting");
    co_await server.wait_closed();
    co_await expect_throws<http::ClientConnectorError>(ws::connect(server.url()));
}

// websockets: asyncio.test_server.test_close_keeps_connections_open
// websockets: asyncio.test_server.test_canceling_serve_forever_closes_open_connections
ASYNC_TEST(WSServer, closing_can_leave_connections_and_serve_forever_can_be_cancelled) {
    ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0);
    ws::Connection client = co_await ws::connect(server.url());
    server.close(false);
    co_await run_passes(5);
    co_await client.send("still there");
    EXPECT_EQ((co_await client.recv()).text(), "still there");
    co_await client.close();
    co_await server.wait_closed();
    ws::Server second = co_await ws::serve(echo_all, "127.0.0.1", 0);
    client = co_await ws::connect(second.url());
    auto serving = create_task(second.serve_forever());
    co_await run_passes(3);
    serving.cancel();
    EXPECT_THAT(co_await expect_throws<ConnectionClosedOK>(client.recv()), HasSubstr("received 1001 (going away)"));
    co_await expect_throws<CancelledError>(serving);
}

// A server that closed the TCP connection at once would reset it, and the client could lose its close frame.
ASYNC_TEST(WSServer, data_behind_the_closing_handshake_do_not_reset_the_connection) {
    const ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0);
    const auto end = co_await raw_client(server.port());
    end->close_frame(1000);
    end->bytes(std::string(200'000, 'x'));
    co_await run_passes(10);
    end->bytes(std::string(200'000, 'y'));
    co_await end->writer().drain();
    const std::optional<WSEvent> answer = co_await end->next();
    CO_ASSERT_TRUE(answer);
    EXPECT_EQ(answer->close_code, 1000);
    EXPECT_FALSE(co_await end->next());
    co_await run_passes(10);
    end->bytes("more");
    end->writer().close();
    co_await end->writer().wait_closed();
    co_await close(server);
}

// --- other ways to it ------------------------------------------------------------------------------------------------

// websockets: asyncio.test_client.test_secure_connection, asyncio.test_client.test_reject_invalid_server_certificate
ASYNC_TEST(WSServer, over_tls) {
    if (simulated()) co_return;
    const ssl::SSLContext context = server_context();
    const ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0).site({.ssl = context});
    EXPECT_THAT(server.url(), HasSubstr("wss://"));
    ws::Connection client = co_await ws::connect(server.url()).ssl(client_context());
    const std::string large(200'000, 'x');
    co_await client.send(large);
    EXPECT_TRUE((co_await client.recv()).text() == large);
    co_await client.close();
    co_await expect_throws<http::ClientConnectorCertificateError>(ws::connect(server.url()));
    co_await close(server);
}

ASYNC_TEST(WSServer, over_a_unix_socket) {
    if (simulated()) co_return;
    const std::string path =
        (std::filesystem::temp_directory_path() / ("aio_ws_" + std::to_string(::getpid()))).string();
    const ws::Server server = co_await ws::unix_serve(echo_all, path);
    ws::Connection client = co_await ws::unix_connect(path, "ws://somewhere/over");
    EXPECT_EQ(client.path(), "/over");
    co_await client.send("hi");
    EXPECT_EQ((co_await client.recv()).text(), "hi");
    co_await client.close();
    co_await close(server);
}

ASYNC_TEST(WSServer, inside_an_application) {
    http::Application app;
    app.router().add_get("/plain",
                         [](http::Request&) -> Coro<http::Response> { co_return http::Response::text("p"); });
    app.router().add_get("/ws/{room}", ws::http_handler(echo_all));
    http::TestClient client(app);
    co_await client.start();
    const std::string at = "ws://127.0.0.1:" + std::to_string(client.port());
    ws::Connection connection = co_await ws::connect(at + "/ws/7");
    co_await connection.send("hi");
    EXPECT_EQ((co_await connection.recv()).text(), "hi");
    co_await expect_throws<ws::InvalidStatus>(ws::connect(at + "/nowhere"));
    co_await client.close();
    EXPECT_THAT(co_await expect_throws<ConnectionClosedOK>(connection.recv()), HasSubstr("received 1001"));
}

}  // namespace
}  // namespace aio::test
