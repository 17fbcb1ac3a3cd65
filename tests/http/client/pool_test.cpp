// Connections: which are used again, how many there are, who waits, how they end.
#include <aio/core/timeout.hpp>
#include <aio/core/wait.hpp>

#include "http/client/fake_host.hpp"

#include <unistd.h>

namespace aio::test {
namespace {

using http::ClientSession, http::ConnectorOptions, http::TCPConnector;
using testing::HasSubstr;

// Answers after a while.
Coro<FakeHost*> slow_host(Duration delay) {
    auto talk = [delay](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
        return [](FakeHost& host, StreamReader in, StreamWriter out, Duration wait) -> Coro<> {
            while (co_await host.read(in)) {
                co_await aio::sleep(wait);
                out.write(answer("late"));
            }
        }(self, std::move(reader), std::move(writer), delay);
    };
    co_return co_await FakeHost::talking(talk);
}

ClientSession session_with(ConnectorOptions options) {
    http::SessionOptions session;
    session.connector = TCPConnector(std::move(options)).share();
    return ClientSession(std::move(session));
}

ASYNC_TEST(ClientPool, uses_a_connection_again) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return answer("x"); });
    ClientSession session;
    for (int i = 0; i < 5; ++i) co_await text_of(session.get(host.url()));
    EXPECT_EQ(host.connections, 1);
    EXPECT_EQ(session.connector().statistics().idle, 1u);
    co_await end(session, host);
    EXPECT_EQ(session.connector().statistics().idle, 0u);
}

ASYNC_TEST(ClientPool, does_not_when_one_side_does_not_want_to) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.target == "/close") return answer("x", "Connection: close\r\n");
        if (request.target == "/old") return Reply("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx");
        return answer("x");
    });
    ClientSession session;
    co_await text_of(session.get(host.url("/close")));
    co_await text_of(session.get(host.url("/old")));
    co_await text_of(session.get(host.url()).header("Connection", "close"));
    EXPECT_EQ(host.connections, 3);
    EXPECT_EQ(session.connector().statistics().idle, 0u);
    ConnectorOptions options;
    options.force_close = true;
    ClientSession closing = session_with(options);
    co_await text_of(closing.get(host.url()));
    co_await text_of(closing.get(host.url()));
    EXPECT_EQ(host.connections, 5);
    co_await closing.close();
    co_await end(session, host);
}

ASYNC_TEST(ClientPool, closes_the_connection_of_an_answer_that_was_not_read) {
    const std::string large(1'000'000, 'x');
    auto respond = [large](const RawRequest&) { return answer(large); };
    FakeHost& host = *co_await FakeHost::open(respond);
    ClientSession session;
    {
        auto response = co_await session.get(host.url());
        co_await response.content().read(10);
    }
    EXPECT_EQ(session.connector().statistics().acquired, 0u);
    auto response = co_await session.get(host.url());
    response.release();
    EXPECT_TRUE(response.closed());
    co_await expect_throws<http::ClientConnectionError>(response.read());
    EXPECT_EQ(session.connector().statistics().idle, 0u);
    EXPECT_EQ(host.connections, 2);
    co_await end(session, host);
}

ASYNC_TEST(ClientPool, closes_what_is_idle_for_too_long) {
    if (!virtual_time()) CO_SKIP();
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return answer("x"); });
    ClientSession session;
    co_await text_of(session.get(host.url()));
    co_await aio::sleep(14s);
    EXPECT_EQ(session.connector().statistics().idle, 1u);
    co_await text_of(session.get(host.url()));
    co_await aio::sleep(14s);
    EXPECT_EQ(session.connector().statistics().idle, 1u);
    co_await aio::sleep(2s);
    EXPECT_EQ(session.connector().statistics().idle, 0u);
    EXPECT_EQ(host.connections, 1);
    co_await end(session, host);
}

