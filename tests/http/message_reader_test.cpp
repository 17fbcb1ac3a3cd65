#include <aio/core/task.hpp>
#include <aio/io/stream.hpp>

#include "http/message_reader.hpp"
#include "support/async_test.hpp"

#include <cerrno>

namespace aio::test {
namespace {

using http::BodyReader;
using http::detail::MessageReader;
using http::detail::WireError;
using http::wire::Fault;
using Role = http::wire::Parser::Role;

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kPost = "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view kChunked =
    "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3\r\n yo\r\n0\r\nX-Sum: 7\r\n\r\n";

// A stream fed by hand, and its messages.
struct Connection {
    explicit Connection(Role role = Role::requests) : messages(stream, role) {}

    StreamReader stream;
    MessageReader messages;
};

Fault fault_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const WireError& e) {
        return e.fault();
    } catch (...) {}
    return Fault::none;
}

Coro<std::exception_ptr> error_of(Coro<bool> head) {
    try {
        co_await std::move(head);
    } catch (const std::exception&) {
        co_return std::current_exception();
    }
    co_return nullptr;
}

ASYNC_TEST(MessageReader, reads_one_message_after_the_other) {
    auto& c = keep<Connection>();
    c.stream.feed_data(std::string(kGet).append(kPost).append(kGet));
    c.stream.feed_eof();
    CO_ASSERT_TRUE(co_await c.messages.read_head());
    EXPECT_EQ(c.messages.head().target, "/a");
    EXPECT_TRUE(c.messages.done());
    EXPECT_TRUE(c.messages.has_more());
    CO_ASSERT_TRUE(co_await c.messages.read_head());
    EXPECT_EQ(c.messages.head().target, "/b");
    EXPECT_FALSE(c.messages.done());
    BodyReader body(&c.messages);
    EXPECT_EQ(co_await body.read(), "hello");
    EXPECT_TRUE(c.messages.done());
    CO_ASSERT_TRUE(co_await c.messages.read_head());
    EXPECT_EQ(c.messages.head().target, "/a");
    EXPECT_FALSE(co_await c.messages.read_head());
    EXPECT_FALSE(co_await c.messages.read_head());
}

ASYNC_TEST(MessageReader, reads_what_comes_byte_by_byte) {
    auto& c = keep<Connection>();
    auto task = create_task([](Connection& in) -> Coro<std::string> {
        std::string seen;
        while (co_await in.messages.read_head()) {
            BodyReader body(&in.messages);
            seen += in.messages.head().target + "(" + co_await body.read() + ")";
        }
        co_return seen;
    }(c));
    const std::string data = std::string(kPost).append(kChunked).append(kGet);
    for (const char byte : data) {
        co_await run_passes(1);
        c.stream.feed_data({&byte, 1});
    }
    c.stream.feed_eof();
    EXPECT_EQ(co_await task, "/b(hello)/c(hi yo)/a()");
}

ASYNC_TEST(MessageReader, a_body_that_nobody_read_is_skipped) {
    auto& c = keep<Connection>();
    c.stream.feed_data(std::string(kChunked).append(kPost).append(kGet));
    CO_ASSERT_TRUE(co_await c.messages.read_head());
    CO_ASSERT_TRUE(co_await c.messages.read_head());
    EXPECT_EQ(c.messages.head().target, "/b");
    BodyReader body(&c.messages);
    EXPECT_EQ(co_await body.read(2), "he");
    CO_ASSERT_TRUE(co_await c.messages.read_head());
    EXPECT_EQ(c.messages.head().target, "/a");
}

ASYNC_TEST(MessageReader, trailers_come_with_the_end) {
    auto& c = keep<Connection>();
    c.stream.feed_data(kChunked);
    CO_ASSERT_TRUE(co_await c.messages.read_head());
    BodyReader body(&c.messages);
    EXPECT_EQ(co_await body.readany(), "hi");
    EXPECT_EQ(body.trailers(), nullptr);
    EXPECT_EQ(co_await body.read(), " yo");
    CO_ASSERT_NE(body.trailers(), nullptr);
    EXPECT_EQ(body.trailers()->get("x-sum"), "7");
}

ASYNC_TEST(MessageReader, chunks_show_where_they_end) {
    auto& c = keep<Connection>();
    c.stream.feed_data("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab");
    CO_ASSERT_TRUE(co_await c.messages.read_head());
    BodyReader body(&c.messages);
    auto chunks = body.iter_chunks();
    using Chunk = std::pair<std::string, bool>;
    EXPECT_EQ(co_await chunks.next(), Chunk("ab", false));
    c.stream.feed_data("cd\r\n1\r\ne\r\n0\r\n\r\n");
    EXPECT_EQ(co_await chunks.next(), Chunk("cd", true));
    EXPECT_EQ(co_await chunks.next(), Chunk("e", true));
    EXPECT_EQ(co_await chunks.next(), std::nullopt);
}

