// Servers that are killed with -9 or restarted, and networks that are cut: in statements, transactions, COPY, and in a pool's idle
// set. Each task gets a typed error, the pool gets back to its full size, and no row is there that nobody committed.
#include "db/pg/with_server.hpp"

#include "support/tcp_proxy.hpp"

#include <csignal>
#include <filesystem>
#include <random>

namespace aio::test {
namespace {

std::string proxy_dsn(const TcpProxy& proxy, const std::string& name) {
    return "host=127.0.0.1 port=" + std::to_string(proxy.port()) +
           " user=postgres dbname=postgres sslmode=disable application_name=" + name;
}

std::ptrdiff_t open_files() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

// Kills a session; the server ends all others, and recovers.
void kill_server(const pg::Connection& connection) {
    ::kill(static_cast<pid_t>(connection.get_server_pid()), SIGKILL);
}

// The error is the server's (a goodbye), the network's, or that of the lost connection.
template <class A>
Coro<> expect_lost(const char* what, A awaitable) {
    try {
        const auto act = [&] { return std::move(awaitable); };
        co_await with_timeout(20s, act);
        ADD_FAILURE() << what << " has a result";
    } catch (const TimeoutError&) {
        ADD_FAILURE() << what << " hangs";
    } catch (const db::OperationalError&) {
    } catch (const db::InterfaceError&) {
    } catch (const OSError&) {
    } catch (const std::exception& error) {
        ADD_FAILURE() << what << ": " << error.what();
    }
}

// A task that is answered, or told that the connection is lost.
template <class F>
Coro<bool> succeeds_or_is_lost(F act) {
    try {
        co_await with_timeout(20s, act);
        co_return true;
    } catch (const TimeoutError&) {
        ADD_FAILURE() << "a task hangs";
    } catch (const db::OperationalError&) {
    } catch (const db::InterfaceError&) {
    } catch (const OSError&) {
    } catch (const std::exception& error) {
        ADD_FAILURE() << "a task saw: " << error.what();
    }
    co_return false;
}

ASYNC_TEST(PgKilledServer, in_a_copy_from_the_server, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    bool killed = false;
    const auto sink = [&](std::string_view) -> Coro<> {
        if (!std::exchange(killed, true)) kill_server(connection);
        co_return;
    };
    co_await expect_lost("COPY", connection.copy_from_query("SELECT * FROM generate_series(1, 3000000)", sink));
    EXPECT_TRUE(connection.is_closed());
    co_await expect_lost("a statement behind it", connection.execute("SELECT 1"));
    co_await connection.close();
    CO_ASSERT_TRUE(postgres().wait_until_ready());
    take_logs();
}

ASYNC_TEST(PgKilledServer, in_a_copy_to_the_server, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    CO_ASSERT_TRUE(
        postgres().sql("SET synchronous_commit = on; SET client_min_messages = warning; DROP TABLE IF EXISTS copied; "
                       "CREATE TABLE copied(a int)"));
    const auto connection = co_await pg::connect(postgres().dsn());
    const auto source = [&]() -> AsyncGenerator<std::string> {
        for (int i = 0;; ++i) {
            if (i == 5) kill_server(connection);
            co_yield std::string("1\n2\n3\n");
        }
    };
    co_await expect_lost("COPY", connection.copy_to_table("copied", source()));
    co_await expect_lost("a statement behind it", connection.execute("SELECT 1"));
    EXPECT_TRUE(connection.is_closed());
    CO_ASSERT_TRUE(postgres().wait_until_ready());
    const auto again = co_await pg::connect(postgres().dsn());
    EXPECT_EQ(co_await again.fetchval<int>("SELECT count(*)::int FROM copied"), 0);
    co_await again.close();
    take_logs();
}

ASYNC_TEST(PgKilledServer, in_transactions_of_a_pool, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    constexpr int kTasks = 6;
    CO_ASSERT_TRUE(
        postgres().sql("SET client_min_messages = warning; SET synchronous_commit = on; DROP TABLE IF EXISTS bank; "
                       "CREATE TABLE bank(a int)"));
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.min_size = 4, .max_size = 4});
    bool killed = false;
    const auto transact = [&](int number) -> Coro<> {
        const auto connection = co_await pool.acquire();
        const auto body = [&]() -> Coro<> {
            co_await connection->execute("INSERT INTO bank VALUES($1)", number);
            if (number == 2 && !std::exchange(killed, true)) kill_server(*connection);
            co_await connection->fetch("SELECT pg_sleep(0.2)");
        };
        co_await connection->transaction(body);
    };
    std::vector<Task<bool>> tasks;
    for (int i = 0; i < kTasks; ++i) {
        const auto act = [&, i] { return transact(i); };
        tasks.push_back(create_task(succeeds_or_is_lost(act)));
    }
    int done = 0;
    for (auto& task : tasks) done += co_await task;
    CO_ASSERT_TRUE(postgres().wait_until_ready());
    EXPECT_EQ(pool.statistics().waiting, 0u);
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT count(*)::int FROM bank"), done);
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT count(*)::int FROM bank WHERE a = 2"), 0);
    co_await pool.close();
    take_logs();
}

