// aio's side of the ws section: an echo server as one writes it, with the router, limits and UTF-8 checks on. Prints
// "ready" once it listens.
//
//     AIO_BACKEND=io_uring ws_server PORT
#include <aio/aio.hpp>
#include <aio/http.hpp>

#include <cstdio>
#include <cstdlib>

#include "../support/ready.hpp"

namespace {

using aio::http::Request, aio::http::Response;

aio::Coro<Response> echo(Request& request) {
    aio::http::WebSocketResponse ws;
    co_await ws.prepare(request);
    while (auto message = co_await ws.next()) {
        if (message->type == aio::http::WSMsgType::binary) co_await ws.send_bytes(message->data);
    }
    co_return ws;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    aio::http::Application app;
    app.router().add_get("/", echo);
    aio::http::run_app(app, "127.0.0.1", std::atoi(argv[1]), {.backlog = 1024, .print = bench::say_ready});
}
