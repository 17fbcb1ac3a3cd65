// An application with a handler for each occasion, and its server.
#pragma once

#include <aio/http.hpp>

#include "http/server/web_client.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace aio::test {

using http::Application, http::Request, http::Response, http::RunnerOptions, http::TestServer;

namespace site {

inline Coro<Response> hello(Request& request) {
    co_return Response::text("Hello, " + std::string(request.match_info("name", "world")));
}

inline Coro<Response> echo(Request& request) {
    std::string body = co_await request.read();
    co_return Response::bytes(std::move(body));
}

inline Coro<Response> ignore_body(Request&) { co_return Response::text("did not look"); }

inline Coro<Response> fail(Request&) {
    throw std::runtime_error("a bug");
    co_return Response();
}

inline Coro<Response> wait_an_hour(Request&) {
    co_await aio::sleep(1h);
    co_return Response::text("late");
}

}  // namespace site

// An application with the handlers above, and its server.
struct Site {
    explicit Site(RunnerOptions options = {}) : server(app, options) {
        app.router().add_get("/", site::hello);
        app.router().add_get("/hello/{name}", site::hello);
        app.router().add_post("/echo", site::echo);
        app.router().add_post("/ignore", site::ignore_body);
        app.router().add_get("/fail", site::fail);
        app.router().add_get("/wait", site::wait_an_hour);
    }
    Application app;
    TestServer server;
};

}  // namespace aio::test
