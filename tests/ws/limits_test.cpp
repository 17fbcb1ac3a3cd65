// The limits of ws::Options: sizes, queues, buffers, times and compression; and all of them at their extremes.
#include "ws/pair.hpp"

#include <climits>
#include <limits>

namespace aio::test {
namespace {

using testing::HasSubstr;
using ws::ConnectionClosedError;

// --- sizes -----------------------------------------------------------------------------------------------------------

// websockets: test_protocol.test_client_receives_text_over_size_limit
// websockets: test_protocol.test_server_receives_fragmented_text_over_message_size_limit
// websockets: test_protocol.test_server_receives_fragmented_text_over_fragment_size_limit
// websockets: test_permessage_deflate.test_decompress_max_size
ASYNC_TEST(WSLimits, messages_and_fragments_beyond_the_limit_are_refused) {
    const std::vector<std::string> pieces = {std::string(60, 'a'), std::string(60, 'b')};
    for (const bool deflate : {false, true}) {
        ws::Options sender, receiver;
        sender.deflate.enabled = deflate;
        receiver.max_size = 100;
        auto pair = co_await Pair::open(sender, receiver);
        co_await pair->client->send(std::string(100, 'x'));
        EXPECT_EQ((co_await pair->remote->recv()).size(), 100u);
        co_await pair->client->send(pieces);
        EXPECT_THAT(co_await expect_throws<ConnectionClosedError>(pair->remote->recv()), HasSubstr("sent 1009"));
        EXPECT_THAT(co_await expect_throws<ConnectionClosedError>(pair->client->recv()),
                    HasSubstr("received 1009 (message too big)"));
        co_await pair->close();
        receiver.max_size = 0;
        receiver.max_fragment_size = 60;
        pair = co_await Pair::open(sender, receiver);
        co_await pair->client->send(pieces);
        EXPECT_EQ((co_await pair->remote->recv()).size(), 120u);
        co_await pair->client->send(std::string(61, 'x'));
        EXPECT_THAT(co_await expect_throws<ConnectionClosedError>(pair->remote->recv()), HasSubstr("sent 1009"));
        co_await pair->close();
    }
}

// websockets: test_connection.test_max_queue, test_messages.test_put_pauses_reading, test_connection.test_write_limit
// websockets: test_messages.test_get_resumes_reading, test_connection.test_backpressure
ASYNC_TEST(WSLimits, a_receiver_that_is_busy_holds_up_its_peer) {
    const auto pair = co_await Pair::open({}, {.max_queue = 4, .deflate = {.enabled = false}});
    ws::Connection& client = *pair->client;
    const std::string message(50'000, 'm');
    std::size_t sent = 0;
    const auto send_all = [&]() -> Coro<> {
        for (; sent < 400; ++sent) co_await client.send(message);
    };
    auto sending = create_task(send_all());
    std::size_t before = 1;
    while (sent != before) {  // until nothing moves any more
        before = sent;
        co_await sleep(20ms);
    }
    EXPECT_LT(sent, 400u);
    EXPECT_GT(client.write_buffer_size(), 32u * 1024);
    for (int i = 0; i < 400; ++i) {
        const ws::Message received = co_await pair->remote->recv();
        EXPECT_EQ(received.size(), message.size());
    }
    co_await sending;
    co_await pair->close();
}

// The documented rule: who has more than max_unsent bytes to read is dropped, and holds up nobody.
ASYNC_TEST(WSLimits, a_broadcast_drops_those_who_do_not_read) {
    ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0);
    ws::Connection good = co_await ws::connect(server.url());
    const auto bad = co_await raw_client(server.port());
    bad->reader().stream()->observe_reading(nullptr);
    co_await run_passes(5);
    int rounds = 0;
    while (server.connections().size() == 2 && rounds < 1000) {
        ws::broadcast(server.connections(), std::string(100'000, 'b'), {.max_unsent = 300'000});
        const ws::Message received = co_await good.recv();
        EXPECT_EQ(received.size(), 100'000u);
        ++rounds;
    }
    EXPECT_LT(rounds, 1000);
    bad->writer().abort();
    co_await good.close();
    server.close();
    co_await server.wait_closed();
}

// --- times -----------------------------------------------------------------------------------------------------------

// websockets: test_connection.test_keepalive_times_out, test_connection.test_keepalive
// websockets: asyncio.test_client.test_keepalive_is_enabled, asyncio.test_server.test_disable_keepalive
// websockets: test_connection.test_disable_keepalive, test_connection.test_keepalive_ignores_timeout
ASYNC_TEST(WSLimits, keepalive_notices_a_dead_peer_while_nobody_receives) {
    std::vector<WSOpcode> seen;
    const auto host = co_await RawHost::open([&seen](RawEnd& end) -> Coro<> {
        while (auto event = co_await end.next()) seen.push_back(event->opcode);
    });
    ws::Connection client = co_await ws::connect(host->url(), {.ping_interval = 20ms, .ping_timeout = 30ms});
    co_await client.wait_closed();
    EXPECT_THAT(co_await expect_throws<ConnectionClosedError>(client.recv()),
                HasSubstr("sent 1011 (internal error) keepalive ping timeout; no close frame received"));
    co_await host->close();
    CO_ASSERT_TRUE(seen.size() >= 2);
    EXPECT_EQ(seen.front(), WSOpcode::ping);
    EXPECT_EQ(seen.back(), WSOpcode::close);
    const auto pair = co_await Pair::open({.ping_interval = 10ms, .ping_timeout = 50ms}, {.ping_interval = {}});
    co_await sleep(120ms);
    EXPECT_EQ(pair->client->state(), ws::State::open);
    EXPECT_EQ(pair->remote->latency(), Duration(0)) << "it sent no ping";
    co_await pair->close();
}

// --- compression -----------------------------------------------------------------------------------------------------

// websockets: test_permessage_deflate.test_context_takeover, test_permessage_deflate.test_remote_no_context_takeover
// websockets: test_permessage_deflate.test_local_no_context_takeover, test_permessage_deflate.test_compress_settings
// websockets: asyncio.test_server.test_disable_compression, asyncio.test_client.test_disable_compression
// websockets: test_permessage_deflate.test_encode_decode_large_frame
ASYNC_TEST(WSLimits, compression_is_agreed_upon_and_chosen_for_each_message) {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += "line " + std::to_string(i * 7919 % 1000) + "\n";
    for (const int bits : {0, 9, 12, 15}) {
        for (const bool anew : {false, true}) {
            ws::Options options;
            options.deflate.enabled = bits != 0;
            if (bits != 0) options.deflate.server_max_window_bits = options.deflate.client_max_window_bits = bits;
            options.deflate.server_no_context_takeover = options.deflate.client_no_context_takeover = anew;
            options.deflate.memory_level = bits == 9 ? 1 : 9;
            const auto pair = co_await Pair::open(options);
            EXPECT_EQ(pair->client->compressed(), bits != 0);
            EXPECT_EQ(pair->remote->compressed(), bits != 0);
            for (int i = 0; i < 3; ++i) {
                co_await pair->client->send(text);
                co_await pair->client->send(text, {.compress = false});
                EXPECT_TRUE((co_await pair->remote->recv()).text() == text);
                EXPECT_TRUE((co_await pair->remote->recv()).text() == text);
                co_await pair->remote->send("");
                EXPECT_EQ((co_await pair->client->recv()).text(), "");
            }
            co_await pair->close();
        }
    }
}

// After a while without messages zlib's memory is given back, and later messages still refer to earlier ones.
ASYNC_TEST(WSLimits, compression_survives_a_long_rest) {
    if (!virtual_time()) co_return;  // minutes
    const auto pair = co_await Pair::open();
    const std::string text = "the same words again and again, the same words again and again";
    for (int i = 0; i < 4; ++i) {
        co_await pair->client->send(text);
        EXPECT_EQ((co_await pair->remote->recv()).text(), text);
        co_await pair->remote->send(text);
        EXPECT_EQ((co_await pair->client->recv()).text(), text);
        co_await sleep(60s);
    }
    co_await pair->close();
}

// --- extremes --------------------------------------------------------------------------------------------------------

// What comes back for 10 bytes with these options on both sides, and how the connection ended.
Coro<std::string> echoed(ws::Options options) {
    ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0, options);
    ws::Connection client = co_await ws::connect(server.url(), options);
    std::string result;
    try {
        co_await client.send("0123456789");
        result = (co_await client.recv()).text();
    } catch (const ws::ConnectionClosed& error) {
        result = std::to_string(error.code());
    }
    co_await client.close();
    server.close();
    co_await server.wait_closed();
    co_return result;
}

// Extremes: ws::Options::max_size, ws::Options::max_fragment_size, ws::Options::max_queue, ws::Options::max_queue_low,
//     ws::Options::write_limit, ws::Options::write_limit_low
ASYNC_TEST(Extremes, of_sizes_and_queues) {
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{10}, UINT64_MAX, UINT64_MAX - 1}) {
        EXPECT_EQ(co_await echoed({.max_size = size}), "0123456789") << size;
        EXPECT_EQ(co_await echoed({.max_size = 0, .max_fragment_size = size}), "0123456789") << size;
    }
    EXPECT_EQ(co_await echoed({.max_size = 1}), "1009");
    EXPECT_EQ(co_await echoed({.max_fragment_size = 1}), "1009");
    for (const std::size_t size : {std::size_t{1}, SIZE_MAX}) {
        EXPECT_EQ(co_await echoed({.max_queue = size}), "0123456789") << size;
        EXPECT_EQ(co_await echoed({.max_queue = SIZE_MAX, .max_queue_low = size}), "0123456789") << size;
        EXPECT_EQ(co_await echoed({.write_limit = SIZE_MAX, .write_limit_low = size}), "0123456789") << size;
    }
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, SIZE_MAX}) {
        EXPECT_EQ(co_await echoed({.write_limit = size}), "0123456789") << size;
    }
    EXPECT_THROW(static_cast<void>(ws::connect("ws://a/", {.max_queue = 0})), ValueError);
    EXPECT_THROW(static_cast<void>(ws::connect("ws://a/", {.max_queue = 1, .max_queue_low = 2})), ValueError);
    EXPECT_EQ(co_await echoed({.max_queue_low = 0}), "0123456789");
    EXPECT_THROW(static_cast<void>(ws::connect("ws://a/", {.write_limit = 1, .write_limit_low = 2})), ValueError);
}

