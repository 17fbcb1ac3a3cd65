// Asio (Boost) in the streams section: a coroutine a connection, on io_context's own executor type, told
// that one thread runs it. Prints "ready PORT" once it listens.

#define BOOST_ASIO_DISABLE_THREADS

#include <boost/asio.hpp>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Executor = asio::io_context::executor_type;
template <class T>
using Coro = asio::awaitable<T, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Socket = asio::basic_stream_socket<tcp, Executor>;

constexpr asio::use_awaitable_t<Executor> use_awaitable;

Coro<void> echo(Socket socket) {
    try {
        char buffer[8192];
        for (;;) {
            const std::size_t size = co_await socket.async_read_some(asio::buffer(buffer), use_awaitable);
            co_await asio::async_write(socket, asio::buffer(buffer, size), use_awaitable);
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
        asio::co_spawn(context.get_executor(), echo(std::move(socket)), asio::detached);
    }
}

}  // namespace

int main(int, char** argv) {
    asio::io_context context(1);
    asio::co_spawn(context.get_executor(), serve(context, static_cast<unsigned short>(std::atoi(argv[1]))),
                   asio::detached);
    context.run();
}
