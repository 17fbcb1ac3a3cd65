// One end of a connection is ours, as a client or as a server; the other end's bytes are the test's.
#pragma once

#include "ws/pair.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace aio::test {

struct Ends {
    ws::Connection& ours;
    RawEnd& raw;
    bool client;  // ours is

    // The next frame of ours: its first byte in hexadecimal, a colon, its payload, of at most 125 bytes. Checks the mask.
    Coro<std::string> frame() const {
        const std::string head = co_await raw.reader().readexactly(2);
        EXPECT_EQ((head[1] & 0x80) != 0, client);
        std::string mask(4, '\0');
        if (client) mask = co_await raw.reader().readexactly(4);
        const std::ptrdiff_t size = head[1] & 0x7f;
        std::string data;
        if (size > 0) data = co_await raw.reader().readexactly(size);
        for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(data[i] ^ mask[i % 4]);
        std::string all;
        constexpr std::string_view kDigits = "0123456789abcdef";
        all += kDigits[static_cast<unsigned char>(head[0]) >> 4];
        all += kDigits[head[0] & 15];
        co_return all + ":" + data;
    }
    // Returns when our end has read what was written to it so far.
    Coro<> all_is_read() const {
        raw.frame(WSOpcode::ping, "read?");
        EXPECT_EQ(co_await frame(), "8a:read?");
    }
};

using EndsBody = std::function<Coro<>(Ends ends)>;

inline Coro<> as_client(EndsBody body, ws::Options options) {
    Future<RawEnd*> arrived;
    Event leave;
    const auto host = co_await RawHost::open([&](RawEnd& end) -> Coro<> {
        arrived.set_result(&end);
        co_await leave.wait();
    });
    ws::Connection ours = co_await ws::connect(host->url(), options);
    RawEnd* const raw = co_await arrived;
    co_await body(Ends{ours, *raw, true});
    ours.abort();
    leave.set();
    co_await host->close();
}

inline Coro<> as_server(EndsBody body, ws::Options options) {
    Future<ws::Connection> arrived;
    Event leave;
    ws::Server server = co_await ws::serve(
        [&](ws::Connection& connection) -> Coro<> {
            arrived.set_result(connection);
            co_await leave.wait();
        },
        "127.0.0.1", 0, options);
    const auto raw = co_await raw_client(server.port());
    ws::Connection ours = co_await arrived;
    co_await body(Ends{ours, *raw, false});
    ours.abort();
    leave.set();
    raw->writer().close();
    server.close();
    co_await server.wait_closed();
}

// In both roles, without compression and keepalive.
inline Coro<> on_both_sides(EndsBody body, ws::Options options = {}) {
    options.deflate.enabled = false;
    options.ping_interval.reset();
    co_await as_client(body, options);
    co_await as_server(body, options);
}

}  // namespace aio::test
