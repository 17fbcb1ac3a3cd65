// Pings of ws::Connection, and broadcasts.
#include "ws/pair.hpp"

#include <vector>

namespace aio::test {
namespace {

using ws::ConnectionClosedError, ws::MessageType;

// websockets: test_connection.test_ping, test_connection.test_ping_explicit_text, test_connection.test_pong
// websockets: test_connection.test_acknowledge_ping, test_connection.test_ping_duplicate_payload
// websockets: test_connection.test_terminate_ping_on_close
ASYNC_TEST(WSConnection, a_ping_is_answered_while_nobody_receives) {
    const auto pair = co_await Pair::open();
    const Duration latency = co_await pair->client->ping("payload");
    EXPECT_GE(latency, Duration(0));
    EXPECT_EQ(pair->client->latency(), latency);
    EXPECT_THROW(static_cast<void>(pair->client->ping(std::string(126, 'x'))), ValueError);
    co_await pair->client->pong("unasked");
    auto lost = pair->client->ping("lost");
    EXPECT_THROW(static_cast<void>(pair->client->ping("lost")), ValueError);
    pair->client->abort();
    co_await expect_throws<ConnectionClosedError>(lost);
    co_await pair->close();
}

// websockets: test_connection.test_acknowledge_previous_ping, test_connection.test_acknowledge_canceled_ping
// websockets: test_connection.test_acknowledge_ping_non_matching_pong
ASYNC_TEST(WSConnection, a_pong_answers_earlier_pings_too) {
    const auto host = co_await RawHost::open([](RawEnd& end) -> Coro<> {
        for (int i = 0; i < 3; ++i) co_await end.next();
        end.frame(WSOpcode::pong, "none of them");
        end.frame(WSOpcode::pong, "two");
        co_await end.reader().read();
    });
    ws::Connection client = co_await ws::connect(host->url());
    auto one = client.ping("one"), two = client.ping("two"), three = client.ping("three");
    one.cancel();
    co_await two;
    EXPECT_FALSE(three.done());
    client.abort();
    co_await client.wait_closed();
    EXPECT_TRUE(three.done());
    co_await host->close();
}

// websockets: test_connection.test_broadcast_two_clients, test_connection.test_broadcast_skips_closed_connection
// websockets: test_connection.test_broadcast_text, test_connection.test_broadcast_binary
// websockets: test_connection.test_broadcast_no_clients
ASYNC_TEST(WSConnection, a_broadcast_reaches_all_that_are_open) {
    const auto server = co_await ws::serve(echo_all, "127.0.0.1", 0);
    ws::Connection a = co_await ws::connect(server.url());
    ws::Connection b = co_await ws::connect(server.url());
    co_await run_passes(5);
    EXPECT_EQ(server.connections().size(), 2u);
    EXPECT_EQ(ws::broadcast(server.connections(), "all"), 2u);
    EXPECT_EQ(ws::broadcast(server.connections(), "\xff", {.type = MessageType::binary}), 2u);
    for (ws::Connection* one : {&a, &b}) {
        EXPECT_EQ((co_await one->recv()).text(), "all");
        EXPECT_EQ((co_await one->recv()).type(), MessageType::binary);
    }
    co_await a.close();
    const std::vector<ws::Connection> both = {a, b};
    EXPECT_EQ(ws::broadcast(both, "only b"), 1u);
    co_await b.close();
    EXPECT_EQ(ws::broadcast(std::vector<ws::Connection>(), "nobody"), 0u);
    auto closing = server;
    closing.close();
    co_await closing.wait_closed();
}

}  // namespace
}  // namespace aio::test
