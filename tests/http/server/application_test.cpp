// Applications: middlewares, signals, shared values, startup and the graceful end.
#include <aio/http.hpp>

#include "http/server/web_client.hpp"

namespace aio::test {
namespace {

using http::Application, http::AppKey, http::AppRunner, http::Next, http::Request, http::Response, http::TestServer;

const AppKey<Log> kLog("log");

// A middleware that notes when it is passed.
auto noting(std::string name) {
    return [name](Request& request, Next next) -> Coro<Response> {
        Log& log = request.app().get(kLog);
        log.push_back(name);
        Response response = co_await next(request);
        log.push_back(name + " back");
        co_return response;
    };
}

ASYNC_TEST(HttpApplication, passes_requests_through_middlewares_outermost_first) {
    auto log = std::make_shared<Log>();
    Application inner;
    inner.set(kLog, log);
    inner.add_middleware(noting("inner"));
    inner.router().add_get("/x", [](Request& request) {
        request.app().get(kLog).push_back("handler");
        return Response();
    });
    Application app;
    app.set(kLog, log);
    app.add_middleware(noting("first"));
    app.add_middleware(noting("second"));
    app.add_subapp("/in", std::move(inner));
    TestServer server(app);
    co_await server.start();
    co_await fetch(server.port(), "/in/x");
    const Log expected = {"first", "second", "inner", "handler", "inner back", "second back", "first back"};
    EXPECT_EQ(*log, expected);
    co_await server.close();
}

ASYNC_TEST(HttpApplication, lets_middlewares_answer_for_missing_routes) {
    Application app;
    app.add_middleware([](Request& request, Next next) -> Coro<Response> {
        try {
            co_return co_await next(request);
        } catch (const http::HTTPNotFound&) {
            co_return Response::text("nothing here", 404);
        }
    });
    TestServer server(app);
    co_await server.start();
    const WebReply reply = co_await fetch(server.port(), "/x");
    EXPECT_EQ(reply.body, "nothing here");
    co_await server.close();
}

ASYNC_TEST(HttpApplication, calls_its_signals_in_order) {
    auto log = std::make_shared<Log>();
    const auto note = [log](std::string text) {
        return [log, text](Application&) -> Coro<> {
            log->push_back(text);
            co_return;
        };
    };
    Application app;
    for (const char* name : {"a", "b"}) {
        app.cleanup_ctx().append([log, name](Application&) -> AsyncGenerator<bool> {
            log->push_back(std::string("open ") + name);
            co_yield true;
            log->push_back(std::string("close ") + name);
        });
    }
    app.on_startup().append(note("startup"));
    app.on_shutdown().append(note("shutdown"));
    app.on_cleanup().append(note("cleanup"));
    AppRunner runner(app);
    co_await runner.setup();
    EXPECT_THROW(app.on_startup().append(note("late")), RuntimeError);
    co_await runner.cleanup();
    const Log expected = {"open a", "open b", "startup", "shutdown", "close b", "close a", "cleanup"};
    EXPECT_EQ(*log, expected);
}

ASYNC_TEST(HttpApplication, closes_what_was_opened_when_startup_fails) {
    auto log = std::make_shared<Log>();
    Application app;
    app.cleanup_ctx().append([log](Application&) -> AsyncGenerator<bool> {
        log->push_back("open");
        co_yield true;
        log->push_back("close");
    });
    app.on_startup().append([](Application&) -> Coro<> {
        throw std::runtime_error("no database");
        co_return;
    });
    AppRunner runner(app);
    co_await expect_throws<std::runtime_error>(runner.setup());
    const Log expected = {"open", "close"};
    EXPECT_EQ(*log, expected);
    co_await runner.cleanup();
}

ASYNC_TEST(HttpApplication, closes_sub_applications_when_a_later_one_does_not_start) {
    auto log = std::make_shared<Log>();
    const auto noting = [log](std::string name) {
        return [log, name](Application&) -> AsyncGenerator<bool> {
            log->push_back("open " + name);
            co_yield true;
            log->push_back("close " + name);
        };
    };
    Application inner, first, second, app;
    inner.cleanup_ctx().append(noting("inner"));
    first.cleanup_ctx().append(noting("first"));
    second.on_startup().append([](Application&) -> Coro<> {
        throw std::runtime_error("no database");
        co_return;
    });
    app.cleanup_ctx().append(noting("app"));
    first.add_subapp("/inner", std::move(inner));
    app.add_subapp("/first", std::move(first));
    app.add_subapp("/second", std::move(second));
    co_await expect_throws<std::runtime_error>(app.startup());
    const Log expected = {"open app", "open first", "open inner", "close inner", "close first", "close app"};
    EXPECT_EQ(*log, expected);
}

struct Slow {
    explicit Slow(Duration time, http::RunnerOptions options = {}) : server(app, options) {
        app.router().add_get("/", [this, time](Request&) -> Coro<Response> {
            started = true;
            try {
                co_await aio::sleep(time);
            } catch (const CancelledError&) {
                cancelled = true;
                throw;
            }
            co_return Response::text("done");
        });
    }
    bool started = false, cancelled = false;
    Application app;
    TestServer server;
};

ASYNC_TEST(HttpApplication, answers_what_it_has_begun_before_it_ends) {
    Slow& site = keep<Slow>(100ms);
    co_await site.server.start();
    const int port = site.server.port();
    WebClient idle = co_await WebClient::connect(port);
    WebClient client = co_await WebClient::connect(port);
    client.get("/");
    for (int i = 0; i < 1000 && !site.started; ++i) co_await aio::sleep(1ms);
    auto closing = create_task(site.server.close());
    EXPECT_EQ(co_await idle.rest(), "");
    const WebReply reply = co_await client.reply();
    EXPECT_EQ(reply.body, "done");
    EXPECT_EQ(reply.header("Connection"), "close");
    co_await closing;
    co_await expect_throws<ConnectionRefusedError>(open_connection("127.0.0.1", port));
    co_await idle.closed();
    co_await client.closed();
}

// However many passes lie between the end's beginning and the request.
ASYNC_TEST(HttpApplication, answers_a_request_that_comes_while_it_ends_or_does_not_begin_it) {
    for (int passes = 0; passes < 10; ++passes) {
        SCOPED_TRACE(passes);
        int begun = 0;
        Application app;
        app.router().add_get("/", [&begun](Request&) {
            ++begun;
            return Response::text("done");
        });
        TestServer server(app);
        co_await server.start();
        WebClient client = co_await WebClient::connect(server.port());
        co_await client.ask("/");
        auto closing = create_task(server.close());
        co_await run_passes(passes);
        client.get("/");
        std::string answer;
        try {
            answer = co_await client.rest();
            co_await client.closed();
        } catch (const ConnectionResetError&) {
            // closed with the request unread
        }
        co_await closing;
        EXPECT_EQ(begun, answer.empty() ? 1 : 2);
    }
}

ASYNC_TEST(HttpApplication, does_not_wait_for_a_client_that_has_its_answer) {
    if (!virtual_time()) co_return;
    bool begun = false;
    Application app;
    app.router().add_get("/", [&begun](Request&) {
        begun = true;
        return Response::text(std::string(1 << 20, 'x'));
    });
    TestServer server(app);
    co_await server.start();
    WebClient client = co_await WebClient::connect(server.port());
    client.get("/");
    while (!begun) co_await aio::sleep(1ms);
    co_await run_passes(5);  // the network is full now
    const Stopwatch watch;
    auto closing = create_task(server.close());
    co_await run_passes(5);
    EXPECT_GT((co_await client.rest()).size(), std::size_t(1) << 20);
    co_await closing;
    EXPECT_LT(watch.elapsed(), 1s);
    co_await client.closed();
}

ASYNC_TEST(HttpApplication, closing_does_not_wait_for_the_rest_of_a_head) {
    Application app;
    TestServer server(app);
    co_await server.start();
    WebClient idle = co_await WebClient::connect(server.port());
    WebClient slow = co_await WebClient::connect(server.port());
    slow.send("GET / HTTP/1.1\r\nHost: exa");
    if (virtual_time()) co_await aio::sleep(2s);  // a look at the clock finds that it has begun
    WebClient half = co_await WebClient::connect(server.port());
    half.send("GET / HTTP/1.1\r\nHost: exa");
    co_await run_passes(5);
    const Stopwatch watch;
    co_await server.close();
    EXPECT_LT(watch.elapsed(), 1s);
    co_await idle.closed();
    co_await slow.closed();
    try {
        co_await half.closed();
    } catch (const ConnectionResetError&) {
        // closed with its bytes unread
    }
}

ASYNC_TEST(HttpApplication, cancels_handlers_that_do_not_end_in_time) {
    if (!virtual_time()) co_return;
    http::RunnerOptions options;
    options.shutdown_timeout = 5s;
    Slow& site = keep<Slow>(1h, options);
    co_await site.server.start();
    WebClient client = co_await WebClient::connect(site.server.port());
    client.get("/");
    for (int i = 0; i < 1000 && !site.started; ++i) co_await aio::sleep(1ms);
    const Stopwatch watch;
    co_await site.server.close();
    EXPECT_TRUE(site.cancelled);
    EXPECT_GE(watch.elapsed(), 5s);
    EXPECT_LE(watch.elapsed(), 6s);
    co_await client.closed();
}

// --- the access log ------------------------------------------------------------------------------------------------

Log logged;

// It outlives its application, so it has no captures, which do not.
Log seen_without_app;
Coro<Response> look_for_app(Request& request) {
    try {
        co_await aio::sleep(1h);
    } catch (const CancelledError&) {
        seen_without_app.push_back("cancelled");
    }
    try {
        static_cast<void>(request.app());
    } catch (const RuntimeError& error) {
        seen_without_app.push_back(error.what());
    }
    co_return Response::text("nevertheless");
}

// An exception passed by, so that nobody called close(): what goes on must not look for the application.
ASYNC_TEST(HttpApplication, may_go_while_requests_are_answered) {
    seen_without_app.clear();
    std::optional<WebClient> client;
    {
        Application app;
        app.router().add_get("/", look_for_app);
        TestServer server(app);
        co_await server.start();
        client.emplace(co_await WebClient::connect(server.port()));
        client->send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        while (server.runner().connections() == 0) co_await run_passes(1);
        co_await aio::sleep(1s);
    }
    EXPECT_EQ(co_await client->rest(), "");
    EXPECT_THAT(seen_without_app,
                testing::ElementsAre("cancelled", testing::StartsWith("Request.app: there is none")));
    seen_without_app = {};
}

// Those of a backend tell of a connection a pass later.
ASYNC_TEST(HttpApplication, may_go_while_a_request_comes) {
    for (int passes = 0; passes < 12; ++passes) {
        std::optional<WebClient> client;
        {
            Application app;
            app.router().add_get("/", [](Request&) { return Response::text("in time"); });
            TestServer server(app);
            co_await server.start();
            client.emplace(co_await WebClient::connect(server.port()));
            client->send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            co_await run_passes(passes);
        }
        const std::string all = co_await client->rest();
        EXPECT_TRUE(all.empty() || all.ends_with("in time")) << all;
    }
}

ASYNC_TEST(HttpApplication, logs_requests_in_the_given_format) {
    logged.clear();
    http::RunnerOptions options;
    options.access_log = [](std::string_view line) { logged.emplace_back(line); };
    options.access_log_format = R"(%a "%r" %s %b %{X-A}i %{X-B}o %%)";
    Application app;
    app.router().add_get("/", [](Request&) {
        Response response = Response::text("hello");
        response.header("X-B", "out");
        return response;
    });
    TestServer server(app, options);
    co_await server.start();
    co_await fetch(server.port(), "/?q", "X-A: a\"b\r\n");
    co_await server.close();
    CO_ASSERT_EQ(logged.size(), 1u);
    EXPECT_EQ(logged[0], "127.0.0.1 \"GET /?q HTTP/1.1\" 200 5 a\\x22b out %");
}

TEST(HttpAccessLog, refuses_unknown_tokens) {
    Application app;
    http::RunnerOptions options;
    options.access_log = http::log_access_to_stdout;
    for (const char* format : {"%q", "%", "%{X", "%{X}z"}) {
        options.access_log_format = format;
        EXPECT_THROW(AppRunner(app, options), ValueError) << format;
    }
}

ASYNC_TEST(HttpApplication, takes_functions_that_await_nothing) {
    Application app;
    int started = 0;
    app.on_startup().append([&started](Application&) { ++started; });
    app.on_startup().append([&started](Application&) -> Coro<> {
        ++started;
        co_return;
    });
    app.on_response_prepare().append([](Request&, Response& response) { response.header("X-Signed", "yes"); });
    app.add_middleware([](Request& request, http::Next next) { return next(request); });
    app.router().add_get("/", [count = 0](Request&) mutable { return Response::text(std::to_string(++count)); });
    http::TestServer server(app);
    co_await server.start();
    EXPECT_EQ(started, 2);
    EXPECT_EQ((co_await fetch(server.port(), "/")).body, "1");
    const WebReply second = co_await fetch(server.port(), "/");
    EXPECT_EQ(second.body, "2");
    EXPECT_EQ(second.header("X-Signed"), "yes");
    co_await server.close();
}

}  // namespace
}  // namespace aio::test
