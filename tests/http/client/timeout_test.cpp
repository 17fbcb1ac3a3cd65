// The four limits on time, each with its error.
#include <aio/core/timeout.hpp>
#include <aio/io/dns.hpp>

#include "http/client/fake_host.hpp"

namespace aio::test {
namespace {

using http::ClientSession, http::ClientTimeout;

// The head after `before`, the body's pieces `between` one another.
struct Slow {
    Duration before, between;
};

Coro<> drip(FakeHost& host, StreamReader reader, StreamWriter writer, Slow slow) {
    while (co_await host.read(reader)) {
        co_await aio::sleep(slow.before);
        writer.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        for (int i = 0; i < 5; ++i) {
            co_await aio::sleep(slow.between);
            if (reader.at_eof() || writer.is_closing()) co_return;
            writer.write("x");
        }
    }
    writer.close();
}

Coro<FakeHost*> dripping(Duration before, Duration between) {
    const Slow slow{before, between};
    auto talk = [slow](FakeHost& host, StreamReader reader, StreamWriter writer) {
        return drip(host, std::move(reader), std::move(writer), slow);
    };
    co_return co_await FakeHost::talking(talk);
}

ASYNC_TEST(ClientTimeouts, total_covers_head_and_body) {
    FakeHost& host = *co_await dripping(40ms, 40ms);
    ClientSession session;
    const Stopwatch watch;
    co_await fails<TimeoutError>(session.get(host.url()).timeout(20ms));
    watch.expect(20ms);
    auto response = co_await session.get(host.url()).timeout(100ms);
    co_await expect_throws<TimeoutError>(response.read());
    watch.expect(120ms);
    EXPECT_EQ(session.connector().statistics().acquired, 0u);
    EXPECT_EQ(co_await text_of(session.get(host.url()).timeout(2s)), "xxxxx");
    co_await end(session, host);
    co_await aio::sleep(100ms);  // the handlers notice
}

// Their classes, as aiohttp has them: asyncio.TimeoutError and ClientError at once.
static_assert(std::derived_from<http::ConnectionTimeoutError, TimeoutError>);
static_assert(std::derived_from<http::SocketTimeoutError, TimeoutError>);
static_assert(std::derived_from<http::ServerTimeoutError, http::ClientError>);
static_assert(std::convertible_to<http::SocketTimeoutError*, std::exception*>);

// What the error of `awaitable` is, asked through ClientError.
template <class Awaitable>
Coro<std::string> seen_by_client(Awaitable awaitable) {
    try {
        static_cast<void>(co_await std::move(awaitable));
    } catch (const http::ClientError& error) {
        EXPECT_TRUE(dynamic_cast<const TimeoutError*>(&error)) << error.what();
        EXPECT_TRUE(error.request_info()) << error.what();
        co_return error.request_info() ? error.request_info()->method + ": " + error.what() : "";
    }
    co_return "no error";
}

ASYNC_TEST(ClientTimeouts, are_client_errors_that_know_their_request) {
    FakeHost& host = *co_await dripping(40ms, 400ms);
    ClientSession session;
    EXPECT_EQ(co_await seen_by_client(session.get(host.url()).timeout(20ms)),
              "GET: the request's total timeout has passed");
    EXPECT_THAT(co_await seen_by_client(session.get(host.url()).timeout({.sock_read = 20ms})),
                testing::HasSubstr("sock_read"));
    auto response = co_await session.get(host.url()).timeout(100ms);
    EXPECT_EQ(co_await seen_by_client(response.read()), "GET: the request's total timeout has passed");
    co_await end(session, host);
    co_await aio::sleep(450ms);  // the handlers notice
}

ASYNC_TEST(ClientTimeouts, sock_read_is_between_pieces) {
    FakeHost& host = *co_await dripping(30ms, 30ms);
    FakeHost& slower = *co_await dripping(30ms, 400ms);
    ClientSession session;
    // All pieces together take longer; a real machine may be late with one.
    const Duration patience = simulated() ? 120ms : 2s;
    EXPECT_EQ(co_await text_of(session.get(host.url()).timeout({.sock_read = patience})), "xxxxx");
    auto response = co_await session.get(slower.url()).timeout({.sock_read = 120ms});
    const Stopwatch watch;
    co_await expect_throws<http::SocketTimeoutError>(response.read());
    watch.expect(120ms);
    co_await fails<http::SocketTimeoutError>(session.get(slower.url()).timeout({.sock_read = 10ms}));
    co_await session.close();
    co_await slower.stop();
    co_await host.stop();
    co_await aio::sleep(450ms);  // the handlers notice
}

ASYNC_TEST(ClientTimeouts, connect_covers_the_wait_for_a_place) {
    FakeHost& host = *co_await dripping(100ms, 1ms);
    http::ConnectorOptions options;
    options.limit = 1;
    http::SessionOptions with;
    with.connector = http::TCPConnector(options).share();
    ClientSession session(std::move(with));
    auto first = create_task(text_of(session.get(host.url())));
    co_await run_passes(3);
    const Stopwatch watch;
    co_await fails<http::ConnectionTimeoutError>(session.get(host.url()).timeout({.connect = 20ms}));
    watch.expect(20ms);
    co_await fails<http::ServerTimeoutError>(session.get(host.url()).timeout(20ms));
    EXPECT_EQ(co_await first, "xxxxx");
    EXPECT_EQ(session.connector().statistics().waiting, 0u);
    co_await end(session, host);
}

// Never answers.
class SilentResolver final : public Resolver {
public:
    Coro<std::vector<AddressInfo>> getaddrinfo(std::string, int, LookupOptions) override {
        co_await aio::sleep(1h);
        co_return std::vector<AddressInfo>();
    }
};

ASYNC_TEST(ClientTimeouts, sock_connect_covers_the_look_up) {
    http::ConnectorOptions options;
    options.resolver = std::make_shared<SilentResolver>();
    http::SessionOptions with;
    with.connector = http::TCPConnector(options).share();
    ClientSession session(std::move(with));
    const Stopwatch watch;
    co_await fails<http::ConnectionTimeoutError>(session.get("http://silent.test/").timeout({.sock_connect = 50ms}));
    watch.expect(50ms);
    EXPECT_EQ(session.connector().statistics().acquired, 0u);
    co_await session.close();
    co_await run_passes(3);
}

ASYNC_TEST(ClientTimeouts, a_timeout_of_the_caller_passes_through) {
    FakeHost& host = *co_await dripping(100ms, 1ms);
    ClientSession session;
    co_await expect_throws<TimeoutError>(wait_for(text_of(session.get(host.url())), 20ms));
    EXPECT_EQ(session.connector().statistics().acquired, 0u);
    co_await end(session, host);
    co_await aio::sleep(150ms);  // the handler notices
}

}  // namespace
}  // namespace aio::test
