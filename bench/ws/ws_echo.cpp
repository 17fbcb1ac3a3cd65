// aio::ws in the websocket section: an echo server as one writes it. Prints "ready" once it listens.
//
//     AIO_BACKEND=io_uring ws_echo PORT
#include <aio/aio.hpp>
#include <aio/ws.hpp>

#include <cstdio>
#include <cstdlib>

#include "../support/ready.hpp"

namespace {

aio::Coro<> echo(aio::ws::Connection& connection) {
    while (true) {
        const aio::ws::MessageView message = co_await connection.recv_view();
        co_await connection.send_bytes(message.data);
    }
}

aio::Coro<> serve(int port) {
    auto server = co_await aio::ws::serve(echo, "127.0.0.1", port).site({.backlog = 1024});
    bench::say_ready(server.url());
    co_await server.serve_forever();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 2;
    }
    aio::run(serve(std::atoi(argv[1])));
}
