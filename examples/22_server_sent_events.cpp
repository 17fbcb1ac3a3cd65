// A server that counts, and a client that follows it, also across a lost connection.
#include <aio/aio.hpp>
#include <aio/http.hpp>

#include <charconv>

#include <fmt/core.h>

using namespace std::chrono_literals;
using aio::http::EventSourceResponse, aio::http::Request, aio::http::Response;

// Counts on from where the client was, and "crashes" at every multiple of three.
aio::Coro<Response> count(Request& request) {
    EventSourceResponse events;
    co_await events.prepare(request);
    const std::string& seen = events.last_event_id();
    int n = 0;
    std::from_chars(seen.data(), seen.data() + seen.size(), n);
    do {
        ++n;
        co_await events.send(std::to_string(n * n), {.event = "square", .id = std::to_string(n), .retry = 10ms});
    } while (n % 3 != 0);
    co_return events;
}

aio::Coro<> async_main() {
    aio::http::Application app;
    app.router().add_get("/count", count);
    aio::http::TestServer server(app);
    co_await server.start();

    aio::http::ClientSession session;
    auto events = session.sse_connect(server.make_url("/count"));
    while (auto event = co_await events.next()) {
        fmt::print("{} {}: {}\n", event->type, event->last_event_id, event->data);
        if (event->last_event_id == "7") break;
    }
    fmt::print("{} connections\n", events.connections());
    events.close();
    co_await session.close();
    co_await server.close();
}

int main() { aio::run(async_main()); }
