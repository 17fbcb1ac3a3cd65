// Beast (Boost) as a server in the http section: a coroutine a connection, on io_context's own executor type, told that
// one thread runs it; the header block of a message in place. Prints "ready PORT" once it listens.

#define BOOST_ASIO_DISABLE_THREADS

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Executor = asio::io_context::executor_type;
template <class T>
using Coro = asio::awaitable<T, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Socket = asio::basic_stream_socket<tcp, Executor>;

constexpr asio::use_awaitable_t<Executor> use_awaitable;

// Made anew every second.
const std::string& http_date() {
    static std::time_t made = 0;
    static std::string date;
    const std::time_t now = std::time(nullptr);
    if (now != made) {
        char text[40];
        std::tm utc{};
        std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
        date = text;
        made = now;
    }
    return date;
}

Coro<void> session(Socket socket) {
    try {
        beast::flat_buffer buffer;
        for (;;) {
            http::request<http::empty_body> request;
            co_await http::async_read(socket, buffer, request, use_awaitable);
            http::response<http::string_body> response(http::status::ok, request.version());
            response.set(http::field::server, "Beast");
            response.set(http::field::date, http_date());
            response.set(http::field::content_type, "text/plain");
            response.keep_alive(request.keep_alive());
            response.body() = "Hello, World!";
            response.prepare_payload();
            co_await http::async_write(socket, response, use_awaitable);
        }
    } catch (const boost::system::system_error&) {
        // The peer has gone.
    }
}

Coro<void> serve(asio::io_context& context, unsigned short port) {
    Acceptor acceptor(context.get_executor(), {asio::ip::address_v4::loopback(), port});
    std::printf("ready %d\n", port);
    std::fflush(stdout);
    for (;;) {
        Socket socket = co_await acceptor.async_accept(use_awaitable);
        socket.set_option(tcp::no_delay(true));
        asio::co_spawn(context.get_executor(), session(std::move(socket)), asio::detached);
    }
}

}  // namespace

int main(int, char** argv) {
    asio::io_context context(1);
    asio::co_spawn(context.get_executor(), serve(context, static_cast<unsigned short>(std::atoi(argv[1]))),
                   asio::detached);
    context.run();
}
