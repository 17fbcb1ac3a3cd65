// A server and its clients in one program: asyncio's streams over TCP.
#include <aio/aio.hpp>

#include <fmt/core.h>

// Called with both ends of each connection, as a task of its own.
aio::Coro<> handle_echo(aio::StreamReader reader, aio::StreamWriter writer) {
    auto lines = reader.lines();
    while (auto line = co_await lines.next()) {  // async for line in reader
        writer.write("echo: ");
        writer.write(*line);  // both go out together, in one system call
        co_await writer.drain();
    }
    writer.close();
    co_await writer.wait_closed();
}

aio::Coro<std::string> ask(int port, std::string question) {
    auto [reader, writer] = co_await aio::open_connection("127.0.0.1", port);
    writer.write(question + "\n");
    writer.write_eof();                           // nothing more to say; the answer still comes
    std::string answer = co_await reader.read();  // until the end of the stream
    writer.close();
    co_await writer.wait_closed();
    co_return answer;
}

aio::Coro<> async_main() {
    aio::Server server = co_await aio::start_server(handle_echo, "127.0.0.1", 0);  // 0: a free port
    auto [first, second] = co_await aio::gather(ask(server.port(), "hello"), ask(server.port(), "is anybody there?"));
    fmt::print("{}{}", first, second);
    server.close();
    co_await server.wait_closed();  // until the connections are closed, too

    try {
        co_await aio::open_connection("127.0.0.1", 1);
    } catch (const aio::ConnectionRefusedError& error) {
        fmt::print("{}\n", error.what());
    }
}

int main() { aio::run(async_main()); }
