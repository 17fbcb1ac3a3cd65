// Fetches many pages of one HTTP server at once, with nothing but streams: what an HTTP client does underneath.
//
//     python3 -m http.server 8000 &
//     11_many_urls 127.0.0.1 8000 / /README.md /nowhere
#include <aio/aio.hpp>

#include <fmt/core.h>

#include <cstdlib>

using namespace std::chrono_literals;

struct Page {
    std::string status;  // "HTTP/1.0 200 OK"
    std::string body;
};

// One GET on a connection of its own. HTTP/1.0: the server closes it after the body.
aio::Coro<Page> get(std::string host, int port, std::string path) {
    auto [reader, writer] = co_await aio::open_connection(host, port);
    writer.write(fmt::format("GET {} HTTP/1.0\r\nHost: {}:{}\r\n\r\n", path, host, port));
    co_await writer.drain();

    std::string head = co_await reader.readuntil("\r\n\r\n");  // the status line and the headers
    Page page;
    page.status = head.substr(0, head.find("\r\n"));
    page.body = co_await reader.read();
    writer.close();
    co_await writer.wait_closed();
    co_return page;
}

// At most 20 connections at a time, and 5 seconds for each page.
aio::Coro<std::string> report(aio::Semaphore& connections, std::string host, int port, std::string path) {
    auto permit = co_await connections.scoped();
    std::string problem;
    try {
        Page page = co_await aio::wait_for(get(host, port, path), 5s);
        co_return fmt::format("{:<30} {} ({} bytes)", path, page.status, page.body.size());
    } catch (const aio::Error& error) {  // not CancelledError, which must pass
        problem = error.what();
    }
    co_return fmt::format("{:<30} {}", path, problem);
}

aio::Coro<> async_main(std::string host, int port, std::vector<std::string> paths) {
    aio::Semaphore connections(20);
    std::vector<aio::Coro<std::string>> reports;
    for (const std::string& path : paths) reports.push_back(report(connections, host, port, path));

    auto completed = aio::as_completed(std::move(reports));
    while (auto task = co_await completed.next()) fmt::print("{}\n", co_await *task);  // the fastest first
}

int main(int argc, char** argv) {
    if (argc < 4) {
        fmt::print(stderr, "usage: {} HOST PORT PATH...\n", argv[0]);
        return 77;  // for the tests: skipped
    }
    aio::run(async_main(argv[1], std::atoi(argv[2]), {argv + 3, argv + argc}));
}
