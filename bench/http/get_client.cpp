// aio's client in the http section: one session, CONNECTIONS tasks that share what is left of REQUESTS, ROUNDS times,
// and once before to open the connections. Prints a JSON object a round.
//
//     AIO_BACKEND=io_uring get_client PORT CONNECTIONS REQUESTS ROUNDS
#include <aio/aio.hpp>
#include <aio/http.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "../support/measure.hpp"

namespace {

aio::Coro<> get_many(aio::http::ClientSession& session, const aio::http::URL& url, long& left) {
    while (left-- > 0) {
        auto response = co_await session.get(url);
        const std::string body = co_await response.read();
        if (response.status() != 200 || body != "Hello, World!") {
            std::fprintf(stderr, "get_client: %d %s\n", response.status(), body.c_str());
            std::exit(1);
        }
    }
}

aio::Coro<> run_rounds(int port, int connections, long requests, int rounds) {
    aio::http::ClientSession session;
    const aio::http::URL url("http://127.0.0.1:" + std::to_string(port) + "/");
    for (int round = 0; round <= rounds; ++round) {
        const double started = bench::cpu_ns();
        long left = requests;
        std::vector<aio::Coro<>> workers;
        for (int i = 0; i < connections; ++i) workers.push_back(get_many(session, url, left));
        co_await aio::gather(std::move(workers));
        if (round > 0) bench::report_requests(requests, bench::cpu_ns() - started);
    }
    co_await session.close();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) {
        std::fprintf(stderr, "usage: %s PORT CONNECTIONS REQUESTS ROUNDS\n", argv[0]);
        return 2;
    }
    aio::run(run_rounds(std::atoi(argv[1]), std::atoi(argv[2]), std::atol(argv[3]), std::atoi(argv[4])));
}
