#include <aio/aio.hpp>
#include <fmt/core.h>
#include <cctype>

aio::Coro<> handle(aio::StreamReader reader, aio::StreamWriter writer) {
    auto lines = reader.lines();
    while (auto line = co_await lines.next()) {
        for (char& letter : *line) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
        writer.write(*line);
        co_await writer.drain();
    }
    writer.close();
}

aio::Coro<std::string> ask(int port, std::string question) {
    auto [reader, writer] = co_await aio::open_connection("127.0.0.1", port);
    writer.write(question + "\n");
    co_await writer.drain();
    std::string answer = co_await reader.readline();
    writer.close();
    co_await writer.wait_closed();
    co_return answer;
}

aio::Coro<> async_main() {
    aio::Server server = co_await aio::start_server(handle, "127.0.0.1", 0);
    fmt::print("{}", co_await ask(server.port(), "hello"));
    fmt::print("{}", co_await ask(server.port(), "good bye"));
    server.close();
    co_await server.wait_closed();
}

int main() { aio::run(async_main()); }
