// Beast (Boost) as a WebSocket server in the ws section: a coroutine a connection, on io_context's own executor type, told
// that one thread runs it. Prints "ready PORT" once it listens.

#define BOOST_ASIO_DISABLE_THREADS

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using Executor = asio::io_context::executor_type;
template <class T>
using Coro = asio::awaitable<T, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Socket = asio::basic_stream_socket<tcp, Executor>;

constexpr asio::use_awaitable_t<Executor> use_awaitable;

Coro<void> session(Socket socket) {
    try {
        websocket::stream<Socket> ws(std::move(socket));
        co_await ws.async_accept(use_awaitable);
        ws.binary(true);
        beast::flat_buffer buffer;
        for (;;) {
            co_await ws.async_read(buffer, use_awaitable);
            co_await ws.async_write(buffer.data(), use_awaitable);
            buffer.consume(buffer.size());
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
