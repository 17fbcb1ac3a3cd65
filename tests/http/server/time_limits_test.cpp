// How long a connection, a head, a body and a handler may take.
#include "http/server/folder.hpp"
#include "http/server/site.hpp"

namespace aio::test {
namespace {

using testing::StartsWith;

ASYNC_TEST(HttpTimeLimits, is_closed_when_nothing_comes_for_long) {
    if (!virtual_time()) CO_SKIP();
    Site site;
    co_await site.server.start();
    WebClient client = co_await WebClient::connect(site.server.port());
    co_await client.ask("/");
    const Stopwatch watch;
    EXPECT_EQ(co_await client.rest(), "");
    EXPECT_GE(watch.elapsed(), 74s);
    EXPECT_LE(watch.elapsed(), 76s);
    co_await client.closed();
    co_await site.server.close();
}

ASYNC_TEST(HttpTimeLimits, answers_408_to_a_head_that_drips) {
    if (!virtual_time()) CO_SKIP();
    Site site;
    co_await site.server.start();
    WebClient client = co_await WebClient::connect(site.server.port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n");
    auto drip = create_task(
        [](StreamWriter writer) -> Coro<> {
            for (int i = 0; i < 1000; ++i) {
                co_await aio::sleep(5s);
                if (writer.is_closing()) break;
                writer.write("X-" + std::to_string(i) + ": slow\r\n");
            }
        },
        client.writer());
    const Stopwatch watch;
    const std::string all = co_await client.rest();
    EXPECT_THAT(all, StartsWith("HTTP/1.1 408 "));
    EXPECT_LE(watch.elapsed(), 63s);
    drip.cancel();
    co_await client.closed();
    co_await site.server.close();
}

ASYNC_TEST(HttpTimeLimits, answers_408_to_a_body_that_drips) {
    if (!virtual_time()) CO_SKIP();
    Site site;
    co_await site.server.start();
    WebClient client = co_await WebClient::connect(site.server.port());
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    const Stopwatch watch;
    const WebReply reply = co_await client.reply();
    EXPECT_EQ(reply.status, 408);
    EXPECT_EQ(reply.header("Connection"), "close");
    EXPECT_LE(watch.elapsed(), 63s);
    co_await client.closed();
    co_await site.server.close();
}

ASYNC_TEST(HttpTimeLimits, is_dropped_when_the_client_reads_nothing) {
    if (!virtual_time()) CO_SKIP();
    Application app;
    app.router().add_get("/", [](Request&) { return Response::text(std::string(50'000'000, 'x')); });
    TestServer server(app);
    co_await server.start();
    WebClient client = co_await WebClient::connect(server.port());
    client.get("/");
    co_await aio::sleep(200s);
    EXPECT_EQ(server.runner().connections(), 0u);
    client.writer().abort();
    co_await server.close();
}

// Files do not pass through the connection's buffer.
ASYNC_TEST(HttpTimeLimits, is_dropped_when_the_client_reads_nothing_of_a_file) {
    if (!virtual_time()) CO_SKIP();
    Folder folder;
    folder.write("public/huge.bin", std::string(50'000'000, 'x'));
    co_await folder.server().start();
    WebClient client = co_await WebClient::connect(folder.port());
    client.get("/files/huge.bin");
    co_await aio::sleep(200s);
    EXPECT_EQ(folder.server().runner().connections(), 0u);
    client.writer().abort();
    co_await folder.server().close();
}

ASYNC_TEST(HttpTimeLimits, is_not_dropped_while_the_client_reads_a_file_slowly) {
    if (!virtual_time()) CO_SKIP();
    Folder folder;
    folder.write("public/huge.bin", std::string(5'000'000, 'x'));
    co_await folder.server().start();
    WebClient client = co_await WebClient::connect(folder.port());
    client.get("/files/huge.bin", "Connection: close\r\n");
    std::size_t received = 0;
    const Stopwatch watch;
    while (true) {
        const std::string piece = co_await client.reader().read(200'000);
        if (piece.empty()) break;
        received += piece.size();
        co_await aio::sleep(10s);
    }
    EXPECT_GT(received, 5'000'000u);
    EXPECT_GT(watch.elapsed(), 200s);
    co_await client.closed();
    co_await folder.server().close();
}

ASYNC_TEST(HttpTimeLimits, lets_a_handler_end_after_its_client_has_gone) {
    if (!virtual_time()) CO_SKIP();
    auto ended = std::make_shared<bool>(false);
    Application app;
    app.router().add_get("/", [ended](Request&) -> Coro<Response> {
        co_await aio::sleep(10s);
        *ended = true;
        co_return Response();
    });
    TestServer server(app);
    co_await server.start();
    WebClient client = co_await WebClient::connect(server.port());
    client.get("/");
    co_await run_passes(5);
    client.writer().abort();
    co_await aio::sleep(20s);
    EXPECT_TRUE(*ended);
    co_await server.close();
}

ASYNC_TEST(HttpTimeLimits, cancels_a_handler_whose_client_has_gone_if_asked_to) {
    if (!virtual_time()) CO_SKIP();
    auto log = std::make_shared<Log>();
    Application app;
    app.router().add_get("/", [log](Request&) -> Coro<Response> {
        try {
            co_await aio::sleep(1h);
        } catch (const CancelledError&) {
            log->push_back("cancelled");
            throw;
        }
        co_return Response();
    });
    RunnerOptions options;
    options.handler_cancellation = true;
    TestServer server(app, options);
    co_await server.start();
    WebClient client = co_await WebClient::connect(server.port());
    client.get("/");
    co_await run_passes(5);
    client.writer().abort();
    co_await aio::sleep(3s);
    EXPECT_EQ(*log, Log{"cancelled"});
    EXPECT_EQ(server.runner().connections(), 0u);
    co_await server.close();
}

}  // namespace
}  // namespace aio::test
