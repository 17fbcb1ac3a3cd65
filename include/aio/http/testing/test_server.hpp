// For tests of applications: a server on a free port of this machine, a client of it, and requests without a connection
// (aiohttp.test_utils).
//
//     aio::http::TestClient client(app);
//     co_await client.start();
//     auto response = co_await client.get("/users/7");    // of http://127.0.0.1:40123
//     co_await client.close();
//
//     auto mocked = aio::http::make_mocked_request("GET", "/users/7", {}, "", &app);
//     Response response = co_await handler(mocked.request());
//
// On the sim backend (AIO_BACKEND=sim) all connections are in memory, and time is virtual.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/client/client_session.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/server/request.hpp>
#include <aio/http/server/runner.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http {

// A server of an application on 127.0.0.1, at a free port: aiohttp.test_utils.TestServer.
class TestServer {
public:
    // `app` must outlive it.
    explicit TestServer(Application& app, RunnerOptions options = {}, SiteOptions site = {});

    // Sets the application up and listens. Errors: as AppRunner::setup(), TCPSite::start().
    Coro<> start();
    // Ends the server, as AppRunner::cleanup().
    Coro<> close();

    // The application given to the constructor.
    Application& app() const noexcept { return runner_.app(); }
    // The port. Errors: RuntimeError before start().
    int port() const { return site_.port(); }
    // "http://127.0.0.1:40123" and `path`. Errors: ValueError for a path that does not begin with "/";
    // RuntimeError before start().
    std::string make_url(std::string_view path) const;
    // The runner of the application.
    AppRunner& runner() noexcept { return runner_; }

private:
    AppRunner runner_;
    TCPSite site_;
};

// A TestServer and a session whose URLs are relative to it: aiohttp.test_utils.TestClient. Its jar accepts cookies of
// IP addresses, which other jars refuse.
class TestClient {
public:
    // `app` must outlive it. The session's base_url and, unless there is one, its cookie_jar are set by start().
    explicit TestClient(Application& app, SessionOptions session = {}, RunnerOptions options = {},
                        SiteOptions site = {});

    // Starts the server and makes the session. Errors: as TestServer::start().
    Coro<> start();
    // Closes the session, then the server.
    Coro<> close();

    // The functions of ClientSession, for paths such as "/users/7". Errors: as there; RuntimeError before start().
    ClientRequest request(std::string_view method, URL path) { return session().request(method, std::move(path)); }
    ClientRequest get(URL path) { return session().get(std::move(path)); }
    ClientRequest head(URL path) { return session().head(std::move(path)); }
    ClientRequest options(URL path) { return session().options(std::move(path)); }
    ClientRequest post(URL path) { return session().post(std::move(path)); }
    ClientRequest put(URL path) { return session().put(std::move(path)); }
    ClientRequest patch(URL path) { return session().patch(std::move(path)); }
    ClientRequest delete_(URL path) { return session().delete_(std::move(path)); }
    WSConnect ws_connect(URL path) { return session().ws_connect(std::move(path)); }

    // The session. Errors: RuntimeError before start().
    ClientSession& session();
    // The server, and its members.
    TestServer& server() noexcept { return server_; }
    Application& app() const noexcept { return server_.app(); }
    int port() const { return server_.port(); }
    std::string make_url(std::string_view path) const { return server_.make_url(path); }

private:
    TestServer server_;
    SessionOptions options_;
    std::optional<ClientSession> session_;
};

// A request without a connection, for a direct call of a handler. StreamResponse and upgrade()
// need a connection, and throw.
class MockedRequest {
public:
    // See make_mocked_request().
    MockedRequest(std::string method, std::string target, Headers headers, std::string body, Application* app);
    MockedRequest(MockedRequest&&) noexcept;
    ~MockedRequest();

    // The request, which lives as long as this object.
    Request& request() noexcept;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

// A request with these headers and this body: aiohttp.test_utils.make_mocked_request. With `app`, match_info() has the
// names of its route. Errors: ValueError for a method that is no token.
inline MockedRequest make_mocked_request(std::string method, std::string target, Headers headers = {},
                                         std::string body = {}, Application* app = nullptr) {
    return MockedRequest(std::move(method), std::move(target), std::move(headers), std::move(body), app);
}

}  // namespace aio::http