// Extremes: ws::Options::open_timeout, ws::Options::ping_interval, ws::Options::ping_timeout,
//     ws::Options::close_timeout, ws::Serve::shutdown_timeout(limit)
ASYNC_TEST(Extremes, of_times) {
    for (const Duration time : {Duration::min(), Duration(-1), Duration(0)}) {
        co_await expect_throws<TimeoutError>(ws::connect("ws://127.0.0.1:1/", {.open_timeout = time}));
        EXPECT_EQ(co_await echoed({.ping_interval = time}), "0123456789");
    }
    EXPECT_EQ(co_await echoed({.open_timeout = Duration::max()}), "0123456789");
    EXPECT_EQ(co_await echoed({.ping_interval = Duration::max(), .ping_timeout = Duration::max()}), "0123456789");
    EXPECT_EQ(co_await echoed({.ping_timeout = Duration::min()}), "0123456789");
    for (const Duration time : {Duration::min(), Duration(0), Duration(1), Duration::max()}) {
        EXPECT_EQ(co_await echoed({.close_timeout = time}), "0123456789");
        ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0).shutdown_timeout(time);
        ws::Connection client = co_await ws::connect(server.url());
        server.close();
        co_await server.wait_closed();
        co_await client.wait_closed();
    }
}

// Extremes: ws::Deflate::server_max_window_bits, ws::Deflate::client_max_window_bits, ws::Deflate::memory_level
// websockets: test_permessage_deflate.test_init_error, asyncio.test_client.test_unsupported_compression
ASYNC_TEST(Extremes, of_compression) {
    for (const int wrong : {INT_MIN, -1, 0, 8, 16, INT_MAX}) {
        EXPECT_THROW(static_cast<void>(ws::connect("ws://a/", {.deflate = {.server_max_window_bits = wrong}})),
                     ValueError);
        EXPECT_THROW(static_cast<void>(ws::connect("ws://a/", {.deflate = {.client_max_window_bits = wrong}})),
                     ValueError);
    }
    for (const int wrong : {INT_MIN, 0, 10, INT_MAX}) {
        EXPECT_THROW(static_cast<void>(ws::connect("ws://a/", {.deflate = {.memory_level = wrong}})), ValueError);
    }
    for (const int bits : {9, 15}) {
        ws::Options options;
        options.deflate.server_max_window_bits = options.deflate.client_max_window_bits = bits;
        options.deflate.memory_level = bits == 9 ? 1 : 9;
        EXPECT_EQ(co_await echoed(options), "0123456789");
    }
}