ASYNC_TEST(ClientPool, notices_connections_that_were_closed_while_idle) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return Reply(answer("x"), true); });
    ClientSession session;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(co_await text_of(session.post(host.url()).data("not to be repeated")), "x");
        co_await aio::sleep(10ms);
    }
    EXPECT_EQ(host.requests.size(), 3u);
    co_await end(session, host);
}

// Waits until the condition holds, or fails the test after a long time.
template <class F>
Coro<> eventually(F condition) {
    for (int i = 0; i < 10'000 && !condition(); ++i) co_await aio::sleep(1ms);
    EXPECT_TRUE(condition());
}

ASYNC_TEST(ClientPool, closes_a_connection_as_soon_as_the_server_has) {
    Future<> go;
    auto talk = [&go](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
        co_await self.read(reader);
        writer.write(answer("x"));
        co_await go;
        writer.close();
    };
    FakeHost& host = *co_await FakeHost::talking(talk);
    ClientSession session;
    std::vector<Task<std::string>> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(create_task(text_of(session.get(host.url()))));
    for (auto& task : tasks) co_await task;
    EXPECT_EQ(session.connector().statistics().idle, 5u);
    const Stopwatch watch;
    go.set_result();
    const auto none_is_idle = [&] { return session.connector().statistics().idle == 0; };
    co_await eventually(none_is_idle);
    EXPECT_LT(watch.elapsed(), 14s);  // the sweep would come later
    co_await end(session, host);
}

ASYNC_TEST(ClientPool, does_not_keep_a_connection_that_talks_without_being_asked) {
    FakeHost& host =
        *co_await FakeHost::talking([](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            co_await self.read(reader);
            writer.write(answer("x"));
            co_await aio::sleep(10ms);
            writer.write(answer("of nobody's request"));
            co_await reader.read();
        });
    ClientSession session;
    EXPECT_EQ(co_await text_of(session.get(host.url())), "x");
    const auto none_is_idle = [&] { return session.connector().statistics().idle == 0; };
    co_await eventually(none_is_idle);
    EXPECT_EQ(co_await text_of(session.get(host.url())), "x");
    co_await end(session, host);
}

// Reads a second request and closes without an answer: a kept connection that dies at the wrong moment.
Coro<> answer_once(FakeHost& host, StreamReader reader, StreamWriter writer) {
    const auto first = co_await host.read(reader);
    if (first) writer.write(answer("x"));
    co_await host.read(reader);
    writer.close();
}

ASYNC_TEST(ClientPool, repeats_a_safe_request_when_a_kept_connection_dies) {
    FakeHost& host = *co_await FakeHost::talking(answer_once);
    ClientSession session;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(co_await text_of(session.get(host.url())), "x");
    EXPECT_EQ(co_await text_of(session.put(host.url()).data("a body")), "x");
    EXPECT_EQ(host.requests.back().body, "a body");
    EXPECT_EQ(host.connections, 4);
    co_await end(session, host);
}

AsyncGenerator<std::string> one_piece() { co_yield "once"; }

ASYNC_TEST(ClientPool, does_not_repeat_what_may_have_had_its_effect) {
    FakeHost& host = *co_await FakeHost::talking(answer_once);
    ClientSession session;
    co_await text_of(session.get(host.url()));
    co_await fails<http::ServerDisconnectedError>(session.post(host.url()).data("x"));
    EXPECT_EQ(host.requests.size(), 2u);
    co_await text_of(session.get(host.url()));
    co_await fails<http::ServerDisconnectedError>(session.put(host.url()).data(one_piece()));
    EXPECT_EQ(host.requests.size(), 4u);
    co_await end(session, host);
}

ASYNC_TEST(ClientPool, repeats_once_and_not_on_a_fresh_connection) {
    FakeHost& host =
        *co_await FakeHost::talking([](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            co_await self.read(reader);
            writer.close();
        });
    ClientSession session;
    co_await fails<http::ServerDisconnectedError>(session.get(host.url()));
    EXPECT_EQ(host.requests.size(), 1u);
    co_await end(session, host);
}

ASYNC_TEST(ClientPool, makes_as_many_connections_as_it_may_and_lets_the_rest_wait_in_order) {
    FakeHost& host = *co_await slow_host(10ms);
    ConnectorOptions options;
    options.limit = 2;
    ClientSession session = session_with(options);
    Log order;
    auto fetch = [&](int i) -> Coro<> {
        co_await text_of(session.get(host.url("/" + std::to_string(i))));
        order.push_back(std::to_string(i));
    };
    std::vector<Task<>> tasks;
    for (int i = 0; i < 6; ++i) tasks.push_back(create_task(fetch(i)));
    co_await aio::sleep(5ms);
    EXPECT_EQ(session.connector().statistics().acquired, 2u);
    EXPECT_EQ(session.connector().statistics().waiting, 4u);
    for (auto& task : tasks) co_await task;
    EXPECT_EQ(host.connections, 2);
    if (virtual_time()) {
        EXPECT_EQ(order, (Log{"0", "1", "2", "3", "4", "5"}));
    }
    co_await end(session, host);
}

ASYNC_TEST(ClientPool, does_not_let_one_host_starve_another) {
    FakeHost& busy = *co_await slow_host(100ms);
    FakeHost& other = *co_await FakeHost::open([](const RawRequest&) { return answer("x"); });
    ConnectorOptions options;
    options.limit_per_host = 1;
    ClientSession session = session_with(options);
    std::vector<Task<std::string>> tasks;
    for (int i = 0; i < 3; ++i) tasks.push_back(create_task(text_of(session.get(busy.url()))));
    co_await run_passes(3);
    EXPECT_EQ(co_await text_of(session.get(other.url())), "x");
    EXPECT_FALSE(tasks[0].done());
    for (auto& task : tasks) EXPECT_EQ(co_await task, "late");
    EXPECT_EQ(busy.connections, 1);
    co_await session.close();
    co_await other.stop();
    co_await busy.stop();
}

ASYNC_TEST(ClientPool, a_cancelled_waiter_hands_its_place_on) {
    FakeHost& host = *co_await slow_host(10ms);
    ConnectorOptions options;
    options.limit = 1;
    ClientSession session = session_with(options);
    auto first = create_task(text_of(session.get(host.url())));
    co_await run_passes(3);
    auto second = create_task(text_of(session.get(host.url())));
    auto third = create_task(text_of(session.get(host.url())));
    co_await run_passes(2);
    EXPECT_EQ(session.connector().statistics().waiting, 2u);
    co_await first;
    second.cancel();  // it was given the place, or waits for it
    EXPECT_EQ(co_await third, "late");
    EXPECT_TRUE(second.cancelled());
    auto fourth = create_task(text_of(session.get(host.url())));
    co_await run_passes(2);
    auto fifth = create_task(text_of(session.get(host.url())));
    co_await run_passes(2);
    fifth.cancel();
    EXPECT_EQ(co_await fourth, "late");
    EXPECT_EQ(session.connector().statistics().waiting, 0u);
    EXPECT_EQ(session.connector().statistics().acquired, 0u);
    co_await end(session, host);
    co_await aio::sleep(50ms);  // the handlers notice
}

ASYNC_TEST(ClientPool, a_cancelled_request_gives_its_connection_up) {
    FakeHost& host = *co_await slow_host(100ms);
    ClientSession session;
    auto task = create_task(text_of(session.get(host.url())));
    co_await aio::sleep(10ms);
    EXPECT_EQ(session.connector().statistics().acquired, 1u);
    task.cancel();
    co_await expect_throws<CancelledError>(task);
    EXPECT_EQ(session.connector().statistics().acquired, 0u);
    EXPECT_EQ(session.connector().statistics().idle, 0u);
    co_await end(session, host);
    co_await aio::sleep(150ms);  // the handler notices
}

ASYNC_TEST(ClientPool, close_fails_requests_that_run_and_those_that_wait) {
    FakeHost& host = *co_await slow_host(100ms);
    ConnectorOptions options;
    options.limit = 1;
    ClientSession session = session_with(options);
    auto running = create_task(text_of(session.get(host.url())));
    co_await aio::sleep(10ms);
    auto waiting = create_task(text_of(session.get(host.url())));
    co_await run_passes(2);
    co_await session.close();
    co_await expect_throws<http::ClientConnectionError>(running);
    co_await expect_throws<http::ClientConnectionError>(waiting);
    EXPECT_TRUE(session.closed());
    co_await session.close();
    co_await host.stop();
    co_await aio::sleep(150ms);  // the handler notices
}

ASYNC_TEST(ClientPool, a_session_that_is_dropped_open_is_reported) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return answer("x"); });
    {
        ClientSession session;
        co_await text_of(session.get(host.url()));
    }
    const Log messages = take_report_messages();
    CO_ASSERT_EQ(messages.size(), 1u);
    EXPECT_THAT(messages[0], HasSubstr("Unclosed client session"));
    EXPECT_THAT(messages[0], HasSubstr("1 idle"));
    co_await host.stop();
}

