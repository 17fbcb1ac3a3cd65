// aio::pg in the databases section: CPU time per query of a client. Without cases it lists them.
//
//     AIO_BACKEND=io_uring pg_queries DSN CASE...
#include <aio/aio.hpp>
#include <aio/pg.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../support/queries.hpp"

namespace {

constexpr int kTasks = 16, kDepth = 64, kRows = 1000;

std::string dsn;

void expect(bool right) { bench::expect_answer(right, "pg_queries"); }

// `Source` is a connection or a pool.
template <class Source>
aio::Coro<> ask(Source source, long& left) {
    while (left-- > 0) expect(co_await source.template fetchval<int>("SELECT 1") == 1);
}

// Each task has one of `sources`, in turn.
template <class Source>
aio::Coro<> ask_all(std::vector<Source> sources, int tasks, const char* name, long queries) {
    bench::QueryRounds rounds(name, queries);
    while (rounds.next()) {
        long left = rounds.queries();
        std::vector<aio::Coro<>> asking;
        for (int i = 0; i < tasks; ++i)
            asking.push_back(ask(sources[static_cast<std::size_t>(i) % sources.size()], left));
        co_await aio::gather(std::move(asking));
    }
}

aio::Coro<> on_connections(int connections, int tasks, const char* name, long queries) {
    std::vector<aio::pg::Connection> all;
    for (int i = 0; i < connections; ++i) all.push_back(co_await aio::pg::connect(dsn));
    co_await ask_all(all, tasks, name, queries);
    for (const auto& connection : all) co_await connection.close();
}

aio::Coro<> on_pool(const char* name, bool shares) {
    const aio::pg::PoolOptions options = {.min_size = kTasks, .max_size = kTasks, .share_connections = shares};
    const auto pool = co_await aio::pg::create_pool(dsn, options);
    const std::vector<aio::pg::Pool> one(1, pool);
    co_await ask_all(one, kTasks, name, 2000);
    co_await pool.close();
}

// A result as programs have them: a number, a text, a double, a truth; all read.
aio::Coro<> read_rows() {
    const auto connection = co_await aio::pg::connect(dsn);
    bench::QueryRounds rounds("rows", 50);
    while (rounds.next()) {
        for (long i = 0; i < rounds.queries(); ++i) {
            const auto rows = co_await connection.fetch(
                "SELECT i AS id, 'name ' || i AS name, i * 0.5::float8 AS score, i % 2 = 0 AS even FROM "
                "generate_series(1, $1::int) i",
                kRows);
            std::int64_t ids = 0, evens = 0;
            std::size_t bytes = 0;
            double scores = 0;
            for (const auto& row : rows) {
                ids += row.get<int>(0);
                bytes += row.get<std::string_view>(1).size();
                scores += row.get<double>(2);
                evens += row.get<bool>(3) ? 1 : 0;
            }
            expect(ids == 500'500 && scores == 250'250 && evens == 500 && bytes == 7'893);
        }
    }
    co_await connection.close();
}

// Statements of 1 ms beside one task's of 100 ms: how long the slowest hundredth of the fast ones takes, by the clock.
template <class Source>
aio::Coro<> ask_fast(Source source, long& left, std::vector<double>& waits) {
    while (left-- > 0) {
        const auto begin = std::chrono::steady_clock::now();
        co_await source.execute("SELECT pg_sleep(0.001)");
        const std::chrono::duration<double, std::nano> wait = std::chrono::steady_clock::now() - begin;
        waits.push_back(wait.count());
    }
}

template <class Source>
aio::Coro<> ask_slow(Source source, const long& left) {
    while (left > 0) co_await source.execute("SELECT pg_sleep(0.1)");
}

template <class Source>
aio::Coro<> beside_slow(std::vector<Source> sources, const char* name) {
    std::vector<double> waits;
    for (long round = 0; round < 2; ++round) {  // the first one shows the pool what is slow
        waits.clear();
        long left = 5000;
        std::vector<aio::Coro<>> asking;
        asking.push_back(ask_slow(sources.front(), left));
        for (std::size_t i = 1; i < kTasks; ++i) asking.push_back(ask_fast(sources[i % sources.size()], left, waits));
        co_await aio::gather(std::move(asking));
    }
    std::sort(waits.begin(), waits.end());
    bench::report(name, "ns", waits[waits.size() * 99 / 100]);
}

aio::Coro<> beside_slow_apart() {
    std::vector<aio::pg::Connection> all;
    for (int i = 0; i < kTasks; ++i) all.push_back(co_await aio::pg::connect(dsn));
    co_await beside_slow(all, "p99_apart");
    for (const auto& connection : all) co_await connection.close();
}

aio::Coro<> beside_slow_shared() {
    const aio::pg::PoolOptions options = {.min_size = kTasks, .max_size = kTasks, .share_connections = true};
    const auto pool = co_await aio::pg::create_pool(dsn, options);
    const std::vector<aio::pg::Pool> one(1, pool);
    co_await beside_slow(one, "p99_shared");
    co_await pool.close();
}

void one() { aio::run(on_connections(1, 1, "one", 500)); }
void spread() { aio::run(on_connections(kTasks, kTasks, "spread", 2000)); }
void pool() { aio::run(on_pool("pool", false)); }
void shared() { aio::run(on_pool("shared", true)); }
void deep() { aio::run(on_connections(1, kDepth, "deep", 8000)); }
void rows() { aio::run(read_rows()); }
void p99_apart() { aio::run(beside_slow_apart()); }
void p99_shared() { aio::run(beside_slow_shared()); }

constexpr bench::Case kCases[] = {
    {"one", one},   {"spread", spread}, {"pool", pool},           {"shared", shared},
    {"deep", deep}, {"rows", rows},     {"p99_apart", p99_apart}, {"p99_shared", p99_shared},
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return bench::run_cases(argc, argv, kCases);
    dsn = argv[1];
    return bench::run_cases(argc - 1, argv + 1, kCases);
}
