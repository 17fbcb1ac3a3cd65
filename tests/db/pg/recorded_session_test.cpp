// A session is recorded through a proxy, and repeated by a server that stops, pauses or lies at each byte of it: the session goes
// as it did, or it ends with a typed error, and no deadline is missed. AIO_TEST_BRIEF=1: at each seventh byte.
#include "db/pg/fake_postgres.hpp"
#include "db/pg/with_server.hpp"

#include <aio/core/gather.hpp>

#include "support/tcp_proxy.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace aio::test::recorded {
namespace {

using Recording = std::vector<TcpProxy::Run>;

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

// The same; or the class of the error it ends with.
Coro<std::string> outcome(int port, std::size_t statement_cache_size, Duration deadline) {
    try {
        const auto run = [=] { return session(port, statement_cache_size); };
        co_return co_await with_timeout(deadline, run);
    } catch (const db::DatabaseError&) {
        co_return "DatabaseError";
    } catch (const db::InterfaceError&) {
        co_return "InterfaceError";
    } catch (const OSError&) {
        co_return "OSError";
    } catch (const TimeoutError&) {
        co_return "TimeoutError";
    } catch (const std::exception& error) {
        co_return std::string("undocumented: ") + error.what();
    }
}

enum class At { closes, resets, hangs, pauses, lies };

// Says what the server said, each time that the client has sent as much as it did then; at the byte `k` something happens.
void replay(RawPeer& peer, const Recording& recording, std::size_t k, At what) {
    std::size_t said = 0;
    for (const TcpProxy::Run& run : recording) {
        if (!run.from_server) {
            if (peer.read(run.bytes.size()).size() < run.bytes.size()) return;
            continue;
        }
        const std::string_view bytes = run.bytes;
        const bool is_here = k >= said && k < said + bytes.size();
        peer.write(bytes.substr(0, is_here ? k - said : bytes.size()));
        if (is_here) {
            if (what == At::resets) peer.reset_at_end();
            if (what == At::hangs) peer.hang();
            if (what == At::lies) {
                peer.write(std::string(1, static_cast<char>(bytes[k - said] ^ (k % 3 == 0   ? 0x01
                                                                               : k % 3 == 1 ? 0x80
                                                                                            : 0x3f))));
                peer.write(bytes.substr(k - said + 1));
            } else if (what == At::pauses) {
                std::this_thread::sleep_for(1ms);
                peer.write(bytes.substr(k - said));
            } else {
                return;
            }
        }
        said += bytes.size();
    }
    peer.hang();  // the client closes
}

std::size_t bytes_of_server(const Recording& recording) {
    std::size_t size = 0;
    for (const TcpProxy::Run& run : recording) size += run.from_server ? run.bytes.size() : 0;
    return size;
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

// Each connection gets another k.
Coro<> replay_all(const Course& course, At what, Duration deadline) {
    constexpr std::size_t kTogether = 64;
    const std::size_t size = bytes_of_server(course.recording);
    const std::size_t step = std::getenv("AIO_TEST_BRIEF") ? 7 : 1;
    for (std::size_t first = 0; first < size; first += step * kTogether) {
        const RawServer server([&](RawPeer& peer) {
            if (peer.number() < static_cast<int>(kTogether)) {
                replay(peer, course.recording, first + step * static_cast<std::size_t>(peer.number()), what);
            }  // else it is a cancel request
        });
        std::vector<Task<std::string>> tasks;
        for (std::size_t i = 0; i < kTogether; ++i)
            tasks.push_back(create_task(outcome(server.port(), course.statement_cache_size, deadline)));
        for (auto& task : tasks) {
            const std::string result = co_await task;
            if (what == At::lies) continue;  // it may have any result, or any error
            const bool is_error = result == "InterfaceError" || result == "OSError" || result == "DatabaseError" ||
                                  (what == At::hangs && result == "TimeoutError");
            const bool may_fail = what != At::pauses;
            if (result == course.seen || (is_error && may_fail)) continue;
            ADD_FAILURE() << "near byte " << first << " of " << size << ": " << result;
        }
    }
}

Coro<> repeat(At what, Duration deadline) {
    for (const std::size_t statement_cache_size : {100, 0}) {
        const Course course = co_await record(statement_cache_size);
        co_await replay_all(course, what, deadline);
    }
}

ASYNC_TEST(PgRecordedSession, is_the_same_when_it_is_repeated, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    for (const std::size_t statement_cache_size : {100, 0}) {
        const Course course = co_await record(statement_cache_size);
        EXPECT_EQ(course.seen, "7text 7text CREATE TABLE INSERT 0 1 22012 25P02 COPY 2 1\n2\nCOPY 2 closed");
        const RawServer server([&](RawPeer& peer) { replay(peer, course.recording, ~std::size_t{0}, At::hangs); });
        EXPECT_EQ(co_await outcome(server.port(), statement_cache_size, 10s), course.seen);
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
