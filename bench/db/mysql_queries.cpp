// aio::mysql: the processor's time of this client for a query: one after the other, 16 tasks that share a connection, 16 tasks with
// a connection each, and 1000 rows of four columns, decoded. bench/limit/mysql_libmariadb.cpp has the same by libmariadb.
//
//     mysql_queries mysql://user@host/database
#include <aio/aio.hpp>
#include <aio/mysql.hpp>

#include "support/measure.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int kQueries = 8'000;
constexpr int kResults = 200;
constexpr int kRounds = 9;

// The lower tenth of the rounds.
template <class Round>
aio::Coro<> measure(const char* name, int count, Round round) {
    std::vector<double> samples;
    for (int i = 0; i < kRounds; ++i) {
        const double begin = bench::cpu_ns();
        co_await round();
        samples.push_back((bench::cpu_ns() - begin) / count);
    }
    std::sort(samples.begin(), samples.end());
    bench::report(name, "ns", samples[kRounds / 10]);
}

aio::Coro<> ask(aio::mysql::Connection connection, int count) {
    for (int i = 0; i < count; ++i) {
        auto answer = co_await connection.fetchval<std::int64_t>("SELECT ?", i);
        bench::keep(answer);
    }
}

aio::Coro<> read_rows(aio::mysql::Connection connection) {
    std::int64_t sum = 0;
    for (int i = 0; i < kResults; ++i) {
        const auto rows = co_await connection.fetch(
            "SELECT seq, seq * 2, 'some text', seq / 2.0e0 FROM seq_1_to_1000 WHERE seq > ?", 0);
        for (const auto& row : rows) {
            sum += row.get<std::int64_t>(0) + row.get<std::int64_t>(1) +
                   static_cast<std::int64_t>(row.get<std::string_view>(2).size() + row.get<double>(3));
        }
    }
    bench::keep(sum);
}

aio::Coro<> async_main(std::string dsn) {
    auto connection = co_await aio::mysql::connect(dsn);
    auto one = [&] { return ask(connection, kQueries); };
    co_await measure("mysql_query", kQueries, one);
    auto shared = [&]() -> aio::Coro<> {
        std::vector<aio::Coro<>> tasks;
        for (int i = 0; i < 16; ++i) tasks.push_back(ask(connection, kQueries / 16));
        co_await aio::gather(std::move(tasks));
    };
    co_await measure("mysql_query_of_16_tasks_on_one_connection", kQueries, shared);
    std::vector<aio::mysql::Connection> connections;
    for (int i = 0; i < 16; ++i) connections.push_back(co_await aio::mysql::connect(dsn));
    auto apart = [&]() -> aio::Coro<> {
        std::vector<aio::Coro<>> tasks;
        for (auto& each : connections) tasks.push_back(ask(each, kQueries / 16));
        co_await aio::gather(std::move(tasks));
    };
    co_await measure("mysql_query_of_16_tasks_on_16_connections", kQueries, apart);
    auto rows = [&] { return read_rows(connection); };
    co_await measure("mysql_1000_rows", kResults, rows);
    for (auto& each : connections) co_await each.close();
    co_await connection.close();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s DSN\n", argv[0]);
        return 77;
    }
    aio::run(async_main(argv[1]));
}
