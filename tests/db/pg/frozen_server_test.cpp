// Servers that are stopped with SIGSTOP, as a machine that swaps, or whose disk does not answer: each deadline holds, and what
// waited for the server is thrown away, not handed to the next task.
#include "db/pg/with_server.hpp"

#include "support/tcp_proxy.hpp"

#include <csignal>

namespace aio::test {
namespace {

// A process that is stopped as long as this lives.
class Frozen {
public:
    explicit Frozen(pid_t pid) : pid_(pid) { ::kill(pid_, SIGSTOP); }
    explicit Frozen(const pg::Connection& connection) : Frozen(static_cast<pid_t>(connection.get_server_pid())) {}
    Frozen(const Frozen&) = delete;
    ~Frozen() { thaw(); }
    void thaw() {
        if (pid_ > 0) ::kill(std::exchange(pid_, -1), SIGCONT);
    }

private:
    pid_t pid_;
};

// `act` must end with a TimeoutError, and not much later than its deadline of 200 ms. What hangs nevertheless is cancelled once
// more, so that the test ends.
template <class Act>
Coro<> expect_timeout(const char* what, Act act) {
    const Stopwatch watch;
    const auto bounded = [&]() -> Coro<> { co_await with_timeout(200ms, act); };
    try {
        co_await with_timeout(3s, bounded);
        ADD_FAILURE() << what << " ended without a timeout";
    } catch (const TimeoutError&) {}
    EXPECT_LT(watch.elapsed(), 2s) << what;
}

ASYNC_TEST(PgFrozenServer, connect_ends_in_time, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const Frozen postmaster(postgres().pid());
    const Stopwatch watch;
    co_await expect_throws<TimeoutError>(pg::connect(postgres().dsn(), {.timeout = 200ms}));
    co_await expect_throws<TimeoutError>(pg::connect(postgres().tcp_dsn(), {.timeout = 200ms}));
    co_await expect_throws<TimeoutError>(pg::connect(postgres().tcp_dsn("sslmode=require"), {.timeout = 200ms}));
    co_await expect_throws<TimeoutError>(
        pg::create_pool(postgres().dsn(), {.min_size = 2, .connect_timeout = 200ms}));
    EXPECT_LT(watch.elapsed(), 5s);
}

ASYNC_TEST(PgFrozenServer, statements_end_in_time, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("CREATE TEMP TABLE t(a int)");
    const Frozen session(connection);
    const auto statement = [&] { return connection.fetchval<int>("SELECT 1"); };
    const auto script = [&] { return connection.execute("SELECT 1"); };
    const auto preparing = [&] { return connection.prepare("SELECT 2"); };
    const auto resetting = [&] { return connection.reset(); };
    const std::string bytes(3'000'000, '\n');
    const auto copying = [&] { return connection.copy_to_table("t", bytes); };
    const auto sink = [](std::string_view) -> Coro<> { co_return; };
    const auto reading = [&] { return connection.copy_from_query("SELECT 1", sink); };
    co_await expect_timeout("a statement", statement);
    co_await expect_timeout("a script", script);
    co_await expect_timeout("prepare()", preparing);
    co_await expect_timeout("reset()", resetting);
    co_await expect_timeout("copy_to_table()", copying);
    co_await expect_timeout("copy_from_query()", reading);
    const auto closing = [&] { return connection.close(); };
    co_await expect_timeout("close()", closing);
    EXPECT_TRUE(connection.is_closed());
}

ASYNC_TEST(PgFrozenServer, copies_under_way_end_in_time, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    co_await connection.execute("CREATE TEMP TABLE t(a int)");
    std::optional<Frozen> session;
    const auto freeze = [&](std::string_view) -> Coro<> {
        if (!session) session.emplace(connection);
        co_return;
    };
    const auto reading = [&] {
        return connection.copy_from_query("SELECT * FROM generate_series(1, 3000000)", freeze);
    };
    co_await expect_timeout("copy_from_query()", reading);
    session.reset();
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 7"), 7);
    const auto source = [&]() -> AsyncGenerator<std::string> {
        co_yield std::string("1\n");
        session.emplace(connection);
        while (true) co_yield std::string("1\n2\n3\n");
    };
    const auto copying = [&] { return connection.copy_to_table("t", source()); };
    co_await expect_timeout("copy_to_table()", copying);
    session.reset();
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT count(*)::int FROM t"), 0);
    co_await connection.close();
}

ASYNC_TEST(PgFrozenServer, transactions_end_in_time, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    {
        const auto connection = co_await pg::connect(postgres().dsn());
        const Frozen session(connection);
        const auto body = [&]() -> Coro<> { co_await connection.execute("SELECT 1"); };
        const auto beginning = [&] { return connection.transaction(body); };
        co_await expect_timeout("BEGIN", beginning);
        connection.terminate();
    }
    const auto connection = co_await pg::connect(postgres().dsn());
    std::optional<Frozen> session;
    const auto body = [&]() -> Coro<> {
        session.emplace(connection);
        co_await connection.execute("SELECT 1");
    };
    const auto working = [&] { return connection.transaction(body); };
    co_await expect_timeout("a statement of a transaction", working);
    session.reset();
    const auto empty = [&]() -> Coro<> {
        session.emplace(connection);
        co_return;
    };
    const auto committing = [&] { return connection.transaction(empty); };
    co_await expect_timeout("COMMIT", committing);
    session.reset();
    EXPECT_EQ(co_await connection.fetchval<int>("SELECT 7"), 7);
    EXPECT_FALSE(connection.is_in_transaction());
    co_await connection.close();
}

ASYNC_TEST(PgFrozenServer, a_pool_does_not_hand_out_what_does_not_answer, kOnce) {
    // asyncpg: test_adversity.test_pool_release_timeout; the frozen session of a pool must not be the next task's.
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.max_size = 2});
    {
        std::optional<Frozen> session;
        {
            const auto connection = co_await pool.acquire();
            session.emplace(*connection);
            const auto statement = [&] { return connection->fetchval<int>("SELECT 1"); };
            co_await expect_timeout("a statement", statement);
        }
        const auto other = [&] { return pool.fetchval<int>("SELECT 7"); };
        try {
            EXPECT_EQ(co_await with_timeout(8s, other), 7);
        } catch (const std::exception& error) {
            ADD_FAILURE() << "the next task got the frozen session: " << error.what();
        }
    }
    pool.terminate();
}

