// For tests of servers: one that listens on a free port of this machine, and requests that no client sent
// (aiohttp.test_utils).
//
//     aio::http::TestServer server(app);
//     co_await server.start();
//     ... server.make_url("/path") ...                    // "http://127.0.0.1:40123/path"
//     co_await server.close();
//
//     auto mocked = aio::http::make_mocked_request("GET", "/users/7", {}, "", &app);
//     Response response = co_await handler(mocked.request());
//
// On the sim backend (AIO_BACKEND=sim) all of it stays in memory, and time is virtual.
#pragma once

#include <aio/core/coro.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/request.hpp>
#include <aio/http/runner.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace aio::http {

class TestServer {
public:
    // `app` outlives it.
    explicit TestServer(Application& app, RunnerOptions options = {}, SiteOptions site = {});

    Coro<> start();
    // As AppRunner::cleanup().
    Coro<> close();

    int port() const { return site_.port(); }
    // Errors: ValueError for a path that does not begin with "/".
    std::string make_url(std::string_view path) const;
    AppRunner& runner() noexcept { return runner_; }

private:
    AppRunner runner_;
    TCPSite site_;
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
