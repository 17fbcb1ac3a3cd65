// Numbers and times of the client at their ends. The rule and its check: tools/extremes.py.
#include <aio/core/timeout.hpp>

#include "http/body_fixture.hpp"
#include "http/client/fake_host.hpp"

#include <climits>

namespace aio::test {
namespace {

using http::ClientSession, http::ClientTimeout, http::ConnectorOptions, http::SessionOptions, http::TCPConnector;
using testing::HasSubstr;

// Those that mean "without a limit", and a limit that is never reached.
constexpr Duration kNoLimits[] = {Duration::min(), Duration(-1), Duration(0), Duration::max()};

Reply hello(const RawRequest&) { return answer("hello", "X-Long: 12345678901234567890\r\n"); }

Coro<> say_nothing(FakeHost&, StreamReader reader, StreamWriter) { co_await reader.read(); }

SessionOptions over(ConnectorOptions options) {
    SessionOptions session;
    session.connector = TCPConnector(std::move(options)).share();
    return session;
}

}  // namespace

// Extremes: http::ClientTimeout::total, http::ClientTimeout::connect, http::ClientTimeout::sock_connect,
//     http::ClientTimeout::sock_read, http::ClientRequest::timeout(total)
ASYNC_TEST(Extremes, of_timeouts_of_requests) {
    FakeHost& host = *co_await FakeHost::open(hello);
    for (const Duration limit : kNoLimits) {
        ClientTimeout all;
        all.total = all.connect = all.sock_connect = all.sock_read = limit;
        SessionOptions options;
        options.timeout = all;
        ClientSession session(options);
        EXPECT_EQ(co_await text_of(session.get(host.url())), "hello");
        EXPECT_EQ(co_await text_of(session.get(host.url()).timeout(limit)), "hello");
        co_await session.close();
        co_await session.close();
    }
    co_await host.stop();
    FakeHost& silent = *co_await FakeHost::talking(say_nothing);
    ClientSession session;
    co_await fails<TimeoutError>(session.get(silent.url()).timeout(Duration(1)));
    co_await fails<http::SocketTimeoutError>(session.get(silent.url()).timeout({.sock_read = Duration(1)}));
    co_await end(session, silent);
}

// Extremes: http::ResponseLimits::line, http::ResponseLimits::field, http::ResponseLimits::fields,
//     http::ResponseLimits::head
ASYNC_TEST(Extremes, of_limits_of_answers) {
    FakeHost& host = *co_await FakeHost::open(hello);
    const auto ask = [&host](http::ResponseLimits limits) -> Coro<int> {
        SessionOptions options;
        options.limits = limits;
        ClientSession session(options);
        int status = 0;
        try {
            const auto response = co_await session.get(host.url());
            status = response.status();
        } catch (const http::ClientResponseError& error) {
            status = error.status();
        }
        co_await session.close();
        co_return status;
    };
    for (const std::size_t most : {SIZE_MAX, SIZE_MAX / 4 + 1, std::size_t{1} << 32}) {
        EXPECT_EQ(co_await ask({.line = most, .field = most, .fields = most, .head = most}), 200);
    }
    for (const std::size_t few : {std::size_t{0}, std::size_t{1}}) {
        EXPECT_EQ(co_await ask({.line = few}), 400);
        EXPECT_EQ(co_await ask({.field = few}), 400);
        EXPECT_EQ(co_await ask({.fields = few}), 400);
        EXPECT_EQ(co_await ask({.head = few}), 400);
    }
    co_await host.stop();
}

// Extremes: http::ClientRequest::max_redirects(count)
ASYNC_TEST(Extremes, of_redirects) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) {
        const int left = std::stoi(request.target.substr(1));
        return left == 0 ? answer("the end") : redirect("302 Found", "/" + std::to_string(left - 1));
    });
    ClientSession session;
    EXPECT_EQ(co_await text_of(session.get(host.url("/0")).max_redirects(0)), "the end");
    co_await fails<http::TooManyRedirects>(session.get(host.url("/1")).max_redirects(0));
    EXPECT_EQ(co_await text_of(session.get(host.url("/1")).max_redirects(1)), "the end");
    co_await fails<http::TooManyRedirects>(session.get(host.url("/2")).max_redirects(1));
    EXPECT_EQ(co_await text_of(session.get(host.url("/50")).max_redirects(UINT_MAX)), "the end");
    co_await end(session, host);
}