ASYNC_TEST(MessageReader, nothing_is_read_that_nobody_asks_for) {
    auto& c = keep<Connection>();
    c.stream.feed_data("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n");
    CO_ASSERT_TRUE(co_await c.messages.read_head());
    c.stream.feed_data("body");
    co_await run_passes(3);
    EXPECT_FALSE(c.messages.has_more());
    EXPECT_EQ(co_await c.stream.read(100), "body");
}

ASYNC_TEST(MessageReader, a_cancelled_read_loses_nothing) {
    auto& c = keep<Connection>();
    const std::string data = std::string(kPost).append(kChunked);
    std::size_t fed = 0;
    // A little comes, the read is cancelled, again and again.
    const auto feed_and_cancel = [&](auto task) -> Coro<> {
        c.stream.feed_data(std::string_view(data).substr(fed++, 1));
        co_await run_passes(2);
        task.cancel();
        co_await expect_throws<CancelledError>(std::move(task));
    };
    while (fed < data.find("hello")) {
        if (data[fed] == '\n' && fed + 1 == data.find("hello")) break;
        auto task = create_task(c.messages.read_head());
        co_await feed_and_cancel(std::move(task));
    }
    c.stream.feed_data(std::string_view(data).substr(fed, 1));
    ++fed;
    CO_ASSERT_TRUE(co_await c.messages.read_head());
    auto& body = keep<BodyReader>(&c.messages);
    for (int i = 0; i < 4; ++i) {
        auto task = create_task(body.readexactly(5));
        co_await feed_and_cancel(std::move(task));
    }
    c.stream.feed_data(std::string_view(data).substr(fed));
    EXPECT_EQ(co_await body.read(), "hello");
    CO_ASSERT_TRUE(co_await c.messages.read_head());
    EXPECT_EQ(c.messages.head().target, "/c");
}

ASYNC_TEST(MessageReader, an_end_within_a_message_is_a_fault) {
    auto& c = keep<Connection>();
    c.stream.feed_data(kPost.substr(0, kPost.size() - 1));
    c.stream.feed_eof();
    CO_ASSERT_TRUE(co_await c.messages.read_head());
    BodyReader body(&c.messages);
    EXPECT_EQ(co_await body.readany(), "hell");
    co_await expect_throws<WireError>(body.readany());
    co_await expect_throws<WireError>(body.readany());
    const std::exception_ptr error = co_await error_of(c.messages.read_head());
    EXPECT_EQ(fault_of(error), Fault::unexpected_end);
}

ASYNC_TEST(MessageReader, tells_whether_a_head_has_begun) {
    auto& c = keep<Connection>();
    auto task = create_task(c.messages.read_head());
    co_await run_passes(2);
    EXPECT_FALSE(c.messages.in_head());
    c.stream.feed_data("\r\n");
    co_await run_passes(2);
    EXPECT_FALSE(c.messages.in_head()) << "an empty line begins nothing";
    c.stream.feed_data("G");
    co_await run_passes(2);
    EXPECT_TRUE(c.messages.in_head());
    c.stream.feed_eof();
    co_await expect_throws<WireError>(std::move(task));
}

ASYNC_TEST(MessageReader, a_broken_message_is_a_fault_that_stays) {
    auto& c = keep<Connection>();
    c.stream.feed_data(std::string(kGet).append("nonsense\r\n\r\n").append(kGet));
    CO_ASSERT_TRUE(co_await c.messages.read_head());
    for (int i = 0; i < 2; ++i) {
        const std::exception_ptr error = co_await error_of(c.messages.read_head());
        EXPECT_EQ(fault_of(error), Fault::bad_message);
    }
}

ASYNC_TEST(MessageReader, a_response_without_a_length_ends_with_the_connection) {
    auto& c = keep<Connection>(Role::responses);
    c.stream.feed_data("HTTP/1.1 200 OK\r\n\r\nall of");
    CO_ASSERT_TRUE(co_await c.messages.read_head());
    BodyReader body(&c.messages);
    EXPECT_EQ(co_await body.readany(), "all of");
    c.stream.feed_data(" this");
    c.stream.feed_eof();
    EXPECT_EQ(co_await body.read(), " this");
    EXPECT_TRUE(c.messages.done());
    EXPECT_EQ(co_await body.read(), "");
}

ASYNC_TEST(MessageReader, what_follows_an_upgrade_is_given_away) {
    auto& c = keep<Connection>(Role::responses);
    c.stream.feed_data("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nframes");
    CO_ASSERT_TRUE(co_await c.messages.read_head());
    EXPECT_TRUE(c.messages.head().upgrade);
    EXPECT_TRUE(c.messages.done());
    EXPECT_EQ(c.messages.take_rest(), "frames");
    EXPECT_FALSE(c.messages.has_more());
}

ASYNC_TEST(MessageReader, an_error_of_the_stream_passes_through) {
    auto& c = keep<Connection>();
    c.stream.feed_data("GET / HT");
    auto task = create_task(c.messages.read_head());
    co_await run_passes(2);
    c.stream.set_exception(ConnectionResetError(ECONNRESET, "reset"));
    co_await expect_throws<ConnectionResetError>(std::move(task));
}

}  // namespace
}  // namespace aio::test