// Extremes: ws::Connection::close(code), ws::Server::close(code), ws::Close::code, ws::HandshakeResponse::status,
//     ws::BroadcastOptions::max_unsent, ws::Connect::max_redirects(count), ws::serve(port), ws::route(port),
//     ws::Serve::Serve(port)
ASYNC_TEST(Extremes, of_codes_and_counts) {
    ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0);
    for (const unsigned count : {0u, UINT_MAX}) {
        ws::Connection client = co_await ws::connect(server.url()).max_redirects(count);
        for (const std::uint16_t code : {0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535}) {
            co_await expect_throws<ValueError>(client.close(code));
            EXPECT_THROW(server.close(true, code), ValueError);
            EXPECT_THAT((ws::Close{code, ""}.str()), HasSubstr(std::to_string(code)));
        }
        const std::vector<ws::Connection> one = {client};
        EXPECT_EQ(ws::broadcast(one, "x", {.max_unsent = SIZE_MAX}), 1u);
        EXPECT_EQ(ws::broadcast(one, "x", {.max_unsent = 0}), 0u) << "dropped: the first is not sent yet";
        co_await client.wait_closed();
    }
    server.close();
    co_await server.wait_closed();
    EXPECT_THAT((ws::InvalidStatus(ws::HandshakeResponse{INT_MIN, "", {}, ""}).what()),
                HasSubstr("HTTP -2147483648"));
    for (const int port : {-1, 65536, INT_MAX}) {
        co_await expect_throws<ValueError>(ws::serve(echo_all, "127.0.0.1", port));
        co_await expect_throws<ValueError>(ws::route(ws::Router(), "127.0.0.1", port));
    }
}

