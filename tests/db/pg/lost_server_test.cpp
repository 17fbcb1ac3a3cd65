// Servers that die, end sessions, or do not answer any more.
#include "db/pg/with_server.hpp"

#include <csignal>

namespace aio::test {
namespace {

constexpr const char* kTerminate = "SELECT pg_terminate_backend($1)";

ASYNC_TEST(PgLostServer, terminated_while_idle, kOnce) {
    // asyncpg: test_listeners.test_connection_termination_callback_called_on_remote
    SKIP_WITHOUT_POSTGRES();
    const auto victim = co_await pg::connect(postgres().dsn());
    const auto killer = co_await pg::connect(postgres().dsn());
    co_await killer.fetch(kTerminate, static_cast<int>(victim.get_server_pid()));
    for (int tries = 0; tries < 200 && !victim.is_closed(); ++tries) co_await sleep(5ms);
    EXPECT_TRUE(victim.is_closed());
    co_await expect_throws<db::ServerShutdownError>(victim.execute("SELECT 1"));
    co_await victim.close();
    co_await killer.close();
}

ASYNC_TEST(PgLostServer, terminated_in_a_statement_others_wait_behind, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto victim = co_await pg::connect(postgres().dsn());
    const auto killer = co_await pg::connect(postgres().dsn());
    auto first = create_task(victim.execute("SELECT pg_sleep(60)"));
    auto second = create_task(victim.execute("SELECT 1"));
    co_await until_active(killer, victim.get_server_pid());
    co_await killer.fetch(kTerminate, static_cast<int>(victim.get_server_pid()));
    co_await expect_throws<db::ServerShutdownError>(std::move(first));
    co_await expect_throws<Error>(std::move(second));
    co_await killer.close();
}

ASYNC_TEST(PgLostServer, terminated_in_a_transaction, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto victim = co_await pg::connect(postgres().dsn());
    const auto killer = co_await pg::connect(postgres().dsn());
    const auto body = [&]() -> Coro<> {
        co_await victim.execute("CREATE TABLE never(a int)");
        co_await killer.fetch(kTerminate, static_cast<int>(victim.get_server_pid()));
        co_await victim.execute("SELECT pg_sleep(60)");
    };
    co_await expect_throws<db::ServerShutdownError>(victim.transaction(body));
    EXPECT_EQ(co_await killer.fetchval<int>("SELECT count(*)::int FROM pg_tables WHERE tablename = 'never'"), 0);
    co_await killer.close();
}

ASYNC_TEST(PgLostServer, killed_in_a_statement, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto victim = co_await pg::connect(postgres().dsn());
    const auto other = co_await pg::connect(postgres().dsn());
    auto sleeping = create_task(victim.execute("SELECT pg_sleep(60)"));
    co_await until_active(other, victim.get_server_pid());
    ::kill(static_cast<pid_t>(victim.get_server_pid()), SIGKILL);
    co_await expect_throws<Error>(std::move(sleeping));
    EXPECT_TRUE(victim.is_closed());
    co_await expect_throws<Error>(victim.execute("SELECT 1"));
    // The server ends all sessions, and recovers.
    for (int tries = 0; tries < 400 && !other.is_closed(); ++tries) co_await sleep(5ms);
    EXPECT_TRUE(other.is_closed());
    CO_ASSERT_TRUE(postgres().wait_until_ready());
    const auto again = co_await pg::connect(postgres().dsn());
    EXPECT_EQ(co_await again.fetchval<int>("SELECT 1"), 1);
    co_await again.close();
    take_logs();
}

ASYNC_TEST(PgLostServer, a_frozen_session_does_not_hold_its_tasks, kOnce) {
    // asyncpg: test_adversity.test_connection_close_timeout
    SKIP_WITHOUT_POSTGRES();
    const auto frozen = co_await pg::connect(postgres().dsn());
    const auto pid = static_cast<pid_t>(frozen.get_server_pid());
    ::kill(pid, SIGSTOP);
    const Stopwatch watch;
    co_await expect_throws<TimeoutError>(wait_for(frozen.fetchval<int>("SELECT 1"), 100ms));
    co_await expect_throws<TimeoutError>(wait_for(frozen.fetchval<int>("SELECT 2"), 100ms));
    co_await expect_throws<TimeoutError>(wait_for(frozen.close(), 100ms));
    EXPECT_LT(watch.elapsed(), 5s);
    EXPECT_TRUE(frozen.is_closed());
    ::kill(pid, SIGCONT);
    const auto observer = co_await pg::connect(postgres().dsn());
    for (int tries = 0; tries < 200; ++tries) {
        if (co_await observer.fetchval<int>("SELECT count(*)::int FROM pg_stat_activity WHERE pid = $1", int(pid)) ==
            0)
            break;
        co_await sleep(10ms);
    }
    co_await observer.close();
}

ASYNC_TEST(PgLostServer, a_session_that_thaws_goes_on, kOnce) {
    SKIP_WITHOUT_POSTGRES();
    const auto connection = co_await pg::connect(postgres().dsn());
    const auto pid = static_cast<pid_t>(connection.get_server_pid());
    ::kill(pid, SIGSTOP);
    co_await expect_throws<TimeoutError>(wait_for(connection.fetchval<int>("SELECT 1"), 300ms));
    auto waiting = create_task(connection.fetchval<int>("SELECT 2"));
    co_await sleep(20ms);
    ::kill(pid, SIGCONT);
    EXPECT_EQ(co_await waiting, 2);
    co_await connection.close();
}

}  // namespace
}  // namespace aio::test
