// A server that answers what a test wants, byte by byte, and notes what it was asked.
#pragma once

#include <aio/base/function.hpp>
#include <aio/http.hpp>
#include <aio/io/server.hpp>

#include "support/async_test.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

namespace aio::test {

struct RawRequest {
    std::string method, target;
    std::string head;  // all of it
    std::string body;  // without chunks
    int connection = 0;

    // A header's value; "(none)".
    std::string header(std::string_view name) const;
};

struct Reply {
    std::string bytes;
    bool close = false;  // the connection, behind it

    Reply(std::string text, bool then_close = false) : bytes(std::move(text)), close(then_close) {}
    Reply(const char* text) : bytes(text) {}
};

// "HTTP/1.1 200 OK" with these headers ("A: b\r\n"...) and this body.
std::string answer(std::string_view body = "", std::string_view headers = "", std::string_view status = "200 OK");
std::string redirect(std::string_view status, std::string_view location);

class FakeHost {
public:
    using Respond = aio::detail::Function<Reply(const RawRequest&)>;
    using Talk = aio::detail::Function<Coro<>(FakeHost&, StreamReader, StreamWriter)>;

    // On 127.0.0.1. What it does on each connection: `talk`; or reads requests and responds.
    static Coro<FakeHost*> open(Respond respond, ServerOptions options = {});
    static Coro<FakeHost*> talking(Talk talk, ServerOptions options = {});

    http::URL url(std::string_view path = "/", std::string_view host = "127.0.0.1") const;
    int port() const noexcept { return port_; }
    std::vector<RawRequest> requests;
    int connections = 0;

    // Reads one request; nothing at the end. It is in `requests` as well.
    Coro<std::optional<RawRequest>> read(StreamReader reader, int connection = 0);
    // Closes the server and waits for its connections.
    Coro<> stop();

private:
    static Coro<> serve(FakeHost* host, StreamReader reader, StreamWriter writer);

    std::optional<Server> server_;
    Respond respond_;
    Talk talk_;
    int port_ = 0;
};

// One that answers everything with `bytes`, and then closes or not.
Coro<FakeHost*> saying(std::string bytes, bool close = false);

// The end of most tests: the session first, or its connections would keep the server.
Coro<> end(http::ClientSession& session, FakeHost& host);

// What the E that `request` fails with says.
template <class E>
Coro<std::string> fails(http::ClientRequest request) {
    co_return co_await expect_throws<E>(std::move(request));
}

// A port that nobody listens at.
Coro<int> unused_port();

// The text of the answer.
Coro<std::string> text_of(http::ClientRequest request);

}  // namespace aio::test
