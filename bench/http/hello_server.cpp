// aio's side of the http section: a hello server as one writes it, with the router, all limits and timeouts, and no
// access log, which the others have not either. Prints "ready" once it listens.
//
//     AIO_BACKEND=io_uring hello_server PORT
#include <aio/aio.hpp>
#include <aio/http.hpp>

#include <cstdio>
#include <cstdlib>

#include "../support/ready.hpp"

namespace {

using aio::http::Request, aio::http::Response;

aio::Coro<Response> hello(Request&) { co_return Response::text("Hello, World!"); }

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    aio::http::Application app;
    app.router().add_get("/", hello);
    aio::http::run_app(app, "127.0.0.1", std::atoi(argv[1]), {.backlog = 1024, .print = bench::say_ready});
}
