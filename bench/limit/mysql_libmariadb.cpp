// The cases of bench/db/mysql_queries.cpp by libmariadb, with as little beside it as possible: one prepared statement after the
// other, or 16 connections on one epoll in the text protocol. Of `rows`, nothing is decoded.
//
//     mysql_libmariadb SOCKET CASE...
#include <mariadb/mysql.h>
#include <sys/epoll.h>

#include "../support/queries.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr int kConnections = 16;

std::string path;

void check(bool failed, MYSQL* connection) {
    if (!failed) return;
    std::fprintf(stderr, "mysql_libmariadb: %s\n", mysql_error(connection));
    std::exit(1);
}

MYSQL* connect() {
    MYSQL* const connection = mysql_init(nullptr);
    check(!mysql_real_connect(connection, "localhost", "root", "", "", 0, path.c_str(), 0), connection);
    return connection;
}

void one() {
    MYSQL* const connection = connect();
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
    bench::QueryRounds rounds("one", 500);
    while (rounds.next()) {
        for (argument = 0; argument < rounds.queries(); ++argument) {
            check(mysql_stmt_execute(statement) != 0, connection);
            mysql_stmt_bind_result(statement, &result);
            check(mysql_stmt_store_result(statement) != 0, connection);
            check(mysql_stmt_fetch(statement) != 0, connection);
            bench::expect_answer(answer == argument, "mysql_libmariadb");
            mysql_stmt_free_result(statement);
        }
    }
    mysql_stmt_close(statement);
    mysql_close(connection);
}

unsigned long long take_result(MYSQL* connection) {
    MYSQL_RES* const result = mysql_store_result(connection);
    check(!result, connection);
    while (MYSQL_ROW row = mysql_fetch_row(result)) bench::keep(row);
    const unsigned long long rows = mysql_num_rows(result);
    mysql_free_result(result);
    return rows;
}

void send_text(MYSQL* connection, long number) {
    char sql[32];
    const int size = std::snprintf(sql, sizeof sql, "SELECT %ld", number);
    check(mysql_send_query(connection, sql, static_cast<unsigned long>(size)) != 0, connection);
}

void spread() {
    std::vector<MYSQL*> all;
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < kConnections; ++i) {
        all.push_back(connect());
        epoll_event event = {};
        event.events = EPOLLIN;
        event.data.ptr = all.back();
        bench::expect_answer(
            epoll_ctl(poller, EPOLL_CTL_ADD, static_cast<int>(mysql_get_socket(all.back())), &event) == 0,
            "mysql_libmariadb");
    }
    bench::QueryRounds rounds("spread", 2000);
    while (rounds.next()) {
        long left = rounds.queries(), sent = 0;
        for (MYSQL* const each : all) send_text(each, sent++);
        epoll_event events[kConnections];
        while (left > 0) {
            const int count = epoll_wait(poller, events, kConnections, -1);
            for (int i = 0; i < count; ++i) {
                auto* const connection = static_cast<MYSQL*>(events[i].data.ptr);
                check(mysql_read_query_result(connection) != 0, connection);
                take_result(connection);
                --left;
                if (sent < rounds.queries()) send_text(connection, sent++);
            }
        }
    }
    for (MYSQL* const each : all) mysql_close(each);
}

void rows() {
    constexpr const char* kSql =
        "SELECT seq, seq * 2, 'some text', seq / 2.0e0 FROM test.seq_1_to_1000 WHERE seq > 0";
    MYSQL* const connection = connect();
    bench::QueryRounds rounds("rows", 50);
    while (rounds.next()) {
        for (long i = 0; i < rounds.queries(); ++i) {
            check(mysql_real_query(connection, kSql, std::strlen(kSql)) != 0, connection);
            bench::expect_answer(take_result(connection) == 1000, "mysql_libmariadb");
        }
    }
    mysql_close(connection);
}

constexpr bench::Case kCases[] = {{"one", one}, {"spread", spread}, {"rows", rows}};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return bench::run_cases(argc, argv, kCases);
    path = argv[1];
    return bench::run_cases(argc - 1, argv + 1, kCases);
}
