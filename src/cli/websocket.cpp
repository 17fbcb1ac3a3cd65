// `aiocpp ws URL`: lines of standard input are sent, messages are printed. websocket_server.cpp has --serve.
#include "cli/websocket.hpp"

#include "cli/exit_status.hpp"
#include "cli/problem.hpp"
#include "cli/websocket_screen.hpp"
#include "http/given_url.hpp"
#include "http/wire/syntax.hpp"

#include <aio/aio.hpp>
#include <aio/files.hpp>
#include <aio/ssl.hpp>
#include <aio/ws.hpp>

#include <fmt/core.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace aio::cli {

namespace {

namespace wire = http::wire;

constexpr std::uint16_t kGoingAway = 1001;

ws::Connect with_headers(ws::Connect connect, const WebSocketOptions& options) {
    for (const std::string& name : options.subprotocols) connect.subprotocol(name);
    if (options.origins.size() > 1) throw UsageError("a client has one --origin");
    for (const std::string& origin : options.origins) connect.origin(origin);
    for (const std::string& line : options.headers) {
        const std::size_t end = line.find(':');
        if (end == std::string::npos) throw UsageError("-H '" + line + "': write it as 'Name: value'");
        connect.header(line.substr(0, end), wire::trimmed(std::string_view(line).substr(end + 1)));
    }
    return connect;
}

// Errors: UsageError; InvalidURI.
ws::Connect connecting(const WebSocketOptions& options) {
    ws::Options how;
    how.open_timeout = std::chrono::duration<double>(options.connect_timeout);
    how.close_timeout = std::chrono::seconds(3);  // somebody waits for it
    how.deflate.enabled = options.compression != "none";
    const std::string url = options.url.find("://") == std::string::npos ? "ws://" + options.url : options.url;
    try {
        ws::Connect connect = with_headers(
            options.unix_socket.empty() ? ws::connect(url, how) : ws::unix_connect(options.unix_socket, url, how),
            options);
        if (options.insecure) {
            connect.ssl(false);
        } else if (!options.cacert.empty()) {
            connect.ssl(ssl::create_default_context(ssl::Purpose::SERVER_AUTH, options.cacert));
        }
        if (!options.proxy.empty()) connect.proxy(http::detail::typed_url(options.proxy));
        if (!options.user.empty()) {
            const std::size_t colon = options.user.find(':');
            const std::string password = colon == std::string::npos ? "" : options.user.substr(colon + 1);
            connect.auth(http::BasicAuth(options.user.substr(0, colon), password));
        }
        return connect;
    } catch (const http::InvalidURL& error) {
        throw UsageError(std::string("-x: ") + error.what(), kNoProxy);
    } catch (const UsageError&) {
        throw;
    } catch (const ValueError& error) {
        throw UsageError(error.what());
    }
}

class Client {
public:
    Client(const WebSocketOptions& options, ws::Connection connection)
        : options_(options), connection_(std::move(connection)), screen_(options.json) {}

    // Until the connection is closed. Result: an ExitStatus.
    Coro<int> run();

private:
    Coro<> talk(TaskGroup& group);
    Coro<> send_lines();
    Coro<> receive();
    int status() const;

    const WebSocketOptions& options_;
    ws::Connection connection_;
    WebSocketScreen screen_;
    int problem_ = kDone;  // of input or output
};

// At the end of the input the connection is closed: messages that still come are received.
Coro<> Client::send_lines() {
    try {
        const files::File input = files::stdin_bytes();
        while (true) {
            co_await screen_.prompt();
            std::string line = co_await input.readline();
            if (line.empty()) break;
            if (line.ends_with('\n')) line.pop_back();
            co_await connection_.send(line);
        }
    } catch (const ws::ConnectionClosed&) {
        co_return;  // receive() notices it too
    } catch (const ValueError&) {
        screen_.complain("aiocpp: a line of the input is not UTF-8, so it cannot be sent as text");
        problem_ = kReadError;
    } catch (const OSError& error) {
        screen_.complain(fmt::format("aiocpp: standard input: {}", error.what()));
        problem_ = kReadError;
    }
    if (!options_.no_close || problem_ != kDone) co_await connection_.close();
}

Coro<> Client::receive() {
    try {
        while (auto message = co_await connection_.next()) co_await screen_.show(*std::move(message));
    } catch (const ws::ConnectionClosedError&) {
        // status() looks at its code
    }
}

int Client::status() const {
    if (problem_ != kDone) return problem_;
    const std::uint16_t code = connection_.close_code().value_or(1006);
    return code == 1000 || code == kGoingAway || code == 1005 ? kDone : kReceiveError;
}

Coro<> Client::talk(TaskGroup& group) {
    try {
        co_await screen_.connected(options_.url, connection_.subprotocol());
        const Task<> sending = group.create_task(send_lines());
        co_await receive();
        const ws::Close close{connection_.close_code().value_or(1006), connection_.close_reason().value_or("")};
        co_await screen_.closed(close);
        sending.cancel();
        co_return;
    } catch (const OSError& error) {
        screen_.complain(fmt::format("aiocpp: standard output: {}", error.what()));
        problem_ = kWriteError;
    }
    connection_.abort();  // ends send_lines()
}

Coro<int> Client::run() {
    bool interrupted = false;
    try {
        co_await with_task_group([this](TaskGroup& group) { return talk(group); });
    } catch (const CancelledError&) {
        interrupted = true;
    }
    co_await connection_.close(kGoingAway);
    co_return interrupted ? kInterrupted : status();
}

int complain_about(const std::string& url) {
    const Problem problem = explain(std::current_exception());
    fmt::print(stderr, "aiocpp ws: {}{}{}\n", url, url.empty() ? "" : ": ", problem.text);
    return problem.status;
}

Coro<int> client_main(const WebSocketOptions& options) {
    EventLoop& loop = get_running_loop();
    bool terminated = false;
    loop.add_signal_handler(SIGTERM, [&terminated, main = current_task()] {
        if (!std::exchange(terminated, true)) main.cancel();
    });
    int status = kInterrupted;
    try {
        ws::Connect connect = connecting(options);
        ws::Connection connection = co_await std::move(connect);
        Client client(options, std::move(connection));
        status = co_await client.run();
    } catch (const CancelledError&) {
        // while it connects
    } catch (const UsageError&) {
        status = complain_about("");
    } catch (const std::exception&) {
        status = complain_about(options.url);
    }
    loop.remove_signal_handler(SIGTERM);
    co_return status == kInterrupted&& terminated ? kTerminated : status;
}

}  // namespace

int websocket(const WebSocketOptions& options) {
    if (options.serve >= 0) return serve_websockets(options);
    if (options.url.empty()) {
        fmt::print(stderr, "aiocpp ws: give the URL of a server, or --serve PORT to be one\n");
        return kUsage;
    }
    try {
        return aio::run(client_main(options));
    } catch (const KeyboardInterrupt&) {
        return kInterrupted;
    }
}

}  // namespace aio::cli