ASYNC_TEST(PgKilledServer, in_the_idle_set_of_a_pool, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    constexpr std::size_t kSize = 4;
    const std::ptrdiff_t before = open_files();
    const auto pool =
        co_await pg::create_pool(postgres().dsn("application_name=idle_set"), {.min_size = kSize, .max_size = kSize});
    for (int round = 0; round < 2; ++round) {
        {
            const auto one = co_await pool.acquire();
            kill_server(*one);
        }
        CO_ASSERT_TRUE(postgres().wait_until_ready());
        co_await sleep(20ms);  // wait_until_ready() blocked the loop, which sees the loss of the others only now
        std::vector<pg::PooledConnection> all;
        for (std::size_t i = 0; i < kSize; ++i) all.push_back(co_await pool.acquire(10s));
        for (const auto& each : all) EXPECT_EQ(co_await each->fetchval<int>("SELECT 7"), 7);
        EXPECT_EQ(pool.get_size(), kSize);
    }
    EXPECT_EQ(pool.get_idle_size(), kSize);
    const auto observer = co_await pg::connect(postgres().dsn());
    EXPECT_EQ(co_await sessions_named(observer, "idle_set", kSize), static_cast<int>(kSize));
    co_await pool.close();
    EXPECT_EQ(co_await sessions_named(observer, "idle_set", 0), 0);
    co_await observer.close();
    EXPECT_EQ(open_files(), before);
    take_logs();
}

// A stampede: all tasks meet a server that is down, and those that come later one that is back.
ASYNC_TEST(PgKilledServer, restarted_under_the_tasks_of_a_pool, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto pool = co_await pg::create_pool(postgres().dsn(), {.max_size = 4, .acquire_timeout = 10s});
    bool stopping = false;
    int answered = 0, lost = 0;
    const auto work = [&](int question) -> Coro<> {
        while (!stopping) {
            const auto ask = [&]() -> Coro<> {
                EXPECT_EQ(co_await pool.fetchval<int>("SELECT $1::int", question), question);
            };
            co_await succeeds_or_is_lost(ask) ? ++answered : ++lost;
            co_await sleep(2ms);
        }
    };
    std::vector<Task<>> tasks;
    for (int i = 0; i < 12; ++i) tasks.push_back(create_task(work(i)));
    co_await sleep(50ms);
    {
        const auto one = co_await pool.acquire();
        kill_server(*one);
    }
    for (int tries = 0; tries < 500 && lost == 0; ++tries) co_await sleep(5ms);
    const int before = answered;
    for (int tries = 0; tries < 1000 && answered < before + 100; ++tries) co_await sleep(10ms);
    EXPECT_GE(answered, before + 100);
    stopping = true;
    for (auto& task : tasks) co_await task;
    EXPECT_EQ(pool.statistics().idle, pool.statistics().size);
    co_await pool.close();
    take_logs();
}

