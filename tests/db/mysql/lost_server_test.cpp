// Servers that are stopped (SIGSTOP) or killed, networks that are cut: each deadline holds, each error is typed, and a pool finds
// its way back.
#include "db/mysql/with_server.hpp"

#include "support/tcp_proxy.hpp"

#include <csignal>
#include <utility>

namespace aio::test {
namespace {

// The server is stopped as long as this lives.
class FrozenMariadb {
public:
    FrozenMariadb() : pid_(mariadb().pid()) { ::kill(pid_, SIGSTOP); }
    FrozenMariadb(const FrozenMariadb&) = delete;
    ~FrozenMariadb() { ::kill(pid_, SIGCONT); }

private:
    pid_t pid_;
};

// `act` must end with a TimeoutError, and not much later than its deadline of 200 ms.
template <class Act>
Coro<> expect_late(const char* what, Act act) {
    const Stopwatch watch;
    const auto bounded = [&]() -> Coro<> { co_await with_timeout(200ms, act); };
    try {
        co_await with_timeout(3s, bounded);
        ADD_FAILURE() << what << " ended without a timeout";
    } catch (const TimeoutError&) {}
    EXPECT_LT(watch.elapsed(), 2s) << what;
}

ASYNC_TEST(MysqlFrozenServer, each_deadline_holds, kOnce) {
    // aiomysql: test_connection.test_connect_timeout
    SKIP_WITHOUT_MARIADB();
    const auto connection = co_await mysql::connect(mariadb().dsn());
    const auto other = co_await mysql::connect(mariadb().dsn());
    const auto pool = co_await mysql::create_pool(mariadb().dsn(), {.min_size = 1, .max_size = 1});
    {
        const FrozenMariadb frozen;
        co_await expect_throws<TimeoutError>(mysql::connect(mariadb().dsn(), {.timeout = 100ms}));
        co_await expect_throws<TimeoutError>(
            mysql::connect(mariadb().tcp_dsn("ssl_mode=required"), {.timeout = 100ms}));
        const auto statement = [&] { return connection.fetchval<int>("SELECT ?", 1); };
        const auto script = [&] { return connection.execute("SELECT 1"); };
        const auto resetting = [&] { return connection.reset(); };
        const auto body = [&]() -> Coro<> { co_await connection.execute("SELECT 1"); };
        const auto transacting = [&] { return connection.transaction(body); };
        const auto pooled = [&] { return pool.fetchval<int>("SELECT ?", 1); };
        const auto closing = [&] { return connection.close(); };
        const auto pinging = [&] { return other.ping(); };
        co_await expect_late("a statement", statement);
        co_await expect_late("a script", script);
        co_await expect_late("reset()", resetting);
        co_await expect_late("transaction()", transacting);
        co_await expect_late("a statement of a pool", pooled);
        co_await expect_late("close()", closing);
        co_await expect_late("ping()", pinging);
        EXPECT_TRUE(connection.is_closed());
    }
    EXPECT_EQ(co_await other.fetchval<int>("SELECT ?", 7), 7);
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT ?", 7), 7);
    co_await pool.close();
    co_await other.close();
}

ASYNC_TEST(MysqlLostServer, a_cut_in_mid_answer_is_an_error_for_all_that_wait, kOnce) {
    SKIP_WITHOUT_MARIADB();
    TcpProxy proxy(mariadb().port());
    const auto connection = co_await mysql::connect(mariadb().dsn_at(proxy.port(), "", "me"));
    const auto nap = [&]() -> Coro<int> { co_return co_await connection.fetchval<int>("SELECT ? + sleep(30)", 1); };
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(create_task(nap()));
    co_await sleep(30ms);
    proxy.cut_all();
    for (auto& task : tasks) co_await expect_throws<Error>(std::move(task));
    EXPECT_TRUE(connection.is_closed());
    co_await expect_throws<Error>(connection.fetchval<int>("SELECT 1"));
}

ASYNC_TEST(MysqlLostServer, a_cut_at_any_byte_is_an_error, kOnce) {
    SKIP_WITHOUT_MARIADB();
    TcpProxy proxy(mariadb().port());
    for (std::int64_t bytes = 1; bytes < 700; bytes += 7) {
        proxy.cut_after = bytes;
        try {
            const auto connection = co_await mysql::connect(mariadb().dsn_at(proxy.port(), "", "me"));
            for (int i = 0; i < 3; ++i) EXPECT_EQ(co_await connection.fetchval<int>("SELECT ?", i), i);
            co_await connection.close();
        } catch (const db::InterfaceError&) {
        } catch (const OSError&) {}
    }
}

ASYNC_TEST(MysqlLostServer, a_killed_one_and_its_pool, kOnce) {
    SKIP_WITHOUT_MARIADB();
    const auto pool = co_await mysql::create_pool(mariadb().dsn(), {.min_size = 3, .max_size = 3});
    co_await pool.execute("CREATE OR REPLACE TABLE killed(a INT) ENGINE=InnoDB");
    const auto transact = [&]() -> Coro<> {
        const auto connection = co_await pool.acquire();
        const auto body = [&]() -> Coro<> {
            co_await connection->execute("INSERT INTO killed VALUES(1)");
            co_await connection->fetch("SELECT sleep(?)", 60);
        };
        co_await connection->transaction(body);
    };
    const auto ask = [&]() -> Coro<> { co_await pool.fetch("SELECT sleep(?)", 60); };
    auto transacting = create_task(transact());
    auto asking = create_task(ask());
    co_await sleep(50ms);
    ::kill(mariadb().pid(), SIGKILL);
    co_await expect_throws<Error>(std::move(transacting));
    co_await expect_throws<Error>(std::move(asking));
    co_await expect_throws<Error>(pool.fetchval<int>("SELECT ?", 1));  // nobody is there
    CO_ASSERT_TRUE(mariadb().restart());
    for (int i = 0; i < 10; ++i) EXPECT_EQ(co_await pool.fetchval<int>("SELECT ?", i), i);
    EXPECT_EQ(co_await pool.fetchval<int>("SELECT count(*) FROM killed"), 0);
    co_await pool.execute("DROP TABLE killed");
    co_await pool.close();
}

}  // namespace
}  // namespace aio::test
