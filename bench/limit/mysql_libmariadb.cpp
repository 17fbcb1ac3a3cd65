// The limit of bench/db/mysql_queries.cpp: the same queries by libmariadb, whose rows are fetched and not decoded.
//
//     g++ -O2 -std=c++20 -Ibench bench/limit/mysql_libmariadb.cpp -lmariadb && ./a.out SOCKET USER PASSWORD DATABASE
#include <mariadb/mysql.h>

#include "../support/measure.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr int kQueries = 8'000;
constexpr int kResults = 200;
constexpr int kRounds = 9;

template <class Round>
void measure(const char* name, int count, Round round) {
    std::vector<double> samples;
    for (int i = 0; i < kRounds; ++i) {
        const double begin = bench::cpu_ns();
        round();
        samples.push_back((bench::cpu_ns() - begin) / count);
    }
    std::sort(samples.begin(), samples.end());
    bench::report(name, "ns", samples[kRounds / 10]);
}

void check(bool failed, MYSQL* connection) {
    if (!failed) return;
    std::fprintf(stderr, "%s\n", mysql_error(connection));
    std::exit(1);
}

MYSQL* connect(char** argv) {
    MYSQL* const connection = mysql_init(nullptr);
    check(!mysql_real_connect(connection, "localhost", argv[2], argv[3], argv[4], 0, argv[1], 0), connection);
    return connection;
}

void ask_prepared(MYSQL* connection) {
    MYSQL_STMT* const statement = mysql_stmt_init(connection);
    check(mysql_stmt_prepare(statement, "SELECT ?", 8) != 0, connection);
    std::int64_t argument = 0, answer = 0;
    MYSQL_BIND bind, result;
    std::memset(&bind, 0, sizeof bind);
    bind.buffer_type = MYSQL_TYPE_LONGLONG;
    bind.buffer = &argument;
    result = bind;
    result.buffer = &answer;
    check(mysql_stmt_bind_param(statement, &bind) != 0, connection);
    for (int i = 0; i < kQueries; ++i) {
        argument = i;
        check(mysql_stmt_execute(statement) != 0, connection);
        mysql_stmt_bind_result(statement, &result);
        check(mysql_stmt_store_result(statement) != 0, connection);
        mysql_stmt_fetch(statement);
        bench::keep(answer);
        mysql_stmt_free_result(statement);
    }
    mysql_stmt_close(statement);
}

void take_result(MYSQL* connection) {
    MYSQL_RES* const result = mysql_store_result(connection);
    while (MYSQL_ROW row = mysql_fetch_row(result)) bench::keep(row);
    mysql_free_result(result);
}

void send_text(MYSQL* connection, int number) {
    char sql[32];
    const int size = std::snprintf(sql, sizeof sql, "SELECT %d", number);
    check(mysql_send_query(connection, sql, static_cast<unsigned long>(size)) != 0, connection);
}

// In the text protocol, on an epoll loop.
void ask_on_epoll(std::vector<MYSQL*>& connections, int epoll) {
    int left = kQueries, sent = 0;
    for (MYSQL* const each : connections) send_text(each, sent++);
    epoll_event events[16];
    while (left > 0) {
        const int count = ::epoll_wait(epoll, events, 16, -1);
        for (int i = 0; i < count; ++i) {
            auto* const connection = static_cast<MYSQL*>(events[i].data.ptr);
            check(mysql_read_query_result(connection) != 0, connection);
            take_result(connection);
            --left;
            if (sent < kQueries) send_text(connection, sent++);
        }
    }
}

void read_rows(MYSQL* connection) {
    constexpr const char* kSql = "SELECT seq, seq * 2, 'some text', seq / 2.0e0 FROM seq_1_to_1000 WHERE seq > 0";
    for (int i = 0; i < kResults; ++i) {
        check(mysql_real_query(connection, kSql, std::strlen(kSql)) != 0, connection);
        take_result(connection);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) {
        std::fprintf(stderr, "usage: %s SOCKET USER PASSWORD DATABASE\n", argv[0]);
        return 77;
    }
    MYSQL* const connection = connect(argv);
    measure("libmariadb_query", kQueries, [&] { ask_prepared(connection); });
    std::vector<MYSQL*> connections;
    const int epoll = ::epoll_create1(0);
    for (int i = 0; i < 16; ++i) {
        connections.push_back(connect(argv));
        epoll_event event = {};
        event.events = EPOLLIN;
        event.data.ptr = connections.back();
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, static_cast<int>(mysql_get_socket(connections.back())), &event);
    }
    measure("libmariadb_query_of_16_connections", kQueries, [&] { ask_on_epoll(connections, epoll); });
    measure("libmariadb_1000_rows", kResults, [&] { read_rows(connection); });
    for (MYSQL* const each : connections) mysql_close(each);
    mysql_close(connection);
}
