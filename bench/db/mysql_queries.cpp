// aio::mysql in the databases section: CPU time per query of a client. Without cases it lists them.
//
//     AIO_BACKEND=io_uring mysql_queries DSN CASE...
#include <aio/aio.hpp>
#include <aio/mysql.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../support/queries.hpp"

namespace {

constexpr int kTasks = 16, kRows = 1000;

std::string dsn;

void expect(bool right) { bench::expect_answer(right, "mysql_queries"); }

// `Source` is a connection or a pool.
template <class Source>
aio::Coro<> ask(Source source, long& left) {
    while (left-- > 0) {
        const auto argument = static_cast<std::int64_t>(left);
        expect(co_await source.template fetchval<std::int64_t>("SELECT ?", argument) == argument);
    }
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
    std::vector<aio::mysql::Connection> all;
    for (int i = 0; i < connections; ++i) all.push_back(co_await aio::mysql::connect(dsn));
    co_await ask_all(all, tasks, name, queries);
    for (const auto& connection : all) co_await connection.close();
}

aio::Coro<> on_pool(const char* name) {
    const aio::mysql::PoolOptions options = {.min_size = kTasks, .max_size = kTasks};
    const auto pool = co_await aio::mysql::create_pool(dsn, options);
    const std::vector<aio::mysql::Pool> one(1, pool);
    co_await ask_all(one, kTasks, name, 2000);
    co_await pool.close();
}

// A result as programs have them: two numbers, a text, a double; all read.
aio::Coro<> read_rows() {
    const auto connection = co_await aio::mysql::connect(dsn);
    bench::QueryRounds rounds("rows", 50);
    while (rounds.next()) {
        for (long i = 0; i < rounds.queries(); ++i) {
            const auto rows = co_await connection.fetch(
                "SELECT seq, seq * 2, 'some text', seq / 2.0e0 FROM seq_1_to_1000 WHERE seq > ?", 0);
            std::int64_t ids = 0, doubled = 0;
            std::size_t bytes = 0;
            double halves = 0;
            for (const auto& row : rows) {
                ids += row.get<std::int64_t>(0);
                doubled += row.get<std::int64_t>(1);
                bytes += row.get<std::string_view>(2).size();
                halves += row.get<double>(3);
            }
            expect(ids == 500'500 && doubled == 1'001'000 && bytes == 9 * kRows && halves == 250'250);
        }
    }
    co_await connection.close();
}

void one() { aio::run(on_connections(1, 1, "one", 500)); }
void spread() { aio::run(on_connections(kTasks, kTasks, "spread", 2000)); }
void pool() { aio::run(on_pool("pool")); }
void deep() { aio::run(on_connections(1, kTasks, "deep", 2000)); }
void rows() { aio::run(read_rows()); }

constexpr bench::Case kCases[] = {{"one", one}, {"spread", spread}, {"pool", pool}, {"deep", deep}, {"rows", rows}};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return bench::run_cases(argc, argv, kCases);
    dsn = argv[1];
    return bench::run_cases(argc - 1, argv + 1, kCases);
}
