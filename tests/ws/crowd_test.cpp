// Many clients of one server: they do not come back all at once. bench/ws/ws_crowd.cpp measures the same with thousands.
#include "ws/pair.hpp"

#include <algorithm>
#include <vector>

namespace aio::test {
namespace {

struct Returning {
    std::size_t connected = 0;
    std::vector<Duration> attempts;  // since the server is back
};

Coro<> stay_connected(std::string url, Returning& all) {
    auto connections = ws::connect(url).reconnecting();
    while (auto connection = co_await connections.next()) {
        ++all.connected;
        co_await connection->wait_closed();
        --all.connected;
    }
}

ASYNC_TEST(WSCrowd, clients_of_a_server_that_restarts_come_back_one_by_one, kOnce) {
    if (!virtual_time()) co_return;  // it takes seconds
    constexpr std::size_t kClients = 100;
    Returning& all = keep<Returning>();
    ws::Server server = co_await ws::serve(echo_all, "127.0.0.1", 0);
    const int port = server.port();
    std::vector<Task<>> clients;
    for (std::size_t i = 0; i < kClients; ++i) clients.push_back(create_task(stay_connected(server.url(), all)));
    while (all.connected < kClients) co_await sleep(1ms);
    server.close(true, 1012, "restarting");
    co_await server.wait_closed();
    co_await sleep(1s);  // who comes meanwhile is refused
    const Stopwatch watch;
    const auto note = [&all, watch](http::Request&) -> Coro<std::optional<http::Response>> {
        all.attempts.push_back(watch.elapsed());
        co_return std::nullopt;
    };
    server = co_await ws::serve(echo_all, "127.0.0.1", port).process_request(note);
    while (all.connected < kClients) co_await sleep(1ms);
    EXPECT_EQ(all.attempts.size(), kClients);
    std::sort(all.attempts.begin(), all.attempts.end());
    std::size_t most = 0;
    for (std::size_t i = 0, first = 0; i < all.attempts.size(); ++i) {
        while (all.attempts[i] - all.attempts[first] > 100ms) ++first;
        most = std::max(most, i - first + 1);
    }
    EXPECT_LE(most, kClients / 5) << "within 100 ms of ten seconds";
    for (const Task<>& client : clients) client.cancel();
    for (Task<>& client : clients) co_await expect_throws<CancelledError>(client);
    server.close();
    co_await server.wait_closed();
}

}  // namespace
}  // namespace aio::test
