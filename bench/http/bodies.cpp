// aio's side of the bodies section: a client that reads or sends a body, ROUNDS times on one connection, and prints a JSON
// object a round; and a server of a directory, which prints "ready" once it listens.
//
//     AIO_BACKEND=io_uring bodies read PORT PATH ROUNDS      the whole body as one string
//     AIO_BACKEND=io_uring bodies pieces PORT PATH ROUNDS    as it comes, without a copy
//     AIO_BACKEND=io_uring bodies put PORT BYTES ROUNDS
//     AIO_BACKEND=io_uring bodies serve PORT DIRECTORY
#include <aio/aio.hpp>
#include <aio/http.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../support/measure.hpp"
#include "../support/ready.hpp"

namespace {

using aio::http::ClientResponse;

void report(std::size_t bytes, double ns) {
    std::printf("{\"bytes\": %zu, \"client_cpu_ns\": %.0f}\n", bytes, ns);
    std::fflush(stdout);
}

void check(const ClientResponse& response) {
    if (response.status() == 200) return;
    std::fprintf(stderr, "bodies: the server says %d\n", response.status());
    std::exit(1);
}

aio::Coro<std::size_t> read_whole(ClientResponse& response) {
    const std::string body = co_await std::move(response).read();
    co_return body.size();
}

aio::Coro<std::size_t> read_pieces(ClientResponse& response) {
    std::size_t size = 0;
    while (true) {
        const std::string_view piece = co_await response.content().readany_view();
        if (piece.empty()) co_return size;
        size += piece.size();
    }
}

aio::Coro<> get(std::string url, aio::Coro<std::size_t> (*read)(ClientResponse&), int rounds) {
    aio::http::ClientSession session;
    for (int round = 0; round <= rounds; ++round) {
        const double started = bench::cpu_ns();
        auto response = co_await session.get(url);
        check(response);
        const std::size_t size = co_await read(response);
        if (round > 0) report(size, bench::cpu_ns() - started);
    }
    co_await session.close();
}

aio::Coro<> put(std::string url, std::size_t bytes, int rounds) {
    aio::http::ClientSession session;
    const std::string body(bytes, 'x');
    for (int round = 0; round <= rounds; ++round) {
        std::string sent = body;
        const double started = bench::cpu_ns();
        auto response = co_await session.put(url).data(std::move(sent));
        check(response);
        co_await response.read();
        if (round > 0) report(bytes, bench::cpu_ns() - started);
    }
    co_await session.close();
}

void serve(int port, const std::string& directory) {
    aio::http::Application app;
    app.router().add_static("/", directory);
    aio::http::run_app(app, "127.0.0.1", port, {.print = bench::say_ready});
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    const std::string url = argc > 2 ? std::string("http://127.0.0.1:") + argv[2] : "";
    if (argc == 5 && mode == "read") {
        aio::run(get(url + argv[3], read_whole, std::atoi(argv[4])));
    } else if (argc == 5 && mode == "pieces") {
        aio::run(get(url + argv[3], read_pieces, std::atoi(argv[4])));
    } else if (argc == 5 && mode == "put") {
        aio::run(put(url + "/", std::strtoull(argv[3], nullptr, 10), std::atoi(argv[4])));
    } else if (argc == 4 && mode == "serve") {
        serve(std::atoi(argv[2]), argv[3]);
    } else {
        std::fprintf(stderr,
                     "usage: %s read|pieces PORT PATH ROUNDS | put PORT BYTES ROUNDS | serve PORT DIRECTORY\n",
                     argv[0]);
        return 2;
    }
}