ASYNC_TEST(PgCutNetwork, after_each_number_of_bytes, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    TcpProxy proxy(postgres().port());
    const std::ptrdiff_t before = open_files();
    int lost = 0, done = 0;
    for (int bytes = 1; bytes < 6000; bytes += bytes < 700 ? 29 : 401) {
        proxy.cut_after = bytes;
        const auto session = [&]() -> Coro<> {
            const auto connection = co_await pg::connect(proxy_dsn(proxy, "cut"));
            const auto rows = co_await connection.fetch("SELECT i, repeat('x', 20) FROM generate_series(1, 100) i");
            EXPECT_EQ(rows.size(), 100u);
            co_await connection.close();
        };
        co_await succeeds_or_is_lost(session) ? ++done : ++lost;
    }
    EXPECT_GT(lost, 10);
    EXPECT_GT(done, 1);
    for (int tries = 0; tries < 200 && open_files() != before; ++tries) co_await sleep(10ms);
    EXPECT_EQ(open_files(), before);
}

ASYNC_TEST(PgCutNetwork, again_and_again_under_the_tasks_of_a_pool, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    constexpr std::size_t kSize = 4;
    CO_ASSERT_TRUE(
        postgres().sql("SET client_min_messages = warning; DROP TABLE IF EXISTS cut; CREATE TABLE cut(a int)"));
    std::mt19937 random(std::random_device{}());
    TcpProxy proxy(postgres().port());
    proxy.piece = 11;
    proxy.delay_us = 500;
    const auto pool = co_await pg::create_pool(proxy_dsn(proxy, "cut_pool"), {.min_size = kSize, .max_size = kSize});
    bool stopping = false;
    int last = 0, lost = 0;
    std::vector<int> kept;
    const auto work = [&]() -> Coro<> {
        while (!stopping) {
            const int number = ++last;
            const auto act = [&]() -> Coro<> {
                EXPECT_EQ(co_await pool.fetchval<int>("SELECT $1::int", number), number);
                const auto connection = co_await pool.acquire();
                const auto body = [&]() -> Coro<> {
                    co_await connection->execute("INSERT INTO cut VALUES($1)", number);
                };
                co_await connection->transaction(body);
                kept.push_back(number);
            };
            lost += !co_await succeeds_or_is_lost(act);
        }
    };
    std::vector<Task<>> tasks;
    for (int i = 0; i < 12; ++i) tasks.push_back(create_task(work()));
    for (int i = 0; i < 25; ++i) {
        co_await sleep(std::chrono::milliseconds(random() % 40));
        proxy.cut_all();
    }
    stopping = true;
    for (auto& task : tasks) co_await task;
    EXPECT_GT(lost, 5);
    EXPECT_EQ(pool.statistics().idle, pool.statistics().size);
    {
        std::vector<pg::PooledConnection> all;
        for (std::size_t i = 0; i < kSize; ++i) all.push_back(co_await pool.acquire(10s));
        for (const auto& each : all) EXPECT_EQ(co_await each->fetchval<int>("SELECT 7"), 7);
    }
    const auto observer = co_await pg::connect(postgres().dsn());
    EXPECT_EQ(co_await sessions_named(observer, "cut_pool", kSize), static_cast<int>(kSize));
    co_await pool.close();
    EXPECT_EQ(co_await sessions_named(observer, "cut_pool", 0), 0);
    EXPECT_EQ(co_await observer.fetchval<int>("SELECT count(*)::int - count(DISTINCT a)::int FROM cut"), 0);
    EXPECT_EQ(co_await observer.fetchval<int>("SELECT count(*)::int FROM cut WHERE a = ANY($1)", kept),
              static_cast<int>(kept.size()));
    co_await observer.close();
    take_logs();
}

}  // namespace
}  // namespace aio::test