ASYNC_TEST(PgFrozenServer, pools_end_in_time, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.min_size = 2, .max_size = 2});
    {
        const auto first = co_await pool.acquire();
        const auto second = co_await pool.acquire();
        const Stopwatch watch;
        co_await expect_throws<TimeoutError>(pool.acquire(100ms));
        EXPECT_LT(watch.elapsed(), 2s);
    }
    const auto held = co_await pool.acquire();
    const Frozen session(*held);
    const auto closing = [&] { return pool.close(); };
    co_await expect_timeout("close() of a pool with a connection on loan", closing);
    EXPECT_TRUE(held->is_closed());
}

ASYNC_TEST(PgFrozenServer, close_of_a_pool_with_idle_sessions_ends_in_time, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.min_size = 2, .max_size = 2});
    std::vector<std::unique_ptr<Frozen>> sessions;
    {
        const auto first = co_await pool.acquire();
        const auto second = co_await pool.acquire();
        for (const auto* each : {&first, &second}) sessions.push_back(std::make_unique<Frozen>(**each));
    }
    const auto closing = [&] { return pool.close(); };
    co_await expect_timeout("close() of a pool with idle connections", closing);
    EXPECT_EQ(pool.get_size(), 0u);
}

// The request itself hangs in the network: whoever closes must not wait for it, and neighbours learn of it in time.
ASYNC_TEST(PgFrozenServer, a_cancel_request_that_hangs_holds_nobody, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    TcpProxy proxy(postgres().port());
    proxy.cancels_frozen = true;
    const std::string dsn =
        "host=127.0.0.1 port=" + std::to_string(proxy.port()) + " user=postgres dbname=postgres sslmode=disable";
    const auto connection = co_await pg::connect(dsn);
    const auto nap = [&] { return connection.execute("SELECT pg_sleep(60)"); };
    co_await expect_timeout("a statement", nap);
    const auto closing = [&] { return connection.close(); };
    co_await expect_timeout("close()", closing);
    EXPECT_TRUE(connection.is_closed());
}

ASYNC_TEST(PgFrozenServer, a_cancel_request_that_hangs_is_no_neighbours_error_in_a_pool, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    TcpProxy proxy(postgres().port());
    proxy.cancels_frozen = true;
    const std::string dsn =
        "host=127.0.0.1 port=" + std::to_string(proxy.port()) + " user=postgres dbname=postgres sslmode=disable";
    const auto pool = co_await pg::create_pool(dsn, {.max_size = 2});
    const auto nap = [&] { return pool.fetch("SELECT pg_sleep(60)"); };
    co_await expect_timeout("a statement", nap);
    try {
        EXPECT_EQ(co_await pool.fetchval<int>("SELECT 7"), 7);
    } catch (const std::exception& error) {
        ADD_FAILURE() << "a neighbour saw: " << error.what();
    }
    pool.terminate();
}

}  // namespace
}  // namespace aio::test
