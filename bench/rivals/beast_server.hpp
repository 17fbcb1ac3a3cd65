// What Beast's servers share: a coroutine a connection, on io_context's own executor type, told that one thread runs it.
// To be included first. Prints "ready PORT" once it listens.
#pragma once

#define BOOST_ASIO_DISABLE_THREADS

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace rival {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using Executor = asio::io_context::executor_type;
template <class T>
using Coro = asio::awaitable<T, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Socket = asio::basic_stream_socket<tcp, Executor>;

inline constexpr asio::use_awaitable_t<Executor> use_awaitable;

inline Coro<void> serve(asio::io_context& context, unsigned short port, Coro<void> (*session)(Socket)) {
    Acceptor acceptor(context.get_executor(), {asio::ip::address_v4::loopback(), port});
    std::printf("ready %d\n", port);
    std::fflush(stdout);
    for (;;) {
        Socket socket = co_await acceptor.async_accept(use_awaitable);
        socket.set_option(tcp::no_delay(true));
        asio::co_spawn(context.get_executor(), session(std::move(socket)), asio::detached);
    }
}

inline void run(const char* port, Coro<void> (*session)(Socket)) {
    asio::io_context context(1);
    asio::co_spawn(context.get_executor(), serve(context, static_cast<unsigned short>(std::atoi(port)), session),
                   asio::detached);
    context.run();
}

}  // namespace rival
