// WebSockets with the names of Python's websockets library: a chat room, three people in it, and a server that goes away.
#include <aio/aio.hpp>
#include <aio/ws.hpp>
#include <fmt/core.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

std::vector<aio::ws::Connection> room;

// Whoever says something is heard by all. A slow listener holds up nobody: broadcast() does not wait.
aio::Coro<> chat(aio::ws::Connection& connection) {
    room.push_back(connection);
    while (auto message = co_await connection.next()) aio::ws::broadcast(room, message->text());
    std::erase(room, connection);
}

aio::Coro<> async_main() {
    auto server = co_await aio::ws::serve(chat, "127.0.0.1", 0);
    std::vector<aio::ws::Connection> people;
    for (int i = 0; i < 3; ++i) people.push_back(co_await aio::ws::connect(server.url()));
    while (room.size() < people.size()) co_await aio::sleep(1ms);

    co_await people[0].send("hello, everybody");
    for (aio::ws::Connection& person : people) {
        const aio::ws::Message message = co_await person.recv();
        fmt::print("{}\n", message.text());
    }
    const aio::Duration latency = co_await people[1].ping();  // nobody needs to receive for that
    fmt::print("answered: {}\n", latency < 1s);

    server.close(true, 1012, "restarting");  // to every client
    for (aio::ws::Connection& person : people) {
        try {
            co_await person.recv();
        } catch (const aio::ws::ConnectionClosed& closed) {
            fmt::print("{}\n", closed.what());
        }
    }
    co_await server.wait_closed();
}

}  // namespace

int main() { aio::run(async_main()); }
