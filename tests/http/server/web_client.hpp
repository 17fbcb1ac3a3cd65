// A client that sends what bytes a test wants, and reads responses one by one.
#pragma once

#include <aio/base/error.hpp>
#include <aio/core/timeout.hpp>
#include <aio/http/headers.hpp>
#include <aio/http/testing/test_server.hpp>
#include <aio/io/stream.hpp>

#include "http/wire/syntax.hpp"
#include "support/async_test.hpp"

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>

namespace aio::test {

struct WebReply {
    WebReply() noexcept {}
    int status = 0;
    std::string status_line, head, body;
    http::Headers headers;
    std::string header(std::string_view name) const { return std::string(headers.get(name, "")); }
};

// The response that `head` begins, "" at the end of the connection.
inline WebReply parse_reply(std::string head) {
    WebReply reply;
    reply.head = head;
    std::string_view rest = reply.head;
    const auto take_line = [&rest] {
        std::string_view line = http::wire::take_until(rest, '\n');
        if (line.ends_with('\r')) line.remove_suffix(1);
        return line;
    };
    reply.status_line = take_line();
    if (reply.status_line.size() > 12) reply.status = std::atoi(reply.status_line.c_str() + 9);
    while (true) {
        std::string_view line = take_line();
        if (line.empty()) break;
        const std::string_view name = http::wire::take_until(line, ':');
        reply.headers.add(name, http::wire::trimmed(line));
    }
    return reply;
}

class WebClient {
public:
    WebClient(StreamReader reader, StreamWriter writer) : reader_(std::move(reader)), writer_(std::move(writer)) {}

    static Coro<WebClient> connect(int port) {
        auto [reader, writer] = co_await open_connection("127.0.0.1", port);
        co_return WebClient(reader, writer);
    }

    void send(std::string_view bytes) { writer_.write(bytes); }
    // "GET /path HTTP/1.1" with Host, and more.
    void get(std::string_view path, std::string_view headers = "") {
        send("GET " + std::string(path) + " HTTP/1.1\r\nHost: a.example\r\n" + std::string(headers) + "\r\n");
    }

    // The next response. `bodiless`: it answers HEAD.
    Coro<WebReply> reply(bool bodiless = false) {
        std::string head = co_await reader_.readuntil("\r\n\r\n");
        WebReply reply = parse_reply(std::move(head));
        if (bodiless || reply.status < 200 || reply.status == 204 || reply.status == 304) co_return reply;
        if (const auto length = reply.headers.get("Content-Length")) {
            reply.body = co_await reader_.readexactly(std::atoll(std::string(*length).c_str()));
        } else if (reply.headers.get("Transfer-Encoding", "") == "chunked") {
            reply.body = co_await chunks();
        } else {
            reply.body = co_await reader_.read();
        }
        co_return reply;
    }
    Coro<WebReply> ask(std::string path, std::string headers = "") {
        get(path, headers);
        return reply();
    }
    // All that comes until the server closes.
    Coro<std::string> rest() { co_return co_await reader_.read(); }
    void close() { writer_.close(); }
    Coro<> closed() {
        writer_.close();
        co_await writer_.wait_closed();
    }
    StreamReader& reader() { return reader_; }
    StreamWriter& writer() { return writer_; }
    std::string trailers;

private:
    Coro<std::string> chunks() {
        std::string body;
        while (true) {
            const std::string line = co_await reader_.readuntil("\r\n");
            const long size = std::strtol(line.c_str(), nullptr, 16);
            if (size == 0) break;
            body += co_await reader_.readexactly(size);
            co_await reader_.readexactly(2);
        }
        while (true) {
            const std::string line = co_await reader_.readuntil("\r\n");
            if (line == "\r\n") break;
            trailers += line;
        }
        co_return body;
    }

    StreamReader reader_;
    StreamWriter writer_;
};

// One request on a connection of its own.
inline Coro<WebReply> fetch(int port, std::string path, std::string headers = "") {
    WebClient client = co_await WebClient::connect(port);
    client.get(path, headers + "Connection: close\r\n");
    WebReply reply = co_await client.reply();
    co_await client.closed();
    co_return reply;
}

// What comes back for these bytes until the server closes the connection.
inline Coro<std::string> converse(int port, std::string bytes) {
    WebClient client = co_await WebClient::connect(port);
    client.send(bytes);
    std::string all = co_await client.rest();
    co_await client.closed();
    co_return all;
}

}  // namespace aio::test
