// `aiocpp ws --serve`: sends messages back, or to all clients; its log is a line for each message on standard error.
#include "cli/websocket.hpp"

#include "cli/exit_status.hpp"
#include "cli/listening.hpp"
#include "cli/printable.hpp"
#include "cli/websocket_screen.hpp"

#include <aio/aio.hpp>
#include <aio/ws.hpp>

#include <fmt/core.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

namespace aio::cli {

namespace {

class WebSocketServer {
public:
    explicit WebSocketServer(const WebSocketOptions& options) : options_(options) {}
    Coro<> run();

private:
    Coro<> serve_one(ws::Connection& connection);
    Coro<> answer(ws::Connection& connection, const std::string& name);
    void log(const std::string& name, const std::string& what) const;

    const WebSocketOptions& options_;
    std::optional<ws::Server> server_;
};

// One write for each line.
void WebSocketServer::log(const std::string& name, const std::string& what) const {
    constexpr std::size_t kMost = 200;
    if (options_.quiet) return;
    std::string line = printable_line(name + " " + what.substr(0, kMost));
    if (what.size() > kMost) line += "...";
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
}

Coro<> WebSocketServer::answer(ws::Connection& connection, const std::string& name) {
    while (auto message = co_await connection.next()) {
        log(name, "< " + message_line(*message));
        if (!options_.broadcast) {
            co_await connection.send(*message);
            continue;
        }
        ws::BroadcastOptions how;
        how.type = message->type();
        ws::broadcast(server_->connections(), message->data(), how);
    }
}

Coro<> WebSocketServer::serve_one(ws::Connection& connection) {
    const std::string name = connection.remote_address().str();
    log(name, "connected: " + connection.path());
    std::string end;
    try {
        co_await answer(connection, name);
    } catch (const ws::ConnectionClosed& error) {
        end = error.what();
    }
    const ws::Close close{connection.close_code().value_or(1006), connection.close_reason().value_or("")};
    log(name, "closed: " + (end.empty() ? close.str() : end));
}

Coro<> WebSocketServer::run() {
    get_running_loop().add_signal_handler(SIGTERM, [main = current_task()] { main.cancel(); });
    ws::Options how;
    how.close_timeout = std::chrono::seconds(3);
    how.deflate.enabled = options_.compression != "none";
    ws::Serve serve = ws::serve([this](ws::Connection& connection) { return serve_one(connection); },
                                bare_host(options_.host), options_.serve, how);
    for (const std::string& name : options_.subprotocols) serve.subprotocol(name);
    for (const std::string& origin : options_.origins) serve.origin(origin);
    serve.shutdown_timeout(std::chrono::seconds(10));
    server_ = co_await std::move(serve);
    fmt::print("======== Running on {} ========\n(Press CTRL+C to quit)\n", server_->url());
    std::fflush(stdout);
    try {
        co_await server_->serve_forever();
    } catch (const CancelledError&) {
        // Ctrl-C or SIGTERM: it is closed
    }
    get_running_loop().remove_signal_handler(SIGTERM);
}

Coro<> server_main(const WebSocketOptions& options) {
    WebSocketServer server(options);
    co_await server.run();
}

}  // namespace

int serve_websockets(const WebSocketOptions& options) {
    try {
        aio::run(server_main(options));
    } catch (const KeyboardInterrupt&) {
        return kDone;
    } catch (const OSError& error) {
        fmt::print(stderr, "aiocpp ws: {}{}\n", error.what(), listening_advice(error, "--serve"));
        return kFailed;
    } catch (const ValueError& error) {
        fmt::print(stderr, "aiocpp ws: {}\n", error.what());
        return kUsage;
    }
    return kDone;
}

}  // namespace aio::cli
