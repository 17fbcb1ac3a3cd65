#include "http/client/fake_host.hpp"

#include "http/wire/syntax.hpp"

#include <cstdlib>

namespace aio::test {

namespace wire = http::wire;

std::string RawRequest::header(std::string_view name) const {
    std::string_view rest = head;
    wire::take_until(rest, '\n');
    while (!rest.empty()) {
        std::string_view line = wire::take_until(rest, '\n');
        const std::string_view key = wire::take_until(line, ':');
        if (!wire::equal_ignoring_case(key, name)) continue;
        if (line.ends_with('\r')) line.remove_suffix(1);
        return std::string(wire::trimmed(line));
    }
    return "(none)";
}

std::string answer(std::string_view body, std::string_view headers, std::string_view status) {
    return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string redirect(std::string_view status, std::string_view location) {
    return answer("moved", "Location: " + std::string(location) + "\r\n", status);
}

Coro<FakeHost*> FakeHost::open(Respond respond, ServerOptions options) {
    FakeHost* host = &keep<FakeHost>();
    host->respond_ = std::move(respond);
    auto handler = [host](StreamReader reader, StreamWriter writer) {
        return serve(host, std::move(reader), std::move(writer));
    };
    host->server_ = co_await start_server(handler, "127.0.0.1", 0, options);
    host->port_ = host->server_->port();
    co_return host;
}

Coro<FakeHost*> FakeHost::talking(Talk talk, ServerOptions options) {
    FakeHost* host = &keep<FakeHost>();
    host->talk_ = std::move(talk);
    auto handler = [host](StreamReader reader, StreamWriter writer) {
        ++host->connections;
        return host->talk_(*host, std::move(reader), std::move(writer));
    };
    host->server_ = co_await start_server(handler, "127.0.0.1", 0, options);
    host->port_ = host->server_->port();
    co_return host;
}

http::URL FakeHost::url(std::string_view path, std::string_view host) const {
    return http::URL("http://" + std::string(host) + ":" + std::to_string(port_) + std::string(path));
}

Coro<std::optional<RawRequest>> FakeHost::read(StreamReader reader, int connection) {
    RawRequest request;
    request.connection = connection;
    try {
        request.head = co_await reader.readuntil("\r\n\r\n");
    } catch (const IncompleteReadError&) {
        co_return std::nullopt;
    } catch (const OSError&) {
        co_return std::nullopt;
    }
    std::string_view line = request.head;
    request.method = wire::take_until(line, ' ');
    request.target = wire::take_until(line, ' ');
    if (request.header("Transfer-Encoding") == "chunked") {
        while (true) {
            const std::string size = co_await reader.readline();
            const auto count = static_cast<std::ptrdiff_t>(std::strtoul(size.c_str(), nullptr, 16));
            if (count > 0) request.body += co_await reader.readexactly(count);
            co_await reader.readline();
            if (count == 0) break;
        }
    } else if (request.header("Content-Length") != "(none)") {
        request.body = co_await reader.readexactly(std::stol(request.header("Content-Length")));
    }
    requests.push_back(request);
    co_return request;
}

Coro<> FakeHost::serve(FakeHost* host, StreamReader reader, StreamWriter writer) {
    const int connection = ++host->connections;
    while (true) {
        std::optional<RawRequest> request;
        try {
            request = co_await host->read(reader, connection);
        } catch (const std::exception&) {
            break;  // it went away within a request
        }
        if (!request) break;
        const Reply reply = host->respond_(*request);
        writer.write(reply.bytes);
        if (reply.close) break;
    }
    writer.close();
    try {
        co_await writer.wait_closed();
    } catch (const std::exception&) {
        // The client's business.
    }
}

Coro<> FakeHost::stop() {
    server_->close();
    co_await server_->wait_closed();
}

Coro<FakeHost*> saying(std::string bytes, bool close) {
    auto respond = [bytes, close](const RawRequest&) { return Reply(bytes, close); };
    co_return co_await FakeHost::open(respond);
}

Coro<> end(http::ClientSession& session, FakeHost& host) {
    co_await session.close();
    co_await host.stop();
}

Coro<int> unused_port() {
    auto nobody = [](StreamReader, StreamWriter) {};
    const Server server = co_await start_server(nobody, "127.0.0.1", 0);
    const int port = server.port();
    server.close();
    co_await server.wait_closed();
    co_return port;
}

Coro<std::string> text_of(http::ClientRequest request) {
    http::ClientResponse response = co_await std::move(request);
    co_return co_await response.text();
}

}  // namespace aio::test
