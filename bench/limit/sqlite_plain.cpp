// The limit of bench/db/sqlite_queries.cpp: the same statements by SQLite's own calls, prepared once, on the program's only thread.
#include <sqlite3.h>

#include "../support/measure.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr int kRows = 10'000;
constexpr int kReads = 20'000;
constexpr int kRounds = 15;
constexpr int kInserts = 100'000;

double now_ns() {
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void check(int code, sqlite3* db) {
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
    std::fprintf(stderr, "%s\n", sqlite3_errmsg(db));
    std::exit(1);
}

void execute(sqlite3* db, const char* sql) { check(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), db); }

void insert(sqlite3* db, const char* sql, int count) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr), db);
    execute(db, "BEGIN IMMEDIATE");
    for (int i = 0; i < count; ++i) {
        const std::string name = "name " + std::to_string(i);
        sqlite3_bind_int64(statement, 1, i);
        sqlite3_bind_text(statement, 2, name.data(), static_cast<int>(name.size()), SQLITE_STATIC);
        check(sqlite3_step(statement), db);
        sqlite3_reset(statement);
    }
    execute(db, "COMMIT");
    sqlite3_finalize(statement);
}

void point_reads(sqlite3* db) {
    sqlite3_stmt* statement = nullptr;
    check(
        sqlite3_prepare_v3(db, "SELECT name FROM t WHERE id = ?", -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr),
        db);
    std::vector<double> samples;
    for (int round = 0; round < kRounds; ++round) {
        const double begin = now_ns();
        for (int i = 0; i < kReads; ++i) {
            sqlite3_bind_int64(statement, 1, (round + i * 7919) % kRows);
            check(sqlite3_step(statement), db);
            std::string name(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)),
                             static_cast<std::size_t>(sqlite3_column_bytes(statement, 0)));
            bench::keep(name);
            check(sqlite3_step(statement), db);
            sqlite3_reset(statement);
        }
        samples.push_back((now_ns() - begin) / kReads);
    }
    sqlite3_finalize(statement);
    std::sort(samples.begin(), samples.end());
    bench::report("read", "ns", samples[kRounds / 10]);
}

void inserts(sqlite3* db) {
    execute(db, "CREATE TABLE u(id INTEGER PRIMARY KEY, name TEXT)");
    std::vector<double> samples;
    for (int round = 0; round < kRounds; ++round) {
        execute(db, "DELETE FROM u");
        const double begin = now_ns();
        insert(db, "INSERT INTO u VALUES(?, ?)", kInserts);
        samples.push_back((now_ns() - begin) / kInserts);
    }
    std::sort(samples.begin(), samples.end());
    bench::report("insert", "ns", samples[kRounds / 10]);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s NEW_FILE\n", argv[0]);
        return 2;
    }
    sqlite3* db = nullptr;
    check(sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr),
          db);
    execute(db, "PRAGMA journal_mode = WAL");
    execute(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)");
    insert(db, "INSERT INTO t VALUES(?, ?)", kRows);
    point_reads(db);
    inserts(db);
    sqlite3_close_v2(db);
}
