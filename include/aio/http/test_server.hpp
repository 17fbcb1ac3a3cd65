// For tests of servers: one that listens on a free port of this machine, a client of it, and requests that no client
// sent (aiohttp.test_utils).
//
//     aio::http::TestClient client(app);
//     co_await client.start();
//     auto response = co_await client.get("/users/7");    // of http://127.0.0.1:40123
//     co_await client.close();
//
//     auto mocked = aio::http::make_mocked_request("GET", "/users/7", {}, "", &app);
//     Response response = co_await handler(mocked.request());
//
// On the sim backend (AIO_BACKEND=sim) all of it stays in memory, and time is virtual.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/client_session.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/request.hpp>
#include <aio/http/runner.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http {

class TestServer {
public:
    // `app` outlives it.
    explicit TestServer(Application& app, RunnerOptions options = {}, SiteOptions site = {});

    // Errors: as AppRunner::setup(), TCPSite::start().
    Coro<> start();
    // As AppRunner::cleanup().
    Coro<> close();

    Application& app() const noexcept { return runner_.app(); }
    int port() const { return site_.port(); }
    // Errors: ValueError for a path that does not begin with "/".
    std::string make_url(std::string_view path) const;
    AppRunner& runner() noexcept { return runner_; }

private:
    AppRunner runner_;
    TCPSite site_;
};

// A TestServer and a session whose URLs are relative to it. Its jar keeps cookies of addresses, which others refuse.
class TestClient {
public:
    // `app` outlives it. The session's base_url and, unless there is one, its cookie_jar are set by start().
    explicit TestClient(Application& app, SessionOptions session = {}, RunnerOptions options = {},
                        SiteOptions site = {});

    // Errors: as TestServer::start().
    Coro<> start();
    // The session, then the server.
    Coro<> close();

    // Errors of these: as ClientSession's; RuntimeError before start().
    ClientRequest request(std::string_view method, URL path) { return session().request(method, std::move(path)); }
    ClientRequest get(URL path) { return session().get(std::move(path)); }
    ClientRequest head(URL path) { return session().head(std::move(path)); }
    ClientRequest options(URL path) { return session().options(std::move(path)); }
    ClientRequest post(URL path) { return session().post(std::move(path)); }
    ClientRequest put(URL path) { return session().put(std::move(path)); }
    ClientRequest patch(URL path) { return session().patch(std::move(path)); }
    ClientRequest delete_(URL path) { return session().delete_(std::move(path)); }
    WSConnect ws_connect(URL path) { return session().ws_connect(std::move(path)); }

    ClientSession& session();
    TestServer& server() noexcept { return server_; }
    Application& app() const noexcept { return server_.app(); }
    int port() const { return server_.port(); }
    std::string make_url(std::string_view path) const { return server_.make_url(path); }

private:
    TestServer server_;
    SessionOptions options_;
    std::optional<ClientSession> session_;
};

// A request without a connection. It cannot be answered in steps: StreamResponse and upgrade() need one.
class MockedRequest {
public:
    MockedRequest(std::string method, std::string target, Headers headers, std::string body, Application* app);
    MockedRequest(MockedRequest&&) noexcept;
    ~MockedRequest();

    Request& request() noexcept;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

// With `app`, its route's names are in match_info(). Errors: ValueError for a method that there is not.
inline MockedRequest make_mocked_request(std::string method, std::string target, Headers headers = {},
                                         std::string body = {}, Application* app = nullptr) {
    return MockedRequest(std::move(method), std::move(target), std::move(headers), std::move(body), app);
}

}  // namespace aio::http