// Extremes: ws::ReconnectOptions::initial_delay, ws::ReconnectOptions::min_delay, ws::ReconnectOptions::max_delay,
//     ws::ReconnectOptions::factor
ASYNC_TEST(Extremes, of_reconnecting) {
    const auto with = [](ws::ReconnectOptions options) {
        return ws::connect("ws://127.0.0.1:1/").reconnecting(options);
    };
    for (const Duration wrong : {Duration::min(), Duration(-1)}) {
        EXPECT_THROW(with({.initial_delay = wrong}), ValueError);
        EXPECT_THROW(with({.min_delay = wrong}), ValueError);
        EXPECT_THROW(with({.max_delay = wrong}), ValueError);
    }
    for (const double wrong : {0.99, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
        EXPECT_THROW(with({.factor = wrong}), ValueError);
    }
    const Duration none(0);
    ws::Reconnecting busy = with({.initial_delay = none, .min_delay = none, .max_delay = none, .factor = 1e300});
    auto trying = create_task(busy.next());
    while (busy.failures() < 5) co_await sleep(none);  // a virtual clock stands while the loop is busy
    trying.cancel();
    co_await expect_throws<CancelledError>(trying);
    ws::Reconnecting slow = with({.initial_delay = Duration::max(),
                                  .min_delay = Duration::max(),
                                  .max_delay = Duration::max(),
                                  .factor = std::numeric_limits<double>::infinity()});
    trying = create_task(slow.next());
    while (slow.failures() < 1) co_await sleep(1ms);
    trying.cancel();
    co_await expect_throws<CancelledError>(trying);
}

}  // namespace
}  // namespace aio::test
