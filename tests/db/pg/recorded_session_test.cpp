// A session with PostgreSQL, repeated by servers that stop, pause or lie at each byte of it (replay.hpp).
// AIO_TEST_BRIEF=1: at each seventh byte.
#include "db/pg/with_server.hpp"
#include "db/replay.hpp"

namespace aio::test::recorded {
namespace {

// What a session does; its result names all that it saw.
Coro<std::string> session(int port, std::size_t statement_cache_size) {
    const auto connection = co_await pg::connect(
        "host=127.0.0.1 port=" + std::to_string(port) + " user=postgres dbname=postgres sslmode=disable",
        {.statement_cache_size = statement_cache_size});
    std::string seen;
    const auto rows = co_await connection.fetch("SELECT $1::int AS a, 'text' AS b FROM generate_series(1, 2)", 7);
    for (const auto& row : rows) seen += std::to_string(row.get<int>("a")) + row.get<std::string>("b") + " ";
    seen += co_await connection.execute("CREATE TEMP TABLE t(a int)") + " ";
    const auto body = [&]() -> Coro<> {
        seen += co_await connection.execute("INSERT INTO t VALUES($1)", 1) + " ";
        try {
            co_await connection.fetch("SELECT 1 / ($1::int - $1)", 1);
        } catch (const db::DataError& error) {
            seen += error.sqlstate() + " ";
        }
    };
    try {
        co_await connection.transaction(body);
    } catch (const db::TransactionError& error) {
        seen += error.sqlstate() + " ";
    }
    seen += co_await connection.copy_to_table("t", std::string("1\n2\n")) + " ";
    const auto sink = [&](std::string_view bytes) -> Coro<> {
        seen += bytes;
        co_return;
    };
    seen += co_await connection.copy_from_table("t", sink) + " ";
    co_await connection.close();
    co_return seen + "closed";
}

struct Course {
    std::size_t statement_cache_size = 0;
    std::string seen;
    Recording recording;
};
Coro<Course> record(std::size_t statement_cache_size) {
    TcpProxy proxy(postgres().port());
    Course course;
    course.statement_cache_size = statement_cache_size;
    course.seen = co_await session(proxy.port(), statement_cache_size);
    course.recording = proxy.last_recording();
    co_return course;
}

Coro<> repeat(At what, Duration deadline) {
    for (const std::size_t statement_cache_size : {100, 0}) {
        const Course course = co_await record(statement_cache_size);
        const auto again = [=](int port) { return session(port, statement_cache_size); };
        co_await replay_all(course.recording, course.seen, again, what, deadline);
    }
}

ASYNC_TEST(PgRecordedSession, is_the_same_when_it_is_repeated, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    for (const std::size_t statement_cache_size : {100, 0}) {
        const Course course = co_await record(statement_cache_size);
        EXPECT_EQ(course.seen, "7text 7text CREATE TABLE INSERT 0 1 22012 25P02 COPY 2 1\n2\nCOPY 2 closed");
        const RawServer server([&](RawPeer& peer) { replay(peer, course.recording, ~std::size_t{0}, At::hangs); });
        const auto again = [&] { return session(server.port(), statement_cache_size); };
        EXPECT_EQ(co_await outcome_of(again, 10s), course.seen);
    }
}

ASYNC_TEST(PgRecordedSession, closed_at_each_byte, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    co_await repeat(At::closes, 10s);
}

ASYNC_TEST(PgRecordedSession, reset_at_each_byte, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    co_await repeat(At::resets, 10s);
}

ASYNC_TEST(PgRecordedSession, hanging_at_each_byte, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const Stopwatch watch;
    co_await repeat(At::hangs, 40ms);
    EXPECT_LT(watch.elapsed(), 60s);
}

ASYNC_TEST(PgRecordedSession, split_at_each_byte, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    co_await repeat(At::pauses, 10s);
}

ASYNC_TEST(PgRecordedSession, wrong_at_each_byte, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    co_await repeat(At::lies, 60ms);
    take_logs();
}

}  // namespace
}  // namespace aio::test::recorded