// Extremes: http::ClientRequest::max_decompressed_size(bytes), http::ClientRequest::data(size)
ASYNC_TEST(Extremes, of_bodies) {
    // "hello" in gzip.
    static const std::string packed(
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00", 25);
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) {
        return request.method == "GET" ? answer(packed, "Content-Encoding: gzip\r\n") : answer(request.body);
    });
    ClientSession session;
    for (const std::uint64_t most : {std::uint64_t{0}, std::uint64_t{5}, UINT64_MAX}) {  // 0: no limit
        EXPECT_EQ(co_await text_of(session.get(host.url()).max_decompressed_size(most)), "hello") << most;
    }
    auto response = co_await session.get(host.url()).max_decompressed_size(1);
    co_await expect_throws<http::ClientPayloadError>(response.read());
    const auto post = [&](std::string text, std::optional<std::uint64_t> size) {
        return session.post(host.url()).data(std::make_unique<Chopped>(std::move(text)), size);
    };
    EXPECT_EQ(co_await text_of(post("", 0)), "");
    EXPECT_EQ(co_await text_of(post("a", 1)), "a");
    EXPECT_EQ(co_await text_of(post("ab", std::nullopt)), "ab");
    co_await fails<ValueError>(post("ab", 1));
    co_await fails<ValueError>(post("a", UINT64_MAX));
    co_await end(session, host);
}

// Extremes: http::SessionOptions::read_bufsize
ASYNC_TEST(Extremes, of_what_is_read_ahead) {
    SessionOptions none;
    none.read_bufsize = 0;
    EXPECT_THAT(expect_error<ValueError>([&] { ClientSession session(none); }), HasSubstr("must be positive"));
    FakeHost& host = *co_await FakeHost::open([](const RawRequest&) { return answer(std::string(100'000, 'x')); });
    for (const std::size_t size : {std::size_t{1}, SIZE_MAX / 2 + 1, SIZE_MAX}) {
        SessionOptions options;
        options.read_bufsize = size;
        ClientSession session(options);
        EXPECT_EQ((co_await text_of(session.get(host.url()))).size(), 100'000u) << size;
        co_await session.close();
    }
    co_await host.stop();
}

// Extremes: http::ConnectorOptions::limit, http::ConnectorOptions::limit_per_host,
//     http::ConnectorOptions::keepalive_timeout, http::ConnectorOptions::ttl_dns_cache
ASYNC_TEST(Extremes, of_connections) {
    for (const Duration below : {Duration::min(), Duration(-1)}) {
        EXPECT_THROW(TCPConnector({.keepalive_timeout = below}), ValueError);
        EXPECT_THROW(TCPConnector({.ttl_dns_cache = below}), ValueError);
    }
    FakeHost& host = *co_await FakeHost::open(hello);
    for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, SIZE_MAX}) {
        ClientSession session(over({.limit = limit, .limit_per_host = limit}));
        auto first = co_await session.get(host.url());
        if (limit == 1) {
            co_await fails<http::ConnectionTimeoutError>(session.get(host.url()).timeout({.connect = 10ms}));
        } else {
            EXPECT_EQ(co_await text_of(session.get(host.url())), "hello");
        }
        EXPECT_EQ(co_await first.text(), "hello");
        EXPECT_EQ(co_await text_of(session.get(host.url())), "hello");
        co_await session.close();
    }
    for (const Duration time : {Duration(0), Duration(1), Duration::max()}) {
        ClientSession session(over({.keepalive_timeout = time, .ttl_dns_cache = time}));
        EXPECT_EQ(co_await text_of(session.get(host.url("/", "localhost"))), "hello");
        co_await aio::sleep(10ms);
        EXPECT_EQ(session.connector().statistics().idle, time == Duration::max() ? 1u : 0u);
        co_await session.close();
    }
    co_await host.stop();
}

// Extremes: http::ConnectorOptions::family, http::ConnectorOptions::happy_eyeballs_delay,
//     http::ConnectorOptions::interleave, http::ConnectorOptions::local_port,
//     http::ConnectorOptions::ssl_shutdown_timeout
ASYNC_TEST(Extremes, of_connecting) {
    FakeHost& host = *co_await FakeHost::open(hello);
    // What comes of a request over a connector with one option changed.
    const auto with = [&host](auto ConnectorOptions::* option, auto value) -> Coro<std::string> {
        ConnectorOptions options;
        options.*option = value;
        ClientSession session(over(options));
        std::string text = "ValueError";
        try {
            text = co_await text_of(session.get(host.url()));
        } catch (const ValueError&) {
        } catch (const http::ClientConnectorError&) {
            text = "ClientConnectorError";
        }
        co_await session.close();
        co_return text;
    };
    for (const int none : {INT_MIN, -1, INT_MAX}) {
        EXPECT_EQ(co_await with(&ConnectorOptions::family, none), "ClientConnectorError");
        EXPECT_EQ(co_await with(&ConnectorOptions::local_port, none), "ValueError");
        EXPECT_EQ(co_await with(&ConnectorOptions::interleave, none), "hello");
    }
    for (const Duration delay : {Duration::min(), Duration(-1), Duration(0), Duration(1), Duration::max()}) {
        EXPECT_EQ(co_await with(&ConnectorOptions::happy_eyeballs_delay, delay), "hello");
        EXPECT_EQ(co_await with(&ConnectorOptions::ssl_shutdown_timeout, delay), "hello") << "there is no TLS";
    }
    co_await host.stop();
}

}  // namespace aio::test
