// aio::sqlite: one point read after the other, the same by many tasks, and many inserts in one transaction. bench/limit/sqlite_plain.cpp
// is the limit: the plain calls. Time is that of the clock: a read waits for the connection's thread.
#include <aio/aio.hpp>
#include <aio/sqlite.hpp>

#include "../support/measure.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <tuple>
#include <vector>

namespace {

constexpr int kRows = 10'000;
constexpr int kReads = 20'000;
constexpr int kRounds = 15;
constexpr int kInserts = 100'000;

double now_ns() {
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

aio::Coro<> fill(aio::sqlite::Connection db) {
    co_await db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)");
    std::vector<std::tuple<int, std::string>> rows;
    for (int i = 0; i < kRows; ++i) rows.emplace_back(i, "name " + std::to_string(i));
    co_await db.executemany("INSERT INTO t VALUES(?, ?)", rows);
}

aio::Coro<> read(aio::sqlite::Connection db, int first, int count) {
    for (int i = 0; i < count; ++i) {
        const int id = (first + i * 7919) % kRows;
        auto name = co_await db.fetchval<std::string>("SELECT name FROM t WHERE id = ?", id);
        bench::keep(name);
    }
}

aio::Coro<> point_reads(aio::sqlite::Connection db) {
    std::vector<double> samples;
    for (int round = 0; round < kRounds; ++round) {
        const double begin = now_ns();
        co_await read(db, round, kReads);
        samples.push_back((now_ns() - begin) / kReads);
    }
    std::sort(samples.begin(), samples.end());
    bench::report("read", "ns", samples[kRounds / 10]);
}

aio::Coro<> shared_reads(aio::sqlite::Connection db, int tasks) {
    std::vector<double> samples;
    for (int round = 0; round < kRounds; ++round) {
        const double begin = now_ns();
        std::vector<aio::Coro<>> reads;
        for (int i = 0; i < tasks; ++i) reads.push_back(read(db, i, kReads / tasks));
        co_await aio::gather(std::move(reads));
        samples.push_back((now_ns() - begin) / kReads);
    }
    std::sort(samples.begin(), samples.end());
    bench::report("read_of_16_tasks", "ns", samples[kRounds / 10]);
}

aio::Coro<> inserts(aio::sqlite::Connection db) {
    std::vector<double> samples;
    co_await db.execute("CREATE TABLE u(id INTEGER PRIMARY KEY, name TEXT)");
    std::vector<std::tuple<int, std::string>> rows;
    for (int i = 0; i < kInserts; ++i) rows.emplace_back(i, "name " + std::to_string(i));
    for (int round = 0; round < kRounds; ++round) {
        co_await db.execute("DELETE FROM u");
        const double begin = now_ns();
        co_await db.executemany("INSERT INTO u VALUES(?, ?)", rows);
        samples.push_back((now_ns() - begin) / kInserts);
    }
    std::sort(samples.begin(), samples.end());
    bench::report("insert", "ns", samples[kRounds / 10]);
}

aio::Coro<> async_main(std::string file) {
    const auto db = co_await aio::sqlite::connect(file);
    co_await fill(db);
    co_await point_reads(db);
    co_await shared_reads(db, 16);
    co_await inserts(db);
    co_await db.close();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s NEW_FILE\n", argv[0]);
        return 2;
    }
    aio::run(async_main(argv[1]));
}
