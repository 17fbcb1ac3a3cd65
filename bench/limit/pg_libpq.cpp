// The cases of bench/db/pg_queries.cpp by libpq, with as little beside it as possible: prepared statements with binary results, one
// blocking call after the other, or 16 connections on one epoll, or 64 queries in a pipeline. Of `rows`, nothing is decoded.
//
//     pg_libpq DSN CASE...
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/epoll.h>

#include "../support/queries.hpp"

#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr int kConnections = 16, kDepth = 64, kRows = 1000;
constexpr int kBinary = 1;

std::string dsn;

void expect(bool right) { bench::expect_answer(right, "pg_libpq"); }

PGconn* open_prepared(const char* sql) {
    PGconn* const connection = PQconnectdb(dsn.c_str());
    expect(PQstatus(connection) == CONNECTION_OK);
    PGresult* const prepared = PQprepare(connection, "s", sql, 0, nullptr);
    expect(PQresultStatus(prepared) == PGRES_COMMAND_OK);
    PQclear(prepared);
    return connection;
}

void check_one(PGresult* result) {
    std::uint32_t value = 0;
    expect(PQresultStatus(result) == PGRES_TUPLES_OK && PQgetlength(result, 0, 0) == 4);
    std::memcpy(&value, PQgetvalue(result, 0, 0), 4);
    expect(ntohl(value) == 1);
    PQclear(result);
}

void one() {
    PGconn* const connection = open_prepared("SELECT 1");
    bench::QueryRounds rounds("one", 500);
    while (rounds.next()) {
        for (long i = 0; i < rounds.queries(); ++i) {
            check_one(PQexecPrepared(connection, "s", 0, nullptr, nullptr, nullptr, kBinary));
        }
    }
    PQfinish(connection);
}

void send(PGconn* connection) {
    expect(PQsendQueryPrepared(connection, "s", 0, nullptr, nullptr, nullptr, kBinary) == 1 &&
           PQflush(connection) == 0);
}

void spread() {
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    std::vector<PGconn*> all;
    for (int i = 0; i < kConnections; ++i) {
        PGconn* const connection = open_prepared("SELECT 1");
        PQsetnonblocking(connection, 1);
        epoll_event event = {};
        event.events = EPOLLIN;
        event.data.ptr = connection;
        expect(epoll_ctl(poller, EPOLL_CTL_ADD, PQsocket(connection), &event) == 0);
        all.push_back(connection);
    }
    bench::QueryRounds rounds("spread", 2000);
    while (rounds.next()) {
        long left = rounds.queries(), answered = 0;
        for (PGconn* connection : all) {
            send(connection);
            --left;
        }
        while (answered < rounds.queries()) {
            epoll_event events[kConnections];
            const int count = epoll_wait(poller, events, kConnections, -1);
            for (int i = 0; i < count; ++i) {
                auto* const connection = static_cast<PGconn*>(events[i].data.ptr);
                expect(PQconsumeInput(connection) == 1);
                if (PQisBusy(connection)) continue;
                PGresult* const result = PQgetResult(connection);
                if (!result) continue;
                check_one(result);
                ++answered;
                while (!PQisBusy(connection)) {
                    PGresult* const end = PQgetResult(connection);
                    if (!end) break;
                    PQclear(end);
                }
                if (left > 0) {
                    send(connection);
                    --left;
                }
            }
        }
    }
    for (PGconn* connection : all) PQfinish(connection);
}

void deep() {
    PGconn* const connection = open_prepared("SELECT 1");
    PQsetnonblocking(connection, 1);
    expect(PQenterPipelineMode(connection) == 1);
    bench::QueryRounds rounds("deep", 8000);
    while (rounds.next()) {
        for (long done = 0; done < rounds.queries(); done += kDepth) {
            for (int i = 0; i < kDepth; ++i) {
                expect(PQsendQueryPrepared(connection, "s", 0, nullptr, nullptr, nullptr, kBinary) == 1);
                expect(PQpipelineSync(connection) == 1);  // each fails alone, as ours do
            }
            for (int i = 0; i < kDepth; ++i) {
                while (PQisBusy(connection)) {
                    pollfd wait = {PQsocket(connection), POLLIN, 0};
                    expect(poll(&wait, 1, -1) == 1 && PQconsumeInput(connection) == 1);
                }
                check_one(PQgetResult(connection));
                expect(PQgetResult(connection) == nullptr);
                PGresult* const sync = PQgetResult(connection);
                expect(PQresultStatus(sync) == PGRES_PIPELINE_SYNC);
                PQclear(sync);
            }
        }
    }
    PQfinish(connection);
}

void rows() {
    PGconn* const connection = open_prepared(
        "SELECT i AS id, 'name ' || i AS name, i * 0.5::float8 AS score, i % 2 = 0 AS even FROM generate_series(1, "
        "$1::int) i");
    const std::string count = std::to_string(kRows);
    const char* const values[] = {count.c_str()};
    bench::QueryRounds rounds("rows", 50);
    while (rounds.next()) {
        for (long i = 0; i < rounds.queries(); ++i) {
            PGresult* const result = PQexecPrepared(connection, "s", 1, values, nullptr, nullptr, kBinary);
            expect(PQntuples(result) == kRows);
            PQclear(result);
        }
    }
    PQfinish(connection);
}

constexpr bench::Case kCases[] = {{"one", one}, {"spread", spread}, {"deep", deep}, {"rows", rows}};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return bench::run_cases(argc, argv, kCases);
    dsn = argv[1];
    return bench::run_cases(argc - 1, argv + 1, kCases);
}
