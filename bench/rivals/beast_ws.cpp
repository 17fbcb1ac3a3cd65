// Beast (Boost) as a WebSocket server in the ws section.
#include "beast_server.hpp"

#include <boost/beast/websocket.hpp>

namespace {

using namespace rival;
namespace websocket = beast::websocket;

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

}  // namespace

int main(int, char** argv) { rival::run(argv[1], session); }
