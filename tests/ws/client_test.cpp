// ws::connect: what a response must say, redirects, timeouts; and the client that reconnects.
#include "ws/pair.hpp"

#include <algorithm>

namespace aio::test {
namespace {

using testing::HasSubstr;

// Answers each request with `answers`, one after the other, the last one for ever.
Coro<Server> answering(std::vector<std::string> answers) {
    auto count = std::make_shared<std::size_t>(0);
    const auto serve = [answers, count](StreamReader reader, StreamWriter writer) -> Coro<> {
        co_await reader.readuntil("\r\n\r\n");
        writer.write(answers[std::min((*count)++, answers.size() - 1)]);
        co_await writer.drain();
        writer.close();
    };
    return start_server(serve, "127.0.0.1", 0);
}

std::string url_of(const Server& server) { return "ws://127.0.0.1:" + std::to_string(server.port()) + "/"; }

Coro<> close(Server server) {
    server.close();
    co_await server.wait_closed();
}

// websockets: asyncio.test_client.test_invalid_uri, test_uri.test_parse_invalid_uris, test_client.test_path
// websockets: asyncio.test_client.test_invalid_subprotocol, asyncio.test_client.test_unix_without_path_or_sock
ASYNC_TEST(WSClient, what_makes_no_sense_is_refused_at_once) {
    for (const char* uri : {"http://localhost/", "localhost", "ws://", "ftp://localhost/", "ws://local host/"}) {
        EXPECT_THROW(static_cast<void>(ws::connect(uri)), ws::InvalidURI) << uri;
    }
    EXPECT_THROW(static_cast<void>(ws::connect("ws://localhost/").subprotocol("a b")), ValueError);
    EXPECT_THROW(static_cast<void>(ws::unix_connect("")), ValueError);
    ws::Options options;
    options.max_queue_low = 17;
    EXPECT_THROW(static_cast<void>(ws::connect("ws://localhost/", options)), ValueError);
    co_return;
}

// websockets: asyncio.test_client.test_http_response, asyncio.test_client.test_handshake_fails
// websockets: asyncio.test_client.test_connection_closed_during_handshake, test_client.test_missing_accept
// websockets: test_client.test_invalid_accept, test_client.test_receive_failed_response
// websockets: asyncio.test_client.test_junk_handshake_response, asyncio.test_client.test_tcp_connection_fails
ASYNC_TEST(WSClient, a_server_that_refuses_is_quoted) {
    const Server teapot = co_await answering(
        list(std::string("HTTP/1.1 418 I'm a teapot\r\nContent-Length: 13\r\nX-Why: tea\r\n\r\nshort and stout")));
    try {
        static_cast<void>(co_await ws::connect(url_of(teapot)));
        ADD_FAILURE() << "connected";
    } catch (const ws::InvalidStatus& error) {
        EXPECT_STREQ(error.what(), "server rejected WebSocket connection: HTTP 418");
        EXPECT_EQ(error.response().body, "short and sto");
        EXPECT_EQ(error.response().headers.get("X-Why", ""), "tea");
    }
    co_await close(teapot);
    const Server silent = co_await answering(list(std::string()));
    co_await expect_throws<http::ServerDisconnectedError>(ws::connect(url_of(silent)));
    co_await close(silent);
    const Server junk = co_await answering(list(std::string("220 smtp.example.com ESMTP\r\n\r\n")));
    co_await expect_throws<http::ClientError>(ws::connect(url_of(junk)));
    co_await close(junk);
    const std::string no_accept = "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    const Server wrong = co_await answering(list(no_accept));
    EXPECT_THAT(co_await expect_throws<ws::InvalidHandshake>(ws::connect(url_of(wrong))),
                HasSubstr("Invalid challenge response"));
    co_await close(wrong);
    co_await expect_throws<http::ClientConnectorError>(ws::connect(url_of(wrong)));
}

// websockets: test_client.test_extension_not_enabled, test_client.test_unsupported_extension_parameters
// websockets: test_client.test_unsupported_subprotocol, test_client.test_no_subprotocol_requested
ASYNC_TEST(WSClient, extensions_that_were_not_offered_are_refused) {
    const auto quiet = [](RawEnd& end) -> Coro<> { co_await end.reader().read(); };
    const auto host = co_await RawHost::open(quiet, "Sec-WebSocket-Extensions: permessage-deflate; what\r\n");
    co_await expect_throws<ws::NegotiationError>(ws::connect(host->url()));
    co_await expect_throws<ws::NegotiationError>(ws::connect(host->url(), {.deflate = {.enabled = false}}));
    co_await host->close();
    const auto other = co_await RawHost::open(quiet, "Sec-WebSocket-Protocol: other\r\n");
    co_await expect_throws<ws::InvalidHandshake>(ws::connect(other->url()).subprotocol("mine"));
    co_await other->close();
}

// websockets: asyncio.test_client.test_cross_origin_redirect
// websockets: asyncio.test_client.test_redirect, asyncio.test_client.test_redirect_limit
// websockets: asyncio.test_client.test_cross_origin_redirect_strips_credentials
// websockets: asyncio.test_client.test_same_origin_redirect_preserves_credentials
ASYNC_TEST(WSClient, redirects_are_followed_without_secrets_for_others) {
    std::string seen;
    const auto handler = [&seen](ws::Connection& connection) -> Coro<> {
        seen = connection.path() + " " + std::string(connection.request_headers().get("Authorization", "none"));
        co_return;
    };
    const auto redirect = [](http::Request& request) -> Coro<std::optional<http::Response>> {
        if (request.path() != "/old") co_return std::nullopt;
        http::Response response(302);
        response.header("Location", "/new");
        co_return response;
    };
    ws::Server server = co_await ws::serve(handler, "127.0.0.1", 0).process_request(redirect);
    ws::Connection client = co_await ws::connect(server.url() + "/old").header("Authorization", "secret");
    co_await client.wait_closed();
    EXPECT_EQ(seen, "/new secret");
    const Server elsewhere = co_await answering(
        list("HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: " + server.url() + "/x\r\n\r\n"));
    client = co_await ws::connect(url_of(elsewhere)).header("Authorization", "secret");
    co_await client.wait_closed();
    EXPECT_EQ(seen, "/x none");
    co_await close(elsewhere);
    const Server circle =
        co_await answering(list(std::string("HTTP/1.1 307 Again\r\nContent-Length: 0\r\nLocation: /\r\n\r\n")));
    EXPECT_THAT(co_await expect_throws<ws::SecurityError>(ws::connect(url_of(circle)).max_redirects(2)),
                HasSubstr("more than 2 redirects"));
    co_await close(circle);
    server.close();
    co_await server.wait_closed();
}

// websockets: asyncio.test_client.test_timeout_during_handshake
ASYNC_TEST(WSClient, the_handshake_has_a_time_limit) {
    const auto silent = [](StreamReader reader, StreamWriter writer) -> Coro<> {
        co_await reader.read();
        writer.close();
    };
    const Server server = co_await start_server(silent, "127.0.0.1", 0);
    EXPECT_THAT(co_await expect_throws<TimeoutError>(ws::connect(url_of(server), {.open_timeout = 20ms})),
                HasSubstr("timed out during opening handshake"));
    co_await close(server);
}

// websockets: asyncio.test_client.test_additional_headers, asyncio.test_client.test_override_user_agent_header
// websockets: asyncio.test_client.test_remove_user_agent_header, test_client.test_origin, test_client.test_connect
ASYNC_TEST(WSClient, headers_are_the_programs) {
    const auto handler = [](ws::Connection& connection) -> Coro<> {
        std::string all;
        for (const auto& [name, value] : connection.request_headers())
            all += std::string(name) + "=" + std::string(value) + "\n";
        co_await connection.send(all);
    };
    ws::Server server = co_await ws::serve(handler, "127.0.0.1", 0);
    ws::Connection client =
        co_await ws::connect(server.url()).header("X-One", "1").origin("https://o").user_agent("mine");
    const std::string sent = (co_await client.recv()).text();
    EXPECT_THAT(sent, HasSubstr("X-One=1\n"));
    EXPECT_THAT(sent, HasSubstr("Origin=https://o\n"));
    EXPECT_THAT(sent, HasSubstr("User-Agent=mine\n"));
    EXPECT_THAT(sent, testing::Not(HasSubstr("Accept-Encoding")));
    EXPECT_THAT(sent, HasSubstr("permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"));
    client = co_await ws::connect(server.url(), {.deflate = {.enabled = false}}).user_agent(std::nullopt);
    const std::string less = (co_await client.recv()).text();
    EXPECT_THAT(less, testing::Not(HasSubstr("User-Agent")));
    EXPECT_THAT(less, testing::Not(HasSubstr("Sec-WebSocket-Extensions")));
    server.close();
    co_await server.wait_closed();
}

// --- reconnecting ----------------------------------------------------------------------------------------------------

// websockets: asyncio.test_client.test_reconnect, test_client.test_backoff
ASYNC_TEST(WSClient, a_reconnecting_client_comes_back) {
    if (!virtual_time()) co_return;  // it waits for seconds
    auto count = std::make_shared<int>(0);
    const auto process = [count](http::Request&) -> Coro<std::optional<http::Response>> {
        const int number = (*count)++;
        if (number == 1 || number == 2) co_return http::Response(503);
        if (number == 5) co_return http::Response(404);
        co_return std::nullopt;
    };
    const auto handler = [](ws::Connection& connection) -> Coro<> { co_await connection.close(1012); };
    ws::Server server = co_await ws::serve(handler, "127.0.0.1", 0).process_request(process);
    ws::Reconnecting connections = ws::connect(server.url()).reconnecting();
    for (int i = 0; i < 3; ++i) {
        const auto connection = co_await connections.next();
        CO_ASSERT_TRUE(connection);
        const Stopwatch watch;
        co_await expect_throws<ws::ConnectionClosedError>(ws::Connection(*connection).recv());
    }
    EXPECT_EQ(*count, 5) << "two of them were told to come later";
    EXPECT_THAT(co_await expect_throws<ws::InvalidStatus>(connections.next()), HasSubstr("404"));
    connections.stop();
    EXPECT_FALSE(co_await connections.next());
    server.close();
    co_await server.wait_closed();
}

// websockets: asyncio.test_client.test_reconnect_with_custom_process_exception
// websockets: asyncio.test_client.test_reconnect_with_custom_process_exception_raising_exception
ASYNC_TEST(WSClient, the_program_decides_which_failures_are_tried_again) {
    if (!virtual_time()) co_return;  // it waits for seconds
    auto count = std::make_shared<int>(0);
    const auto answer = [count](http::Request&) -> Coro<std::optional<http::Response>> {
        const int number = (*count)++;
        if (number == 0) co_return http::Response(404);  // not tried again by default
        if (number == 2) co_return http::Response(503);  // tried again by default
        co_return std::nullopt;
    };
    const auto decide = [](const std::exception_ptr& failure) -> std::exception_ptr {
        try {
            std::rethrow_exception(failure);
        } catch (const ws::InvalidStatus& error) {
            if (error.response().status == 404) return nullptr;
            return std::make_exception_ptr(RuntimeError("given up"));
        }
    };
    ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0).process_request(answer);
    ws::Reconnecting connections = ws::connect(server.url()).process_exception(decide).reconnecting();
    EXPECT_TRUE(co_await connections.next());
    EXPECT_EQ(*count, 2);
    EXPECT_THAT(co_await expect_throws<RuntimeError>(connections.next()), HasSubstr("given up"));
    const auto status = [](int number) {
        ws::HandshakeResponse response;
        response.status = number;
        return std::make_exception_ptr(ws::InvalidStatus(response));
    };
    EXPECT_FALSE(ws::process_exception(status(502)));
    const std::exception_ptr fatal = status(501);
    EXPECT_EQ(ws::process_exception(fatal), fatal);
    server.close();
    co_await server.wait_closed();
}

ASYNC_TEST(WSClient, a_cancelled_attempt_leaves_nothing) {
    const auto silent = [](StreamReader reader, StreamWriter writer) -> Coro<> {
        co_await reader.read();
        writer.close();
    };
    const Server server = co_await start_server(silent, "127.0.0.1", 0);
    auto connecting = create_task(ws::connect(url_of(server)).connect());
    co_await run_passes(10);
    connecting.cancel();
    co_await expect_throws<CancelledError>(connecting);
    co_await close(server);
}

}  // namespace
}  // namespace aio::test
