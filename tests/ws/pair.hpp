// Both ends of a WebSocket, for tests: a Pair of connections of ours, and a RawPeer whose bytes the test writes itself.
#pragma once

#include <aio/aio.hpp>
#include <aio/http.hpp>
#include <aio/ws.hpp>

#include "http/wire/ws_frame.hpp"
#include "http/wire/ws_handshake.hpp"
#include "support/async_test.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>

namespace aio::test {

using http::wire::WSEvent, http::wire::WSOpcode;

// Sends back what comes.
inline Coro<> echo_all(ws::Connection& connection) {
    int count = 0;
    while (auto message = co_await connection.next()) {
        co_await connection.send(*message);
        ++count;
    }
}

// A server of ours, and both ends of one connection to it.
struct Pair {
    struct Shared {
        Future<ws::Connection> arrived;
        Event leave;
    };

    explicit Pair(ws::Server s) : server(std::move(s)) {}

    static Coro<std::unique_ptr<Pair>> open(ws::Options of_client = {}, ws::Options of_server = {}) {
        auto shared = std::make_shared<Shared>();
        const auto handler = [shared](ws::Connection& connection) -> Coro<> {
            shared->arrived.set_result(connection);
            co_await shared->leave.wait();
        };
        auto pair = std::make_unique<Pair>(co_await ws::serve(handler, "127.0.0.1", 0, of_server));
        pair->shared = shared;
        pair->client = co_await ws::connect(pair->server.url() + "/path?query", of_client);
        pair->remote = co_await shared->arrived;
        co_return pair;
    }

    Coro<> close() {
        shared->leave.set();
        co_await client->close();
        remote.reset();
        server.close();
        co_await server.wait_closed();
    }

    std::shared_ptr<Shared> shared;
    ws::Server server;
    std::optional<ws::Connection> client, remote;
};

// One end of a connection whose other end is ours, after the handshake.
class RawEnd {
public:
    RawEnd(StreamReader reader, StreamWriter writer, bool is_server)
        : reader_(std::move(reader)),
          writer_(std::move(writer)),
          is_server_(is_server),
          frames_(is_server, 0, std::make_unique<http::wire::WSInflater>(15, false)) {}

    // Writes a frame, as a client or a server must.
    void frame(WSOpcode opcode, std::string_view payload, bool last = true) {
        const http::wire::WSMask mask = {'m', 'a', 's', 'k'};
        std::string bytes;
        http::wire::append_ws_frame(bytes, opcode, false, payload, is_server_ ? nullptr : &mask, last);
        writer_.write(bytes);
    }
    void bytes(std::string_view raw) { writer_.write(raw); }
    void close_frame(std::uint16_t code, std::string_view reason = "") {
        frame(WSOpcode::close, http::wire::ws_close_payload(code, reason));
    }

    // The next frame or message; nothing at the end.
    Coro<std::optional<WSEvent>> next() {
        while (true) {
            std::optional<WSEvent> event = frames_.read(pending_);
            if (event) co_return event;
            pending_ = co_await reader_.read_view(65536);
            if (pending_.empty()) co_return std::nullopt;
        }
    }
    StreamReader& reader() { return reader_; }
    StreamWriter& writer() { return writer_; }

private:
    StreamReader reader_;
    StreamWriter writer_;
    bool is_server_;
    http::wire::WSReader frames_;
    std::string_view pending_;
};

// A server that agrees to the handshake, then says what `talk` wants.
struct RawHost {
    using Talk = std::function<Coro<>(RawEnd&)>;

    explicit RawHost(Server s) : server(std::move(s)) {}

    static Coro<std::unique_ptr<RawHost>> open(Talk talk, std::string more_headers = "") {
        const auto serve = [talk, more_headers](StreamReader reader, StreamWriter writer) -> Coro<> {
            const std::string head = co_await reader.readuntil("\r\n\r\n");
            constexpr std::string_view kName = "Sec-WebSocket-Key: ";
            const std::size_t at = head.find(kName) + kName.size();
            const std::string accept = http::wire::ws_accept(head.substr(at, head.find("\r\n", at) - at));
            writer.write(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Accept: " +
                accept + "\r\n" + more_headers + "\r\n");
            RawEnd end(reader, writer, true);
            try {
                co_await talk(end);
            } catch (const OSError&) {}
            writer.close();
        };
        co_return std::make_unique<RawHost>(co_await start_server(serve, "127.0.0.1", 0));
    }

    std::string url() const { return "ws://127.0.0.1:" + std::to_string(server.port()) + "/"; }
    Coro<> close() {
        server.close();
        co_await server.wait_closed();
    }

    Server server;
};

// A client of ours, by bytes, of a server of aio::ws.
inline Coro<std::unique_ptr<RawEnd>> raw_client(int port, std::string more_headers = "") {
    auto [reader, writer] = co_await open_connection("127.0.0.1", port);
    writer.write(
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        more_headers + "\r\n");
    co_await reader.readuntil("\r\n\r\n");
    co_return std::make_unique<RawEnd>(reader, writer, false);
}

}  // namespace aio::test
