// Fetches many pages at once through one session, at most 20 at a time, and tells of each as soon as it is there.
//
//     python3 -m http.server 8000 &
//     11_many_urls http://127.0.0.1:8000/ http://127.0.0.1:8000/README.md http://127.0.0.1:8000/nowhere
#include <aio/aio.hpp>
#include <aio/http.hpp>

#include <fmt/core.h>

using namespace std::chrono_literals;

aio::Coro<std::string> report(aio::http::ClientSession& session, std::string url) {
    std::string problem;
    try {
        auto response = co_await session.get(url).timeout(5s);
        const std::string page = co_await response.read();
        co_return fmt::format("{} {} {} ({} bytes)", url, response.status(), response.reason(), page.size());
    } catch (const aio::Error& error) {  // not CancelledError, which must pass
        problem = error.what();
    }
    co_return fmt::format("{} {}", url, problem);
}

aio::Coro<> async_main(std::vector<std::string> urls) {
    aio::http::TCPConnector connector({.limit = 20});
    aio::http::ClientSession session({.connector = connector.share()});
    std::vector<aio::Coro<std::string>> reports;
    for (const std::string& url : urls) reports.push_back(report(session, url));

    auto completed = aio::as_completed(std::move(reports));
    while (auto task = co_await completed.next()) fmt::print("{}\n", co_await *task);  // the fastest first
    co_await session.close();
}

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: {} URL...\n", argv[0]);
        return 77;  // for the tests: skipped
    }
    aio::run(async_main({argv + 1, argv + argc}));
}
