// Many WebSockets at once, on one loop; each case prints its figures, one JSON object a line.
//
//     ws_crowd idle N             N idle connections with keepalive: bytes that the server, and the client, keep for each
//     ws_crowd broadcast N STUCK  broadcasts to N clients of which STUCK do not read: how late the others are, and how many
//                                 were dropped
//     ws_crowd reconnect N        N clients of a server that restarts: when they come back
#include <aio/aio.hpp>
#include <aio/ws.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../support/measure.hpp"

using namespace std::chrono_literals;

namespace {

namespace ws = aio::ws;

void allow_many_descriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

aio::Coro<> echo(ws::Connection& connection) {
    while (auto message = co_await connection.next()) co_await connection.send(*message);
}

double seconds(aio::Duration time) { return std::chrono::duration<double>(time).count(); }

// --- idle ------------------------------------------------------------------------------------------------------------

ws::Options idle_options() {
    ws::Options options;
    options.ping_interval = options.ping_timeout = 5s;
    options.open_timeout = 60s;
    options.deflate.enabled = std::getenv("DEFLATE") != nullptr;
    return options;
}

// The server has a process of its own: what it keeps is its own. It writes its port, and its memory when it is asked.
aio::Coro<> serve_idle(int input, int output) {
    const auto server = co_await ws::serve(echo, "127.0.0.1", 0, idle_options()).site({.backlog = 4096});
    const int port = server.port();
    if (write(output, &port, sizeof port) != sizeof port) std::exit(1);
    aio::StreamReader reader = aio::connect_read_pipe(input);
    while (!(co_await reader.read(1)).empty()) {
        const double bytes = bench::status_bytes("VmRSS:");
        if (write(output, &bytes, sizeof bytes) != sizeof bytes) std::exit(1);
    }
}

aio::Coro<> connect_many(std::string url, std::size_t count, std::vector<ws::Connection>& all) {
    while (all.size() < count) {
        std::vector<aio::Task<ws::Connection>> tasks;
        for (std::size_t i = all.size(); i < std::min(count, all.size() + 100); ++i) {
            tasks.push_back(aio::create_task(ws::connect(url, idle_options()).proxy(std::nullopt).connect()));
        }
        for (auto& task : tasks) all.push_back(co_await task);
    }
}

aio::Coro<> stay_idle(std::size_t count, int to_server, int from_server) {
    int port = 0;
    if (read(from_server, &port, sizeof port) != sizeof port) std::exit(1);
    const auto of_server = [&] {
        double bytes = 0;
        if (write(to_server, "m", 1) != 1 || read(from_server, &bytes, sizeof bytes) != sizeof bytes) std::exit(1);
        return bytes;
    };
    const std::string url = "ws://127.0.0.1:" + std::to_string(port) + "/";
    std::vector<ws::Connection> warm, all;
    co_await connect_many(url, 100, warm);  // what both sides make once
    co_await aio::sleep(3s);
    const double server = of_server(), client = bench::status_bytes("VmRSS:");
    all.reserve(count);
    co_await connect_many(url, count, all);
    co_await aio::sleep(13s);  // two pings of each side
    const double n = static_cast<double>(count);
    bench::report("idle_server", "bytes_per_connection", (of_server() - server) / n);
    bench::report("idle_client", "bytes_per_connection", (bench::status_bytes("VmRSS:") - client) / n);
    std::size_t alive = 0;
    for (const ws::Connection& each : all) alive += each.state() == ws::State::open && each.latency() > 0s;
    bench::report("idle", "alive_and_answered", static_cast<double>(alive));
}

int idle(std::size_t count) {
    int down[2], up[2];
    if (pipe(down) != 0 || pipe(up) != 0) return 1;
    const pid_t server = fork();
    if (server == 0) {
        close(down[1]);
        aio::run(serve_idle(down[0], up[1]));
        std::exit(0);
    }
    aio::run(stay_idle(count, down[1], up[0]));
    kill(server, SIGKILL);
    waitpid(server, nullptr, 0);
    return 0;
}

// --- broadcast -------------------------------------------------------------------------------------------------------

struct Crowd {
    std::vector<ws::Connection> all;
    aio::Event leave;
};

// Each message begins with the time at which it was sent.
aio::Coro<> note_delays(ws::Connection connection, std::vector<double>& delays) {
    while (true) {
        const ws::MessageView message = co_await connection.recv_view();
        aio::TimePoint sent;
        std::memcpy(static_cast<void*>(&sent), message.data.data(), sizeof sent);
        delays.push_back(seconds(aio::get_running_loop().time() - sent));
    }
}

aio::Coro<> broadcast(std::size_t count, std::size_t stuck) {
    Crowd crowd;
    const auto enter = [&crowd](ws::Connection& connection) -> aio::Coro<> {
        crowd.all.push_back(connection);
        co_await crowd.leave.wait();
    };
    ws::Options options = idle_options();
    options.deflate.enabled = false;
    options.max_queue = 1;
    options.ping_interval.reset();
    const auto server = co_await ws::serve(enter, "127.0.0.1", 0, options).site({.backlog = 4096});
    std::vector<ws::Connection> clients;
    co_await connect_many(server.url(), count, clients);
    while (crowd.all.size() < count) co_await aio::sleep(10ms);
    std::vector<double> delays;
    std::vector<aio::Task<>> readers;
    for (std::size_t i = stuck; i < count; ++i) {
        readers.push_back(aio::create_task(note_delays(clients[i], delays)));
    }
    std::string text(16 * 1024, 'x');
    constexpr int kMessages = 400;
    std::size_t reached = 0;
    for (int i = 0; i < kMessages; ++i) {
        const aio::TimePoint now = aio::get_running_loop().time();
        std::memcpy(text.data(), static_cast<const void*>(&now), sizeof now);
        reached = ws::broadcast(crowd.all, text, {.type = ws::MessageType::binary});
        while (delays.size() < (count - stuck) * static_cast<std::size_t>(i + 1)) co_await aio::sleep(1ms);
    }
    std::sort(delays.begin(), delays.end());
    bench::report("broadcast", "median_ms", 1e3 * delays[delays.size() / 2]);
    bench::report("broadcast", "p99_ms", 1e3 * delays[delays.size() * 99 / 100]);
    bench::report("broadcast", "worst_ms", 1e3 * delays.back());
    bench::report("broadcast", "reached_last", static_cast<double>(reached));
    for (auto& reader : readers) reader.cancel();
    crowd.leave.set();
}

// --- reconnect -------------------------------------------------------------------------------------------------------

aio::Coro<> stay_connected(std::string url, std::size_t& connected) {
    auto connections = ws::connect(url, idle_options()).reconnecting();
    while (auto connection = co_await connections.next()) {
        ++connected;
        co_await connection->wait_closed();
        --connected;
    }
}

aio::Coro<> reconnect(std::size_t count) {
    std::optional<ws::Server> server = co_await ws::serve(echo, "127.0.0.1", 0).site({.backlog = 4096});
    const int port = server->port();
    const std::string url = server->url();
    std::size_t connected = 0;
    std::vector<aio::Task<>> clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(aio::create_task(stay_connected(url, connected)));
    while (connected < count) co_await aio::sleep(10ms);
    server->close(true, 1012, "restarting");
    co_await server->wait_closed();
    server.reset();
    co_await aio::sleep(1s);  // the restart; who comes meanwhile is refused
    const aio::TimePoint start = aio::get_running_loop().time();
    std::vector<double> attempts;
    const auto note = [&](aio::http::Request&) -> aio::Coro<std::optional<aio::http::Response>> {
        attempts.push_back(seconds(aio::get_running_loop().time() - start));
        co_return std::nullopt;
    };
    server = co_await ws::serve(echo, "127.0.0.1", port).site({.backlog = 4096}).process_request(note);
    while (connected < count) co_await aio::sleep(10ms);
    std::sort(attempts.begin(), attempts.end());
    std::size_t most = 0;  // within 100 ms
    for (std::size_t i = 0, first = 0; i < attempts.size(); ++i) {
        while (attempts[i] - attempts[first] > 0.1) ++first;
        most = std::max(most, i - first + 1);
    }
    bench::report("reconnect", "attempts", static_cast<double>(attempts.size()));
    bench::report("reconnect", "most_in_100_ms", static_cast<double>(most));
    bench::report("reconnect", "median_s", attempts[attempts.size() / 2]);
    bench::report("reconnect", "last_s", attempts.back());
    for (auto& client : clients) client.cancel();
    server->close();
    co_await server->wait_closed();
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc > 2 ? argv[1] : "";
    const std::size_t count = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0;
    allow_many_descriptors();
    if (what == "idle" && count > 0) return idle(count);
    if (what == "broadcast" && count > 0) {
        aio::run(broadcast(count, argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 0));
    } else if (what == "reconnect" && count > 0) {
        aio::run(reconnect(count));
    } else {
        std::fprintf(stderr, "usage: %s idle N | broadcast N STUCK | reconnect N\n", argv[0]);
        return 2;
    }
    return 0;
}
