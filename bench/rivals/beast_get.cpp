// Beast (Boost) as a client in the http section: PORT CONNECTIONS REQUESTS ROUNDS, as bench/http/get_client.cpp has them.
// A coroutine a connection; no pool, no redirects, no URLs, no timeouts.

#define BOOST_ASIO_DISABLE_THREADS

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "../support/measure.hpp"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Executor = asio::io_context::executor_type;
template <class T>
using Coro = asio::awaitable<T, Executor>;
using Socket = asio::basic_stream_socket<tcp, Executor>;

constexpr asio::use_awaitable_t<Executor> use_awaitable;

struct Connection {
    Socket socket;
    beast::flat_buffer buffer;
};

Coro<void> get_many(Connection& connection, const std::string& host, long& left) {
    while (left > 0) {
        --left;
        http::request<http::empty_body> request(http::verb::get, "/", 11);
        request.set(http::field::host, host);
        co_await http::async_write(connection.socket, request, use_awaitable);
        http::response<http::string_body> response;
        co_await http::async_read(connection.socket, connection.buffer, response, use_awaitable);
        if (response.result() != http::status::ok || response.body() != "Hello, World!") {
            std::fprintf(stderr, "beast_get: %d %s\n", response.result_int(), response.body().c_str());
            std::exit(1);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) return 2;
    const int port = std::atoi(argv[1]), count = std::atoi(argv[2]), rounds = std::atoi(argv[4]);
    const long requests = std::atol(argv[3]);
    const std::string host = "127.0.0.1:" + std::to_string(port);
    asio::io_context context(1);
    std::vector<Connection> connections;
    for (int i = 0; i < count; ++i) {
        connections.push_back({Socket(context), {}});
        connections.back().socket.connect({asio::ip::address_v4::loopback(), static_cast<unsigned short>(port)});
        connections.back().socket.set_option(tcp::no_delay(true));
    }
    for (int round = 0; round <= rounds; ++round) {
        const double started = bench::cpu_ns();
        long left = requests;
        for (Connection& connection : connections) {
            asio::co_spawn(context.get_executor(), get_many(connection, host, left), [](std::exception_ptr failure) {
                if (failure) std::rethrow_exception(failure);
            });
        }
        context.restart();
        context.run();
        if (round > 0) bench::report_requests(requests, bench::cpu_ns() - started);
    }
}
