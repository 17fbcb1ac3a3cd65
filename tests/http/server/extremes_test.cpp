// Numbers and times of the server at their ends. The rule and its check: tools/extremes.py.
#include "http/server/site.hpp"
#include "support/peers.hpp"

#include <algorithm>
#include <climits>

namespace aio::test {
namespace {

using http::SiteOptions;
using testing::HasSubstr;

constexpr std::int64_t kYear9999 = 253402300799;

// The status that a site with these options answers to "GET /ab", with one header, Host.
Coro<int> status_with(RunnerOptions options) {
    Site site(options);
    site.app.router().add_get("/ab", site::hello);
    co_await site.server.start();
    WebClient client = co_await WebClient::connect(site.server.port());
    const WebReply reply = co_await client.ask("/ab");
    co_await client.closed();
    co_await site.server.close();
    co_return reply.status;
}

// How long an idle connection stays open behind an answer; at most an hour.
Coro<Duration> time_open(RunnerOptions options) {
    Site site(options);
    co_await site.server.start();
    WebClient client = co_await WebClient::connect(site.server.port());
    co_await client.ask("/");
    const Stopwatch watch;
    try {
        co_await wait_for(client.rest(), 1h);
    } catch (const TimeoutError&) {
        // It is open still.
    }
    const Duration open = watch.elapsed();
    co_await client.closed();
    co_await site.server.close();
    co_return open;
}

}  // namespace

// Extremes: http::RunnerOptions::max_line_size, http::RunnerOptions::max_field_size,
//     http::RunnerOptions::max_head_size, http::RunnerOptions::max_headers
ASYNC_TEST(Extremes, of_what_clients_may_send) {
    for (const std::size_t most : {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 4 + 1, std::size_t{1} << 32}) {
        RunnerOptions all;
        all.max_line_size = all.max_field_size = all.max_head_size = all.max_headers = most;
        EXPECT_EQ(co_await status_with(all), 200) << most;
    }
    for (const std::size_t few : {std::size_t{0}, std::size_t{1}}) {
        EXPECT_EQ(co_await status_with({.max_line_size = few}), 414);
        EXPECT_EQ(co_await status_with({.max_field_size = few}), 431);
        EXPECT_EQ(co_await status_with({.max_head_size = few}), 431);
        EXPECT_EQ(co_await status_with({.max_headers = few}), few == 0 ? 431 : 200);
    }
}

// Extremes: http::RunnerOptions::keepalive_timeout, http::RunnerOptions::lingering_time
ASYNC_TEST(Extremes, of_how_long_connections_stay) {
    if (!virtual_time()) CO_SKIP();
    for (const Duration below : {Duration::min(), Duration(-1), Duration(0), Duration(1)}) {
        EXPECT_LE(co_await time_open({.keepalive_timeout = below}), 2s);
    }
    EXPECT_EQ(co_await time_open({.keepalive_timeout = Duration::max()}), Duration(1h));
    for (const Duration time : {Duration::min(), Duration(0), Duration(1), Duration::max()}) {
        Site site({.lingering_time = time});
        co_await site.server.start();
        const std::string all = co_await converse(site.server.port(), "nonsense\r\n\r\n");
        EXPECT_THAT(all, testing::StartsWith("HTTP/1.1 400 "));
        co_await site.server.close();
    }
}

// Extremes: http::RunnerOptions::head_timeout, http::RunnerOptions::body_timeout,
//     http::RunnerOptions::min_body_rate, http::RunnerOptions::send_timeout
ASYNC_TEST(Extremes, of_how_slow_clients_may_be) {
    if (!virtual_time()) CO_SKIP();
    for (const Duration time : {Duration::min(), Duration(-1), Duration(0), Duration(1)}) {
        Site site({.head_timeout = time, .body_timeout = time, .send_timeout = time});
        co_await site.server.start();
        const Stopwatch watch;
        EXPECT_EQ(co_await converse(site.server.port(), ""), "");
        EXPECT_LE(watch.elapsed(), 2s);
        EXPECT_THAT(
            co_await converse(site.server.port(), "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"),
            testing::StartsWith("HTTP/1.1 408 "));
        EXPECT_EQ((co_await fetch(site.server.port(), "/")).status, 200) << "one that is quick is served";
        co_await site.server.close();
    }
    for (const std::size_t rate : {std::size_t{0}, std::size_t{1}, SIZE_MAX / 2 + 1, SIZE_MAX}) {
        Site site({.body_timeout = 2s, .min_body_rate = rate});
        co_await site.server.start();
        WebClient client = co_await WebClient::connect(site.server.port());
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
        co_await aio::sleep(10s);
        client.send("bc");
        const WebReply reply = co_await client.reply();
        EXPECT_EQ(reply.status, rate == 0 ? 200 : 408) << rate;
        co_await client.closed();
        co_await site.server.close();
    }
    const Duration ever = Duration::max();
    Site site({.head_timeout = ever, .body_timeout = ever, .send_timeout = ever});
    co_await site.server.start();
    WebClient client = co_await WebClient::connect(site.server.port());
    co_await aio::sleep(1h);
    EXPECT_EQ((co_await client.ask("/")).status, 200);
    co_await client.closed();
    co_await site.server.close();
}

// Extremes: http::RunnerOptions::shutdown_timeout
ASYNC_TEST(Extremes, of_how_long_the_end_waits) {
    if (!virtual_time()) CO_SKIP();
    for (const Duration time : {Duration::min(), Duration(-1), Duration(0), Duration(1), Duration::max()}) {
        Site site({.shutdown_timeout = time});
        co_await site.server.start();
        WebClient client = co_await WebClient::connect(site.server.port());
        client.get("/wait");
        co_await aio::sleep(1s);
        const Stopwatch watch;
        co_await site.server.close();
        if (time == Duration::max()) {
            EXPECT_EQ((co_await client.reply()).body, "late");
        } else {
            EXPECT_LE(watch.elapsed(), 1s) << "the handler was cancelled";
        }
        co_await client.closed();
        co_await site.server.close();  // the second time
    }
}

// Extremes: http::ApplicationOptions::client_max_size(bytes)
ASYNC_TEST(Extremes, of_the_largest_body) {
    for (const std::uint64_t most : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
        Application app{http::ApplicationOptions().client_max_size(most)};
        app.router().add_post("/echo", site::echo);
        TestServer server(app);
        co_await server.start();
        for (const std::string body : {"", "a", "ab"}) {
            const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ";
            const std::string all =
                co_await converse(server.port(), head + std::to_string(body.size()) + "\r\n\r\n" + body);
            const bool refused = most == 1 && body.size() > 1;  // 0 is no limit, as in aiohttp
            EXPECT_THAT(all, testing::StartsWith(refused ? "HTTP/1.1 413 " : "HTTP/1.1 200 ")) << most << body;
        }
        co_await server.close();
    }
}

// Extremes: http::TCPSite::TCPSite(port), http::SockSite::SockSite(fd), http::SiteOptions::backlog,
//     http::SiteOptions::ssl_handshake_timeout, http::SiteOptions::ssl_shutdown_timeout
ASYNC_TEST(Extremes, of_sites) {
    Application app;
    app.router().add_get("/", site::hello);
    http::AppRunner runner(app);
    co_await runner.setup();
    for (const int port : {INT_MIN, -1, 65536, INT_MAX}) {
        http::TCPSite site(runner, "127.0.0.1", port);
        EXPECT_THAT(co_await expect_throws<ValueError>(site.start()), HasSubstr("port must be 0-65535"));
    }
    for (const int fd : {INT_MIN, -1, 1'000'000, INT_MAX}) {
        http::SockSite site(runner, fd);
        co_await expect_throws<OSError>(site.start());
    }
    for (const int backlog : {INT_MIN, -1, 0, 1, INT_MAX}) {
        http::TCPSite site(runner, "127.0.0.1", 0, {.backlog = backlog});
        co_await site.start();
        EXPECT_EQ((co_await fetch(site.port(), "/")).status, 200) << backlog;
        co_await site.stop();
        co_await site.stop();
    }
    for (const Duration time : {Duration::min(), Duration(0), Duration::max()}) {
        SiteOptions options;
        options.ssl_handshake_timeout = time;
        http::TCPSite handshake(runner, "127.0.0.1", 0, options);
        EXPECT_THAT(co_await expect_throws<ValueError>(handshake.start()), HasSubstr("only meaningful with ssl"));
        options = {};
        options.ssl_shutdown_timeout = time;
        http::TCPSite shutdown(runner, "127.0.0.1", 0, options);
        EXPECT_THAT(co_await expect_throws<ValueError>(shutdown.start()), HasSubstr("only meaningful with ssl"));
    }
    co_await runner.cleanup();
    co_await runner.cleanup();
}

// Extremes: http::run_app(port), http::RunAppOptions::workers, http::RunAppOptions::backlog
TEST(Extremes, of_running_an_application) {
    const auto make = [] { return Application(); };
    for (const int port : {INT_MIN, -1, 65536, INT_MAX}) {
        EXPECT_THROW(http::run_app(Application(), "127.0.0.1", port), ValueError);
        EXPECT_THROW(http::run_app(make, "127.0.0.1", port), ValueError);
    }
    for (const int workers : {INT_MIN, -1}) {
        EXPECT_THAT(expect_error<ValueError>([&] { http::run_app(make, "127.0.0.1", 0, {.workers = workers}); }),
                    HasSubstr("must not be negative"));
        EXPECT_THROW(http::run_app(Application(), "127.0.0.1", 0, {.workers = workers}), ValueError);
    }
    for (const int workers : {0, 2, INT_MAX}) {  // several workers need a function that makes the application
        EXPECT_THROW(http::run_app(Application(), "127.0.0.1", 0, {.workers = workers}), ValueError);
    }
    for (const int backlog : {INT_MIN, 0, INT_MAX}) {
        Application app;
        app.on_startup().append([](Application&) -> Coro<> {
            throw std::runtime_error("started");
            co_return;
        });
        EXPECT_THROW(http::run_app(app, "127.0.0.1", 0, {.backlog = backlog}), std::runtime_error);
    }
}

// --- responses ------------------------------------------------------------------------------------------------

// Extremes: http::Response::Response(status), http::Response::text(status), http::Response::html(status),
//     http::Response::bytes(status), http::Response::json(status), http::Response::set_status(status),
//     http::FileResponse::FileResponse(status), http::HTTPException::HTTPException(status),
//     http::HTTPMove::HTTPMove(status), http::HTTPRequestEntityTooLarge::HTTPRequestEntityTooLarge(max_size),
//     http::HTTPRequestEntityTooLarge::HTTPRequestEntityTooLarge(actual_size)
TEST(Extremes, of_statuses) {
    for (const int status : {INT_MIN, -1, 0, 99, 1000, INT_MAX}) {
        EXPECT_THAT(expect_error<ValueError>([&] { Response response(status); }), HasSubstr("is none"));
        EXPECT_THROW(Response::text("", status), ValueError);
        EXPECT_THROW(Response::html("", status), ValueError);
        EXPECT_THROW(Response::bytes("", "text/plain", status), ValueError);
        EXPECT_THROW(Response().set_status(status), ValueError);
        EXPECT_THROW(http::FileResponse("/", status), ValueError);
        EXPECT_THROW(http::HTTPException{status}, ValueError);
        EXPECT_THROW(http::HTTPMove(status, "/"), ValueError);
    }
    for (const int status : {100, 999}) EXPECT_EQ(Response(status).status(), status);
    for (const std::uint64_t size : {std::uint64_t{0}, UINT64_MAX}) {
        EXPECT_EQ(http::HTTPRequestEntityTooLarge(size, size).status(), 413);
    }
}

ASYNC_TEST(Extremes, of_statuses_that_are_sent) {
    Site site;
    site.app.router().add_get("/{status}", [](Request& request) -> Coro<Response> {
        co_return Response::text("x", std::stoi(std::string(request.match_info("status"))));
    });
    co_await site.server.start();
    for (const std::string none : {"0", "-1", "99", "100", "103", "199", "1000"}) {
        EXPECT_EQ((co_await fetch(site.server.port(), "/" + none)).status, 500)
            << none << ": no client waits for ever";
    }
    EXPECT_EQ(take_reports().size(), 7u);
    for (const std::string status : {"200", "204", "304", "999"}) {
        EXPECT_EQ((co_await fetch(site.server.port(), "/" + status)).status, std::stoi(status));
    }
    co_await site.server.close();
}

// Extremes: http::Response::stream(size), http::Response::set_last_modified(unix_time)
ASYNC_TEST(Extremes, of_streams_and_dates) {
    Site site;
    site.app.router().add_get("/size/{size}", [](Request& request) -> Coro<Response> {
        const auto pieces = []() -> AsyncGenerator<std::string> { co_yield std::string("a"); };
        co_return Response::stream(pieces(), std::stoull(std::string(request.match_info("size"))));
    });
    co_await site.server.start();
    const auto ask = [&](std::string size) -> Coro<std::string> {
        const std::string request = "GET /size/" + size + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        try {
            co_return co_await converse(site.server.port(), request);
        } catch (const ConnectionError&) {
            co_return "reset";
        }
    };
    EXPECT_THAT(co_await ask("1"), testing::EndsWith("\r\n\r\na"));
    EXPECT_TRUE(take_reports().empty());
    co_await ask("0");
    co_await ask(std::to_string(UINT64_MAX));
    EXPECT_EQ(take_reports().size(), 2u) << "one had too much to send, the other too little";
    co_await site.server.close();
    Response response;
    for (const std::int64_t time : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, kYear9999, INT64_MAX}) {
        response.set_last_modified(time);
        EXPECT_EQ(response.last_modified(), std::clamp<std::int64_t>(time, -62135596800, kYear9999)) << time;
    }
}

}  // namespace aio::test
