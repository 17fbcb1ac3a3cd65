// metrics_handler(): the numbers of servers, clients and loops, in a format that Prometheus' own programs accept.
#include <aio/multicore.hpp>

#include "http/server/site.hpp"
#include "support/command.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace aio::test {
namespace {

using http::ClientSession, http::metrics_handler;
using testing::HasSubstr, testing::MatchesRegex;

// The samples of a scrape, by name and labels.
std::map<std::string, double> samples_of(const std::string& text) {
    std::map<std::string, double> samples;
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
        if (line.starts_with('#')) continue;
        const std::size_t space = line.rfind(' ');
        EXPECT_TRUE(samples.emplace(line.substr(0, space), std::stod(line.substr(space))).second) << line;
    }
    return samples;
}

// The newest of those that match: objects of tests before may be there.
double last_sample(const std::map<std::string, double>& samples, const std::string& name, const std::string& rest) {
    double found = -1;
    int newest = -1;
    for (const auto& [key, value] : samples) {
        const std::size_t quote = key.find('"');
        if (!key.starts_with(name + "{") || !key.ends_with(rest) || quote == key.npos) continue;
        if (const int number = std::atoi(key.c_str() + quote + 1); number > newest) {
            newest = number;
            found = value;
        }
    }
    EXPECT_GE(newest, 0) << name;
    return found;
}

ASYNC_TEST(HttpMetrics, tell_what_a_server_and_its_client_did, kOnce) {
    Site site;
    site.app.router().add_get("/metrics", metrics_handler());
    co_await site.server.start();
    ClientSession session;
    for (const char* path : {"/", "/", "/nowhere"}) {
        auto response = co_await session.get(site.server.make_url(path));
        co_await response.read();
    }
    auto scrape = co_await session.get(site.server.make_url("/metrics"));
    EXPECT_EQ(scrape.headers().get("Content-Type", ""), "text/plain; version=0.0.4; charset=utf-8");
    const std::string text = co_await scrape.text();
    const auto samples = samples_of(text);
    EXPECT_EQ(last_sample(samples, "aiocpp_http_server_requests_total", "status=\"2xx\"}"), 2);
    EXPECT_EQ(last_sample(samples, "aiocpp_http_server_requests_total", "status=\"4xx\"}"), 1);
    EXPECT_EQ(last_sample(samples, "aiocpp_http_server_connections", "}"), 1);
    EXPECT_EQ(last_sample(samples, "aiocpp_http_server_connections_opened_total", "}"), 1);
    EXPECT_GT(last_sample(samples, "aiocpp_http_server_response_body_bytes_total", "}"), 2 * 12);
    EXPECT_EQ(last_sample(samples, "aiocpp_http_client_requests_total", "}"), 4);
    EXPECT_EQ(last_sample(samples, "aiocpp_http_client_connections_opened_total", "}"), 1);
    EXPECT_EQ(last_sample(samples, "aiocpp_http_client_connections", "state=\"used\"}"), 1);
    EXPECT_EQ(last_sample(samples, "aiocpp_http_client_waiting_requests", "}"), 0);
    EXPECT_GE(last_sample(samples, "aiocpp_loop_tasks_created_total", "}"), 2);
    EXPECT_GT(last_sample(samples, "aiocpp_loop_io_operations_total", "}"), 0);
    EXPECT_EQ(last_sample(samples, "aiocpp_loop_responding", "}"), 1);
    for (const char* family : {"passes_total counter", "busy_seconds_total counter", "tasks gauge"})
        EXPECT_THAT(text, HasSubstr(std::string("# TYPE aiocpp_loop_") + family + "\n"));
    co_await session.close();
    co_await site.server.close();
}

// Each family has its HELP and TYPE once, and its samples stand together below them.
ASYNC_TEST(HttpMetrics, are_accepted_by_other_programs, kOnce) {
    Site site;
    site.app.router().add_get("/metrics", metrics_handler());
    co_await site.server.start();
    ClientSession session, other;
    auto page = co_await other.get(site.server.make_url("/"));
    co_await page.read();
    auto scrape = co_await session.get(site.server.make_url("/metrics"));
    const std::string text = co_await scrape.text();
    std::istringstream lines(text);
    std::string line, family;
    std::map<std::string, int> families;
    while (std::getline(lines, line)) {
        if (line.starts_with("# HELP ")) family = line.substr(7, line.find(' ', 7) - 7);
        if (line.starts_with("# TYPE ")) {
            ++families[family];
            EXPECT_THAT(line, MatchesRegex("# TYPE " + family + " (counter|gauge)"));
            EXPECT_EQ(line.ends_with(" counter"), family.ends_with("_total")) << line;
        }
        const bool below = line.starts_with("#") || line.starts_with(family + "{");
        EXPECT_TRUE(below) << line;
    }
    EXPECT_GT(families.size(), 15u);
    for (const auto& [name, count] : families) EXPECT_EQ(count, 1) << name;

    const std::string file =
        std::filesystem::temp_directory_path() / ("aiocpp-metrics-" + std::to_string(::getpid()));
    std::ofstream(file) << text;
    if (!simulated() && succeeds("command -v promtool")) {
        EXPECT_TRUE(succeeds("promtool check metrics < " + file));
    }
    if (!simulated() && succeeds("python3 -c 'import prometheus_client'")) {
        EXPECT_TRUE(
            succeeds("python3 -c 'import sys; from prometheus_client.parser import *; "
                     "assert len(list(text_fd_to_metric_families(open(sys.argv[1])))) > 15' " +
                     file));
    }
    std::filesystem::remove(file);
    co_await session.close();
    co_await other.close();
    co_await site.server.close();
}

ASYNC_TEST(HttpMetrics, come_from_all_loops_also_if_one_is_blocked, kOnce) {
    if (simulated()) CO_SKIP();  // its clock does not wait for threads
    LoopGroup group({.size = 2});
    Application app;
    app.router().add_get("/metrics", metrics_handler());
    TestServer server(app);
    co_await server.start();
    ClientSession session;
    // On a busy machine any loop may answer too late: scrapes until `wanted` loops are said to answer, or not to.
    const auto scrape_until = [&](double answers, std::size_t wanted) -> Coro<> {
        std::size_t count = 0;
        do {
            auto scrape = co_await session.get(server.make_url("/metrics"));
            const auto samples = samples_of(co_await scrape.text());
            count = 0;
            for (const auto& [name, number] : samples)
                count += name.starts_with("aiocpp_loop_responding{") && number == answers;
        } while (count != wanted);
    };
    co_await scrape_until(1, 3);
    std::atomic<bool> blocked{false}, over{false};
    group.loop(0).call_soon_threadsafe([&] {
        blocked = true;
        while (!over) ::usleep(1000);
    });
    while (!blocked) co_await aio::sleep(1ms);
    co_await scrape_until(0, 1);
    over = true;
    co_await scrape_until(1, 3);
    co_await session.close();
    co_await server.close();
    group.stop();
}

}  // namespace
}  // namespace aio::test