ASYNC_TEST(ClientPool, a_connector_that_is_dropped_open_is_reported) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return answer("x"); });
    {
        TCPConnector connector;
        http::SessionOptions options;
        options.connector = connector.share();
        options.connector_owner = false;
        ClientSession session(std::move(options));
        co_await text_of(session.get(host.url()));
        co_await session.close();
    }
    const Log messages = take_report_messages();
    CO_ASSERT_EQ(messages.size(), 1u);
    EXPECT_THAT(messages[0], HasSubstr("Unclosed connector"));
    co_await host.stop();
}

ASYNC_TEST(ClientPool, a_response_that_is_dropped_unread_is_reported_in_debug_mode) {
    const std::string large(1'000'000, 'x');
    auto respond = [large](const RawRequest&) { return answer(large); };
    FakeHost& host = *co_await FakeHost::open(respond);
    ClientSession session;
    for (const bool debug : {false, true}) {
        get_running_loop().set_debug(debug);
        const http::ClientResponse dropped = co_await session.get(host.url("/large"));
    }
    get_running_loop().set_debug(false);
    const Log messages = take_report_messages();
    CO_ASSERT_EQ(messages.size(), 1u);
    EXPECT_THAT(messages[0], HasSubstr("Unclosed response: GET " + host.url("/large").str()));
    co_await end(session, host);
}

