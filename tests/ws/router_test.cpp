// ws::route: which path leads to which handler, what paths are redirected, and where to.
#include "http/server/web_client.hpp"
#include "support/tls_peers.hpp"
#include "ws/pair.hpp"

#include <unistd.h>

#include <filesystem>

namespace aio::test {
namespace {

using testing::HasSubstr;

// Says which handler it is, and with what.
Coro<> tell_root(ws::Connection& connection) { co_await connection.send("root"); }
Coro<> tell_room(ws::Connection& connection) {
    co_await connection.send("room " + connection.match_info("name") + " of " + connection.path());
}
Coro<> tell_number(ws::Connection& connection) { co_await connection.send("number " + connection.match_info("id")); }
Coro<> tell_files(ws::Connection& connection) { co_await connection.send("files"); }

ws::Router some_paths() {
    ws::Router router;
    router.add("/", tell_root);
    router.add("/room/{name}", tell_room);
    router.add("/number/{id:\\d+}", tell_number);
    router.add("/files/", tell_files);
    router.add_redirect("/old/{name}", "/room/{name}");
    return router;
}

Coro<> end(ws::Server server) {
    server.close();
    co_await server.wait_closed();
}

Coro<std::string> said_at(std::string url) {
    ws::Connection client = co_await ws::connect(url);
    std::string text = (co_await client.recv()).text();
    co_await client.close();
    co_return text;
}

// The status of the response, and where it leads, without following it.
Coro<std::string> answer_at(const ws::Server& server, std::string target, std::string host = "here") {
    WebClient client = co_await WebClient::connect(server.port());
    client.send("GET " + target + " HTTP/1.1\r\nHost: " + host +
                "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    const WebReply reply = co_await client.reply();
    client.close();
    co_return std::to_string(reply.status) + " " + reply.header("Location");
}

// websockets: test_router.test_router_matches_paths_and_extracts_parameters, test_router.test_route_with_query_string
// websockets: test_router.test_not_found
ASYNC_TEST(WSRouter, the_path_chooses_the_handler) {
    const ws::Server server = co_await ws::route(some_paths(), "127.0.0.1", 0);
    const std::string url = server.url();
    EXPECT_EQ(co_await said_at(url + "/"), "root");
    EXPECT_EQ(co_await said_at(url + "/room/a%20b?x=1"), "room a b of /room/a%20b?x=1");
    EXPECT_EQ(co_await said_at(url + "/number/42"), "number 42");
    EXPECT_THAT(co_await expect_throws<ws::InvalidStatus>(ws::connect(url + "/number/x")), HasSubstr("HTTP 404"));
    EXPECT_THAT(co_await expect_throws<ws::InvalidStatus>(ws::connect(url + "/room/a/")), HasSubstr("HTTP 404"));
    EXPECT_THAT(co_await expect_throws<ws::InvalidStatus>(ws::connect(url + "/nowhere")), HasSubstr("HTTP 404"));
    co_await end(server);
}

// websockets: test_router.test_redirect, test_router.test_force_secure_redirect
// websockets: test_router.test_force_redirect_server_name
ASYNC_TEST(WSRouter, other_spellings_of_a_path_are_redirected) {
    const ws::Server server = co_await ws::route(some_paths(), "127.0.0.1", 0);
    EXPECT_EQ(co_await answer_at(server, "/files"), "302 ws://here/files/");
    EXPECT_EQ(co_await answer_at(server, "/files?a=b"), "302 ws://here/files/?a=b");
    EXPECT_EQ(co_await answer_at(server, "//files"), "302 ws://here/files/");
    EXPECT_EQ(co_await answer_at(server, "/room//x", "here:81"), "302 ws://here:81/room/x");
    EXPECT_EQ(co_await answer_at(server, "/old/a%20b?q"), "302 ws://here/room/a%20b");
    EXPECT_EQ(co_await answer_at(server, "//evil.example/"), "404 ");
    EXPECT_EQ(co_await said_at(server.url() + "/files"), "files");  // a client follows it
    co_await end(server);
    ws::Router behind_proxy = some_paths();
    behind_proxy.set_secure(true);
    const ws::Server secure = co_await ws::route(std::move(behind_proxy), "127.0.0.1", 0);
    EXPECT_EQ(co_await answer_at(secure, "/files"), "302 wss://here/files/");
    co_await end(secure);
    ws::Router named = some_paths();
    named.set_server_name("other");
    const ws::Server other = co_await ws::route(std::move(named), "127.0.0.1", 0);
    EXPECT_EQ(co_await answer_at(other, "/files"), "302 ws://other/files/");
    co_await end(other);
}

// websockets: test_router.test_secure_redirect
ASYNC_TEST(WSRouter, over_tls_redirects_stay_there) {
    if (simulated()) CO_SKIP();
    const ssl::SSLContext context = server_context();
    const ws::Server server = co_await ws::route(some_paths(), "127.0.0.1", 0).site({.ssl = context});
    ws::Connection client =
        co_await ws::connect("wss://localhost:" + std::to_string(server.port()) + "/files").ssl(client_context());
    EXPECT_EQ((co_await client.recv()).text(), "files");
    EXPECT_EQ(client.path(), "/files/");
    co_await client.close();
    co_await end(server);
}

// websockets: test_router.test_router_supports_unix_sockets
ASYNC_TEST(WSRouter, at_a_unix_socket) {
    if (simulated()) CO_SKIP();
    const std::string path =
        (std::filesystem::temp_directory_path() / ("aio_ws_router_" + std::to_string(::getpid()))).string();
    const ws::Server server = co_await ws::unix_route(some_paths(), path);
    ws::Connection client = co_await ws::unix_connect(path, "ws://anyhost/room/x");
    EXPECT_EQ((co_await client.recv()).text(), "room x of /room/x");
    co_await client.close();
    co_await end(server);
}

// websockets: test_router.test_process_request_function_returning_none
// websockets: test_router.test_process_request_coroutine_returning_none
// websockets: test_router.test_process_request_function_returning_response
// websockets: test_router.test_process_request_coroutine_returning_response
ASYNC_TEST(WSRouter, the_program_sees_requests_before_the_router) {
    const auto process = [](http::Request& request) -> Coro<std::optional<http::Response>> {
        if (request.path() == "/forbidden") co_return http::Response::text("no", 403);
        co_return std::nullopt;
    };
    const ws::Server server = co_await ws::route(some_paths(), "127.0.0.1", 0).process_request(process);
    EXPECT_EQ(co_await said_at(server.url() + "/"), "root");
    EXPECT_EQ(co_await answer_at(server, "/forbidden"), "403 ");
    EXPECT_EQ(co_await answer_at(server, "/nowhere"), "404 ");
    co_await end(server);
}

// websockets: asyncio.test_client.test_set_host_header
ASYNC_TEST(WSRouter, hosts_have_paths_of_their_own) {
    ws::Router chat;
    chat.add("/{name}", tell_room);
    ws::Router router;
    router.add("/", tell_root);
    router.add_domain("*.chat.example", std::move(chat));
    const ws::Server server = co_await ws::route(std::move(router), "127.0.0.1", 0);
    ws::Connection client = co_await ws::connect(server.url() + "/x").header("Host", "de.chat.example");
    EXPECT_EQ((co_await client.recv()).text(), "room x of /x");
    co_await client.close();
    EXPECT_EQ(co_await answer_at(server, "/x", "chat.example"), "404 ");
    EXPECT_EQ(co_await answer_at(server, "//x", "a.chat.example"), "302 ws://a.chat.example/x");
    co_await end(server);
}

ASYNC_TEST(WSRouter, routes_of_an_application_know_their_names_too) {
    http::Application app;
    app.router().add_get("/rooms/{name}", ws::http_handler(tell_room));
    http::TestClient client(app);
    co_await client.start();
    const std::string at = "ws://127.0.0.1:" + std::to_string(client.port());
    EXPECT_EQ(co_await said_at(at + "/rooms/7%2F8"), "room 7/8 of /rooms/7%2F8");
    co_await client.close();
}

TEST(WSRouterPaths, what_makes_no_sense_is_refused) {
    ws::Router router;
    router.add("/a/{x:[a-z]{2}}", tell_root);
    EXPECT_THROW(router.add("/a/{x:[a-z]{2}}", tell_root), ValueError);
    EXPECT_THROW(router.add("no-slash", tell_root), ValueError);
    EXPECT_THROW(router.add("/{", tell_root), ValueError);
    EXPECT_THROW(router.add("/b", ws::Handler()), ValueError);
    EXPECT_THROW(router.add_redirect("/c/{x}", "/d/{y}"), ValueError);
    EXPECT_THROW(router.add_domain("a/b", ws::Router()), ValueError);
    router.add_redirect("/c/{x:[a-z]{2}}", "/d/{x}");
}

}  // namespace
}  // namespace aio::test
