// Server-sent events between us and other people's programs. Each test is skipped where its program is missing.
#include <aio/core/result.hpp>
#include <aio/http.hpp>
#include <aio/subprocess.hpp>

#include "support/async_test.hpp"
#include "support/browser.hpp"
#include "support/command.hpp"

#include <cstdlib>

namespace aio::test {
namespace {

using http::Application, http::EventSourceResponse, http::Request, http::Response, http::TestServer;

// Events 1, 2 | 3, 4 | 5: three connections, each going on where the client was; compressed, with every kind of line end.
Coro<Response> sent_numbers(Request& request) {
    EventSourceResponse events;
    events.enable_compression();
    co_await events.prepare(request);
    int n = std::atoi(events.last_event_id().c_str());
    do {
        ++n;
        co_await events.send_comment("ignored");
        co_await events.send("n = " + std::to_string(n) + "\r\né",
                             {.event = "number", .id = std::to_string(n), .retry = 10ms});
    } while (n % 2 != 0 && n < 5);
    if (n == 5) co_await events.wait();
    co_return events;
}

// A browser's EventSource, and what it makes of events, reconnections and CORS.
constexpr const char* kEventPage = R"HTML(<!doctype html><title>test</title><p id="out">waiting</p><script>
const seen = [];
let opened = 0;
const source = new EventSource(location.search.slice(1) + '/numbers');
const finish = text => { source.close(); out.textContent = text; };
source.onopen = () => opened++;
source.onmessage = () => finish('a message without a type');
source.addEventListener('number', event => {
  seen.push(event.lastEventId + ':' + event.data.replace('\n', '/'));
  if (event.lastEventId === '5') finish('done: ' + seen.join('; ') + '; ' + opened + ' connections');
});
source.onerror = () => { if (source.readyState === EventSource.CLOSED) finish('failed: ' + seen.join('; ')); };
</script>)HTML";

// Whether Chromium's page of `server` says that all is well, with the events of `origin` ("": the page's own).
Coro<int> browse_events(TestServer& server, std::string origin) {
    const std::string expected = "done: 1:n = 1/é; 2:n = 2/é; 3:n = 3/é; 4:n = 4/é; 5:n = 5/é; 3 connections";
    return browse(server.make_url("/page?") + origin, expected, "--virtual-time-budget=30000");
}

struct EventSite {
    explicit EventSite(std::vector<std::string> origins = {}) : server(app) {
        http::CorsOptions cors;
        cors.origins = std::move(origins);
        app.add_middleware(http::cors_middleware(std::move(cors)));
        app.router().add_get("/numbers", sent_numbers);
        app.router().add_get("/page", [](Request&) { return Response::html(kEventPage); });
    }
    Application app;
    TestServer server;
};

ASYNC_TEST(SSEInterop, chromium_follows_our_events_also_across_origins, kOnce) {
    SKIP_UNLESS("command -v chromium-headless-shell || command -v chromium");
    EventSite site;
    co_await site.server.start();
    EXPECT_EQ(co_await browse_events(site.server, ""), 0);
    std::string page = site.server.make_url("/");
    page.pop_back();
    EventSite other({page});
    co_await other.server.start();
    std::string there = other.server.make_url("/");
    there.pop_back();
    EXPECT_EQ(co_await browse_events(site.server, there), 0);
    co_await other.server.close();
    co_await site.server.close();
}

ASYNC_TEST(SSEInterop, our_client_follows_our_events) {
    EventSite site;
    co_await site.server.start();
    http::ClientSession session;
    http::EventSource events = session.sse_connect(site.server.make_url("/numbers"));
    for (int n = 1; n <= 5; ++n) {
        const auto event = co_await events.next();
        CO_ASSERT_TRUE(event);
        EXPECT_EQ(event->type, "number");
        EXPECT_EQ(event->data, "n = " + std::to_string(n) + "\né");
        EXPECT_EQ(event->last_event_id, std::to_string(n));
    }
    EXPECT_EQ(events.connections(), 3u);
    events.close();
    co_await session.close();
    co_await site.server.close();
}

ASYNC_TEST(SSEInterop, our_client_reads_what_aiohttp_streams, kOnce) {
    SKIP_UNLESS("/usr/bin/python3 -c 'import aiohttp'");
    const char* program = R"(
import asyncio, sys
from aiohttp import web
async def answer(request):
    prompt = await request.text()
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    response.enable_compression()
    await response.prepare(request)
    for word in prompt.split():
        await response.write(f"event: token\r\ndata: {word}\r\n\r\n".encode())
    await response.write(b"data: [DONE]\n\n")
    return response
async def main():
    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()
asyncio.run(main())
)";
    Process process = co_await create_subprocess_exec("/usr/bin/python3", "-c", program)
                          .stdin_(subprocess::PIPE)
                          .stdout_(subprocess::PIPE);
    const StreamReader output = process.stdout_();
    std::string port = co_await output.readline();
    port.pop_back();
    http::ClientSession session;
    http::EventSource answer = http::sse_connect(session.post("http://127.0.0.1:" + port + "/").text("to be or not"));
    std::string words;
    while (const auto event = co_await answer.next()) words += event->type + ":" + event->data + " ";
    EXPECT_EQ(words, "token:to token:be token:or token:not message:[DONE] ");
    co_await session.close();
    process.stdin_().close();
    EXPECT_EQ(co_await process.wait(), 0);
    co_await output.read();
}

ASYNC_TEST(AsResult, turns_the_failures_of_a_request_into_values) {
    http::ClientSession session;
    Result<http::ClientResponse> failed = co_await as_result(session.get("http://127.0.0.1:1/"));
    EXPECT_FALSE(failed);
    EXPECT_TRUE(failed.failed_with<http::ClientConnectorError>());
    EXPECT_THAT(failed.what(), testing::HasSubstr("cannot connect to 127.0.0.1:1"));
    EventSite site;
    co_await site.server.start();
    Result<http::ClientResponse> page = co_await as_result(session.get(site.server.make_url("/page")));
    CO_ASSERT_TRUE(page);
    EXPECT_EQ(page->status(), 200);
    EXPECT_THAT(co_await page->text(), testing::HasSubstr("EventSource"));
    const auto missing = co_await as_result(session.get(site.server.make_url("/missing")).raise_for_status());
    EXPECT_TRUE(missing.failed_with<http::ClientResponseError>());
    co_await session.close();
    co_await site.server.close();
}

}  // namespace
}  // namespace aio::test
