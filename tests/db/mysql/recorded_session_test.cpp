// A session with MariaDB, repeated by servers that stop, pause or lie at each byte of it (replay.hpp). AIO_TEST_BRIEF=1: at each
// seventh byte.
#include "db/mysql/with_server.hpp"
#include "db/replay.hpp"

namespace aio::test::recorded {
namespace {

// What a session does; its result names all that it saw.
Coro<std::string> mysql_session(int port) {
    const auto connection = co_await mysql::connect(mariadb().dsn_at(port));
    std::string seen;
    const auto rows = co_await connection.fetch("SELECT ? AS a, 'text' AS b FROM seq_1_to_2", 7);
    for (const auto& row : rows) seen += std::to_string(row.get<int>("a")) + row.get<std::string>("b") + " ";
    co_await connection.execute("CREATE TEMPORARY TABLE t(a INT) ENGINE=InnoDB");
    const auto body = [&]() -> Coro<> {
        const auto done = co_await connection.execute("INSERT INTO t VALUES(?)", 1);
        seen += std::to_string(done.affected_rows) + " ";
        try {
            co_await connection.fetch("SELECT missing FROM t");
        } catch (const db::UndefinedColumnError& error) {
            seen += error.sqlstate() + " ";
        }
    };
    co_await connection.transaction(body);
    const std::vector<std::tuple<int, std::string>> sets = {{1, "a"}, {2, "b"}};
    co_await connection.execute("CREATE TEMPORARY TABLE u(a INT, b TEXT) ENGINE=InnoDB");
    co_await connection.executemany("INSERT INTO u VALUES(?, ?)", sets);
    auto cursor = connection.cursor("SELECT a, b FROM u WHERE a > ? ORDER BY a", 0);
    while (const auto row = co_await cursor.next()) seen += row->get<std::string>("b") + " ";
    const auto results = co_await connection.fetchsets("SELECT 1; SELECT NULL, 2.5, DATE'2024-02-29'");
    seen += std::to_string(results.size()) + " " + results.at(1)[0].get<std::string>(2) + " ";
    co_await connection.close();
    co_return seen + "closed";
}

struct MysqlCourse {
    std::string seen;
    Recording recording;
};
Coro<MysqlCourse> record_mysql() {
    TcpProxy proxy(mariadb().port());
    MysqlCourse course;
    course.seen = co_await mysql_session(proxy.port());
    course.recording = proxy.last_recording();
    co_return course;
}

Coro<> repeat_mysql(At what, Duration deadline) {
    const MysqlCourse course = co_await record_mysql();
    const auto again = [](int port) { return mysql_session(port); };
    co_await replay_all(course.recording, course.seen, again, what, deadline);
}

ASYNC_TEST(MysqlRecordedSession, is_the_same_when_it_is_repeated, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const MysqlCourse course = co_await record_mysql();
    EXPECT_EQ(course.seen, "7text 7text 1 42S22 a b 2 2024-02-29 closed");
    const RawServer server([&](RawPeer& peer) { replay(peer, course.recording, ~std::size_t{0}, At::hangs); });
    const auto again = [&] { return mysql_session(server.port()); };
    EXPECT_EQ(co_await outcome_of(again, 10s), course.seen);
}

ASYNC_TEST(MysqlRecordedSession, closed_at_each_byte, kOnce) {
    SKIP_WITHOUT_MARIADB();
    co_await repeat_mysql(At::closes, 10s);
}

ASYNC_TEST(MysqlRecordedSession, hanging_at_each_byte, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const Stopwatch watch;
    co_await repeat_mysql(At::hangs, 60ms);
    EXPECT_LT(watch.elapsed(), 60s);
}

ASYNC_TEST(MysqlRecordedSession, split_at_each_byte, kOnce) {
    SKIP_WITHOUT_MARIADB();
    co_await repeat_mysql(At::pauses, 10s);
}

ASYNC_TEST(MysqlRecordedSession, wrong_at_each_byte, kOnce) {
    SKIP_WITHOUT_MARIADB();
    co_await repeat_mysql(At::lies, 80ms);
    take_logs();
}

}  // namespace
}  // namespace aio::test::recorded