ASYNC_TEST(ClientPool, a_connector_can_serve_several_sessions) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return answer("x"); });
    TCPConnector connector;
    http::SessionOptions options;
    options.connector = connector.share();
    options.connector_owner = false;
    ClientSession first(options);
    ClientSession second(options);
    co_await text_of(first.get(host.url()));
    co_await first.close();
    EXPECT_FALSE(connector.closed());
    co_await text_of(second.get(host.url()));
    EXPECT_EQ(host.connections, 1);
    co_await second.close();
    co_await connector.close();
    co_await host.stop();
}

ASYNC_TEST(ClientPool, reaches_unix_sockets) {
    const std::string path = std::string(1, '\0') + "aiocpp-client-test-" + std::to_string(getpid());
    auto handler = [](StreamReader reader, StreamWriter writer) -> Coro<> {
        co_await reader.readuntil("\r\n\r\n");
        writer.write(answer("over unix"));
        co_await reader.read();
    };
    Server server = co_await start_unix_server(handler, path);
    http::SessionOptions options;
    options.connector = http::UnixConnector(path).share();
    ClientSession session(std::move(options));
    EXPECT_EQ(co_await text_of(session.get("http://anything/")), "over unix");
    co_await session.close();
    server.close();
    co_await server.wait_closed();
}

}  // namespace
}  // namespace aio::test
