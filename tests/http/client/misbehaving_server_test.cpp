// Servers that misbehave: each has its error, and the session goes on.
#include "http/client/fake_host.hpp"

namespace aio::test {
namespace {

using http::ClientSession;
using testing::HasSubstr;

template <class E>
Coro<> expect_broken(std::string bytes, std::string_view what, bool in_body) {
    FakeHost& bad = *co_await saying(std::move(bytes), true);
    FakeHost& good = *co_await saying(answer("still works"));
    ClientSession session;
    std::string message;
    if (in_body) {
        auto response = co_await session.post(bad.url()).data("x");
        message = co_await expect_throws<E>(response.read());
    } else {
        message = co_await fails<E>(session.post(bad.url()).data("x"));
    }
    EXPECT_THAT(message, HasSubstr(what));
    EXPECT_EQ(session.connector().statistics().idle, 0u);
    EXPECT_EQ(session.connector().statistics().acquired, 0u);
    EXPECT_EQ(co_await text_of(session.get(good.url())), "still works");
    co_await end(session, good);
    co_await bad.stop();
}

using http::ClientPayloadError, http::ClientResponseError, http::ServerDisconnectedError;

ASYNC_TEST(MisbehavingServer, closes_without_an_answer) {
    co_await expect_broken<ServerDisconnectedError>("", "without a response", false);
}
ASYNC_TEST(MisbehavingServer, closes_within_the_head) {
    co_await expect_broken<ServerDisconnectedError>("HTTP/1.1 200 OK\r\nConte", "within the headers", false);
}
ASYNC_TEST(MisbehavingServer, speaks_something_else) {
    co_await expect_broken<ClientResponseError>("220 mail.example ESMTP\r\n", "malformed", false);
}
ASYNC_TEST(MisbehavingServer, sends_a_huge_header) {
    co_await expect_broken<ClientResponseError>(answer("", "X: " + std::string(10'000, 'x') + "\r\n"), "limit",
                                                false);
}
ASYNC_TEST(MisbehavingServer, sends_100_000_cookies) {
    std::string cookies;
    for (int i = 0; i < 100'000; ++i) cookies += "Set-Cookie: c" + std::to_string(i) + "=1\r\n";
    co_await expect_broken<ClientResponseError>(answer("", cookies), "limit", false);
}
ASYNC_TEST(MisbehavingServer, folds_a_length) {
    co_await expect_broken<ClientResponseError>("HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nhi", "malformed",
                                                false);
}
ASYNC_TEST(MisbehavingServer, has_two_lengths) {
    co_await expect_broken<ClientResponseError>(answer("", "Content-Length: 5\r\n"), "malformed", false);
}
ASYNC_TEST(MisbehavingServer, has_a_length_and_chunks) {
    co_await expect_broken<ClientResponseError>(answer("", "Transfer-Encoding: chunked\r\n"), "malformed", false);
}
ASYNC_TEST(MisbehavingServer, cuts_the_body_short) {
    co_await expect_broken<ClientPayloadError>("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "cut short",
                                               true);
}
ASYNC_TEST(MisbehavingServer, cuts_the_chunks_short) {
    co_await expect_broken<ClientPayloadError>("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
                                               "cut short", true);
}
ASYNC_TEST(MisbehavingServer, has_a_chunk_that_is_none) {
    co_await expect_broken<ClientPayloadError>("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx",
                                               "malformed", true);
}

ASYNC_TEST(MisbehavingServer, packs_garbage) {
    co_await expect_broken<ClientPayloadError>(answer("this is no gzip at all", "Content-Encoding: gzip\r\n"),
                                               "cannot be decompressed", true);
}
ASYNC_TEST(MisbehavingServer, resets_the_connection) {
    FakeHost& bad =
        *co_await FakeHost::talking([](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            co_await self.read(reader);
            writer.abort();
        });
    FakeHost& good = *co_await saying(answer("still works"));
    ClientSession session;
    co_await fails<http::ClientConnectionError>(session.post(bad.url()).data("x"));
    EXPECT_EQ(co_await text_of(session.get(good.url())), "still works");
    co_await end(session, good);
    co_await bad.stop();
}
ASYNC_TEST(MisbehavingServer, redirects_for_ever) {
    FakeHost& host = *co_await FakeHost::open([](const RawRequest& request) -> Reply {
        if (request.target == "/good") return answer("still works");
        return redirect("302 Found", request.target == "/a" ? "/b" : "/a");
    });
    ClientSession session;
    co_await fails<http::TooManyRedirects>(session.get(host.url("/a")));
    EXPECT_EQ(host.requests.size(), 11u);
    EXPECT_EQ(session.connector().statistics().acquired, 0u);
    EXPECT_EQ(co_await text_of(session.get(host.url("/good"))), "still works");
    co_await end(session, host);
}
ASYNC_TEST(MisbehavingServer, begins_an_answer_and_says_nothing_more) {
    FakeHost& host =
        *co_await FakeHost::talking([](FakeHost& self, StreamReader reader, StreamWriter writer) -> Coro<> {
            const auto request = co_await self.read(reader);
            if (!request) co_return;
            const bool good = request->target == "/good";
            writer.write(good ? answer("still works") : "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all");
            co_await reader.read();
        });
    ClientSession session;
    auto response = co_await session.get(host.url()).timeout({.sock_read = 50ms});
    co_await expect_throws<http::SocketTimeoutError>(response.read());
    EXPECT_EQ(session.connector().statistics().acquired, 0u);
    EXPECT_EQ(session.connector().statistics().idle, 0u);
    EXPECT_EQ(co_await text_of(session.get(host.url("/good"))), "still works");
    co_await end(session, host);
}

ASYNC_TEST(MisbehavingServer, sends_more_than_it_announced) {
    FakeHost& host = *co_await saying(answer("ok") + "and more");
    ClientSession session;
    EXPECT_EQ(co_await text_of(session.get(host.url())), "ok");
    EXPECT_EQ(session.connector().statistics().idle, 0u);
    EXPECT_EQ(co_await text_of(session.get(host.url())), "ok");
    EXPECT_EQ(host.connections, 2);
    co_await end(session, host);
}

ASYNC_TEST(MisbehavingServer, answers_one_byte_at_a_time) {
    FakeHost& host = *co_await FakeHost::talking([](FakeHost&, StreamReader reader, StreamWriter writer) -> Coro<> {
        co_await reader.readuntil("\r\n\r\n");
        for (const char c : answer("slowly", "A: b\r\n")) {
            writer.write(std::string_view(&c, 1));
            co_await aio::sleep(1ms);
        }
        co_await reader.read();
    });
    ClientSession session;
    EXPECT_EQ(co_await text_of(session.get(host.url()).timeout({.sock_read = 500ms})), "slowly");
    co_await end(session, host);
}

}  // namespace
}  // namespace aio::test
